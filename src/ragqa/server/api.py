"""HTTP interface for programs: the same documents as the command line, and health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, AliasChoices, Field
from starlette.exceptions import HTTPException

from ragqa.documents import answer_json, article_json, search_json
from ragqa.errors import BusyError, IndexUnusableError
from ragqa.retrieval import MOST_CHARACTERS
from ragqa.server.failures import tell_errors
from ragqa.server.openapi import ARTICLE, ASK, SEARCH
from ragqa.server.params import QUESTION_NAMES, Articles
from ragqa.server.request_queue import QueuedAnswer
from ragqa.server.schemas import ASK_EXAMPLE, SEARCH_EXAMPLE
from ragqa.server.session import Session
from ragqa.settings import MOST_PASSAGES
from ragqa.text import language_of
from ragqa.timing import Clock
from ragqa.types import Answer, Language

# Searches at one time, one a core, and those that may wait.
_AT_ONCE, _WAITING = 2, 64
# How often it is looked whether who asked is still there.
_BEAT = 0.2


def _sayable(id: str | int | None) -> str | int | None:
    """Require an id that can be sent back: valid text."""
    str(id).encode()
    return id


Id = Annotated[str | int | None, Field(union_mode="left_to_right"), AfterValidator(_sayable)]


class Looked(Articles, frozen=True, extra="forbid"):
    """A question and the filters on articles, as the options of the command line."""

    question: str = Field(
        min_length=1,
        max_length=MOST_CHARACTERS,
        validation_alias=AliasChoices(*QUESTION_NAMES),
    )
    id: Id = None
    k: int | None = Field(None, ge=1, le=MOST_PASSAGES)


class Searched(Looked, frozen=True, json_schema_extra={"examples": [SEARCH_EXAMPLE]}):
    """The body of a search; ``translate`` waits for the language model (about a second)."""

    translate: bool = False


class Asked(Looked, frozen=True, json_schema_extra={"examples": [ASK_EXAMPLE]}):
    """The body of a question: ``write`` adds a written answer, ``no_llm`` leaves out what needs the language model."""

    language: Language | None = None
    after: str | None = Field(None, max_length=MOST_CHARACTERS)
    no_llm: bool = False
    write: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """The options for ``Pipeline.stream``."""
        return {
            "k": self.k, "language": self.language, "filters": self.filters, "use_llm": not self.no_llm,
            "write": self.write or None, "after": self.after,
        }  # fmt: skip


class Slots:
    """A limit on concurrent and on waiting requests. Raises BusyError beyond it."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._most = at_once + waiting
        self._in = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it."""
        if self._in >= self._most:
            raise BusyError("too many searches at once; ask again in a moment", self._in)
        self._in += 1
        try:
            async with self._free:
                yield
        finally:
            self._in -= 1


def search_slots() -> Slots:
    """The limit on what needs no language model."""
    return Slots(_AT_ONCE, _WAITING)


def add_routes(app: FastAPI, session: Session, slots: Slots) -> None:
    """``/api/v1/ask``, ``search`` and ``article``, the same below ``/api/``, health, and errors as JSON."""
    tell_errors(app)
    _tell_health(app, session)
    routes = APIRouter()
    _add_asking(routes, session, slots)
    _add_reading(routes, session, slots)
    app.include_router(routes, prefix="/api/v1")
    # As the addresses were before they had a version.
    app.include_router(routes, prefix="/api", include_in_schema=False)
    _tell_unknown(app)


def _add_asking(routes: APIRouter, session: Session, slots: Slots) -> None:
    pipeline = session.pipeline

    @routes.post("/ask", **ASK)
    async def ask(asked: Asked, request: Request) -> Any:
        if asked.no_llm:
            # Quotes alone need no turn at the language model.
            async with slots.one():
                answer = await run_in_threadpool(
                    lambda: [*pipeline.stream(asked.question, **asked.options)][-1]
                )
        else:
            run = session.start(asked.question, program=True, **asked.options)
            answer = await unless_gone(run, request)
        return answer_json(answer, id=asked.id, models=pipeline.models)


def _add_reading(routes: APIRouter, session: Session, slots: Slots) -> None:
    pipeline = session.pipeline

    async def found(searched: Searched) -> dict[str, Any]:
        clock = Clock()
        async with slots.one():
            passages = await run_in_threadpool(
                pipeline.search,
                searched.question,
                k=searched.k,
                filters=searched.filters,
                use_llm=searched.translate,
            )
        return search_json(
            searched.question,
            passages,
            id=searched.id,
            language=language_of(searched.question),
            timings_ms=clock.times(),
        )

    @routes.get("/search", **SEARCH)
    async def search(searched: Annotated[Searched, Query()]) -> Any:
        return await found(searched)

    @routes.post("/search", **SEARCH)
    async def search_for(searched: Searched) -> Any:
        return await found(searched)

    @routes.get("/article", **ARTICLE)
    def article(id: Annotated[str, Query(max_length=4_000)]) -> Any:
        return article_json(pipeline.article(id))


def _tell_unknown(app: FastAPI) -> None:
    """Refuse all other addresses below /api/, which else the page would answer in words of its own."""

    @app.api_route(
        "/api/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    def unknown(rest: str) -> Any:
        raise HTTPException(404)


async def unless_gone(run: QueuedAnswer, request: Request) -> Answer:
    """The answer of a run, which is stopped when the client disconnects or the server stops (BusyError)."""
    outcome = asyncio.ensure_future(run_in_threadpool(run.last))
    try:
        while not outcome.done():
            await asyncio.wait([outcome], timeout=_BEAT)
            if await request.is_disconnected():
                run.stop()
    finally:
        if not outcome.done():
            run.stop()
    answer = await outcome
    if answer is None:
        raise BusyError("the answer was stopped; ask again in a moment")
    return answer


def _tell_health(app: FastAPI, session: Session) -> None:
    pipeline = session.pipeline

    @app.get("/healthz", include_in_schema=False)
    def healthz() -> Any:
        try:
            held = pipeline.index is not None
        except IndexUnusableError:
            return {"status": "degraded", "index": False}
        return {"status": "degraded" if pipeline.problem else "ok", "index": held}

    @app.get("/readyz", include_in_schema=False)
    def readyz() -> JSONResponse:
        try:
            waits = "the server is stopping" if session.queue.closed else ""
            waits = waits or ("the index is being checked, or the models loaded" if pipeline.opening else "")
            waits = waits or ("" if pipeline.index else "there is no index")
        except IndexUnusableError:
            waits = "the index cannot answer"
        return JSONResponse({"ready": not waits, "waits": waits}, 503 if waits else 200)

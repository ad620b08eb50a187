"""What OpenAI's clients ask: chat completions with exact citations, embeddings, and the names of models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ragqa.cache import Cache
from ragqa.documents import answer_json
from ragqa.errors import IndexMissingError, QuestionError
from ragqa.retrieval import analysed
from ragqa.server import openai_documents as documents
from ragqa.server.api import Slots, unless_gone
from ragqa.server.failures import ui_of
from ragqa.server.openai_requests import ChatRequest, EmbeddingRequest, Wishes
from ragqa.server.openai_stream import Asked, Events, once, snapshots_of, streamed
from ragqa.server.openapi import CHAT, EMBED, MODEL, MODELS
from ragqa.server.refusals import OPENAI, error_json
from ragqa.server.session import Session
from ragqa.types import Answer

# The three models of chat: quotes with their translations, quotes alone, and a written answer above them.
QUOTES, ALONE, WRITTEN = "ragqa", "ragqa-quotes", "ragqa-write"
# Requests for embeddings at one time, and those that may wait: they leave a core to the questions.
_ENCODING, _TO_ENCODE = 1, 8
# Earlier questions of a conversation that are read, and follow-ups remembered as they were understood.
_EARLIER, _REMEMBERED = 6, 500


class Conversations:
    """What the questions of conversations were taken for, so that a follow-up of a follow-up is understood."""

    def __init__(self) -> None:
        self._known: Cache[str] = Cache(_REMEMBERED)

    def before(self, said: Sequence[str]) -> str | None:
        """The question that the last of ``said`` follows, as it stands alone; None for a first one."""
        before: str | None = None
        for text in said[-1 - _EARLIER : -1]:
            known = self._known.get((before, text))
            try:
                before = known or analysed(text, after=before)[0].text
            except QuestionError:
                # It was no question, so that nothing follows it.
                continue
        return before

    def keep(self, before: str | None, asked: str, question: str) -> None:
        """Remember what a question was taken for."""
        self._known.put((before, asked), question)


def add_routes(app: FastAPI, session: Session, slots: Slots) -> None:
    """``/v1/chat/completions``, ``/v1/embeddings``, ``/v1/models``; ``slots`` are shared with our own routes."""
    _add_models(app, session)
    _add_chat(app, session, slots)
    _add_embeddings(app, session)

    @app.api_route(
        "/v1/{rest:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"], include_in_schema=False
    )
    def unknown(rest: str) -> Any:
        raise HTTPException(404)


def _add_models(app: FastAPI, session: Session) -> None:
    # Models of ours have no date of birth; a client wants one.
    started = int(time.time())

    @app.get("/v1/models", **MODELS)
    def models() -> Any:
        return documents.models_json([*_chat_models(session), session.pipeline.models["encoder"]], started)

    @app.get("/v1/models/{name:path}", **MODEL)
    def model(name: str) -> Any:
        known = [*_chat_models(session), session.pipeline.models["encoder"]]
        return _unknown(name, known) or documents.model_json(name, started)


def _add_chat(app: FastAPI, session: Session, slots: Slots) -> None:
    pipeline, conversations = session.pipeline, Conversations()

    def prepared(asked: ChatRequest) -> dict[str, Any]:
        if pipeline.index is None:
            raise IndexMissingError("there is no index")
        wishes = asked.ragqa or Wishes()
        return {
            "k": wishes.k, "language": wishes.language, "filters": wishes.filters,
            "after": conversations.before(asked.said), "use_llm": asked.model != ALONE,
            "write": asked.model == WRITTEN,
        }  # fmt: skip

    @app.post("/v1/chat/completions", **CHAT)
    async def chat(asked: ChatRequest, request: Request) -> Any:
        if unknown := _unknown(asked.model, _chat_models(session)):
            return unknown
        completion, question = documents.Completion(asked.model), asked.said[-1]
        # What cannot be answered is told now, while the status can still say so.
        options = await run_in_threadpool(prepared, asked)

        def extension(answer: Answer) -> dict[str, Any]:
            conversations.keep(options["after"], question, answer.question)
            return answer_json(answer, id=completion.id, models=pipeline.models)

        run = None
        if asked.model == ALONE:
            # Quotes alone need no turn at the language model, and come at once.
            async with slots.one():
                answer = await run_in_threadpool(lambda: [*pipeline.stream(question, **options)][-1])
        else:
            run = session.start(question, program=True, **options)
        if asked.stream:
            pieces = snapshots_of(run, request) if run else once(answer)
            usage = bool(asked.stream_options and asked.stream_options.include_usage)
            how = Asked(ui_of(request), asked.model == WRITTEN, usage)
            return Events(streamed(pieces, completion, extension, how), run)
        if run:
            answer = await unless_gone(run, request)
        return completion.document(documents.content_of(answer), extension(answer))


def _add_embeddings(app: FastAPI, session: Session) -> None:
    pipeline, slots = session.pipeline, Slots(_ENCODING, _TO_ENCODE)

    @app.post("/v1/embeddings", **EMBED)
    async def embed(asked: EmbeddingRequest) -> Any:
        if unknown := _unknown(asked.model, [pipeline.models["encoder"]]):
            return unknown

        def encoded() -> Any:
            encoder = pipeline.encoder
            if asked.dimensions not in (None, encoder.dimension):
                said = f"dimensions: the vectors of {asked.model} have {encoder.dimension} numbers"
                return error_json(OPENAI, 400, said, param="dimensions")
            as_query = asked.input_type == "query"
            vectors = (encoder.encode_query if as_query else encoder.encode_passages)(asked.input)
            tokens = sum(encoder.count_tokens(asked.input))
            as_base64 = asked.encoding_format == "base64"
            return documents.embeddings(vectors, model=asked.model, tokens=tokens, as_base64=as_base64)

        async with slots.one():
            return await run_in_threadpool(encoded)


def _chat_models(session: Session) -> list[str]:
    """The models of chat; nothing is written without a language model."""
    return [QUOTES, ALONE, *([WRITTEN] if session.pipeline.settings.generator != "none" else [])]


def _unknown(name: str, known: Sequence[str]) -> JSONResponse | None:
    """The refusal of a model that is none of ``known``."""
    if name in known:
        return None
    said = f"there is no such model here; GET /v1/models lists them: {', '.join(known)}"
    return error_json(OPENAI, 404, said, param="model", code="model_not_found")

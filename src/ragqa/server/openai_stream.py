"""Stream a chat completion as server-sent events, and stop its question when nobody listens any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ragqa.errors import BusyError, RagqaError
from ragqa.server.failures import said_of
from ragqa.server.openai_documents import Completion, content_of, event, settled
from ragqa.server.refusals import openai_error
from ragqa.server.request_queue import QueuedAnswer
from ragqa.types import Answer, Language

# How often it is looked whether who asked is still there, and after how many looks a sign of life is sent.
_BEAT, _BEATS = 0.2, 50
_log = logging.getLogger(__name__)
# Snapshots, and None as a sign of life.
Pieces = AsyncIterator[Answer | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a request matters to its stream: the client's language, a written answer, a last chunk of usage."""

    ui: Language
    write: bool
    usage: bool


class Events(StreamingResponse):
    """Server-sent events; at their end, or when the client is gone, ``run`` leaves the queue."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[str], run: QueuedAnswer | None) -> None:
        super().__init__(content, headers={"Cache-Control": "no-store"})
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: D102
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._run:
                self._run.stop()


async def once(answer: Answer) -> Pieces:
    """The only snapshot of an answer that is finished."""
    yield answer


async def snapshots_of(run: QueuedAnswer, request: Request) -> Pieces:
    """The snapshots of a run until its client is gone. Raises what the run raises, BusyError when it is stopped."""
    snapshots, beats = iter(run), 0
    while True:
        step = asyncio.ensure_future(run_in_threadpool(next, snapshots, None))
        while not (await asyncio.wait([step], timeout=_BEAT))[0]:
            if await request.is_disconnected():
                return
            beats += 1
            if beats % _BEATS == 0:
                yield None
        if (snapshot := step.result()) is None:
            break
        yield snapshot
    if run.stopped:
        raise BusyError("the answer was stopped; ask again in a moment")


async def streamed(
    pieces: Pieces, completion: Completion, extension: Callable[[Answer], dict[str, Any]], asked: Asked
) -> AsyncIterator[str]:
    """The events of a completion; what was sent is never taken back, and the last chunk has the extension."""
    sent, last = "", None
    yield event(completion.chunk({"role": "assistant", "content": ""}))
    try:
        async for answer in pieces:
            if answer is None:
                yield ": the answer is not there yet\n\n"
                continue
            last, text = answer, settled(answer, write=asked.write)
            if text.startswith(sent) and text != sent:
                yield event(completion.chunk({"content": text[len(sent) :]}))
                sent = text
        if last and not content_of(last).startswith(sent):
            raise RuntimeError("what was streamed of an answer has changed")
    except Exception as error:
        yield event(_failure(error, asked.ui))
        return
    if last is None:
        return  # The client is gone.
    if rest := content_of(last)[len(sent) :]:
        yield event(completion.chunk({"content": rest}))
    yield event(completion.chunk({}, finish="stop", ragqa=extension(last)))
    if asked.usage:
        yield event(completion.usage())
    yield "data: [DONE]\n\n"


def _failure(error: Exception, ui: Language) -> dict[str, Any]:
    """What is sent when an answer fails in the middle; OpenAI's client raises it."""
    if isinstance(error, RagqaError):
        return openai_error(*said_of(error, ui))
    _log.error("a question could not be answered", exc_info=error)
    return openai_error(500, "something went wrong here; the log says more")

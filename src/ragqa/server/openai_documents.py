"""The documents of /v1/ as OpenAI's clients read them, with an answer's own document as the extension ``ragqa``."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ragqa.answer import foreign, word
from ragqa.types import ITEMS, Answer, Vectors, marked

Json = dict[str, Any]
# Quotes are found, not generated, and the language model's own tokens are not counted: no figure is made up.
NO_USAGE = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


@dataclass(frozen=True, slots=True)
class Completion:
    """One chat completion: its id, when it was made (Unix seconds) and the model's name."""

    model: str
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def document(self, text: str, extension: Json) -> Json:
        """The whole completion."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": NO_USAGE, "ragqa": extension}

    def chunk(self, delta: Json, *, finish: str | None = None, **more: Any) -> Json:
        """A piece of a streamed completion."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **more}

    def usage(self) -> Json:
        """The chunk that a client asks for with ``include_usage``."""
        return {**self._head("chat.completion.chunk"), "choices": [], "usage": NO_USAGE}

    def _head(self, kind: str) -> Json:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def event(document: Json) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"


def content_of(answer: Answer) -> str:
    """The answer's text with its markers; one that is not certain says so first, since clients show no more."""
    return _doubt(answer) + answer.text


def _doubt(answer: Answer) -> str:
    doubtful = answer.status == "possible" and answer.statements
    return word("possible", answer.language) + "\n\n" if doubtful else ""


def settled(answer: Answer, *, write: bool) -> str:
    """The beginning of the content that later snapshots of the answer do not change.

    A quote that waits for its translation, and whatever stands below what is still written, may change.
    """
    titles, statements = answer.cited_titles, answer.statements
    if answer.mode == "sources":
        return ""
    if write:
        final = sum(s.kind == "written" for s in statements)
    else:
        waits = (
            s.translation is None and other for s, other in zip(statements, foreign(answer), strict=True)
        )
        final = next((at for at, waiting in enumerate(waits) if waiting), len(statements))
    lines = [*titles, *(marked(s, answer.language) for s in statements)]
    # How lines are joined depends on their number, which written ones add to.
    ready = lines[: len(titles) + final]
    return _doubt(answer) + ("\n".join(ready) if len(lines) >= ITEMS else "".join(ready[:1]))


def embeddings(vectors: Vectors, *, model: str, tokens: int, as_base64: bool) -> Json:
    """Vectors as lists of numbers, or as little-endian float32 in base64."""

    def put(vector: Vectors) -> str | list[float]:
        numbers: list[float] = vector.tolist()
        return base64.b64encode(vector.astype(np.dtype("<f4")).tobytes()).decode() if as_base64 else numbers

    rows = [
        {"object": "embedding", "index": at, "embedding": put(vector)} for at, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": rows, "model": model, "usage": usage}


def model_json(name: str, created: int) -> Json:
    """A model as /v1/models lists it."""
    return {"id": name, "object": "model", "created": created, "owned_by": "ragqa"}


def models_json(names: Sequence[str], created: int) -> Json:
    """``/v1/models``."""
    return {"object": "list", "data": [model_json(name, created) for name in names]}

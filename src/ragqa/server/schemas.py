"""The documents of /api/v1/ as OpenAPI describes them; tests hold real responses to them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from ragqa.types import Kind, Language, Mode, Origin, Status, Verdict


class Document(BaseModel, extra="forbid"):
    """Part of a response; nothing else is in it."""


class About(Document):
    """What is known of an article."""

    title: str
    source: str
    author: str | None
    published: str | None = Field(description="ISO date")
    language: str


class CitationDocument(About):
    """An exact quote: characters ``start`` to ``end`` of the text of the article."""

    marker: int = Field(description="the number that stands in the text: [1]")
    article_id: str
    start: int
    end: int
    quote: str


class SpanDocument(Document):
    """Characters of an article's text."""

    start: int
    end: int


class PassageDocument(About):
    """A passage that was found, ``rank`` 1 first."""

    rank: int
    score: float
    reader: float | None = Field(description="probability that it answers by itself")
    article_id: str
    heading: str
    start: int
    end: int
    text: str
    cited: bool
    focus: list[SpanDocument] = Field(description="the sentences that match best")
    also_in: list[str] = Field(description="articles with the same words")


class ShortDocument(Document):
    """The few words that answer; without offsets where they are the article's title."""

    text: str
    citation: int
    start: int | None
    end: int | None
    in_title: bool = False


class StatementDocument(Document):
    """A quote, or a written sentence that the quotes support."""

    kind: Origin
    text: str
    citations: list[int]
    verdict: Verdict
    translation: str | None


class AnswerDocument(Document):
    """``ragqa.answer/2``: what a question gets."""

    schema_: Literal["ragqa.answer/2"] = Field(alias="schema")
    id: str | int | None
    question: str = Field(description="as it was understood; a follow-up as it stands alone")
    asked: str
    language: Language
    status: Status
    kind: Kind
    answers: list[ShortDocument]
    text: str
    statements: list[StatementDocument]
    citations: list[CitationDocument]
    passages: list[PassageDocument]
    confidence: float = Field(description="probability that what is shown is right")
    cached: bool
    conflict: list[int] = Field(description="markers of two citations that disagree")
    mode: Mode
    note: str
    timings_ms: dict[str, int | None]
    models: dict[str, str]
    index: dict[str, str | int]


class SearchDocument(Document):
    """``ragqa.search/1``: the best passages."""

    schema_: Literal["ragqa.search/1"] = Field(alias="schema")
    id: str | int | None
    query: str
    language: Language
    passages: list[PassageDocument]
    timings_ms: dict[str, int]


class ArticleDocument(About):
    """``ragqa.article/1``: an article with the text that citations point into."""

    schema_: Literal["ragqa.article/1"] = Field(alias="schema")
    article_id: str
    published_from: str | None = Field(description="where the date comes from")
    links: list[str]
    characters: int
    text: str


class ErrorDocument(Document):
    """One sentence that names the fault and the remedy."""

    error: str
    request: str | None = Field(None, description="number of the request in the server's log")


class OpenAIError(Document):
    """What OpenAI's clients read of an error."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorDocument(Document):
    """An error below /v1/."""

    error: OpenAIError


_ABOUT: dict[str, Any] = {
    "title": "The harbour is closed", "source": "Harbour News", "author": None, "published": "2024-05-02",
    "language": "en",
}  # fmt: skip
_TEXT = "The channel is full of sand. Ships wait outside."
_PASSAGE: dict[str, Any] = {
    "rank": 1, "score": 0.71, "reader": 0.93, "article_id": "harbour.md", **_ABOUT, "heading": "", "start": 0,
    "end": 48, "text": _TEXT, "cited": True, "focus": [{"start": 0, "end": 28}], "also_in": [],
}  # fmt: skip
_CITATION: dict[str, Any] = {
    "marker": 1, "article_id": "harbour.md", **_ABOUT, "start": 0, "end": 28, "quote": _TEXT[:28],
}  # fmt: skip
_STATEMENT: dict[str, Any] = {
    "kind": "quote", "text": _TEXT[:28], "citations": [1], "verdict": "supported", "translation": None,
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "schema": "ragqa.answer/2", "id": None, "question": "Why is the harbour closed?",
    "asked": "Why is the harbour closed?", "language": "en", "status": "answered", "kind": "question",
    "answers": [{"text": "full of sand", "citation": 1, "start": 15, "end": 27}],
    "text": "The channel is full of sand [1].", "statements": [_STATEMENT], "citations": [_CITATION],
    "passages": [_PASSAGE], "confidence": 0.93, "cached": False, "conflict": [], "mode": "quotes", "note": "",
    "timings_ms": {"translated": None, "retrieve": 31, "first_statement": 64, "total": 65},
    "models": {"encoder": "multilingual-e5-small-q4", "reader": "ragqa-reader", "generator": "none"},
    "index": {"version": "v-0001", "articles": 1, "chunks": 1},
}  # fmt: skip
SEARCH: dict[str, Any] = {
    "schema": "ragqa.search/1", "id": None, "query": "harbour", "language": "en",
    "passages": [{**_PASSAGE, "cited": False}], "timings_ms": {"total": 33},
}  # fmt: skip
ARTICLE: dict[str, Any] = {
    "schema": "ragqa.article/1", "article_id": "harbour.md", **_ABOUT, "published_from": "front matter",
    "links": [], "characters": 48, "text": _TEXT,
}  # fmt: skip
COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-0123456789abcdef01234567", "object": "chat.completion", "created": 1714651200,
    "model": "ragqa-quotes",
    "choices": [
        {
            "index": 0, "message": {"role": "assistant", "content": ANSWER["text"], "refusal": None},
            "logprobs": None, "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    "ragqa": {**ANSWER, "id": "chatcmpl-0123456789abcdef01234567"},
}  # fmt: skip
EMBEDDINGS: dict[str, Any] = {
    "object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.04, -0.05, 0.01]}],
    "model": "multilingual-e5-small-q4", "usage": {"prompt_tokens": 5, "total_tokens": 5},
}  # fmt: skip
MODELS: dict[str, Any] = {
    "object": "list",
    "data": [{"id": "ragqa", "object": "model", "created": 1714651200, "owned_by": "ragqa"}],
}
ASK_EXAMPLE: dict[str, Any] = {"question": "Why is the harbour closed?", "no_llm": True}
SEARCH_EXAMPLE: dict[str, Any] = {"question": "harbour", "k": 3, "since": "2024"}
CHAT_EXAMPLE: dict[str, Any] = {
    "model": "ragqa",
    "messages": [{"role": "user", "content": "Why is the harbour closed?"}],
    "stream": False,
    "ragqa": {"since": "2024", "written_in": "en"},
}
EMBEDDING_EXAMPLE: dict[str, Any] = {
    "model": "multilingual-e5-small-q4",
    "input": ["Why is the harbour closed?"],
    "input_type": "query",
}

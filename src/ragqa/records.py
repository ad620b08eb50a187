"""Every type that the rooms share. Imports nothing of ours.

Offsets are Python string offsets into ``Article.text``; dates are ISO ``YYYY-MM-DD`` (or a prefix
of it: ``2024``, ``2024-05``); languages are ``zh`` or ``en``; scores are similarities: higher is better.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Language = Literal["zh", "en"]
Status = Literal["answered", "not_found", "unverified"]
Verdict = Literal["supported", "partly", "unsupported"]
Mode = Literal["sources", "extractive", "generating", "generated"]


@dataclass(frozen=True, slots=True)
class Article:
    """One cleaned article; ``text`` is what is indexed, cited and shown."""

    id: str
    title: str
    text: str
    source: str = ""
    published: str | None = None
    language: Language = "zh"
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of whole sentences: ``article.text[start:end] == text``, always."""

    article_id: str
    start: int
    end: int
    text: str
    heading: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end or self.end - self.start != len(self.text):
            raise ValueError(f"chunk {self.start}:{self.end} holds {len(self.text)} characters")


@dataclass(frozen=True, slots=True)
class Signal:
    """One reason for a passage's score: what was measured, and what it added."""

    name: str
    value: float
    points: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk that was found for a question, with the article it stands in.

    ``focus`` are the spans, in the article, of the sentences that match best; ``also_in`` the ids of
    articles that hold the same words; ``signals`` why it scores as it does.
    """

    chunk: Chunk
    article: Article
    score: float
    focus: tuple[tuple[int, int], ...] = ()
    also_in: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """An exact quote: ``article.text[start:end] == quote``, always."""

    marker: int
    article: Article
    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= len(self.article.text):
            raise ValueError(f"citation {self.start}:{self.end} lies outside {self.article.id}")

    @property
    def quote(self) -> str:
        """The cited words, as they stand in the article."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer and the markers of the citations it rests on."""

    text: str
    citations: tuple[int, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets. While it is being written, earlier snapshots have an earlier ``mode``.

    ``confidence`` is the probability that the corpus holds an answer, ``signs`` what it was made from;
    ``cached`` says that the same question was answered from the same index before. ``asked`` are the
    reader's own words where ``question`` is the follow-up that they were taken for. ``read`` are the spans
    (article, start, end) that the language model was given; ``conflict`` the markers of two citations that
    disagree; ``index`` names the version that it was found in.
    """

    question: str
    language: Language
    status: Status
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    confidence: float = 0.0
    mode: Mode = "extractive"
    note: str = ""
    timings_ms: dict[str, int] = field(default_factory=dict)
    signs: dict[str, float] = field(default_factory=dict)
    cached: bool = False
    asked: str = ""
    read: tuple[tuple[str, int, int], ...] = ()
    conflict: tuple[int, ...] = ()
    index: dict[str, str | int] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The statements as one text with their ``[n]`` markers."""
        separator = "" if self.language == "zh" else " "
        return separator.join(marked(s, self.language) for s in self.statements) or self.note


def marked(statement: Statement, language: Language) -> str:
    """Put a statement's ``[n]`` markers before its full stop (after it in Chinese: no space)."""
    gap = "" if language == "zh" else " "
    markers = "".join(f"[{n}]" for n in statement.citations)
    if not markers:
        return statement.text
    body, stop = statement.text, ""
    if body and body[-1] in "。．.！!？?；;":
        body, stop = body[:-1], body[-1]
    return f"{body}{gap}{markers}{stop}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A corpus entry that was not indexed, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as its encoder reads it, token by token: contextual vectors, shape (t, dimension).

    ``starts`` are the characters at which tokens begin (below 0: before the text); ``weights`` say how
    much each tells, 0 for punctuation.
    """

    vectors: Vectors
    starts: npt.NDArray[np.int32]
    weights: Vectors


TokenSink = Callable[[int, Tokens], None]
# Receives the likeliest first tokens of a reply, before any grammar, with their probabilities.
FirstSink = Callable[[Mapping[str, float]], None]


class Encoder(Protocol):
    """Text to unit vectors, shape (n, dimension), float32.

    ``each`` receives the tokens of every text by its row, from encoders that have such.
    """

    id: str
    fingerprint: str

    @property
    def dimension(self) -> int: ...

    def encode_query(self, texts: Sequence[str], *, each: TokenSink | None = None) -> Vectors: ...

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        each: TokenSink | None = None,
    ) -> Vectors: ...


class Generator(Protocol):
    """Messages to text, greedy, piece by piece; closing the iterator stops the model.

    Empty pieces say that nothing new has come. A model that can tell calls ``first`` before its first
    piece.
    """

    id: str

    def stream(
        self,
        messages: Sequence[Message],
        *,
        grammar: str | None = None,
        max_tokens: int = 256,
        first: FirstSink | None = None,
    ) -> Iterator[str]: ...

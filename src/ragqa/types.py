"""Types that all packages share; imports nothing of ours.

Offsets are Python string offsets into ``Article.text``; dates are ISO ``YYYY-MM-DD`` (or a prefix of it:
``2024``, ``2024-05``); replies are in ``zh`` or ``en``, articles in any language (its ISO 639 code); scores are
similarities: higher is better.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Language = Literal["zh", "en"]
Status = Literal["answered", "possible", "not_found"]
Verdict = Literal["supported", "partly", "unsupported"]
Mode = Literal["sources", "quotes", "written"]
Origin = Literal["quote", "written"]
Kind = Literal["question", "list", "count", "summary", "latest", "hello"]
# From so many on, statements stand one a line.
ITEMS = 3


@dataclass(frozen=True, slots=True)
class Article:
    """One cleaned article; ``text`` is what is indexed, cited and shown.

    ``author`` names who wrote it ("" where nothing says so), several with 、 or a comma between them.
    ``published_from`` is why the date is believed: "json-ld" or "meta" (a page's head), "front matter", "field" (of a
    .jsonl line, a table's row, a feed, a message, an e-book), "byline" (a line around the text), "dateline" (its
    first words), "signature" (the last line), "address" (a link, where the text names the same day).
    """

    id: str
    title: str
    text: str
    source: str = ""
    published: str | None = None
    language: str = "zh"
    links: tuple[str, ...] = ()
    author: str = ""
    published_from: str = ""


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
    articles that hold the same words; ``signals`` why it scores as it does; ``reader`` the probability that
    it answers by itself, None where no reader read it.
    """

    chunk: Chunk
    article: Article
    score: float
    reader: float | None = None
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
class ShortAnswer:
    """The few words that answer, exact: ``article.text[start:end]`` inside their citation.

    Where they stand in the article's title, ``in_title`` is set and there are no offsets.
    """

    text: str
    citation: int
    start: int | None
    end: int | None

    @property
    def in_title(self) -> bool:
        """Whether the words stand in the title of the cited article."""
        return self.start is None


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer and the markers of the citations it rests on.

    A quote's text is its citation's quote, exactly; ``translation`` puts it into the question's language. A
    written one is a language model's, shown only when it is supported.
    """

    text: str
    citations: tuple[int, ...]
    verdict: Verdict = "supported"
    kind: Origin = "quote"
    translation: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question gets. While it is being made, earlier snapshots have less of it.

    ``answers`` are the short answers, ``statements`` the quotes that hold them (written ones first).
    ``confidence`` is the probability that what is shown is right;
    ``cached`` says that the same question was answered from the same index before. ``asked`` are the
    reader's own words where ``question`` is the follow-up that they were taken for. ``conflict`` are the markers
    of two citations that disagree; ``index`` names the version that it was found in; ``kind`` is what was asked for.
    """

    question: str
    language: Language
    status: Status
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    answers: tuple[ShortAnswer, ...] = ()
    confidence: float = 0.0
    mode: Mode = "quotes"
    note: str = ""
    timings_ms: dict[str, int] = field(default_factory=dict)
    cached: bool = False
    asked: str = ""
    conflict: tuple[int, ...] = ()
    index: dict[str, str | int] = field(default_factory=dict)
    kind: Kind = "question"

    @property
    def text(self) -> str:
        """What a person copies: the statements in the question's language with their ``[n]`` markers.

        One paragraph, or one line an item where there are three or more; the note where there are none.
        """
        titles, shown = self.cited_titles, [marked(s, self.language) for s in self.statements]
        gap = "" if self.language == "zh" and not titles else " "
        lines = [*titles, *shown]
        return ("\n" if len(lines) >= ITEMS else gap).join(lines) or self.note

    @property
    def cited_titles(self) -> list[str]:
        """Titles that answer by themselves, each with its marker; they stand first in the text."""
        titles = {c.marker: c.article.title for c in self.citations}
        return [f"{titles[n]} [{n}]" for n in dict.fromkeys(a.citation for a in self.answers if a.in_title)]


def marked(statement: Statement, language: Language) -> str:
    """Put a statement's ``[n]`` markers before its full stop (after it in Chinese: no space).

    A quote in another language is given in its translation where there is one.
    """
    text = statement.translation or statement.text
    gap = "" if language == "zh" else " "
    markers = "".join(f"[{n}]" for n in statement.citations)
    if not markers:
        return text
    body, stop = text, ""
    if body and body[-1] in "。．.！!？?；;":
        body, stop = body[:-1], body[-1]
    return f"{body}{gap}{markers}{stop}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A corpus entry that was not indexed, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles may answer; empty fields let all pass.

    ``since`` and ``until`` are ISO dates (or prefixes), both inclusive, ``before`` is not: an article without a
    date passes none of them. ``source`` is part of an outlet or address, ``author`` of the authors' names, in any
    case; ``title`` are words that the title holds, ``phrases`` what the article holds, ``without`` what it does not.
    """

    since: str | None = None
    until: str | None = None
    language: str | None = None
    source: str | None = None
    author: str | None = None
    before: str | None = None
    title: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        """Whether only articles with a date can pass."""
        return bool(self.since or self.until or self.before)


def checked_date(text: str) -> str:
    """A date for a Filter, as given: 2024, 2024-05 or 2024-05-31. Raises ValueError for any other text."""
    whole = text + "-01-01"[len(text) - 4 :] if len(text) in (4, 7) else text
    # Also YYYYMMDD and week dates are ISO, but sort otherwise than the dates of articles.
    if date.fromisoformat(whole).isoformat() != whole:
        raise ValueError(text)
    return text


def checked_code(text: str) -> str:
    """The code of a language for a Filter: zh, en, ja. Raises ValueError for any other text."""
    if not (text.isascii() and text.isalpha() and text.islower() and len(text) in (2, 3)):
        raise ValueError(text)
    return text


@dataclass(frozen=True, slots=True)
class Changes:
    """Article ids by what a new version does with them."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether the corpus differs from the index."""
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Built:
    """What ``ragqa index`` did, or with ``dry_run`` would do."""

    version: str
    articles: int
    chunks: int
    changes: Changes
    skipped: tuple[Skipped, ...]
    seconds: float
    tokens_per_second: float


class Progress(Protocol):
    """Is told how much of how much is done, and at how many tokens a second (0: not known)."""

    def __call__(self, done: int, total: int, rate: float = 0.0, /) -> None:
        """What is done."""


EVERYTHING = Filter()

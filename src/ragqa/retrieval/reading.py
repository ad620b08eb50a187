"""What the reader read for one question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.models import Reading
from ragqa.retrieval.answerability import chance, confidence
from ragqa.text import codes, fold, sentence_spans
from ragqa.types import Article, Passage


@dataclass(frozen=True, slots=True)
class Window:
    """What the reader reads: a stretch of an article under its title.

    ``text[body:]`` is ``article.text[start:end]``; what stands before it is the title, who wrote the article where
    these words name them, and a heading.
    """

    article: Article
    start: int
    end: int
    text: str
    body: int

    @classmethod
    def of(cls, article: Article, start: int, end: int, *, heading: str = "") -> Window:
        """The stretch ``start`` to ``end`` of an article under its title and heading."""
        words = article.text[start:end]
        above = [
            line
            for line in dict.fromkeys((article.title, byline(article, words), heading))
            if line and not words.startswith(line)
        ]
        head = "".join(f"{line}\n" for line in above)
        return cls(article, start, end, head + words, len(head))


def about(asked: Sequence[str], text: str) -> tuple[int, int]:
    """The stretch of a text that is about codes: of a list of codes of one kind, the sentences on those asked for.

    A sentence belongs to the last code before it. The whole text where it holds no other code of the kind.
    """
    wanted, kinds = {_letters(code) for code in asked}, {_kind(code) for code in asked}
    own: list[bool | None] = []
    spans = sentence_spans(text)
    for start, end in spans:
        found = {_letters(code) for code in codes(text[start:end]) if _kind(code) in kinds}
        own.append(bool(found & wanted) if found else own[-1] if own else None)
    if True not in own or False not in own:
        return 0, len(text)
    first = own.index(True)
    last = len(own) - own[::-1].index(True) - 1
    return spans[first][0], spans[last][1]


def holds_code(asked: Sequence[str], text: str) -> bool:
    """Whether a text holds one of the codes asked for, however it is joined."""
    wanted = {_letters(code) for code in asked}
    return any(_letters(code) in wanted for code in codes(text))


def _kind(code: str) -> str:
    """What stands before the digits of a code: err of ERR-4031."""
    return re.split(r"\d", _letters(code), maxsplit=1)[0]


def _letters(code: str) -> str:
    return re.sub("[^a-z0-9]", "", fold(code))


def byline(article: Article, words: str) -> str:
    """Who wrote the article in a form that the reader knows, of the authors that these words of it name; "" for none.

    It takes these sentences for an answer to who wrote something (of ten forms the surest on questions in both
    languages), but not "文/…", "本报记者 …" or "By …".
    """
    named = [name for name in authors(article) if name in words]
    if not named:
        return ""
    if article.language == "zh":
        return f"这篇文章的作者是{'、'.join(named)}。"
    return f"The author who wrote this article is {', '.join(named)}."


def authors(article: Article) -> list[str]:
    """The authors of an article one by one."""
    return [name for name in article.author.replace("、", ", ").split(", ") if name]


@dataclass(frozen=True, slots=True)
class Read:
    """A chunk that the reader read: its row, its text, the reader's output, and its retrieval score."""

    row: int
    window: Window
    reading: Reading
    score: float

    @property
    def chance(self) -> float:
        """The probability that it answers."""
        return chance(self.reading.score, self.score)

    @property
    def confidence(self) -> float:
        """The probability that an answer from it is right, where it is the likeliest of what was read."""
        return confidence(self.reading.score, self.score)


@dataclass(frozen=True, slots=True)
class Found:
    """The passages for a question, best first, and the chunks that the reader read."""

    passages: tuple[Passage, ...]
    read: tuple[Read, ...] = ()

"""What the reader read for one question."""

from __future__ import annotations

from dataclasses import dataclass

from ragqa.models import Reading
from ragqa.retrieval.answerability import chance, confidence
from ragqa.types import Article, Passage


@dataclass(frozen=True, slots=True)
class Window:
    """What the reader reads: a stretch of an article under its title.

    ``text[body:]`` is ``article.text[start:end]``; what stands before it is the title, and a heading.
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
            line for line in dict.fromkeys((article.title, heading)) if line and not words.startswith(line)
        ]
        head = "".join(f"{line}\n" for line in above)
        return cls(article, start, end, head + words, len(head))


@dataclass(frozen=True, slots=True)
class Read:
    """A chunk that the reader read: its row, its text, the reader's output, and its retrieval score.

    ``as_item`` says that it was read as naming one item of a list; the words that it marks may be of another kind.
    """

    row: int
    window: Window
    reading: Reading
    score: float
    as_item: bool = False

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

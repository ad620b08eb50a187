"""Answers from their parts: what is read, what is shown, what is refused. Pure functions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ragqa.citing import Support, cite, missing_names
from ragqa.lexicon import fold, names
from ragqa.prompting import Excerpt
from ragqa.reading import Evidence, Question, Reading, Window, extract
from ragqa.records import Answer, Citation, Passage, Statement
from ragqa.wording import word

_WORTH = {"supported": 1.0, "partly": 0.5, "unsupported": 0.0}


def excerpts(reading: Reading, evidence: Evidence) -> list[Excerpt]:
    """What the model reads: each window's words with the passage they stand in."""
    found = []
    lead = "" if reading.speaker is None else evidence.sentences[reading.speaker].text
    for first, last in reading.windows:
        sentence = evidence.sentences[first]
        words = sentence.article.text[sentence.start : evidence.sentences[last].end]
        found.append(Excerpt(evidence.passages[sentence.passage - 1], words, lead))
        lead = ""
    return found


def extracted(answer: Answer, question: Question, evidence: Evidence) -> Answer:
    """The best verbatim sentences for a question, each cited."""
    windows = extract(question, evidence)
    if not windows:
        return answer
    citations = tuple(_quote(n, window, evidence) for n, window in enumerate(windows, start=1))
    statements = tuple(Statement(c.quote, (c.marker,), "supported") for c in citations)
    return replace(
        answer,
        status="answered",
        statements=statements,
        citations=citations,
        mode="extractive",
        confidence=confidence(statements, answer.passages),
    )


def _quote(marker: int, window: Window, evidence: Evidence) -> Citation:
    first, last = (evidence.sentences[row] for row in window)
    return Citation(marker, first.article, first.start, last.end)


def resolved(answer: Answer, supports: Sequence[tuple[str, Support | None]], evidence: Evidence) -> Answer:
    """An answer with the statements that are supported so far; the others are left out."""
    held = [(text, found) for text, found in supports if found is not None and found.verdict != "unsupported"]
    statements, citations = cite(held, evidence)
    return replace(
        answer,
        status="answered" if statements else answer.status,
        statements=statements,
        citations=citations,
        confidence=confidence(statements, answer.passages),
    )


def not_found(answer: Answer, absent: Sequence[str] = ()) -> Answer:
    """The same answer as a refusal that says what was looked for; its passages stay."""
    name = "、".join(absent) if answer.language == "zh" else ", ".join(absent)
    note = word(
        "not_found_name" if absent else "not_found", answer.language, question=answer.question, name=name
    )
    return replace(answer, status="not_found", statements=(), citations=(), confidence=0.0, note=note)


def absent_names(question: str, passages: Sequence[Passage]) -> list[str]:
    """The question's names, as it writes them, when none of the passages found holds any of them.

    A passage in another script may write a name otherwise, so only names in its own script count.
    """
    asked = names(question)
    if not asked or not passages:
        return []
    around = "\n".join(f"{p.article.title}\n{p.chunk.heading}\n{p.chunk.text}" for p in passages)
    if set(missing_names(question, around)) != set(asked):
        return []
    return [_as_written(name, question) for name in asked]


def confidence(statements: Sequence[Statement], passages: Sequence[Passage]) -> float:
    """How far an answer can be trusted, 0 to 1: the verdicts' mean, times the first passage's score.

    Not calibrated: it orders answers, it is no probability.
    """
    if not statements or not passages:
        return 0.0
    held = sum(_WORTH[statement.verdict] for statement in statements) / len(statements)
    return round(held * max(0.0, min(1.0, passages[0].score)), 3)


def _as_written(name: str, question: str) -> str:
    at = fold(question).find(name)
    return question[at : at + len(name)] if at >= 0 else name


class Clock:
    """Milliseconds from the question to each first."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._marks: dict[str, int] = {}

    def mark(self, name: str) -> None:
        """Note when this first happened."""
        self._marks.setdefault(name, self._elapsed())

    def first_token(self, pieces: Iterable[str]) -> Iterator[str]:
        """Pass pieces on, noting when the first comes."""
        for piece in pieces:
            self.mark("first_token")
            yield piece

    def stamp(self, answer: Answer) -> Answer:
        """The answer with all times so far, and the total."""
        return replace(answer, timings_ms=self.times())

    def times(self) -> dict[str, int]:
        """All times so far, and the total."""
        return {**self._marks, "total": self._elapsed()}

    def _elapsed(self) -> int:
        return round(1000 * (time.monotonic() - self._started))

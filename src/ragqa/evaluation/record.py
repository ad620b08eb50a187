"""The record of one gold question: what was found, what was answered, what it counts as."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, field_validator

from ragqa.evaluation.citation_judge import Judged
from ragqa.evaluation.text_metrics import containment
from ragqa.types import Language

Json = dict[str, Any]
Fate = Literal[
    "right",
    "rightly refused",
    "not found",
    "refused",
    "wrong words",
    "miscited",
    "should have refused",
    "not asked",
]


class Record(BaseModel, frozen=True):
    """One gold question and its outcome: everything that a metric needs.

    ``ranked`` are articles best first, ``answer`` a ``ragqa.answer/2`` document (an earlier one is read, too),
    ``direction`` the languages of question and relevant articles.
    """

    id: str
    question: str
    language: Language
    answerable: bool
    answers: list[list[str]]
    evidence: list[Json]
    relevant: list[str]
    tags: list[str]
    group: str
    direction: str
    ranked: list[str]
    answer: Json | None = None
    judged: list[Judged] = []
    closed_book: str | None = None
    retrieve_ms: int | None = None

    @field_validator("answer", mode="before")
    @classmethod
    def _with_kinds(cls, answer: Any) -> Any:
        """An answer whose statements say of which kind they are; a ``ragqa.answer/1`` does not."""
        if not isinstance(answer, dict) or "statements" not in answer:
            return answer
        quotes = {c["marker"]: c["quote"] for c in answer["citations"]}
        statements = [
            {
                "kind": "quote" if s["text"] in (quotes.get(n) for n in s["citations"]) else "written",
                "translation": None,
                **s,
            }
            for s in answer["statements"]
        ]
        return {**answer, "statements": statements}

    @property
    def status(self) -> str:
        """The answer's status; "" where only articles were ranked."""
        return str(self.answer["status"]) if self.answer else ""

    @property
    def abstained(self) -> bool:
        """Whether the system refused."""
        return self.status == "not_found"

    @property
    def shown(self) -> bool:
        """Whether the system answered, surely or possibly."""
        return self.answer is not None and not self.abstained

    @property
    def gradable(self) -> bool:
        """Whether it was asked, and the words of a right answer are known."""
        return self.answer is not None and self.answerable and bool(self.answers)

    @property
    def text(self) -> str:
        """The answer's text; none where it refused."""
        return str(self.answer["text"]) if self.answer and self.shown else ""

    @property
    def statements(self) -> list[Json]:
        """The answer's statements."""
        return list(self.answer["statements"]) if self.answer else []

    @property
    def citations(self) -> list[Json]:
        """The answer's citations."""
        return list(self.answer["citations"]) if self.answer else []

    @property
    def short(self) -> list[str] | None:
        """The different short answers; None of an answer from before there were any."""
        if not self.answer or "answers" not in self.answer:
            return None
        return list(dict.fromkeys(str(short["text"]) for short in self.answer["answers"]))

    @property
    def said(self) -> list[str]:
        """All that the answer shows as its own: its text, its quotes, its short answers."""
        if not self.shown:
            return []
        return [self.text, *(str(c["quote"]) for c in self.citations), *(self.short or [])]

    @cached_property
    def right(self) -> bool:
        """Whether the answer holds one alternative of every group."""
        return containment(self.said, self.answers)

    @cached_property
    def in_context(self) -> bool:
        """Whether the passages that were found, or their titles, hold the answer."""
        found = (self.answer or {}).get("passages", [])
        return containment([words for p in found for words in (p["title"], p["text"])], self.answers)

    @property
    def done_right(self) -> bool:
        """Right where there is an answer, refused where there is none."""
        return self.right if self.answerable else self.abstained


def fate(r: Record) -> Fate:
    """The step at which the answer of a question was lost, if it was.

    Where no words of the answer are known, it is right to find and cite a relevant article.
    """
    if not r.answerable:
        return "rightly refused" if r.abstained else "should have refused" if r.answer else "not asked"
    known = r.answer is not None and bool(r.answers)
    found = r.in_context if known else any(a in r.relevant for a in r.ranked[:5])
    if r.right or (found and not known and not r.abstained):
        cited = {c["article_id"] for c in r.citations}
        return "miscited" if r.answer is not None and r.relevant and not cited & set(r.relevant) else "right"
    if not found:
        return "not found"
    return "refused" if r.abstained else "wrong words"

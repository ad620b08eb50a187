"""Records of asked gold questions, and the figures that are made of nothing but them.

Definitions are those of docs/evaluation.md. A figure is a mean over questions (or over citations, where it
says so), with a 95 % interval resampled by group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel

from ragqa.measures import containment, exact, in_language, rank_figures, reference, token_f1
from ragqa.records import Language
from ragqa.resampling import Figure, aurc, brier, corrected, ece, mean, statistic

JUDGE = "n-grams within a language, cosine across/1"
# Sensitivity, specificity and the pairs they were measured on, by languages of quote and statement:
# benchmarks/judging.py on judge-uhgeval-zh and judge-xquad-xling, 25 November 2026. No labelled pairs
# within English were at hand: the same n-grams as in Chinese are taken to tell as much.
JUDGE_RATES: dict[tuple[str, str], tuple[float, float]] = {
    ("zh", "zh"): (0.86, 0.84),
    ("en", "en"): (0.86, 0.84),
    ("en", "zh"): (0.93, 0.84),
    ("zh", "en"): (0.99, 0.84),
}
LOWER_IS_BETTER = frozenset({"false_refusal", "false_refusal_in_context", "brier", "ece", "aurc", "length"})
HEADLINE = ("success@5", "containment", "joint", "citation_precision", "citation_recall", "refusal_recall",
            "false_refusal", "language_match")  # fmt: skip
Fate = Literal[
    "right",
    "rightly refused",
    "not found",
    "not read",
    "refused",
    "misread",
    "miscited",
    "should have refused",
    "not asked",
]


class Judged(BaseModel, frozen=True):
    """What the judge says of one statement: whether its citations hold it, and which of them are needed.

    ``way`` are the languages of what is cited and of the statement.
    """

    holds: bool
    precise: list[bool]
    way: tuple[str, str]


class Record(BaseModel, frozen=True):
    """One gold question as it was asked: all that any figure needs.

    ``ranked`` are articles best first, ``answer`` a ``ragqa.answer/1`` document, ``read`` the words that the
    answer was made from, ``direction`` the languages of question and relevant articles.
    """

    id: str
    question: str
    language: Language
    answerable: bool
    answers: list[list[str]]
    evidence: list[dict[str, Any]]
    relevant: list[str]
    tags: list[str]
    group: str
    direction: str
    ranked: list[str]
    answer: dict[str, Any] | None = None
    read: list[str] = []
    judged: list[Judged] = []
    closed_book: str | None = None
    verified_ms: int | None = None
    retrieve_ms: int | None = None

    @property
    def abstained(self) -> bool:
        """Whether the system refused."""
        return self.answer is not None and self.answer["status"] == "not_found"

    @property
    def said(self) -> str:
        """The answer's words; none where it refused."""
        return "" if self.answer is None or self.abstained else str(self.answer["text"])

    @cached_property
    def right(self) -> bool:
        """Whether the answer holds one alternative of every group."""
        return containment(self.said, self.answers)

    @cached_property
    def in_context(self) -> bool:
        """Whether the passages that were found hold the answer."""
        return containment(
            "\n".join(p["text"] for p in (self.answer or {}).get("passages", [])), self.answers
        )

    @property
    def done_right(self) -> bool:
        """Right where there is an answer, refused where there is none."""
        return self.right if self.answerable else self.abstained


# --- a question's part of each figure: (sum, count), None where the figure does not concern it -----

Part = tuple[float, float] | None
Of = Callable[[Record], Part]


def _ranking(name: str) -> Of:
    def part(record: Record) -> Part:
        if not record.relevant:
            return None
        return rank_figures(tuple(record.ranked), tuple(record.relevant))[name], 1

    return part


def _where(condition: Callable[[Record], bool], value: Callable[[Record], float]) -> Of:
    return lambda record: (float(value(record)), 1) if condition(record) else None


def _gradable(r: Record) -> bool:
    return r.answer is not None and r.answerable and bool(r.answers)


def _answered(r: Record) -> bool:
    return r.answer is not None and not r.abstained


def _cites(r: Record) -> bool:
    return _answered(r) and r.answerable and bool(r.relevant)


def _citations(r: Record) -> list[dict[str, Any]]:
    return list(r.answer["citations"]) if r.answer else []


def _over_citations(value: Callable[[Record, dict[str, Any]], bool]) -> Of:
    def part(record: Record) -> Part:
        found = _citations(record)
        return (sum(value(record, c) for c in found), len(found)) if _cites(record) and found else None

    return part


def _on_evidence(r: Record) -> bool:
    """Whether a citation overlaps a gold quote; places of quotes are kept by measuring.py."""
    return any(
        c["article_id"] == e["article_id"] and c["start"] < e["end"] and e["start"] < c["end"]
        for c in _citations(r)
        for e in r.evidence
    )


def _judged(r: Record) -> bool:
    return _answered(r) and bool(r.judged)


def _precision(r: Record) -> Part:
    marks = [mark for judged in r.judged for mark in judged.precise]
    return (sum(marks), len(marks)) if _judged(r) and marks else None


def _coverage(r: Record) -> float:
    statements = (r.answer or {})["statements"]
    return sum(bool(s["citations"]) for s in statements) / len(statements)


MEANS: dict[str, Of] = {
    **{name: _ranking(name) for name in
       ("success@1", "success@5", "success@10", "recall@5", "rr@10", "ndcg@10", "judged@10")},
    "answer_in_context": _where(_gradable, lambda r: r.in_context),
    "answer_in_reading": _where(lambda r: _gradable(r) and bool(r.read),
                                lambda r: containment("\n".join(r.read), r.answers)),
    "containment": _where(_gradable, lambda r: r.right),
    "f1": _where(_gradable, lambda r: token_f1(r.said, reference(r.said, r.answers))),
    "em": _where(_gradable, lambda r: exact(r.said, reference(r.said, r.answers))),
    "joint": _where(lambda r: _gradable(r) or (r.answer is not None and not r.answerable),
                    lambda r: r.done_right),
    "language_match": _where(_answered, lambda r: in_language(r.said, r.language)),
    "length": _where(_answered, lambda r: len(r.said)),
    "citation_validity": lambda r: (sum(bool(c.get("valid", True)) for c in _citations(r)), len(_citations(r)))
                         if _answered(r) and _citations(r) else None,
    "citation_coverage": _where(lambda r: _answered(r) and bool(r.judged), _coverage),
    "citation_hit": _where(_cites, lambda r: any(c["article_id"] in r.relevant for c in _citations(r))),
    "citation_evidence_hit": _where(lambda r: _cites(r) and bool(r.evidence), _on_evidence),
    "citation_gold_precision": _over_citations(lambda r, c: c["article_id"] in r.relevant),
    "citation_precision": _precision,
    "citation_recall": _where(_judged, lambda r: sum(j.holds for j in r.judged) / len(r.judged)),
    "refusal_precision": _where(lambda r: r.abstained, lambda r: not r.answerable),
    "refusal_recall": _where(lambda r: r.answer is not None and not r.answerable, lambda r: r.abstained),
    "false_refusal": _where(lambda r: r.answer is not None and r.answerable, lambda r: r.abstained),
    "false_refusal_in_context": _where(lambda r: _gradable(r) and r.in_context, lambda r: r.abstained),
    "brier": _where(lambda r: _gradable(r) or (r.answer is not None and not r.answerable),
                    lambda r: brier(np.array([r.answer["confidence"]]), np.array([float(r.right)]))),  # type: ignore[index]
}  # fmt: skip


def figures(records: Sequence[Record]) -> dict[str, Figure]:
    """Every figure that these records have something to say on."""
    found: dict[str, Figure] = {}
    for name in MEANS:
        if (figure := average(records, name)) is not None:
            found[name] = figure
    found |= _corrected(records)
    graded = [r for r in records if _answered(r) and (_gradable(r) or not r.answerable)]
    if graded:
        groups = [r.group for r in graded]
        for name, of in (("ece", ece), ("aurc", aurc)):
            found[name] = statistic([_bet(r) for r in graded], groups, lambda bets, of=of: of(*_arrays(bets)))  # type: ignore[misc]
    return found | _times(records)


def average(records: Sequence[Record], name: str) -> Figure | None:
    """One mean, None where no record has part in it."""
    parts = [(r.group, part) for r in records if (part := MEANS[name](r)) is not None]
    if not parts:
        return None
    return mean([s for _, (s, _) in parts], [g for g, _ in parts], counts=[c for _, (_, c) in parts])


def _bet(r: Record) -> tuple[float, float]:
    assert r.answer is not None
    return float(r.answer["confidence"]), float(r.right)


def _arrays(bets: Sequence[tuple[float, float]]) -> tuple[Any, Any]:
    chance, truth = np.array(bets).T
    return chance, truth


def bets(records: Sequence[Record]) -> tuple[Any, Any]:
    """Confidence and rightness of what was answered, for curves."""
    made = [_bet(r) for r in records if _answered(r) and (_gradable(r) or not r.answerable)]
    return _arrays(made) if made else (np.empty(0), np.empty(0))


def _corrected(records: Sequence[Record]) -> dict[str, Figure]:
    """Citation figures corrected for the judge's errors, each way of languages by its own rates.

    The interval draws the records and, as far as their pairs go, the judge's rates.
    """
    found: dict[str, Figure] = {}
    for name, marks in (
        ("citation_recall", lambda j: [j.holds]),
        ("citation_precision", lambda j: j.precise),
    ):
        rows = [r for r in records if _judged(r) and any(marks(j) for j in r.judged)]
        if rows:

            def rate(drawn: Sequence[Record], marks: Callable[[Judged], list[bool]] = marks) -> float:
                ways: dict[tuple[str, str], list[bool]] = {}
                for record in drawn:
                    for judged in record.judged:
                        ways.setdefault(judged.way, []).extend(marks(judged))
                total = sum(len(seen) for seen in ways.values())
                return sum(
                    len(seen) * corrected(sum(seen) / len(seen), sensitivity=s, specificity=p)
                    for way, seen in ways.items()
                    if seen
                    for s, p in [JUDGE_RATES[way]]
                ) / (total or 1)

            found[f"{name}_corrected"] = statistic(rows, [r.group for r in rows], rate)
    return found


def _times(records: Sequence[Record]) -> dict[str, Figure]:
    columns: dict[str, list[tuple[str, float]]] = {}
    for r in records:
        times = {"retrieve": r.retrieve_ms, "verified": r.verified_ms}
        if r.answer is not None:
            shown = r.answer["timings_ms"]
            times |= {
                name: shown.get(name) for name in ("retrieve", "first_statement", "first_token", "total")
            }
        for name, value in times.items():
            if value is not None:
                columns.setdefault(name, []).append((r.group, float(value)))
    return {
        f"{name}_ms_p{q}": statistic(
            [v for _, v in values],
            [g for g, _ in values],
            lambda drawn, q=q: float(np.percentile(drawn, q)),  # type: ignore[misc]
        )
        for name, values in columns.items()
        for q in (50, 95)
    }


def slices(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records by language of the question, by direction, by tag; only what is a part of the whole."""
    found: dict[str, list[Record]] = {}
    for r in records:
        names = [f"language {r.language}", *([f"direction {r.direction}"] if r.direction else [])]
        for name in [*names, *(f"tag {tag}" for tag in r.tags)]:
            found.setdefault(name, []).append(r)
    return {name: rows for name, rows in sorted(found.items()) if len(rows) < len(records)}


def sentinels(records: Sequence[Record]) -> dict[str, dict[str, Figure]]:
    """What simple systems reach on the same questions: the top passage as it is, a model without
    passages, always refusing. ``joint`` counts right answers and right refusals."""
    asked = [r for r in records if r.answer is not None]
    top = {
        r.id: str(r.answer["passages"][0]["text"]) if r.answer and r.answer["passages"] else "" for r in asked
    }
    found = {
        "always_refuse": _sentinel(asked, dict.fromkeys(top, None)),
        "top_passage": _sentinel(asked, top),
    }
    heard = [r for r in asked if r.closed_book is not None]
    if heard:
        found["closed_book"] = _sentinel(heard, {r.id: r.closed_book for r in heard})
    return {name: parts for name, parts in found.items() if parts}


def _sentinel(records: Sequence[Record], said: Mapping[str, str | None]) -> dict[str, Figure]:
    """Figures of a system that said this; None is a refusal."""

    def right(r: Record) -> float:
        words = said[r.id]
        return float(words is not None and containment(words, r.answers))

    yes, no = [r for r in records if _gradable(r)], [r for r in records if not r.answerable]
    values = {
        "containment": [(r, right(r)) for r in yes],
        "refusal_recall": [(r, float(said[r.id] is None)) for r in no],
        "joint": [*((r, right(r)) for r in yes), *((r, float(said[r.id] is None)) for r in no)],
    }
    return {
        name: mean([v for _, v in parts], [r.group for r, _ in parts])
        for name, parts in values.items()
        if parts
    }


def fate(r: Record) -> Fate:
    """What became of a question: where its answer was lost, if it was.

    Where no words of the answer are known, it is right to find and cite a relevant article.
    """
    if not r.answerable:
        return "rightly refused" if r.abstained else "should have refused" if r.answer else "not asked"
    known = r.answer is not None and bool(r.answers)
    found = r.in_context if known else any(a in r.relevant for a in r.ranked[:5])
    if r.right or (found and not known and not r.abstained):
        cited = {c["article_id"] for c in _citations(r)}
        return "miscited" if r.answer is not None and r.relevant and not cited & set(r.relevant) else "right"
    if not found:
        return "not found"
    if known and r.read and not containment("\n".join(r.read), r.answers):
        return "not read"
    return "refused" if r.abstained else "misread"

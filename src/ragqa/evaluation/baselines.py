"""Baselines on the questions of a run: what simple systems reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragqa.evaluation.record import Record
from ragqa.evaluation.statistics import Figure, mean
from ragqa.evaluation.text_metrics import containment


def baselines(records: Sequence[Record]) -> dict[str, dict[str, Figure]]:
    """Baselines on the same questions: the top passage, a model without passages, always refusing.

    ``joint`` counts right answers and right refusals.
    """
    asked = [r for r in records if r.answer is not None]
    top = {
        r.id: str(r.answer["passages"][0]["text"]) if r.answer and r.answer["passages"] else "" for r in asked
    }
    found = {
        "always_refuse": _figures(asked, dict.fromkeys(top, None)),
        "top_passage": _figures(asked, top),
    }
    heard = [r for r in asked if r.closed_book is not None]
    if heard:
        found["closed_book"] = _figures(heard, {r.id: r.closed_book for r in heard})
    return {name: parts for name, parts in found.items() if parts}


def _figures(records: Sequence[Record], said: Mapping[str, str | None]) -> dict[str, Figure]:
    """The figures of a baseline with these answers; None is a refusal."""

    def right(r: Record) -> float:
        words = said[r.id]
        return float(words is not None and containment(words, r.answers))

    yes, no = [r for r in records if r.gradable], [r for r in records if not r.answerable]
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

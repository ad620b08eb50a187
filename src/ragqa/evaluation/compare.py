"""Compare two runs of one gold set question by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragqa.errors import GoldError
from ragqa.evaluation.metrics import HEADLINE, JUDGED, LOWER_IS_BETTER, MEANS
from ragqa.evaluation.record import Record
from ragqa.evaluation.statistics import Difference, difference, holm

_SAME = ("gold_digest", "ids_digest", "k")


@dataclass(frozen=True, slots=True)
class Contrast:
    """One figure of two runs over the questions that both have part in.

    ``difference`` is second minus first; ``adjusted`` its p among the headline figures (Holm), None for the
    others; ``better`` and ``worse`` the questions at which the second does better and worse.
    """

    name: str
    first: float
    second: float
    difference: Difference
    adjusted: float | None
    better: tuple[str, ...]
    worse: tuple[str, ...]


def require_same(first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    """Raises GoldError when two runs cannot be compared, naming what differs."""
    if differ := [
        f"{name} ({first[name]} and {second[name]})" for name in _SAME if first[name] != second[name]
    ]:
        raise GoldError(
            f"the runs cannot be compared: they differ in {', '.join(differ)}; measure again alike"
        )


def judged_alike(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether the same judge, with the same weights, looked at the citations of two runs."""
    return bool(first["judge"] == second["judge"])


def compare(first: Sequence[Record], second: Sequence[Record], *, same_judge: bool = True) -> list[Contrast]:
    """Each figure that is a mean over questions, the headline ones first; of two judges none that they made.

    Raises GoldError.
    """
    by_id = {record.id: record for record in second}
    if set(by_id) != {record.id for record in first}:
        raise GoldError(
            "the runs cannot be compared: one is not finished; run the same evaluate command again"
        )
    pairs = [(record, by_id[record.id]) for record in first]
    names = [*HEADLINE, *(name for name in MEANS if name not in HEADLINE)]
    names = [name for name in names if same_judge or name not in JUDGED]
    found = [contrast for name in names if (contrast := _contrast(name, pairs)) is not None]
    headline = [c for c in found if c.name in HEADLINE]
    adjusted = dict(zip([c.name for c in headline], holm([c.difference.p for c in headline]), strict=True))
    return [
        Contrast(c.name, c.first, c.second, c.difference, adjusted.get(c.name), c.better, c.worse)
        for c in found
    ]


def _contrast(name: str, pairs: Sequence[tuple[Record, Record]]) -> Contrast | None:
    parts = [(one, MEANS[name](one), MEANS[name](other)) for one, other in pairs]
    both = [(one, a[0] / a[1], b[0] / b[1]) for one, a, b in parts if a is not None and b is not None]
    if not both:
        return None
    first, second = [a for _, a, _ in both], [b for _, _, b in both]
    found = difference(first, second, [one.group for one, _, _ in both])
    sign = -1 if name in LOWER_IS_BETTER else 1
    better = tuple(one.id for one, a, b in both if sign * (b - a) > 0)
    worse = tuple(one.id for one, a, b in both if sign * (b - a) < 0)
    n = len(both)
    return Contrast(name, sum(first) / n, sum(second) / n, found, None, better, worse)

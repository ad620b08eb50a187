"""Confidence intervals and tests by cluster resampling. Sources: Efron and Tibshirani 1993; scipy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 9999
_SLOW_RESAMPLES = 999
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95 % interval; ``n`` is how many observations it is made of."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}-{self.high:.3f})"


def mean(sums: Sequence[float], groups: Sequence[str], *, counts: Sequence[float] | None = None) -> Figure:
    """The mean of values, or of sums over ``counts``; BCa bootstrap over groups, Wilson's where none differ."""
    from scipy.stats import binomtest, bootstrap

    total = np.asarray(sums, dtype=float)
    weight = np.ones_like(total) if counts is None else np.asarray(counts, dtype=float)
    n = round(float(weight.sum()))
    value = float(total.sum() / weight.sum())
    _, row = np.unique(list(groups), return_inverse=True)
    totals, weights = np.bincount(row, total), np.bincount(row, weight)
    if np.allclose(totals, value * weights):
        clusters = len(totals)
        if value in (0.0, 1.0):
            # Nothing varies, so nothing can be resampled, yet little was seen.
            limits = binomtest(round(value * clusters), clusters).proportion_ci(method="wilson")
            return Figure(value, float(limits.low), float(limits.high), n)
        return Figure(value, value, value, n)
    found = bootstrap(
        (totals, weights),
        lambda t, w, axis: t.sum(axis) / w.sum(axis),
        paired=True,
        n_resamples=RESAMPLES,
        batch=999,
        method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Figure(value, float(found.low), float(found.high), n)


def statistic(rows: Sequence[Any], groups: Sequence[str], of: Callable[[Sequence[Any]], float]) -> Figure:
    """Any figure of rows, with a percentile interval over groups (999 resamples)."""
    _, row = np.unique(list(groups), return_inverse=True)
    members = [np.flatnonzero(row == group) for group in range(row.max() + 1)]
    rng = np.random.default_rng(0)
    values = []
    for _ in range(_SLOW_RESAMPLES):
        drawn = np.concatenate([members[g] for g in rng.integers(0, len(members), len(members))])
        values.append(of([rows[at] for at in drawn]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return Figure(of(rows), float(low), float(high), len(rows))


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference, second minus first, with its interval and p by flipping signs of groups.

    ``mcnemar`` is the exact two-sided p over discordant pairs, for values of yes and no; ``wins`` counts
    questions where the second is higher.
    """

    figure: Figure
    p: float
    mcnemar: float | None
    wins: int
    losses: int


def difference(first: Sequence[float], second: Sequence[float], groups: Sequence[str]) -> Difference:
    """Compare two runs of the same questions."""
    from scipy.stats import binomtest, permutation_test

    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    gap = other - one
    wins, losses = int((gap > 0).sum()), int((gap < 0).sum())
    _, row = np.unique(list(groups), return_inverse=True)
    sums = np.bincount(row, gap)
    p = 1.0
    if np.any(sums) and len(sums) > 1:
        p = float(
            permutation_test(
                (sums,),
                lambda x, axis: x.sum(axis),
                permutation_type="samples",
                vectorized=True,
                n_resamples=RESAMPLES,
                batch=999,
                rng=np.random.default_rng(0),
            ).pvalue
        )
    binary = set(np.unique(np.concatenate([one, other]))) <= {0.0, 1.0}
    mcnemar = float(binomtest(wins, wins + losses).pvalue) if binary and wins + losses else None
    figure = mean(list(gap), groups) if np.any(gap) else Figure(0.0, 0.0, 0.0, len(gap))
    return Difference(figure, p, mcnemar, wins, losses)


def holm(ps: Sequence[float]) -> list[float]:
    """Adjust p values for their number (Holm 1979), in the order given."""
    adjusted, highest = [0.0] * len(ps), 0.0
    for rank, at in enumerate(sorted(range(len(ps)), key=lambda i: ps[i])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[at]))
        adjusted[at] = highest
    return adjusted


def corrected(observed: float, *, sensitivity: float, specificity: float) -> float:
    """The rate behind one that an imperfect judge observed, 0 to 1 (Rogan and Gladen 1978).

    ValueError when the judge tells too little: sensitivity + specificity below 1.3.
    """
    if sensitivity + specificity < 1.3:
        raise ValueError(f"a judge of {sensitivity:.2f} + {specificity:.2f} cannot be corrected for")
    return min(1.0, max(0.0, (observed + specificity - 1) / (sensitivity + specificity - 1)))


def brier(chance: Floats, truth: Floats) -> float:
    """Mean squared error of probabilities."""
    return float(np.mean((chance - truth) ** 2))


def calibration_bins(chance: Floats, truth: Floats, *, bins: int = 10) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, n) of bins of equal mass."""
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, min(bins, len(order))) if len(part)]
    return [(float(chance[p].mean()), float(truth[p].mean()), len(p)) for p in parts]


def ece(chance: Floats, truth: Floats) -> float:
    """Expected calibration error over ten bins of equal mass."""
    return sum(n * abs(c - t) for c, t, n in calibration_bins(chance, truth)) / len(chance)


def risk_coverage(chance: Floats, truth: Floats) -> list[tuple[float, float]]:
    """(share of questions answered, share of those wrong), the most confident first."""
    order = np.argsort(-chance, kind="stable")
    wrong = np.cumsum(1 - truth[order])
    counts = np.arange(1, len(order) + 1)
    return [(float(c / len(order)), float(w / c)) for c, w in zip(counts, wrong, strict=True)]


def aurc(chance: Floats, truth: Floats) -> float:
    """Area under the risk-coverage curve: the mean risk over all coverages (Geifman and El-Yaniv 2017)."""
    return float(np.mean([risk for _, risk in risk_coverage(chance, truth)]))

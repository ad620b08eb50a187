"""Charts of a run, as SVG that takes the colour of the surrounding text."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ragqa.evaluation.metrics import bets
from ragqa.evaluation.record import Record, fate
from ragqa.evaluation.statistics import calibration_bins, risk_coverage

# Drawn in this colour, then handed to the page as its text's.
_INK, _ACCENT, _SOFT = "#010203", "#2f6fd0", "#8fb3e8"
_FATES = {
    "right": "#2e8b57", "rightly refused": "#7fbf9a", "miscited": "#c9a227", "wrong words": "#d2691e",
    "refused": "#9a7fbf", "not found": "#5b6470", "should have refused": "#b03a48", "not asked": "#c8ccd2",
}  # fmt: skip


def charts(document: Mapping[str, Any], records: Sequence[Record]) -> list[tuple[str, str]]:
    """Charts as (caption, SVG), those that the records allow."""
    found = [_draw("Where answers are lost", lambda axes: _fates(axes, records))]
    kept = {
        name.split(" ", 1)[1]: slice
        for name, slice in document["slices"].items()
        if name.startswith(("language", "direction"))
    }
    if kept:
        found.append(_draw("By language and direction", lambda axes: _directions(axes, kept)))
    chance, truth = bets(records)
    if len(chance):
        found.append(_draw("Risk and coverage", lambda axes: _risk(axes, chance, truth)))
        found.append(_draw("Calibration", lambda axes: _bins(axes, chance, truth)))
    times = [r.answer["timings_ms"]["total"] / 1000 for r in records if r.answer]
    if times:
        found.append(_draw("Seconds to the whole answer", lambda axes: _seconds(axes, times)))
    return found


def _draw(caption: str, paint: Callable[[Any], None]) -> tuple[str, str]:
    """A caption with its picture; the caption keeps the ids of several pictures on one page apart."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    names = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": caption,
        "font.family": "sans-serif",
        "font.size": 10,
        **dict.fromkeys(names, _INK),
    }
    with pyplot.rc_context(style):
        figure, axes = pyplot.subplots(figsize=(5.2, 2.9), layout="constrained")
        axes.spines[["top", "right"]].set_visible(False)
        paint(axes)
        picture = io.StringIO()
        figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None})
        pyplot.close(figure)
    svg = picture.getvalue()
    svg = re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', "", svg[svg.index("<svg") :], count=1)
    return caption, svg.replace(_INK, "currentColor")


def _fates(axes: Any, records: Sequence[Record]) -> None:
    groups = {
        "answerable": [r for r in records if r.answerable],
        "unanswerable": [r for r in records if not r.answerable],
    }
    groups = {name: rows for name, rows in groups.items() if rows}
    left = np.zeros(len(groups))
    for name, colour in _FATES.items():
        share = np.array([sum(fate(r) == name for r in rows) / len(rows) for rows in groups.values()])
        if share.any():
            axes.barh(list(groups), share, left=left, color=colour, label=name, height=0.55)
        left += share
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter("{x:.0%}")
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False, fontsize=8.5)


def _directions(axes: Any, kept: Mapping[str, Any]) -> None:
    metrics = {"success@5": _SOFT, "containment": _ACCENT}
    at = np.arange(len(kept))
    for offset, (metric, colour) in zip((-0.2, 0.2), metrics.items(), strict=True):
        values = [s.get(metric, {"value": np.nan, "low": np.nan, "high": np.nan}) for s in kept.values()]
        middle = np.array([v["value"] for v in values])
        error = np.abs(np.array([[v["low"] for v in values], [v["high"] for v in values]]) - middle)
        axes.bar(
            at + offset, middle, width=0.38, color=colour, label=metric, yerr=error, ecolor=_INK, capsize=2
        )
    axes.set_xticks(at, list(kept), fontsize=8.5)
    axes.set_ylim(0, 1.02)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, frameon=False, fontsize=8.5)


def _risk(axes: Any, chance: Any, truth: Any) -> None:
    coverage, risk = zip(*risk_coverage(chance, truth), strict=True)
    axes.step(coverage, risk, color=_ACCENT, where="post")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(0.2, 1.1 * max(risk)))
    axes.set_xlabel("share of answers, surest first")
    axes.set_ylabel("wrong")


def _bins(axes: Any, chance: Any, truth: Any) -> None:
    bins = calibration_bins(chance, truth)
    axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.7, linestyle=":")
    axes.scatter(
        [c for c, _, _ in bins], [t for _, t, _ in bins], s=[12 + 4 * n for *_, n in bins], color=_ACCENT
    )
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.05)
    axes.set_xlabel("confidence")
    axes.set_ylabel("right")


def _seconds(axes: Any, times: Sequence[float]) -> None:
    axes.hist(times, bins=min(30, max(5, len(times) // 3)), color=_SOFT)
    for share, down in ((50, 10), (95, 24)):
        at = float(np.percentile(times, share))
        axes.axvline(at, color=_ACCENT)
        label = f"p{share} {at:.2g} s"
        axes.annotate(
            label, (at, axes.get_ylim()[1]), xytext=(3, -down), textcoords="offset points", fontsize=8.5
        )
    axes.set_xlabel("seconds")
    axes.set_ylabel("answers")

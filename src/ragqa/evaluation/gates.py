"""Thresholds that a run must meet (``--fail-under``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ragqa.errors import SettingsError
from ragqa.evaluation.metrics import LOWER_IS_BETTER, MEANS, TIMES

_OTHERS = {"ece", "aurc", "citation_precision_corrected", "citation_recall_corrected"} | {
    f"{name}_ms_p{q}" for name in TIMES for q in (50, 95)
}


@dataclass(frozen=True, slots=True)
class Gate:
    """A figure and the value it must reach; stay under, where lower is better."""

    metric: str
    threshold: float


def parse(text: str) -> Gate:
    """A gate written ``METRIC=X``. Raises SettingsError for an unknown metric or no number."""
    name, _, value = text.partition("=")
    known = sorted(set(MEANS) | _OTHERS)
    if name not in known:
        raise SettingsError(
            f"--fail-under {text}: no metric is called {name!r}; there are {', '.join(known)}"
        )
    try:
        return Gate(name, float(value))
    except ValueError:
        raise SettingsError(f"--fail-under {text}: write it as {name}=0.9") from None


def check(gates: Sequence[Gate], metrics: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each gate that is not met; a figure that was not measured meets none."""
    return [line for gate in gates if (line := _missed(gate, metrics.get(gate.metric)))]


def lower_is_better(metric: str) -> bool:
    """Whether a smaller value of a metric is the better one."""
    return metric in LOWER_IS_BETTER or "_ms_p" in metric


def _missed(gate: Gate, figure: Mapping[str, Any] | None) -> str:
    lower = lower_is_better(gate.metric)
    wanted = f"{'at most' if lower else 'at least'} {gate.threshold:g}"
    if figure is None:
        return f"{gate.metric}: was not measured ({wanted} asked)"
    met = figure["value"] <= gate.threshold if lower else figure["value"] >= gate.threshold
    if met:
        return ""
    return f"{gate.metric}: {figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f}), {wanted} asked"

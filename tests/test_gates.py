"""Thresholds of a measurement: how they are written, and when they are met."""

from __future__ import annotations

import pytest

from ragqa.errors import SettingsError
from ragqa.evaluation.gates import Gate, check, lower_is_better, parse

METRICS = {
    "containment": {"value": 0.9, "low": 0.85, "high": 0.95, "n": 100},
    "false_refusal": {"value": 0.1, "low": 0.05, "high": 0.15, "n": 100},
    "total_ms_p95": {"value": 1500.0, "low": 1400.0, "high": 1600.0, "n": 100},
}


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("containment=0.9", Gate("containment", 0.9)),
        ("success@5=1", Gate("success@5", 1.0)),
        ("total_ms_p95=2e3", Gate("total_ms_p95", 2000.0)),
        ("citation_recall_corrected=.5", Gate("citation_recall_corrected", 0.5)),
        ("ece=0.1", Gate("ece", 0.1)),
        ("answer_f1=0.6", Gate("answer_f1", 0.6)),
        ("quote_exact=1", Gate("quote_exact", 1.0)),
        ("translated_ms_p50=4000", Gate("translated_ms_p50", 4000.0)),
    ],
)
def test_a_gate_is_a_figure_and_a_number(text: str, gate: Gate) -> None:
    assert parse(text) == gate


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("accuracy=0.9", r"no metric is called 'accuracy'; there are .*, containment, .*total_ms_p95"),
        ("=0.9", "no metric is called ''"),
        ("containment", r"write it as containment=0\.9"),
        ("containment=", r"write it as containment=0\.9"),
        ("containment=90%", r"write it as containment=0\.9"),
    ],
)
def test_what_is_no_gate_is_said_with_a_remedy(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=f"^--fail-under {text}: {said}"):
        parse(text)


@pytest.mark.parametrize(
    "gate",
    ["containment=0.9", "containment=0.5", "false_refusal=0.1", "false_refusal=0.5", "total_ms_p95=1500"],
)
def test_a_gate_is_met_on_its_threshold_and_on_the_good_side_of_it(gate: str) -> None:
    assert check([parse(gate)], METRICS) == []


@pytest.mark.parametrize(
    ("gate", "line"),
    [
        ("containment=0.91", "containment: 0.900 (0.850-0.950), at least 0.91 asked"),
        ("false_refusal=0.05", "false_refusal: 0.100 (0.050-0.150), at most 0.05 asked"),
        ("total_ms_p95=1000", "total_ms_p95: 1500.000 (1400.000-1600.000), at most 1000 asked"),
        ("refusal_recall=0.5", "refusal_recall: was not measured (at least 0.5 asked)"),
        ("brier=0.5", "brier: was not measured (at most 0.5 asked)"),
    ],
)
def test_a_gate_that_is_not_met_says_by_how_much(gate: str, line: str) -> None:
    assert check([parse(gate)], METRICS) == [line]


def test_every_gate_is_asked() -> None:
    gates = [parse(text) for text in ("containment=1", "false_refusal=1", "joint=0")]
    assert [line.split(":")[0] for line in check(gates, METRICS)] == ["containment", "joint"]


def test_errors_and_times_are_better_when_they_are_lower() -> None:
    lower = ("false_refusal", "brier", "ece", "aurc", "retrieve_ms_p50", "length", "possible_unanswerable")
    assert all(map(lower_is_better, lower))
    assert not any(
        map(lower_is_better, ("containment", "success@5", "refusal_recall", "judged@10", "possible_right"))
    )

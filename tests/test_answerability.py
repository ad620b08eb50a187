"""From the reader's scores to a probability, and from that to one of three outcomes."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ragqa.answer.refusal import status_of
from ragqa.retrieval import answerability
from ragqa.retrieval.answerability import chance, confidence, fitted

WEIGHTS: dict[str, Any] = {
    "passage": {"": -1.0, "reader": 2.0, "retrieval": 4.0},
    "answer": {"": -1.0, "reader": 1.0, "retrieval": 2.0},
    "refuse_below": 0.4,
    "answered_from": 0.7,
}


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(answerability, "fitted", lambda: WEIGHTS)
    return WEIGHTS


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


# --- as fitted -------------------------------------------------------------------------------


def test_no_fitted_weight_is_negative_but_for_intercepts() -> None:
    sets = [fitted()["passage"], fitted()["answer"]]
    assert all(value >= 0 for weights in sets for name, value in weights.items() if name)


def test_every_score_has_a_fitted_weight() -> None:
    assert fitted()["answer"].keys() == fitted()["passage"].keys() == {"", "reader", "retrieval"}


def test_the_fitted_thresholds_leave_room_for_all_three_outcomes() -> None:
    assert 0 < fitted()["refuse_below"] < fitted()["answered_from"] < 1


# --- by hand ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("weights")
def test_a_chance_and_a_confidence_are_logistics_of_weighted_scores() -> None:
    # -1 + 2 * 1.5 + 4 * .25 and -1 + 1.5 + 2 * .25
    assert chance(1.5, 0.25) == pytest.approx(logistic(3.0))
    assert confidence(1.5, 0.25) == round(logistic(1.0), 3)


@pytest.mark.usefixtures("weights")
def test_it_stays_between_0_and_1() -> None:
    assert (confidence(1e9, 0.5), confidence(-1e9, 0.5)) == (1, 0)


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("sure", "status"),
    [(0.0, "not_found"), (0.399, "not_found"), (0.4, "possible"), (0.699, "possible"), (0.7, "answered"), (1.0, "answered")],
)  # fmt: skip
def test_two_thresholds_part_three_outcomes(sure: float, status: str) -> None:
    assert status_of(sure) == status


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("least", "sure", "status"),
    [(0.0, 0.0, "possible"), (0.9, 0.899, "not_found"), (0.9, 0.9, "answered"), (1.0, 0.999, "not_found")],
)
def test_the_first_threshold_can_be_set(least: float, sure: float, status: str) -> None:
    assert status_of(sure, refuse_below=least) == status

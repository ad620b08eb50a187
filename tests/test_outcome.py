"""From the reader's signs to a probability, and from that to one of three outcomes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

from ragqa import outcome
from ragqa.outcome import chance, confidence, fitted, signs_of, status_of

SIGNS = {"chance": 1.0, "marked": 0.5}
WEIGHTS: dict[str, Any] = {
    "passage": {"": -1.0, "reader": 2.0, "retrieval": 4.0},
    "answer": {"": -1.0, "chance": 2.0, "marked": 0.25},
    "refuse_below": 0.4,
    "answered_from": 0.7,
}


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr(outcome, "fitted", lambda: WEIGHTS)
    return WEIGHTS


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


# --- as fitted -------------------------------------------------------------------------------


def test_no_fitted_weight_is_negative_but_for_intercepts() -> None:
    sets = [fitted()["passage"], fitted()["answer"]]
    assert all(value >= 0 for weights in sets for name, value in weights.items() if name)


def test_every_sign_has_a_fitted_weight() -> None:
    assert fitted()["answer"].keys() == {"", *SIGNS}
    assert fitted()["passage"].keys() == {"", "reader", "retrieval"}


def test_the_fitted_thresholds_leave_room_for_all_three_outcomes() -> None:
    assert 0 < fitted()["refuse_below"] < fitted()["answered_from"] < 1


@pytest.mark.parametrize("name", SIGNS)
def test_no_better_sign_lowers_a_confidence(name: str) -> None:
    steps = [confidence({**SIGNS, name: value / 2}) for value in range(-8, 9)]
    assert all(low <= high for low, high in pairwise(steps))
    assert all(0 <= step <= 1 for step in steps)


def test_the_better_a_text_fits_the_likelier_it_answers() -> None:
    by_reader = [chance(score / 2, 0.5) for score in range(-10, 11)]
    by_retrieval = [chance(1.0, score / 20) for score in range(21)]
    for chances in (by_reader, by_retrieval):
        assert all(low <= high for low, high in pairwise(chances))
    assert by_reader[0] < by_reader[-1]


# --- by hand ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("weights")
def test_a_confidence_is_the_logistic_of_its_weighted_signs() -> None:
    assert chance(1.5, 0.25) == pytest.approx(logistic(3.0))
    # -1 + 2 * 1 + .25 * .5
    assert confidence(SIGNS) == round(logistic(1.125), 3)


@pytest.mark.usefixtures("weights")
def test_it_stays_between_0_and_1() -> None:
    assert (confidence({**SIGNS, "chance": 1e9}), confidence({**SIGNS, "chance": -1e9})) == (1, 0)


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


# --- signs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("none", "marked"), [(0.0, 9.2102), (0.2, 1.3863), (0.5, 0.0), (1.0, -9.2102)])
def test_signs_are_log_odds(none: float, marked: float) -> None:
    assert signs_of(0.8, none) == {"chance": 1.3863, "marked": marked}

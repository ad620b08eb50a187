"""From the reader's signs to a probability, and from that to one of three outcomes."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from fakes import marks

from ragqa import outcome
from ragqa.outcome import chance, confidence, fitted, signs_of, status_of
from ragqa.records import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")
SIGNS = {"reader": 1.0, "second": -1.0, "marked": 0.5, "retrieval": 0.6, "crosses": 0.0}
WEIGHTS: dict[str, Any] = {
    "passage": {"": -1.0, "reader": 2.0, "retrieval": 4.0},
    "answer": {
        "zh": {"": -1.0, "reader": 2.0, "second": 0.5, "marked": 0.25, "retrieval": 1.0, "crosses": 0.5},
        "en": defaultdict(float, reader=1.0),
    },
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
    sets = [fitted()["passage"], *(fitted()["answer"][language] for language in LANGUAGES)]
    assert all(value >= 0 for weights in sets for name, value in weights.items() if name)


def test_every_sign_has_a_fitted_weight_in_both_languages() -> None:
    for language in LANGUAGES:
        assert fitted()["answer"][language].keys() == {"", *SIGNS}
    assert fitted()["passage"].keys() == {"", "reader", "retrieval"}


def test_the_fitted_thresholds_leave_room_for_all_three_outcomes() -> None:
    assert 0 < fitted()["refuse_below"] < fitted()["answered_from"] < 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SIGNS)
def test_no_better_sign_lowers_a_confidence(language: Language, name: str) -> None:
    steps = [confidence({**SIGNS, name: value / 2}, language) for value in range(-8, 9)]
    assert all(low <= high for low, high in pairwise(steps))
    assert all(0 <= step <= 1 for step in steps)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_better_reading_raises_a_confidence(language: Language) -> None:
    assert confidence({**SIGNS, "reader": -4.0}, language) < confidence({**SIGNS, "reader": 4.0}, language)


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
    # -1 + 2 * 1 - .5 * 1 + .25 * .5 + .6
    assert confidence(SIGNS, "zh") == round(logistic(1.225), 3)
    assert confidence({**SIGNS, "crosses": -1.0}, "zh") == round(logistic(0.725), 3)
    assert confidence(SIGNS, "en") == round(logistic(1.0), 3)


@pytest.mark.usefixtures("weights")
def test_it_stays_between_0_and_1() -> None:
    assert (confidence({**SIGNS, "reader": 1e9}, "zh"), confidence({**SIGNS, "reader": -1e9}, "zh")) == (1, 0)


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


def test_signs_are_of_the_first_two_readings() -> None:
    texts = [marks("甲。", (0, 1), score=3.0), marks("乙。", score=-2.0), marks("丙。", (0, 1), score=1.0)]
    sure = replace(texts[0], none=0.2)
    assert signs_of([sure, *texts[1:]], [0.5, 0.9, 0.4], crosses=False) == {
        "reader": 3.0,
        "second": -2.0,
        "marked": 1.3863,  # log(.8 / .2)
        "retrieval": 0.5,
        "crosses": 0.0,
    }


def test_a_text_alone_has_a_second_far_behind_and_another_language_counts_against_it() -> None:
    signs = signs_of([marks("甲。", (0, 1), score=1.0)], [0.5], crosses=True)
    assert (signs["second"], signs["crosses"]) == (-3.0, -1.0)


@pytest.mark.parametrize(("none", "marked"), [(0.0, 9.2102), (0.5, 0.0), (1.0, -9.2102)])
def test_how_surely_marks_stand_somewhere_is_told_in_log_odds(none: float, marked: float) -> None:
    reading = replace(marks("甲。", (0, 1)), none=none)
    assert signs_of([reading], [0.5], crosses=False)["marked"] == marked

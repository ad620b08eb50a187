"""Intervals and tests: values by hand, and what an interval must do."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.evaluation.statistics import (
    Figure,
    aurc,
    brier,
    calibration_bins,
    corrected,
    difference,
    ece,
    holm,
    mean,
    risk_coverage,
    statistic,
)


def wilson(right: int, n: int) -> tuple[float, float]:
    """Wilson's interval by its formula."""
    z, share = 1.959964, right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def alone(values: Sequence[float]) -> list[str]:
    """Every value a group of its own."""
    return [f"g{n}" for n in range(len(values))]


# --- means -----------------------------------------------------------------------------------


def test_a_mean_is_that_of_its_values_within_its_interval() -> None:
    figure = mean([1, 0, 1, 1, 0, 1, 1, 0], alone(range(8)))
    assert (figure.value, figure.n) == (5 / 8, 8)
    assert 0 < figure.low < 5 / 8 < figure.high < 1


def test_sums_are_divided_by_their_counts() -> None:
    figure = mean([2, 0, 1], alone(range(3)), counts=[2, 1, 3])
    assert (figure.value, figure.n) == (3 / 6, 6)


def test_the_same_values_give_the_same_interval() -> None:
    values = [0.1, 0.4, 0.9, 0.3, 0.7]
    assert mean(values, alone(values)) == mean(values, alone(values))


def test_groups_drawn_whole_make_a_wider_interval_than_questions_drawn_one_by_one() -> None:
    # Ten groups of eight questions each that are all right or all wrong: ten things were seen, not eighty.
    values = [float(group % 2) for group in range(10) for _ in range(8)]
    whole = mean(values, [f"g{group}" for group in range(10) for _ in range(8)])
    single = mean(values, alone(values))
    assert whole.value == single.value == 0.5
    assert (whole.high - whole.low) / (single.high - single.low) == pytest.approx(math.sqrt(8), rel=0.15)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_where_nothing_varies_the_interval_is_wilsons_over_groups(value: float) -> None:
    figure = mean([value] * 12, ["a", "b", "c", "d"] * 3)
    assert (figure.value, figure.n) == (value, 12)
    assert (figure.low, figure.high) == pytest.approx(wilson(round(4 * value), 4), abs=1e-4)


def test_a_value_that_never_varies_is_itself() -> None:
    assert mean([0.25] * 3, alone(range(3))) == Figure(0.25, 0.25, 0.25, 3)


@pytest.mark.parametrize("of", ["mean", "statistic"])
def test_an_interval_holds_the_truth_about_as_often_as_it_says(of: str) -> None:
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(40):
        values = (rng.random(60) < 0.7).astype(float).tolist()
        figure = (
            mean(values, alone(values))
            if of == "mean"
            else statistic(values, alone(values), lambda drawn: float(np.mean(drawn)))
        )
        held += figure.low <= 0.7 <= figure.high
    assert held >= 34


def test_a_figure_reads_with_its_interval() -> None:
    assert str(Figure(0.5, 0.25, 0.75, 8)) == "0.500 (0.250-0.750)"


def test_any_figure_gets_an_interval_over_groups() -> None:
    values, groups = [1.0, 2.0, 3.0, 10.0], ["a", "a", "b", "b"]
    figure = statistic(values, groups, lambda drawn: float(np.median(drawn)))
    # Drawn are a twice, both once, or b twice: medians 1.5, 2.5 and 6.5, and nothing else.
    assert (figure.value, figure.low, figure.high, figure.n) == (2.5, 1.5, 6.5, 4)


# --- differences -----------------------------------------------------------------------------


def test_a_run_does_not_differ_from_itself() -> None:
    found = difference([1, 0, 1], [1, 0, 1], alone(range(3)))
    assert (found.figure, found.p, found.mcnemar) == (Figure(0.0, 0.0, 0.0, 3), 1.0, None)
    assert (found.wins, found.losses) == (0, 0)


def test_p_values_of_five_wins_and_no_loss_are_one_in_sixteen() -> None:
    found = difference([0] * 5 + [1, 1], [1] * 5 + [1, 1], alone(range(7)))
    assert found.figure.value == pytest.approx(5 / 7)
    assert (found.wins, found.losses) == (5, 0)
    assert found.p == pytest.approx(2 / 2**5)
    assert found.mcnemar == pytest.approx(2 / 2**5)


def test_mcnemar_counts_discordant_pairs_only() -> None:
    # Six better, two worse: P(0, 1, 2 of 8) twice.
    found = difference([0] * 6 + [1] * 2 + [1] * 9, [1] * 6 + [0] * 2 + [1] * 9, alone(range(17)))
    assert (found.wins, found.losses) == (6, 2)
    assert found.mcnemar == pytest.approx(2 * (1 + 8 + 28) / 2**8)


def test_signs_are_flipped_by_group() -> None:
    # Five wins, but all in one group: one sign.
    found = difference([0] * 5, [1] * 5, ["a"] * 5)
    assert (found.p, found.wins) == (1.0, 5)


def test_a_difference_is_second_minus_first_and_has_no_mcnemar_between_yes_and_no() -> None:
    found = difference([0.5, 0.75], [0.25, 0.75], alone(range(2)))
    assert (found.figure.value, found.mcnemar, found.wins, found.losses) == (-0.125, None, 0, 1)


@pytest.mark.parametrize(
    ("ps", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.5], [0.04, 0.09, 0.09, 0.5]),
        ([0.04, 0.01], [0.04, 0.02]),
        ([0.6, 0.9], [1.0, 1.0]),
        ([], []),
    ],
)
def test_p_values_are_adjusted_for_their_number_by_holm(ps: list[float], adjusted: list[float]) -> None:
    assert holm(ps) == pytest.approx(adjusted)


# --- an imperfect judge ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observed", "expected"), [(0.62, (0.62 + 0.9 - 1) / 0.7), (0.8, 1.0), (0.9, 1.0), (0.05, 0.0)]
)
def test_the_rate_behind_a_judges_is_found_and_stays_one(observed: float, expected: float) -> None:
    assert corrected(observed, sensitivity=0.8, specificity=0.9) == pytest.approx(expected)


@given(st.floats(0, 1), st.floats(0.7, 1), st.floats(0.7, 1))
def test_what_a_judge_makes_of_a_rate_is_undone(truth: float, sensitivity: float, specificity: float) -> None:
    observed = truth * sensitivity + (1 - truth) * (1 - specificity)
    back = corrected(observed, sensitivity=sensitivity, specificity=specificity)
    assert back == pytest.approx(truth, abs=1e-9)


def test_a_judge_that_tells_too_little_corrects_nothing() -> None:
    with pytest.raises(ValueError, match=r"a judge of 0\.70 \+ 0\.59 cannot be corrected for"):
        corrected(0.5, sensitivity=0.7, specificity=0.59)


# --- confidence ------------------------------------------------------------------------------

CHANCE, TRUTH = np.array([0.9, 0.6, 0.8, 0.3]), np.array([1.0, 0.0, 1.0, 0.0])


def test_brier_is_the_mean_squared_error() -> None:
    assert brier(CHANCE, TRUTH) == pytest.approx((0.01 + 0.36 + 0.04 + 0.09) / 4)


def test_bins_hold_equally_many_the_least_sure_first() -> None:
    bins = calibration_bins(CHANCE, TRUTH, bins=2)
    assert [n for *_, n in bins] == [2, 2]
    assert [value for c, t, _ in bins for value in (c, t)] == pytest.approx([0.45, 0.0, 0.85, 1.0])


def test_there_are_no_more_bins_than_answers() -> None:
    assert [n for *_, n in calibration_bins(CHANCE, TRUTH)] == [1, 1, 1, 1]


def test_the_calibration_error_is_the_gap_weighed_by_what_is_in_a_bin() -> None:
    assert ece(CHANCE, TRUTH) == pytest.approx((0.1 + 0.6 + 0.2 + 0.3) / 4)
    # Eleven of ten bins: the first holds two, which are right half the time.
    assert ece(np.full(11, 0.5), np.array([0.0, 1.0] + [1.0] * 9)) == pytest.approx(9 * 0.5 / 11)


def test_risk_grows_with_coverage() -> None:
    curve = risk_coverage(CHANCE, TRUTH)
    assert [share for share, _ in curve] == [0.25, 0.5, 0.75, 1.0]
    assert [risk for _, risk in curve] == pytest.approx([0, 0, 1 / 3, 1 / 2])
    assert aurc(CHANCE, TRUTH) == pytest.approx((1 / 3 + 1 / 2) / 4)


@pytest.mark.parametrize("of", [ece, brier, aurc])
def test_to_be_sure_and_right_is_no_error(of: Callable[[Any, Any], float]) -> None:
    assert of(np.ones(3), np.ones(3)) == 0

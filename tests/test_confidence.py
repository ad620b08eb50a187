"""One probability from a few signs."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from ragqa.confidence import _WEIGHTS, confidence, length_of, signs_of


def test_only_what_is_known_is_a_sign() -> None:
    assert signs_of(score=0.61239, crosses=True, english=False, long=0.0) == {
        "score": 0.6124,
        "crosses": 1.0,
        "english": 0.0,
        "long": 0.0,
    }
    assert set(signs_of(score=0.5, crosses=False, english=False, long=0.0, checked=0.7)) == {
        "score",
        "crosses",
        "english",
        "long",
        "checked",
    }
    assert signs_of(score=0.5, crosses=False, english=False, long=0.0, refusal=0.5)[
        "willing"
    ] == pytest.approx(0.6931)
    assert signs_of(score=0.5, crosses=False, english=False, long=0.0, refusal=0.0)[
        "willing"
    ] == pytest.approx(6.9078)


@pytest.mark.parametrize("signs", [{}, {"checked": 0.7}, {"refusal": 0.2}, {"checked": 0.7, "refusal": 0.2}])
def test_every_set_of_signs_has_weights_and_gives_a_probability(signs: dict[str, float]) -> None:
    found = signs_of(score=0.6, crosses=False, english=False, long=0.0, **signs)
    weights = next(w for w in _WEIGHTS if w.keys() == {"", *found})
    total = weights[""] + sum(weights[name] * value for name, value in found.items())
    assert confidence(found) == pytest.approx(1 / (1 + math.exp(-total)), abs=5e-4)


def test_a_better_passage_and_a_willing_model_raise_it() -> None:
    by_score = [
        confidence(signs_of(score=s, crosses=False, english=False, long=0.0)) for s in (0.4, 0.5, 0.6)
    ]
    by_model = [
        confidence(signs_of(score=0.7, crosses=False, english=False, long=0.0, checked=0.7, refusal=r))
        for r in (0.9, 0.5, 0.01)
    ]
    assert all(low < high for values in (by_score, by_model) for low, high in pairwise(values))


def test_it_stays_between_0_and_1() -> None:
    assert confidence(signs_of(score=1000.0, crosses=False, english=False, long=0.0)) == 1
    assert confidence(signs_of(score=-1000.0, crosses=False, english=False, long=0.0)) == 0


def test_it_is_told_in_thousandths() -> None:
    found = [
        confidence(signs_of(score=score / 7, crosses=False, english=False, long=0.0)) for score in range(8)
    ]
    assert found == [round(value, 3) for value in found]


def test_crossing_and_english_count_as_far_as_texts_are_short() -> None:
    short, half, long = (signs_of(score=0.5, crosses=True, english=True, long=at) for at in (0.0, 0.5, 1.0))
    assert (
        [s["crosses"] for s in (short, half, long)]
        == [s["english"] for s in (short, half, long)]
        == [1, 0.5, 0]
    )


@pytest.mark.parametrize(
    ("articles", "chunks", "long"), [(10, 10, 0), (1, 10, 1), (1, 1000, 1), (0, 0, 0), (100, 316, 0.5)]
)
def test_length_is_the_logarithm_of_an_articles_chunks(articles: int, chunks: int, long: float) -> None:
    assert length_of(articles=articles, chunks=chunks) == pytest.approx(long, abs=1e-3)

"""A bounded store, by hand."""

from __future__ import annotations

from ragqa.cache import Cache


def test_the_oldest_is_forgotten_when_there_are_too_many() -> None:
    known: Cache[int] = Cache(2)
    for number, key in enumerate("abc"):
        known.put(key, number)
    assert [known.get(key) for key in "abc"] == [None, 1, 2]


def test_a_value_put_again_is_replaced() -> None:
    known: Cache[int] = Cache(2)
    known.put("a", 1)
    known.put("a", 2)
    assert known.get("a") == 2


def test_a_value_that_was_used_stays_longer() -> None:
    known: Cache[int] = Cache(2)
    known.put("a", 0)
    known.put("b", 1)
    known.get("a")
    known.put("c", 2)
    assert [known.get(key) for key in "abc"] == [0, None, 2]

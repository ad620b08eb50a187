"""Milliseconds from a question to each first."""

from __future__ import annotations

import pytest

from ragqa.timing import Clock
from ragqa.types import Answer


def test_a_clock_notes_when_each_thing_happened_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([10.0, 10.041, 10.095, 10.2, 10.4, 10.5])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    clock = Clock()
    clock.mark("retrieve")
    clock.mark("first_statement")
    clock.mark("retrieve")
    assert clock.times() == {"retrieve": 41, "first_statement": 95, "total": 400}
    stamped = clock.stamp(Answer("?", "en", "not_found", timings_ms={"old": 1}))
    assert stamped.timings_ms == {"retrieve": 41, "first_statement": 95, "total": 500}

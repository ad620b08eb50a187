"""Milliseconds from a question to each stage of its answer."""

from __future__ import annotations

import time
from dataclasses import replace

from ragqa.types import Answer


class Clock:
    """Counts from its making."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._marks: dict[str, int] = {}

    def mark(self, name: str) -> None:
        """Note when this first happened."""
        self._marks.setdefault(name, self._elapsed())

    def stamp(self, answer: Answer) -> Answer:
        """The answer with all times so far, and the total."""
        return replace(answer, timings_ms=self.times())

    def times(self) -> dict[str, int]:
        """All times so far, and the total."""
        return {**self._marks, "total": self._elapsed()}

    def _elapsed(self) -> int:
        return round(1000 * (time.monotonic() - self._started))

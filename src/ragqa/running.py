"""A question being answered in a thread of its own, so that whoever waits can leave at any moment.

Gradio's own way to cancel an event waits for the step that runs, and fails when the event ends at
that moment; a run is left at once, and the model stops at its next snapshot.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from ragqa.records import Answer

Snapshots = Iterator[Answer]


class Run:
    """Snapshots of one answer; ``turn`` lets one question be answered at a time."""

    def __init__(self, start: Callable[[], Snapshots], turn: threading.Lock) -> None:
        self._start = start
        self._turn = turn
        self._left = threading.Event()
        self._ready: SimpleQueue[Answer | Exception | None] = SimpleQueue()

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._left.is_set()

    def stop(self) -> None:
        """End the iteration at once; the stream is closed at its next snapshot."""
        self._left.set()
        self._ready.put(None)

    def __iter__(self) -> Iterator[Answer]:
        """Snapshots as they come, until the last or until ``stop``; raises what the stream raised."""
        threading.Thread(target=self._work, daemon=True, name="ragqa-answer").start()
        try:
            while (snapshot := self._ready.get()) is not None and not self._left.is_set():
                if isinstance(snapshot, Exception):
                    raise snapshot
                yield snapshot
        except GeneratorExit:
            self.stop()
            raise

    def _work(self) -> None:
        with self._turn:
            try:
                if not self._left.is_set():
                    self._follow(self._start())
            except Exception as error:
                self._ready.put(error)
            finally:
                self._ready.put(None)

    def _follow(self, snapshots: Snapshots) -> None:
        try:
            for snapshot in snapshots:
                if self._left.is_set():
                    return
                self._ready.put(snapshot)
        finally:
            close = getattr(snapshots, "close", None)
            if close is not None:
                close()

"""FIFO queue of cancellable questions; each runs in its own thread.

Gradio's own way to cancel an event waits for the step that runs, and fails when the event ends at
that moment; a run is left at once, and the model stops at its next snapshot.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

from ragqa.errors import BusyError
from ragqa.types import Answer

Snapshots = Iterator[Answer]
# Seconds after which a waiting question is rejected.
_PATIENCE = 120.0


class RequestQueue:
    """FIFO queue: one question is answered, ``places`` may wait.

    Programs ask faster than people read, so they share the line with the page: between two questions of the page
    that wait one of a program is answered, and those of programs take no place from the page.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._runs: list[QueuedAnswer] = []
        self._changed = threading.Condition()
        self._closed = False

    @property
    def empty(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._runs

    @property
    def closed(self) -> bool:
        """Whether it takes no more questions."""
        return self._closed

    def close(self) -> None:
        """Reject new and waiting questions; the running one continues."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def cut(self) -> None:
        """Stop the running question, too."""
        self.close()
        for run in list(self._runs):
            run.stop()

    def ahead(self, run: QueuedAnswer) -> int:
        """How many questions are ahead of a waiting one."""
        with self._changed:
            before = self._runs[: self._runs.index(run)] if run in self._runs else []
            return sum(not other.stopped for other in before)

    def join(self, run: QueuedAnswer) -> None:
        """Join the queue. Raises BusyError when it is full."""
        with self._changed:
            waiting = sum(not other.stopped and (run.program or not other.program) for other in self._runs)
            if self._closed:
                raise BusyError("the server is stopping; ask again in a moment")
            if waiting > self._places:
                raise BusyError(f"{waiting} questions are waiting already; ask again in a moment", waiting)
            self._runs.insert(len(self._runs) if run.program else self._place(), run)

    def _place(self) -> int:
        """Where a question of the page comes in: before the first that is the second of two programs' in a row."""
        pairs = zip(self._runs, self._runs[1:], strict=False)
        second = (at for at, (one, two) in enumerate(pairs, 1) if one.program and two.program)
        return next(second, len(self._runs))

    def reach(self, run: QueuedAnswer) -> bool:
        """Wait until a question is first; False when it was stopped. Raises BusyError after two minutes."""
        with self._changed:
            come = self._changed.wait_for(
                lambda: self._runs[0] is run or run.stopped or self._closed, timeout=_PATIENCE
            )
            if not run.stopped and (not come or self._runs[0] is not run):
                raise BusyError("this question has waited too long; ask again in a moment", len(self._runs))
            return not run.stopped

    def leave(self, run: QueuedAnswer) -> None:
        """Leave the queue."""
        with self._changed:
            if run in self._runs:
                self._runs.remove(run)
            self._changed.notify_all()

    def look_again(self) -> None:
        """Wake the waiting questions after one was stopped."""
        with self._changed:
            self._changed.notify_all()


class QueuedAnswer:
    """The snapshots of one answer, produced when it is first in the queue. Raises BusyError when the queue is full.

    ``program`` says that a program asks, not a reader of the page.
    """

    def __init__(self, start: Callable[[], Snapshots], queue: RequestQueue, *, program: bool = False) -> None:
        self.program = program
        self._start = start
        self._queue = queue
        self._left = threading.Event()
        self._begun = False
        self._ready: SimpleQueue[Answer | Exception | None] = SimpleQueue()
        queue.join(self)

    @property
    def stopped(self) -> bool:
        """Whether it was stopped."""
        return self._left.is_set()

    @property
    def ahead(self) -> int:
        """How many questions are answered first."""
        return self._queue.ahead(self)

    def stop(self) -> None:
        """End the iteration at once; the stream is closed at its next snapshot."""
        self._left.set()
        self._ready.put(None)
        if self._begun:
            self._queue.look_again()
        else:
            self._queue.leave(self)

    def last(self) -> Answer | None:
        """The finished answer; None when it was stopped. Raises what the stream raised."""
        answer = None
        for snapshot in self:
            answer = snapshot
        return None if self.stopped else answer

    def __iter__(self) -> Iterator[Answer]:
        """Snapshots as they come, until the last or until ``stop``; raises what the stream raised."""
        self._begun = True
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
        try:
            if self._queue.reach(self):
                self._follow(self._start())
        except Exception as error:
            self._ready.put(error)
        finally:
            self._queue.leave(self)
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

"""Background jobs: one at a time, with progress and result."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from ragqa.errors import RagqaError, UploadError
from ragqa.types import Progress

State = Literal["idle", "waiting", "running", "done", "failed"]
Work = Callable[[Progress], object]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """Progress of a job; an error is a key of words.json with its values, or English text."""

    state: State = "idle"
    done: int = 0
    total: int = 0
    word: str = ""
    args: Mapping[str, str | int] = field(default_factory=dict)
    said: str = ""


class Job:
    """A repeatable background job; jobs that share a ``turn`` never run at the same time.

    It starts after ``quiet`` seconds without a new request, so that twenty uploads cause one rebuild.
    """

    def __init__(self, work: Work, turn: threading.Lock, *, quiet: float = 0) -> None:
        self.status = Status()
        self._work = work
        self._turn = turn
        self._quiet = quiet
        self._due: float | None = None
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether it waits or runs."""
        return self.status.state in ("waiting", "running")

    def start(self) -> None:
        """Begin soon; if it runs already, once more after that."""
        with self._lock:
            self._due = time.monotonic() + self._quiet
            if self.busy:
                return
            self.status = Status("waiting")
        threading.Thread(target=self._run, daemon=True, name="ragqa-job").start()

    def _run(self) -> None:
        while True:
            while self._due is not None and (left := self._due - time.monotonic()) > 0:
                time.sleep(left)
            with self._turn:
                self._due = None
                self.status = Status("running")
                outcome = self._outcome()
            with self._lock:
                self.status = Status("waiting") if self._due is not None else outcome
                if not self.busy:
                    return

    def _outcome(self) -> Status:
        try:
            self._work(self._progress)
        except UploadError as error:
            return Status("failed", word=error.word, args=error.values)
        except RagqaError as error:
            return Status("failed", said=str(error))
        except Exception:
            _log.exception("work in the background failed")
            return Status("failed", word="panel.error")
        finally:
            # A model that was loaded for the work hangs in a circle of references.
            gc.collect()
        return Status("done")

    def _progress(self, done: int, total: int, rate: float = 0.0, /) -> None:
        self.status = replace(self.status, done=done, total=total)

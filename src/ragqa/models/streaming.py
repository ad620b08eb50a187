"""Stream pieces of text from a model in its own thread; the consumer can stop it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ragqa.errors import ModelError

# How often a reader who waits may change their mind.
_BEAT = 0.2
_END = object()


def pieces_of(run: Callable[[Callable[[str], bool]], None]) -> Iterator[str]:
    """Turn a function that pushes pieces from a thread into an iterator; closing it stops the thread.

    While the model produces nothing it yields empty pieces, so that the consumer can stop.
    """
    pieces: queue.Queue[Any] = queue.Queue()
    stop = threading.Event()

    def emit(piece: str) -> bool:
        if piece:
            pieces.put(piece)
        return stop.is_set()

    def work() -> None:
        try:
            run(emit)
            pieces.put(_END)
        except Exception as error:  # handed to the reader below
            pieces.put(error)

    thread = threading.Thread(target=work, daemon=True, name="ragqa-generator")
    thread.start()
    try:
        while (piece := _within(pieces, _BEAT)) is not _END:
            if isinstance(piece, ModelError):
                raise piece
            if isinstance(piece, Exception):
                raise ModelError(f"the language model failed: {piece}") from piece
            yield piece
    finally:
        stop.set()


def _within(pieces: queue.Queue[Any], seconds: float) -> Any:
    """The next piece, or an empty one when it takes longer."""
    try:
        return pieces.get(timeout=seconds)
    except queue.Empty:
        return ""

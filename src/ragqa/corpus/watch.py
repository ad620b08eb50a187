"""Watch a corpus folder for changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

EVERY = 2.0

State = frozenset[tuple[str, int, int]]


def changes(corpus: Path) -> Iterator[None]:
    """Yield once at first, then after each change that is unchanged at the next look, without end.

    A file that is still being copied grows between looks and is not indexed yet.
    """
    built = last = _state(corpus)
    yield
    while True:
        time.sleep(EVERY)
        # What changes while the index is built is seen afterwards: the state is that of before.
        now = _state(corpus)
        if now == last and now != built:
            built = now
            yield
        last = now


def _state(corpus: Path) -> State:
    """Names, sizes and times of what is there; hidden files are not read, so they do not count."""
    paths = [corpus] if corpus.is_file() else corpus.rglob("*")
    return frozenset(fact for path in paths if (fact := _fact(path, corpus)))


def _fact(path: Path, corpus: Path) -> tuple[str, int, int] | None:
    if any(part.startswith(".") for part in path.relative_to(corpus).parts):
        return None
    try:
        facts = path.stat()
    except OSError:
        return None
    return (str(path), facts.st_size, facts.st_mtime_ns) if path.is_file() else None

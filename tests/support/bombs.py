"""Pickles that leave a file behind when they are read; nothing may ever read them."""

from __future__ import annotations

import pickle
from pathlib import Path


class Bomb:
    """What makes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self._trace), "w")


def bomb(trace: Path) -> bytes:
    """A pickle that makes the file ``trace``."""
    return pickle.dumps(Bomb(trace))


def plant(folder: Path, trace: Path, names: list[str]) -> list[Path]:
    """Put bombs of these names into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in names]
    for path in paths:
        path.write_bytes(bomb(trace))
    return paths

"""Durable writes: flush, rename, and enough disk space."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ragqa.errors import RagqaError

_MEGABYTE = 2**20


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make(folder: Path) -> None:
    """Create a folder and its parents durably."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync(path.parent)


def replace(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Replace a file atomically: a reader sees the old content or the new. ``mode`` as in open(2)."""
    temporary = _beside(path)
    try:
        temporary.unlink(missing_ok=True)
        temporary.touch(mode)
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        sync(temporary)
        temporary.replace(path)
    except OSError:
        tidy(path)
        raise
    sync(path.parent)


def tidy(path: Path) -> None:
    """Delete the leftovers of an interrupted ``replace``."""
    with suppress(OSError):
        _beside(path).unlink(missing_ok=True)


@contextmanager
def refusals(folder: Path) -> Iterator[None]:
    """Turn disk errors into a RagqaError with the reason."""
    try:
        yield
    except OSError as error:
        raise RagqaError(
            f"the index could not be written to {folder}: {error}; the old one is unharmed"
        ) from error


def require_room(folder: Path, needed: int) -> None:
    """Raise RagqaError unless so many bytes are free where a folder is, or will be."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise RagqaError(
            f"there is too little room for the index in {folder}/: about {-(-needed // _MEGABYTE)} MB needed, "
            f"{free // _MEGABYTE} MB free; the old one is unharmed; make room, then run again"
        )


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.tmp")

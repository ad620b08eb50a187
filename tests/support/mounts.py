"""File systems that tests mount, where they may."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(target: Path, *options: str) -> Iterator[None]:
    """Have something mounted at a folder meanwhile; skips the test where that is not allowed."""
    if not shutil.which("mount"):
        pytest.skip("needs mount")
    done = subprocess.run(["mount", *options, str(target)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs the right to mount: {done.stderr.strip()}")
    try:
        yield
    finally:
        # Lazily: an open index keeps files mapped.
        subprocess.run(["umount", "--lazy", str(target)], check=True)


@contextmanager
def full_at(target: Path, size: int) -> Iterator[None]:
    """A disk of so many bytes at a folder."""
    with mounted(target, "-t", "tmpfs", "-o", f"size={size}", "tmpfs"):
        yield


def grow(target: Path, size: int) -> None:
    """Give the disk at a folder another size."""
    subprocess.run(["mount", "-o", f"remount,size={size}", str(target)], check=True)


@contextmanager
def read_only(source: Path, target: Path) -> Iterator[None]:
    """A folder once more, where nothing can be written."""
    with mounted(target, "-o", "bind,ro", str(source)):
        with pytest.raises(OSError, match="Read-only"):
            (target / "x").touch()
        yield

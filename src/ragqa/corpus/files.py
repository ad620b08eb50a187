"""List and open files below a folder: regular files only, no symbolic links."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import IO

from ragqa.types import Skipped


def listed(root: Path) -> tuple[list[str], list[Skipped]]:
    """The files below ``root``, and the folders that are not entered."""
    files: list[str] = []
    refused: list[Skipped] = []
    # A list, since os.walk calls itself for each folder and a thousand inside each other end it.
    waiting = [""]
    while waiting:
        below = waiting.pop()
        try:
            with os.scandir(root / below) as listing:
                entries = [entry for entry in listing if not entry.name.startswith(".")]
        except OSError as error:
            refused.append(Skipped(shown(below or str(root)), error.strerror or "cannot be read"))
            continue
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.is_dir(follow_symlinks=False):
                waiting.append(name)
            elif os.path.isdir(entry.path):  # noqa: PTH112 - DirEntry.is_dir raises on a loop of links
                refused.append(Skipped(shown(name), "a link to a folder"))
            else:
                files.append(name)
    return files, refused


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file and nothing else: also refuses a link or a pipe put there meanwhile."""
    if not stat.S_ISREG(path.stat(follow_symlinks=False).st_mode):
        raise ValueError("not a regular file")
    flags = os.O_RDONLY
    for name in ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW"):
        flags |= getattr(os, name, 0)
    handle = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
        handle.close()
        raise ValueError("not a regular file")
    return handle


def is_plain(name: str) -> bool:
    """Whether a name can be shown as it is; full-width spaces can."""
    return name.replace("\u3000", " ").isprintable()


def shown(name: str) -> str:
    """A name with unprintable characters escaped."""
    return "".join(c if is_plain(c) else c.encode("unicode_escape").decode() for c in name)

"""Start a Ray cluster as the engine does and print the addresses that its processes listen on, as hexadecimal."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ragqa.index.ray_engine import _connected

_LISTENS = "0A"


def below(pid: int) -> set[int]:
    """A process and all that it started."""
    found, waiting = set[int](), [pid]
    while waiting:
        found.add(one := waiting.pop())
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with suppress(OSError):
                waiting += map(int, task.read_text().split())
    return found


def sockets(pid: int) -> set[str]:
    """The inodes of the sockets that a process has open."""
    found = set[str]()
    with suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                name = str(entry.readlink())
                if name.startswith("socket:["):
                    found.add(name[8:-1])
    return found


def main() -> None:
    _connected("")
    ours = set[str]().union(*map(sockets, below(os.getpid())))
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == _LISTENS and columns[9] in ours:
                print("LISTENS", columns[1].split(":")[0])


if __name__ == "__main__":
    main()

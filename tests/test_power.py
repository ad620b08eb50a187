"""The power fails: what was not synced may be lost, names or bytes of files or both.

A disk keeps what was synced; of the rest it may keep the names without the bytes, the bytes without the names,
names that took the place of others without those that are new, or nothing. One undisturbed build is watched, and each
of the four disks is made for the moment before every call.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import pytest
from support.faults import Told, build, counted, files
from support.tally import Tally
from test_crashes import PLACES, Scene

Tree = dict[str, "bytes | Tree"]
Kept = Literal["nothing", "names", "replaced", "bytes"]
KEPT: tuple[Kept, ...] = ("names", "replaced", "bytes", "nothing")


class Platter:
    """What is certain to be on the disk: of each file its bytes, of each folder its names, when last synced."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.disks: list[Tree] = []
        self._bytes: dict[int, bytes] = {}
        self._names: dict[int, dict[str, int]] = {}
        self._paths: dict[int, int] = {}
        for path in self._walk():
            self._see(path)
            self._sync(path.stat().st_ino)

    def close(self) -> None:
        """Let go of what was held."""
        for descriptor in self._paths.values():
            os.close(descriptor)

    def watch(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Make the disks of this moment; a sync makes one file or folder certain."""
        for path in self._walk():
            self._see(path)
        self.disks += [self._tree(self.root.stat().st_ino, kept) for kept in KEPT]
        if name == "fsync":
            self._sync(os.fstat(arguments[0]).st_ino)

    def _walk(self) -> Iterator[Path]:
        yield self.root
        with suppress(FileNotFoundError):
            yield from self.root.rglob("*")

    def _see(self, path: Path) -> None:
        """Hold what is new open, so that no other takes its number; nothing of it is certain yet."""
        number = path.stat().st_ino
        if number not in self._paths:
            self._paths[number] = os.open(path, os.O_RDONLY)
            if path.is_dir():
                self._names[number] = {}
            else:
                self._bytes[number] = b""

    def _sync(self, number: int) -> None:
        if number in self._names:
            self._names[number] = self._present_names(number)
        elif number in self._bytes:
            self._bytes[number] = self._present_bytes(number)

    def _present_names(self, number: int) -> dict[str, int]:
        held = f"/proc/self/fd/{self._paths[number]}"
        return {entry.name: entry.inode() for entry in os.scandir(held)}

    def _present_bytes(self, number: int) -> bytes:
        held = self._paths[number]
        return os.pread(held, os.fstat(held).st_size, 0)

    def _kept_names(self, number: int, kept: Kept) -> dict[str, int]:
        certain = self._names[number]
        if kept not in ("names", "replaced"):
            return certain
        present = self._present_names(number)
        return (
            present if kept == "names" else {name: present.get(name, each) for name, each in certain.items()}
        )

    def _tree(self, number: int, kept: Kept) -> Tree:
        content = self._present_bytes if kept == "bytes" else self._bytes.__getitem__
        return {
            name: self._tree(each, kept) if each in self._names else content(each)
            for name, each in self._kept_names(number, kept).items()
        }


def laid_out(tree: Tree, folder: Path) -> Path:
    """A disk as a folder."""
    folder.mkdir()
    for name, each in tree.items():
        if isinstance(each, dict):
            laid_out(each, folder / name)
        else:
            (folder / name).write_bytes(each)
    return folder


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc, as on Linux")
@pytest.mark.parametrize("place", PLACES)
def test_whatever_was_not_synced_is_lost_and_the_old_index_or_the_new_is_there(
    place: str, tmp_path: Path, tally: Tally
) -> None:
    scene = Scene(tmp_path, old=place == "update")
    platter = Platter(index := scene.index())
    with counted(index, -1, lambda: None, platter.watch):
        build(scene.corpus, index, Told())
    platter.watch("the end", ())
    platter.close()
    whole, seen = 0, list[Tree]()
    for number, disk in enumerate(platter.disks):
        if disk in seen:
            whole += 1
            continue
        seen.append(disk)
        after = laid_out(disk, tmp_path / f"after-{number}")
        found = files(after)
        whole += found in (scene.old, scene.new)
        scene.require_recovery(after)
    assert files(laid_out(platter.disks[-1], tmp_path / "in the end")) == scene.new
    what = "a first build" if place == "anew" else "an update"
    tally("A1", f"the power fails at every call of {what}, and of what was not synced names, bytes or both are lost: old or new, whole", whole, len(platter.disks))  # fmt: skip
    assert whole == len(platter.disks)
    assert len(seen) > 10

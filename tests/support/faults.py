"""Builds that are cut off: every call that changes the disk is counted, and one of them goes wrong."""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

from ragqa.errors import IndexMissingError
from ragqa.index import calibration, shards, store
from ragqa.index.build import build_index
from ragqa.index.calibration import parallel
from ragqa.index.index import Index
from ragqa.index.store import verify
from support.fakes import TokenEncoder

Files = dict[str, bytes]
Watch = Callable[[str, tuple[Any, ...]], object]
CALLS = ("fsync", "replace", "mkdir", "truncate", "rmdir", "unlink")


class Counter:
    """Counts calls; ``act`` is what happens at number ``at``, in a write after half of its bytes.

    ``watch`` is told of each call before it is made.
    """

    def __init__(self, at: int, act: Callable[[], object], watch: Watch | None = None) -> None:
        self.at, self.act, self.watch = at, act, watch
        self.calls: list[str] = []

    def due(self, name: str, arguments: tuple[Any, ...] = ()) -> bool:
        self.calls.append(name)
        if self.watch:
            self.watch(name, arguments)
        return len(self.calls) == self.at

    def tick(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        if self.due(name, arguments):
            self.act()


class Raw(io.FileIO):
    """What reaches the kernel, a call each; the one that goes wrong stops halfway."""

    def __init__(self, path: Any, mode: str, counter: Counter) -> None:
        super().__init__(path, mode)
        self._counter = counter

    def write(self, data: Any) -> int:
        half = 0
        if self._counter.due("write"):
            half = super().write(memoryview(data)[: len(data) // 2]) or 0
            self._counter.act()
        return half + (super().write(memoryview(data)[half:]) or 0)


class Torn:
    """A file over Raw. No io object, lest numpy write past it."""

    def __init__(self, path: Any, mode: str, counter: Counter, encoding: str | None) -> None:
        raw = Raw(path, mode.replace("b", "").replace("t", ""), counter)
        buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        self._file: Any = buffered if "b" in mode else io.TextIOWrapper(buffered, encoding)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Torn:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


@contextmanager
def counted(
    folder: Path, at: int, act: Callable[[], object], watch: Watch | None = None
) -> Iterator[Counter]:
    """Count what is opened for writing below a folder, written, synced, renamed, made and deleted."""
    counter, opened = Counter(at, act, watch), io.open

    def opening(path: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        ours = isinstance(path, str | Path) and Path(path).is_relative_to(folder) and set(mode) & set("wax+")
        if not ours:
            return opened(path, mode, *rest, **named)
        counter.tick(f"open {Path(path).name}")
        return Torn(path, mode, counter, named.get("encoding"))

    def counting(name: str) -> Callable[..., Any]:
        call = getattr(os, name)

        def counted_call(*arguments: Any, **named: Any) -> Any:
            counter.tick(name, arguments)
            # What a killed process had written stays without a sync; only a lost current would tell.
            return None if name == "fsync" else call(*arguments, **named)

        return counted_call

    patches = [mock.patch.object(os, name, counting(name)) for name in CALLS]
    patches += [mock.patch.object(module, "open", opening) for module in (io, builtins)]
    for patch in patches:
        patch.start()
    try:
        yield counter
    finally:
        for patch in reversed(patches):
            patch.stop()


def fail_with(number: int) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


class Told(TokenEncoder):
    """Calls ``tell`` with each batch once it is encoded."""

    def __init__(self, tell: Callable[[int], object] = lambda size: None) -> None:
        super().__init__()
        self.tell = tell

    def encode_passages(self, texts: Any, **options: Any) -> Any:
        encoded = super().encode_passages(texts, **options)
        self.tell(len(texts))
        return encoded


def build(corpus: Path, index: Path, encoder: Any, **options: Any) -> Any:
    """Build with small chunks, a shard each; the encoder is measured on two rows only."""
    rows = parallel()[:2]
    with (
        mock.patch.object(shards, "CHUNKS", 1),
        mock.patch.object(calibration, "parallel", return_value=rows),
    ):
        return build_index(corpus, index, encoder=lambda: encoder, chunk_size=40, **options)


def files(index: Path) -> Files:
    """What the current version holds, but for its manifest; nothing where there is none."""
    try:
        home = index / Index.open(index).manifest.version
    except IndexMissingError:
        return {}
    assert verify(index) == []
    return {path.name: path.read_bytes() for path in home.iterdir() if path.name != "manifest.json"}


def contents(index: Path) -> Files:
    """Every file of the current version but its manifest, which holds a time; nothing is opened as an index."""
    return {
        path.name: path.read_bytes() for path in version_of(index).iterdir() if path.name != "manifest.json"
    }


def version_of(index: Path) -> Path:
    """The folder of the current version."""
    return index / (index / "current").read_text(encoding="utf-8").strip()


def sealed(folder: Path) -> None:
    """Give the current version the hashes of the files that lie there, as whoever wrote them would."""
    lying = version_of(folder)
    manifest = store.manifest_of(lying)
    facts = {name: store._facts(lying / name) for name in manifest.files}
    (lying / "manifest.json").write_text(store._sealed(replace(manifest, files=facts)), encoding="utf-8")

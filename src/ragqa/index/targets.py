"""Where a new version of an index is written, and the one that it replaces: a folder or a store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import platformdirs

from ragqa.errors import IndexMismatchError, IndexUnusableError
from ragqa.index import durable, store
from ragqa.index.index import Index
from ragqa.index.prepared import Prepared
from ragqa.index.searchable import SearchIndex
from ragqa.index.store import Manifest
from ragqa.index.stores import store_of
from ragqa.index.stores import writing as stores
from ragqa.index.stores.writing import Store, Writer
from ragqa.settings import StoreAddress


class Target(Protocol):
    """Where nobody else writes meanwhile; ``side`` is a folder for what is encoded until it is published."""

    @property
    def side(self) -> Path:
        """The folder."""
        ...

    def save(self, prepared: Prepared, old: SearchIndex | None, *, keep: int) -> Manifest:
        """Write a version beside the others and publish it; of those before it ``keep - 1`` stay."""
        ...

    def tidy(self, *, keep: int) -> None:
        """Delete leftovers of interrupted writers, and versions beyond those that stay."""
        ...


def present(index: Path | StoreAddress) -> SearchIndex | None:
    """The present version; None where there is none or it is damaged, so that all is rebuilt.

    The hashes of files are compared, too: what is taken over from them gets new ones, and would be believed.
    Raises StoreError where a store cannot be reached.
    """
    if isinstance(index, StoreAddress):
        return _present(store_of(index))
    try:
        return None if store.verify(index) else Index.open(index)
    except IndexUnusableError:
        return None


@contextmanager
def writing(index: Path | StoreAddress, home: Path | None = None) -> Iterator[Target]:
    """Hold the writer's lock of an index. Raises IndexBusyError when it is taken.

    ``home`` is where a store's side folder lies, by default in the user's cache.
    """
    if isinstance(index, StoreAddress):
        home = home or Path(platformdirs.user_cache_dir("ragqa"))
        side = home / "encoded" / hashlib.sha256(str(index).encode()).hexdigest()[:16]
        durable.make(side)
        there = store_of(index)
        with there.writing() as writer:
            yield StoreTarget(side, there, writer)
    else:
        with store.writing(index):
            yield FolderTarget(index)


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """A folder of versions."""

    side: Path

    def save(self, prepared: Prepared, old: SearchIndex | None, *, keep: int) -> Manifest:
        """Write a version beside the others and publish it."""
        built = Index.build(
            prepared.articles,
            prepared.chunks,
            prepared.vectors,
            keys=prepared.keys,
            manifest=prepared.manifest,
            texts=prepared.texts,
            signatures=prepared.signatures,
            score_offsets=prepared.score_offsets,
            old=old if isinstance(old, Index) else None,
        )
        return built.save(self.side, keep=keep)

    def tidy(self, *, keep: int) -> None:
        """Delete leftovers, and versions beyond those that stay."""
        store.tidy(self.side, keep=keep)


@dataclass(frozen=True, slots=True)
class StoreTarget:
    """A store, and a folder of this machine for what is encoded until it is published."""

    side: Path
    store: Store
    writer: Writer

    def save(self, prepared: Prepared, old: SearchIndex | None, *, keep: int) -> Manifest:
        """Write a generation beside the others and publish it."""
        return stores.save(self.store, self.writer, prepared, keep=keep)

    def tidy(self, *, keep: int) -> None:
        """Drop leftovers, and generations beyond those that stay."""
        stores.tidy(self.store, self.writer, keep=keep)


def _present(stored: Store) -> SearchIndex | None:
    name = stored.current()
    try:
        return stored.open(name) if name else None
    except IndexMismatchError:
        return None

"""The index version that answers questions; a rebuilt version becomes visible here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ragqa.errors import IndexMismatchError, IndexMissingError, IndexUnusableError, StoreError
from ragqa.index.index import Index
from ragqa.index.searchable import SearchIndex
from ragqa.index.store import REBUILD, Manifest, current, damage, read_manifest, settled
from ragqa.index.stores import store_of
from ragqa.settings import StoreAddress

_log = logging.getLogger(__name__)


class Current:
    """Follows ``current`` at each question; an unusable version is skipped.

    It stays with the one before, and ``problem`` says why; without one before it raises. ``require``
    raises IndexMismatchError for a version that does not fit. ``verified`` compares every file with
    its SHA-256 before a version answers (0.2 s a 100 MB).
    """

    def __init__(
        self, index: Path | StoreAddress, require: Callable[[Manifest], None], *, verified: bool = False
    ) -> None:
        self.problem = ""
        self._source: FolderSource | StoreSource = (
            StoreSource(index) if isinstance(index, StoreAddress) else FolderSource(index, verified=verified)
        )
        self._require = require
        self._index: SearchIndex | None = None
        self._looked: str | None = None
        self._lock = threading.Lock()

    @property
    def opening(self) -> bool:
        """Whether the first version is being opened."""
        return self._index is None and self._lock.locked()

    def try_open(self) -> None:
        """Open the current version ahead of the first question, which gets the error if there is one."""
        with suppress(IndexUnusableError):
            self.get()

    def get(self) -> SearchIndex | None:
        """The newest version that can be used; None while there is no index. Raises IndexMismatchError."""
        if not self._is_seen(self._source.current()):
            with self._lock:
                # Whoever waited here finds it done.
                if not self._is_seen(name := self._source.current()):
                    self._look(name)
        return self._index

    def _is_seen(self, name: str | None) -> bool:
        return self._index is not None and name == self._looked

    def _look(self, name: str | None) -> None:
        try:
            index = self._source.load(self._index, self._require)
        except IndexUnusableError as error:
            if self._index is None:
                if isinstance(error, IndexMissingError):
                    return
                raise
            if isinstance(error, StoreError):
                # It may be reached again at the next question.
                raise
            _log.warning("a new version is passed over: %s", error)
            self._looked, self.problem = name, str(error)
        else:
            self._index, self._looked, self.problem = index, index.manifest.version, ""


class FolderSource:
    """The versions in a folder; with ``verified`` each file is compared with its SHA-256."""

    def __init__(self, folder: Path, *, verified: bool) -> None:
        self._folder = folder
        self._verified = verified

    def current(self) -> str | None:
        """The name of the current version."""
        return current(self._folder)

    def load(self, held: SearchIndex | None, require: Callable[[Manifest], None]) -> SearchIndex:
        """The current version, or ``held`` where it is that."""
        return settled(self._folder, lambda: self._load(held, require))

    def _load(self, held: SearchIndex | None, require: Callable[[Manifest], None]) -> SearchIndex:
        home, manifest = read_manifest(self._folder)
        require(manifest)
        if self._verified and (found := damage(home, manifest)):
            raise IndexMismatchError(f"{found[0]}; {REBUILD}")
        if held is not None and held.manifest.version == manifest.version:
            return held
        return Index.load(home, manifest)


class StoreSource:
    """The generations in a store."""

    def __init__(self, address: StoreAddress) -> None:
        self._store = store_of(address)

    def current(self) -> str | None:
        """The name of the current generation. Raises StoreError."""
        return self._store.current()

    def load(self, held: SearchIndex | None, require: Callable[[Manifest], None]) -> SearchIndex:
        """The current generation, or ``held`` where it is that; again where it was dropped meanwhile."""
        while True:
            manifest = self._store.manifest()
            require(manifest)
            if held is not None and held.manifest.version == manifest.version:
                return held
            try:
                return self._store.open(manifest.version)
            except IndexMismatchError:
                if self._store.current() == manifest.version:
                    raise

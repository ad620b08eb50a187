"""The index version that answers questions; a rebuilt version becomes visible here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ragqa.errors import IndexMismatchError, IndexMissingError, IndexUnusableError
from ragqa.index.index import Index
from ragqa.index.store import REBUILD, Manifest, current, damage, read_manifest, settled

_log = logging.getLogger(__name__)


class Current:
    """Follows ``current`` at each question; an unusable version is skipped.

    It stays with the one before, and ``problem`` says why; without one before it raises. ``require``
    raises IndexMismatchError for a version that does not fit. ``verified`` compares every file with
    its SHA-256 before a version answers (0.2 s a 100 MB).
    """

    def __init__(self, folder: Path, require: Callable[[Manifest], None], *, verified: bool = False) -> None:
        self.problem = ""
        self._folder = folder
        self._require = require
        self._verified = verified
        self._index: Index | None = None
        self._looked: str | None = None
        self._lock = threading.Lock()

    @property
    def opening(self) -> bool:
        """Whether the first version is being opened."""
        return self._index is None and self._lock.locked()

    def try_open(self) -> None:
        """Open the current version ahead of the first question, which gets the error if there is one."""
        with suppress(IndexMismatchError):
            self.get()

    def get(self) -> Index | None:
        """The newest version that can be used; None while there is no index. Raises IndexMismatchError."""
        if not self._is_seen(current(self._folder)):
            with self._lock:
                # Whoever waited here finds it done.
                if not self._is_seen(name := current(self._folder)):
                    self._look(name)
        return self._index

    def _is_seen(self, name: str | None) -> bool:
        return self._index is not None and name == self._looked

    def _look(self, name: str | None) -> None:
        try:
            index = settled(self._folder, self._load)
        except IndexUnusableError as error:
            if self._index is None:
                if isinstance(error, IndexMissingError):
                    return
                raise
            _log.warning("a new version is passed over: %s", error)
            self._looked, self.problem = name, str(error)
        else:
            self._index, self._looked, self.problem = index, index.manifest.version, ""

    def _load(self) -> Index:
        home, manifest = read_manifest(self._folder)
        self._require(manifest)
        if self._verified and (found := damage(home, manifest)):
            raise IndexMismatchError(f"{found[0]}; {REBUILD}")
        if self._index is not None and self._index.manifest.version == manifest.version:
            return self._index
        return Index.load(home, manifest)

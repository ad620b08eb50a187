"""Open the index of the settings, and look after it, wherever it is."""

from __future__ import annotations

from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.index import snapshots, store
from ragqa.index.index import Index
from ragqa.index.searchable import SearchIndex
from ragqa.index.store import Manifest
from ragqa.index.stores import store_of, writing
from ragqa.settings import StoreAddress


def open_index(index: Path | StoreAddress) -> SearchIndex:
    """The current version. Raises IndexMissingError, IndexMismatchError, StoreError."""
    if isinstance(index, StoreAddress):
        there = store_of(index)
        return there.open(there.manifest().version)
    return Index.open(index)


def manifest_at(index: Path | StoreAddress) -> Manifest:
    """The manifest of the current version. Raises IndexMissingError, IndexMismatchError, StoreError."""
    return store_of(index).manifest() if isinstance(index, StoreAddress) else store.read_manifest(index)[1]


def damage_at(index: Path | StoreAddress) -> list[str]:
    """What is wrong with the current version, in words: by the SHA-256 of files, by the counts of a store."""
    return store_of(index).damage() if isinstance(index, StoreAddress) else store.verify(index)


def roll_back(index: Path | StoreAddress) -> tuple[str, str]:
    """Make the previous version current; the old and the new one. Raises RagqaError where there is none."""
    if isinstance(index, StoreAddress):
        there = store_of(index)
        with there.writing() as writer:
            return writing.roll_back(there, writer, str(index))
    return snapshots.roll_back(index)


def require_folder(index: Path | StoreAddress, what: str) -> Path:
    """The folder of an index. Raises RagqaError for a store: ``what`` is not done there."""
    if isinstance(index, StoreAddress):
        raise RagqaError(
            f"{what} is for an index in a folder; {index} is saved and restored by its own server's tools"
        )
    return index

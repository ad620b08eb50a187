"""An index in a store that others keep: PostgreSQL with pgvector, or Milvus."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from ragqa.index.prepared import Prepared
from ragqa.index.store import Manifest
from ragqa.index.stores.stored import StoredIndex
from ragqa.settings import StoreAddress


class Writer(Protocol):
    """Writes generations, alone."""

    def save(self, prepared: Prepared, *, keep: int) -> Manifest:
        """Write a generation, compare it with what was given, publish it; of those before it ``keep - 1`` stay."""
        ...

    def tidy(self, *, keep: int) -> None:
        """Drop what is left of interrupted writers, and generations beyond those that stay."""
        ...

    def roll_back(self) -> tuple[str, str]:
        """Publish the generation before the current one; both names."""
        ...


class Store(Protocol):
    """Where generations of one index are kept. Everything raises StoreError where it cannot be reached."""

    def current(self) -> str | None:
        """The generation that answers."""
        ...

    def manifest(self) -> Manifest:
        """The manifest of the current generation. Raises IndexMissingError."""
        ...

    def open(self, name: str) -> StoredIndex:
        """A sealed generation. Raises IndexMismatchError where it is gone."""
        ...

    def generations(self) -> dict[str, str]:
        """The state of each generation by its name: writing or sealed."""
        ...

    def damage(self) -> list[str]:
        """What is wrong with the current generation, in words."""
        ...

    def writing(self) -> AbstractContextManager[Writer]:
        """Hold the writer's lock. Raises IndexBusyError when another process has it."""
        ...


def store_of(address: StoreAddress) -> Store:
    """The store at an address; nothing is asked of it yet."""
    if address.engine == "milvus":
        from ragqa.index.stores.milvus_store import MilvusStore

        return MilvusStore(address)
    from ragqa.index.stores.postgres_store import PostgresStore

    return PostgresStore(address)

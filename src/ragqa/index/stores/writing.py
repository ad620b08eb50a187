"""What all stores do alike: write a generation beside the others and publish it, go back, drop old ones."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import Protocol

from ragqa.errors import RagqaError
from ragqa.index.prepared import Prepared
from ragqa.index.store import Manifest
from ragqa.index.stores.stored import StoredIndex


class Writer(Protocol):
    """Writes generations, alone."""

    def begin(self, manifest: Manifest) -> None:
        """Make room for a generation that nobody reads."""
        ...

    def write(self, name: str, prepared: Prepared) -> None:
        """Write all of a generation; what is there already by its row is replaced."""
        ...

    def seal(self, manifest: Manifest, prepared: Prepared) -> None:
        """Index a generation and compare it with what was to be written. Raises IndexMismatchError."""
        ...

    def publish(self, name: str) -> None:
        """Let a sealed generation answer from the next question on. Raises RagqaError for any other."""
        ...

    def drop(self, name: str) -> None:
        """Drop a generation that does not answer, unless it is open somewhere."""
        ...


class Store(Protocol):
    """Where generations of one index are kept. Everything raises StoreError where it cannot be reached."""

    def current(self) -> str | None:
        """The generation that answers."""
        ...

    def manifest(self, name: str | None = None) -> Manifest:
        """The manifest of a generation, by default the current one. Raises IndexMissingError."""
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


def save(store: Store, writer: Writer, prepared: Prepared, *, keep: int) -> Manifest:
    """Write a generation, compare it with what was given, publish it; of those before it ``keep - 1`` stay."""
    manifest = replace(prepared.manifest, after=store.current() or "")
    # What killed writers left: nobody else writes now.
    for name, state in store.generations().items():
        if state != "sealed":
            writer.drop(name)
    writer.begin(manifest)
    try:
        writer.write(manifest.version, prepared)
        writer.seal(manifest, prepared)
        writer.publish(manifest.version)
    except Exception:
        with suppress(Exception):
            writer.drop(manifest.version)
        raise
    tidy(store, writer, keep=keep)
    return manifest


def tidy(store: Store, writer: Writer, *, keep: int) -> None:
    """Drop all generations but the current one and those before it, ``keep`` in all."""
    there, kept = store.generations(), list[str]()
    name = store.current() or ""
    while there.get(name) == "sealed" and len(kept) < keep and name not in kept:
        kept.append(name)
        name = store.manifest(name).after
    for other in there:
        if other not in kept:
            writer.drop(other)


def roll_back(store: Store, writer: Writer, shown: str) -> tuple[str, str]:
    """Publish the generation before the current one; both names. Raises RagqaError when it is gone."""
    manifest = store.manifest()
    if store.generations().get(manifest.after) != "sealed":
        raise RagqaError(f"there is no version before {manifest.version} at {shown}; it stays current")
    writer.publish(manifest.after)
    return manifest.version, manifest.after

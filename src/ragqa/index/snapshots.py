"""Roll back to a version, take a snapshot, restore it; every copy is checked by its SHA-256."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ragqa.errors import IndexMismatchError, RagqaError
from ragqa.index import durable
from ragqa.index.store import (
    REBUILD,
    Manifest,
    damage,
    manifest_of,
    new_version,
    point,
    previous,
    publish,
    read_manifest,
    writing,
)


def roll_back(folder: Path) -> tuple[str, str]:
    """Make the previous version current; returns the old and the new current version.

    The next build goes on from there. Raises RagqaError when there is none, IndexMismatchError when
    it is damaged.
    """
    with writing(folder):
        _, manifest = read_manifest(folder)
        before = previous(folder, manifest.version)
        if before is None:
            raise RagqaError(f"there is no version before {manifest.version} in {folder}/; it stays current")
        there = _whole(folder / before)
        with durable.refusals(folder):
            point(folder, there.version)
    return manifest.version, there.version


def take(folder: Path, target: Path) -> Manifest:
    """Copy the current version into a new folder, which is an index itself; returns its manifest.

    Raises RagqaError when there is something in the folder already.
    """
    home, manifest = read_manifest(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RagqaError(f"{target} is there already, and not empty; name another folder")
    return _copied(home, manifest, target, keep=1)


def restore(source: Path, folder: Path, *, keep: int = 2) -> Manifest:
    """Copy the current version of a snapshot and make it current here."""
    home, manifest = read_manifest(source)
    with writing(folder):
        return _copied(home, replace(manifest, version=new_version()), folder, keep=keep)


def _copied(home: Path, manifest: Manifest, folder: Path, *, keep: int) -> Manifest:
    durable.require_room(folder, sum(facts["bytes"] for facts in manifest.files.values()))

    def copy(into: Path) -> None:
        for name in manifest.files:
            shutil.copyfile(home / name, into / name)

    return publish(folder, manifest, copy, check=_same_as(home, manifest), keep=keep)


def _same_as(home: Path, manifest: Manifest) -> Callable[[Path, Manifest], None]:
    def check(_: Path, copied: Manifest) -> None:
        differ = [str(home / name) for name, facts in copied.files.items() if facts != manifest.files[name]]
        if differ:
            raise IndexMismatchError(f"{', '.join(differ)} is not what was written; {REBUILD}")

    return check


def _whole(home: Path) -> Manifest:
    manifest = manifest_of(home)
    if found := damage(home, manifest):
        raise IndexMismatchError(f"{'; '.join(found)}; {REBUILD}")
    return manifest

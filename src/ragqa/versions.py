"""Versions of an index on disk: immutable folders, one of them current, switched in one step.

    index/current          names the version that answers
    index/v-<id>/          immutable: manifest.json and the files that it names

A version is written beside the others, synced, renamed, and only then named by ``current``: a reader
sees the old index or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ragqa.errors import IndexBusyError, IndexMismatchError, IndexMissingError, RagqaError
from ragqa.records import Skipped

FORMAT = 2
REBUILD = "run: ragqa index --full"
_CURRENT, _MANIFEST, _LOCK = "current", "manifest.json", ".lock"
_KEEP_VERSIONS = 2


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built from; ``files`` maps each file to its bytes and SHA-256."""

    version: str
    created: str
    encoder: str
    encoder_fingerprint: str
    dimension: int
    chunk_size: int
    corpus: str
    articles: int
    chunks: int
    skipped: tuple[Skipped, ...] = ()
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT

    def require(self, *, encoder: str, fingerprint: str, chunk_size: int | None = None) -> None:
        """Raise IndexMismatchError unless this index was built with these."""
        if (self.encoder, self.encoder_fingerprint) != (encoder, fingerprint):
            same = " (other weights)" if self.encoder == encoder else ""
            raise IndexMismatchError(
                f"the index was built with the encoder {self.encoder}, not with {encoder}{same}; {REBUILD}"
            )
        if chunk_size is not None and chunk_size != self.chunk_size:
            raise IndexMismatchError(
                f"the index was built with chunk size {self.chunk_size}, not {chunk_size}; {REBUILD}"
            )


def new_version() -> str:
    """A version name that sorts by time: v-20241024T093000-1f2e3d."""
    return f"v-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def publish(folder: Path, manifest: Manifest, write: Callable[[Path], None]) -> Manifest:
    """Let ``write`` fill a new version's folder and make it current; the manifest with its files.

    The previous version stays. Call inside ``writing``. Raises RagqaError when the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".tmp-{manifest.version}"
    temporary.mkdir()
    try:
        write(temporary)
        manifest = replace(manifest, files={path.name: _facts(path) for path in sorted(temporary.iterdir())})
        text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
        (temporary / _MANIFEST).write_text(text, encoding="utf-8")
        for path in temporary.iterdir():
            _sync(path)
        _sync(temporary)
        temporary.replace(folder / manifest.version)
    except (OSError, RuntimeError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise RagqaError(
            f"the index could not be written to {folder}: {error}; the old one is unharmed"
        ) from error
    _point(folder, manifest.version)
    _drop_old_versions(folder, keep=manifest.version)
    return manifest


def require_sizes(home: Path, manifest: Manifest) -> None:
    """Raise IndexMismatchError when a file of a version is missing or has another size."""
    for name, facts in manifest.files.items():
        path = home / name
        size = path.stat().st_size if path.is_file() else -1
        if size != facts["bytes"]:
            raise IndexMismatchError(f"{path} has {size} bytes, expected {facts['bytes']}; {REBUILD}")


def read_manifest(folder: Path) -> tuple[Path, Manifest]:
    """The folder of the current version and its manifest."""
    pointer = folder / _CURRENT
    if not pointer.is_file():
        raise IndexMissingError(f"there is no index in {folder}/; run: ragqa index")
    home = folder / pointer.read_text(encoding="utf-8", errors="replace").strip()
    try:
        raw = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        if raw["format"] != FORMAT:
            raise IndexMismatchError(
                f"the index in {folder}/ has format {raw['format']}, not {FORMAT}; {REBUILD}"
            )
        if not raw["files"]:
            raise ValueError("it does not name its files")
        raw["skipped"] = tuple(Skipped(**entry) for entry in raw["skipped"])
        return home, Manifest(**raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexMismatchError(f"the manifest in {home} cannot be read ({error}); {REBUILD}") from error


def verify(folder: Path) -> list[str]:
    """Compare every file of the current version with its SHA-256; the damage found, in words."""
    home, manifest = read_manifest(folder)
    damage = []
    for name, facts in manifest.files.items():
        path = home / name
        if not path.is_file():
            damage.append(f"{path} is missing")
        elif _facts(path) != facts:
            damage.append(f"{path} is not what was written (SHA-256 differs)")
    return damage


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the writer's lock, which dies with its process; IndexBusyError when another holds it."""
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(folder / _LOCK, timeout=0):
            yield
    except filelock.Timeout as error:
        raise IndexBusyError(f"another process is writing {folder}/; wait for it, then run again") from error


def _drop_old_versions(folder: Path, *, keep: str) -> None:
    versions = sorted(path for path in folder.glob("v-*") if path.is_dir() and path.name != keep)
    for path in [*versions[: len(versions) - (_KEEP_VERSIONS - 1)], *folder.glob(".tmp-*")]:
        shutil.rmtree(path, ignore_errors=True)


def _point(folder: Path, version: str) -> None:
    temporary = folder / f".{_CURRENT}.tmp"
    temporary.write_text(version + "\n", encoding="utf-8")
    _sync(temporary)
    temporary.replace(folder / _CURRENT)
    _sync(folder)


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

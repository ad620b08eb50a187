"""Index versions on disk: immutable folders, one of them current, switched atomically.

    index/current          names the version that answers
    index/v-<id>/          immutable: manifest.json and the files that it names

A version is written beside the others, synced, renamed, and only then named by ``current``: a reader
sees the old index or the new one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from ragqa.errors import IndexBusyError, IndexMismatchError, IndexMissingError
from ragqa.index import durable
from ragqa.types import Skipped

FORMAT = 2
REBUILD = "run: ragqa index --full"
_CURRENT, _MANIFEST, _LOCK = "current", "manifest.json", ".lock"
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index was built from; ``files`` maps each file to its bytes and SHA-256.

    ``lexical`` names how the terms of its lexical index were made; ``after`` is the version that was current
    before, what a rollback goes to.
    """

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
    after: str = ""
    lexical: str = ""

    @property
    def facts(self) -> dict[str, str | int]:
        """Its version and size."""
        return {"version": self.version, "articles": self.articles, "chunks": self.chunks}

    def require(
        self, *, encoder: str, fingerprint: str, chunk_size: int | None = None, lexical: str | None = None
    ) -> None:
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
        if lexical is not None and lexical != self.lexical:
            raise IndexMismatchError(
                "the index was built by another version of ragqa, which reads numbers and words in another way;"
                " run: ragqa index (nothing is encoded again)"
            )


def new_version() -> str:
    """A version name that sorts by time: v-20241024T093000-1f2e3d."""
    return f"v-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def publish(
    folder: Path,
    manifest: Manifest,
    write: Callable[[Path], None],
    *,
    check: Callable[[Path, Manifest], object] = lambda home, manifest: None,
    keep: int = 2,
) -> Manifest:
    """Let ``write`` fill a new version's folder and make it current; the manifest with its files.

    The version is current once ``check`` did not raise on what was written; of those before it the
    newest ``keep - 1`` stay. Call inside ``writing``. Raises RagqaError when the disk refuses.
    """
    temporary, home = folder / f".tmp-{manifest.version}", folder / manifest.version
    try:
        with durable.refusals(folder):
            durable.make(folder)
            temporary.mkdir()
            write(temporary)
            files = {path.name: _facts(path) for path in sorted(temporary.iterdir())}
            manifest = replace(manifest, files=files, after=current(folder) or "")
            (temporary / _MANIFEST).write_text(_sealed(manifest), encoding="utf-8")
            for path in temporary.iterdir():
                durable.sync(path)
            durable.sync(temporary)
            check(temporary, manifest)
            temporary.replace(home)
            # The folder must be there before its name is: they may reach the disk in any order.
            durable.sync(folder)
            point(folder, manifest.version)
    except Exception:
        shutil.rmtree(temporary, ignore_errors=True)
        if current(folder) != manifest.version:
            shutil.rmtree(home, ignore_errors=True)
        raise
    tidy(folder, keep=keep)
    return manifest


def point(folder: Path, version: str) -> None:
    """Make an existing version the current one."""
    durable.replace(folder / _CURRENT, version + "\n")


def current(folder: Path) -> str | None:
    """The name of the current version, or None when none can be told."""
    try:
        name = (folder / _CURRENT).read_text(encoding="utf-8").strip()
        return name if name and (folder / name).is_dir() else None
    except (OSError, ValueError):
        return None


def tidy(folder: Path, *, keep: int) -> None:
    """Delete leftovers of interrupted writers, and all versions but the current and those before it.

    ``keep`` stay. Names sort by a clock, which may be turned back; what came after what is in the manifests. Whoever
    has an older version open keeps it: what it mapped stays on the disk until it lets go.
    """
    kept: list[str] = []
    version = current(folder)
    while version and len(kept) < keep and version not in kept:
        kept.append(version)
        version = previous(folder, version)
    others = [path for path in folder.glob("v-*") if path.is_dir() and path.name not in kept]
    for path in [*others, *folder.glob(".tmp-*")]:
        shutil.rmtree(path, ignore_errors=True)
    durable.tidy(folder / _CURRENT)


def previous(folder: Path, version: str) -> str | None:
    """The version that one came after, or None where it is gone."""
    try:
        name = manifest_of(folder / version).after
    except IndexMismatchError:
        return None
    return name if name and (folder / name).is_dir() else None


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
    return settled(folder, lambda: _read_manifest(folder))


def settled(folder: Path, read: Callable[[], Result]) -> Result:
    """The result of ``read`` on the current version; repeated when that version was replaced meanwhile."""
    while True:
        version = current(folder)
        try:
            return read()
        except IndexMismatchError:
            if current(folder) == version:
                raise


def verify(folder: Path) -> list[str]:
    """Compare every file of the current version with its SHA-256; returns the damage in words."""
    return damage(*read_manifest(folder))


def damage(home: Path, manifest: Manifest) -> list[str]:
    """What is wrong with a version's files, in words."""
    found = []
    for name, facts in manifest.files.items():
        path = home / name
        if not path.is_file():
            found.append(f"{path} is missing")
        elif _facts(path) != facts:
            found.append(f"{path} is not what was written (SHA-256 differs)")
    return found


def manifest_of(home: Path) -> Manifest:
    """The manifest of the version in a folder. Raises IndexMismatchError."""
    try:
        raw = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        if raw["format"] != FORMAT:
            raise IndexMismatchError(
                f"the index in {home} has format {raw['format']!r}, not {FORMAT}; {REBUILD}"
            )
        if not raw["files"]:
            raise ValueError("it does not name its files")
        # What is copied or read is never elsewhere than in the version's own folder.
        for name, facts in raw["files"].items():
            if "/" in name or facts.keys() != {"bytes", "sha256"}:
                raise ValueError(f"{name} is no file of a version")
        # Those of before the seal have none.
        seal = raw.pop("seal", None)
        fits = seal in (None, _seal(raw))
        raw["skipped"] = tuple(Skipped(**entry) for entry in raw["skipped"])
        manifest = Manifest(**raw)
        if not fits:
            raise ValueError("it is not what was written: its own SHA-256 differs")
        return manifest
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IndexMismatchError(f"the manifest in {home} cannot be read ({error}); {REBUILD}") from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the writer's lock, released with the process. Raises IndexBusyError when it is taken."""
    import filelock

    lock = filelock.FileLock(folder / _LOCK, timeout=0)
    with durable.refusals(folder):
        durable.make(folder)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise IndexBusyError(
                f"another process is writing {folder}/; wait for it, then run again"
            ) from error
    try:
        yield
    finally:
        lock.release()


def _read_manifest(folder: Path) -> tuple[Path, Manifest]:
    home = folder / (folder / _CURRENT).read_text(encoding="utf-8", errors="replace").strip()
    return home, manifest_of(home)


def _sealed(manifest: Manifest) -> str:
    """A manifest as JSON, with the SHA-256 of all else that it says: the one file that no other vouches for."""
    body = asdict(manifest)
    return json.dumps(body | {"seal": _seal(body)}, ensure_ascii=False, indent=1)


def _seal(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}

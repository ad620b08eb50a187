"""The index on disk and in memory: articles, chunks, vectors, and a manifest that binds them.

    index/current          names the version that answers
    index/v-<id>/          immutable: manifest.json, articles.jsonl, chunks.jsonl, vectors.faiss

Row i of the vectors is line i of chunks.jsonl. A version is written beside the others, synced,
renamed, and only then named by ``current``: a reader sees the old index or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ragqa.errors import (
    ArticleNotFoundError,
    IndexBusyError,
    IndexMismatchError,
    IndexMissingError,
    RagqaError,
)
from ragqa.records import Article, Chunk, Passage, Skipped, Vectors

FORMAT = 1
_CURRENT, _MANIFEST, _LOCK = "current", "manifest.json", ".lock"
_ARTICLES, _CHUNKS, _VECTORS = "articles.jsonl", "chunks.jsonl", "vectors.faiss"
_KEEP_VERSIONS = 2
_REBUILD = "run: ragqa index --full"


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
                f"the index was built with the encoder {self.encoder}, not with {encoder}{same}; {_REBUILD}"
            )
        if chunk_size is not None and chunk_size != self.chunk_size:
            raise IndexMismatchError(
                f"the index was built with chunk size {self.chunk_size}, not {chunk_size}; {_REBUILD}"
            )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands: the row of its article and its offsets; ``key`` names what was encoded."""

    article: int
    start: int
    end: int
    heading: str
    key: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk's row and its cosine to the query."""

    row: int
    score: float


class Index:
    """One immutable version, held in memory."""

    def __init__(
        self, manifest: Manifest, articles: Sequence[Article], places: Sequence[Place], vectors: Any
    ) -> None:
        if not len(places) == vectors.ntotal == manifest.chunks:
            raise IndexMismatchError(
                f"the index holds {len(places)} chunks, {vectors.ntotal} vectors and its manifest says "
                f"{manifest.chunks}; {_REBUILD}"
            )
        self.manifest = manifest
        self.articles = articles
        self._places = places
        self._vectors = vectors
        self.languages = frozenset(article.language for article in articles)
        self._row_by_id = {article.id: row for row, article in enumerate(articles)}
        self._article_of_chunk = np.array([place.article for place in places], dtype=np.int64)
        self._published = np.array([article.published or "" for article in articles], dtype=np.str_)

    @classmethod
    def build(
        cls,
        articles: Sequence[Article],
        chunks: Sequence[Chunk],
        vectors: Vectors,
        *,
        keys: Sequence[str],
        manifest: Manifest,
    ) -> Index:
        """Bind articles, chunks and unit vectors of shape (len(chunks), dimension)."""
        import faiss

        if vectors.shape != (len(chunks), manifest.dimension):
            raise ValueError(f"vectors {vectors.shape} for {len(chunks)} chunks of {manifest.dimension}")
        flat = faiss.IndexFlatIP(manifest.dimension)
        flat.add(np.ascontiguousarray(vectors))
        row_by_id = {article.id: row for row, article in enumerate(articles)}
        places = [
            Place(row_by_id[chunk.article_id], chunk.start, chunk.end, chunk.heading, key)
            for chunk, key in zip(chunks, keys, strict=True)
        ]
        return cls(manifest, articles, places, flat)

    @classmethod
    def open(cls, folder: Path) -> Index:
        """Load the version that ``current`` names; checks sizes, not hashes (``verify`` does).

        Raises IndexMissingError when there is none, IndexMismatchError when a file is damaged.
        """
        import faiss

        home, manifest = read_manifest(folder)
        for name, facts in manifest.files.items():
            path = home / name
            size = path.stat().st_size if path.is_file() else -1
            if size != facts["bytes"]:
                raise IndexMismatchError(f"{path} has {size} bytes, expected {facts['bytes']}; {_REBUILD}")
        faiss.set_deserialization_vector_byte_limit(manifest.files[_VECTORS]["bytes"])
        try:
            articles = [_article(row) for row in _read_lines(home / _ARTICLES)]
            places = [Place(**row) for row in _read_lines(home / _CHUNKS)]
            vectors = faiss.read_index(str(home / _VECTORS))
        except (ValueError, TypeError, KeyError, RuntimeError) as error:
            raise IndexMismatchError(f"the index in {home} is damaged ({error}); {_REBUILD}") from error
        if vectors.d != manifest.dimension:
            raise IndexMismatchError(
                f"the index holds vectors of {vectors.d}, not {manifest.dimension}; {_REBUILD}"
            )
        return cls(manifest, articles, places, vectors)

    def save(self, folder: Path) -> Manifest:
        """Write a new version and make it current; the previous one stays. Call inside ``writing``."""
        import faiss

        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".tmp-{self.manifest.version}"
        temporary.mkdir()
        try:
            _write_lines(temporary / _ARTICLES, (asdict(article) for article in self.articles))
            _write_lines(temporary / _CHUNKS, (asdict(place) for place in self._places))
            faiss.write_index(self._vectors, str(temporary / _VECTORS))
            files = {name: _facts(temporary / name) for name in (_ARTICLES, _CHUNKS, _VECTORS)}
            self.manifest = Manifest(**{**_shallow(self.manifest), "files": files})
            _write_json(temporary / _MANIFEST, asdict(self.manifest))
            for path in temporary.iterdir():
                _sync(path)
            _sync(temporary)
            temporary.replace(folder / self.manifest.version)
        except (OSError, RuntimeError) as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise RagqaError(
                f"the index could not be written to {folder}: {error}; the old one is unharmed"
            ) from error
        _point(folder, self.manifest.version)
        _drop_old_versions(folder, keep=self.manifest.version)
        return self.manifest

    def search(
        self, queries: Vectors, *, k: int, since: str | None = None, until: str | None = None
    ) -> list[list[Hit]]:
        """The ``k`` nearest chunks of each query by cosine, best first.

        ``since`` and ``until`` are ISO dates (or prefixes), both inclusive; articles without a date
        are left out when either is given.
        """
        import faiss

        k = min(k, self.manifest.chunks)
        if k <= 0 or not len(queries):
            return [[] for _ in queries]
        parameters = None
        if since or until:
            rows = np.flatnonzero(self._dated(since, until)[self._article_of_chunk])
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorBatch(rows))  # type: ignore[call-arg]
        scores, found = self._vectors.search(np.ascontiguousarray(queries), k, params=parameters)
        return [
            [Hit(int(row), float(score)) for row, score in zip(rows, line, strict=True) if row >= 0]
            for rows, line in zip(found, scores, strict=True)
        ]

    def place(self, row: int) -> Place:
        """Where the chunk of a row stands."""
        return self._places[row]

    def passage(self, first: int, last: int, score: float) -> Passage:
        """Neighbouring chunks ``first`` to ``last`` of one article as a single passage."""
        begin, end = self._places[first], self._places[last]
        if begin.article != end.article:
            raise ValueError(f"chunks {first} and {last} stand in two articles")
        article = self.articles[begin.article]
        text = article.text[begin.start : end.end]
        return Passage(Chunk(article.id, begin.start, end.end, text, begin.heading), article, score)

    def article(self, article_id: str) -> Article:
        """The article of an id, or ArticleNotFoundError."""
        row = self._row_by_id.get(article_id)
        if row is None:
            raise ArticleNotFoundError(
                f"no article {article_id!r} in the index; ids are shown by: ragqa search"
            )
        return self.articles[row]

    def vectors_by_key(self) -> dict[str, npt.NDArray[np.float32]]:
        """Vector of each chunk by its content key, so that what did not change is not encoded again."""
        vectors = self._vectors.reconstruct_n(0, self.manifest.chunks) if self._places else []
        return {place.key: vector for place, vector in zip(self._places, vectors, strict=True)}

    def _dated(self, since: str | None, until: str | None) -> npt.NDArray[np.bool_]:
        # "2024-05" as an upper bound means all of May: "~" sorts after every digit and dash.
        dated = self._published != ""
        inside = (self._published >= (since or "")) & (self._published <= (until or "") + "~")
        return np.asarray(dated & inside, dtype=np.bool_)


def new_version() -> str:
    """A version name that sorts by time: v-20241024T093000-1f2e3d."""
    return f"v-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


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
                f"the index in {folder}/ has format {raw['format']}, not {FORMAT}; {_REBUILD}"
            )
        if {_ARTICLES, _CHUNKS, _VECTORS} - set(raw["files"]):
            raise ValueError("it does not name its files")
        raw["skipped"] = tuple(Skipped(**entry) for entry in raw["skipped"])
        return home, Manifest(**raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexMismatchError(f"the manifest in {home} cannot be read ({error}); {_REBUILD}") from error


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


def _article(row: dict[str, Any]) -> Article:
    return Article(**{**row, "links": tuple(row["links"])})


def _shallow(manifest: Manifest) -> dict[str, Any]:
    return {f.name: getattr(manifest, f.name) for f in fields(manifest)}


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def _facts(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

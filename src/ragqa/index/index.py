"""An index in memory: articles, chunks, and search by vector and by words.

Row i of the vectors, of the lexical index and of the token signatures is line i of chunks.jsonl.
What lies on disk, and how a version becomes current, is in store.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from ragqa.errors import IndexMismatchError
from ragqa.index import bm25, calibration, late_interaction
from ragqa.index.bm25 import Coverage, Lexical
from ragqa.index.calibration import Calibration
from ragqa.index.columns import Mask
from ragqa.index.index_files import (
    CHUNKS,
    UNREADABLE,
    Place,
    Places,
    Stored,
    article_from,
    read_lines,
    write_lines,
)
from ragqa.index.known_names import KnownNames
from ragqa.index.late_interaction import Signature, Signatures
from ragqa.index.searchable import SearchIndex
from ragqa.index.store import REBUILD, Manifest, publish, read_manifest, require_sizes, settled
from ragqa.index.vectors import FLAT, Rows, VectorIndex
from ragqa.types import Article, Chunk, Filter, Vectors

_ARTICLES = "articles.jsonl"
_FILES = (_ARTICLES, CHUNKS, FLAT, calibration.FILE, *bm25.FILES)


class Index(SearchIndex):
    """One immutable version, in files."""

    def __init__(
        self,
        manifest: Manifest,
        articles: Sequence[Article],
        places: Places,
        vectors: VectorIndex,
        *,
        words: Lexical,
        tokens: Signatures | None,
        score_offsets: Calibration,
        names: KnownNames | None = None,
    ) -> None:
        super().__init__()
        rows = {len(places), vectors.flat.ntotal, words.chunks, manifest.chunks}
        if tokens:
            rows.add(len(tokens.offsets) - 1)
        if len(rows) > 1:
            raise IndexMismatchError(
                f"the index holds {len(places)} chunks, {vectors.flat.ntotal} vectors and its manifest says "
                f"{manifest.chunks}; {REBUILD}"
            )
        self.manifest = manifest
        self.articles = self.listing = articles
        self.words = words
        self.tokens = tokens
        self.has_tokens = tokens is not None
        self.score_offsets = score_offsets
        self.names = names or KnownNames()
        self._places = places
        self._vectors = vectors
        self._row_by_id = {article.id: row for row, article in enumerate(articles)}
        self._article_of_chunk = places.article
        self.languages = frozenset(article.language for article in articles)

    @classmethod
    def build(
        cls,
        articles: Sequence[Article],
        chunks: Sequence[Chunk],
        vectors: Vectors,
        *,
        keys: Sequence[str],
        manifest: Manifest,
        texts: Sequence[str] | None = None,
        signatures: Sequence[Signature] | None = None,
        score_offsets: Calibration | None = None,
        old: Index | None = None,
    ) -> Index:
        """Make an index of articles, chunks and unit vectors of shape (len(chunks), dimension).

        ``texts`` are what the lexical index reads of each chunk, by default the chunk's own. ``old`` is an index with
        some of the chunks, whose lists of vectors are kept.
        """
        if vectors.shape != (len(chunks), manifest.dimension):
            raise ValueError(f"vectors {vectors.shape} for {len(chunks)} chunks of {manifest.dimension}")
        row_by_id = {article.id: row for row, article in enumerate(articles)}
        places = Places(
            Place(row_by_id[chunk.article_id], chunk.start, chunk.end, chunk.heading, key)
            for chunk, key in zip(chunks, keys, strict=True)
        )
        return cls(
            manifest, articles, places, old._updated(vectors, keys) if old else VectorIndex.build(vectors),
            words=Lexical.build(texts if texts is not None else [chunk.text for chunk in chunks]),
            tokens=Signatures.build(signatures, width=-(-manifest.dimension // 8)) if signatures else None,
            score_offsets=score_offsets or Calibration.none(manifest.dimension),
            names=KnownNames.build(articles),
        )  # fmt: skip

    @classmethod
    def open(cls, folder: Path) -> Index:
        """Load the version that ``current`` names; checks sizes, not hashes (``versions.verify`` does).

        The vectors, the lexical index and the tokens are mapped, not read. Raises IndexMissingError when there is
        none, IndexMismatchError when a file is damaged.
        """
        return settled(folder, lambda: cls.load(*read_manifest(folder)))

    @classmethod
    def load(cls, home: Path, manifest: Manifest) -> Index:
        """Load the version in a folder. Raises IndexMismatchError when a file is damaged."""
        require_sizes(home, manifest)
        try:
            if missing := set(_FILES) - set(manifest.files):
                raise ValueError(f"its manifest does not name {', '.join(sorted(missing))}")
            articles = [article_from(row) for row in read_lines(home / _ARTICLES)]
            places = Places(Place(**row) for row in read_lines(home / CHUNKS))
            places.require(articles)
            vectors = VectorIndex.open(home, manifest.files)
            words = Lexical.open(home, chunks=manifest.chunks)
            tokens = Signatures.open(home) if set(late_interaction.FILES) <= set(manifest.files) else None
            score_offsets = Calibration.open(home)
            names = KnownNames.open(home)
        except UNREADABLE as error:
            raise IndexMismatchError(f"the index in {home} is damaged ({error}); {REBUILD}") from error
        if vectors.flat.d != manifest.dimension:
            raise IndexMismatchError(
                f"the index holds vectors of {vectors.flat.d}, not {manifest.dimension}; {REBUILD}"
            )
        return cls(
            manifest, articles, places, vectors,
            words=words, tokens=tokens, score_offsets=score_offsets, names=names,
        )  # fmt: skip

    def save(self, folder: Path, *, keep: int = 2) -> Manifest:
        """Write a new version and make it current once it can be opened. Call inside ``writing``."""
        self.manifest = publish(folder, self.manifest, self._write, check=self.load, keep=keep)
        return self.manifest

    def nearest(self, query: Vectors, *, k: int, among: Mask | None = None) -> Rows:
        """Rows of the ``k`` chunks nearest to a vector of shape (dimension,), best first, in a mask."""
        k = min(k, self.manifest.chunks)
        return self._vectors.nearest(query, k, among) if k > 0 else np.zeros(0, dtype=np.int64)

    def vectors(self, rows: Rows) -> Vectors:
        """Unit vectors of chunks, shape (len(rows), dimension)."""
        return self._vectors.of(rows)

    def scope(self, filters: Filter) -> Masked:
        """The chunks that a filter lets pass."""
        return Masked(self, self.mask(filters))

    def mask(self, filters: Filter) -> Mask:
        """Which chunks a filter lets pass, shape (chunks,); where it asks for phrases, each holds one."""
        passed = np.asarray(self.passed(filters)[self._article_of_chunk], dtype=np.bool_)
        if filters.phrases:
            held = np.zeros_like(passed)
            held[np.concatenate([self.holding(phrase) for phrase in filters.phrases])] = True
            passed &= held
        return passed

    def languages_of(self, filters: Filter) -> frozenset[str]:
        """The languages of the articles that a filter lets pass."""
        return frozenset(np.unique(self._columns.language[self.passed(filters)]).tolist())

    def passing(self, filters: Filter) -> tuple[int, int]:
        """How many articles a filter lets pass, and how many more only lack the date that it asks for."""
        passed = int(self.passed(filters).sum())
        undated = self.passed(replace(filters, since=None, until=None, before=None))
        undated &= self._columns.published == ""
        return passed, int(undated.sum()) if filters.dated else 0

    def newest(self, filters: Filter, k: int) -> list[int]:
        """Rows of the ``k`` newest dated articles that a filter lets pass, newest first."""
        published = self._columns.published
        rows = np.flatnonzero(self.passed(filters) & (published != ""))
        return [int(row) for row in rows[np.argsort(published[rows], kind="stable")[::-1][:k]]]

    def _mask_holding(self, phrase: str) -> Mask:
        holds = np.zeros(len(self.articles), dtype=np.bool_)
        holds[self._article_of_chunk[self.holding(phrase)]] = True
        return holds

    def covered(self, question: str) -> Coverage:
        """How much of a question's words each chunk holds."""
        return Coverage.at(self.words.coverage(question))

    def rows_with(self, terms: Sequence[str]) -> Rows:
        """The chunks that have all of these terms."""
        return self.words.rows_with(terms)

    def signatures(self, rows: Rows) -> list[Signature]:
        """The tokens of chunks; only where there are any."""
        assert self.tokens is not None
        return [self.tokens.of(int(row)) for row in rows]

    def place(self, row: int) -> Place:
        """The place of the chunk of a row."""
        return self._places[row]

    def rows_in(self, article: int) -> range:
        """The rows of the chunks of an article."""
        first, last = np.searchsorted(self._article_of_chunk, [article, article + 1])
        return range(int(first), int(last))

    def row_of(self, article_id: str) -> int | None:
        """The row of the article of an id."""
        return self._row_by_id.get(article_id)

    def stored(self, keys: Collection[str] | None = None) -> dict[str, Stored]:
        """The stored form of each chunk, also of those not asked for, by its content key."""
        if not len(self._places):
            return {}
        vectors = self._vectors.flat.reconstruct_n(0, self.manifest.chunks)
        return {
            place.key: Stored(vector, self.tokens.of(row) if self.tokens else None)
            for row, (place, vector) in enumerate(zip(self._places, vectors, strict=True))
        }

    def _updated(self, vectors: Vectors, keys: Sequence[str]) -> VectorIndex:
        """The vectors of an index that replaces this one; those of known keys stay in their lists."""
        if not self._vectors.lists:
            return VectorIndex.build(vectors)
        row_by_key = {place.key: row for row, place in enumerate(self._places)}
        known = np.array([row_by_key.get(key, -1) for key in keys], dtype=np.int64)
        return VectorIndex.build(vectors, like=self._vectors, known=known)

    def _write(self, folder: Path) -> None:
        write_lines(folder / _ARTICLES, (asdict(article) for article in self.articles))
        write_lines(folder / CHUNKS, (asdict(place) for place in self._places))
        self._vectors.save(folder)
        self.words.save(folder)
        self.score_offsets.save(folder)
        self.names.save(folder)
        if self.tokens:
            self.tokens.save(folder)


@dataclass(frozen=True, slots=True)
class Masked:
    """The chunks of an index in a mask, shape (chunks,)."""

    index: Index
    mask: Mask

    def any(self) -> bool:
        """Whether there are any."""
        return bool(self.mask.any())

    def only(self, rows: Rows) -> Masked:
        """Those among these rows."""
        among = np.zeros_like(self.mask)
        among[rows] = self.mask[rows]
        return Masked(self.index, among)

    def nearest(self, query: Vectors, k: int) -> Rows:
        """Rows of the ``k`` nearest to a vector, best first."""
        return self.index.nearest(query, k=k, among=self.mask)

    def best(self, coverage: Coverage, k: int) -> Rows:
        """Rows of the ``k`` that cover most of a question, in their order."""
        return coverage.among(self.mask[coverage.rows]).best(k)

"""An index in memory: articles, chunks, and search by vector and by words.

Row i of the vectors, of the lexical index and of the token signatures is line i of chunks.jsonl.
What lies on disk, and how a version becomes current, is in store.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ragqa.errors import ArticleNotFoundError, IndexMismatchError
from ragqa.index import bm25, calibration, late_interaction
from ragqa.index.bm25 import Lexical
from ragqa.index.calibration import Calibration
from ragqa.index.index_files import (
    CHUNKS,
    UNREADABLE,
    Place,
    Stored,
    article_from,
    read_lines,
    require_places,
    write_lines,
)
from ragqa.index.late_interaction import Signature, Signatures
from ragqa.index.store import REBUILD, Manifest, publish, read_manifest, require_sizes, settled
from ragqa.text import HAN
from ragqa.types import Article, Chunk, Filter, Passage, Vectors

_ARTICLES, _VECTORS = "articles.jsonl", "vectors.faiss"
_FILES = (_ARTICLES, CHUNKS, _VECTORS, calibration.FILE, *bm25.FILES)
# A text that holds a whole name covers more of it than this.
_NOT_HELD = 0.0

# How faiss begins a file of an IndexFlatIP.
_FLAT = b"IxFI"

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Index:
    """One immutable version."""

    def __init__(
        self,
        manifest: Manifest,
        articles: Sequence[Article],
        places: Sequence[Place],
        vectors: Any,
        *,
        words: Lexical,
        tokens: Signatures | None,
        score_offsets: Calibration,
    ) -> None:
        rows = {len(places), vectors.ntotal, words.chunks, manifest.chunks}
        if tokens:
            rows.add(len(tokens.offsets) - 1)
        if len(rows) > 1:
            raise IndexMismatchError(
                f"the index holds {len(places)} chunks, {vectors.ntotal} vectors and its manifest says "
                f"{manifest.chunks}; {REBUILD}"
            )
        self.manifest = manifest
        self.articles = articles
        self.words = words
        self.tokens = tokens
        self.score_offsets = score_offsets
        self._places = places
        self._vectors = vectors
        self._row_by_id = {article.id: row for row, article in enumerate(articles)}
        self._article_of_chunk = np.array([place.article for place in places], dtype=np.int64)
        self._published = np.array([article.published or "" for article in articles], dtype=np.str_)
        self._language = np.array([article.language for article in articles], dtype=np.str_)
        self._source = np.array([article.source.casefold() for article in articles], dtype=np.str_)
        self._author = np.array([article.author.casefold() for article in articles], dtype=np.str_)
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
    ) -> Index:
        """Make an index of articles, chunks and unit vectors of shape (len(chunks), dimension).

        ``texts`` are what the lexical index reads of each chunk, by default the chunk's own.
        """
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
        return cls(
            manifest, articles, places, flat,
            words=Lexical.build(texts if texts is not None else [chunk.text for chunk in chunks]),
            tokens=Signatures.build(signatures, width=-(-manifest.dimension // 8)) if signatures else None,
            score_offsets=score_offsets or Calibration.none(manifest.dimension),
        )  # fmt: skip

    @classmethod
    def open(cls, folder: Path) -> Index:
        """Load the version that ``current`` names; checks sizes, not hashes (``versions.verify`` does).

        The lexical index and the tokens are mapped, not read. Raises IndexMissingError when there is
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
            places = [Place(**row) for row in read_lines(home / CHUNKS)]
            require_places(articles, places)
            vectors = _read_vectors(home / _VECTORS)
            words = Lexical.open(home, chunks=manifest.chunks)
            tokens = Signatures.open(home) if set(late_interaction.FILES) <= set(manifest.files) else None
            score_offsets = Calibration.open(home)
        except UNREADABLE as error:
            raise IndexMismatchError(f"the index in {home} is damaged ({error}); {REBUILD}") from error
        if vectors.d != manifest.dimension:
            raise IndexMismatchError(
                f"the index holds vectors of {vectors.d}, not {manifest.dimension}; {REBUILD}"
            )
        return cls(
            manifest, articles, places, vectors, words=words, tokens=tokens, score_offsets=score_offsets
        )

    def save(self, folder: Path, *, keep: int = 2) -> Manifest:
        """Write a new version and make it current once it can be opened. Call inside ``writing``."""
        self.manifest = publish(folder, self.manifest, self._write, check=self.load, keep=keep)
        return self.manifest

    def nearest(self, query: Vectors, *, k: int, among: Mask | None = None) -> Rows:
        """Rows of the ``k`` chunks nearest to a vector of shape (dimension,), best first, in a mask."""
        import faiss

        k = min(k, self.manifest.chunks)
        if k <= 0:
            return np.zeros(0, dtype=np.int64)
        parameters = None
        if among is not None and not among.all():
            selector: Any = faiss.IDSelectorBitmap
            allowed = selector(np.packbits(among, bitorder="little"))
            parameters = faiss.SearchParameters(sel=allowed)  # type: ignore[call-arg]
        # Its threads would be in the way of the encoder's; the setting is the whole thread's, so it is put back.
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            _, found = self._vectors.search(np.ascontiguousarray(query[None]), k, params=parameters)
        finally:
            faiss.omp_set_num_threads(threads)
        return np.asarray(found[0][found[0] >= 0], dtype=np.int64)

    def vectors(self, rows: Rows) -> Vectors:
        """Unit vectors of chunks, shape (len(rows), dimension)."""
        return np.asarray(self._vectors.reconstruct_batch(rows), dtype=np.float32)

    def mask(self, filters: Filter) -> Mask:
        """Which chunks a filter lets pass, shape (chunks,)."""
        return np.asarray(self._passing(filters)[self._article_of_chunk], dtype=np.bool_)

    def languages_of(self, filters: Filter) -> frozenset[str]:
        """The languages of the articles that a filter lets pass."""
        return frozenset(np.unique(self._language[self._passing(filters)]).tolist())

    def passing(self, filters: Filter) -> tuple[int, int]:
        """How many articles a filter lets pass, and how many more only lack the date that it asks for."""
        passed = int(self._passing(filters).sum())
        undated = self._passing(replace(filters, since=None, until=None)) & (self._published == "")
        return passed, int(undated.sum()) if filters.since or filters.until else 0

    def _passing(self, filters: Filter) -> Mask:
        passed = np.ones(len(self.articles), dtype=np.bool_)
        if filters.since or filters.until:
            # "2024-05" as an upper bound means all of May: "~" sorts after every digit and dash.
            passed &= self._published != ""
            passed &= self._published >= (filters.since or "")
            passed &= self._published <= (filters.until or "") + "~"
        if filters.language:
            passed &= self._language == filters.language
        if filters.source:
            passed &= np.char.find(self._source, filters.source.casefold()) >= 0
        if filters.author:
            passed &= np.char.find(self._author, filters.author.casefold()) >= 0
        return passed

    def absent(self, names: Sequence[str]) -> list[str]:
        """Of folded names those that no chunk of the whole index can hold.

        A name is looked for by its words and pairs of characters, so what is returned is certain where the
        index holds one script only; in an index of both languages a name may be written otherwise, and
        none is returned.
        """
        if len(self.languages) != 1:
            return []
        chinese = self.languages == {"zh"}
        return [
            name
            for name in names
            if bool(HAN.search(name)) == chinese and self.words.coverage(name).max(initial=0) <= _NOT_HELD
        ]

    def place(self, row: int) -> Place:
        """The place of the chunk of a row."""
        return self._places[row]

    def rows_of(self, passage: Passage) -> range:
        """The rows of the chunks in a passage."""
        article = self._row_by_id[passage.article.id]
        first, last = np.searchsorted(self._article_of_chunk, [article, article + 1])
        rows = [
            row
            for row in range(int(first), int(last))
            if passage.chunk.start <= self._places[row].start < passage.chunk.end
        ]
        return range(rows[0], rows[-1] + 1) if rows else range(0)

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

    def stored(self) -> dict[str, Stored]:
        """The stored form of each chunk by its content key, so that it is not encoded again."""
        if not self._places:
            return {}
        vectors = self._vectors.reconstruct_n(0, self.manifest.chunks)
        return {
            place.key: Stored(vector, self.tokens.of(row) if self.tokens else None)
            for row, (place, vector) in enumerate(zip(self._places, vectors, strict=True))
        }

    def _write(self, folder: Path) -> None:
        import faiss

        write_lines(folder / _ARTICLES, (asdict(article) for article in self.articles))
        write_lines(folder / CHUNKS, (asdict(place) for place in self._places))
        # faiss.write_index tells nobody when the last bytes find no room.
        (folder / _VECTORS).write_bytes(faiss.serialize_index(self._vectors).data)
        self.words.save(folder)
        self.score_offsets.save(folder)
        if self.tokens:
            self.tokens.save(folder)


def _read_vectors(path: Path) -> Any:
    """Flat vectors, no more than the file can hold; other kinds of faiss files are refused unread."""
    import faiss

    with path.open("rb") as file:
        if file.read(len(_FLAT)) != _FLAT:
            raise ValueError(f"{path.name} holds no flat vectors")
    faiss.set_deserialization_vector_byte_limit(path.stat().st_size)
    return faiss.read_index(str(path))

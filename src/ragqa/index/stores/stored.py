"""An index in a store, open for questions: candidates and what is read of them are fetched as they are needed.

What is fetched is remembered, and goes with the generation: a few thousand places, the chunks and articles of the last
questions, the known names.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

import numpy as np

from ragqa.cache import Cache
from ragqa.index import bm25, calibration, known_names
from ragqa.index.bm25 import Coverage
from ragqa.index.calibration import Calibration
from ragqa.index.index_files import Place, Stored
from ragqa.index.known_names import KnownNames
from ragqa.index.late_interaction import Signature
from ragqa.index.searchable import SearchIndex
from ragqa.index.stores.generation import Generation, StoredArticle, StoredChunk, Within
from ragqa.index.vectors import Rows
from ragqa.types import Article, Filter, Passage, Vectors

# What is remembered; a chunk takes about 17 kB, an article as much as its text.
_PLACES, _CHUNKS, _ARTICLES = 50_000, 2_000, 500
# Chunks whose text is fetched at once when a phrase is looked for.
_READ = 50


class StoredIndex(SearchIndex):
    """One generation in a store."""

    def __init__(self, generation: Generation) -> None:
        super().__init__()
        self._generation = generation
        self.manifest = generation.manifest
        files = generation.files()
        self.names = KnownNames.read(files[known_names.FILE].decode("utf-8", "surrogatepass"))
        self.score_offsets = Calibration.read(io.BytesIO(files[calibration.FILE]))
        self.has_tokens = self.score_offsets.tokens
        self.languages = generation.languages(Within())
        self.articles: StoredArticles = StoredArticles(generation)
        self._places: Cache[Place] = Cache(_PLACES)
        self._chunks: Cache[StoredChunk] = Cache(_CHUNKS)

    @cached_property
    def listing(self) -> Sequence[Article]:  # type: ignore[override]
        """All articles without texts and links."""
        return self._generation.listing()

    def scope(self, filters: Filter) -> Narrowed:
        """The chunks that a filter lets pass."""
        within = self._within(filters)
        if filters.phrases:
            held = np.unique(np.concatenate([self.holding(phrase) for phrase in filters.phrases]))
            within = replace(within, chunks=held)
        return Narrowed(self._generation, within)

    def covered(self, question: str) -> Coverage:
        """How much of a question's words each chunk holds."""
        return Coverage.at(bm25.coverage(question, self.manifest.chunks, self._generation.postings))

    def rows_with(self, terms: Sequence[str]) -> Rows:
        """The chunks that have all of these terms."""
        return bm25.rows_with(terms, self.manifest.chunks, self._generation.postings)

    def vectors(self, rows: Rows) -> Vectors:
        """Unit vectors of chunks."""
        found = self._of(rows.tolist())
        return np.array([found[row].vector for row in rows.tolist()], dtype=np.float32).reshape(
            len(rows), self.manifest.dimension
        )

    def signatures(self, rows: Rows) -> list[Signature]:
        """The tokens of chunks."""
        found = self._of(rows.tolist())
        signatures = [found[row].signature for row in rows.tolist()]
        return [signature for signature in signatures if signature is not None]

    def place(self, row: int) -> Place:
        """The place of the chunk of a row."""
        return self._places_of([row])[row]

    def rows_in(self, article: int) -> range:
        """The rows of the chunks of an article."""
        kept = self.articles.of([article])[article]
        return range(kept.first, kept.end)

    def row_of(self, article_id: str) -> int | None:
        """The row of the article of an id."""
        return self.articles.row_of(article_id)

    def languages_of(self, filters: Filter) -> frozenset[str]:
        """The languages of the articles that a filter lets pass."""
        return self._generation.languages(self._within(filters))

    def passing(self, filters: Filter) -> tuple[int, int]:
        """How many articles a filter lets pass, and how many more only lack the date that it asks for."""
        passed = self._generation.count(self._within(filters))
        if not filters.dated:
            return passed, 0
        any_date = self._within(replace(filters, since=None, until=None, before=None))
        return passed, self._generation.count(replace(any_date, undated=True))

    def newest(self, filters: Filter, k: int) -> list[int]:
        """Rows of the ``k`` newest dated articles that a filter lets pass, newest first."""
        return self._generation.newest(self._within(filters), k)

    def stored(self, keys: Collection[str]) -> dict[str, Stored]:
        """The stored form of chunks by their content keys."""
        return self._generation.stored(keys)

    def fetch(self, rows: Sequence[int]) -> None:
        """Fetch chunks' places and their whole articles' at once."""
        articles = sorted({place.article for place in self._places_of(rows).values()})
        kept = self.articles.of(articles).values()
        self._places_of([row for each in kept for row in range(each.first, each.end)])

    def _of(self, rows: Sequence[int]) -> dict[int, StoredChunk]:
        found = {row: self._chunks.get(row) for row in rows}
        missing = [row for row, chunk in found.items() if chunk is None]
        for chunk in self._generation.chunks(missing) if missing else ():
            found[chunk.row] = chunk
            self._chunks.put(chunk.row, chunk)
            self._places.put(chunk.row, chunk.place)
        return {row: chunk for row, chunk in found.items() if chunk is not None}

    def _places_of(self, rows: Sequence[int]) -> dict[int, Place]:
        found = {row: self._places.get(row) for row in rows}
        missing = [row for row, place in found.items() if place is None]
        for row, place in (self._generation.places(missing) if missing else {}).items():
            found[row] = place
            self._places.put(row, place)
        return {row: place for row, place in found.items() if place is not None}

    def _within(self, filters: Filter) -> Within:
        articles, without = None, None
        for phrase in filters.phrases:
            held = self._articles_holding(phrase)
            articles = held if articles is None else np.intersect1d(articles, held)
        if filters.without:
            without = np.unique(
                np.concatenate([self._articles_holding(phrase) for phrase in filters.without])
            )
        return Within(replace(filters, phrases=(), without=()), articles, without)

    def _articles_holding(self, phrase: str) -> Rows:
        places = self._places_of(self.holding(phrase).tolist()).values()
        return np.unique(np.array([place.article for place in places], dtype=np.int64))

    def _each(self, rows: Rows) -> Iterator[Passage]:
        for begin in range(0, len(rows), _READ):
            self.fetch(rows[begin : begin + _READ].tolist())
            yield from super()._each(rows[begin : begin + _READ])


class StoredArticles(Sequence[Article]):
    """The articles of a generation, fetched as they are needed and, in a loop, in batches."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._kept: Cache[StoredArticle] = Cache(_ARTICLES)
        self._row_by_id: Cache[int] = Cache(_ARTICLES)

    def __len__(self) -> int:
        return self._generation.manifest.articles

    @overload
    def __getitem__(self, row: int) -> Article: ...

    @overload
    def __getitem__(self, row: slice) -> Sequence[Article]: ...

    def __getitem__(self, row: int | slice) -> Article | Sequence[Article]:
        rows = range(len(self))[row]
        if isinstance(rows, int):
            return self.of([rows])[rows].article
        found = self.of(rows)
        return [found[each].article for each in rows]

    def __iter__(self) -> Iterator[Article]:
        return self._generation.whole_articles()

    def of(self, rows: Sequence[int]) -> dict[int, StoredArticle]:
        """The articles of rows."""
        found = {row: self._kept.get(row) for row in rows}
        missing = [row for row, article in found.items() if article is None]
        for article in self._generation.articles(missing) if missing else ():
            found[article.row] = self._keep(article)
        return {row: article for row, article in found.items() if article is not None}

    def row_of(self, article_id: str) -> int | None:
        """The row of the article of an id."""
        row = self._row_by_id.get(article_id)
        if row is None and (found := self._generation.article_of(article_id)):
            row = self._keep(found).row
        return row

    def _keep(self, article: StoredArticle) -> StoredArticle:
        self._kept.put(article.row, article)
        self._row_by_id.put(article.article.id, article.row)
        return article


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The chunks of a generation that pass."""

    generation: Generation
    within: Within

    def any(self) -> bool:
        """Whether there are any."""
        return self.generation.any(self.within)

    def only(self, rows: Rows) -> Narrowed:
        """Those among these rows."""
        chunks = rows if self.within.chunks is None else np.intersect1d(rows, self.within.chunks)
        return Narrowed(self.generation, replace(self.within, chunks=chunks))

    def nearest(self, query: Vectors, k: int) -> Rows:
        """Rows of the ``k`` nearest to a vector, best first."""
        k = min(k, self.generation.manifest.chunks)
        return self.generation.nearest(query, k, self.within) if k > 0 else np.zeros(0, dtype=np.int64)

    def best(self, coverage: Coverage, k: int) -> Rows:
        """Rows of the ``k`` that cover most of a question, in their order.

        The store is asked which of the best pass, of eight times as many each time, until enough do.
        """
        looked = 4 * k
        while True:
            best = coverage.best(looked)
            inside = np.isin(coverage.rows, self.generation.passing(best, self.within))
            if int(inside.sum()) >= k or len(best) == len(coverage.rows):
                return coverage.among(inside).best(k)
            looked *= 8

"""What questions need of an index, whatever keeps it: files (index.py) or a store (stores/).

Row i is the i-th chunk; the chunks of an article follow each other. Row numbers mean something within one version only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from ragqa.cache import Cache
from ragqa.errors import ArticleNotFoundError
from ragqa.index import phrases
from ragqa.index.bm25 import Coverage
from ragqa.index.calibration import Calibration
from ragqa.index.columns import Columns, Mask
from ragqa.index.index_files import Place, Stored
from ragqa.index.known_names import KnownNames
from ragqa.index.late_interaction import Signature
from ragqa.index.store import Manifest
from ragqa.index.vectors import Rows
from ragqa.text import HAN
from ragqa.types import Article, Chunk, Filter, Passage, Vectors

# Phrases whose chunks are remembered: a question asks for its own a few times.
_PHRASES = 50


class Scope(Protocol):
    """The chunks that a filter lets pass."""

    def any(self) -> bool:
        """Whether there are such chunks."""
        ...

    def only(self, rows: Rows) -> Scope:
        """Those of them that are among these rows."""
        ...

    def nearest(self, query: Vectors, k: int) -> Rows:
        """Rows of the ``k`` nearest to a unit vector of shape (dimension,), best first; shape (up to k,)."""
        ...

    def best(self, coverage: Coverage, k: int) -> Rows:
        """Rows of the ``k`` that cover most of a question, in their order; none that covers nothing of it."""
        ...


class SearchIndex(ABC):
    """One immutable version of an index.

    ``articles`` are in the order of their rows, ``listing`` are the same for whoever needs no texts: where a store
    keeps them, texts and links are left out there. ``has_tokens`` says whether there are token signatures.
    """

    manifest: Manifest
    articles: Sequence[Article]
    listing: Sequence[Article]
    score_offsets: Calibration
    names: KnownNames
    languages: frozenset[str]
    has_tokens: bool

    def __init__(self) -> None:
        self._held: Cache[Rows] = Cache(_PHRASES)

    @abstractmethod
    def scope(self, filters: Filter) -> Scope:
        """The chunks that a filter lets pass; where it asks for phrases, each holds one."""

    @abstractmethod
    def covered(self, question: str) -> Coverage:
        """How much of a question's words each chunk holds."""

    @abstractmethod
    def rows_with(self, terms: Sequence[str]) -> Rows:
        """The chunks that have all of these terms, in order; every chunk where there are none."""

    @abstractmethod
    def vectors(self, rows: Rows) -> Vectors:
        """Unit vectors of chunks, shape (len(rows), dimension)."""

    @abstractmethod
    def signatures(self, rows: Rows) -> list[Signature]:
        """The tokens of chunks; only where ``has_tokens``."""

    @abstractmethod
    def place(self, row: int) -> Place:
        """The place of the chunk of a row."""

    @abstractmethod
    def rows_in(self, article: int) -> range:
        """The rows of the chunks of an article."""

    @abstractmethod
    def row_of(self, article_id: str) -> int | None:
        """The row of the article of an id; None where there is none."""

    @abstractmethod
    def languages_of(self, filters: Filter) -> frozenset[str]:
        """The languages of the articles that a filter lets pass."""

    @abstractmethod
    def passing(self, filters: Filter) -> tuple[int, int]:
        """How many articles a filter lets pass, and how many more only lack the date that it asks for."""

    @abstractmethod
    def newest(self, filters: Filter, k: int) -> list[int]:
        """Rows of the ``k`` newest dated articles that a filter lets pass, newest first."""

    def passed(self, filters: Filter) -> Mask:
        """Which articles a filter lets pass, shape (articles,)."""
        return self._columns.passing(filters, self._mask_holding)

    def newest_first(self, filters: Filter) -> Rows:
        """Rows of all articles that a filter lets pass, newest first, those without a date last."""
        rows = np.flatnonzero(self.passed(filters))[::-1]
        # Reversed before and after, so that articles of one day stay in the order of the index.
        ordered: Rows = rows[np.argsort(self._columns.published[rows], kind="stable")][::-1]
        return ordered

    @abstractmethod
    def stored(self, keys: Collection[str]) -> dict[str, Stored]:
        """The stored form of chunks by their content keys, so that they are not encoded again."""

    def fetch(self, rows: Sequence[int]) -> None:  # noqa: B027
        """Say which chunks will be read with their articles, so that a store is asked once."""

    def holding(self, phrase: str) -> Rows:
        """Rows of the chunks that hold a phrase, under their title and heading, in any case, width and script."""
        found = self._held.get(phrase)
        if found is None:
            found = np.array(list(phrases.rows_holding(phrase, self.rows_with, self._each)), dtype=np.int64)
            self._held.put(phrase, found)
        return found

    def holds(self, words: str) -> bool:
        """Whether a chunk of the whole index holds these words, side by side."""
        known = self._held.get(words)
        if known is not None:
            return bool(len(known))
        held = next(phrases.rows_holding(words, self.rows_with, self._each), None) is not None
        if not held:
            self._held.put(words, np.zeros(0, dtype=np.int64))
        return held

    def absent(self, names: Sequence[str]) -> list[str]:
        """Of folded names those that no chunk of the whole index can hold.

        A name is looked for by its words and pairs of characters, so what is returned is certain where the
        index is all Chinese or all English; in any other index a name may be written otherwise, and none is
        returned.
        """
        if self.languages not in ({"zh"}, {"en"}):
            return []
        chinese = self.languages == {"zh"}
        # A text that holds a whole name covers some of it.
        return [
            name for name in names if bool(HAN.search(name)) == chinese and not len(self.covered(name).rows)
        ]

    def rows_of(self, passage: Passage) -> range:
        """The rows of the chunks in a passage."""
        article = self.row_of(passage.article.id)
        assert article is not None, "a passage is of an article of its index"
        start, end = passage.chunk.start, passage.chunk.end
        rows = [row for row in self.rows_in(article) if start <= self.place(row).start < end]
        return range(rows[0], rows[-1] + 1) if rows else range(0)

    def passage(self, first: int, last: int, score: float) -> Passage:
        """Neighbouring chunks ``first`` to ``last`` of one article as a single passage."""
        begin, end = self.place(first), self.place(last)
        if begin.article != end.article:
            raise ValueError(f"chunks {first} and {last} stand in two articles")
        article = self.articles[begin.article]
        text = article.text[begin.start : end.end]
        return Passage(Chunk(article.id, begin.start, end.end, text, begin.heading), article, score)

    def opening(self, article: int, score: float = 0.0) -> Passage:
        """The first chunk of the article of a row as a passage."""
        first = self.rows_in(article)[0]
        return self.passage(first, first, score)

    def article(self, article_id: str) -> Article:
        """The article of an id, or ArticleNotFoundError."""
        row = self.row_of(article_id)
        if row is None:
            raise ArticleNotFoundError(
                f"no article {article_id!r} in the index; ids are shown by: ragqa search"
            )
        return self.articles[row]

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.listing)

    def _mask_holding(self, phrase: str) -> Mask:
        holds = np.zeros(len(self.listing), dtype=np.bool_)
        holds[[self.place(row).article for row in self.holding(phrase).tolist()]] = True
        return holds

    def _each(self, rows: Rows) -> Iterator[Passage]:
        """Each chunk as a passage."""
        return (self.passage(row, row, 0.0) for row in rows.tolist())

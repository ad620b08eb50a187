"""Everything that a new version of an index is made of, before it is written to files or to a store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ragqa.index.calibration import Calibration
from ragqa.index.index_files import Place
from ragqa.index.late_interaction import Signature
from ragqa.index.store import Manifest
from ragqa.types import Article, Chunk, Vectors


@dataclass(frozen=True, eq=False)
class Prepared:
    """Articles, their chunks in order, and what was encoded; vectors have shape (chunks, dimension).

    ``texts`` are what the lexical index reads of each chunk, ``keys`` name what was encoded for it.
    """

    articles: Sequence[Article]
    chunks: Sequence[Chunk]
    keys: Sequence[str]
    texts: Sequence[str]
    vectors: Vectors
    signatures: Sequence[Signature] | None
    score_offsets: Calibration
    manifest: Manifest

    @cached_property
    def places(self) -> list[Place]:
        """Where each chunk stands."""
        row_by_id = {article.id: row for row, article in enumerate(self.articles)}
        return [
            Place(row_by_id[chunk.article_id], chunk.start, chunk.end, chunk.heading, key)
            for chunk, key in zip(self.chunks, self.keys, strict=True)
        ]

    def spans(self) -> Mapping[int, tuple[int, int]]:
        """The row of each article's first chunk and of the one after its last, by the article's row."""
        of_chunk = np.array([place.article for place in self.places], dtype=np.int64)
        rows = np.arange(len(self.articles))
        first, end = np.searchsorted(of_chunk, rows), np.searchsorted(of_chunk, rows, side="right")
        return {int(row): (int(a), int(b)) for row, a, b in zip(rows, first, end, strict=True)}

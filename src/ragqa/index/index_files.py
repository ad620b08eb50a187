"""Read and write the index files of articles and chunks."""

from __future__ import annotations

import json
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from ragqa.errors import IndexMismatchError
from ragqa.index.late_interaction import Signature
from ragqa.index.store import REBUILD
from ragqa.types import Article

CHUNKS = "chunks.jsonl"
# What readers raise on damage; the second line is numpy's, on a broken archive or header.
UNREADABLE = (
    ValueError, TypeError, LookupError, AttributeError, RuntimeError, OSError, EOFError, MemoryError,
    BadZipFile, TokenError, SyntaxError, ArithmeticError, zlib.error,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands: the row of its article and its offsets; ``key`` names what was encoded."""

    article: int
    start: int
    end: int
    heading: str
    key: str


class Places:
    """The places of all chunks, 44 bytes each; ``article`` are the rows of their articles, shape (chunks,)."""

    def __init__(self, places: Iterable[Place]) -> None:
        numbers, keys, headings = array("i"), list[bytes](), dict[str, int]()
        for place in places:
            heading = headings.setdefault(place.heading, len(headings))
            numbers.extend((place.article, place.start, place.end, heading))
            keys.append(place.key.encode("ascii"))
        columns = np.array(numbers, dtype=np.int32).reshape(-1, 4).T
        # 64 bits, since numpy would make them anew at each use as row numbers.
        self.article = columns[0].astype(np.int64)
        self._start, self._end, self._heading = columns[1:].copy()
        self._headings = list(headings)
        self._keys = np.array(keys, dtype=np.bytes_)

    def __len__(self) -> int:
        return len(self.article)

    def __getitem__(self, row: int) -> Place:
        heading, key = self._headings[self._heading[row]], self._keys[row].decode()
        return Place(int(self.article[row]), int(self._start[row]), int(self._end[row]), heading, key)

    def __iter__(self) -> Iterator[Place]:
        return map(self.__getitem__, range(len(self)))

    def require(self, articles: Sequence[Article]) -> None:
        """Raise IndexMismatchError where a chunk lies outside its article."""
        sizes = np.array([len(article.text) for article in articles] or [0], dtype=np.int64)
        known = (self.article >= 0) & (self.article < len(articles))
        size = np.where(known, sizes[np.where(known, self.article, 0)], 0)
        outside = (self._start < 0) | (self._start >= self._end) | (self._end > size)
        if outside.any():
            row = int(outside.argmax())
            raise IndexMismatchError(f"{CHUNKS}: chunk {row} lies outside its article; {REBUILD}")


@dataclass(frozen=True, slots=True)
class Stored:
    """What was encoded for a chunk: its vector and, from an encoder that has tokens, their signature."""

    vector: npt.NDArray[np.float32]
    signature: Signature | None = None


def article_from(row: dict[str, Any]) -> Article:
    """The article of a line of articles.jsonl."""
    return Article(**{**row, "links": tuple(row["links"])})


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

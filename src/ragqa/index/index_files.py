"""Read and write the index files of articles and chunks."""

from __future__ import annotations

import json
import zlib
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


@dataclass(frozen=True, slots=True)
class Stored:
    """What was encoded for a chunk: its vector and, from an encoder that has tokens, their signature."""

    vector: npt.NDArray[np.float32]
    signature: Signature | None = None


def article_from(row: dict[str, Any]) -> Article:
    """The article of a line of articles.jsonl."""
    return Article(**{**row, "links": tuple(row["links"])})


def require_places(articles: Sequence[Article], places: Sequence[Place]) -> None:
    """Raise IndexMismatchError where a chunk lies outside its article."""
    for row, place in enumerate(places):
        size = len(articles[place.article].text) if 0 <= place.article < len(articles) else 0
        if not 0 <= place.start < place.end <= size:
            raise IndexMismatchError(f"{CHUNKS}: chunk {row} lies outside its article; {REBUILD}")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines."""
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write rows as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)

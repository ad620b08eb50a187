"""Lexical index: how many of a question's words each chunk contains, by BM25, memory-mapped.

Three arrays in compressed-column form, one column a term. A term is known by 64 bits of its BLAKE2b
hash, so that opening an index of any size reads nothing and builds no dictionary.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ragqa.text import terms
from ragqa.types import Vectors

FILES = ("lexical.terms.npy", "lexical.offsets.npy", "lexical.rows.npy", "lexical.weights.npy")
_KINDS = [(np.uint64, 1), (np.int64, 1), (np.int32, 1), (np.float16, 1)]
# BM25's usual constants (Robertson and Zaragoza 2009, section 3.2): saturation and length.
_K1, _B = 1.2, 0.75
# The chunks that have a term, and the share of its idf that each earns.
Postings = tuple[npt.NDArray[np.int32], npt.NDArray[np.float16]]
LookUp = Callable[[Sequence[int]], Mapping[int, Postings]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The chunks that cover some of a question: ``rows`` in order, and how much, 0 to 1; both of shape (n,)."""

    rows: npt.NDArray[np.int64]
    values: Vectors

    @classmethod
    def at(cls, covered: Vectors) -> Coverage:
        """What covers something, of the coverage of all chunks."""
        rows = np.flatnonzero(covered)
        return cls(rows, covered[rows])

    def of(self, rows: npt.NDArray[np.int64]) -> Vectors:
        """How much these chunks cover, shape (len(rows),)."""
        if not len(self.rows):
            return np.zeros(len(rows), dtype=np.float32)
        at = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return np.where(self.rows[at] == rows, self.values[at], np.float32(0))

    def best(self, k: int) -> npt.NDArray[np.int64]:
        """The ``k`` rows that cover most, in their order; of equal ones the first."""
        if len(self.rows) <= k:
            return self.rows
        least = np.partition(self.values, -k)[-k]
        more = np.flatnonzero(self.values > least)
        equal = np.flatnonzero(self.values == least)[: k - len(more)]
        return np.asarray(self.rows[np.sort(np.concatenate([more, equal]))], dtype=np.int64)

    def among(self, inside: npt.NDArray[np.bool_]) -> Coverage:
        """What covers something among ``inside``, of shape (len(self.rows),)."""
        return Coverage(self.rows[inside], self.values[inside])


@dataclass(frozen=True, slots=True)
class Lexical:
    """Postings of every term: ``rows[offsets[t]:offsets[t + 1]]`` hold term t, with BM25 ``weights``.

    ``hashes`` is sorted; ``weights`` lie between 0 and 1: the share of a term's idf that a chunk earns.
    """

    hashes: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float16]
    chunks: int

    @classmethod
    def build(cls, texts: Sequence[str]) -> Lexical:
        """Index texts in their order; the same texts give the same bytes."""
        known: dict[str, int] = {}
        rows: list[int] = []
        columns: list[int] = []
        counts: list[int] = []
        lengths = np.zeros(len(texts), dtype=np.float32)
        for row, text in enumerate(texts):
            counted = Counter(terms(text))
            lengths[row] = counted.total()
            rows.extend([row] * len(counted))
            columns.extend(known.setdefault(term, len(known)) for term in counted)
            counts.extend(counted.values())
        hashes = np.array([_hash(term) for term in known], dtype=np.uint64)
        by_hash = np.argsort(hashes, kind="stable")
        place = np.empty(len(known), dtype=np.int64)
        place[by_hash] = np.arange(len(known))
        column = place[np.array(columns, dtype=np.int64)]
        order = np.argsort(column, kind="stable")
        row_of = np.array(rows, dtype=np.int32)[order]
        frequency = np.array(counts, dtype=np.float32)[order]
        length = lengths[row_of] / max(float(lengths.mean()) if len(texts) else 1.0, 1e-9)
        weights = frequency / (frequency + _K1 * (1 - _B + _B * length))
        ends = np.cumsum(np.bincount(column, minlength=len(known)))
        offsets = np.concatenate([[0], ends]).astype(np.int64)
        return cls(hashes[by_hash], offsets, row_of, weights.astype(np.float16), len(texts))

    @classmethod
    def open(cls, folder: Path, *, chunks: int) -> Lexical:
        """Map the arrays that ``save`` wrote. Raises ValueError when they do not fit each other."""
        arrays = [np.load(folder / name, mmap_mode="r") for name in FILES]
        if [(array.dtype, array.ndim) for array in arrays] != _KINDS:
            raise ValueError(f"the arrays {', '.join(FILES)} are of another kind")
        hashes, offsets, rows, weights = arrays
        if len(offsets) != len(hashes) + 1 or not int(offsets[-1]) == len(rows) == len(weights):
            raise ValueError(f"the arrays {', '.join(FILES)} do not fit each other")
        return cls(hashes, offsets, rows, weights, chunks)

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder."""
        arrays: tuple[npt.NDArray[Any], ...] = (self.hashes, self.offsets, self.rows, self.weights)
        for name, array in zip(FILES, arrays, strict=True):
            np.save(folder / name, array, allow_pickle=False)

    def coverage(self, question: str) -> Vectors:
        """How much of a question each chunk holds, shape (chunks,), 0 to 1.

        BM25 divided by what a chunk could earn at most. A word that no chunk holds counts in the
        divisor as the rarest there could be: a question in a script that the index does not hold
        covers nothing, and so has no say, where its best chunk's score would be noise.
        """
        return coverage(question, self.chunks, self.postings)

    def rows_with(self, wanted: Sequence[str]) -> npt.NDArray[np.int64]:
        """The chunks that have all of these terms, in order; every chunk where there are none."""
        return rows_with(wanted, self.chunks, self.postings)

    def postings(self, hashes: Sequence[int]) -> dict[int, Postings]:
        """The postings of those terms, by their hashes, that there are."""
        wanted = np.array(hashes, dtype=np.uint64)
        if not len(wanted) or not len(self.hashes):
            return {}
        at = np.minimum(np.searchsorted(self.hashes, wanted), len(self.hashes) - 1)
        return {
            hashed: self._column(int(column))
            for hashed, column, known in zip(hashes, at, self.hashes[at] == wanted, strict=True)
            if known
        }

    def columns(self) -> Iterator[tuple[int, Postings]]:
        """The hash and the postings of every term."""
        return ((int(hashed), self._column(at)) for at, hashed in enumerate(self.hashes))

    def _column(self, at: int) -> Postings:
        span = slice(int(self.offsets[at]), int(self.offsets[at + 1]))
        return self.rows[span], self.weights[span]


def coverage(question: str, chunks: int, look_up: LookUp) -> Vectors:
    """As ``Lexical.coverage``, for ``chunks`` chunks of which ``look_up`` knows the postings of terms."""
    found = np.zeros(chunks, dtype=np.float32)
    wanted = [_hash(term) for term in dict.fromkeys(terms(question))]
    known = look_up(wanted)
    if not known:
        return found
    frequency = np.array([len(known[hashed][0]) if hashed in known else 0 for hashed in wanted])
    idf = np.log1p((chunks - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
    for hashed, weight in zip(wanted, idf, strict=True):
        if hashed in known:
            rows, weights = known[hashed]
            found[rows] += weight * weights
    return np.asarray(found / idf.sum(), dtype=np.float32)


def rows_with(wanted: Sequence[str], chunks: int, look_up: LookUp) -> npt.NDArray[np.int64]:
    """As ``Lexical.rows_with``, for ``chunks`` chunks of which ``look_up`` knows the postings of terms."""
    rows = np.arange(chunks, dtype=np.int64)
    hashes = [_hash(term) for term in dict.fromkeys(wanted)]
    known = look_up(hashes)
    if len(known) < len(hashes):
        return rows[:0]
    for hashed in hashes:
        rows = np.intersect1d(rows, np.sort(known[hashed][0]), assume_unique=True)
    return rows.astype(np.int64)


def _hash(term: str) -> int:
    return int.from_bytes(
        hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )

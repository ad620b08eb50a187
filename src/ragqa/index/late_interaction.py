"""Late interaction: token vectors of a question against those of a chunk, stored as one bit a dimension.

ColBERT's score (Khattab and Zaharia 2020, section 3.3: each question token counts with the nearest
token of the chunk) on the encoder's own token vectors. A chunk's token is stored as the signs of its
deviation from its language's mean, 48 bytes for 384 dimensions; the question keeps its floats. The
signs lose about a point of success@1 against the floats (docs/retrieval.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ragqa.models import Tokens
from ragqa.types import Vectors

FILES = ("tokens.bits.npy", "tokens.starts.npy", "tokens.offsets.npy")
_KINDS = [(np.uint8, 2), (np.uint16, 1), (np.int64, 1)]
Bits = npt.NDArray[np.uint8]
# The start of a token before the chunk's own text (its title or heading), and of the farthest that 16 bits hold.
_BEFORE, _FARTHEST = 65535, 65534


@dataclass(frozen=True, slots=True)
class Signature:
    """The tokens of one chunk: signs, shape (t, dimension / 8), and where each begins in the chunk."""

    bits: Bits
    starts: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, tokens: Tokens, centre: Vectors, *, skipped: int = 0) -> Signature:
        """Signs against a centre, for a text whose first ``skipped`` characters stand above its chunk."""
        starts = np.minimum(tokens.starts - skipped, _FARTHEST)
        return cls(
            np.packbits(tokens.vectors > centre, axis=1),
            np.where(starts < 0, _BEFORE, starts).astype(np.uint16),
        )


@dataclass(frozen=True, slots=True)
class Signatures:
    """The tokens of all chunks, one after the other; those of row i lie at ``offsets[i]:offsets[i + 1]``."""

    bits: Bits
    starts: npt.NDArray[np.uint16]
    offsets: npt.NDArray[np.int64]

    @classmethod
    def build(cls, signatures: Sequence[Signature], *, width: int) -> Signatures:
        """Join the signatures of all chunks; ``width`` is the bytes of one token."""
        offsets = np.cumsum([0, *(len(one.bits) for one in signatures)], dtype=np.int64)
        none = Signature(np.zeros((0, width), np.uint8), np.zeros(0, np.uint16))
        parts = [none, *signatures]
        return cls(
            np.concatenate([p.bits for p in parts]), np.concatenate([p.starts for p in parts]), offsets
        )

    @classmethod
    def open(cls, folder: Path) -> Signatures:
        """Map the arrays that ``save`` wrote. Raises ValueError when they do not fit each other."""
        arrays = [np.load(folder / name, mmap_mode="r") for name in FILES]
        if [(array.dtype, array.ndim) for array in arrays] != _KINDS:
            raise ValueError(f"the arrays {', '.join(FILES)} are of another kind")
        bits, starts, offsets = arrays
        if not int(offsets[-1]) == len(bits) == len(starts):
            raise ValueError(f"the arrays {', '.join(FILES)} do not fit each other")
        return cls(bits, starts, offsets)

    def save(self, folder: Path) -> None:
        """Write the arrays into a folder."""
        arrays: tuple[npt.NDArray[Any], ...] = (self.bits, self.starts, self.offsets)
        for name, array in zip(FILES, arrays, strict=True):
            np.save(folder / name, array, allow_pickle=False)

    def of(self, row: int) -> Signature:
        """The tokens of one chunk."""
        span = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        return Signature(self.bits[span], self.starts[span])


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's tokens and what they are measured from: see ``centres``."""

    tokens: Tokens
    centre: Vectors


def interaction(questions: Sequence[Asked], chunks: Sequence[Signature]) -> Vectors:
    """How well chunks of one language hold each question's tokens, shape (questions, chunks), about 0 to 1.

    The mean over a question's tokens, by their weights, of the best cosine to a token of the chunk.
    """
    scores = np.zeros((len(questions), len(chunks)), dtype=np.float32)
    filled = [row for row, chunk in enumerate(chunks) if len(chunk.bits)]
    if not filled or not questions:
        return scores
    units = [_unit(asked.tokens.vectors - asked.centre) for asked in questions]
    cosines = _cosines(np.concatenate(units), np.concatenate([chunks[row].bits for row in filled]))
    begins = np.cumsum([0, *(len(chunks[row].bits) for row in filled[:-1])])
    nearest = np.maximum.reduceat(cosines, begins, axis=0)
    last = 0
    for number, asked in enumerate(questions):
        weights = asked.tokens.weights
        first, last = last, last + len(weights)
        if total := weights.sum():
            scores[number, filled] = nearest[:, first:last] @ (weights / total)
    return scores


def within(chunk: Signature, spans: Sequence[tuple[int, int]]) -> list[Signature]:
    """The tokens of a chunk that begin in each span of its text."""
    inside = [(chunk.starts >= start) & (chunk.starts < end) for start, end in spans]
    return [Signature(chunk.bits[mask], chunk.starts[mask]) for mask in inside]


def centres(
    passages: Mapping[str, Vectors], questions: Mapping[str, Vectors]
) -> dict[tuple[str, str], Vectors]:
    """What a question's tokens are measured from, by (its language, the passages' language).

    Halfway between the two means: from the passages' mean alone, what all questions share would drown
    what this one says, and the other way round.
    """
    return {
        (q, p): np.asarray((questions[q] + passages[p]) / 2, dtype=np.float32)
        for q in questions
        for p in passages
    }


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12), dtype=np.float32)


def _cosines(units: Vectors, bits: Bits) -> Vectors:
    """Cosine of every stored token to every unit vector, shape (tokens, units)."""
    # q . s with signs s in {-1, 1} is 2 q . b - sum(q) with bits b in {0, 1}.
    ones = np.unpackbits(bits, axis=1, count=units.shape[1]).astype(np.float32)
    return np.asarray((2 * ones @ units.T - units.sum(axis=1)) / np.sqrt(units.shape[1]), dtype=np.float32)

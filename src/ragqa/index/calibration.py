"""Score offsets of an encoder per language pair, measured once on a small parallel text.

An encoder's vectors first say which language a text is in: an English question is nearer to any
English passage than to the Chinese one that answers it. ``parallel.tsv`` holds questions and
the passages that answer them, both in both languages. On it we measure what a true and what a false
pair score, in every direction; a score then counts from halfway between the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ragqa.errors import ModelDamagedError
from ragqa.index.late_interaction import Asked, Signature, centres, interaction
from ragqa.models import Encoder, Tokens
from ragqa.types import Vectors

FILE = "calibration.npz"
LANGUAGES = ("en", "zh")
Direction = tuple[str, str]
# How far from 1 the length of a unit vector may be.
_ROUNDING = 1e-3
DIRECTIONS: tuple[Direction, ...] = tuple((q, p) for q in LANGUAGES for p in LANGUAGES)


def measured(language: str) -> str:
    """The language whose scores count for articles in this one: its own, or English where it was not measured."""
    return language if language in LANGUAGES else "en"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The score offsets of an encoder. A direction is (language of the question, language of the passage).

    ``passages`` is the mean token of passages of a language, ``centres`` what a question's tokens are
    measured from, ``dense`` and ``late`` the scores halfway between true and false pairs. Without
    token vectors (``tokens`` false) only ``dense`` means something.
    """

    passages: dict[str, Vectors]
    centres: dict[Direction, Vectors]
    dense: dict[Direction, float]
    late: dict[Direction, float]
    tokens: bool

    @property
    def digest(self) -> str:
        """SHA-256 of what tokens are measured from."""
        parts = [bytes([self.tokens]), *(self.passages[name].tobytes() for name in LANGUAGES)]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    @classmethod
    def none(cls, dimension: int) -> Calibration:
        """Scores as they are: for an index of an encoder that was not measured."""
        zero = np.zeros(dimension, dtype=np.float32)
        return cls(
            dict.fromkeys(LANGUAGES, zero), dict.fromkeys(DIRECTIONS, zero),
            dict.fromkeys(DIRECTIONS, 0.0), dict.fromkeys(DIRECTIONS, 0.0), tokens=False,
        )  # fmt: skip

    @classmethod
    def measure(cls, encoder: Encoder, rows: Sequence[Sequence[str]] | None = None) -> Calibration:
        """Encode the parallel text (some 19,000 tokens) and measure every direction."""
        rows = rows or parallel()
        question_tokens: dict[str, dict[int, Tokens]] = {name: {} for name in LANGUAGES}
        passage_tokens: dict[str, dict[int, Tokens]] = {name: {} for name in LANGUAGES}
        questions, passages = {}, {}
        for column, language in enumerate(LANGUAGES):
            asked = encoder.encode_query(
                [row[column] for row in rows], each=question_tokens[language].__setitem__
            )
            read = encoder.encode_passages(
                [row[column + 2] for row in rows], each=passage_tokens[language].__setitem__
            )
            questions[language] = sound(asked, len(rows), encoder)
            passages[language] = sound(read, len(rows), encoder)
        dense = {(q, p): _halfway(questions[q] @ passages[p].T) for q, p in DIRECTIONS}
        if not all([*question_tokens.values(), *passage_tokens.values()]):
            return replace(cls.none(encoder.dimension), dense=dense)
        means = {name: _mean(passage_tokens[name]) for name in LANGUAGES}
        between = centres(means, {name: _mean(question_tokens[name]) for name in LANGUAGES})
        late = {}
        for q, p in DIRECTIONS:
            signatures = [Signature.of(passage_tokens[p][row], means[p]) for row in range(len(rows))]
            questions_there = [Asked(question_tokens[q][row], between[q, p]) for row in range(len(rows))]
            late[q, p] = _halfway(interaction(questions_there, signatures))
        return cls(means, between, dense, late, tokens=True)

    @classmethod
    def open(cls, folder: Path) -> Calibration:
        """Read what ``save`` wrote. Raises ValueError for an archive that is packed: it may unpack to any size."""
        with (folder / FILE).open("rb") as file:
            return cls.read(file)

    @classmethod
    def read(cls, file: BinaryIO) -> Calibration:
        """Read an archive that ``write`` wrote. Raises ValueError as ``open`` does."""
        with np.load(file, allow_pickle=False) as stored:
            if any(entry.compress_type for entry in stored.zip.infolist()):
                raise ValueError(f"{FILE} is packed")
            return cls(
                dict(zip(LANGUAGES, stored["passages"], strict=True)),
                dict(zip(DIRECTIONS, stored["centres"], strict=True)),
                dict(zip(DIRECTIONS, stored["dense"].tolist(), strict=True)),
                dict(zip(DIRECTIONS, stored["late"].tolist(), strict=True)),
                tokens=bool(stored["tokens"]),
            )

    def save(self, folder: Path) -> None:
        """Write the calibration into a folder."""
        with (folder / FILE).open("wb") as file:
            self.write(file)

    def write(self, file: BinaryIO) -> None:
        """Write the calibration as an archive."""
        np.savez(
            file,
            passages=np.stack(list(self.passages.values())),
            centres=np.stack(list(self.centres.values())),
            dense=np.array(list(self.dense.values())),
            late=np.array(list(self.late.values())),
            tokens=np.array(self.tokens),
        )


def sound(vectors: Vectors, rows: int, encoder: Encoder) -> Vectors:
    """Check the vectors that an encoder returned. Raises ModelDamagedError."""
    remedy = "run: ragqa doctor, which checks the model's files"
    if vectors.shape != (rows, encoder.dimension):
        raise ModelDamagedError(
            f"the encoder {encoder.id} gave vectors of shape {vectors.shape}, not {(rows, encoder.dimension)}; {remedy}"
        )
    # Comparing with NaN is false, so that it counts as wrong.
    wrong = rows - int((np.abs(np.linalg.norm(vectors, axis=1) - 1) < _ROUNDING).sum())
    if wrong:
        raise ModelDamagedError(
            f"the encoder {encoder.id} gave {wrong} of {rows} vectors not of length 1 (NaN or zero?); {remedy}"
        )
    return vectors


def parallel() -> list[list[str]]:
    """The parallel text: English question, Chinese question, English passage, Chinese passage a row."""
    text = Path(__file__).with_name("parallel.tsv").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines()]


def _halfway(scores: Vectors) -> float:
    """Halfway between the mean of the diagonal, true pairs, and the mean of the rest."""
    true = scores.trace() / len(scores)
    false = (scores.sum() - scores.trace()) / (scores.size - len(scores))
    return float((true + false) / 2)


def _mean(tokens: dict[int, Tokens]) -> Vectors:
    return np.asarray(np.concatenate([t.vectors for t in tokens.values()]).mean(axis=0), dtype=np.float32)

"""Encode chunks in batches; known chunks are looked up instead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ragqa.index.calibration import Calibration, measured, sound
from ragqa.index.checkpoint import Encoded
from ragqa.index.index_files import Stored
from ragqa.index.late_interaction import Signature
from ragqa.models import TextEncoder, Tokens
from ragqa.types import Article, Chunk

Progress = Callable[[int, int], None]

# Texts that are encoded before they are written down: a second or so of work, what a kill may cost.
BATCH = 32
# Bytes of articles, chunks and lexical index for a byte of text, as measured on the project's corpus.
_PER_BYTE = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk of an article, the ``text`` that is encoded for it, and the ``key`` of all that decides how."""

    article: Article
    chunk: Chunk
    text: str
    key: str


def encode(
    pieces: Sequence[Piece],
    known: Mapping[str, Stored],
    side: Encoded,
    encoder: TextEncoder,
    score_offsets: Calibration,
    progress: Progress | None,
) -> tuple[list[Stored], float]:
    """The stored form of every piece, and the tokens encoded per second.

    Each batch is in the side file before the next starts.
    """
    found = dict(known)
    if any(piece.key not in found for piece in pieces):
        side.begin(score_offsets)
        found |= side.records
    # By key: a text that stands twice is encoded once.
    fresh = list({piece.key: piece for piece in pieces if piece.key not in found}.values())
    started, before, done = time.monotonic(), encoder.tokens_encoded, 0
    for batch in _batches(fresh):

        def tell(within: int, _: int, done: int = done) -> None:
            if progress:
                progress(done + within, len(fresh))

        new = _encode_batch(batch, encoder, score_offsets, tell)
        side.add(new)
        found |= new
        done += len(batch)
    seconds = time.monotonic() - started
    speed = (encoder.tokens_encoded - before) / seconds if fresh else 0.0
    return [found[piece.key] for piece in pieces], speed


def room(pieces: Sequence[Piece], known: Mapping[str, Stored], dimension: int) -> int:
    """An upper estimate of the bytes that a version of these pieces and its side file need."""
    # A token a character: Chinese has fewer, Latin script far fewer.
    vector, token = 4 * dimension, dimension // 8 + 2
    encoded = [vector + token * len(piece.text) for piece in pieces]
    again = [size for size, piece in zip(encoded, pieces, strict=True) if piece.key not in known]
    text = sum(len(piece.text.encode("utf-8", "surrogatepass")) for piece in pieces)
    return sum(encoded) + sum(again) + _PER_BYTE * text


def _encode_batch(
    batch: Sequence[Piece], encoder: TextEncoder, score_offsets: Calibration, progress: Progress
) -> dict[str, Stored]:
    signatures: dict[int, Signature] = {}

    def sign(at: int, tokens: Tokens) -> None:
        piece = batch[at]
        above = len(piece.text) - len(piece.chunk.text)
        signatures[at] = Signature.of(
            tokens, score_offsets.passages[measured(piece.article.language)], skipped=above
        )

    vectors = encoder.encode_passages([piece.text for piece in batch], progress=progress, each=sign)
    vectors = sound(vectors, len(batch), encoder)
    return {
        piece.key: Stored(vector, signatures.get(at))
        for at, (piece, vector) in enumerate(zip(batch, vectors, strict=True))
    }


def _batches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Pieces of like length together, so that padding stays small, each batch in their order."""
    by_length = sorted(range(len(pieces)), key=lambda at: -len(pieces[at].text))
    for first in range(0, len(pieces), BATCH):
        yield [pieces[at] for at in sorted(by_length[first : first + BATCH])]

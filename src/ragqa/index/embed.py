"""Encode chunks in shards; known chunks are looked up instead."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from ragqa.index.calibration import Calibration
from ragqa.index.checkpoint import Encoded
from ragqa.index.index_files import Stored
from ragqa.index.shards import Engine, Piece, cut
from ragqa.types import Progress

# Bytes of articles, chunks and lexical index for a byte of text, as measured on the project's corpus.
_PER_BYTE = 6


def encode(
    pieces: Sequence[Piece],
    known: Mapping[str, Stored],
    side: Encoded,
    engine: Engine,
    score_offsets: Calibration,
    progress: Progress | None,
) -> tuple[list[Stored], float]:
    """The stored form of every piece, and the tokens encoded per second.

    Each shard is a file of the side folder as soon as it is done.
    """
    found = dict(known)
    if any(piece.key not in found for piece in pieces):
        side.begin(score_offsets)
        found |= side.records
    # By key: a text that stands twice is encoded once.
    fresh = list({piece.key: piece for piece in pieces if piece.key not in found}.values())
    started, done, tokens, rate = time.monotonic(), 0, 0, 0.0

    def tell(within: int) -> None:
        if progress:
            progress(done + within, len(fresh), rate)

    for result in engine(cut(fresh, side.encoder, score_offsets), score_offsets, tell):
        side.add(result)
        found |= result.stored
        done, tokens = done + len(result.stored), tokens + result.tokens
        rate = tokens / (time.monotonic() - started)
        tell(0)
    return [found[piece.key] for piece in pieces], rate


def room(pieces: Sequence[Piece], known: Mapping[str, Stored], dimension: int) -> int:
    """An upper estimate of the bytes that a version of these pieces and its side folder need."""
    # A token a character: Chinese has fewer, Latin script far fewer.
    vector, token = 4 * dimension, dimension // 8 + 2
    encoded = [vector + token * len(piece.text) for piece in pieces]
    again = [size for size, piece in zip(encoded, pieces, strict=True) if piece.key not in known]
    text = sum(len(piece.text.encode("utf-8", "surrogatepass")) for piece in pieces)
    return sum(encoded) + sum(again) + _PER_BYTE * text

"""Keep what an interrupted build has encoded, so that the next build resumes.

    index/.encoded/calibration.npz    what the tokens were measured from
    index/.encoded/chunks             a header, then a record a chunk

A record is its length, its payload and the payload's BLAKE2b; the payload is the chunk's content key,
the number of its tokens (-1: an encoder without), its vector and its tokens. What follows the first
record that is not whole is dropped.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ragqa.index import durable
from ragqa.index.calibration import FILE, Calibration
from ragqa.index.index_files import UNREADABLE, Stored
from ragqa.index.late_interaction import Signature
from ragqa.models import Encoder

FOLDER = ".encoded"
_CHUNKS = "chunks"
_MAGIC = b"ragqa encoded 1\n"
_LENGTH, _FIXED = struct.Struct("<I"), struct.Struct("<24si")
_DIGEST = 16


class Encoded:
    """The side file of one encoder: ``records`` are what it holds, by content key."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._home = folder / FOLDER
        self._dimension = encoder.dimension
        identity = f"{encoder.id}\0{encoder.fingerprint}\0{encoder.dimension}"
        self._header = _MAGIC + hashlib.sha256(identity.encode()).digest()
        self._whole = 0
        self.score_offsets: Calibration | None = None
        self.records: dict[str, Stored] = {}
        try:
            data = (self._home / _CHUNKS).read_bytes()
            if data.startswith(self._header):
                self.score_offsets = Calibration.open(self._home)
                self.records = dict(self._read(data))
        except UNREADABLE:
            self.score_offsets = None

    def begin(self, score_offsets: Calibration) -> None:
        """Prepare to ``add``; discards what was encoded under other score offsets or is damaged."""
        with durable.refusals(self._home.parent):
            self._begin(score_offsets)

    def add(self, encoded: Mapping[str, Stored]) -> None:
        """Append chunks by content key; they are durable when this returns."""
        with durable.refusals(self._home.parent), (self._home / _CHUNKS).open("ab") as file:
            file.write(b"".join(_record(key, stored) for key, stored in encoded.items()))
            file.flush()
            os.fsync(file.fileno())

    def _begin(self, score_offsets: Calibration) -> None:
        if self.score_offsets is not None and _same(self.score_offsets, score_offsets):
            os.truncate(self._home / _CHUNKS, self._whole)
            return
        self.records = {}
        shutil.rmtree(self._home, ignore_errors=True)
        self._home.mkdir()
        score_offsets.save(self._home)
        # The calibration lasts before there are chunks that were measured from it.
        durable.sync(self._home / FILE)
        (self._home / _CHUNKS).write_bytes(self._header)
        durable.sync(self._home / _CHUNKS)
        durable.sync(self._home)
        durable.sync(self._home.parent)

    def _read(self, data: bytes) -> Iterator[tuple[str, Stored]]:
        at = self._whole = len(self._header)
        while at + _LENGTH.size <= len(data):
            (length,) = _LENGTH.unpack_from(data, at)
            payload = data[at + _LENGTH.size : at + _LENGTH.size + length]
            at += _LENGTH.size + length + _DIGEST
            if at > len(data) or _digest(payload) != data[at - _DIGEST : at]:
                return
            yield self._stored(payload)
            self._whole = at

    def _stored(self, payload: bytes) -> tuple[str, Stored]:
        key, tokens = _FIXED.unpack_from(payload)
        vector = np.frombuffer(payload, np.float32, self._dimension, _FIXED.size)
        if tokens < 0:
            return key.decode(), Stored(vector)
        at, width = _FIXED.size + vector.nbytes, -(-self._dimension // 8)
        bits = np.frombuffer(payload, np.uint8, tokens * width, at).reshape(tokens, width)
        starts = np.frombuffer(payload, np.uint16, tokens, at + bits.nbytes)
        return key.decode(), Stored(vector, Signature(bits, starts))


def discard(folder: Path) -> None:
    """Delete the side file once its contents are in the index."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _record(key: str, stored: Stored) -> bytes:
    signature = stored.signature
    payload = _FIXED.pack(key.encode(), len(signature.bits) if signature else -1) + stored.vector.tobytes()
    if signature:
        payload += signature.bits.tobytes() + signature.starts.tobytes()
    return _LENGTH.pack(len(payload)) + payload + _digest(payload)


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=_DIGEST).digest()


def _same(one: Calibration, other: Calibration) -> bool:
    """Whether tokens were measured from the same."""
    return one.tokens == other.tokens and all(
        np.array_equal(mean, other.passages[name]) for name, mean in one.passages.items()
    )

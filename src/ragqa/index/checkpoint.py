"""Keep what an interrupted build has encoded, so that the next build resumes.

    index/.encoded/ENCODER/calibration.npz    what the tokens were measured from
    index/.encoded/ENCODER/SHARD              a shard that is done, named by what decides it

ENCODER is the beginning of the encoder's identity. A shard's file is there whole or not at all: a record a
chunk, then the BLAKE2b of them. A record is the length of its payload and the payload: the chunk's content
key, the number of its tokens (-1: an encoder without), its vector and its tokens.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ragqa.index import durable
from ragqa.index.calibration import FILE, Calibration
from ragqa.index.index_files import UNREADABLE, Stored
from ragqa.index.late_interaction import Signature
from ragqa.index.shards import Result, identity, name_of
from ragqa.models import Encoder

FOLDER = ".encoded"
_LENGTH, _FIXED = struct.Struct("<I"), struct.Struct("<24si")
_DIGEST = 32
_SHORT = 16


class Encoded:
    """The side folder of one encoder: ``records`` are what it holds, by content key."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self.encoder = identity(encoder)
        self._home = folder / FOLDER / self.encoder[:_SHORT]
        self._dimension = encoder.dimension
        self.score_offsets: Calibration | None = None
        self.records: dict[str, Stored] = {}
        try:
            self.score_offsets = Calibration.open(self._home)
        except UNREADABLE:
            return
        for path in sorted(self._home.iterdir()):
            self.records |= self._read(path)

    def begin(self, score_offsets: Calibration) -> None:
        """Prepare to ``add``; discards what was encoded under other score offsets or by another encoder."""
        if self.score_offsets is not None and self.score_offsets.digest == score_offsets.digest:
            return
        self.records = {}
        with durable.refusals(self._home.parents[1]):
            shutil.rmtree(self._home.parent, ignore_errors=True)
            durable.make(self._home)
            score_offsets.save(self._home)
            # The calibration lasts before there are chunks that were measured from it.
            durable.sync(self._home / FILE)
            durable.sync(self._home)

    def add(self, result: Result) -> None:
        """Write the file of a shard; it is durable when this returns."""
        records = b"".join(_record(key, stored) for key, stored in result.stored.items())
        with durable.refusals(self._home.parents[1]):
            durable.replace(self._home / result.name, records + _digest(records))

    def _read(self, path: Path) -> dict[str, Stored]:
        """What a shard's file holds: nothing where it is damaged, or not what its name says."""
        try:
            data = path.read_bytes()
            if data[-_DIGEST:] != _digest(data[:-_DIGEST]):
                return {}
            found = dict(self._records(data[:-_DIGEST]))
        except (*UNREADABLE, struct.error):
            return {}
        assert self.score_offsets
        named = name_of(list(found), self.encoder, self.score_offsets)
        return found if path.name == named else {}

    def _records(self, data: bytes) -> Iterator[tuple[str, Stored]]:
        at = 0
        while at < len(data):
            (length,) = _LENGTH.unpack_from(data, at)
            at += _LENGTH.size
            yield self._stored(data[at : at + length])
            at += length

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
    """Delete the side folder once its contents are in the index."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _record(key: str, stored: Stored) -> bytes:
    signature = stored.signature
    payload = _FIXED.pack(key.encode(), len(signature.bits) if signature else -1) + stored.vector.tobytes()
    if signature:
        payload += signature.bits.tobytes() + signature.starts.tobytes()
    return _LENGTH.pack(len(payload)) + payload


def _digest(records: bytes) -> bytes:
    return hashlib.blake2b(records, digest_size=_DIGEST).digest()

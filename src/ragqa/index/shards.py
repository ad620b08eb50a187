"""Encode a shard: some chunks of like length, whose result depends on nothing but the shard.

A vector depends in its last bits on the texts that are encoded beside it. Shards are therefore a function of
what is to be encoded, and each is encoded alone: whichever process or machine does it, the bytes are the same
(on processors that multiply in the same precision). A shard's name is the SHA-256 of its chunks' keys, which
hold cleaned text, title, heading and language, and of the encoder: doing it twice gives the same file twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.index.calibration import Calibration, measured, sound
from ragqa.index.index_files import Stored
from ragqa.index.late_interaction import Signature
from ragqa.models import Encoder, TextEncoder, Tokens

# Chunks of a shard: a second or so of work, what a kill may cost.
CHUNKS = 32
_FORMAT = "ragqa shard 1"


@dataclass(frozen=True, slots=True)
class Piece:
    """The ``text`` that is encoded for a chunk, of which ``above`` characters stand before the chunk's own.

    ``key`` names all of it.
    """

    text: str
    above: int
    language: str
    key: str

    @classmethod
    def of(cls, text: str, *, above: int, language: str) -> Piece:
        """A piece with its key."""
        # The language decides what tokens are measured from, and how much stands above a chunk where they
        # begin: both are part of what was encoded.
        named = f"{language} {len(text) - above}\n{text}"
        return cls(text, above, language, hashlib.sha256(named.encode()).hexdigest()[:24])


@dataclass(frozen=True, slots=True)
class Shard:
    """Pieces that are encoded together, and the name of their result."""

    name: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """The stored form of a shard's pieces by key, and the tokens that were encoded for it."""

    name: str
    stored: dict[str, Stored]
    tokens: int


# Encodes shards in any order; it is told what tokens are measured from, and may tell of chunks within a shard.
Engine = Callable[[Sequence[Shard], Calibration, Callable[[int], None]], Iterator[Result]]


def identity(encoder: Encoder) -> str:
    """SHA-256 of what an encoder puts into a shard's result."""
    facts = f"{_FORMAT}\0{encoder.id}\0{encoder.fingerprint}\0{encoder.dimension}"
    return hashlib.sha256(facts.encode()).hexdigest()


def name_of(keys: Sequence[str], encoder: str, score_offsets: Calibration) -> str:
    """The name of a shard: ``encoder`` is an identity."""
    named = hashlib.sha256(f"{encoder}\n{score_offsets.digest}\n".encode())
    named.update("\n".join(keys).encode())
    return named.hexdigest()


def cut(pieces: Sequence[Piece], encoder: str, score_offsets: Calibration) -> list[Shard]:
    """Shards of like length, so that padding stays small, each in the order of its pieces.

    All but the last have the same size: without those that are done already, the others come out the same.
    """
    by_length = sorted(range(len(pieces)), key=lambda at: -len(pieces[at].text))
    shards = []
    for first in range(0, len(pieces), CHUNKS):
        chosen = tuple(pieces[at] for at in sorted(by_length[first : first + CHUNKS]))
        shards.append(Shard(name_of([piece.key for piece in chosen], encoder, score_offsets), chosen))
    return shards


def encode_shard(
    shard: Shard,
    encoder: TextEncoder,
    score_offsets: Calibration,
    tell: Callable[[int], None] = lambda done: None,
) -> Result:
    """Encode one shard; ``tell`` is given the number of its chunks done so far."""
    signatures: dict[int, Signature] = {}

    def sign(at: int, tokens: Tokens) -> None:
        piece = shard.pieces[at]
        means = score_offsets.passages[measured(piece.language)]
        signatures[at] = Signature.of(tokens, means, skipped=piece.above)

    before = encoder.tokens_encoded
    texts = [piece.text for piece in shard.pieces]
    vectors = encoder.encode_passages(texts, progress=lambda done, _: tell(done), each=sign)
    vectors = sound(vectors, len(texts), encoder)
    stored = {
        piece.key: Stored(vector, signatures.get(at))
        for at, (piece, vector) in enumerate(zip(shard.pieces, vectors, strict=True))
    }
    return Result(shard.name, stored, encoder.tokens_encoded - before)


def one_by_one(encoder: TextEncoder) -> Engine:
    """The engine of one process."""

    def run(
        shards: Sequence[Shard], score_offsets: Calibration, tell: Callable[[int], None]
    ) -> Iterator[Result]:
        for shard in shards:
            yield encode_shard(shard, encoder, score_offsets, tell)

    return run

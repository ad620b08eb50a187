"""A shard's result depends on the shard alone; shards depend on what is to be encoded alone."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.fakes import CORPUS, TokenEncoder, write_corpus
from support.faults import build, files
from support.real import needs_models

from ragqa.index import shards
from ragqa.index.calibration import Calibration, parallel
from ragqa.index.checkpoint import FOLDER
from ragqa.index.shards import Piece, Shard, cut, encode_shard, identity, one_by_one
from ragqa.models.loading import load_encoder
from ragqa.settings import Settings

ENCODER = TokenEncoder()
NAME = identity(ENCODER)
OFFSETS = Calibration.measure(ENCODER, parallel()[:2])
PIECES = [Piece.of("港口" * (7 * n % 13 + 1) + str(n), above=0, language="zh") for n in range(100)]


def test_shards_hold_every_piece_once_texts_of_like_length_together() -> None:
    made = cut(PIECES, NAME, OFFSETS)
    assert [len(shard.pieces) for shard in made] == [32, 32, 32, 4]
    assert sorted(p.key for shard in made for p in shard.pieces) == sorted(p.key for p in PIECES)
    lengths = [[len(piece.text) for piece in shard.pieces] for shard in made]
    assert all(min(longer) >= max(shorter) for longer, shorter in pairwise(lengths))


@pytest.mark.parametrize("seed", range(20))
def test_without_those_that_are_done_the_other_shards_come_out_the_same(seed: int) -> None:
    made = cut(PIECES, NAME, OFFSETS)
    done = random.Random(seed).sample(made, 2)
    finished = {piece.key for shard in done for piece in shard.pieces}
    rest = cut([piece for piece in PIECES if piece.key not in finished], NAME, OFFSETS)
    assert rest == [shard for shard in made if shard not in done]


def test_a_name_tells_the_pieces_their_order_the_encoder_and_what_tokens_are_measured_from() -> None:
    moved = replace(OFFSETS, passages={name: mean + 1 for name, mean in OFFSETS.passages.items()})
    other = identity(TokenEncoder(fingerprint="other weights"))
    some = PIECES[:5]
    names = [
        cut(pieces, encoder, offsets)[0].name
        for pieces, encoder, offsets in (
            (some, NAME, OFFSETS), (some[::-1], NAME, OFFSETS), (some[:4], NAME, OFFSETS), (some, other, OFFSETS),
            (some, NAME, moved),
        )
    ]  # fmt: skip
    assert len(set(names)) == 5
    assert cut(list(some), identity(TokenEncoder()), OFFSETS)[0].name == names[0]


def test_a_key_tells_text_language_and_where_the_chunk_begins() -> None:
    keys = {
        Piece.of(text, above=above, language=language).key
        for text, above, language in (
            ("a\nb", 2, "en"),
            ("a\nb", 0, "en"),
            ("a\nb", 2, "zh"),
            ("a\nc", 2, "en"),
        )
    }
    assert len(keys) == 4


def test_twice_gives_the_same_twice() -> None:
    shard = cut(PIECES, NAME, OFFSETS)[0]
    one, other = (encode_shard(shard, TokenEncoder(), OFFSETS) for _ in range(2))
    assert list(one.stored) == list(other.stored) == [piece.key for piece in shard.pieces]
    assert all(np.array_equal(one.stored[key].vector, other.stored[key].vector) for key in one.stored)


def test_the_order_in_which_shards_are_done_does_not_show(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", CORPUS)

    def backwards(encoder: TokenEncoder) -> shards.Engine:
        run = one_by_one(encoder)  # type: ignore[arg-type]
        return lambda some, offsets, tell: run(some[::-1], offsets, tell)

    build(corpus, tmp_path / "one", TokenEncoder())
    build(corpus, tmp_path / "other", TokenEncoder(), engine=backwards)
    assert files(tmp_path / "one") == files(tmp_path / "other")
    assert not (tmp_path / "other" / FOLDER).exists()


class TestWithTheRealEncoder:
    pytestmark = needs_models

    def test_a_shard_has_the_same_bytes_whatever_was_encoded_before_it(self) -> None:
        encoder = load_encoder(Settings.load())
        pieces = tuple(Piece.of(f"港口停航{n}天。" * (n % 4 + 1), above=0, language="zh") for n in range(6))
        shard, other = Shard("one", pieces), Shard("other", pieces[3:])
        offsets = Calibration.measure(encoder, parallel()[:2])
        first = encode_shard(shard, encoder, offsets)
        encode_shard(other, encoder, offsets)
        again = encode_shard(shard, encoder, offsets)
        for key, stored in first.stored.items():
            assert stored.vector.tobytes() == again.stored[key].vector.tobytes()
            assert stored.signature
            assert stored.signature.bits.tobytes() == again.stored[key].signature.bits.tobytes()  # type: ignore[union-attr]
        assert first.tokens == again.tokens > 0

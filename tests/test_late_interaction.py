"""Tokens as signs: the score by hand on eight dimensions, and against plain vectors of -1 and 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragqa.index.late_interaction import FILES, Asked, Signature, Signatures, centres, interaction, within
from ragqa.models.protocols import Tokens
from ragqa.types import Vectors

ZERO: Vectors = np.zeros(8, dtype=np.float32)
ONES = [1] * 8
# As bits: all eight signs are plus, all are minus, the first four are plus.
PLUS, MINUS, HALF = 255, 0, 0b11110000


def chunk(*bits: int, starts: list[int] | None = None) -> Signature:
    """A chunk of tokens of eight dimensions, one byte each."""
    at = range(len(bits)) if starts is None else starts
    return Signature(np.array(bits, dtype=np.uint8).reshape(-1, 1), np.array(at, dtype=np.uint16))


def tokens(vectors: object, *, starts: object = None, weights: object = None) -> Tokens:
    array = np.array(vectors, dtype=np.float32)
    return Tokens(
        array,
        np.array(range(len(array)) if starts is None else starts, dtype=np.int32),
        np.array([1] * len(array) if weights is None else weights, dtype=np.float32),
    )


def asked(*vectors: list[float], weights: list[float] | None = None, centre: Vectors = ZERO) -> Asked:
    return Asked(tokens(np.reshape(vectors, (-1, 8)), weights=weights), centre)


def score(question: Asked, *chunks: Signature) -> list[float]:
    found = interaction([question], chunks)
    assert found.shape == (1, len(chunks))
    return found[0].tolist()


# --- the score -------------------------------------------------------------------------------


def test_one_token_scores_its_cosine_to_the_signs() -> None:
    assert score(asked(ONES), chunk(PLUS), chunk(MINUS), chunk(HALF)) == pytest.approx([1, -1, 0])
    north = [1, 0, 0, 0, 0, 0, 0, 0]
    assert score(asked(north), chunk(PLUS), chunk(MINUS)) == pytest.approx([8**-0.5, -(8**-0.5)])


def test_the_mean_is_weighted() -> None:
    question = [ONES, [-1] * 8]
    assert score(asked(*question), chunk(PLUS)) == pytest.approx([0])
    assert score(asked(*question, weights=[3, 1]), chunk(PLUS)) == pytest.approx([0.5])
    assert score(asked(*question, weights=[3, 1]), chunk(PLUS, MINUS)) == pytest.approx([1])


def test_a_token_of_weight_0_is_ignored() -> None:
    both = asked(ONES, [-1, 2, -3, 4, -5, 6, -7, 8], weights=[2, 0])
    chunks = [chunk(PLUS), chunk(HALF, 7), chunk(99)]
    assert score(both, *chunks) == pytest.approx(score(asked(ONES), *chunks))
    assert score(asked(ONES, weights=[0]), *chunks) == [0, 0, 0]


def test_empty_chunks_and_empty_questions_score_0() -> None:
    assert score(asked(ONES), chunk(), chunk(PLUS), chunk()) == pytest.approx([0, 1, 0])
    assert score(asked(ONES), chunk(), chunk()) == [0, 0]
    assert score(asked(), chunk(PLUS)) == [0]
    assert interaction([asked(ONES)], []).shape == (1, 0)
    assert interaction([], [chunk(PLUS)]).shape == (0, 1)


def test_a_question_is_measured_from_its_centre() -> None:
    centre = np.array([1] * 4 + [3] * 4, dtype=np.float32)
    assert score(asked([2] * 8, centre=centre), chunk(HALF), chunk(PLUS)) == pytest.approx([1, 0])
    assert score(asked(centre.tolist(), centre=centre), chunk(HALF)) == [0]


def test_signs_score_as_vectors_of_minus_one_and_one_do() -> None:
    random = np.random.default_rng(8)
    centre = random.normal(size=16).astype(np.float32)
    question = tokens(random.normal(size=(5, 16)), weights=[1, 0, 2, 3, 0.5])
    texts = [random.normal(size=(length, 16)).astype(np.float32) for length in (1, 7, 3)]
    expected = []
    for text in texts:
        signs = np.where(text > centre, 1.0, -1.0)
        total = 0.0
        for vector, weight in zip(question.vectors - centre, question.weights, strict=True):
            total += weight * max(sign @ vector / np.linalg.norm(vector) / 4 for sign in signs)
        expected.append(total / 6.5)
    chunks = [Signature.of(tokens(text), centre) for text in texts]
    assert score(Asked(question, centre), *chunks) == pytest.approx(expected, abs=1e-6)


def test_two_questions_at_once_score_as_one_by_one() -> None:
    random = np.random.default_rng(9)
    questions = [
        Asked(tokens(random.normal(size=(length, 16)), weights=range(length)), random.normal(size=16))
        for length in (4, 1, 6)
    ]
    chunks = [Signature.of(tokens(random.normal(size=(length, 16))), np.zeros(16)) for length in (3, 1, 5)]
    together = interaction(
        questions, [*chunks, Signature(np.zeros((0, 2), np.uint8), np.zeros(0, np.uint16))]
    )
    assert together.shape == (3, 4)
    for question, line in zip(questions, together, strict=True):
        assert line[:3].tolist() == pytest.approx(score(question, *chunks), abs=1e-6)
        assert line[3] == 0


def test_a_question_is_measured_from_halfway_between_the_two_means() -> None:
    passages = {"en": np.full(8, 2, np.float32), "zh": np.full(8, 4, np.float32)}
    questions = {"en": np.full(8, 0, np.float32), "zh": np.full(8, 6, np.float32)}
    found = {direction: centre.tolist() for direction, centre in centres(passages, questions).items()}
    assert found == {
        ("en", "en"): [1] * 8,
        ("en", "zh"): [2] * 8,
        ("zh", "en"): [4] * 8,
        ("zh", "zh"): [5] * 8,
    }


# --- what is kept of a token -----------------------------------------------------------------


def test_a_bit_is_set_where_a_token_lies_above_the_centre() -> None:
    centre = np.array([0, 1, 0, 0, 0, 0, 0, -1], dtype=np.float32)
    kept = Signature.of(tokens([[1, 1, -1, 0.5, 0, 0, 0, 0], [0, 2, 0, 0, 0, 0, 0, -2]]), centre)
    assert kept.bits.tolist() == [[0b10010001], [0b01000000]]


def test_starts_count_from_the_chunk_and_what_stands_above_it_is_marked() -> None:
    text = tokens([ONES] * 5, starts=[-1, 0, 4, 5, 9])
    assert Signature.of(text, ZERO, skipped=5).starts.tolist() == [65535, 65535, 65535, 0, 4]
    assert Signature.of(text, ZERO).starts.tolist() == [65535, 0, 4, 5, 9]


def test_starts_that_sixteen_bits_do_not_hold_are_the_last_that_they_do() -> None:
    text = tokens([ONES] * 4, starts=[65533, 65534, 65535, 70000])
    assert Signature.of(text, ZERO).starts.tolist() == [65533, 65534, 65534, 65534]


def test_a_span_holds_the_tokens_that_begin_in_it() -> None:
    whole = chunk(1, 2, 3, 4, starts=[0, 4, 5, 9])
    parts = within(whole, [(0, 5), (5, 9), (9, 10), (10, 20)])
    assert [part.bits.ravel().tolist() for part in parts] == [[1, 2], [3], [4], []]
    assert [part.starts.tolist() for part in parts] == [[0, 4], [5], [9], []]
    assert within(whole, []) == []


def test_what_stands_above_a_chunk_is_within_no_span() -> None:
    kept = Signature.of(tokens([ONES] * 3, starts=[0, 3, 6]), ZERO, skipped=4)
    assert [part.starts.tolist() for part in within(kept, [(0, 2), (0, 3), (0, 65535)])] == [[], [2], [2]]


# --- on disk ---------------------------------------------------------------------------------


def joined() -> Signatures:
    return Signatures.build([chunk(1, 2), chunk(), chunk(3, starts=[65535])], width=1)


def test_chunks_are_kept_one_after_the_other() -> None:
    signatures = joined()
    assert signatures.bits.tolist() == [[1], [2], [3]]
    assert signatures.starts.tolist() == [0, 1, 65535]
    assert signatures.offsets.tolist() == [0, 2, 2, 3]
    assert [signatures.of(row).bits.ravel().tolist() for row in range(3)] == [[1, 2], [], [3]]
    assert signatures.of(2).starts.tolist() == [65535]


def test_what_was_saved_is_mapped_and_the_same(tmp_path: Path) -> None:
    joined().save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    opened = Signatures.open(tmp_path)
    for array, before in (
        (opened.bits, joined().bits),
        (opened.starts, joined().starts),
        (opened.offsets, joined().offsets),
    ):
        assert isinstance(array, np.memmap)
        assert array.dtype == before.dtype
        np.testing.assert_array_equal(array, before)
    chunks = [opened.of(row) for row in range(3)]
    assert score(asked(ONES), *chunks) == score(asked(ONES), *(joined().of(row) for row in range(3)))


def test_no_chunks_are_kept_and_opened_again(tmp_path: Path) -> None:
    Signatures.build([], width=6).save(tmp_path)
    opened = Signatures.open(tmp_path)
    assert (opened.bits.shape, opened.offsets.tolist()) == ((0, 6), [0])


@pytest.mark.parametrize("name", ["tokens.bits.npy", "tokens.starts.npy", "tokens.offsets.npy"])
def test_arrays_that_do_not_fit_each_other_are_told(tmp_path: Path, name: str) -> None:
    joined().save(tmp_path)
    np.save(tmp_path / name, np.load(tmp_path / name)[:-1])
    with pytest.raises(ValueError, match="do not fit each other"):
        Signatures.open(tmp_path)

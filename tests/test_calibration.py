"""What true and false pairs score, on an encoder whose numbers can be worked out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from support.fakes import WordEncoder

from ragqa.index.calibration import FILE, LANGUAGES, Calibration, parallel
from ragqa.models.protocols import Tokens, TokenSink
from ragqa.text.language import HAN
from ragqa.types import Vectors

DIRECTIONS = [("en", "en"), ("en", "zh"), ("zh", "en"), ("zh", "zh")]
# Three subjects; "?" marks a question and "。" Chinese, so that a text names its own vector.
ROWS = [["1?", "1?。", "1", "1。"], ["2?", "2?。", "2", "2。"], ["3?", "3?。", "3", "3。"]]


class Partial:
    """Each text is one token: 3 on the axis of its subject and, so that languages stand apart, 6 on
    the axis of its language. With ``language`` 0 the languages do not differ. Chinese questions have
    ``asks`` on one more axis.
    """

    id, fingerprint, dimension = "partial", "none", 8

    def __init__(self, *, language: float = 6, asks: float = 0, tokens: bool = True) -> None:
        self._language = language
        self._asks = asks
        self._tokens = tokens

    def raw(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), 8), dtype=np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            vector[int(text[0]) - 1] = 3
            vector[4 if "。" in text else 3] = self._language
            vector[5] = self._asks if "?。" in text else 0
        return vectors

    def encode_query(self, texts: Sequence[str], *, each: TokenSink | None = None) -> Vectors:
        vectors = self.raw(texts)
        for row, vector in enumerate(vectors):
            if each and self._tokens:
                each(row, Tokens(vector[None], np.zeros(1, np.int32), np.ones(1, np.float32)))
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        each: TokenSink | None = None,
    ) -> Vectors:
        return self.encode_query(texts, each=each)


def same(one: Calibration, other: Calibration) -> bool:
    """Whether every number of two calibrations is the same."""
    means = all(np.array_equal(one.passages[name], other.passages[name]) for name in LANGUAGES)
    between = all(np.array_equal(one.centres[pair], other.centres[pair]) for pair in DIRECTIONS)
    return means and between and (one.dense, one.late, one.tokens) == (other.dense, other.late, other.tokens)


# --- numbers by hand -------------------------------------------------------------------------


def test_dense_is_halfway_between_true_and_false_pairs() -> None:
    # Unit vectors of squares 9 and 36: one language gives 1 and 36/45, two give 9/45 and 0.
    found = Calibration.measure(Partial(), ROWS).dense
    assert list(found) == DIRECTIONS
    assert list(found.values()) == pytest.approx([0.9, 0.1, 0.1, 0.9])


def test_passages_are_the_mean_token_and_centres_lie_halfway() -> None:
    found = Calibration.measure(Partial(), ROWS)
    assert {name: mean.tolist() for name, mean in found.passages.items()} == {
        "en": [1, 1, 1, 6, 0, 0, 0, 0],
        "zh": [1, 1, 1, 0, 6, 0, 0, 0],
    }
    assert {pair: centre.tolist()[3:5] for pair, centre in found.centres.items()} == {
        ("en", "en"): [6, 0],
        ("en", "zh"): [3, 3],
        ("zh", "en"): [3, 3],
        ("zh", "zh"): [0, 6],
    }


def test_late_is_halfway_between_true_and_false_pairs() -> None:
    # A passage's signs: plus on its subject, minus elsewhere. A question from its centre: (2, -1, -1) and,
    # in the other language, (3, -3): 4 with a true passage, -2 with a false one, over the root of 8.
    found = Calibration.measure(Partial(), ROWS)
    within, across = 1 / np.sqrt(8 * 6), 1 / np.sqrt(8 * 24)
    assert found.tokens is True
    assert list(found.late) == DIRECTIONS
    assert list(found.late.values()) == pytest.approx([within, across, across, within])


def test_each_direction_is_measured_from_its_own_centre() -> None:
    # Chinese questions lie (…, 1) from their centres: 3 with a true passage, -3 with a false one.
    found = Calibration.measure(Partial(asks=2), ROWS)
    assert {pair: centre.tolist()[3:6] for pair, centre in found.centres.items()} == {
        ("en", "en"): [6, 0, 0],
        ("en", "zh"): [3, 3, 0],
        ("zh", "en"): [3, 3, 1],
        ("zh", "zh"): [0, 6, 1],
    }
    assert list(found.late.values()) == pytest.approx([1 / np.sqrt(48), 1 / np.sqrt(192), 0, 0], abs=1e-7)


def test_an_encoder_without_tokens_is_measured_by_its_vectors_only() -> None:
    found, none = Calibration.measure(Partial(tokens=False), ROWS), Calibration.none(8)
    assert found.dense == Calibration.measure(Partial(), ROWS).dense
    assert found.tokens is False
    assert same(found, Calibration(none.passages, none.centres, found.dense, none.late, tokens=False))


def test_what_was_not_measured_leaves_scores_as_they_are() -> None:
    none = Calibration.none(16)
    assert none.dense == none.late == dict.fromkeys(DIRECTIONS, 0.0)
    assert none.tokens is False
    assert [vector.tolist() for vector in [*none.passages.values(), *none.centres.values()]] == [[0] * 16] * 6


# --- what it is for --------------------------------------------------------------------------


@pytest.mark.parametrize("language", [0, 2, 6, 50])
def test_calibrated_scores_prefer_the_answer_in_whatever_language(language: float) -> None:
    encoder = Partial(language=language)
    score_offsets = Calibration.measure(encoder, ROWS)
    for question, asks_in in (("1?", "en"), ("1?。", "zh")):
        vector = encoder.encode_query([question])[0]
        for answer, answers_in, other, other_in in (("1", "en", "2。", "zh"), ("1。", "zh", "2", "en")):
            true, false = encoder.encode_passages([answer, other]) @ vector
            assert (
                true - score_offsets.dense[asks_in, answers_in]
                > 0
                > false - score_offsets.dense[asks_in, other_in]
            )


# --- on disk, and the text it is measured on -------------------------------------------------


@pytest.mark.parametrize(
    "calibration",
    [
        Calibration.measure(Partial(language=0.7), ROWS),
        Calibration.measure(Partial(tokens=False), ROWS),
        Calibration.none(8),
    ],
)
def test_what_was_saved_is_read_to_the_last_bit(tmp_path: Path, calibration: Calibration) -> None:
    calibration.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert same(Calibration.open(tmp_path), calibration)


def test_the_same_calibration_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        Calibration.measure(Partial(), ROWS).save(tmp_path / name)
    assert (tmp_path / "one" / FILE).read_bytes() == (tmp_path / "other" / FILE).read_bytes()


def test_the_parallel_text_has_questions_and_answers_in_both_languages() -> None:
    rows = parallel()
    assert len(rows) >= 150
    assert {len(row) for row in rows} == {4}
    assert all(cell and cell == cell.strip() for row in rows for cell in row)
    assert {tuple(bool(HAN.search(cell)) for cell in row) for row in rows} == {(False, True, False, True)}
    assert all(len({row[column] for row in rows}) == len(rows) for column in range(4))


def test_an_encoder_is_measured_on_the_parallel_text() -> None:
    encoder = WordEncoder()
    Calibration.measure(encoder)
    english, chinese, english_passages, chinese_passages = (
        list(column) for column in zip(*parallel(), strict=True)
    )
    assert encoder.queries == [*english, *chinese]
    assert encoder.passages == [*english_passages, *chinese_passages]

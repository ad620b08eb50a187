"""What a reader makes of texts: the trained one over a tiny network, and a CrossEncoder in its place."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tiny import changed_reader, make_encoder

from ragqa.errors import ModelDamagedError, ModelMissingError
from ragqa.models.reader import (
    QUESTION_TOKENS,
    WINDOW_TOKENS,
    CrossEncoderReader,
    Reading,
    TrainedReader,
    pair_text,
)

ASKED = "谁买的？"
TEXTS = [
    "港口停航了。",
    "灯塔的灯坏了，谁修？" * 9,
    "",
    "船走了",
    "李明来了。\n工期是三年。" * 3,
    "港口停航了。",
]


def logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))


@pytest.fixture(scope="module")
def weights(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from training.network import store_weights

    path = tmp_path_factory.mktemp("weights") / "reader.safetensors"
    store_weights(changed_reader(tiny_encoder), tiny_encoder, path, facts={})
    return path


@pytest.fixture(scope="module")
def reader(tiny_encoder: Path, weights: Path) -> TrainedReader:
    return TrainedReader.load(tiny_encoder, id="tiny", weights=weights)


def same(one: Reading, other: Reading) -> bool:
    """Whether two readings agree but for rounding."""
    return np.array_equal(one.places, other.places) and all(
        np.allclose(getattr(one, name), getattr(other, name), atol=1e-5)
        for name in ("score", "none", "begins", "ends", "inside")
    )


# --- reading ---------------------------------------------------------------------------------


def test_places_are_the_tokens_of_the_text_in_order(reader: TrainedReader) -> None:
    for text, reading in zip(TEXTS, reader.read(ASKED, TEXTS), strict=True):
        assert "".join(text[start:end] for start, end in reading.places) == text
        assert reading.begins.shape == reading.ends.shape == reading.inside.shape == (len(text),)


def test_shares_are_probabilities_and_leave_room_for_none(reader: TrainedReader) -> None:
    for text, reading in zip(TEXTS, reader.read(ASKED, TEXTS), strict=True):
        for values in (reading.begins, reading.ends, reading.inside):
            assert ((values >= 0) & (values <= 1)).all()
        left = (1 - reading.begins.sum()) * (1 - reading.ends.sum())
        assert reading.none == pytest.approx(left**0.5, abs=1e-5)
        assert 0 < reading.none < 1 or not text


def test_a_text_is_read_the_same_alone_and_among_others(reader: TrainedReader) -> None:
    together = reader.read(ASKED, TEXTS)
    for text, reading in zip(TEXTS, together, strict=True):
        (alone,) = reader.read(ASKED, [text])
        assert same(alone, reading), text
    assert same(together[0], together[5])
    assert not same(together[0], together[3])


def test_more_texts_than_one_batch_holds_keep_their_order(reader: TrainedReader) -> None:
    many = [text * n for n in (1, 7, 3) for text in TEXTS if text][:20] * 3
    alone = {text: reader.read(ASKED, [text])[0] for text in many}
    assert all(same(alone[text], found) for text, found in zip(many, reader.read(ASKED, many), strict=True))


def test_another_question_is_another_reading(reader: TrainedReader) -> None:
    (one,), (other,) = (reader.read(asked, [TEXTS[0]]) for asked in (ASKED, "灯坏了？"))
    assert one.score != pytest.approx(other.score, abs=1e-6)


def test_nothing_to_read_gives_nothing(reader: TrainedReader) -> None:
    assert reader.read(ASKED, []) == []
    assert reader.supports(ASKED, []) == []


def test_of_an_empty_text_nothing_answers(reader: TrainedReader) -> None:
    (reading,) = reader.read(ASKED, [""])
    assert (reading.places.shape, reading.none) == ((0, 2), 1.0)


def test_a_text_longer_than_the_window_is_read_as_far_as_it_fits(reader: TrainedReader) -> None:
    text = "港口停航了。" * 100
    (reading,) = reader.read(ASKED, [text])
    # The question's tokens, one before them, two behind, and one at the end.
    room = WINDOW_TOKENS - len(pair_text(ASKED)) - 4
    assert len(reading.places) == room < len(text)
    assert reading.places[-1].tolist() == [room - 1, room]
    (shorter,) = reader.read(ASKED, [text[:room]])
    assert same(reading, shorter)


def test_a_question_longer_than_its_room_is_cut(reader: TrainedReader) -> None:
    long = "谁买的" * 100
    (reading,) = reader.read(long, [TEXTS[0]])
    (cut,) = reader.read(long[: QUESTION_TOKENS - len(pair_text(""))], [TEXTS[0]])
    assert same(reading, cut)


def test_a_statement_is_told_from_a_question_by_its_prefix(reader: TrainedReader) -> None:
    assert (pair_text("甲"), pair_text("甲", statement=True)) == ("query: 甲", "statement: 甲")
    together = reader.supports("港口停航了。", TEXTS)
    assert all(0 < chance < 1 for chance in together)
    alone = [reader.supports("港口停航了。", [text])[0] for text in TEXTS]
    assert together == pytest.approx(alone, abs=1e-5)


def test_several_threads_read_at_once(reader: TrainedReader) -> None:
    expected = reader.read(ASKED, TEXTS)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: reader.read(ASKED, TEXTS), range(4)))
    assert all(same(one, other) for each in found for one, other in zip(each, expected, strict=True))


# --- loading ---------------------------------------------------------------------------------


def test_a_missing_file_is_said_with_what_to_do(tiny_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ModelMissingError, match=r"the reader .*gone\.safetensors is missing; install ragqa again"
    ):
        TrainedReader.load(tiny_encoder, id="tiny", weights=tmp_path / "gone.safetensors")


@pytest.mark.parametrize("kept", [0, 7, 100, -100])
def test_a_damaged_file_is_said_with_what_to_do(
    tiny_encoder: Path, weights: Path, tmp_path: Path, kept: int
) -> None:
    damaged = tmp_path / "reader.safetensors"
    damaged.write_bytes(weights.read_bytes()[:kept])
    with pytest.raises(ModelDamagedError, match=r"the reader .* is damaged \(.*install ragqa again"):
        TrainedReader.load(tiny_encoder, id="tiny", weights=damaged)


def test_a_file_of_another_network_is_damage(tiny_encoder: Path, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"body.encoder.layer.9.x": np.zeros(3, np.float16)}, tmp_path / "other")
    with pytest.raises(ModelDamagedError):
        TrainedReader.load(tiny_encoder, id="tiny", weights=tmp_path / "other")


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.safetensors"])
def test_an_encoder_that_lacks_a_file_is_damage(weights: Path, tmp_path: Path, name: str) -> None:
    folder = make_encoder(tmp_path / "encoder")
    (folder / name).unlink()
    with pytest.raises(ModelDamagedError, match="ragqa models pull"):
        TrainedReader.load(folder, id="tiny", weights=weights)


def test_a_tokenizer_without_its_marks_is_damage(weights: Path, tmp_path: Path) -> None:
    folder = make_encoder(tmp_path / "encoder")
    path = folder / "tokenizer.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"<s>"', '"[S]"'), encoding="utf-8")
    with pytest.raises(ModelDamagedError, match="its tokenizer has no <s>"):
        TrainedReader.load(folder, id="tiny", weights=weights)


# --- a CrossEncoder in its place -------------------------------------------------------------


class Overlap:
    """Stands for a sentence-transformers CrossEncoder: a pair scores the characters that both share."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []

    def predict(self, pairs: Sequence[tuple[str, str]], **_: Any) -> np.ndarray:
        self.pairs += pairs
        return np.array([[len(set(asked) & set(text))] for asked, text in pairs], np.float64)


def test_a_cross_encoder_ranks_texts_and_the_sentences_of_the_best_three() -> None:
    model = Overlap()
    texts = ["甲乙丙。丁。", "甲乙。", "甲。丁。", "丁。"]
    readings = CrossEncoderReader(model, id="overlap").read("甲乙丙？", texts)
    assert [reading.score for reading in readings] == [3, 2, 1, 0]
    assert [reading.none for reading in readings] == pytest.approx([logistic(-n) for n in (3, 2, 1, 0)])
    assert [[texts[row][a:b] for a, b in found.places] for row, found in enumerate(readings)] == [
        ["甲乙丙。", "丁。"], ["甲乙。"], ["甲。", "丁。"], [],
    ]  # fmt: skip
    # The softmax of 3 and 0, times the chance that any place answers.
    share = np.exp(3) / (np.exp(3) + 1)
    assert readings[0].begins.tolist() == pytest.approx(
        [share * logistic(3), (1 - share) * logistic(3)], abs=1e-6
    )
    assert (readings[0].begins == readings[0].ends).all()
    assert readings[0].inside.tolist() == [0, 0]
    assert len(model.pairs) == 4 + 5


def test_what_a_cross_encoder_supports_is_how_well_it_fits() -> None:
    reader = CrossEncoderReader(Overlap(), id="overlap")
    assert reader.supports("甲乙丙", ["甲乙", "丁"]) == pytest.approx([logistic(2), 0.5])
    assert reader.supports("甲", []) == []
    assert reader.read("甲", []) == []


def test_a_cross_encoder_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises((ModelMissingError, ModelDamagedError), match="the reader"):
        CrossEncoderReader.load(str(tmp_path), id="mine")


def test_a_cross_encoder_folder_is_loaded(tiny_encoder: Path, tmp_path: Path) -> None:
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    special = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>"}
    words = PreTrainedTokenizerFast(tokenizer_file=str(tiny_encoder / "tokenizer.json"), **special)
    words.save_pretrained(tmp_path)
    config = BertConfig.from_pretrained(tiny_encoder, num_labels=1)
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    (reading,) = CrossEncoderReader.load(str(tmp_path), id="mine").read(ASKED, ["港口停航了。灯坏了。"])
    assert len(reading.places) == 2
    assert 0 < reading.none < 1

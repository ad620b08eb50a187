"""How much of a question's words each chunk holds, against BM25 worked out by hand and by dictionaries."""

from __future__ import annotations

from collections import Counter
from math import log
from pathlib import Path

import numpy as np
import pytest

from ragqa.index.bm25 import FILES, Lexical
from ragqa.text.lexicon import terms

TEXTS = [
    "港务局长陈立说，港口停航有三个原因。第一，航道里的沙太多了。",
    "The old lighthouse went to a new owner. Its buyer is Marta Lindqvist, a painter.",
    "洛根·基尔帕特里克在OpenAI工作，OpenAI发布了GPT-4。",
    "灯塔的灯已经坏了。",
    "Readers may keep a bicycle for two weeks; the library lends every bicycle.",
    "。",
]
QUESTIONS = [
    "港口为什么停航？",
    "Who bought the old lighthouse?",
    "Where did Marta go after OpenAI released GPT-4?",
    "灯坏了",
    "bicycle bicycle library",
    "谁在 Atlantis 发布了新的灯？",
]


def bm25(texts: list[str], question: str) -> list[float]:
    """BM25 without its constant factor (k1 + 1), as a share of what the question's terms could earn."""
    documents = [Counter(terms(text)) for text in texts]
    mean = sum(document.total() for document in documents) / len(documents)
    asked = set(terms(question))
    idf = {}
    for term in asked:
        holders = sum(term in document for document in documents)
        idf[term] = log(1 + (len(texts) - holders + 0.5) / (holders + 0.5))
    return [
        sum(
            idf[t] * document[t] / (document[t] + 1.2 * (1 - 0.75 + 0.75 * document.total() / mean))
            for t in asked
        )
        / sum(idf.values())
        for document in documents
    ]


def covered(texts: list[str], question: str) -> list[float]:
    return Lexical.build(texts).coverage(question).tolist()


@pytest.mark.parametrize("question", QUESTIONS)
def test_coverage_is_bm25_as_a_share_of_the_most_there_could_be(question: str) -> None:
    found = covered(TEXTS, question)
    assert found == pytest.approx(bm25(TEXTS, question), abs=1e-3)
    assert max(found) > 0.1
    assert all(0 <= share <= 1 for share in found)


def test_two_chunks_by_hand() -> None:
    # "beta" stands once in a chunk of mean length: 1 / (1 + 1.2); no other chunk holds it.
    texts = ["alpha beta", "alpha gamma"]
    assert covered(texts, "beta") == pytest.approx([1 / 2.2, 0], abs=1e-3)
    assert covered(texts, "beta gamma") == pytest.approx([0.5 / 2.2, 0.5 / 2.2], abs=1e-3)
    # idf of beta: log(1 + 1.5 / 1.5); of delta, which nobody holds: log(1 + 2.5 / 0.5).
    assert covered(texts, "beta delta")[0] == pytest.approx(log(2) / (log(2) + log(6)) / 2.2, abs=1e-3)


@pytest.mark.parametrize("question", ["", " \n", "？！…", "the of and", "zebra", "斑馬"])
def test_nothing_is_covered_when_no_word_is_known(question: str) -> None:
    assert covered(TEXTS, question) == [0] * 6


@pytest.mark.parametrize("question", ["", "lamp", "灯"])
def test_an_empty_index_covers_nothing(question: str) -> None:
    assert covered([], question) == []
    assert covered(["。", "", "the"], question) == [0, 0, 0]


def test_a_question_in_the_other_script_covers_nothing() -> None:
    assert covered(["港口停航", "灯塔的灯"], "why did the harbour close?") == [0, 0]


@pytest.mark.parametrize(
    ("asked", "stands"),
    [
        ("離職", "离职"),
        ("软件", "軟件"),
        ("ＯｐｅｎＡＩ", "openai"),
        ("ＧＰＴ－４", "GPT-4"),
        ("LAMP", "lamp"),
    ],
)
def test_traditional_full_width_and_capital_forms_are_the_same_words(asked: str, stands: str) -> None:
    texts = [f"他说：{stands}。", "别的话。"]
    assert covered(texts, asked) == covered(texts, stands)
    assert covered(texts, asked)[0] > 0.3


def test_latin_names_inside_chinese_text_are_found() -> None:
    found = covered(TEXTS, "OpenAI")
    assert np.flatnonzero(found).tolist() == [2]
    assert found[2] > 0.4


# --- on disk ---------------------------------------------------------------------------------


def test_the_same_texts_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        Lexical.build(TEXTS).save(tmp_path / name)
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_what_was_saved_is_mapped_and_covers_the_same(tmp_path: Path) -> None:
    built = Lexical.build(TEXTS)
    built.save(tmp_path)
    opened = Lexical.open(tmp_path, chunks=len(TEXTS))
    for array in (opened.hashes, opened.offsets, opened.rows, opened.weights):
        assert isinstance(array, np.memmap)
    for question in QUESTIONS:
        assert opened.coverage(question).tolist() == built.coverage(question).tolist()


@pytest.mark.parametrize("texts", [[], ["。"]])
def test_an_index_without_words_is_opened_again(tmp_path: Path, texts: list[str]) -> None:
    Lexical.build(texts).save(tmp_path)
    assert Lexical.open(tmp_path, chunks=len(texts)).coverage("lamp").tolist() == [0] * len(texts)


def test_terms_lie_in_order_and_their_postings_side_by_side() -> None:
    built = Lexical.build(["lamp sand lamp", "sand"])
    assert built.hashes.tolist() == sorted(built.hashes.tolist())
    assert built.offsets.tolist() in ([0, 1, 3], [0, 2, 3])
    assert sorted(built.rows.tolist()) == [0, 0, 1]


@pytest.mark.parametrize("name", FILES)
def test_arrays_that_do_not_fit_each_other_are_told(tmp_path: Path, name: str) -> None:
    Lexical.build(TEXTS).save(tmp_path)
    np.save(tmp_path / name, np.load(tmp_path / name)[:-1])
    with pytest.raises(ValueError, match="do not fit each other"):
        Lexical.open(tmp_path, chunks=len(TEXTS))

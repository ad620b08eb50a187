"""What is asked of a pipeline: questions in two languages, searches, and an index that changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import HARBOUR, ScriptedGenerator, WordEncoder
from house import BUYER, ENGLISH, REASONS, WHO, WHY, House

from ragqa import pipeline as module
from ragqa.errors import IndexMismatchError, IndexMissingError, ModelError
from ragqa.pipeline import Pipeline

# --- questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "fits"), [(0, False), (1, True), (2000, True), (2001, False)])
def test_a_question_has_1_to_2000_characters(chinese: House, length: int, fits: bool) -> None:
    pipeline = chinese.open(ScriptedGenerator(["NOT FOUND"]))
    question = f" {'港' * length}\n"
    if fits:
        assert pipeline.answer(question).question == "港" * length
    else:
        with pytest.raises(ValueError, match=f"1 to 2000 characters, not {length}"):
            pipeline.answer(question)


def test_a_translation_is_asked_for_only_when_the_corpus_has_the_other_language(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, model = house.ask("画家 Marta Lindqvist 是谁？", ["Who is she?\n"], ["NOT FOUND"])
    assert model.prompts[0] == (
        "Translate this question into English. Keep Marta Lindqvist unchanged. Write only the translation.\n"
        "画家 Marta Lindqvist 是谁？"
    )
    assert house.encoder.queries[-2:] == ["画家 Marta Lindqvist 是谁？", "Who is she? Marta Lindqvist"]
    assert len(model.prompts) == 2
    alone = House(tmp_path / "alone", monkeypatch)
    alone.build(ENGLISH)
    _, model = alone.ask(WHO, BUYER)
    assert len(model.prompts) == 1


def test_a_translation_that_fails_is_done_without(house: House) -> None:
    answer, _ = house.ask(WHO, [ModelError("no")], BUYER)
    assert (answer.mode, answer.text) == ("generated", "Marta Lindqvist is the buyer [1].")
    assert house.encoder.queries[-1] == WHO


def test_sentences_are_encoded_once_though_passages_are_looked_up_twice(house: House) -> None:
    pipeline = house.open(ScriptedGenerator(["谁？"], ["NOT FOUND"]))
    before = len(house.encoder.passages)
    pipeline.answer(WHO)
    asked = house.encoder.passages[before:]
    assert len(asked) == len(set(asked))


# --- search, articles, examples --------------------------------------------------------------


def test_search_gives_passages_or_articles(house: House) -> None:
    pipeline = house.open(ScriptedGenerator(["谁买了灯？"]))
    assert pipeline.search(WHO, use_llm=False)[0].article.id == "lighthouse.md"
    assert [p.article.id for p in pipeline.search(WHO, k=2, use_llm=False)] == ["lighthouse.md", "harbour.md"]
    best = pipeline.search(WHO, by_article=True, use_llm=False)
    assert sorted(p.article.id for p in best) == ["harbour.md", "library.md", "lighthouse.md"]
    assert pipeline.search(WHO, since="2024", use_llm=False)[0].article.id == "harbour.md"


def test_the_pipeline_describes_itself(house: House) -> None:
    pipeline = house.open(ScriptedGenerator([]))
    assert pipeline.index is not None
    assert pipeline.describe() == {"version": pipeline.index.manifest.version, "articles": 3, "chunks": 6}
    assert pipeline.models == {"encoder": "words", "generator": "qwen2.5-coder-1.5b-instruct-q4_k_m"}
    assert pipeline.article("harbour.md").title == "港口停航"
    assert pipeline.examples("en") == []


# --- the index changes -----------------------------------------------------------------------


def test_a_new_index_answers_the_next_question(chinese: House) -> None:
    pipeline = chinese.open(ScriptedGenerator(["[1] 渔船上个月全部沉没了。\n"]))
    assert pipeline.answer(WHY).status == "unverified"
    chinese.build({"harbour.md": HARBOUR.replace("航道里的沙太多了", "渔船上个月全部沉没了")})
    answer = pipeline.answer(WHY)
    assert (answer.status, [c.quote for c in answer.citations]) == (
        "answered",
        ["第一，渔船上个月全部沉没了。"],
    )


def test_a_question_that_runs_keeps_its_index(chinese: House) -> None:
    stream = chinese.open(ScriptedGenerator(REASONS)).stream(WHY)
    next(stream)
    chinese.build({"harbour.md": HARBOUR.replace("沙", "石头")})
    *_, answer = stream
    assert answer.citations[0].quote == "第一，航道里的沙太多了。"


def test_an_index_of_another_encoder_is_refused(chinese: House) -> None:
    chinese.encoder = WordEncoder(fingerprint="new")
    with pytest.raises(IndexMismatchError, match="other weights"):
        chinese.open(ScriptedGenerator([]))


def test_without_an_index_nothing_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "load_encoder", lambda settings: pytest.fail("the encoder was loaded"))
    with pytest.raises(IndexMissingError, match="run: ragqa index"):
        house.open(ScriptedGenerator([]))


def test_the_page_opens_without_an_index_and_finds_one_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "open_generator", lambda settings: ScriptedGenerator(REASONS))
    pipeline = Pipeline.open(house.settings, require_index=False)
    assert pipeline.index is None
    with pytest.raises(IndexMissingError):
        pipeline.answer(WHY)
    house.build({"harbour.md": HARBOUR})
    assert pipeline.answer(WHY).status == "answered"

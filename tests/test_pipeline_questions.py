"""What is asked of a pipeline: questions in two languages, searches, and an index that changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.fakes import HARBOUR, ScriptedGenerator
from support.house import WHO, WHY, House

from ragqa.errors import IndexMissingError, ModelError, ModelMissingError, QuestionError
from ragqa.models import loading as module
from ragqa.pipeline import Pipeline
from ragqa.types import Filter

# --- questions -------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "fits"), [(0, False), (1, True), (2000, True), (2001, False)])
def test_a_question_has_1_to_2000_characters(chinese: House, length: int, fits: bool) -> None:
    pipeline = chinese.open(ScriptedGenerator([]))
    question = f" {'港' * length}\n"
    if fits:
        assert pipeline.answer(question).question == "港" * length
    else:
        with pytest.raises(ValueError, match=f"1 to 2000 characters, not {length}"):
            pipeline.answer(question)


def test_a_translation_keeps_the_names_of_its_question(house: House) -> None:
    model = ScriptedGenerator(["Who is she?\n"])
    house.open(model).search("画家 Marta Lindqvist 是谁？")
    assert model.messages[0][0].content.startswith("Translate each question into English.")
    assert model.prompts[0] == "画家 Marta Lindqvist 是谁？"
    assert house.encoder.queries[-2:] == ["画家 Marta Lindqvist 是谁？", "Who is she? Marta Lindqvist"]


# --- search, articles, examples --------------------------------------------------------------


def test_search_gives_passages_or_articles(house: House) -> None:
    pipeline = house.open(ScriptedGenerator(["谁买了灯？"]))
    assert [p.article.id for p in pipeline.search(WHO, k=2, use_llm=False)] == ["lighthouse.md", "harbour.md"]
    best = pipeline.search(WHO, by_article=True, use_llm=False)
    assert [p.article.id for p in best] == ["lighthouse.md", "harbour.md", "library.md"]


@pytest.mark.parametrize("by_article", [False, True])
def test_a_search_translates_once_what_the_other_language_may_answer(house: House, by_article: bool) -> None:
    model = ScriptedGenerator(["谁买了灯？"])
    pipeline = house.open(model)
    assert len({pipeline.search(WHO, by_article=by_article)[0].article.id for _ in range(2)}) == 1
    assert model.prompts == [WHO]
    assert house.encoder.queries[-4:] == [WHO, "谁买了灯？"] * 2


@pytest.mark.parametrize(
    ("options", "translated"),
    [
        ({}, True),
        ({"use_llm": False}, False),
        ({"filters": Filter(language="en")}, False),
        ({"filters": Filter(language="zh")}, True),
        ({"filters": Filter(source="example.org")}, True),
    ],
)
def test_a_question_is_translated_when_what_may_answer_is_in_another_language(
    house: House, options: dict[str, Any], translated: bool
) -> None:
    model = ScriptedGenerator(["谁买了灯？"])
    pipeline = house.open(model)
    pipeline.search(WHO, **options)
    assert model.prompts == [WHO] * translated
    assert house.encoder.queries[-1] == ("谁买了灯？" if translated else WHO)


def test_a_search_does_without_a_model_that_is_missing_or_fails(house: House) -> None:
    for model in (ModelError("no"), ScriptedGenerator([ModelError("no")])):
        assert house.open(model).search(WHO)[0].article.id == "lighthouse.md"
        assert house.encoder.queries[-1] == WHO


def test_a_search_in_a_corpus_of_one_language_loads_no_model(
    chinese: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = chinese.open(ScriptedGenerator([]))
    monkeypatch.setattr(module, "open_generator", lambda settings, **_: pytest.fail("the model was loaded"))
    assert [p.article.id for p in pipeline.search(WHY)] == ["harbour.md"]


@pytest.mark.parametrize(
    ("filters", "articles"),
    [
        (Filter(since="2024"), {"harbour.md"}),
        (Filter(until="2023"), {"lighthouse.md"}),
        (Filter(language="en"), {"library.md", "lighthouse.md"}),
        (Filter(source="ORG/tower"), {"lighthouse.md"}),
        (Filter(language="en", since="2024"), set()),
    ],
)
def test_a_filter_holds_for_searches_and_answers(house: House, filters: Filter, articles: set[str]) -> None:
    pipeline = house.open(ScriptedGenerator(["谁买了灯？"]))
    for by_article in (False, True):
        assert {
            p.article.id for p in pipeline.search(WHO, filters=filters, by_article=by_article)
        } == articles
    assert {p.article.id for p in pipeline.answer(WHO, filters=filters, use_llm=False).passages} == articles


def test_the_pipeline_describes_itself(house: House) -> None:
    pipeline = house.open(ScriptedGenerator([]))
    assert pipeline.index is not None
    assert pipeline.describe() == {"version": pipeline.index.manifest.version, "articles": 3, "chunks": 6}
    assert pipeline.models == {
        "encoder": "words", "reader": "ragqa-reader", "generator": "qwen2.5-coder-1.5b-instruct-q4_k_m",
    }  # fmt: skip
    assert pipeline.article("harbour.md").title == "港口停航"
    assert pipeline.examples("zh") == ["总结《港口停航》"]


# --- the index changes -----------------------------------------------------------------------


def test_a_question_that_runs_keeps_its_index(chinese: House) -> None:
    stream = chinese.open(ScriptedGenerator([])).stream(WHY)
    next(stream)
    chinese.build({"harbour.md": HARBOUR.replace("三个原因", "两个原因")})
    *_, answer = stream
    assert answer.citations[0].quote == "港务局长陈立说，港口停航有三个原因。"


def test_without_an_index_nothing_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "load_encoder", lambda settings: pytest.fail("the encoder was loaded"))
    with pytest.raises(IndexMissingError, match="run: ragqa index"):
        house.open(ScriptedGenerator([]))


def test_the_page_opens_without_an_index_and_finds_one_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(tmp_path, monkeypatch)
    monkeypatch.setattr(module, "open_generator", lambda settings, **_: ScriptedGenerator([]))
    pipeline = Pipeline.open(house.settings, require_index=False)
    assert pipeline.index is None
    with pytest.raises(IndexMissingError):
        pipeline.answer(WHY)
    house.build({"harbour.md": HARBOUR})
    assert pipeline.answer(WHY).status == "answered"


def test_a_question_loses_what_no_model_takes(house: House) -> None:
    assert house.open(ModelMissingError("none")).search("港\ud800口停航") == house.open(
        ModelMissingError("none")
    ).search("港口停航")


@pytest.mark.parametrize("question", ["", " \n", "\ud800", "长" * 2001])
def test_a_search_for_nothing_or_too_much_is_told(house: House, question: str) -> None:
    with pytest.raises(QuestionError, match="1 to 2000 characters"):
        house.open(ModelMissingError("none")).search(question)

"""Question to answer, with a real index and scripted models: what comes, in which order, and when it fails."""

from __future__ import annotations

import pytest
from fakes import ScriptedGenerator
from house import BUYER, REASONS, WHO, WHY, House

from ragqa import pipeline as module
from ragqa.errors import ModelError, ModelMissingError
from ragqa.index import Filter
from ragqa.pipeline import Pipeline
from ragqa.records import Answer


def texts(answer: Answer) -> list[str]:
    return [statement.text for statement in answer.statements]


def check(answer: Answer) -> None:
    """What holds of every answer: exact quotes, markers 1..n in order of first appearance."""
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
    used = list(dict.fromkeys(n for statement in answer.statements for n in statement.citations))
    assert used == [citation.marker for citation in answer.citations] == list(range(1, len(used) + 1))


# --- answers ---------------------------------------------------------------------------------


def test_snapshots_come_in_order_and_every_one_holds(chinese: House) -> None:
    snapshots = list(chinese.open(ScriptedGenerator(REASONS)).stream(WHY))
    modes = [snapshot.mode for snapshot in snapshots]
    assert list(dict.fromkeys(modes)) == ["sources", "extractive", "generating", "generated"]
    assert modes == sorted(modes, key=["sources", "extractive", "generating", "generated"].index)
    for snapshot in snapshots:
        check(snapshot)
        assert snapshot.passages
    growing = [len(s.statements) for s in snapshots if s.mode == "generating"]
    assert growing[0] == 0
    assert growing == sorted(growing)
    assert set(growing) == {0, 1, 2, 3}


def test_each_reason_is_cited_where_it_stands(chinese: House) -> None:
    answer, model = chinese.ask(WHY, REASONS)
    assert (answer.status, answer.mode, answer.language, answer.note) == ("answered", "generated", "zh", "")
    assert answer.text == "航道里的沙太多了[1]。灯塔的灯已经坏了[2]。工人正在罢工[3]。"
    assert [c.quote for c in answer.citations] == [
        "第一，航道里的沙太多了。", "第二，灯塔的灯已经坏了。", "第三，拖船的工人正在罢工。",
    ]  # fmt: skip
    assert (model.finished, model.closed, model.limits) == (1, 0, [256])
    assert set(answer.timings_ms) == {"retrieve", "first_statement", "first_token", "total"}


def test_the_parts_of_an_enumeration_are_required_of_the_model(chinese: House) -> None:
    _, model = chinese.ask(WHY, REASONS)
    assert model.grammars[0] is not None
    assert model.grammars[0].splitlines()[:3] == [
        "root ::= l1", 'l1 ::= "[1] " text "\\n" (l2)', 'l2 ::= "[2] " text "\\n" (l3)',
    ]  # fmt: skip


def test_an_english_question_is_answered_in_english(house: House) -> None:
    answer, _ = house.ask(WHO, ["谁买了灯？"], BUYER)
    assert (answer.language, answer.text) == ("en", "Marta Lindqvist is the buyer [1].")
    assert [(c.article.id, c.quote) for c in answer.citations] == [
        ("lighthouse.md", "Its buyer is Marta Lindqvist, a painter.")
    ]


def test_the_language_of_the_answer_can_be_asked_for(chinese: House) -> None:
    answer, model = chinese.ask(WHY, ["NOT FOUND"], language="en")
    assert answer.language == "en"
    assert "Answer in English" in model.prompts[0]
    assert answer.note.startswith("The corpus does not hold an answer")


def test_lines_that_nothing_supports_are_left_out(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, ["[1] 航道里的沙太多了。\n[2] 大象昨天飞去火星。\n[3] 工人正在罢工。\n"])
    assert (answer.status, texts(answer)) == ("answered", ["航道里的沙太多了。", "工人正在罢工。"])
    assert [c.marker for c in answer.citations] == [1, 2]
    check(answer)


def test_markers_of_sentences_that_do_not_exist_are_dropped(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, ["[99] 航道里的沙太多了。\n"])
    assert [c.quote for c in answer.citations] == ["第一，航道里的沙太多了。"]


@pytest.mark.parametrize(
    ("question", "language", "note"),
    [
        (
            WHO,
            "en",
            "The corpus does not hold an answer to “Who bought the lamp?”. The nearest passages are shown.",
        ),
        ("谁买了灯？", "zh", "语料库中没有找到“谁买了灯？”的答案，下面列出最接近的段落。"),
    ],
)
def test_a_refusal_keeps_its_passages_and_says_so(
    house: House, question: str, language: str, note: str
) -> None:
    answer, model = house.ask(question, ["translated"], ["NOT FOUND", "\n[1] more\n"])
    assert (answer.status, answer.language, answer.note, answer.text) == ("not_found", language, note, note)
    assert (answer.statements, answer.citations, answer.confidence) == ((), (), 0.0)
    assert len(answer.passages) == 3
    assert model.closed == 1


def test_when_nothing_is_supported_the_passages_own_words_are_shown(house: House) -> None:
    answer, _ = house.ask(WHO, ["谁买了灯？"], ["[1] Elephants like to paint.\n"])
    assert (answer.status, answer.mode) == ("unverified", "generated")
    assert answer.note == (
        "The language model wrote an answer that the passages do not support; these are their own words instead."
    )
    assert "Its buyer is Marta Lindqvist, a painter." in texts(answer)
    check(answer)


def test_a_name_that_no_passage_holds_is_refused_without_calling_the_model(chinese: House) -> None:
    answer, model = chinese.ask("马斯克为什么让港口停航？", ["[1] 沙太多了。\n"])
    assert (answer.status, answer.mode, model.messages) == ("not_found", "extractive", [])
    assert (
        answer.note
        == "语料库中没有找到“马斯克为什么让港口停航？”的答案：其中没有提到马斯克。下面列出最接近的段落。"
    )
    assert answer.passages


def test_dates_that_leave_nothing_are_a_refusal(chinese: House) -> None:
    answer, model = chinese.ask(WHY, REASONS, wanted=Filter(since="2025"))
    assert (answer.status, answer.passages, answer.statements, model.messages) == ("not_found", (), (), [])
    assert answer.text.startswith("语料库中没有找到")


def test_k_bounds_the_passages(house: House) -> None:
    answer, _ = house.ask(WHO, ["谁？"], BUYER, k=1)
    assert [passage.article.id for passage in answer.passages] == ["lighthouse.md"]


# --- without a model -------------------------------------------------------------------------


def test_a_missing_model_gives_verbatim_sentences_and_a_note(chinese: House) -> None:
    answer = chinese.open(ModelMissingError("the model is not here")).answer(WHY)
    assert (answer.status, answer.mode) == ("answered", "extractive")
    assert answer.note == "没有可用的语言模型，以下是段落原文（the model is not here）。"
    assert texts(answer) == [c.quote for c in answer.citations]
    check(answer)


def test_without_a_model_by_choice_there_is_no_note(chinese: House) -> None:
    answer, model = chinese.ask(WHY, REASONS, use_llm=False)
    assert (answer.mode, answer.note, model.messages) == ("extractive", "", [])


def test_a_model_that_fails_midway_gives_verbatim_sentences(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, ["[1] 航道里的沙太多了。\n", ModelError("the server went away")])
    assert (answer.status, answer.mode) == ("answered", "extractive")
    assert answer.note == "没有可用的语言模型，以下是段落原文（the server went away）。"
    assert texts(answer) == [c.quote for c in answer.citations]


@pytest.mark.parametrize("after", ["sources", "extractive", "generating"])
def test_leaving_early_stops_the_model(chinese: House, after: str) -> None:
    model = ScriptedGenerator([*REASONS, ModelError("was read on")])
    stream = chinese.open(model).stream(WHY)
    assert any(snapshot.mode == after for snapshot in stream)
    stream.close()  # type: ignore[attr-defined]
    assert (model.closed, model.finished) == (int(after == "generating"), 0)
    assert len(model.messages) == int(after == "generating")


def test_the_model_is_loaded_once(chinese: House, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline = chinese.open(ScriptedGenerator(REASONS))
    loads: list[object] = []

    def load(settings: object) -> ScriptedGenerator:
        loads.append(settings)
        return ScriptedGenerator(REASONS)

    monkeypatch.setattr(module, "open_generator", load)
    assert [pipeline.answer(WHY).mode for _ in range(2)] == ["generated", "generated"]
    assert len(loads) == 1


def test_the_generator_none_is_no_model(chinese: House) -> None:
    settings = chinese.settings.model_copy(update={"generator": "none"})
    answer = Pipeline.open(settings).answer(WHY)
    assert (answer.mode, answer.note) == (
        "extractive",
        "没有可用的语言模型，以下是段落原文（the setting generator is none）。",
    )

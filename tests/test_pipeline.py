"""Question to answer, with a real index and scripted models: what comes, in which order, and when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from fakes import LIBRARY, Piece, ScriptedGenerator
from house import BUYER, REASONS, WHO, WHY, House

from ragqa import loading as module
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
    assert model.grammars[0].splitlines()[0] == (r'root ::= text " [1]\n" text " [2]\n" text " [3]\n"')


def test_an_english_question_is_answered_in_english(house: House) -> None:
    answer, _ = house.ask(WHO, ["谁买了灯？"], BUYER)
    assert (answer.language, answer.text) == ("en", "Marta Lindqvist is the buyer [1].")
    assert [(c.article.id, c.quote) for c in answer.citations] == [
        ("lighthouse.md", "Its buyer is Marta Lindqvist, a painter.")
    ]


def test_an_answer_in_another_language_is_checked_first_and_then_restated(chinese: House) -> None:
    answer, model = chinese.ask(
        WHY, ["航道里的沙太多了。 [1]\n"], ["There is too much sand.\n"], language="en"
    )
    assert (answer.language, answer.text) == ("en", "There is too much sand [1].")
    assert [c.quote for c in answer.citations] == ["第一，航道里的沙太多了。"]
    assert "用中文回答" in model.prompts[0]
    assert model.prompts[1] == "航道里的沙太多了。"


def test_nothing_unsupported_is_restated(chinese: House) -> None:
    reply = ["大象昨天飞去火星。 [1]\n航道里的沙太多了。 [1]\n"]
    answer, model = chinese.ask(WHY, reply, ["Too much sand."], language="en")
    assert (texts(answer), len(model.messages)) == (["Too much sand."], 2)


SAND = ("哪里的沙太多了？", "Where is too much sand?")
MUCH_SAND = ["航道里的沙太多了。 [1]\n"]


def test_the_model_is_asked_in_the_language_of_what_it_reads_and_the_original_words_stay(
    house: House,
) -> None:
    replies = [[SAND[0]], MUCH_SAND, ["There is too much", " sand.\n"]]
    answer, model = house.ask(SAND[1], *replies, wanted=Filter(language="zh"))
    assert model.prompts[1].endswith("问题：哪里的沙太多了？\n用中文回答；如果上文没有答案，只写 NOT FOUND。")
    assert model.prompts[2] == "航道里的沙太多了。"
    assert (answer.language, answer.mode) == ("en", "generated")
    assert answer.text == "There is too much sand (航道) [1]."
    assert [c.quote for c in answer.citations] == ["第一，航道里的沙太多了。"]


def test_a_chinese_answer_holds_english_names_in_its_own_brackets(house: House) -> None:
    replies = [[WHO], ["Marta Lindqvist is the buyer. [1]\n"], ["买家是一位画家。\n"]]
    answer, _ = house.ask("谁买了灯？", *replies, wanted=Filter(language="en"))
    assert answer.text == "买家是一位画家（Marta Lindqvist）[1]。"


def test_without_a_translation_the_model_is_asked_as_the_reader_asked(house: House) -> None:
    answer, model = house.ask(
        SAND[1], [ModelError("no")], ["There is too much sand. [1]\n"], wanted=Filter(language="zh")
    )
    assert "Question: Where is too much sand?\nAnswer in English" in model.prompts[1]
    assert (len(model.prompts), answer.text) == (2, "There is too much sand [1].")


def test_a_statement_that_comes_back_empty_is_left_out(chinese: House) -> None:
    replies = [["航道里的沙太多了。 [1]\n工人正在罢工。 [3]\n"], ["\n"], ["The workers are on strike.\n"]]
    answer, _ = chinese.ask(WHY, *replies, language="en")
    assert texts(answer) == ["The workers are on strike."]
    check(answer)


def test_a_model_that_fails_while_it_restates_gives_verbatim_sentences(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, MUCH_SAND, ["Too", ModelError("away")], language="en")
    assert (answer.status, answer.mode) == ("answered", "extractive")
    assert "(away)" in answer.note
    assert texts(answer) == [c.quote for c in answer.citations]


def test_leaving_while_a_statement_is_restated_stops_the_model(chinese: House) -> None:
    model = ScriptedGenerator(MUCH_SAND, ["Too ", ModelError("was read on")])
    stream = chinese.open(model).stream(WHY, language="en")
    for _ in stream:
        if len(model.messages) == 2:
            break
    stream.close()  # type: ignore[attr-defined]
    assert (model.finished, model.closed) == (1, 1)


def test_a_line_that_only_copies_the_head_above_is_left_out(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, ["港口停航 (2024-05-02)\n航道里的沙太多了。 [1]\n"])
    assert texts(answer) == ["航道里的沙太多了。"]


def test_what_a_line_repeats_is_left_out(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, ["航道里的沙太多了。 [1]\n沙太多了。 [1]\n工人正在罢工。 [3]\n"])
    assert texts(answer) == ["航道里的沙太多了。", "工人正在罢工。"]


# --- confidence ------------------------------------------------------------------------------


@pytest.fixture
def weighing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights that suit the scores of the fakes, from .3 to .5."""
    signs = {"score": 4.0, "crosses": 1.0, "english": 0.0, "willing": 1.0, "checked": 1.0}
    sets = ((), ("willing",), ("checked",), ("willing", "checked"))
    weights = tuple(
        {"": -2.0, **{name: signs[name] for name in ("score", "crosses", *more)}} for more in sets
    )
    monkeypatch.setattr("ragqa.confidence._WEIGHTS", weights)


def sceptic(*replies: Sequence[Piece]) -> ScriptedGenerator:
    return ScriptedGenerator(*replies, leaning={"NOT": 0.999})


def tried(house: House, model: ScriptedGenerator, question: str, **settings: Any) -> Answer:
    house.settings = house.settings.model_copy(update=settings)
    return house.open(model).answer(question)


@pytest.mark.usefixtures("weighing")
def test_below_the_threshold_a_question_is_refused_and_the_model_stopped(chinese: House) -> None:
    model = sceptic(["沙太多了。", " [1]\n"])
    answer = tried(chinese, model, "哪里的沙太多了？", refuse_below=0.999)
    assert (answer.status, answer.mode, answer.statements) == ("not_found", "generated", ())
    assert 0 < answer.confidence < 0.999
    assert answer.signs["willing"] == pytest.approx(0.001)
    assert (model.closed, model.finished) == (1, 0)


@pytest.mark.usefixtures("weighing")
def test_only_the_model_that_would_refuse_is_refused_at_a_threshold_between(chinese: House) -> None:
    reply, question = MUCH_SAND, SAND[0]
    leanings = ({"NOT": 0.9}, {"航": 0.9})
    unsure, sure = (
        tried(chinese, ScriptedGenerator(reply, leaning=leaning), question, refuse_below=0).confidence
        for leaning in leanings
    )
    assert unsure < sure
    threshold = (unsure + sure) / 2
    for leaning, status in zip(leanings, ("not_found", "answered"), strict=True):
        model = ScriptedGenerator(reply, leaning=leaning)
        assert tried(chinese, model, question, refuse_below=threshold).status == status


def test_a_threshold_of_0_refuses_nothing(chinese: House) -> None:
    answer = tried(chinese, sceptic(["航道里的沙太多了。 [1]\n"]), "哪里的沙太多了？", refuse_below=0)
    assert answer.status == "answered"


@pytest.mark.usefixtures("weighing")
@pytest.mark.parametrize(
    ("reply", "status", "checked"),
    [
        ("大象昨天飞去火星。 [1]\n", "not_found", 0.0),
        ("大象昨天飞去火星。 [1]\n航道里的沙太多了。 [1]\n", "answered", 0.5),
        ("航道里的沙太多了。 [1]\n", "answered", 1.0),
    ],
)
def test_what_was_written_is_weighed_by_how_much_of_it_is_supported(
    chinese: House, reply: str, status: str, checked: float
) -> None:
    answer = tried(chinese, ScriptedGenerator([reply]), SAND[0], refuse_below=0.4)
    assert (answer.status, answer.mode) == (status, "generated")
    assert answer.signs["checked"] == checked
    assert (answer.confidence < 0.4) == (status == "not_found")


@pytest.mark.usefixtures("weighing")
def test_no_statement_is_shown_while_the_confidence_does_not_suffice(chinese: House) -> None:
    reply = ["航道里的沙太多了。 [1]\n大象昨天飞去火星。 [1]\n"]
    for threshold, most in ((0.6, 0), (0.5, 1), (0.4, 1)):
        chinese.settings = chinese.settings.model_copy(update={"refuse_below": threshold})
        snapshots = chinese.open(ScriptedGenerator(reply)).stream(SAND[0])
        assert max(len(s.statements) for s in snapshots if s.mode.startswith("generat")) == most


def test_the_parts_of_an_enumeration_are_not_refused(chinese: House) -> None:
    assert tried(chinese, sceptic(REASONS), WHY, refuse_below=0.999).status == "answered"


@pytest.mark.usefixtures("weighing")
def test_without_a_model_the_passages_alone_are_weighed(chinese: House) -> None:
    chinese.settings = chinese.settings.model_copy(update={"refuse_below": 1.0})
    answer = chinese.open(sceptic([])).answer(WHY, use_llm=False)
    assert (answer.status, answer.mode) == ("not_found", "extractive")
    assert 0 < answer.confidence < 1


def test_unsupported_lines_can_stay_marked(chinese: House) -> None:
    reply = ["航道里的沙太多了。 [1]\n大象昨天飞去火星。 [2]\n"]
    answer = tried(chinese, ScriptedGenerator(reply), WHY, unsupported="mark")
    assert [s.verdict for s in answer.statements] == ["supported", "unsupported"]
    check(answer)


# --- again, and after ------------------------------------------------------------------------


def test_a_question_asked_again_is_answered_from_memory_and_says_so(chinese: House) -> None:
    model = ScriptedGenerator(REASONS)
    pipeline = chinese.open(model)
    first, again = pipeline.answer(WHY), pipeline.answer(WHY)
    assert (first.cached, again.cached, len(model.messages)) == (False, True, 1)
    assert (again.text, again.citations, set(again.timings_ms)) == (first.text, first.citations, {"total"})


def test_another_option_or_a_new_index_is_another_question(chinese: House) -> None:
    model = ScriptedGenerator(REASONS)
    pipeline = chinese.open(model)
    pipeline.answer(WHY)
    assert not pipeline.answer(WHY, k=2).cached
    chinese.build({"new.md": LIBRARY})
    assert not pipeline.answer(WHY).cached


def test_a_failure_of_the_model_is_not_remembered(chinese: House) -> None:
    pipeline = chinese.open(ScriptedGenerator([ModelError("away")], REASONS))
    assert pipeline.answer(WHY).mode == "extractive"
    assert pipeline.answer(WHY).mode == "generated"


def test_an_answer_that_was_left_early_is_not_remembered(chinese: House) -> None:
    pipeline = chinese.open(ScriptedGenerator(REASONS))
    stream = pipeline.stream(WHY)
    assert any(snapshot.mode == "generating" for snapshot in stream)
    stream.close()  # type: ignore[attr-defined]
    assert not pipeline.answer(WHY).cached


@pytest.mark.parametrize(
    "options",
    [{"k": 2}, {"language": "en"}, {"wanted": Filter(since="2024")}, {"use_llm": False}],
)
def test_an_answer_is_remembered_for_its_own_options_only(chinese: House, options: dict[str, Any]) -> None:
    pipeline = chinese.open(ScriptedGenerator(REASONS))
    pipeline.answer(WHY)
    assert [pipeline.answer(WHY, **options).cached for _ in range(2)] == [False, True]


def test_a_refusal_is_remembered_with_its_note(house: House) -> None:
    model = ScriptedGenerator(["谁买了灯？"], ["NOT FOUND\n"])
    pipeline = house.open(model)
    first, again = pipeline.answer(WHO), pipeline.answer(WHO)
    assert (again.status, again.note, again.cached) == ("not_found", first.note, True)
    assert len(model.messages) == 2


def test_a_follow_up_without_a_model_is_asked_as_it_stands(chinese: House) -> None:
    answer = chinese.open(ScriptedGenerator([])).answer(WHY, after="港口停航了吗？", use_llm=False)
    assert (answer.question, answer.asked) == (WHY, WHY)


def test_a_follow_up_is_answered_as_the_question_that_it_stands_for(chinese: House) -> None:
    model = ScriptedGenerator([WHY], REASONS)
    answer = chinese.open(model).answer("为什么呢？", after="港口停航了吗？")
    assert (answer.question, answer.asked, answer.status) == (WHY, "为什么呢？", "answered")
    assert model.prompts[0] == "港口停航了吗？\n为什么呢？"


def test_waiting_can_be_ended_while_the_model_reads(chinese: House) -> None:
    model = ScriptedGenerator(["", "", *REASONS])
    stream = chinese.open(model).stream(WHY)
    waiting = next(s for s in stream if s.mode == "generating")
    assert (waiting.statements, "first_token" in waiting.timings_ms) == ((), False)
    stream.close()  # type: ignore[attr-defined]
    assert (model.closed, model.finished) == (1, 0)


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


def test_a_model_that_fails_before_its_first_line_gives_verbatim_sentences(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, ["[1] 航道", ModelError("the server went away")])
    assert (answer.status, answer.mode) == ("answered", "extractive")
    assert answer.note == "没有可用的语言模型，以下是段落原文（the server went away）。"
    assert texts(answer) == [c.quote for c in answer.citations]


def test_what_a_model_wrote_before_it_failed_stays(chinese: House) -> None:
    answer, _ = chinese.ask(WHY, ["[1] 航道里的沙太多了。\n", ModelError("the server went away")])
    assert (answer.status, answer.mode) == ("answered", "generating")
    assert answer.note == "语言模型未写完就停下了（the server went away）。"
    assert texts(answer) == ["航道里的沙太多了。"]


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

"""Question to answer, with a real index and scripted models: what comes, in which order, and when it fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support.fakes import LIBRARY, Piece, ScriptedGenerator
from support.house import BUYER, REASONS, WHO, WHY, House

from ragqa.errors import ModelError, ModelMissingError
from ragqa.models import loading as module
from ragqa.pipeline import Pipeline
from ragqa.types import Answer, Filter

THREE = "港务局长陈立说，港口停航有三个原因。"
SOLD, BUYS = "The old lighthouse went to a new owner on Monday.", "Its buyer is Marta Lindqvist, a painter."
# WHO in Chinese, and what a language model makes of the two quotes that answer it.
WHO_ZH = "谁买了灯？"
SOLD_ZH, BUYS_ZH = "旧灯塔周一有了新主人。", "买家是画家Marta Lindqvist。"
# The model reads and writes a mark for the name.
TRANSLATED: tuple[Sequence[Piece], ...] = ([f"{SOLD_ZH}\n"], ["买家是画家", "QAQ。\n"])
UNTRANSLATED = "部分外文引文未能翻译（{}）。"


def texts(answer: Answer, kind: str = "quote") -> list[str]:
    return [statement.text for statement in answer.statements if statement.kind == kind]


def translations(answer: Answer) -> list[str | None]:
    return [statement.translation for statement in answer.statements]


def check(answer: Answer) -> None:
    """What holds of every answer: quotes are exact, so are short answers in them; markers are 1..n in order."""
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
    quotes = [statement for statement in answer.statements if statement.kind == "quote"]
    assert [s.text for s in quotes] == [citation.quote for citation in answer.citations]
    assert [s.citations for s in quotes] == [(n,) for n in range(1, len(quotes) + 1)]
    for short in answer.answers:
        citation = answer.citations[short.citation - 1]
        assert citation.start <= (short.start or 0) < (short.end or 0) <= citation.end
        assert citation.article.text[short.start : short.end] == short.text


def refusing(house: House, refuse_below: float) -> Pipeline:
    house.settings = house.settings.model_copy(update={"refuse_below": refuse_below})
    return house.open(ScriptedGenerator([]))


# --- quotes ----------------------------------------------------------------------------------


def test_sources_come_first_then_quotes(chinese: House) -> None:
    model = ScriptedGenerator([])
    first, last = chinese.open(model).stream(WHY)
    assert (first.mode, first.statements, set(first.timings_ms)) == ("sources", (), {"retrieve", "total"})
    assert (last.mode, set(last.timings_ms)) == ("quotes", {"retrieve", "first_statement", "total"})
    assert first.passages == last.passages
    assert model.messages == []
    for snapshot in (first, last):
        check(snapshot)


def test_an_answer_quotes_the_sentence_that_answers(chinese: House) -> None:
    answer, _ = chinese.ask(WHY)
    assert (answer.status, answer.language, answer.confidence, answer.note) == ("answered", "zh", 0.731, "")
    assert answer.text == "港务局长陈立说，港口停航有三个原因[1]。"
    assert [(a.text, a.citation) for a in answer.answers] == [(THREE[:-1], 1)]
    assert [(c.article.id, c.quote) for c in answer.citations] == [("harbour.md", THREE)]
    assert [round(p.reader or 0, 3) for p in answer.passages] == [0.731]
    check(answer)


def test_an_english_question_is_answered_in_english(house: House) -> None:
    answer, model = house.ask(WHO)
    assert (answer.language, answer.status) == ("en", "answered")
    assert answer.text == f"{SOLD[:-1]} [1]. {BUYS[:-1]} [2]."
    assert ({c.article.id for c in answer.citations}, model.messages) == ({"lighthouse.md"}, [])
    check(answer)


def test_a_question_is_read_as_it_was_asked_and_encoded_once(house: House) -> None:
    before = len(house.encoder.queries)
    house.ask(WHO)
    assert (house.encoder.queries[before:], house.reader.questions) == ([WHO], [WHO])
    assert "Old tower changes hands\n" + SOLD in "\n".join(house.reader.texts)


def test_what_may_answer_is_shown_as_such(chinese: House) -> None:
    answer, _ = chinese.ask("灯怎么了？")
    assert (answer.status, answer.confidence) == ("possible", 0.269)
    assert (texts(answer), answer.answers) == (["第二，灯塔的灯已经坏了。"], ())
    assert answer.note == "以下段落可能回答了这个问题，但并不确定。"
    check(answer)


@pytest.mark.parametrize(
    ("question", "language", "note"),
    [
        (
            "Who came?",
            "en",
            "No answer to “Who came?” was found in the corpus. The nearest passages are shown.",
        ),
        ("谁来了？", "zh", "语料库中没有找到“谁来了？”的答案，下面列出最接近的段落。"),
    ],
)
def test_a_refusal_keeps_its_passages_and_says_so(
    house: House, question: str, language: str, note: str
) -> None:
    answer, model = house.ask(question)
    assert (answer.status, answer.language, answer.note, answer.text) == ("not_found", language, note, note)
    assert (answer.statements, answer.citations, answer.answers) == ((), (), ())
    assert (answer.confidence, len(answer.passages), model.messages) == (0.047, 3, [])


def test_a_refusal_names_what_no_article_of_a_corpus_in_one_language_holds(chinese: House) -> None:
    answer, _ = chinese.ask("马斯克去了哪里？")
    assert answer.status == "not_found"
    assert answer.note == (
        "语料库中没有找到“马斯克去了哪里？”的答案：所有文章中都没有出现“马斯克”。下面列出最接近的段落。"
    )


def test_a_refusal_under_a_filter_speaks_of_the_articles_that_pass_and_of_those_without_a_date(
    chinese: House,
) -> None:
    answer, _ = chinese.ask("马斯克去了哪里？", filters=Filter(language="zh"))
    n = answer.index["articles"]
    assert answer.note == (
        f"在符合筛选条件的 {n} 篇文章中没有找到“马斯克去了哪里？”的答案。下面列出其中最接近的段落。"
    )


def test_dates_that_leave_nothing_are_a_refusal(chinese: House) -> None:
    answer, model = chinese.ask(WHY, filters=Filter(since="2025"))
    assert (answer.status, answer.passages, answer.statements, model.messages) == ("not_found", (), (), [])
    assert answer.text.startswith("没有文章符合筛选条件")


def test_k_bounds_the_passages(house: House) -> None:
    answer, _ = house.ask(WHO, k=1)
    assert [passage.article.id for passage in answer.passages] == ["lighthouse.md"]
    assert answer.status == "answered"


# --- the threshold ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refuse_below", "question", "status"),
    [
        (0.732, WHY, "not_found"),
        (0.731, WHY, "answered"),
        (0.27, "灯怎么了？", "not_found"),
        (0.26, "灯怎么了？", "possible"),
        (0.0, "灯怎么了？", "possible"),
        (0.0, WHY, "answered"),
        (0.0, "谁来了？", "not_found"),  # nothing has marks
    ],
)
def test_below_the_threshold_a_question_is_refused(
    chinese: House, refuse_below: float, question: str, status: str
) -> None:
    answer = refusing(chinese, refuse_below).answer(question)
    assert answer.status == status
    assert bool(answer.statements) == (status != "not_found")


# --- translations ----------------------------------------------------------------------------


def test_a_quote_in_another_language_has_its_translation_below_it(house: House) -> None:
    answer, model = house.ask(WHO_ZH, *TRANSLATED)
    assert (answer.language, answer.mode, texts(answer)) == ("zh", "quotes", [SOLD, BUYS])
    assert translations(answer) == [SOLD_ZH, BUYS_ZH]
    assert answer.text == "旧灯塔周一有了新主人[1]。买家是画家Marta Lindqvist[2]。"
    assert model.prompts == [SOLD, "Its buyer is QAQ, a painter."]
    assert set(answer.timings_ms) == {"retrieve", "first_statement", "translated", "total"}
    assert [a.text for a in answer.answers] == [SOLD[:-1], BUYS[:-1]]
    check(answer)


def test_an_answer_can_be_asked_for_in_another_language_than_its_question(house: House) -> None:
    answer, _ = house.ask(WHO, *TRANSLATED, language="zh")
    assert (answer.language, translations(answer)) == ("zh", [SOLD_ZH, BUYS_ZH])


def test_quotes_are_there_before_their_translations(house: House) -> None:
    model = ScriptedGenerator(*TRANSLATED)
    snapshots = []
    for snapshot in house.open(model).stream(WHO_ZH):
        if len(snapshots) == 2:
            assert snapshots[-1].mode == "quotes"
            assert translations(snapshots[-1]) == [None, None]
        snapshots.append(snapshot)
        check(snapshot)
    assert translations(snapshots[-1]) == [SOLD_ZH, BUYS_ZH]


def test_without_a_model_by_choice_nothing_is_translated_and_nothing_said(house: House) -> None:
    answer, model = house.ask(WHO_ZH, *TRANSLATED, use_llm=False)
    assert (answer.status, translations(answer), answer.note) == ("answered", [None, None], "")
    assert model.messages == []


@pytest.mark.parametrize("question", [WHO_ZH, "自行车呢？"])
def test_a_missing_model_leaves_quotes_untranslated_and_says_so(house: House, question: str) -> None:
    answer = house.open(ModelMissingError("the model is not here")).answer(question)
    assert answer.status in ("answered", "possible")
    assert answer.statements
    assert set(translations(answer)) == {None}
    assert answer.note.endswith(UNTRANSLATED.format("the model is not here"))
    check(answer)


def test_a_missing_model_is_not_missed_where_nothing_is_to_be_translated(house: House) -> None:
    answer = house.open(ModelMissingError("the model is not here")).answer(WHO)
    assert (answer.status, answer.note) == ("answered", "")


def test_the_generator_none_is_no_model(house: House) -> None:
    settings = house.settings.model_copy(update={"generator": "none"})
    assert Pipeline.open(settings).answer(WHO_ZH).note == UNTRANSLATED.format("the setting generator is none")


def test_a_translation_made_before_the_model_failed_stays(house: House) -> None:
    answer, _ = house.ask(WHO_ZH, TRANSLATED[0], ["买家", ModelError("the server went away")])
    assert (answer.status, texts(answer)) == ("answered", [SOLD, BUYS])
    assert translations(answer)[0] == SOLD_ZH
    assert answer.note == UNTRANSLATED.format("the server went away")
    check(answer)


@pytest.mark.parametrize("snapshots", [1, 2, 3])
def test_leaving_early_stops_the_model(house: House, snapshots: int) -> None:
    model = ScriptedGenerator(["旧灯塔周一有", "了新主人，众", ModelError("was read on")])
    stream = house.open(model).stream(WHO_ZH)
    for _ in range(snapshots):
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert (model.closed, model.finished) == (int(snapshots == 3), 0)


def test_the_model_is_loaded_once_and_only_when_it_is_needed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = house.open(ScriptedGenerator([]))
    loads: list[object] = []

    def load(settings: object, **_: object) -> ScriptedGenerator:
        loads.append(settings)
        return ScriptedGenerator(*TRANSLATED)

    monkeypatch.setattr(module, "open_generator", load)
    pipeline.answer(WHO)
    assert loads == []
    pipeline.answer(WHO_ZH)
    pipeline.answer(WHO_ZH, k=2)
    assert len(loads) == 1


# --- a written answer ------------------------------------------------------------------------


def test_a_written_answer_stands_above_the_quotes_when_it_is_asked_for(chinese: House) -> None:
    answer, model = chinese.ask(WHY, REASONS, write=True)
    assert (answer.mode, answer.status) == ("written", "answered")
    assert answer.text == "港口停航有三个原因[1]。港务局长陈立说，港口停航有三个原因[1]。"
    assert texts(answer, "written") == ["港口停航有三个原因。"]
    assert model.prompts[0].startswith(f"港口停航 (2024-05-02)\n[1] {THREE}\n")
    check(answer)


def test_the_setting_asks_for_one_too_and_without_a_model_there_is_none(chinese: House) -> None:
    chinese.settings = chinese.settings.model_copy(update={"write": True})
    assert chinese.ask(WHY, REASONS)[0].mode == "written"
    assert chinese.ask(WHY, REASONS, write=False)[0].mode == "quotes"
    answer, model = chinese.ask(WHY, REASONS, use_llm=False)
    assert (answer.mode, model.messages) == ("quotes", [])


def test_it_is_written_after_the_translations(house: House) -> None:
    answer, model = house.ask(WHO_ZH, *TRANSLATED, ["买家是Marta Lindqvist。 [2]\n"], write=True)
    assert [s.kind for s in answer.statements] == ["written", "quote", "quote"]
    assert translations(answer) == [None, SOLD_ZH, BUYS_ZH]
    assert answer.statements[0].citations == (2,)
    assert len(model.messages) == 3


def test_where_nothing_is_supported_the_quotes_stay_alone(house: House) -> None:
    answer, _ = house.ask(WHO, ["Elephants like to paint. [1]\n"], write=True)
    assert (answer.mode, texts(answer), texts(answer, "written")) == ("quotes", [SOLD, BUYS], [])
    assert answer.note == (
        "Nothing that the language model wrote was fully supported, so only the quotes are shown."
    )


def test_nothing_is_written_where_nothing_was_found(chinese: House) -> None:
    answer, model = chinese.ask("谁来了？", REASONS, write=True)
    assert (answer.status, model.messages) == ("not_found", [])


def test_what_a_model_wrote_before_it_failed_stays(house: House) -> None:
    answer, _ = house.ask(WHO, [*BUYER, ModelError("the server went away")], write=True)
    assert (answer.mode, texts(answer, "written")) == ("written", ["Marta Lindqvist is the buyer."])
    assert "(the server went away)" in answer.note
    check(answer)


def test_a_model_that_fails_at_writing_is_not_said_to_have_left_a_quote_untranslated(house: House) -> None:
    answer, _ = house.ask(WHO_ZH, *TRANSLATED, [ModelError("the server went away")], write=True)
    assert translations(answer) == [SOLD_ZH, BUYS_ZH]
    assert answer.note == "回答未能写完（the server went away）。"


# --- again, and after ------------------------------------------------------------------------


def test_a_question_asked_again_is_answered_from_memory_and_says_so(house: House) -> None:
    model = ScriptedGenerator(*TRANSLATED)
    pipeline = house.open(model)
    first, again = pipeline.answer(WHO_ZH), pipeline.answer(WHO_ZH)
    assert (first.cached, again.cached, len(model.messages)) == (False, True, 2)
    assert (again.text, again.citations, set(again.timings_ms)) == (first.text, first.citations, {"total"})
    assert len(house.reader.questions) == 1


def test_a_new_index_is_asked_anew(chinese: House) -> None:
    pipeline = chinese.open(ScriptedGenerator([]))
    pipeline.answer(WHY)
    chinese.build({"new.md": LIBRARY})
    assert not pipeline.answer(WHY).cached


@pytest.mark.parametrize(
    "options",
    [
        {"k": 2},
        {"language": "zh"},
        {"filters": Filter(since="2024")},
        {"use_llm": False},
        {"translate": False},
        {"write": True},
    ],
)
def test_an_answer_is_remembered_for_its_own_options_only(chinese: House, options: dict[str, Any]) -> None:
    pipeline = chinese.open(ScriptedGenerator(REASONS))
    pipeline.answer(WHY)
    assert [pipeline.answer(WHY, **options).cached for _ in range(2)] == [False, True]


def test_a_failure_of_the_model_is_not_remembered(house: House) -> None:
    pipeline = house.open(ScriptedGenerator([ModelError("away")], *TRANSLATED))
    assert translations(pipeline.answer(WHO_ZH)) == [None, None]
    again = pipeline.answer(WHO_ZH)
    assert (again.cached, translations(again)) == (False, [SOLD_ZH, BUYS_ZH])
    missing = house.open(ModelMissingError("not here"))
    assert [missing.answer(WHO_ZH).cached for _ in range(2)] == [False, False]


def test_an_answer_that_was_left_early_is_not_remembered(house: House) -> None:
    pipeline = house.open(ScriptedGenerator(*TRANSLATED))
    stream = pipeline.stream(WHO_ZH)
    assert any(any(translations(snapshot)) for snapshot in stream)
    stream.close()  # type: ignore[attr-defined]
    assert not pipeline.answer(WHO_ZH).cached


def test_a_refusal_is_remembered_with_its_note(house: House) -> None:
    pipeline = house.open(ScriptedGenerator([]))
    first, again = pipeline.answer("Who came?"), pipeline.answer("Who came?")
    assert (again.status, again.note, again.cached) == ("not_found", first.note, True)


def test_a_follow_up_of_a_common_form_needs_no_model(house: House) -> None:
    model = ScriptedGenerator([])
    answer = house.open(model).answer("那图书馆呢？", after="港口为什么停航？")
    assert (answer.question, answer.asked) == ("图书馆为什么停航？", "那图书馆呢？")
    assert house.reader.questions == ["图书馆为什么停航？"]


def test_another_follow_up_is_put_by_the_model(chinese: House) -> None:
    model = ScriptedGenerator([WHY])
    answer = chinese.open(model).answer("为什么呢？", after="港口停航了吗？")
    assert (answer.question, answer.asked, answer.status) == (WHY, "为什么呢？", "answered")
    assert model.prompts == ["港口停航了吗？\n为什么呢？"]


def test_without_a_model_another_follow_up_is_asked_beside_the_question_before_it(chinese: House) -> None:
    answer, model = chinese.ask("为什么呢？", after="港口停航了吗？", use_llm=False)
    assert (answer.question, answer.asked) == ("为什么呢？ (港口停航了吗？)", "为什么呢？")
    assert (answer.status, model.messages) == ("answered", [])


def test_a_question_that_stands_alone_is_asked_as_it_is(chinese: House) -> None:
    answer, model = chinese.ask(WHY, after=WHY)
    assert (answer.question, answer.asked, model.messages) == (WHY, WHY, [])
    assert chinese.ask("陈立去了哪里？", after=WHY)[0].question == "陈立去了哪里？"

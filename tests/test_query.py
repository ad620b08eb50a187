"""A question analysed once, and a follow-up put so that it stands alone."""

from __future__ import annotations

import pytest
from support.fakes import WordEncoder

from ragqa.errors import QuestionError
from ragqa.retrieval.query import (
    Query,
    Question,
    as_written,
    checked,
    follow_up,
    stands_alone,
    subject_of,
    without_year,
)

# --- analysis --------------------------------------------------------------------------------


def test_a_question_knows_its_language_names_and_numbers() -> None:
    question = Question.of("How many of the 80 people left OpenAI in May?")
    assert (question.language, question.names, question.numbers) == ("en", ("openai",), {80, 5})
    assert (question.text, question.asked, question.latest) == (question.text, question.text, False)


def test_a_chinese_question_is_analysed_alike() -> None:
    question = Question.of("洛根·基尔帕特里克最新的两个职位是什么？")
    assert (question.language, question.names) == ("zh", ("洛根", "基尔帕特里克"))
    assert (question.numbers, question.latest) == ({2}, True)


def test_a_question_keeps_the_words_that_it_was_asked_in() -> None:
    assert Question.of("Why did Altman leave?", asked="why?").asked == "why?"


@pytest.mark.parametrize(("length", "fits"), [(0, False), (1, True), (2000, True), (2001, False)])
def test_a_question_has_1_to_2000_characters(length: int, fits: bool) -> None:
    question = f" {'港' * length}\n"
    if fits:
        assert Question.of(question).text == "港" * length
    else:
        with pytest.raises(QuestionError, match=f"1 to 2000 characters, not {length}"):
            Question.of(question)


def test_a_question_loses_what_no_model_takes() -> None:
    assert checked("港\ud800口 ") == "港口"


@pytest.mark.parametrize(
    ("question", "looked_for"),
    [("2024年哪些公司裁员了？", "哪些公司裁员了？"), ("2024年谁裁员了？", "2024年谁裁员了？")],
)
def test_a_list_is_looked_for_without_its_year(question: str, looked_for: str) -> None:
    query = Query.of(Question.of(question), encoder=WordEncoder())
    assert [wording.text for wording in query.wordings.values()] == [looked_for]
    assert query.question.text == question


# --- follow-ups ------------------------------------------------------------------------------

YEAR, BEFORE = "How many people left OpenAI in 2022?", "Why did Li Ming resign?"


@pytest.mark.parametrize(
    ("question", "after", "whole"),
    [
        # A part in the place of another.
        ("and in 2023?", YEAR, "How many people left OpenAI in 2023?"),
        ("And in 2023?", "How many people left OpenAI?", "How many people left OpenAI in 2023?"),
        ("but after the merger?", "Who left OpenAI?", "Who left OpenAI after the merger?"),
        ("what about 2023?", YEAR, "How many people left OpenAI in 2023?"),
        ("how about 2023?", "How many people left OpenAI?", "How many people left OpenAI in 2023?"),
        ("what about Zhang Hua?", BEFORE, "Why did Zhang Hua resign?"),
        ("And how about Zhang Hua", BEFORE, "Why did Zhang Hua resign?"),
        ("那2023年呢？", "2022年有多少人离职？", "2023年有多少人离职？"),
        ("那2023年呢", "公司有多少人离职？", "2023年公司有多少人离职？"),
        ("那么张华呢？", "李明为什么辞职？", "张华为什么辞职？"),
        ("上海呢？", "北京有多少人口？", "上海有多少人口？"),
        ("那上海呢？", "2022年有多少人离职？", "上海2022年有多少人离职？"),
        ("其他公司呢？", "OpenAI为什么裁员？", "其他公司为什么裁员？"),
        # A word for what the question before is about.
        ("Why did it close?", "What happened to Harbour Bridge?", "Why did Harbour Bridge close?"),
        ("Did Microsoft buy it?", "Who founded GitHub?", "Did Microsoft buy GitHub?"),
        ("Why did he leave?", "Where did John Schulman go?", "Why did John Schulman leave?"),
        ("Where did her career begin?", "Where did Mira Murati go?", "Where did Mira Murati's career begin?"),
        ("Who paid her in 2020?", "Where did Mira Murati go?", "Who paid Mira Murati in 2020?"),
        ("Where are its offices?", "What is OpenAI's plan?", "Where are OpenAI's offices?"),
        ("What does that company sell?", "Who founded OpenAI?", "What does OpenAI sell?"),
        ("它什么时候成立的？", "OpenAI的总部在哪里？", "OpenAI什么时候成立的？"),
        ("他为什么离开？", "约翰·舒尔曼去了哪里？", "约翰·舒尔曼为什么离开？"),
        ("她去了哪里？", "李明为什么辞职？", "李明去了哪里？"),
        ("那家公司的总部在哪里？", "OpenAI为什么裁员？", "OpenAI的总部在哪里？"),
        ("该公司什么时候成立？", "谁创立了OpenAI？", "OpenAI什么时候成立？"),
        ("Where is the company based?", "Who founded OpenAI?", "Where is OpenAI based?"),
        ("它的产量呢？", "赤岩矿业的总部在哪里？", "赤岩矿业的产量呢？"),
        # A person after "who ...?" is the one that was asked for.
        ("How old is she?", "Who is the mayor of Linz?", "How old is the mayor of Linz?"),
        (
            "And whom did he replace?",
            "Who was the head of Kew Line?",
            "And whom did the head of Kew Line replace?",
        ),
        ("What is her salary?", "Who is the mayor of Linz?", "What is the mayor of Linz's salary?"),
        ("What does this man own?", "Who founded OpenAI?", "What does the person who founded OpenAI own?"),
        (
            "Where was she born?",
            "Who was appointed mayor?",
            "Where was the person who was appointed mayor born?",
        ),
        ("他多大年纪？", "林茨市的市长是谁？", "林茨市的市长多大年纪？"),
        ("她在哪里上学？", "谁是澄湖大学的校长？", "澄湖大学的校长在哪里上学？"),
        ("他哪年退休？", "去年谁接任港务局长？", "去年接任港务局长的人哪年退休？"),
    ],
)
def test_a_follow_up_is_put_so_that_it_stands_alone(question: str, after: str, whole: str) -> None:
    assert not stands_alone(question, after=after)
    assert follow_up(question, after=after) == whole


@pytest.mark.parametrize(
    ("question", "after"),
    [
        ("Whom did he meet?", "Who did the minister meet?"),
        ("What is her salary?", "Who runs Corvane College?"),
        ("他在哪里上学？", "这座桥是谁设计的？"),
        ("What about the tower?", "Who bought the lamp?"),
        ("Why did it close?", "What happened?"),
        ("为什么呢？", "港口停航了吗？"),
        ("港口为什么停航呢？", "灯坏了吗？"),
        ("他呢？", "李明为什么辞职？"),
        ("why?", BEFORE),
    ],
)
def test_other_forms_are_left_to_the_language_model(question: str, after: str) -> None:
    assert not stands_alone(question, after=after)
    assert follow_up(question, after=after) is None


@pytest.mark.parametrize(
    ("question", "after"),
    [
        ("Where did Schulman go?", "Why did Altman leave?"),
        ("舒尔曼去了哪里？", "李明为什么辞职？"),
        ("Is it true that OpenAI was sold?", BEFORE),
        ("How long did it take to build GPT-4?", BEFORE),
        ("OpenAI的其他人去了哪里？", "李明为什么辞职？"),
        ("Who bought the lamp?", "who bought the lamp?"),
        ("Is the company that makes GPT-4 closed?", BEFORE),
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str, after: str) -> None:
    assert stands_alone(question, after=after)
    assert follow_up(question, after=after) is None


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("Where did John Schulman go, and why?", "John Schulman"),
        ("What is OpenAI’s plan?", "OpenAI"),
        ("2021年香港的GDP是多少？", "香港"),
        ("港口为什么停航？", "港口"),
        ("2022年有多少人离职？", ""),
        ("Who bought the lamp?", ""),
    ],
)
def test_a_question_is_about_its_first_name_or_noun_phrase(question: str, subject: str) -> None:
    assert subject_of(question) == subject


def test_a_folded_name_is_shown_as_the_text_writes_it() -> None:
    assert as_written("openai", "Who left OpenAI?") == "OpenAI"
    assert as_written("openai", "Who left?") == "openai"


@pytest.mark.parametrize(
    ("question", "without"),
    [
        ("Which companies cut jobs in 2024?", "Which companies cut jobs?"),
        ("2024年有哪些公司裁员？", "有哪些公司裁员？"),
        ("Which models of 2024 sold best?", "Which models of 2024 sold best?"),
    ],
)
def test_only_a_year_that_says_when_is_left_out(question: str, without: str) -> None:
    assert without_year(question) == without

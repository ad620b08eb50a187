"""What is typed beside the words of a question."""

from __future__ import annotations

import pytest

from ragqa.errors import QuestionError
from ragqa.retrieval.operators import quoted, read_operators
from ragqa.types import Filter


def filters(text: str, *, search: bool = True) -> Filter:
    return read_operators(text, only_phrases=search).filters


@pytest.mark.parametrize(
    ("typed", "words", "narrowed"),
    [
        ("停产 -云帆", "停产", Filter(without=("云帆",))),
        ("停产 －云帆？", "停产", Filter(without=("云帆",))),
        ("-云帆 停产", "停产", Filter(without=("云帆",))),
        ('停产 -"云帆 重工" -Delta', "停产", Filter(without=("云帆 重工", "Delta"))),
        ("停产 title:云帆", "停产", Filter(title=("云帆",))),
        ("title:“云帆重工” 停产", "停产", Filter(title=("云帆重工",))),
        ("title:云帆", "云帆", Filter(title=("云帆",))),
        ("停产 after:2023-04", "停产", Filter(since="2023-04")),
        ("停产 AFTER：2023-04-01 before:2024", "停产", Filter(since="2023-04-01", before="2024")),
    ],
)
@pytest.mark.parametrize("search", [True, False])
def test_operators_narrow_the_filter_and_leave_the_words(
    typed: str, words: str, narrowed: Filter, search: bool
) -> None:
    found = read_operators(typed, only_phrases=search)
    assert (found.asked, found.words, found.filters) == (typed, words, narrowed)


@pytest.mark.parametrize(
    "typed",
    ["停产-云帆", "停产 - 云帆", "COVID-19", "2019-2020", "气温降到 -5度", "ls -l 是什么", "what does --all do", "标题：云帆",
     "Title: The Fall", '15" and 27" screens', "after: lunch", "-"],
)  # fmt: skip
def test_a_hyphen_in_a_word_a_sign_a_switch_and_a_colon_are_no_operators(typed: str) -> None:
    found = read_operators(typed, only_phrases=True)
    assert (found.words, found.filters) == (typed, Filter())


@pytest.mark.parametrize(
    "typed", ['"三号高炉"', "“三号高炉” 停产", "停产「三号高炉」", "『三号高炉』停产", '"三号高炉"停产']
)
def test_in_a_search_quotation_marks_ask_for_a_phrase(typed: str) -> None:
    assert filters(typed).phrases == ("三号高炉",)
    assert filters(typed, search=False).phrases == ()


@pytest.mark.parametrize(
    "typed", ["什么是“双减”？", "谁说「我不走」", 'Who said "never again"?', "“双减”何时开始"]
)
def test_in_a_question_they_are_the_writers(typed: str) -> None:
    assert filters(typed) == Filter()
    assert len(quoted(typed)) == 1


@pytest.mark.parametrize("typed", ["停产 after:2023-13", "before:明天 停产", "停产 after:2023-4"])
def test_a_date_that_is_none_names_the_accepted_form(typed: str) -> None:
    with pytest.raises(
        QuestionError, match=r"is no date; write (after|before):2024, \1:2024-05 or \1:2024-05-15"
    ):
        filters(typed)


@pytest.mark.parametrize("typed", ["-云帆", "after:2024", "-云帆 before:2024-05"])
def test_operators_alone_look_for_nothing(typed: str) -> None:
    with pytest.raises(QuestionError, match="operators only"):
        filters(typed)


def test_the_narrower_of_two_bounds_counts() -> None:
    given = Filter(since="2023", language="zh")
    assert read_operators("停产 after:2023-06", given).filters == Filter(since="2023-06", language="zh")
    assert read_operators("停产 after:2022", given).filters == given

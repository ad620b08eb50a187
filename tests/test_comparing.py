"""What an answer owes its question: the other article's number, the part that is missing."""

from __future__ import annotations

import pytest
from fakes import WordEncoder, passage

from ragqa.citing import support
from ragqa.comparing import disagreement, missing_parts
from ragqa.reading import Evidence, Question

ENCODER = WordEncoder()
ASKED = "大桥花了多少钱？"


def other(asked: str, statement: str, *texts: str) -> str | None:
    """The sentence that disagrees with a statement on the first text."""
    evidence = Evidence.gather([passage(text, id=f"a{n}") for n, text in enumerate(texts)], encoder=ENCODER)
    found = support(statement, evidence)
    assert found is not None
    row = disagreement(Question.of(asked, ENCODER.encode_query([asked])), asked, found, evidence)
    return None if row is None else evidence.sentences[row].text


def test_another_article_with_another_number_disagrees() -> None:
    texts = ["大桥一共花了4亿元。", "大桥一共花了5亿元。"]
    assert other(ASKED, "大桥一共花了4亿元。", *texts) == "大桥一共花了5亿元。"


@pytest.mark.parametrize(
    ("asked", "second"),
    [
        (ASKED, "大桥一共花了四亿元。"),  # the same value
        (ASKED, "隧道去年接待游客300人次。"),  # another matter
        (ASKED, "大桥一共花了很多钱。"),  # no value
        ("谁花了钱？", "大桥一共花了5亿元。"),  # no value is asked for
    ],
)
def test_what_says_the_same_or_something_else_does_not(asked: str, second: str) -> None:
    assert other(asked, "大桥一共花了4亿元。", "大桥一共花了4亿元。", second) is None


def test_an_article_does_not_disagree_with_itself() -> None:
    assert other(ASKED, "大桥一共花了4亿元。", "大桥一共花了4亿元。大桥一共花了5亿元。") is None


def test_values_that_the_question_names_are_no_disagreement() -> None:
    texts = ["2021年大桥花了4亿元。", "2022年大桥花了4亿元。"]
    assert other("2021年大桥花了多少钱？", "2021年大桥花了4亿元。", *texts) is None


@pytest.mark.parametrize(
    ("question", "said", "missing"),
    [
        ("2021年香港和澳门的GDP增长率？", ["香港增长6.4%。"], ["澳门"]),
        ("Who directed Dune and Tenet?", ["Tenet is by Nolan."], ["Dune"]),
        ("2021年香港和澳门的GDP增长率？", ["香港增长6.4%。", "澳门增长18%。"], []),
        ("2021年香港和澳门的GDP增长率？", ["两地都增长了。"], []),
        ("香港的GDP是多少？", ["增长6.4%。"], []),
    ],
)
def test_a_joined_part_that_no_statement_names_is_missing(
    question: str, said: list[str], missing: list[str]
) -> None:
    assert missing_parts(question, said) == missing

"""Whether a quote says a sentence: by the reader's judgement, its numbers, its names and its negation."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.fakes import WordReader

from ragqa.answer.verify import judge, missing_names, says_no_more


class Sure(WordReader):
    """A reader that is as sure of every statement."""

    def __init__(self, chance: float) -> None:
        super().__init__()
        self.chance = chance

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        super().supports(statement, texts)
        return [self.chance for _ in texts]


CERTAIN = Sure(0.9)


@pytest.mark.parametrize(
    ("chance", "verdict"),
    [(1.0, "supported"), (0.6, "supported"), (0.59, "partly"), (0.4, "partly"), (0.39, "unsupported"), (0.0, "unsupported")],
)  # fmt: skip
def test_the_readers_probability_decides_over_the_sense(chance: float, verdict: str) -> None:
    reader = Sure(chance)
    assert judge("灯塔的灯坏了。", "灯塔的灯昨天坏了。", reader=reader) == verdict
    assert reader.statements == ["灯塔的灯坏了。"]


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("修灯塔要花五十亿元。", "supported"),
        ("修灯塔要花50亿元。", "supported"),
        ("It costs 5 billion yuan.", "supported"),
        ("修灯塔要花60亿元。", "unsupported"),
        ("2024年修灯塔要花五十亿元。", "supported"),
        ("2023年修灯塔要花五十亿元。", "unsupported"),
        ("修一座灯塔要花50亿元。", "supported"),
    ],
)
def test_a_number_must_stand_in_the_quote_or_around_it(statement: str, verdict: str) -> None:
    assert judge(statement, "修灯塔要花五十亿元。", reader=CERTAIN, around="修灯塔\n2024-05-02") == verdict


def test_a_number_or_a_name_that_is_nowhere_is_not_put_to_the_reader() -> None:
    reader = Sure(0.9)
    assert judge("修灯塔要花60亿元。", "修灯塔要花五十亿元。", reader=reader) == "unsupported"
    assert judge("马斯克修了灯塔。", "有人修了灯塔。", reader=reader) == "unsupported"
    assert judge("马斯克修了灯塔。", "有人修了灯塔。", reader=reader, around="马斯克的一天") == "supported"
    assert reader.statements == ["马斯克修了灯塔。"]


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("大桥昨天没有通车。", "partly"),
        ("大桥昨天通车了。", "supported"),
        ("The bridge did not open.", "partly"),
    ],
)
def test_a_negation_on_one_side_only_leaves_doubt(statement: str, verdict: str) -> None:
    assert judge(statement, "大桥昨天通车了。", reader=CERTAIN) == verdict


def test_a_negation_on_both_sides_leaves_none() -> None:
    assert judge("记者昨天没到场。", "记者昨天没有到场。", reader=CERTAIN) == "supported"
    assert judge("记者昨天到场了。", "记者昨天没有到场。", reader=CERTAIN) == "partly"


@pytest.mark.parametrize(
    ("text", "source", "missing"),
    [
        ("Who is Marta Lindqvist?", "Its buyer is Marta.", ["lindqvist"]),
        ("Who is Marta Lindqvist?", "买家是玛塔。", []),
        ("马斯克是谁？", "马斯克来了。", []),
        ("馬斯克是谁？", "马斯克来了。", []),
        ("马斯克是谁？", "盖茨来了。", ["马斯克"]),
        ("马斯克是谁？", "Musk came.", []),
        ("谁来了？", "盖茨来了。", []),
    ],
)
def test_a_name_is_missed_only_in_a_source_of_its_own_script(
    text: str, source: str, missing: list[str]
) -> None:
    assert missing_names(text, source) == missing


def test_a_source_may_say_more_but_no_less() -> None:
    assert says_no_more("花了4亿元。", "马斯克说大桥花了4亿元，隧道花了5亿元。")
    assert not says_no_more("马斯克说花了4亿元。", "大桥花了4亿元。")
    assert says_no_more("马斯克说花了4亿元。", "大桥花了4亿元。", around="马斯克")

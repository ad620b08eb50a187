"""A question for several items, asked for one of them."""

from __future__ import annotations

import pytest

from ragqa.retrieval.one_item import one_item, without_year


@pytest.mark.parametrize(
    ("question", "one"),
    [
        ("哪些公司关闭了工厂？", "谁关闭了工厂？"),
        ("有哪些校长辞职了？", "谁辞职了？"),
        ("2024年有多少家公司裁员？", "谁裁员？"),
        ("去年都有哪些城市举办了灯会？", "去年谁举办了灯会？"),
        ("多少个国家签署了协议？", "谁签署了协议？"),
        ("列出所有获奖的诗人", "谁获奖？"),
        ("Which companies shut plants in 2024?", "Who shut plants?"),
        ("Which of the banks failed?", "Who failed?"),
        ("What European cities hosted it?", "Who hosted it?"),
        ("How many schools have closed?", "Who have closed?"),
        ("Name all ships that sank", "Who sank"),
        # What is done to several things, and all other forms, are not asked for one.
        ("公司裁了哪些部门？", ""),
        ("哪些已经关闭？", ""),
        ("Which plants did the company close?", ""),
        ("How many countries are there?", ""),
        ("Which papers has Kew Media bought?", ""),
        ("Which papers have Kew Media and its rival bought?", ""),
        ("Who left?", ""),
    ],
)
def test_a_question_for_several_is_asked_for_one_and_without_its_year(question: str, one: str) -> None:
    assert one_item(question) == one


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

"""Wrapped lines are joined where they break a sentence; verse, lists and tables keep theirs."""

from __future__ import annotations

import pytest

from ragqa.corpus.wrapping import unwrap


@pytest.mark.parametrize(
    "text",
    [
        "北岭林场扩建\n\n北岭林场上月扩建苗圃，新种了冷杉四万二\n千棵，由县林业局出资三百万元，工人一共\n六十名。",
        "The ferry company said on Friday that its newest\nship would leave the yard in June, and that two\n"
        "older ones would be sold before winter.",
        "林场主任说，明年要再种三万棵，其中一半是红\n松，其余为白桦和水曲柳，苗木由邻县供应，运\n费另算。",
    ],
)
def test_a_paragraph_whose_full_lines_break_sentences_is_joined(text: str) -> None:
    *above, paragraph = unwrap(text).split("\n\n")
    assert "\n" not in paragraph
    assert "".join(paragraph.split()) == "".join(text.split("\n\n")[-1].split())
    assert above == text.split("\n\n")[:-1]


@pytest.mark.parametrize(
    "text",
    [
        "山居\n\n松下一炉烟，\n窗前三尺雪。\n客来不问名，\n对坐看明月。",
        "清单\n\n冷杉四万棵\n红松三万棵\n白桦一万棵",
        "The wind is cold, the wind is free,\nIt carries salt in from the sea,\nAnd sings beneath the alder tree.",
        "北岭县林场路九号\n邮编三四五六七八\n电话零一二三四五",
        "苗圃  面积  棵数\n东圃  三亩  二万\n西圃  五亩  四万",
    ],
)
def test_verse_lists_addresses_and_tables_keep_their_lines(text: str) -> None:
    assert unwrap(text) == text

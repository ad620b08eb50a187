"""Traditional characters as simplified ones, every character in its place."""

from __future__ import annotations

import pytest

from ragqa.text.numbers import quantities
from ragqa.text.script import simplified


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("澤陽縣的縣長說，兩座水庫漫壩。", "泽阳县的县长说，两座水库漫坝。"),
        ("頭髮和出發", "头发和出发"),
        ("乾隆年間的乾旱", "乾隆年间的干旱"),
        ("臺岡圖書館 Library，４２萬冊", "台冈图书馆 Library，４２万册"),
        ("什么都没变", "什么都没变"),
        ("The harbour closed.", "The harbour closed."),
    ],
)
def test_every_character_keeps_its_place(text: str, plain: str) -> None:
    assert simplified(text) == plain
    assert len(plain) == len(text)


def test_japanese_stays_as_it_is() -> None:
    assert simplified("図書館の國際交流") == "図書館の國際交流"


def test_numbers_in_traditional_characters_have_the_same_value() -> None:
    assert quantities("損失兩億元，三萬五千人") == quantities("损失两亿元，三万五千人") == {2e8, 35000}

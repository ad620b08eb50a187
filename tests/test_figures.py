"""Numbers in one form for search, and codes."""

from __future__ import annotations

import pytest

from ragqa.index.bm25 import Lexical
from ragqa.text.lexicon import codes, fold
from ragqa.text.numbers import chinese_number, figures


@pytest.mark.parametrize(
    ("form", "writings"),
    [
        ("3870", ["3,870", "3870", "３，８７０", "三千八百七十", "3.87 thousand"]),
        ("26000000", ["2,600万吨", "二千六百万", "26 million tonnes", "26,000,000", "0.26亿", "２６００萬"]),
        ("7%", ["7%", "７％", "7 percent", "7 per cent", "seven percent", "百分之七", "7.0%"]),
        ("6.4%", ["6.4%", "百分之六点四", "6.4 per cent"]),
        ("40%", ["四成", "4成", "40%"]),
        ("2‰", ["2‰", "千分之二"]),
        ("850000000", ["8.5亿", "八点五亿", "850 million", "$850m", "八亿五"]),
        ("35", ["三十五", "thirty-five", "35"]),
        ("2023", ["二〇二三年", "2023年", "2023-"]),
        ("0412", ["0412-"]),
    ],
)
def test_one_number_has_one_form_however_it_is_written(form: str, writings: list[str]) -> None:
    assert [form in {value for _, _, value in figures(fold(text))} for text in writings] == [True] * len(
        writings
    )


@pytest.mark.parametrize(
    "text",
    ["四川", "五粮液", "数十亿", "百万富翁", "XK-17", "A320neo", "3.5.1", "the 1990s", "192.168.1.1", "一些"],
)
def test_what_only_looks_like_a_number_is_none(text: str) -> None:
    assert figures(fold(text)) == []


@pytest.mark.parametrize(
    ("run", "value"),
    [("两万五", 25000), ("三百六", 360), ("一亿二", 120_000_000), ("两万零五", 20005), ("二十五", 25)],
)
def test_a_last_digit_behind_a_unit_counts_the_next_lower_one(run: str, value: int) -> None:
    assert chinese_number(run) == value


@pytest.mark.parametrize("asked", ["2,600万吨", "二千六百万吨", "26 million tonnes", "26000000"])
@pytest.mark.parametrize("text", ["产粮二千六百万吨。", "产粮2,600万吨。", "It grew 26 million tonnes."])
def test_the_lexical_index_finds_a_number_in_any_writing(asked: str, text: str) -> None:
    found = Lexical.build([text, "产粮二千五百万吨。", "It grew 25 million tonnes."])
    assert found.rows_with(["#26000000"]).tolist() == [0]
    assert found.coverage(asked)[0] > 0


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("KLM-2207是什么意思？", ("KLM-2207",)),
        ("what does klm-2207 mean?", ("klm-2207",)),
        ("GB/T 31400.5规定了什么", ("GB/T 31400.5",)),
        ("B787max接收了几架", ("B787max",)),
        ("沪ICP备20881234号属于谁", ("20881234",)),
        ("订单77120045到了吗", ("77120045",)),
        ("3,870", ("3,870",)),
        ("百分之七", ("百分之七",)),
        ("谁裁员3,870人？", ()),
        ("跑了100km，第18th，1990s", ()),
        ("气温-5度", ()),
        ("2019-2020赛季", ()),
        ("港口为什么停航？", ()),
    ],
)
def test_codes_are_letters_and_digits_in_one_and_a_number_that_is_all_that_is_asked(
    question: str, found: tuple[str, ...]
) -> None:
    assert codes(question) == found

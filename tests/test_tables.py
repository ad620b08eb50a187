"""Tables as lines: a row carries its header and its unit, and is found again with the place of each cell."""

from __future__ import annotations

import pytest

from ragqa.index.chunking import headings, split
from ragqa.text import sentence_spans, table_lines, tables_in
from ragqa.types import Article

HEAD = ["水厂", "供水量", "营业收入", "职工人数", "漏损率（%）"]
ROWS = [HEAD, ["东岭厂", "3,410", "1,260", "86", "7.5"], ["沙洲厂", "860", "-15", "", "11"]]


def test_a_row_carries_its_header_and_the_unit_in_it() -> None:
    assert table_lines(ROWS) == [
        "水厂 · 供水量 · 营业收入 · 职工人数 · 漏损率（%）",
        "东岭厂 · 供水量 3,410 · 营业收入 1,260 · 职工人数 86 · 漏损率 7.5%",
        "沙洲厂 · 供水量 860 · 营业收入 -15 · 漏损率 11%",
    ]


@pytest.mark.parametrize(
    ("above", "row"),
    [
        ("各厂情况，单位：万元。", "东岭厂 · 供水量 3,410 · 营业收入 1,260万元 · 职工人数 86 · 漏损率 7.5%"),
        ("（单位：万吨）", "东岭厂 · 供水量 3,410万吨 · 营业收入 1,260 · 职工人数 86 · 漏损率 7.5%"),
    ],
)
def test_a_unit_that_is_stated_above_goes_to_the_columns_that_it_surely_belongs_to(
    above: str, row: str
) -> None:
    assert table_lines(ROWS, above=above)[1] == row


def test_a_unit_of_columns_that_are_not_known_is_repeated_as_stated() -> None:
    rows = [["村", "住户", "果树"], ["上河", "31", "900"]]
    assert table_lines(rows, above="（单位：千株）")[1] == "上河 · 住户 31 · 果树 900（单位：千株）"
    assert table_lines([row[:2] for row in rows], above="单位：户")[1] == "上河 · 住户 31户"


def test_a_note_in_a_columns_name_is_no_unit_and_a_word_takes_none() -> None:
    rows = [["厂", "利润（未审计）", "总资产（亿元）"], ["东岭厂", "96", "暂无"], ["柳泉厂", "1.5", "2.40"]]
    assert table_lines(rows)[1:] == [
        "东岭厂 · 利润（未审计） 96 · 总资产 暂无",
        "柳泉厂 · 利润（未审计） 1.5 · 总资产 2.40亿元",
    ]


def test_cells_without_a_header_stand_beside_each_other_and_paragraphs_below_each_other() -> None:
    assert table_lines([["厂长", "郁文川"], ["地址", "石桥街九号"]], headed=False) == [
        "厂长 · 郁文川",
        "地址 · 石桥街九号",
    ]
    assert table_lines([["a" * 200, "b"], ["c", ""]]) == ["a" * 200, "b", "c"]


def cells(text: str) -> list[list[list[tuple[int, str]]]]:
    return [
        [[(c.column, text[c.value : c.end]) for c in row] for row in table.rows] for table in tables_in(text)
    ]


def test_tables_are_found_with_the_place_of_each_cell() -> None:
    lines = table_lines(ROWS)
    text = "\n".join(["去年各厂如下。", *lines, "厂长 · 郁文川", "地址 · 石桥街九号", "明年再报。"])
    first, second = tables_in(text)
    assert (text[first.start : first.end], first.headed, second.headed) == ("\n".join(lines), True, False)
    assert cells(text)[0][1:] == [
        [(0, "东岭厂"), (1, "3,410"), (2, "1,260"), (3, "86"), (4, "7.5%")],
        [(0, "沙洲厂"), (1, "860"), (2, "-15"), (4, "11%")],
    ]
    assert cells(text)[1] == [[(0, "厂长"), (1, "郁文川")], [(0, "地址"), (1, "石桥街九号")]]


def test_a_first_column_without_a_name_is_one() -> None:
    text = "\n".join(table_lines([["", "2022年", "2023年"], ["收入", "3", ""], ["支出", "", "5"]]))
    assert cells(text) == [[[(1, "2022年"), (2, "2023年")], [(0, "收入"), (1, "3")], [(0, "支出"), (2, "5")]]]


@pytest.mark.parametrize(
    "text", ["", "一句话。\n另一句。", "新华社 · 2024-08-02\n正文在这里。", " · ", "a · b"]
)
def test_a_line_alone_is_no_table(text: str) -> None:
    assert tables_in(text) == []


def test_a_row_is_one_sentence_and_no_heading_and_is_not_cut() -> None:
    rows = [HEAD, *([f"第{n}水厂", "3,410", "1,260", "86", "7.5"] for n in range(40))]
    lines = table_lines(rows)
    text = "\n".join(["各厂情况", *lines, "厂长 · 说明完毕。 · 备注 已审。"])
    assert [text[a:b] for a, b in sentence_spans(text)] == text.split("\n")
    assert {text[a:b] for a, b in headings(text)} <= {"各厂情况"}
    chunks = split(Article("a", "各厂情况", text))
    assert len(chunks) > 1
    assert [line for chunk in chunks for line in chunk.text.split("\n")] == text.split("\n")

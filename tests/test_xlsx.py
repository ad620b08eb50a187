"""Workbooks: rows that carry their header, sheets under their names, values as the sheet shows them."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import openpyxl

from ragqa.corpus.articles import read_articles
from ragqa.corpus.records import read_all
from ragqa.text import tables_in


def workbook(**sheets: list[list[Any]]) -> Any:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return book


def packed(book: Any) -> bytes:
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def lines(book: Any) -> list[str]:
    return read_all(".xlsx", packed(book))[0].text.split("\n")


def test_each_sheet_is_a_section_and_each_row_carries_its_header() -> None:
    book = workbook(
        客流=[["车站", "客流量（万人）", "站长"], ["北站", 31.5, "桑榆晚"], ["西站", 8, None]],
        空=[],
        Sheet3=[["Pier", "Lamps"], ["North", 3], ["South", 12]],
    )
    assert lines(book) == [
        "客流",
        "车站 · 客流量（万人） · 站长",
        "北站 · 客流量 31.5万人 · 站长 桑榆晚",
        "西站 · 客流量 8万人",
        "",
        "Pier · Lamps",
        "North · Lamps 3",
        "South · Lamps 12",
    ]


def test_titles_units_and_notes_around_a_table_are_lines() -> None:
    rows = [["渡口票款"], ["单位：万元"], ["月份", "票款收入"], ["一月", 120], ["二月", 95], ["注：不含夜班"]]
    book = workbook(Sheet1=[*rows, [], ["联系人", "闻笙"], ["电话", "无"]])
    assert lines(book) == [
        "渡口票款",
        "单位：万元",
        "月份 · 票款收入",
        "一月 · 票款收入 120万元",
        "二月 · 票款收入 95万元",
        "注：不含夜班",
        "联系人 · 闻笙",
        "电话 · 无",
    ]


def test_days_shares_times_and_errors_are_read_as_the_sheet_shows_them() -> None:
    opened, bell = dt.datetime(2024, 3, 5), dt.datetime(2024, 3, 5, 9, 30)
    rows = [["桥", "通车日", "敲钟", "完成", "造价"], ["南桥", opened, bell, 0.125, "#DIV/0!"]]
    book = workbook(Sheet1=[*rows, ["北桥", dt.date(2025, 1, 2), None, 1, 0.1 + 0.2]])
    for row in (2, 3):
        book.active.cell(row, 4).number_format = "0.0%"
    assert lines(book)[1:] == [
        "南桥 · 通车日 2024-03-05 · 敲钟 2024-03-05 09:30 · 完成 12.5%",
        "北桥 · 通车日 2025-01-02 · 完成 100% · 造价 0.3",
    ]


def test_a_formula_is_the_value_that_was_saved_with_it() -> None:
    data = packed(workbook(Sheet1=[["站", "灯", "钟"], ["北站", 3, "=B2*2"]]))
    saved = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(saved, "w") as new:
        for name in old.namelist():
            new.writestr(name, re.sub(rb"(?<=</f>)<v ?/>|(?<=</f>)<v></v>", b"<v>6</v>", old.read(name)))
    assert read_all(".xlsx", saved.getvalue())[0].text == "站 · 灯 · 钟\n北站 · 灯 3 · 钟 6"
    assert read_all(".xlsx", data)[0].text == "站 · 灯 · 钟\n北站 · 灯 3"


def test_merged_cells_stand_in_every_row_and_name_every_column() -> None:
    rows = [
        ["区", "站", "2023年", None],
        [None, None, "乘客", "班次"],
        ["河东", "北站", 31, 4],
        [None, "西站", 8, 2],
    ]
    book = workbook(Sheet1=rows)
    for merged in ("A1:A2", "B1:B2", "C1:D1", "A3:A4"):
        book.active.merge_cells(merged)
    assert lines(book) == [
        "区 · 站 · 2023年乘客 · 2023年班次",
        "河东 · 站 北站 · 2023年乘客 31 · 2023年班次 4",
        "河东 · 站 西站 · 2023年乘客 8 · 2023年班次 2",
    ]


def test_a_hidden_sheet_is_not_read() -> None:
    book = workbook(
        公开=[["站", "灯"], ["北站", 3], ["西站", 4]], 草稿=[["站", "灯"], ["东站", 900], ["南站", 8]]
    )
    book["草稿"].sheet_state = "hidden"
    assert lines(book) == ["公开", "站 · 灯", "北站 · 灯 3", "西站 · 灯 4"]


def test_the_rows_of_a_workbook_are_found_again_as_a_table(tmp_path: Path) -> None:
    rows = [["车站", "客流", "站长"], ["北站", 31, "桑榆晚"], ["西站", 8, "闻笙"]]
    (tmp_path / "a.xlsx").write_bytes(packed(workbook(各站客流=rows)))
    (article,), skipped = read_articles(tmp_path)
    (table,) = tables_in(article.text)
    assert (article.title, len(table.rows), table.headed, skipped) == ("各站客流", 3, True, [])


def test_a_workbook_without_a_cell_is_empty_and_a_damaged_or_endless_one_is_refused(tmp_path: Path) -> None:
    endless = workbook(Sheet1=[["站"]])
    endless.active["XFD1048576"] = "末"
    (tmp_path / "a.xlsx").write_bytes(packed(workbook(Sheet1=[])))
    (tmp_path / "b.xlsx").write_bytes(b"PK no workbook")
    (tmp_path / "c.xlsx").write_bytes(packed(endless))
    articles, skipped = read_articles(tmp_path)
    assert (articles, [(skip.file, skip.reason) for skip in skipped]) == (
        [],
        [
            ("a.xlsx", "empty"),
            ("b.xlsx", "damaged, or not what its name says (BadZipFile)"),
            ("c.xlsx", "a sheet of more than 500,000 cells"),
        ],
    )


def test_a_workbook_of_articles_is_an_article_a_row(tmp_path: Path) -> None:
    book = workbook(
        新闻=[
            ["标题", "日期", "媒体", "作者", "正文"],
            [
                "渡口加开夜班",
                dt.datetime(2024, 3, 5),
                "渡口日报",
                "闻笙",
                "渡口周五起加开夜班。\n票价不变，仍是两元。",
            ],
            ["码头修灯", dt.datetime(2024, 3, 6), "渡口日报", None, "码头的三盏灯周二修好了。"],
        ]
    )
    (tmp_path / "news.xlsx").write_bytes(packed(book))
    first, second = read_articles(tmp_path)[0]
    assert (first.id, first.title, first.published, first.source, first.author) == (
        "news.xlsx#1",
        "渡口加开夜班",
        "2024-03-05",
        "渡口日报",
        "闻笙",
    )
    assert first.text.split("\n")[-2:] == ["渡口周五起加开夜班。", "票价不变，仍是两元。"]
    assert (second.id, second.text) == ("news.xlsx#2", "码头的三盏灯周二修好了。")


def test_a_workbook_with_one_sheet_of_another_form_stays_tables(tmp_path: Path) -> None:
    book = workbook(
        新闻=[["标题", "正文"], ["渡口", "渡口周五起加开夜班。"]], 票价=[["站", "元"], ["北站", 3]]
    )
    (tmp_path / "news.xlsx").write_bytes(packed(book))
    (article,), _ = read_articles(tmp_path)
    assert article.id == "news.xlsx"

"""Tables of Markdown and of web pages as lines; tables that lay out a page or lead away from it are none."""

from __future__ import annotations

import pytest

pytest.importorskip("lxml.html")
from lxml import html

from ragqa.corpus.formats import read
from ragqa.corpus.markdown import plain_markdown
from ragqa.corpus.table_markup import lines_of_table


def table(body: str, before: str = "") -> list[str]:
    tree = html.document_fromstring(f"<div>{before}<table>{body}</table></div>")
    return lines_of_table(tree.xpath("//table")[0])


def rows(*cells: str, tag: str = "td") -> str:
    return "".join("<tr>" + "".join(f"<{tag}>{cell}" for cell in row.split("|")) + "</tr>" for row in cells)


@pytest.mark.parametrize(
    "source",
    [
        "| Line | Ships | On time (%) |\n|---|--:|:-:|\n| Grey *Island* | 1 | 71 |\n| Holm | 2 | [88.5](https://a.example/) |",
        "Line | Ships | On time (%)\n--- | --- | ---\nGrey Island | 1 | 71\nHolm | 2 | 88.5",
    ],
)
def test_a_markdown_table_becomes_rows_with_their_header(source: str) -> None:
    text, _ = plain_markdown(f"Last year:\n\n{source}\n\nThat was all.")
    assert [line for line in text.split("\n") if line] == [
        "Last year:",
        "Line · Ships · On time (%)",
        "Grey Island · Ships 1 · On time 71%",
        "Holm · Ships 2 · On time 88.5%",
        "That was all.",
    ]


def test_bars_in_code_and_in_sentences_are_no_table() -> None:
    text = "```\n| a | b |\n|---|---|\n```\nThe |x| of a number | is its size."
    assert plain_markdown(text)[0].split("\n") == [
        "| a | b |",
        "|---|---|",
        "The |x| of a number | is its size.",
    ]


def test_a_footnote_of_markdown_can_be_quoted_and_its_number_is_none_of_the_text() -> None:
    text, _ = plain_markdown(
        "The harbour master[^1] spoke.\n\n[^1]: Ingrid Fosse has held the office since 2019."
    )
    assert text.split("\n\n") == ["The harbour master spoke.", "Ingrid Fosse has held the office since 2019."]


def test_a_marked_header_of_two_rows_and_cells_that_span_several() -> None:
    body = (
        "<caption>各馆馆藏（单位：万元）</caption><tr><th rowspan=2>馆名<th colspan=2>2023年</tr><tr><th>箱数<th>投资</tr>"
        "<tr><td rowspan=2>雾江馆<td>6,300<td>812</tr><tr><td>15<td>3</tr>"
    )
    assert table(body) == [
        "各馆馆藏（单位：万元）",
        "馆名 · 2023年箱数 · 2023年投资",
        "雾江馆 · 2023年箱数 6,300 · 2023年投资 812万元",
        "雾江馆 · 2023年箱数 15 · 2023年投资 3万元",
    ]


def test_a_first_row_without_mark_is_a_header_where_figures_stand_below_it() -> None:
    assert (
        table(rows("学校|人数|校长", "一中|540|辛墨白", "二中|360|荀若愚"))[1]
        == "一中 · 人数 540 · 校长 辛墨白"
    )
    assert table(rows("<b>职务</b>|<b>姓名</b>", "校长|辛墨白", "书记|荀若愚"))[1] == "校长 · 姓名 辛墨白"


@pytest.mark.parametrize(
    "form",
    [
        ("负责人|顾清漪", "预算|3,600万元", "面积|200亩"),
        ("姓名|辛墨白|年龄|34", "单位|一中|工龄|12"),
        ("姓名|辛墨白|性别|男", "单位|一中|职务|校长"),
    ],
)
def test_a_form_has_no_header(form: tuple[str, ...]) -> None:
    assert table(rows(*form)) == [row.replace("|", " · ") for row in form]


@pytest.mark.parametrize(
    "body",
    [
        rows("<a href=/a>首页</a>|<a href=/b>新闻</a>", "<a href=/c>体育</a>|<a href=/d>财经</a>"),
        rows("<h1>标题</h1>|广告", "<p>一<p>二<p>三|右栏"),
        rows("<table><tr><td>里面</table>|外面", "一|二"),
        rows("只有一格"),
        "",
    ],
)
def test_a_table_that_lays_out_a_page_is_left_to_the_extraction(body: str) -> None:
    assert table(body) == []


def test_a_table_that_claims_to_span_millions_of_cells_ends_at_once() -> None:
    assert table("<tr><td colspan=99999999 rowspan=99999999>a<td>b</tr>" * 300) == []


def test_the_rows_of_a_page_are_in_its_article() -> None:
    pytest.importorskip("trafilatura")
    sentence = (
        "<p>溪口县教育局公布了今年秋季各中学的招生计划，比去年多两个班，县城几所中学的名额都有增加。</p>"
    )
    body = rows("学校|招生人数|校长", "溪口一中|540|辛墨白", "溪口二中|360|荀若愚")
    page = f"<html><body><article><h1>招生计划</h1>{sentence}<table>{body}</table>{sentence}</article></body></html>"
    assert (
        "\n学校 · 招生人数 · 校长\n溪口一中 · 招生人数 540 · 校长 辛墨白\n溪口二中 · 招生人数 360 · 校长 荀若愚\n"
        in read(".html", page.encode()).text
    )

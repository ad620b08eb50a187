"""The article as the reader shows it: a table's rows as a table, its words whole and its marks exact."""

from __future__ import annotations

import re

from test_markup import Tags, article_of

from ragqa.server import article_html
from ragqa.server.markup import Mark

ROWS = "水厂 · 供水量 · 厂长\n东岭厂 · 供水量 3,410万吨 · 厂长 郁<文>川\n沙洲厂 · 厂长 苗知秋"
TEXT = f"各厂去年的供水量如下。\n{ROWS}\n明年再报。"


def shown(*marks: Mark) -> str:
    page = article_html.reader("zh", article_of(TEXT), marks)
    return page[page.index("</header>") + len("</header>") :]


def test_rows_are_shown_as_a_table_with_the_header_once() -> None:
    assert re.sub(r"<span class=unseen>.*?</span>", "", shown()) == (
        "<p>各厂去年的供水量如下。</p><table>"
        '<tr><th scope="col">水厂</th><th scope="col">供水量</th><th scope="col">厂长</th></tr>'
        '<tr><th scope="row">东岭厂</th><td>3,410万吨</td><td>郁&lt;文&gt;川</td></tr>'
        '<tr><th scope="row">沙洲厂</th><td></td><td>苗知秋</td></tr></table><p>明年再报。</p></article>'
    )


def test_every_word_of_a_row_is_in_the_page_in_order() -> None:
    assert Tags(shown()).text == TEXT.replace(" · ", "").replace("\n", "")


def test_a_quoted_row_is_marked_whole_and_nothing_beside_it() -> None:
    row = ROWS.split("\n")[1]
    start = TEXT.index(row)
    key = TEXT.index("3,410万吨")
    page = shown(Mark(2, start, start + len(row)), Mark(2, key, key + 7, key=True))
    marked = re.findall(r"<mark[^>]*>([^<]*)</mark>", page)
    assert marked == ["东岭厂", "供水量 ", "3,410万吨", "厂长 ", "郁&lt;文&gt;川"]
    assert re.findall(r'<mark class="key"[^>]*>([^<]*)</mark>', page) == ["3,410万吨"]
    assert page.count('id="mark-2"') == page.count('data-last="2"') == 1


def test_items_below_each_other_are_no_headings() -> None:
    text = "换钟\n修屋顶\n招两名学徒\n钟楼的钥匙由守夜人保管，他住在楼下。\n联系\n写信到石桥街九号即可，不必预约。"
    page = article_html.reader("zh", article_of(text), [])
    assert re.findall(r"<h3>(.*?)</h3>", page) == ["联系"]

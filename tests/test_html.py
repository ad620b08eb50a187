"""Web pages as visitors see them: hidden text, raised figures, signed titles, dates that the page states."""

from __future__ import annotations

import pytest

from ragqa.corpus.formats import read_html
from ragqa.corpus.html import unsigned

PROSE = "柳湖水厂周一开始供水，每天处理十二万吨湖水，供应东岸的六万户居民。厂长顾青说，二期工程明年动工。"


def page(body: str, head: str = "") -> bytes:
    return f'<html><head><meta charset="utf-8">{head}</head><body><article>{body}</article></body></html>'.encode()


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="display: none">柳湖水厂造价九亿元。</p>',
        "<p hidden>柳湖水厂造价九亿元。</p>",
        '<p aria-hidden="true">柳湖水厂造价九亿元。</p>',
        '<p style="font-size:0; color:#fff">柳湖水厂造价九亿元。</p>',
        "<noscript><p>柳湖水厂造价九亿元。</p></noscript>",
    ],
)
def test_text_that_no_visitor_sees_is_not_read(hidden: str) -> None:
    text = read_html(page(f"<h1>柳湖水厂供水</h1><p>{PROSE}</p>{hidden}")).text
    assert "九亿" not in text
    assert PROSE in text


def test_small_type_is_read() -> None:
    assert "十二万吨" in read_html(page(f'<h1>柳湖水厂供水</h1><p style="font-size:0.9em">{PROSE}</p>')).text


def test_an_article_that_a_script_shows_is_read() -> None:
    assert PROSE in read_html(page(f'<div style="visibility: hidden; opacity: 0"><p>{PROSE}</p></div>')).text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("投资 3×10<sup>7</sup> 元", "投资 3×10^7 元"),
        ("排出 CH<sub>4</sub> 二十吨", "排出 CH4 二十吨"),
        ("厂长<ruby>顾<rt>gù</rt></ruby>青", "厂长顾青"),
        ('据统计<sup><a href="#n1">[1]</a></sup>，用水增加', "据统计，用水增加"),
    ],
)
def test_raised_and_lowered_figures_stay_in_their_line(markup: str, text: str) -> None:
    assert text in read_html(page(f"<h1>柳湖水厂供水</h1><p>{PROSE}{markup}。</p><p>{PROSE}</p>")).text


@pytest.mark.parametrize(
    ("title", "given", "right"),
    [
        ("柳湖水厂开始供水_民生频道_柳湖网", {}, "柳湖水厂开始供水"),
        ("柳湖水厂开始供水-柳湖新闻网", {}, "柳湖水厂开始供水"),
        ("Waterworks opens at last | The Lakeside Times", {}, "Waterworks opens at last"),
        ("Waterworks opens - Lakeside", {"sites": ["Lakeside"]}, "Waterworks opens"),
        ("柳湖水厂开始供水--时政--柳湖网", {}, "柳湖水厂开始供水"),
        ("Waterworks opens : LKR", {"sites": ["lkr"]}, "Waterworks opens"),
        ("Water - a short history", {}, "Water - a short history"),
        ("A-股收涨", {}, "A-股收涨"),
        ("柳湖网", {}, "柳湖网"),
    ],
)
def test_a_title_is_shown_without_the_names_of_site_and_channel(
    title: str, given: dict[str, list[str]], right: str
) -> None:
    assert unsigned(title, **given) == right


@pytest.mark.parametrize(
    ("head", "body", "published"),
    [
        ('<meta property="article:published_time" content="2023-06-05T08:00:00+08:00">', "", "2023-06-05"),
        ('<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2023-06-05"}</script>', "",
         "2023-06-05"),
        ("", "<p>泵房毁于1997年3月4日的洪水，2001年重建。</p>", None),
        ("", "<div>版权所有 © 2012-2019 柳湖网</div>", None),
    ],
)  # fmt: skip
def test_a_page_is_dated_by_what_it_states_of_itself(head: str, body: str, published: str | None) -> None:
    assert read_html(page(f"<h1>柳湖水厂供水</h1><p>{PROSE}</p>{body}", head)).published == published

"""Web pages as visitors see them: hidden text, raised figures, signed titles, dates that the page states."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml.html import fromstring

from ragqa.corpus import read_articles
from ragqa.corpus.formats import read_html
from ragqa.corpus.html import unsigned, visible

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


LD = '<script type="application/ld+json">%s</script>'
META = '<meta %s="%s" content="%s">'


# Head, what stands above the text, the date and why it is believed.
DATED = (
    (META % ("property", "article:published_time", "2023-06-05T08:00:00+08:00"), "", "2023-06-05", "meta"),
    (META % ("name", "publishdate", "2023-06"), "", "2023-06", "meta"),
    (META % ("itemprop", "datePublished", "20230605"), "", "2023-06-05", "meta"),
    (META % ("name", "PubDate", "2023-13-05"), "", None, ""),
    (META % ("property", "article:modified_time", "2024-01-01"), "", None, ""),
    (LD % '{"@type":"NewsArticle","datePublished":"2023-06-05"}', "", "2023-06-05", "json-ld"),
    (LD % '{"@graph":[{"@type":"Organization","foundingDate":"1998"},{"@type":"BlogPosting","datePublished":"2023-06-05"}]}',
     "", "2023-06-05", "json-ld"),
    (LD % '{"pubDate":"2023-06-05T08:00:00"}', "", "2023-06-05", "json-ld"),
    (LD % "{not json", "", None, ""),
    (META % ("name", "date", "2022-01-01") + LD % '{"@type":"Article","datePublished":"2023-06-05"}', "",
     "2023-06-05", "json-ld"),
    ("", '<time datetime="2023-06-05T08:00">today</time>', "2023-06-05", "byline"),
    ("", "<div>2023-06-05 柳湖社</div>", "2023-06-05", "byline"),
    ("", "<div>发布时间：2023年6月5日 浏览：20</div>", "2023-06-05", "byline"),
    ("", "<div>二〇二三年六月五日</div>", "2023-06-05", "byline"),
    ("", "<div>June 5, 2023 at 3:17 p.m. EDT</div>", "2023-06-05", "byline"),
    ("", "<div>6月5日 09:15</div>", None, ""),
    ("", "<div>Copyright © 2012-2019 柳湖网</div>", None, ""),
    ("", "<div>Founded 1998</div>", None, ""),
)  # fmt: skip
# Dates of the story, of a list beside it, of a notice.
OTHER_DATES = (
    "<p>泵房毁于1997年3月4日的洪水，2001年重建。</p>",
    '<p>泵房毁于<time datetime="1997-03-04">1997年3月4日</time>的洪水，当年有二百户居民搬到东岸，后来再也没有搬回来；'
    "三年以后，水利局在原址上立了一块石碑，碑上刻着水位、人数和那一天的日期，每年春天都有人来献花，也有人来量水位。</p>",
    "<div>版权所有 © 2012-2019 柳湖网</div>",
    '<ul><li><time datetime="2019-01-01">2019年1月1日</time> 旧闻一则</li></ul>',
)


@pytest.fixture(scope="module")
def dates(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str | None, str]]:
    """The date of each page, and the reason, read in one go."""
    folder = tmp_path_factory.mktemp("dated")
    pages = [(head, f"{body}<p>{PROSE}</p>") for head, body, *_ in DATED]
    pages += [("", f"<p>{PROSE}</p>{other}") for other in OTHER_DATES]
    for number, (head, body) in enumerate(pages):
        data = page(f"<h1>柳湖水厂供水</h1>{body}<p>这是第{number}座水厂，{PROSE}</p>", head)
        (folder / f"{number:02}.html").write_bytes(data)
    articles, skipped = read_articles(folder)
    assert skipped == []
    return [(article.published, article.published_from) for article in articles]


@pytest.mark.parametrize("row", range(len(DATED)))
def test_a_page_is_dated_by_what_it_states_above_its_text(
    dates: list[tuple[str | None, str]], row: int
) -> None:
    assert dates[row] == DATED[row][2:]


@pytest.mark.parametrize("row", range(len(OTHER_DATES)))
def test_other_dates_are_not_the_page_s(dates: list[tuple[str | None, str]], row: int) -> None:
    assert dates[len(DATED) + row] == (None, "")


@pytest.mark.parametrize(
    "mark", ['<a href="https://a.example/n1">[1]</a>', '<a href="#n">[注1]</a>', "<sup><a>2</a></sup>"]
)
def test_marks_of_notes_do_not_stand_in_the_text(mark: str) -> None:
    text = read_html(page(f"<h1>柳湖水厂供水</h1><p>{PROSE[:-1]}{mark}。</p><p>{PROSE}</p>")).text
    assert text.split("\n")[-2:] == [PROSE, PROSE]


def test_short_lines_of_a_page_are_not_joined() -> None:
    cells = [
        "".join(f"<td>{value}</td>" for value in row)
        for row in (("北渡", "4.85", "0.92"), ("南渡", "5.30", "1.48"))
    ]
    rows = "".join(f"<tr>{row}</tr>" for row in cells)
    table = f"<table><tr><th>渡口</th><th>轮渡票</th><th>月票价</th></tr>{rows}</table>"
    text = read_html(
        page(
            f"<h1>渡口票价调整一览表公布了</h1><p>2024年11月15日 柳湖轮渡监测组</p><p>{PROSE}</p>{table}<p>{PROSE}</p>"
        )
    ).text
    assert text.split("\n")[-4:-1] == [
        "渡口 · 轮渡票 · 月票价", "北渡 · 轮渡票 4.85 · 月票价 0.92", "南渡 · 轮渡票 5.30 · 月票价 1.48",
    ]  # fmt: skip
    assert "2024年11月15日 柳湖轮渡监测组" in text.split("\n")


def test_the_number_of_a_note_without_a_link_is_no_word() -> None:
    tree = fromstring("<p>渡口加开夜班<sup>[1]</sup>，票价10<sup>8</sup>元。</p>")
    assert visible(tree).text_content() == "渡口加开夜班，票价10^8元。"


SHORT = "鴨寮街舊橋下月一日起拆除，為期八個月。路政署工程師馮紹棠表示，橋墩已有裂縫。"


def test_a_short_chinese_page_is_read_without_what_surrounds_it() -> None:
    around = "<div>关注者 218</div><div>被浏览 40,312</div>"
    page = (
        f"<html><body><header>书桥网 首页 会员</header>{around}<div class='RichContent'><p>{PROSE}</p><p>{SHORT}</p></div>"
        "<div>编辑于 2024-05-16 22:10 · 湖南</div><div>赞同 512 · 38 条评论 · 分享 · 收藏</div></body></html>"
    )
    found = read_html(page.encode(), "utf-8")
    assert (found.text, found.published) == (f"{PROSE}\n{SHORT}", "2024-05-16")


def test_a_page_that_a_script_fills_is_read_from_what_it_states() -> None:
    head = f'<script type="application/ld+json">{{"@type": "NewsArticle", "articleBody": "{PROSE}"}}</script>'
    page = f'<html><head>{head}</head><body><div id="app"></div></body></html>'
    assert read_html(page.encode(), "utf-8").text == PROSE


def test_links_leave_their_words_alone(tmp_path: Path) -> None:
    page = (
        f"<html><body><h1>舊橋下月拆除</h1><p>2003年11月5日　本報記者　鍾立言</p><p>{SHORT}</p><p>工期間<a>巴士</a>改道，"
        '每程多走<a href="m.htm">十二[一说十]分鐘</a>。</p><a href=i.htm>[回主頁]</a> <a href=p.htm>[上一頁]</a></body></html>'
    )
    (tmp_path / "bridge.html").write_text(page, encoding="utf-8")
    (found,), _ = read_articles(tmp_path)
    assert found.text.split("\n") == [
        "本報記者 鍾立言",
        SHORT,
        "工期間巴士改道，每程多走十二[一说十]分鐘。",
    ]
    assert (found.author, found.published) == ("鍾立言", "2003-11-05")


def test_lines_to_other_articles_and_newsletters_are_dropped(tmp_path: Path) -> None:
    page = (
        "<html><body><article><h1>Bakery chain to shut 14 shops</h1><p>Published <time>8 October 2024</time> | Updated"
        " 3 hours ago</p><p>The chain will close 14 of its 63 shops by the end of the year.</p><p>Read more: <a href=x>"
        "Flour prices hit record</a></p><p>Its chief executive blamed rents that rose by a third last year.</p>"
        "<p>Sign up for our <a href=y>business newsletter</a></p><p>It was founded in 1987 and sold in 2019 for £41m."
        "</p></article></body></html>"
    )
    (tmp_path / "bakery.html").write_text(page, encoding="utf-8")
    (found,), _ = read_articles(tmp_path)
    assert found.text.split("\n") == [
        "Bakery chain to shut 14 shops",
        "The chain will close 14 of its 63 shops by the end of the year.",
        "Its chief executive blamed rents that rose by a third last year.",
        "It was founded in 1987 and sold in 2019 for £41m.",
    ]
    assert found.published == "2024-10-08"


def test_a_table_that_lays_out_a_page_keeps_its_paragraphs_apart() -> None:
    menu = "<td><a href=1>News</a><br><a href=2>Letters</a></td>"
    page = (
        "<html><head><title>Town clock repaired</title></head><body><table><tr>"
        f"{menu}<td><h2>Town clock repaired</h2><p>3 March 2005, by Walter Pym</p><p>The clock, which stopped in 1987, runs"
        " again.</p><p>Two watchmakers spent 400 hours on it.</p></td></tr></table></body></html>"
    )
    found = read_html(page.encode(), "utf-8")
    assert found.text.split("\n")[-2:] == [
        "The clock, which stopped in 1987, runs again.",
        "Two watchmakers spent 400 hours on it.",
    ]
    assert "Letters" not in found.text
    assert found.published == "2005-03-03"

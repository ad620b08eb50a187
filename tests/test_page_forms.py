"""Thirty-two forms of news pages, after those of well-known sites: clean title, author, date with its reason, outlet.

The companies and people are invented; what is a site's own (classes, scripts, suffixes) is shaped like the real one.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ragqa.corpus import read_articles
from ragqa.corpus.formats import read_html
from ragqa.types import Article

ZH = "柏岭电缆周一宣布关闭两座旧厂，四百名工人转到新厂上班，工资不变。总经理纪明远说，搬迁在九月底以前完成，花费约三亿元。"
EN = (
    "Harrow Cable said on Monday that it will close two old plants and move four hundred workers to a new one at the"
    " same pay. Its chief, Nora Finch, expects the move to end in September."
)
T = "柏岭电缆关闭两座旧厂"
E = "Harrow Cable closes two old plants"
LD = '<script type="application/ld+json">%s</script>'


@dataclass(frozen=True)
class Form:
    """A page's head and body; ``right`` is (title, author, published, published_from, outlet)."""

    head: str
    body: str
    right: tuple[str, str, str | None, str, str]


def text(words: str) -> str:
    return f"<p>{words}</p><p>{words}</p>"


FORMS = {
    "新华网": Form(
        f'<title>{T}-新华网</title><meta name="source" content="新华网">',
        f'<div class="header"><div class="year">2024</div><h1><span class="title">{T}</span></h1></div>'
        '<div class="info">2024-08-02 09:15:20 来源：新华网</div>'
        f'<div id="detail">{text(ZH)}</div><div class="editor">【责任编辑:孟琪】</div>',
        (T, "", "2024-08-02", "byline", "新华网"),
    ),
    "光明网": Form(
        f"<title>{T}_光明网</title><meta name='author' content='孟琪'>",
        f'<h1 class="u-title">{T}</h1><div class="m-con-info">2024-08-02 10:17 来源：柏岭日报</div>'
        f'<div class="u-mainText">{text(ZH)}<span class="m-infoedit">[ 责编：孟琪 ]</span></div>',
        (T, "", "2024-08-02", "byline", "柏岭日报"),
    ),
    "人民网": Form(
        f'<title>{T}--经济·科技--人民网</title><meta name="publishdate" content="2024-08-02">',
        f'<div class="col"><h1>{T}</h1><div class="author cf">本报记者 闻笙</div>'
        '<div class="channel">2024年08月02日05:47 | 来源：<a href="/">人民网－人民日报</a></div>'
        f'<div class="rm_txt_con">{text(ZH)}</div><div class="edit">(责编：孟琪、何落)</div></div>',
        (T, "闻笙", "2024-08-02", "meta", "人民网－人民日报"),
    ),
    "中国青年网": Form(
        f"<title>{T}_教育频道_中国青年网</title>",
        f'<h1>{T}</h1><p class="info">发稿时间：2024-08-02 10:11:00 来源： 中国青年报 作者：闻笙</p>'
        f'<div class="TRS_Editor">{text(ZH)}</div>',
        (T, "闻笙", "2024-08-02", "byline", "中国青年报"),
    ),
    "中新网": Form(
        f"<title>{T}-中新网</title>",
        f'<div class="content_left"><h1 class="content_left_title">{T}</h1>'
        '<div class="content_left_time">2024年08月02日 11:22　来源：中国新闻网</div>'
        f'<div class="left_zw"><p>中新社柏岭8月2日电 (记者 闻笙)</p>{text(ZH)}</div></div>',
        (T, "闻笙", "2024-08-02", "byline", "中国新闻网"),
    ),
    "央视网": Form(
        f"<title>{T}_新闻频道_央视网(cctv.com)</title><meta property='og:title' content='{T}'>",
        f'<h1>{T}</h1><div class="info1">来源：央视新闻客户端 | 2024年08月02日 08:00:12</div>'
        f'<div class="content_area">{text(ZH)}</div>',
        (T, "", "2024-08-02", "byline", "央视新闻客户端"),
    ),
    "澎湃新闻": Form(
        f'<title>{T}_澎湃号·政务_澎湃新闻-The Paper</title><meta property="og:site_name" content="澎湃新闻">',
        f'<h1 class="index_title__B8mhI">{T}</h1><div>澎湃新闻记者 闻笙</div><div><span>2024-08-02 12:30</span>'
        f'<span>来源：澎湃新闻</span></div><div class="index_cententWrap">{text(ZH)}</div>',
        (T, "闻笙", "2024-08-02", "byline", "澎湃新闻"),
    ),
    "新浪": Form(
        f'<title>{T}|电缆|柏岭_新浪财经_新浪网</title><meta property="og:title" content="{T}">'
        '<meta property="article:published_time" content="2024-08-02T07:05:00+08:00">'
        '<meta property="article:author" content="新浪财经">',
        f'<h1 class="main-title">{T}</h1><div class="date-source"><span class="date">2024年08月02日 07:05</span>'
        f'<a class="source">市场资讯</a></div><div id="artibody">{text(ZH)}</div>',
        (T, "新浪财经", "2024-08-02", "meta", ""),
    ),
    "网易": Form(
        f"<title>{T}|柏岭|电缆_网易订阅</title><meta property='og:title' content='{T}|柏岭|电缆_网易订阅'>"
        '<meta property="article:published_time" content="2024-08-02T07:05:00+08:00">',
        f'<h1 class="post_title">{T}</h1><div class="post_info">2024-08-02 07:05:00　来源: <a>云岸财经</a> 举报</div>'
        f'<div class="post_body">{text(ZH)}</div><div class="post_author">责任编辑：孟琪_NB1</div>',
        (T, "", "2024-08-02", "meta", "云岸财经"),
    ),
    "搜狐": Form(
        f"<title>{T}_柏岭_电缆_工厂</title><meta property='og:title' content='{T}_柏岭_电缆_工厂'>"
        "<meta itemprop='datePublished' content='2024-08-02 16:40'>",
        f'<div class="text-title"><h1>{T}</h1></div><span id="news-time">2024-08-02 16:40</span>'
        f'<article class="article">{text(ZH)}<p>返回搜狐，查看更多</p></article>',
        (T, "", "2024-08-02", "meta", ""),
    ),
    "腾讯新闻": Form(
        f"<title>{T}_腾讯新闻</title><meta name='apub:time' content='8/2/2024, 7:00:00 AM'>",
        f'<h1>{T}</h1><div class="author">云岸财经</div><div class="time">2024-08-02 07:00</div>'
        f'<div class="content-article">{text(ZH)}</div>',
        (T, "", "2024-08-02", "byline", ""),
    ),
    "财新": Form(
        f"<title>{T}_财新网_财新网</title>",
        f'<div id="conTit"><h1>{T}</h1><div class="artInfo">文｜财新 闻笙</div>'
        f'<div class="bd_block">2024年08月02日 17:15</div></div><div id="Main_Content_Val">{text(ZH)}</div>',
        (T, "财新、闻笙", "2024-08-02", "byline", ""),
    ),
    "界面": Form(
        f"<title>{T}|界面新闻</title><meta property='og:title' content='{T}|界面新闻'>",
        f'<div class="article-header"><h1>{T}</h1></div><div class="article-info"><span class="author">闻笙</span>'
        f'<span>2024/08/02 18:20</span></div><div class="article-content"><p>记者 | 闻笙</p>{text(ZH)}</div>',
        (T, "闻笙", "2024-08-02", "byline", ""),
    ),
    "36氪": Form(
        f"<title>{T}-36氪</title><meta property='og:title' content='{T}-36氪'>"
        "<meta property='article:published_time' content='2024-08-02T09:00:00+08:00'>",
        f'<h1 class="article-title">{T}</h1><a class="title-icon-item">云岸财经</a>'
        f'<div class="articleDetailContent"><p>文丨闻笙</p><p>编辑丨孟琪</p>{text(ZH)}</div>',
        (T, "闻笙", "2024-08-02", "meta", ""),
    ),
    "微信公众号": Form(
        f'<title></title><meta property="og:title" content="{T}"><meta property="og:site_name" content="微信公众平台">'
        '<meta name="author" content="闻笙">',
        f'<div id="page-content"><h1 class="rich_media_title" id="activity-name">\n {T}\n</h1>'
        '<div id="meta_content"><span class="rich_media_meta_text">闻笙</span> <span class="rich_media_meta_nickname">'
        '<a id="js_name"> 云岸工业观察 </a></span> <em id="publish_time"></em></div>'
        f'<div class="rich_media_content" id="js_content" style="visibility: hidden; opacity: 0;"><section>{text(ZH)}</section></div>'
        '<div id="js_tags_preview_toast">预览时标签不可点</div></div><div>微信扫一扫<br>关注该公众号</div>'
        '<div>视频 小程序 赞 ，轻点两下取消赞 在看 ，轻点两下取消在看</div>'
        '<script>var nickname = htmlDecode("云岸工业观察"); var ct = "1722556800"; var msg_title = "x";</script>',
        (T, "闻笙", "2024-08-02", "meta", "云岸工业观察"),
    ),
    "微信（旧）": Form(
        "<title></title>",
        '<div id="js_article"><span class="profile_nickname">云岸工业观察</span>'
        f'<div id="js_content"><p>{ZH}</p><p><br></p><p>{ZH}</p></div><a id="js_view_source">阅读原文</a></div>'
        f"<script>var msg_title = '{T}'.html(false); var nickname = '云岸工业观察'; var publish_time = \"2024-08-02\";</script>",
        (T, "", "2024-08-02", "meta", "云岸工业观察"),
    ),
    "政府网站": Form(
        f"<title>{T}_柏岭市人民政府</title><meta name='ArticleTitle' content='{T}'>"
        "<meta name='PubDate' content='2024-08-02 09:00'><meta name='ContentSource' content='柏岭日报'>"
        "<meta name='SiteName' content='柏岭市人民政府'>",
        f'<div class="position">当前位置：首页 &gt; 要闻</div><h2>{T}</h2>'
        f'<div class="info">发布时间：2024-08-02 来源：柏岭日报 浏览次数：120</div><div id="zoom">{text(ZH)}</div>',
        (T, "", "2024-08-02", "meta", "柏岭日报"),
    ),
    "联合早报": Form(
        f"<title>{T} | 联合早报</title><meta property='og:site_name' content='Lianhe Zaobao'>"
        + LD % '{"@type":"NewsArticle","datePublished":"2024-08-02T06:00:00+08:00","author":[{"@type":"Person","name":"闻笙"}]}',
        f"<h1>{T}</h1><article>{text(ZH)}</article>",
        (T, "闻笙", "2024-08-02", "json-ld", "Lianhe Zaobao"),
    ),
    "台湾": Form(
        "<title>柏嶺電纜關閉兩座舊廠 | 財經 | 雲岸社 CNA</title><meta property='og:title' content='柏嶺電纜關閉兩座舊廠 | 財經 | 雲岸社 CNA'>",
        "<h1><span>柏嶺電纜關閉兩座舊廠</span></h1><div class='updatetime'><span>2024/8/2 14:03</span></div>"
        f"<div class='paragraph'><p>（雲岸社記者聞笙柏嶺2日電）{ZH}</p></div>",
        ("柏嶺電纜關閉兩座舊廠", "", "2024-08-02", "byline", ""),
    ),
    "Reuters": Form(
        f"<title>{E} | Reuters</title><meta property='og:title' content='{E}'><meta property='og:site_name' content='Reuters'>"
        "<meta name='article:published_time' content='2024-08-02T10:00:00Z'><meta name='article:author' content='Wren Tull'>",
        f"<h1>{E}</h1><div>By <a>Wren Tull</a></div><time datetime='2024-08-03T01:00:00Z'>August 3, 2024</time>"
        f"<article>{text(EN)}<p>Reporting by Wren Tull; Editing by Max Roe</p></article>",
        (E, "Wren Tull", "2024-08-02", "meta", "Reuters"),
    ),
    "BBC": Form(
        f"<title>{E} - BBC News</title><meta property='og:site_name' content='BBC News'>"
        + LD % f'{{"@type":"ReportageNewsArticle","headline":"{E}","datePublished":"2024-08-02T10:00:00.000Z",'
        '"author":{"@type":"NewsMediaOrganization","name":"BBC News"},"publisher":{"name":"BBC News"}}',
        f"<main><h1>{E}</h1><time datetime='2024-08-02'>2 August 2024</time><article>{text(EN)}</article></main>",
        (E, "", "2024-08-02", "json-ld", "BBC News"),
    ),
    "BBC, a dash of its own": Form(
        f"<title>{E} — BBC News</title>", f"<article>{text(EN)}</article>", (E, "", None, "", "")
    ),
    "New York Times": Form(
        f"<title>Opinion | {E} - The New York Times</title><meta property='og:title' content='Opinion | {E}'>"
        "<meta name='byl' content='By Wren Tull and Ola Berg'><meta property='article:published_time' content='2024-08-02T09:00:03.000Z'>",
        f"<h1>{E}</h1><p class='byline'>By <span>Wren Tull</span> and <span>Ola Berg</span></p>"
        f"<section name='articleBody'>{text(EN)}</section>",
        (E, "Wren Tull, Ola Berg", "2024-08-02", "meta", ""),
    ),
    "Guardian": Form(
        f"<title>{E} | Manufacturing sector | The Guardian</title><meta property='og:title' content='{E}'>"
        "<meta property='og:site_name' content='the Guardian'><meta property='article:author' content='https://www.example.org/profile/wt'>",
        f"<h1>{E}</h1><address><a rel='author'>Wren Tull</a></address><details><summary>Fri 2 Aug 2024 15.01 BST</summary></details>"
        f"<div id='maincontent'>{text(EN)}</div>",
        (E, "", "2024-08-02", "byline", "the Guardian"),
    ),
    "AP": Form(
        f"<title>{E} | AP News</title><meta property='og:title' content='{E}'><meta property='og:site_name' content='AP News'>",
        f"<h1>{E}</h1><div class='Page-byline'>By <a>WREN TULL</a></div><div>Updated 3:17 PM GMT, August 2, 2024</div>"
        f"<div class='RichTextStoryBody'>{text(EN)}</div>",
        (E, "WREN TULL", "2024-08-02", "byline", "AP News"),
    ),
    "CNN": Form(
        f"<title>{E} | CNN Business</title><meta property='og:title' content='{E} | CNN Business'><meta property='og:site_name' content='CNN'>"
        + LD % '[{"@type":"NewsArticle","datePublished":"2024-08-02T12:00:00.000Z","author":[{"name":"Wren Tull"},{"name":"Ola Berg"}]}]',
        f"<h1>{E}</h1><div class='byline__names'>By <span>Wren Tull</span>, CNN</div><div class='article__content'>{text(EN)}</div>",
        (E, "Wren Tull", "2024-08-02", "json-ld", "CNN"),
    ),
    "TechCrunch": Form(
        f"<title>{E} | TechCrunch</title><meta property='og:title' content='{E} | TechCrunch'><meta property='og:site_name' content='TechCrunch'>"
        "<meta property='article:published_time' content='2024-08-02T16:00:00+00:00'><meta name='author' content='Wren Tull'>",
        f"<h1>{E}</h1><div><a>Wren Tull</a></div><time datetime='2024-08-02'>9:00 AM PDT · August 2, 2024</time>"
        f"<div class='entry-content'>{text(EN)}</div>",
        (E, "Wren Tull", "2024-08-02", "meta", "TechCrunch"),
    ),
    "NPR": Form(
        f"<title>{E} : NPR</title><meta property='og:title' content='{E}'><meta name='date' content='2024-08-02'>",
        f"<div class='storytitle'><h1>{E}</h1></div><p class='byline__name'>Wren Tull</p><div id='storytext'>{text(EN)}</div>",
        (E, "", "2024-08-02", "meta", ""),
    ),
    "Wikipedia": Form(
        "<title>Harrow Cable - Wikipedia</title><meta property='og:title' content='Harrow Cable - Wikipedia'>"
        + LD % '{"@type":"Article","author":{"@type":"Organization","name":"Contributors to Wikimedia projects"},'
        '"publisher":{"name":"Wikimedia Foundation, Inc."},"datePublished":"2009-03-04T00:00:00Z"}',
        f"<h1 id='firstHeading'>Harrow Cable</h1><div class='mw-parser-output'>{text(EN)}<p>It was founded in 1998.</p></div>",
        ("Harrow Cable", "Contributors to Wikimedia projects", "2009-03-04", "json-ld", "Wikimedia Foundation, Inc."),
    ),
    "WordPress": Form(
        f"<title>{E} &#8211; Wren&#8217;s Works</title><meta property='og:site_name' content='Wren’s Works'>",
        f"<article><header><h1 class='entry-title'>{E}</h1><span class='posted-on'><time class='entry-date published' "
        "datetime='2024-08-02T10:00:00+00:00'>August 2, 2024</time></span> <span class='byline'>by Wren Tull</span></header>"
        f"<div class='entry-content'>{text(EN)}</div></article><aside><time datetime='2021-01-01'>2021</time></aside>",
        (E, "Wren Tull", "2024-08-02", "byline", "Wren’s Works"),
    ),
    "a window title of two characters": Form(
        "<title>快讯</title>",
        f"<article><h1>快讯：{T}</h1>{text(ZH)}</article>",
        (f"快讯：{T}", "", None, "", ""),
    ),
    "a bare page with a logo": Form(
        f"<title>{E} - Harrow Echo</title><link rel='canonical' href='https://www.harrow-echo.example/a'>",
        f"<header><h1>Harrow Echo</h1></header><h2>{E}</h2><p>By Wren Tull, Staff Writer</p><p>Aug. 2, 2024</p><div>{text(EN)}</div>"
        "<footer>Copyright 1998-2019 Harrow Echo. Founded 1998.</footer>",
        (E, "Wren Tull", "2024-08-02", "byline", "https://www.harrow-echo.example/a"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Article]:
    """The article of each form, by its name."""
    folder = tmp_path_factory.mktemp("forms")
    for number, form in enumerate(FORMS.values()):
        page = f'<!DOCTYPE html><html><head><meta charset="utf-8">{form.head}</head><body>{form.body}</body></html>'
        # A text that is there already would be skipped.
        page = page.replace("四百名", f"{number + 200}名").replace("four hundred", str(number + 200))
        (folder / f"{number:02}.html").write_text(page, encoding="utf-8")
    found, skipped = read_articles(folder)
    assert skipped == []
    return dict(zip(FORMS, found, strict=True))


@pytest.mark.parametrize("name", FORMS)
def test_a_page_s_title_author_date_and_outlet_are_read(articles: dict[str, Article], name: str) -> None:
    found = articles[name]
    outlet = "" if found.source == found.id else found.source
    facts = (found.title, found.author, found.published, found.published_from, outlet)
    assert facts == FORMS[name].right


def test_a_table_in_a_figure_is_read_with_its_caption() -> None:
    figure = "<figure><table><tr><th>厂</th><th>电缆</th><th>工人</th></tr><tr><td>东厂</td><td>31</td><td>9</td></tr></table>"
    page = (
        f"<h1>{T}</h1><article>{text(ZH)}{figure}<figcaption>表一：各厂去年</figcaption></figure></article>"
    )
    lines = read_html(page.encode(), "utf-8").text.split("\n")
    assert lines[-3:] == ["厂 · 电缆 · 工人", "东厂 · 电缆 31 · 工人 9", "表一：各厂去年"]


def test_without_a_heading_the_line_that_the_window_title_begins_with_is_the_title() -> None:
    page = f"<title>{T}--柏岭视窗</title><body><font size=5>{T}</font>{text(ZH)}"
    assert read_html(page.encode(), "utf-8").title == T


def test_a_cell_that_lays_out_a_page_keeps_its_paragraphs() -> None:
    first, second = (
        "云岸的渡船周五起夜里也开，最后一班十一点，票价两元。",
        "船长说，去年夜里过江的人比前年多两成，码头常常排队。",
    )
    cell = f"<table><tr><td><b>云岸渡船夜里也开</b></td></tr><tr><td>　　{first}<br><br>　　{second}</td></tr></table>"
    page = (
        f"<title>云岸渡船夜里也开</title><table><tr><td><a href=1>专题</a></td><td>{cell}</td></tr></table>"
    )
    assert read_html(page.encode(), "utf-8").text.split("\n")[-2:] == [first, second]
    assert "专题" not in read_html(page.encode(), "utf-8").text

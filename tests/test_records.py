"""Files of several articles, and books, messages and subtitles: what is read of them, and what is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ragqa.corpus import read_articles
from ragqa.types import Article, Skipped

CSV = (
    "编号,标题,日期,作者,正文,网址\n"
    '7,"渡口加开夜班",2024-03-05,闻笙,"渡口周五起加开夜班，最后一班十一点开。\n票价不变，仍是两元。",https://a.example/7\n'
    "8,空行,2024-03-06,闻笙,,\n"
    "9,码头修灯,2024-02-30,,码头的三盏灯周二修好了。,\n"
)
RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>渡口日报</title>
<item><title>渡口加开夜班 &amp; 减价</title><link>https://a.example/1</link><guid>n-1</guid><dc:creator>闻笙</dc:creator>
<pubDate>Tue, 05 Mar 2024 23:30:00 +0800</pubDate><description>短。</description>
<content:encoded><![CDATA[<p>渡口周五起加开夜班。</p><p>票价<b>两元</b>。</p><table><tr><th>班次</th><th>时刻</th></tr><tr><td>末班</td><td>23:00</td></tr></table><script>x()</script>]]></content:encoded></item>
<item><author>desk@a.example (Ola Berg)</author><title>Only a summary</title><link>https://a.example/2</link><description>The ferry runs at night, too.</description></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Pier notes</title><entry><title>Pier lamps</title>
<id>urn:x:1</id><updated>2024-03-06T09:00:00Z</updated><author><name>Ola Berg</name></author>
<link href="https://b.example/1"/><content type="html">&lt;p&gt;The three lamps of the pier work again.&lt;/p&gt;</content></entry></feed>"""
SRT = """1
00:00:01,000 --> 00:00:03,000
<i>The ferry now runs</i>

2
00:00:03,100 --> 00:00:05,000
until eleven at night.

3
00:00:12,000 --> 00:00:14,000
The fare stays at two dollars.
"""
VTT = "WEBVTT\n\nNOTE written by hand\n\n00:01.000 --> 00:03.000 align:start\n大家好，\n\nNOTE 校对过\n\n00:03.000 --> 00:05.000\n渡口加开了 A&amp;B 夜班。\n"
MHTML = (
    "From: <Saved by Blink>\nSnapshot-Content-Location: https://c.example/ferry\nSubject: x\nMIME-Version: 1.0\n"
    'Content-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\nContent-Type: text/html; charset=utf-8\n'
    "Content-Transfer-Encoding: quoted-printable\nContent-Location: https://c.example/ferry\n\n"
    "<html><head><title>The ferry runs at night</title></head><body><article><h1>The ferry runs at night</h1><p>By Ola Berg<=\n"
    "/p><p>The ferry now runs until eleven at night, said its captain, and the fare stays at two dollars =E2=80=93 for now."
    "</p></article></body></html>\n--b\nContent-Type: image/png\n\nx\n--b--\n"
)


def epub(chapters: int = 2, filler: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("META-INF/container.xml", '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
                      '<rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>')  # fmt: skip
        manifest = "".join(
            f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(chapters)
        )
        spine = "".join(f'<itemref idref="c{n}"/>' for n in reversed(range(chapters)))
        book.writestr("OPS/book.opf", '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
                      "<metadata><dc:title>渡口志</dc:title><dc:creator>闻笙</dc:creator><dc:creator>纪明远</dc:creator><dc:creator xmlns:o='urn:opf' o:role='trl'>Ola Berg</dc:creator>"
                      f"<dc:date>2019-05</dc:date><dc:language>zh-CN</dc:language></metadata><manifest>{manifest}</manifest>"
                      f"<spine>{spine}</spine></package>")  # fmt: skip
        for n in range(chapters):
            book.writestr(f"OPS/c{n}.xhtml", '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
                          f"<head><title>x</title></head><body><h2>第{n}章</h2><p>渡口在第{n}年修了栈桥。</p><table><tr><th>桩</th><th>长</th></tr><tr><td>{n}</td><td>9米</td></tr></table></body></html>")  # fmt: skip
        if filler:
            book.writestr("OPS/filler.bin", b"\0" * filler)
    return buffer.getvalue()


def read(tmp_path: Path, name: str, data: str | bytes) -> tuple[list[Article], list[Skipped]]:
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_articles(tmp_path)


def test_each_row_of_a_table_with_a_text_is_an_article(tmp_path: Path) -> None:
    (night, lamps), skipped = read(tmp_path, "news.csv", CSV)
    assert (night.id, night.title, night.author, night.source) == (
        "news.csv#7",
        "渡口加开夜班",
        "闻笙",
        "https://a.example/7",
    )
    assert night.text == "author: 闻笙\n渡口周五起加开夜班，最后一班十一点开。\n票价不变，仍是两元。"
    assert (night.published, night.published_from) == ("2024-03-05", "field")
    assert (lamps.id, lamps.published, lamps.published_from) == ("news.csv#9", None, "")
    assert skipped == [Skipped("news.csv#8", "empty")]


def test_a_row_without_an_id_has_its_number(tmp_path: Path) -> None:
    articles, _ = read(
        tmp_path, "news.tsv", "title\ttext\nFerry\tThe ferry runs at night.\nPier\tThe pier has lamps.\n"
    )
    assert [article.id for article in articles] == ["news.tsv#1", "news.tsv#2"]


def test_the_items_of_a_feed_are_articles(tmp_path: Path) -> None:
    (night, summary), skipped = read(tmp_path, "feed.xml", RSS)
    assert (night.id, night.title, night.author) == ("feed.xml#n-1", "渡口加开夜班 & 减价", "闻笙")
    assert (night.published, night.published_from, night.source) == (
        "2024-03-05",
        "field",
        "https://a.example/1",
    )
    assert night.text == "author: 闻笙\n渡口周五起加开夜班。\n票价两元。\n班次 · 时刻\n末班 · 时刻 23:00"
    assert (summary.text, summary.published, skipped) == (
        "author: Ola Berg\nThe ferry runs at night, too.",
        None,
        [],
    )


def test_an_atom_feed_is_read_as_well(tmp_path: Path) -> None:
    (article,), _ = read(tmp_path, "pier.atom", ATOM)
    assert (article.id, article.author, article.published) == ("pier.atom#urn:x:1", "Ola Berg", "2024-03-06")
    assert article.text == "author: Ola Berg\nThe three lamps of the pier work again."


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("a.srt", SRT, "The ferry now runs until eleven at night.\nThe fare stays at two dollars."),
        ("a.vtt", VTT, "大家好，渡口加开了 A&B 夜班。"),
    ],
)
def test_subtitles_are_paragraphs_without_times(tmp_path: Path, name: str, data: str, text: str) -> None:
    (article,), _ = read(tmp_path, name, data)
    assert article.text == text


def test_a_page_saved_as_one_file_is_read_with_its_address(tmp_path: Path) -> None:
    (article,), _ = read(tmp_path, "saved.mhtml", MHTML)
    assert (article.title, article.author, article.source) == (
        "The ferry runs at night", "Ola Berg", "https://c.example/ferry",
    )  # fmt: skip
    assert "two dollars – for now." in article.text


def test_an_e_book_is_read_in_the_order_of_its_spine(tmp_path: Path) -> None:
    (book,), _ = read(tmp_path, "book.epub", epub())
    assert (book.title, book.author, book.published, book.language) == (
        "渡口志",
        "闻笙、纪明远",
        "2019-05",
        "zh",
    )
    assert book.text == "author: 闻笙、纪明远\n" + "\n".join(
        f"第{n}章\n渡口在第{n}年修了栈桥。\n桩 · 长\n{n} · 长 9米" for n in (1, 0)
    )


LAUGHS = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.csv", "公司,营收\n甲,1\n", "no column holds texts: name it text, content or 正文"),
        ("a.xml", "<note><to>you</to></note>", "not an RSS or Atom feed"),
        ("a.rss", "<rss><channel><title>x</title></channel></rss>", "a feed without an item"),
        ("a.srt", "no times at all", "no subtitle in it"),
        ("a.mhtml", "From: x\n\nno page", "no HTML page in it"),
        ("a.epub", b"PK", "damaged, or not what its name says (BadZipFile)"),
        ("a.epub", epub(filler=210 * 2**20), "unpacks to too much data"),
        ("a.rss", LAUGHS + "]><rss><channel><item><title>&j;</title></item></channel></rss>", ""),
    ],
)  # fmt: skip
def test_what_holds_no_article_is_named_with_the_reason(
    tmp_path: Path, name: str, data: str | bytes, reason: str
) -> None:
    articles, skipped = read(tmp_path, name, data)
    assert sum(len(article.text) for article in articles) < 1000
    if reason:
        assert [(entry.file, entry.reason[: len(reason)]) for entry in skipped] == [(name, reason)]


SPOKEN = """1
00:00:01,000 --> 00:00:03,000
- The ferry runs at night.
- Since when?

2
00:00:03,100 --> 00:00:05,000
– Since Friday,
and until eleven.

3
00:00:05,100 --> 00:00:07,000
>> It was -5 degrees.

4
00:00:07,100 --> 00:00:08,000
-5 is cold.
"""
VOICES = (
    "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ola Berg>The ferry runs at night.</v>\n\n"
    "00:03.000 --> 00:05.000\n—票价不变？\n—仍是两元。\n"
)


def test_each_speaker_of_subtitles_has_a_paragraph_without_dash(tmp_path: Path) -> None:
    ((article,), _) = read(tmp_path, "talk.srt", SPOKEN)
    assert article.text.split("\n") == [
        "The ferry runs at night.",
        "Since when?",
        "Since Friday, and until eleven.",
        "It was -5 degrees. -5 is cold.",
    ]


def test_the_name_of_a_voice_stands_before_what_it_says(tmp_path: Path) -> None:
    ((article,), _) = read(tmp_path, "talk.vtt", VOICES)
    assert article.text.split("\n") == ["Ola Berg: The ferry runs at night.", "票价不变？", "仍是两元。"]


def test_a_list_in_json_is_an_article_an_item(tmp_path: Path) -> None:
    (found,), (left,) = read(
        tmp_path,
        "dump.json",
        '{"status": "ok", "articles": [{"source": {"id": null, "name": "Pier Times"}, "author": "Ola Berg", "title":'
        ' "Lamps work", "publishedAt": "2024-03-06T09:00:00Z", "content": "The three lamps of the pier work again."},'
        ' {"title": "Nothing in it"}]}',
    )
    assert (found.id, found.title, found.source, found.author, found.published) == (
        "dump.json#1",
        "Lamps work",
        "Pier Times",
        "Ola Berg",
        "2024-03-06",
    )
    assert found.text.endswith("The three lamps of the pier work again.")
    assert left == Skipped("dump.json#2", "empty")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ('[{"a": 1}]', "no list of articles with a text in it: name it text, content or 正文"),
        ('{"version": 3,', "not JSON: Expecting property name enclosed in double quotes in line 1"),
        ("[" * 200_000, "damaged, or not what its name says (RecursionError)"),
        ("7", "no list of articles with a text in it: name it text, content or 正文"),
    ],
)
def test_json_that_holds_no_article_is_told(tmp_path: Path, words: str, reason: str) -> None:
    assert read(tmp_path, "x.json", words) == ([], [Skipped("x.json", reason)])


def test_a_line_without_an_id_is_known_by_its_address(tmp_path: Path) -> None:
    (found,), (left,) = read(
        tmp_path,
        "crawl.jsonl",
        '{"title": "渡口加开夜班", "maintext": "渡口周五起加开夜班。", "date_publish": "2024-03-05 10:00:00",'
        ' "authors": ["闻笙"], "url": "https://a.example/7", "source_domain": "a.example"}\n'
        '{"title": "渡口减价", "maintext": "票价减为一元。"}\n',
    )
    assert (found.id, found.source, found.published, found.author) == (
        "https://a.example/7",
        "https://a.example/7",
        "2024-03-05",
        "闻笙",
    )
    assert left == Skipped("crawl.jsonl:2", "no _id")


def test_rolling_captions_are_said_once(tmp_path: Path) -> None:
    (found,), _ = read(
        tmp_path,
        "talk.vtt",
        "WEBVTT\n\n00:00.080 --> 00:02.550\n \nthe<00:00.320><c> ferry</c>\n\n00:02.550 --> 00:02.560\nthe ferry\n \n\n"
        "00:02.560 --> 00:05.110\nthe ferry\nruns<00:02.800><c> at</c><00:03.000><c> night</c>\n\n"
        "00:05.110 --> 00:05.120\nruns at night\n \n\n00:05.120 --> 00:07.910\nruns at night\nfrom<00:05.400><c> friday</c>\n",
    )
    assert found.text == "the ferry runs at night from friday"

"""Bytes to text: encodings, Markdown, wrapped lines, HTML, PDF, DOCX. All texts were written here."""

from __future__ import annotations

import codecs
import io
import random
import re
import sys
import zipfile
from pathlib import Path

import pytest

from ragqa.corpus import file_text, formats
from ragqa.corpus.articles import decode, read_articles
from ragqa.corpus.records import read_all
from ragqa.corpus.wrapping import unwrap
from ragqa.types import Article

ZH = "沿海三座灯塔将在今年秋天重新点亮，修缮由当地的志愿者完成。\n工程队先清洗玻璃，然后换上了省电的灯泡。"
TRADITIONAL = "沿海三座燈塔將在今年秋天重新點亮，修繕由當地的志願者完成。\n工程隊先清洗玻璃，然後換上了燈泡。"
EN = "Three old lighthouses will shine again this autumn.\nVolunteers cleaned the glass first."


def only(path: Path) -> Article:
    """The article of a corpus that holds one and skips nothing."""
    (article,), skipped = read_articles(path)
    assert not skipped
    return article


def reasons(path: Path) -> dict[str, str]:
    return {skip.file: skip.reason for skip in read_articles(path)[1]}


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- encodings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (ZH.encode(), ZH),
        (codecs.BOM_UTF8 + ZH.encode(), ZH),
        (ZH.encode("utf-16"), ZH),
        (codecs.BOM_UTF16_BE + ZH.encode("utf-16-be"), ZH),
        (ZH.encode("utf-32"), ZH),
        (ZH.encode("gb18030"), ZH),
        (ZH.encode("gbk"), ZH),
        (TRADITIONAL.encode("big5"), TRADITIONAL),
        (EN.encode(), EN),
        (b"", ""),
    ],
)
def test_bytes_are_decoded_as_what_they_are(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize(
    "data",
    [
        "Un café déjà vu, très français, à côté de l'hôtel où naît l'été.".encode("latin-1"),
        "A naïve reading of the report on lighthouses along the coast.".encode("latin-1"),
        "“Lighthouses” – said the keeper’s daughter – are quiet…".encode("cp1252"),
        "これは灯台についての短い文章です。とても静かな夜でした。".encode("shift_jis"),
        "Маяк снова зажгли осенью этого года.".encode("koi8-r"),
        ZH.encode("utf-16-le"),
        ZH.encode("utf-16")[:-1],
        b"\xff\xfe\xfd",
        b"%PDF-1.4 plain",
        bytes(range(1, 32)) * 4,
        random.Random(7).randbytes(4000).replace(b"\0", b"x"),
        ZH.encode() + b"\xff\xfe" + ZH.encode(),
    ],
)
def test_bytes_of_another_kind_are_refused_and_never_turned_into_other_words(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        decode(data)


def test_a_page_is_decoded_as_it_declares_unless_it_is_plainly_something_else() -> None:
    assert decode("café".encode("latin-1"), "ISO-8859-1") == "café"
    assert decode("灯塔".encode("gbk"), "gb2312") == "灯塔"
    assert decode("灯塔".encode(), "gbk") == "灯塔"
    with pytest.raises(ValueError, match="unknown encoding"):
        decode("café".encode("latin-1"), "unicode_escape")


# --- Markdown -------------------------------------------------------------------------------------


def test_front_matter_gives_title_date_source_and_language(tmp_path: Path) -> None:
    front = "---\ntitle: 老灯塔\ndate: 2024-05-02\nsource: https://a.example/1\nlanguage: en\n---\n\n"
    article = only(write(tmp_path, "a.md", front + ZH))
    assert (article.title, article.published, article.source) == (
        "老灯塔",
        "2024-05-02",
        "https://a.example/1",
    )
    assert (article.language, article.text) == ("en", ZH)


@pytest.mark.parametrize(
    "block",
    [
        "title: [a",
        "!!int ''",
        "- a\n- b",
        "date: 2024-13-45",
        "x: " + "[" * 900,
        "a: &a [*a]",
        "? {[]: 1}\n: 2",
    ],
)
def test_front_matter_that_cannot_be_read_does_not_lose_the_file(tmp_path: Path, block: str) -> None:
    assert ZH in only(write(tmp_path, "a.md", f"---\n{block}\n---\n{ZH}")).text


def test_marks_of_a_note_taker_are_no_words() -> None:
    note = b"> [!note] Correction\n> The cost was ==nine million==, not x == y == z.\n"
    assert formats.read_markdown(note).text.split("\n")[:2] == [
        "Correction",
        "The cost was nine million, not x == y == z.",
    ]


def test_markdown_becomes_plain_lines(tmp_path: Path) -> None:
    source = """# The lighthouse

## A **bright** idea ##

> Volunteers *cleaned* the `glass` of [three towers](https://a.example/x_(1) "towers") first.

![a tower](https://a.example/photo.png)
[![badge](https://a.example/b.svg)](https://b.example/)

- They wrote C# and snake_case_names, and 2 * 3 * 4.
* __Then__ came ~~oil~~ power.
1. Numbers stay.

---
<!-- not for
readers -->
```python
x = a*b*c
```
[1]: https://c.example/
"""
    article = only(write(tmp_path, "a.md", source))
    assert article.text.split("\n") == [
        "The lighthouse",
        "A bright idea",
        "Volunteers cleaned the glass of three towers first.",
        "They wrote C# and snake_case_names, and 2 * 3 * 4.",
        "Then came oil power.",
        "1. Numbers stay.",
        "x = a*b*c",
    ]
    assert article.title == "The lighthouse"
    assert article.links == ("https://a.example/x_(1)", "https://b.example/", "https://c.example/")


# --- wrapped lines --------------------------------------------------------------------------------


def test_lines_wrapped_at_a_fixed_width_are_joined() -> None:
    paragraph = " ".join(f"The keeper of tower {n} kept a long diary of the weather." for n in range(9))
    lines, line = [], ""
    for word in paragraph.split():
        if len(line) + 1 + len(word) > 66:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    wrapped = "\n".join([*lines, line])
    assert unwrap(f"{wrapped}\n\n{wrapped}") == f"{paragraph}\n\n{paragraph}"


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["床前明月光，疑是地上霜。", "举头望明月，低头思故乡。"] * 6),
        "\n".join(f"{n} lamps and {'many ' * (n % 7)}ropes are on the list of the keeper" for n in range(20)),
        ZH,
        "https://a.example/x",
        "",
    ],
)
def test_verse_and_lists_and_paragraphs_are_not_joined(text: str) -> None:
    assert unwrap(text) == text


# --- HTML, PDF, DOCX ------------------------------------------------------------------------------

PAGE = f"""<html><head><meta charset="gbk"><title>老灯塔 - 山海晨报</title>
<meta property="og:title" content="老灯塔"><meta property="og:site_name" content="山海晨报">
<meta property="article:published_time" content="2024-03-05T08:00:00Z">
<link rel="canonical" href="https://news.example/a/1"></head>
<body><nav><a href="/">首页</a> <a href="/n">新闻</a></nav><article><h1>老灯塔</h1>
<p>{ZH}</p>
<p>港务局在<a href="https://port.example/r">一份报告</a>里说，夜里进港的渔船可以少绕十二海里，也更安全。</p>
<p>守塔人的孙女参加了启用仪式，她说这束光全镇的人等了二十年，旧仓库明年还会改成一间小小的博物馆。</p>
<p>志愿者们接下来要去更北边的海岛，那里还有两座塔的楼梯已经朽坏，材料只能在退潮的时候用小船运过去。</p>
</article><footer>版权所有 山海晨报</footer></body></html>"""


@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_a_web_page_gives_its_article_and_its_facts(tmp_path: Path, encoding: str) -> None:
    pytest.importorskip("trafilatura", exc_type=ImportError)
    article = only(write(tmp_path, "a.html", PAGE.encode(encoding)))
    assert (article.title, article.published) == ("老灯塔", "2024-03-05")
    assert (article.source, article.links) == ("https://news.example/a/1", ("https://port.example/r",))
    assert "少绕十二海里" in article.text
    assert "首页" not in article.text
    assert "版权所有" not in article.text


@pytest.mark.parametrize(
    ("suffix", "extra", "module"),
    [
        (".html", "html", "trafilatura"),
        (".pdf", "pdf", "pypdfium2"),
        (".docx", "docx", "mammoth"),
        (".xlsx", "xlsx", "openpyxl"),
    ],
)
def test_a_missing_library_is_named_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, suffix: str, extra: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=re.escape(f'needs {module}: pip install "ragqa[{extra}]"')):
        read_all(suffix, PAGE.encode())


def _pdf(*lines: str) -> bytes:
    shown = " ".join(f"({line}) Tj T*" for line in lines)
    stream = f"BT /F1 12 Tf 14 TL 40 700 Td {shown} ET"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    trailer = f"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return out + f"xref\n0 6\n0000000000 65535 f \n{table}{trailer}".encode()


def test_a_pdf_gives_its_text(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    lines = (
        "Old lighthouses shine again",
        "Three of them will shine this autumn.",
        "The glass was cleaned first.",
    )
    article = only(write(tmp_path, "a.pdf", _pdf(*lines)))
    assert article.text.split("\n") == list(lines)
    assert article.title == lines[0]


def test_a_pdf_without_text_is_skipped_with_the_remedy(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2")
    write(tmp_path, "scan.pdf", _pdf())
    assert "OCR" in reasons(tmp_path)["scan.pdf"]


def _docx(*paragraphs: str) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>'
        )
    return packed.getvalue()


def test_a_word_file_gives_its_paragraphs(tmp_path: Path) -> None:
    pytest.importorskip("mammoth")
    article = only(write(tmp_path, "a.docx", _docx("老灯塔重新点亮", *ZH.split("\n"))))
    assert article.text == f"老灯塔重新点亮\n{ZH}"
    assert article.title == "老灯塔重新点亮"


def test_a_word_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mammoth")
    monkeypatch.setattr(file_text, "MAX_BYTES", 10_000)
    with pytest.raises(ValueError, match="unpacks to too much data"):
        formats.read_docx(_docx("0" * 10**6))


def test_html_and_pandoc_s_attributes_in_markdown_are_no_words() -> None:
    note = (
        "# The works {#works .big}\n\n::: {.note}\nIt\\'s 10<sup>8</sup> <u>tons</u>.<br>The last closed.\n:::\n\n"
        "![Fire](f.jpg){width=50%}\n\n```\n<b>code</b>\n```\n\n| a | b |\n|---|---|\n| one<br>two | {x} |\n"
    )
    lines = [line for line in formats.read_markdown(note.encode()).text.split("\n") if line]
    assert lines == [
        "The works",
        "It's 10^8 tons.",
        "The last closed.",
        "<b>code</b>",
        "a · b",
        "one two · b {x}",
    ]


def test_a_text_that_is_quoted_as_a_whole_is_read_without_the_marks() -> None:
    assert formats.read_text(b"> The lamps\n> work.\n>\n> All three.\n").text.split() == (
        "The lamps work. All three.".split()
    )
    assert formats.read_text(b"He wrote:\n> The lamps work.\n").text.endswith("> The lamps work.\n")


def test_rows_that_tabs_part_are_a_table() -> None:
    rows = "各站的灯\n站\t2022年\t2023年\n北站\t3\t4\n南站\t5\t6\n"
    lines = [line for line in formats.read_text(rows.encode()).text.split("\n") if line]
    assert lines == [
        "各站的灯",
        "站 · 2022年 · 2023年",
        "北站 · 2022年 3 · 2023年 4",
        "南站 · 2022年 5 · 2023年 6",
    ]
    two = "北站\t3\t4\n南站\t5\t6\n"
    assert formats.read_text(two.encode()).text == two
    verse = "\t\tThe lamps\n\t\twork\n\t\tagain\n"
    assert "·" not in formats.read_text(verse.encode()).text

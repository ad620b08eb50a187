"""Files to articles: formats, encodings, what is skipped and why. All texts were written for the tests."""

from __future__ import annotations

import codecs
import io
import json
import os
import random
import sys
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragqa import corpus, formats
from ragqa.corpus import SUFFIXES, decode, read_articles
from ragqa.decoding import unwrap
from ragqa.errors import CorpusError
from ragqa.records import Article, Skipped

ZH = "沿海三座灯塔将在今年秋天重新点亮，修缮工程由当地的志愿者完成。\n工程队先清洗了玻璃，然后换上了省电的灯泡。"
TRADITIONAL = "沿海三座燈塔將在今年秋天重新點亮，修繕工程由當地的志願者完成。\n工程隊先清洗了玻璃，然後換上了省電的燈泡。"
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


# --- folders and files -----------------------------------------------------------------------


def test_a_folder_is_read_with_its_subfolders_in_order(tmp_path: Path) -> None:
    write(tmp_path, "b.txt", ZH)
    write(tmp_path, "a/later.md", EN)
    write(tmp_path, ".hidden.txt", "隐藏的文件。")
    write(tmp_path, ".git/note.txt", "隐藏的文件夹。")
    articles, skipped = read_articles(tmp_path)
    assert [(a.id, a.language) for a in articles] == [("a/later.md", "en"), ("b.txt", "zh")]
    assert not skipped


def test_a_file_given_by_itself_is_called_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path, "sub/灯塔 一.text", ZH)
    article = only(path)
    assert (article.id, article.source, article.text) == ("灯塔 一.text", "灯塔 一.text", ZH)


def test_a_missing_corpus_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"nowhere.*--corpus"):
        read_articles(tmp_path / "nowhere")


def test_every_file_that_is_not_read_is_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "MAX_BYTES", 2000)
    write(tmp_path, "photo.png", b"\x89PNG")
    write(tmp_path, "LICENSE", "text")
    write(tmp_path, "empty.txt", " \n\u200b\n")
    write(tmp_path, "binary.txt", b"PK\x03\x04\x00\x00")
    write(tmp_path, "long.txt", "字" * 1000)
    write(tmp_path, "scan.pdf", b"%PDF-1.7 not really")
    write(tmp_path, "letter.docx", b"not a zip")
    found = reasons(tmp_path)
    assert found["photo.png"] == "not a format that is read: .png"
    assert found["LICENSE"] == "not a format that is read: no suffix"
    assert (found["empty.txt"], found["binary.txt"]) == ("empty", "binary")
    assert found["long.txt"].startswith("larger than")
    assert set(found) - {"photo.png", "LICENSE", "empty.txt", "binary.txt", "long.txt"} == {
        "scan.pdf",
        "letter.docx",
    }
    assert all(found.values())


def test_the_same_text_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "a.txt", ZH)
    write(tmp_path, "b.txt", "  " + ZH.replace("\n", "\r\n\r\n"))
    articles, skipped = read_articles(tmp_path)
    assert [a.id for a in articles] == ["a.txt"]
    assert skipped == [Skipped("b.txt", "same text as a.txt")]


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes as Unix has them")
def test_links_that_leave_the_folder_and_pipes_are_not_read(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside/secret.txt", "外面的秘密。")
    inside = tmp_path / "corpus"
    real = write(inside, "real.txt", ZH)
    (inside / "leaves.txt").symlink_to(outside)
    (inside / "stays.txt").symlink_to(real)
    (inside / "loop.txt").symlink_to(inside / "loop.txt")
    (inside / "folder").symlink_to(outside.parent)
    os.mkfifo(inside / "pipe.txt")
    articles, skipped = read_articles(inside)
    assert [a.id for a in articles] == ["real.txt"]
    found = {skip.file: skip.reason for skip in skipped}
    assert set(found) == {"leaves.txt", "stays.txt", "loop.txt", "folder", "pipe.txt"}
    assert found["leaves.txt"] == "a link that leaves the folder"
    assert found["stays.txt"] == "same text as real.txt"
    assert found["pipe.txt"] == "not a regular file"


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not text exist on Linux only")
def test_names_that_cannot_be_shown_are_refused_and_written_out(tmp_path: Path) -> None:
    for name in (b"bad\xff.txt", b"two\nlines.txt"):
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as handle:
            handle.write(ZH.encode())
    articles, skipped = read_articles(tmp_path)
    assert not articles
    assert sorted(skip.file for skip in skipped) == ["bad\\udcff.txt", "two\\nlines.txt"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_skipped(tmp_path: Path) -> None:
    write(tmp_path, "locked.txt", ZH).chmod(0)
    assert reasons(tmp_path) == {"locked.txt": "Permission denied"}


def test_a_file_that_vanishes_while_the_folder_is_read_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = write(tmp_path, "a.txt", ZH)
    write(tmp_path, "b.txt", EN)
    walk = os.walk

    def vanishing(*args: object, **kwargs: object) -> object:
        entries = list(walk(*args, **kwargs))  # type: ignore[call-overload]
        gone.unlink()
        return entries

    monkeypatch.setattr(os, "walk", vanishing)
    articles, skipped = read_articles(tmp_path)
    assert [a.id for a in articles] == ["b.txt"]
    assert [skip.file for skip in skipped] == ["a.txt"]


# --- encodings -------------------------------------------------------------------------------


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


# --- Markdown --------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    "piece", ["[", "[a](", "*", "*a", "_a", "`a", "<!--", "#", "---\n", "[a]: ", "![", "> ", "\n"]
)
def test_hostile_markdown_takes_no_longer_than_other_markdown(piece: str) -> None:
    begun = time.perf_counter()
    formats.read_markdown((piece * 50_000).encode())
    assert time.perf_counter() - begun < 2


# --- wrapped lines ---------------------------------------------------------------------------


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


# --- HTML, PDF, DOCX -------------------------------------------------------------------------

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
    ("name", "extra", "module"),
    [("a.html", "html", "trafilatura"), ("a.pdf", "pdf", "pypdf"), ("a.docx", "docx", "mammoth")],
)
def test_a_missing_library_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, extra: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    write(tmp_path, name, PAGE)
    assert reasons(tmp_path) == {name: f'needs {module}: pip install "ragqa[{extra}]"'}


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
    pytest.importorskip("pypdf")
    lines = (
        "Old lighthouses shine again",
        "Three of them will shine this autumn.",
        "The glass was cleaned first.",
    )
    article = only(write(tmp_path, "a.pdf", _pdf(*lines)))
    assert article.text.split("\n") == list(lines)
    assert article.title == lines[0]


def test_a_pdf_without_text_is_skipped_with_the_remedy(tmp_path: Path) -> None:
    pytest.importorskip("pypdf")
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


def test_a_word_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mammoth")
    monkeypatch.setattr(formats, "MAX_BYTES", 10_000)
    write(tmp_path, "bomb.docx", _docx("0" * 10**6))
    assert reasons(tmp_path) == {"bomb.docx": "unpacks to too much data"}


# --- collections -----------------------------------------------------------------------------


def collection(folder: Path, *records: object) -> Path:
    lines = (record if isinstance(record, bytes) else json.dumps(record).encode() for record in records)
    return write(folder, "c.jsonl", b"\n".join(lines))


def test_a_collection_gives_one_article_a_line(tmp_path: Path) -> None:
    path = collection(
        tmp_path,
        {
            "_id": "d1",
            "title": "Old towers",
            "text": EN,
            "url": "https://a.example/1",
            "published": "2024-05",
        },
        {"id": 7, "text": ZH, "date": "2 May 2024", "lang": "zh-CN", "metadata": {}},
        {"_id": "d3", "title": "Only a title", "text": ""},
    )
    articles, skipped = read_articles(path)
    assert not skipped
    assert [(a.id, a.title, a.source) for a in articles] == [
        ("d1", "Old towers", "https://a.example/1"),
        ("7", ZH[: ZH.index("。")], "c.jsonl:2"),
        ("d3", "Only a title", "c.jsonl:3"),
    ]
    assert [(a.published, a.language) for a in articles] == [
        ("2024-05", "en"),
        ("2024-05-02", "zh"),
        (None, "en"),
    ]
    assert [a.text for a in articles] == [EN, ZH, "Only a title"]


def test_the_text_of_a_collection_is_not_taken_for_a_page(tmp_path: Path) -> None:
    text = "图片\n参考链接\nhttps://a.example/\n© 2024"
    assert only(collection(tmp_path, {"_id": "d1", "text": text})).text == text


def test_a_bad_line_is_named_by_its_number_and_the_rest_is_read(tmp_path: Path) -> None:
    path = collection(
        tmp_path,
        codecs.BOM_UTF8 + b'{"_id": "a", "text": "One."}',
        b"{oops",
        b"[" * 100_000,
        b'{"_id": "b", "text": ' + b"9" * 5000 + b"}",
        b'{"_id": "b", "text": NaN}',
        b'{"_id": "b", "text": "\xff"}',
        ["_id", "b"],
        {"text": "no id"},
        {"_id": True, "text": "no id"},
        {"_id": "b"},
        {"_id": "b", "text": ""},
        {"_id": "a\nb", "text": "x"},
        b"",
        {"_id": "a", "text": "Another."},
        {"_id": "z", "text": "Last \ud800\u202e one.", "title": 3, "published": [], "url": {}},
    )
    articles, skipped = read_articles(path)
    assert [(a.id, a.text) for a in articles] == [("a", "One."), ("z", "Last one.")]
    assert [skip.file for skip in skipped] == [f"c.jsonl:{n}" for n in (*range(2, 13), 14)]
    assert skipped[-1].reason == "same id as c.jsonl:1"
    assert all(skip.reason for skip in skipped)


def test_a_line_that_is_too_long_is_skipped_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "MAX_BYTES", 100)
    long = {"_id": "long", "text": "x" * 350}
    articles, skipped = read_articles(collection(tmp_path, long, {"_id": "a", "text": "One."}, long))
    assert [a.id for a in articles] == ["a"]
    assert [skip.file for skip in skipped] == ["c.jsonl:1", "c.jsonl:3"]


# --- properties ------------------------------------------------------------------------------

_NAMES = st.sampled_from([f"{n}{suffix}" for n in "ab" for suffix in sorted(SUFFIXES - {".jsonl"})])
_CONTENTS = (
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.text(max_size=200).map(lambda text: f"---\n{text}\n---\n{text}".encode("utf-8", "replace"))
    | st.sampled_from([_pdf("Light."), _docx("Light."), PAGE.encode()]).flatmap(
        lambda data: st.integers(0, len(data)).map(lambda cut: data[:cut] + b"\xff" + data[cut + 1 :])
    )
)


@given(files=st.dictionaries(_NAMES, _CONTENTS, max_size=4))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_file_is_an_article_or_is_skipped(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    for name, content in files.items():
        write(folder, name, content)
    articles, skipped = read_articles(folder)
    assert sorted([*(a.id for a in articles), *(skip.file for skip in skipped)]) == sorted(files)
    for article in articles:
        assert article.text
        json.dumps([article.id, article.title, article.text, article.source], ensure_ascii=False).encode(
            "utf-8"
        )


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.lists(st.text(), max_size=2)
)
_FIELDS = st.sampled_from(
    ["_id", "id", "title", "text", "url", "source", "published", "date", "language", "lang"]
)


@given(records=st.lists(st.dictionaries(_FIELDS, _VALUES) | _VALUES, max_size=8))
@settings(max_examples=200, deadline=None)
def test_every_line_is_an_article_or_is_skipped(
    records: list[object], tmp_path_factory: pytest.TempPathFactory
) -> None:
    articles, skipped = read_articles(collection(tmp_path_factory.mktemp("corpus"), *records))
    assert len(articles) + len(skipped) == len(records)
    assert len({article.id for article in articles}) == len(articles)

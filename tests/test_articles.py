"""Files to articles: formats, encodings, what is skipped and why. All texts were written for the tests."""

from __future__ import annotations

import codecs
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragqa.corpus import articles as reading
from ragqa.corpus.articles import SUFFIXES, read_articles
from ragqa.corpus.records import read_all
from ragqa.corpus.sandbox import Confined
from ragqa.errors import CorpusError
from ragqa.types import Article, Skipped

ZH = "沿海三座灯塔将在今年秋天重新点亮，修缮由当地的志愿者完成。\n工程队先清洗玻璃，然后换上了省电的灯泡。"
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
    monkeypatch.setattr(reading, "MAX_BYTES", 2000)
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
    realpath = os.path.realpath

    def vanishing(path: str) -> str:
        if str(path).endswith("a.txt"):
            gone.unlink()
        return realpath(path)

    monkeypatch.setattr(os.path, "realpath", vanishing)
    articles, skipped = read_articles(tmp_path)
    assert [a.id for a in articles] == ["b.txt"]
    assert [skip.file for skip in skipped] == ["a.txt"]


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


@pytest.mark.parametrize(
    ("text", "date"), [("content", "publishedAt"), ("body", "publish_date"), ("text", "pubDate")]
)
def test_a_collection_may_call_text_and_date_as_exports_do(tmp_path: Path, text: str, date: str) -> None:
    article = only(
        collection(tmp_path, {"id": "d1", text: EN, date: "2024-05-02T08:00:00Z", "author": "Ola Berg"})
    )
    assert (article.text, article.published, article.published_from) == (
        f"author: Ola Berg\n{EN}",
        "2024-05-02",
        "field",
    )
    assert article.author == "Ola Berg"


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


# --- properties ------------------------------------------------------------------------------

_NAMES = st.sampled_from([f"{n}{suffix}" for n in "ab" for suffix in sorted(SUFFIXES - {".jsonl"})])
_CONTENTS = (
    st.binary(max_size=300)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.text(max_size=200).map(lambda text: f"---\n{text}\n---\n{text}".encode("utf-8", "replace"))
    | st.sampled_from(
        [b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj", b"<html><p>Light.</p></html>", b"PK\x05\x06"]
    ).flatmap(lambda data: st.integers(0, len(data)).map(lambda cut: data[:cut] + b"\xff" + data[cut + 1 :]))
)


@given(files=st.dictionaries(_NAMES, _CONTENTS, max_size=4))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_file_is_an_article_or_is_skipped(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    for name, content in files.items():
        write(folder, name, content)
    with pytest.MonkeyPatch.context() as patch:
        # A process for each of the hundreds of folders would take minutes.
        patch.setattr(Confined, "read", lambda self, suffix, data: read_all(suffix, data))
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


def test_a_page_whose_head_alone_names_the_author_is_the_same_text_as_its_plain_copy(tmp_path: Path) -> None:
    told = "The ferry to Wexcombe runs until eleven at night from Monday, its captain said. The fare stays at two pounds."
    (tmp_path / "a.txt").write_text(told, encoding="utf-8")
    (tmp_path / "b.html").write_text(
        f'<html><head><title>Ferry</title><meta name="author" content="Ola Berg"></head><body><article><p>{told}</p>'
        "</article></body></html>",
        encoding="utf-8",
    )
    (tmp_path / "c.md").write_text(f"---\nauthor: Ola Berg\n---\n{told}", encoding="utf-8")
    (tmp_path / "d.txt").write_text(f"By Ola Berg\n{told}", encoding="utf-8")
    (tmp_path / "e.txt").write_text(f"{told} A ticket machine comes in May.", encoding="utf-8")
    articles, skipped = read_articles(tmp_path)
    assert [article.id for article in articles] == ["a.txt", "e.txt"]
    assert skipped == [Skipped(f"{name}", "same text as a.txt") for name in ("b.html", "c.md", "d.txt")]


def test_an_article_whose_author_its_head_names_keeps_the_line_above_its_text(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nauthor: Ola Berg\n---\nThe ferry runs at night.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("The ferry runs at night.", encoding="utf-8")
    ((article,), _) = read_articles(tmp_path)
    assert article.text == "author: Ola Berg\nThe ferry runs at night."

"""PDFs in the layouts of reports and newspapers: whole paragraphs in reading order, nothing of the page's furniture."""

from __future__ import annotations

import pytest

pytest.importorskip("pypdfium2")
pytest.importorskip("reportlab")
from support import layouts
from support.layouts import ARCHIVE, LAYOUTS, PHOTOS, READERS, ZH, Page

from ragqa.corpus.formats import FileText, read


def text_of(data: bytes) -> FileText:
    return read(".pdf", data)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_gives_its_paragraphs_in_reading_order(name: str) -> None:
    made = LAYOUTS[name]()
    lines = text_of(made.data).text.split("\n")
    assert lines == list(made.lines)
    assert not [words for words in made.without if words in "\n".join(lines)]


@pytest.mark.parametrize("name", ["interleaved", "two_columns", "report", "book"])
def test_the_title_is_stated_and_in_the_text_or_a_large_line_or_the_running_head(name: str) -> None:
    made = LAYOUTS[name]()
    assert text_of(made.data).title == made.title


def test_a_file_name_as_title_is_none() -> None:
    page = Page(title="Microsoft Word - bericht2.doc")
    page.column(80, 90, 435, ARCHIVE)
    assert text_of(page.data()).title == ""


def test_a_password_is_named_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"^encrypted: open it with its password, print it to a new PDF"):
        text_of(layouts.locked("secret").data)


def test_a_scanned_page_is_named_with_the_remedy() -> None:
    with pytest.raises(ValueError, match="no text layer: a scanned PDF needs OCR first"):
        text_of(layouts.scanned().data)


@pytest.mark.parametrize("cut", [10, 300, 1500])
def test_a_pdf_that_is_cut_off_gives_whole_paragraphs_or_a_reason(cut: int) -> None:
    made = LAYOUTS["chinese"]()
    told = ""
    try:
        told = text_of(made.data[:-cut]).text
    except ValueError as error:
        told = f"no text: {error}"
    assert told == "\n".join(made.lines) or told.startswith(("no text: damaged", "no text: no text layer"))


def test_a_number_below_a_single_page_goes_and_a_number_in_its_text_stays() -> None:
    page = Page()
    page.column(80, 90, 435, ARCHIVE)
    page.line(80, 400, "2024", font=ZH)
    page.line(280, 800, "第 1 页 共 1 页", font=ZH, size=9)
    assert text_of(page.data()).text.split("\n") == [ARCHIVE, "2024"]


def test_columns_of_two_articles_below_each_other_are_not_mixed() -> None:
    page = Page()
    for top, title, words in (
        (70, "档案馆搬进新楼", (ARCHIVE, READERS)),
        (300, "老照片明年上网", (PHOTOS, PHOTOS[::-1])),
    ):
        page.line(70, top, title, font=ZH, size=16)
        for x, column in zip((70, 310), words, strict=True):
            page.column(x, top + 30, 200, column)
    assert text_of(page.data()).text.split("\n") == [
        "档案馆搬进新楼", ARCHIVE, READERS, "老照片明年上网", PHOTOS, PHOTOS[::-1],
    ]  # fmt: skip


def test_verse_and_an_address_keep_their_lines() -> None:
    lines = [
        "The lamp is lit along the quay",
        "and no one comes to see it burn,",
        "the boats will not return.",
        "Harbour Board",
        "14 Breakwater Lane",
    ]
    page = Page()
    for n, line in enumerate(lines):
        page.line(80, 90 + 16 * n + (30 if n > 2 else 0), line, font=layouts.EN)
    page.column(80, 260, 435, layouts.PIER, font=layouts.EN)
    assert text_of(page.data()).text.split("\n") == [*lines, layouts.PIER]

"""Read a Word file: paragraphs, headings and list items one a line, tables as rows, notes below their paragraph."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from ragqa.corpus.file_text import needed, opened_zip
from ragqa.corpus.html import visible
from ragqa.corpus.table_markup import lines_of_table

_NOTE = re.compile(r"#((?:foot|end)note-\d{1,6})")
_NOTES = "//li[starts-with(@id, 'footnote-') or starts-with(@id, 'endnote-')]"
_BACK = ".//a[starts-with(@href, '#footnote-ref-') or starts-with(@href, '#endnote-ref-')]"
_BLOCKS = "//*[self::p or self::table][not(ancestor::table)]"


def docx_text(data: bytes) -> str:
    """The text of a Word file. What its libraries raise for a damaged one goes on."""
    mammoth, html = needed("mammoth", "docx"), needed("lxml.html", "docx")
    opened_zip(data).close()
    without_data = mammoth.images.img_element(lambda _: {})
    # Without its styles headings and list items are paragraphs, a line each: all that is needed of them.
    page = mammoth.convert_to_html(
        io.BytesIO(data), convert_image=without_data, include_default_style_map=False
    ).value
    tree = html.document_fromstring(f"<div>{page}</div>")
    return "\n".join(_lines(tree))


def _lines(tree: Any) -> Iterator[str]:
    """The lines of each block, and below it the notes that it refers to."""
    notes = _notes(tree)
    for line_break in tree.iter("br"):
        line_break.tail = f"\n{line_break.tail or ''}"
    blocks = [(block, _references(block)) for block in tree.xpath(_BLOCKS)]
    visible(tree)  # takes the numbers of the notes out
    for block, references in blocks:
        table = lines_of_table(block) if block.tag == "table" else []
        cells = block.xpath(".//p") if block.tag == "table" else [block]
        yield from table or (line for cell in cells for line in cell.text_content().split("\n"))
        yield from (notes.pop(name) for name in references if name in notes)
    yield from notes.values()


def _references(block: Any) -> list[str]:
    links = (link.get("href") or "" for link in block.iter("a"))
    return [found[1] for link in links if (found := _NOTE.fullmatch(link))]


def _notes(tree: Any) -> dict[str, str]:
    """The words of each footnote and endnote by its name; they are taken out of the text."""
    notes: dict[str, str] = {}
    for item in tree.xpath(_NOTES):
        for back in item.xpath(_BACK):
            back.drop_tree()
        notes[item.get("id")] = " ".join(item.text_content().split())
        item.drop_tree()
    return notes

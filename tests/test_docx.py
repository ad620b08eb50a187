"""Word files: tables with their header, list items, notes below their paragraph; dates only as the text states them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("mammoth")
from ragqa.corpus.articles import read_articles
from ragqa.corpus.formats import read

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PARTS = {
    "word/numbering.xml": f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>'
    '</w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    "</w:numbering>",
    "word/footnotes.xml": f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="2"><w:p><w:r><w:t>北站的钟停在三点。</w:t></w:r></w:p></w:footnote>'
    "</w:footnotes>",
    "docProps/core.xml": '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>模板</dc:title>'
    "<dcterms:created>2011-01-01T00:00:00Z</dcterms:created></cp:coreProperties>",
}


def word(body: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        document = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
        for name, part in {"word/document.xml": document, **PARTS}.items():
            archive.writestr(name, part)
    return packed.getvalue()


def paragraph(words: str, *, properties: str = "", more: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{words}</w:t></w:r>{more}</w:p>"


def item(words: str, level: int = 0) -> str:
    return paragraph(words, properties=f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>')


def table(*rows: str) -> str:
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row.split("|")) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


NOTE = '<w:r><w:footnoteReference w:id="2"/></w:r>'


def test_tables_lists_and_notes_stand_where_they_belong() -> None:
    body = [
        paragraph("各站客流如下，单位：万人。"),
        table("车站|客流量|站长", "北站|31.5|桑榆晚", "西站|8|"),
        paragraph("北站明年大修。", more=NOTE),
        item("换钟"),
        item("先拆旧钟", 1),
        item("修屋顶"),
        paragraph("完。"),
    ]
    assert read(".docx", word("".join(body))).text.split("\n") == [
        "各站客流如下，单位：万人。",
        "车站 · 客流量 · 站长",
        "北站 · 客流量 31.5万人 · 站长 桑榆晚",
        "西站 · 客流量 8万人",
        "北站明年大修。",
        "北站的钟停在三点。",
        "换钟",
        "先拆旧钟",
        "修屋顶",
        "完。",
    ]


def test_a_line_break_inside_a_paragraph_stays_and_a_table_of_paragraphs_is_read_line_by_line() -> None:
    verse = paragraph("风从渡口来", more="<w:r><w:br/><w:t>灯下没有人</w:t></w:r>")
    layout = f"<w:tbl><w:tr><w:tc>{verse}{paragraph('二')}{paragraph('三')}</w:tc></w:tr></w:tbl>"
    assert read(".docx", word(verse + layout)).text.split("\n") == ["风从渡口来", "灯下没有人"] + [
        "风从渡口来",
        "灯下没有人",
        "二",
        "三",
    ]


@pytest.mark.parametrize(
    ("line", "published"),
    [
        ("编制日期：2023年5月9日", "2023-05-09"),
        ("印发日期: 2023-05-09", "2023-05-09"),
        ("建成时间：1998年5月1日", None),
    ],
)
def test_the_date_is_the_one_that_the_text_states_as_its_own(
    tmp_path: Path, line: str, published: str | None
) -> None:
    body = (
        paragraph("北站客流报告")
        + paragraph(line)
        + paragraph("北站去年运送旅客三十一万五千人，比前年多两成。")
    )
    (tmp_path / "a.docx").write_bytes(word(body))
    (article,), _ = read_articles(tmp_path)
    assert (article.title, article.published) == ("北站客流报告", published)


def test_an_article_of_a_database_is_read_with_its_facts(tmp_path: Path) -> None:
    lines = """Ferry to run at night|The Pier Post|March 5, 2024 Tuesday|Copyright 2024 Pier Company|Section: NEWS|Length: 64 words
        |Byline: Ola Berg|Body|The ferry will run until eleven at night.|Load-Date: March 6, 2024|End of Document"""
    (tmp_path / "export.docx").write_bytes(
        word("".join(paragraph(line.strip()) for line in lines.split("|")))
    )
    (found,), _ = read_articles(tmp_path)
    assert (found.title, found.author, found.source, found.published, found.text) == (
        "Ferry to run at night",
        "Ola Berg",
        "The Pier Post",
        "2024-03-05",
        "author: Ola Berg\nThe ferry will run until eleven at night.",
    )

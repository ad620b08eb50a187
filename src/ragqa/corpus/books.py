"""Read e-books and subtitles as one article each.

The .epub is read from its zip: the maintained library for it, ebooklib, has the AGPL, and what is needed is small.
"""

from __future__ import annotations

import html
import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from ragqa.corpus.bylines import author_from
from ragqa.corpus.decoding import decode
from ragqa.corpus.file_text import FileText, needed, opened_zip
from ragqa.corpus.html import lines_of, visible
from ragqa.corpus.metadata import ends_sentence, iso_date
from ragqa.corpus.table_markup import put_tables_into_lines
from ragqa.text import HAN

_MOST_PARTS = 10_000
_CONTAINER = "META-INF/container.xml"
# A pause of so many milliseconds, or so many characters, ends a paragraph of subtitles.
_PAUSE, _LONG = 3000, 400
# Who speaks: a voice tag of .vtt, and the dash or >> that opens a speaker's line.
_VOICE = re.compile(r"<v(?:\.[\w.]{1,60})? ([^<>\n]{1,60})>")
_SPEAKER = re.compile(r"(?:^|\n)\s{0,3}(?:[-–—‐](?!\d)|>{2,3})\s{0,3}(?=\S)")
_CUE_SETTING = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")


def read_epub(data: bytes) -> FileText:
    """Read the chapters of an e-book in their order; title, author, date and language from its package file."""
    etree = needed("lxml.etree", "html")
    with opened_zip(data) as book:
        if len(book.infolist()) > _MOST_PARTS:
            raise ValueError("unpacks to too much data")
        if "META-INF/encryption.xml" in book.namelist() and b"adobe" in book.read("META-INF/encryption.xml"):
            raise ValueError("encrypted")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
        container = etree.fromstring(book.read(_CONTAINER), parser)
        name = next(iter(container.xpath("//*[local-name()='rootfile']/@full-path")), "")
        package = etree.fromstring(book.read(name), parser)
        text = "\n".join(_chapters(book, package, posixpath.dirname(name)))
    if not text.strip():
        raise ValueError("no chapter holds a text")
    return FileText(
        text=text,
        title=next(iter(_said(package, "title")), ""),
        author=author_from(
            _said(package, "creator", "not(@*[local-name()='role']) or @*[local-name()='role']='aut'")
        ),
        published=iso_date(next(iter(_said(package, "date")), "")),
        published_from="field",
        language=next(iter(_said(package, "language")), ""),
    )


def _said(package: Any, name: str, which: str = "true()") -> list[str]:
    path = f"//*[local-name()='metadata']/*[local-name()='{name}'][{which}]/text()"
    return [" ".join(value.split()) for value in package.xpath(path)]


def _chapters(book: zipfile.ZipFile, package: Any, folder: str) -> Iterator[str]:
    parse = needed("lxml.html", "html").document_fromstring
    items = {
        each.get("id"): each for each in package.xpath("//*[local-name()='manifest']/*[local-name()='item']")
    }
    for ref in package.xpath("//*[local-name()='spine']/*[local-name()='itemref']")[:_MOST_PARTS]:
        item = items.get(ref.get("idref"))
        # The table of contents is no chapter.
        if (
            item is None
            or "html" not in (item.get("media-type") or "")
            or "nav" in (item.get("properties") or "").split()
        ):
            continue
        try:
            chapter = book.read(posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or ""))))
        except KeyError:
            continue
        if chapter.strip():
            markup = re.sub(r"^\s{0,20}<\?xml[^>]{0,200}\?>", "", decode(chapter))
            yield from lines_of(put_tables_into_lines(visible(parse(markup or "<p></p>"))))


def read_subtitles(data: bytes) -> FileText:
    """Read subtitles (.srt, .vtt) as paragraphs without times: cues are joined until a sentence or the talk pauses."""
    pysubs2 = needed("pysubs2", "subtitles")
    # pysubs2 would take a note for a line of the cue above it.
    blocks = re.split(r"\n[ \t]{0,20}\n", decode(data).replace("\r\n", "\n"))
    text = "\n\n".join(
        block for block in blocks if not block.lstrip().startswith(("NOTE", "STYLE", "REGION"))
    )
    text = _VOICE.sub(r"\1: ", text)
    cues = pysubs2.SSAFile.from_string(text, format_="vtt" if text.lstrip().startswith("WEBVTT") else "srt")
    paragraphs: list[str] = []
    end = 0
    before: list[str] = []
    for cue in sorted(cues, key=lambda each: each.start):
        lines = [line.strip() for line in html.unescape(_CUE_SETTING.sub("", cue.plaintext)).split("\n")]
        lines = [line for line in lines if line]
        # Rolling captions begin with the last lines of the cue before.
        rolled = next((n for n in range(len(lines), 0, -1) if lines[:n] == before[-n:]), 0)
        said, before = "\n".join(lines[rolled:]), lines
        opens = bool(_SPEAKER.match(said))
        for number, part in enumerate(filter(str.strip, _SPEAKER.split(said))):
            words = " ".join(part.split())
            if paragraphs and paragraphs[-1].endswith(words):
                continue  # rolling captions repeat a line
            _add(paragraphs, words, apart=opens or number > 0 or cue.start - end > _PAUSE)
        end = cue.end
    if not paragraphs:
        raise ValueError("no subtitle in it")
    return FileText("\n".join(paragraphs))


def _add(paragraphs: list[str], words: str, *, apart: bool) -> None:
    """Add what is said to the last paragraph, or as a new one after a pause, a speaker's dash or a long paragraph."""
    last = paragraphs[-1] if paragraphs else ""
    if apart or not last or len(last) > _LONG or (ends_sentence(last) and len(last) > _LONG / 4):
        paragraphs.append(words)
    else:
        closed = HAN.match(words) and not last[-1].isalnum()
        paragraphs[-1] = f"{last}{'' if closed else ' '}{words}"

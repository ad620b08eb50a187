"""Read files of several articles: rows, lists in JSON, items of a feed; an ``id`` names each inside its file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ragqa.corpus.bylines import author_from
from ragqa.corpus.decoding import decode
from ragqa.corpus.fields import named, place_named, worded
from ragqa.corpus.file_text import MAX_BYTES, FileText, needed
from ragqa.corpus.formats import damage_told, read
from ragqa.corpus.html import plain
from ragqa.corpus.metadata import iso_date
from ragqa.corpus.xlsx import visible_sheets, xlsx_records, xlsx_text

_MAIL_AND_NAME = re.compile(r"\s*\S{1,200}@\S{1,200}\s{1,9}\(([^()]{1,200})\)\s*")
_FEED = re.compile(rb"<(?:rss|feed|rdf:RDF|channel)[\s>]", re.IGNORECASE)


def read_table(data: bytes) -> list[FileText]:
    """Read the rows of a .csv or .tsv file that has a column of texts: each is an article.

    The column is called text, content, body, 正文 or 内容; others have the names of ``ragqa.corpus.fields``.
    """
    text = decode(data)
    csv.field_size_limit(MAX_BYTES)
    head = text[:4096].lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max("\t,;|", key=head.count)
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), delimiter=delimiter)
    try:
        columns = [name.strip() for name in next(rows, [])]
        if "text" not in named(dict.fromkeys(columns, "x")):
            raise ValueError("no column holds texts: name it text, content or 正文 in the first line")
        return [_row(dict(zip(columns, row, strict=False)), number) for number, row in enumerate(rows, 1)]
    except csv.Error as error:
        raise ValueError(f"not a table: {error}") from error


def read_json(data: bytes) -> list[FileText]:
    """Read a list of articles, or an object that is one or holds one such list; fields as in a table."""
    try:
        found = json.loads(decode(data))
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} in line {error.lineno}") from error
    inner = [value for value in found.values() if isinstance(value, list)] if isinstance(found, dict) else []
    for rows in ([found], found, *inner):
        known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        if any("text" in named(row) for row in known):
            return [_row(row, number) for number, row in enumerate(known, 1)]
    raise ValueError("no list of articles with a text in it: name it text, content or 正文")


def read_workbook(data: bytes) -> list[FileText]:
    """Read a workbook: an article a row where its columns are a title and a text, else its tables as one article."""
    sheets = visible_sheets(data)
    rows = [_row(row, number) for number, row in enumerate(xlsx_records(sheets), 1)]
    return rows or [FileText(xlsx_text(sheets))]


def _row(fields: Mapping[str, object], number: int) -> FileText:
    facts = named(fields)
    return FileText(
        text=worded(facts.get("text")),
        title=worded(facts.get("title")),
        published=iso_date(facts.get("published")),
        published_from="field",
        source=place_named(facts.get("source")),
        language=str(facts.get("language", "")),
        author=author_from(facts.get("author")),
        id=str(facts.get("id") or number),
    )


def read_feed(data: bytes) -> list[FileText]:
    """Read the items of an RSS or Atom feed. Raises ValueError where it is none, or has no item with a text."""
    if not _FEED.search(data[:4096]):
        raise ValueError("not an RSS or Atom feed")
    # As a stream: bytes alone would be tried as the name of a file.
    feed = needed("feedparser", "feed").parse(
        io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False
    )
    items = [_item(entry, number) for number, entry in enumerate(feed.entries, 1)]
    if not any(item.text for item in items):
        raise ValueError("a feed without an item")
    return items


def _item(entry: Mapping[str, Any], number: int) -> FileText:
    link = str(entry.get("link", ""))
    words = max((each.get("value", "") for each in _bodies(entry)), key=len)
    when = entry.get("published") or entry.get("updated") or ""
    parsed = entry.get("published_parsed") or entry.get("updated_parsed")
    # feedparser turns every date into UTC; the day is the one that the feed wrote, where that can be read.
    published = iso_date(when) or (parsed and f"{parsed[0]:04}-{parsed[1]:02}-{parsed[2]:02}")
    title = plain(str(entry.get("title", ""))).replace("\n", " ")
    return FileText(
        text=plain(words) or title,
        title=title,
        published=published or None,
        published_from="field",
        source=link,
        author=_author(entry),
        id=str(entry.get("id") or link or number),
    )


def _author(entry: Mapping[str, Any]) -> str:
    """The authors of an item; RSS writes "mail@example.org (Name)", which feedparser takes apart wrongly at times."""
    stated = str(entry.get("author", ""))
    if "@" in stated:
        named = _MAIL_AND_NAME.fullmatch(stated)
        return author_from(named[1]) if named else ""
    return author_from([each.get("name") for each in entry.get("authors", [])] or stated)


def _bodies(entry: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [*entry.get("content", []), {"value": entry.get("summary", "")}]


RECORDS: Mapping[str, Callable[[bytes], list[FileText]]] = {
    ".csv": read_table,
    ".tsv": read_table,
    ".json": read_json,
    ".xlsx": read_workbook,
    ".rss": read_feed,
    ".atom": read_feed,
    ".xml": read_feed,
}


def read_all(suffix: str, data: bytes) -> list[FileText]:
    """The articles of a file by its suffix, one where the format holds one. Raises ValueError with the reason."""
    if suffix not in RECORDS:
        return [read(suffix, data)]
    with damage_told():
        return RECORDS[suffix](data)

"""Read a corpus: each file becomes an article or is listed with the reason why not.

Nothing outside the folder is read: links that lead out of it, pipes and devices are refused, and
what was opened is looked at once more before it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from ragqa.corpus.bylines import author_from, author_of_text, credited, uncredited
from ragqa.corpus.cleaning import clean, tidy
from ragqa.corpus.decoding import decode
from ragqa.corpus.fields import named, place_named, worded
from ragqa.corpus.file_text import MAX_BYTES, FileText
from ragqa.corpus.files import is_plain, listed, open_regular, shown
from ragqa.corpus.formats import READERS
from ragqa.corpus.metadata import iso_date, links_in, shortened, title_of
from ragqa.corpus.records import RECORDS, read_all
from ragqa.corpus.sandbox import SUFFIXES as CONFINED
from ragqa.corpus.sandbox import Confined
from ragqa.errors import CorpusError
from ragqa.text import language_code
from ragqa.types import Article, Skipped

__all__ = ["SUFFIXES", "decode", "read_articles"]

# Files that hold an article a line, a row or an item; a workbook may be either.
COLLECTIONS: frozenset[str] = frozenset({*RECORDS, ".jsonl"} - {".xlsx"})
SUFFIXES: frozenset[str] = frozenset({*READERS, *RECORDS, ".jsonl"})
# Bad lines of a collection that are named one by one: a file that is none has millions.
_NAMED = 1000
_LONGEST_ID, _LONGEST_SOURCE = 500, 2000


def read_articles(path: Path) -> tuple[list[Article], list[Skipped]]:
    """Read every article below a folder, or those of one file.

    Ids are unique: a later entry with the id of an earlier one is skipped, and so is a file whose
    text another file already gave. Raises CorpusError when there is nothing at ``path``.
    """
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where the path is too long or closed
        raise CorpusError(f"there is no corpus at {path}: create it, or name another one with --corpus")
    collected = _Collected()
    with Confined() as confined:
        found = _walk(path, confined) if path.is_dir() else _read_file(path.resolve(), path.name, confined)
        for entry in found:
            collected.put(entry)
    return collected.articles, collected.skipped


@dataclass(frozen=True, slots=True)
class _Found:
    """An article, the place it was read from, and whether it has a file to itself."""

    article: Article
    place: str
    alone: bool


_Entry = _Found | Skipped


@dataclass(slots=True)
class _Collected:
    """The entries read so far; rejects duplicates."""

    articles: list[Article] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    _ids: dict[str, str] = field(default_factory=dict)
    _texts: dict[bytes, str] = field(default_factory=dict)

    def put(self, entry: _Entry) -> None:
        """Add an entry, or record why not."""
        if isinstance(entry, Skipped):
            self.skipped.append(entry)
        elif reason := self._refusal(entry):
            self.skipped.append(Skipped(entry.place, reason))
        else:
            self._ids[entry.article.id] = entry.place
            self.articles.append(entry.article)

    def _refusal(self, found: _Found) -> str:
        article = found.article
        if not article.text:
            return "empty"
        if article.id in self._ids:
            return f"same id as {self._ids[article.id]}"
        if not found.alone:
            # Lines of a collection are judged by their ids: two of them may well say the same.
            return ""
        # An author whom one copy names and the other does not makes no second article.
        plain = "".join(uncredited(article.text, article.author).split()).casefold()
        first = self._texts.setdefault(hashlib.sha256(plain.encode()).digest(), found.place)
        return "" if first == found.place else f"same text as {first}"


# --- folders ---------------------------------------------------------------------------------


def _walk(root: Path, confined: Confined) -> Iterator[_Entry]:
    """The entries of all files below ``root``, sorted by path; hidden ones are passed over."""
    files, refused = listed(root)
    yield from refused
    home = Path(os.path.realpath(root))
    for name in sorted(files):
        yield from _read_below(home, name, confined)


def _read_below(home: Path, name: str, confined: Confined) -> Iterator[_Entry]:
    suffix = Path(name).suffix.lower()
    if not is_plain(name):
        yield Skipped(shown(name), "the name holds characters that cannot be shown")
        return
    if suffix not in SUFFIXES:
        yield Skipped(name, f"not a format that is read: {suffix or 'no suffix'}")
        return
    try:
        # Before realpath, which follows without end what the system gives up on.
        (home / name).stat()
        real = Path(os.path.realpath(home / name))
    except OSError as error:
        yield Skipped(name, error.strerror or "cannot be read")
        return
    if not real.is_relative_to(home):
        yield Skipped(name, "a link that leaves the folder")
    else:
        yield from _read_file(real, name, confined)


# --- files -----------------------------------------------------------------------------------


def _read_file(path: Path, name: str, confined: Confined) -> Iterator[_Entry]:
    """The entries of one file, which is called ``name`` in the corpus."""
    if not is_plain(name):
        yield Skipped(shown(name), "the name holds characters that cannot be shown")
        return
    suffix = Path(name).suffix.lower()
    try:
        with open_regular(path) as handle:
            if suffix == ".jsonl":
                yield from _read_lines(handle, name)
            else:
                yield from _read_whole(handle, name, suffix, confined)
    except OSError as error:
        yield Skipped(name, error.strerror or "cannot be read")
    except MemoryError:
        yield Skipped(name, "needs more memory than there is")
    except ValueError as error:
        yield Skipped(name, _line(str(error))[:200])


def _read_whole(handle: IO[bytes], name: str, suffix: str, confined: Confined) -> Iterator[_Entry]:
    large = os.fstat(handle.fileno()).st_size > MAX_BYTES
    # One more than may be: the file can grow while it is read.
    data = b"" if large else handle.read(MAX_BYTES + 1)
    if large or len(data) > MAX_BYTES:
        yield Skipped(name, f"larger than {MAX_BYTES // 2**20} MB")
        return
    drafts = (confined.read if suffix in CONFINED else read_all)(suffix, data)
    if drafts and not drafts[0].id:
        yield _Found(_article(drafts[0], name), name, alone=True)
        yield from (
            Skipped(f"{name}#{_line(part)}", "an attachment: save it as a file of its own")
            for part in drafts[0].left_out
        )
        return
    for draft in drafts:
        place = f"{name}#{_line(draft.id)[:_LONGEST_ID]}"
        if is_plain(place):
            yield _Found(replace(_article(draft, name), id=place), place, alone=False)
        else:
            yield Skipped(shown(place), "the id holds characters that cannot be shown")


def _article(draft: FileText, name: str) -> Article:
    cleaned = clean(draft.text)
    return Article(
        id=name,
        title=shortened(_line(draft.title), 200) or cleaned.title,
        text=credited(cleaned.text, draft.author),
        source=_line(draft.source) or _line(draft.outlet) or cleaned.source or name,
        published=draft.published or cleaned.published,
        language=language_code(cleaned.text, draft.language),
        links=tuple(dict.fromkeys([*draft.links, *cleaned.links])),
        author=draft.author or cleaned.author,
        published_from=draft.published_from if draft.published else cleaned.published_from,
    )


def _line(given: str) -> str:
    return " ".join(tidy(given).split())


# --- collections: one article a line ---------------------------------------------------------


def _read_lines(handle: IO[bytes], name: str) -> Iterator[_Entry]:
    head = handle.read(4096)
    if 10 * head.count(0) > len(head):
        raise ValueError("binary, or UTF-16: save the file as UTF-8")
    handle.seek(0)
    bad = 0
    for number, line in enumerate(_bounded_lines(handle), 1):
        if line is not None and not line.strip():
            continue
        place = f"{name}:{number}"
        large = Skipped(place, f"line larger than {MAX_BYTES // 2**20} MB")
        entry = large if line is None else _read_line(line, place)
        bad += isinstance(entry, Skipped)
        if bad <= _NAMED or isinstance(entry, _Found):
            yield entry
    if bad > _NAMED:
        yield Skipped(name, f"{bad - _NAMED} more lines that cannot be read")


def _bounded_lines(handle: IO[bytes]) -> Iterator[bytes | None]:
    """The lines of a file, None in place of one that is too long to hold."""
    while line := handle.readline(MAX_BYTES + 1):
        if len(line) <= MAX_BYTES:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = handle.readline(MAX_BYTES)
        yield None


def _read_line(line: bytes, place: str) -> _Entry:
    try:
        fields = json.loads(line.decode("utf-8-sig"))
        if not isinstance(fields, dict):
            raise ValueError("not a JSON object")
        return _Found(_record(fields, place), place, alone=False)
    except json.JSONDecodeError as error:
        return Skipped(place, f"not JSON: {error.msg} at column {error.colno}")
    except UnicodeDecodeError:
        return Skipped(place, "not UTF-8")
    except ValueError as error:
        return Skipped(place, str(error))
    except RecursionError:
        return Skipped(place, "not JSON: nested too deeply")


def _record(fields: Mapping[str, Any], place: str) -> Article:
    """An article from BEIR's corpus form; the text is the author's already and only tidied."""
    facts = named(fields)
    where = _line(place_named(facts.get("source")))[:_LONGEST_SOURCE]
    # A scraper's records have no id as a rule; the address tells them apart.
    identity = facts.get("id") or (where if where.startswith(("http://", "https://")) else None)
    if isinstance(identity, bool) or not isinstance(identity, str | int) or not str(identity).strip():
        raise ValueError("no _id")
    name = str(identity).strip()
    if not is_plain(name):
        raise ValueError("the _id holds characters that cannot be shown")
    if len(name) > _LONGEST_ID:
        raise ValueError(f"the _id is longer than {_LONGEST_ID} characters")
    words = facts.get("text")
    if not isinstance(words, str):
        raise ValueError("no text")
    title = _line(worded(facts.get("title")))
    text = tidy(words) or title
    published = iso_date(facts.get("published"))
    author = author_from(facts.get("author"))
    return Article(
        id=name,
        title=shortened(title, 200) or title_of(text),
        text=credited(text, author),
        source=where or place,
        published=published,
        language=language_code(text, worded(facts.get("language"))),
        links=links_in(text),
        author=author or author_of_text(text),
        published_from="field" if published else "",
    )

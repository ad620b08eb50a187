"""Files to articles. Whatever lies in a folder, each entry is an article or is named with a reason.

Nothing outside the folder is read: links that lead out of it, pipes and devices are refused, and
what was opened is looked at once more before it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ragqa.cleaning import clean, tidy
from ragqa.decoding import decode
from ragqa.errors import CorpusError
from ragqa.facts import iso_date, links_in, shortened, title_of
from ragqa.formats import MAX_BYTES, READERS, Draft, read_text
from ragqa.records import Article, Language, Skipped
from ragqa.text import language_of

__all__ = ["SUFFIXES", "decode", "read_articles"]

SUFFIXES: frozenset[str] = frozenset({*READERS, ".jsonl"})


def read_articles(path: Path) -> tuple[list[Article], list[Skipped]]:
    """Read every article below a folder, or those of one file.

    Ids are unique: a later entry with the id of an earlier one is skipped, and so is a file whose
    text another file already gave. Raises CorpusError when there is nothing at ``path``.
    """
    if not path.exists():
        raise CorpusError(f"there is no corpus at {path}: create it, or name another one with --corpus")
    shelf = _Shelf()
    for entry in _walk(path) if path.is_dir() else _read_file(path.resolve(), path.name):
        shelf.put(entry)
    return shelf.articles, shelf.skipped


@dataclass(frozen=True, slots=True)
class _Found:
    """An article, the place it was read from, and whether it has a file to itself."""

    article: Article
    place: str
    alone: bool


_Entry = _Found | Skipped


@dataclass(slots=True)
class _Shelf:
    """What has been read so far; refuses what is there already."""

    articles: list[Article] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    _ids: dict[str, str] = field(default_factory=dict)
    _texts: dict[bytes, str] = field(default_factory=dict)

    def put(self, entry: _Entry) -> None:
        """Take an entry in, or note why not."""
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
        plain = "".join(article.text.split()).casefold()
        first = self._texts.setdefault(hashlib.sha256(plain.encode()).digest(), found.place)
        return "" if first == found.place else f"same text as {first}"


# --- folders ---------------------------------------------------------------------------------


def _walk(root: Path) -> Iterator[_Entry]:
    """The entries of all files below ``root``, sorted by path; hidden ones are passed over."""
    refused: list[Skipped] = []
    files: list[str] = []

    def unreadable(error: OSError) -> None:
        refused.append(Skipped(_shown(str(error.filename)), error.strerror or "cannot be read"))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(folder).relative_to(root)
        linked = [name for name in folders if Path(folder, name).is_symlink()]
        refused += [Skipped(_shown((below / name).as_posix()), "a link to a folder") for name in linked]
        files += [(below / name).as_posix() for name in names if not name.startswith(".")]
    yield from refused
    home = Path(os.path.realpath(root))
    for name in sorted(files):
        yield from _read_below(home, name)


def _read_below(home: Path, name: str) -> Iterator[_Entry]:
    real = Path(os.path.realpath(home / name))
    suffix = Path(name).suffix.lower()
    if not _is_plain(name):
        yield Skipped(_shown(name), "the name holds characters that cannot be shown")
    elif not real.is_relative_to(home):
        yield Skipped(name, "a link that leaves the folder")
    elif suffix not in SUFFIXES:
        yield Skipped(name, f"not a format that is read: {suffix or 'no suffix'}")
    else:
        yield from _read_file(real, name)


def _is_plain(name: str) -> bool:
    return name.replace("\u3000", " ").isprintable()


def _shown(name: str) -> str:
    return "".join(c if _is_plain(c) else c.encode("unicode_escape").decode() for c in name)


# --- files -----------------------------------------------------------------------------------


def _read_file(path: Path, name: str) -> Iterator[_Entry]:
    """The entries of one file, which is called ``name`` in the corpus."""
    if not _is_plain(name):
        yield Skipped(_shown(name), "the name holds characters that cannot be shown")
        return
    suffix = Path(name).suffix.lower()
    try:
        with _open(path) as handle:
            if suffix == ".jsonl":
                yield from _read_lines(handle, name)
            else:
                yield _read_whole(handle, name, suffix)
    except OSError as error:
        yield Skipped(name, error.strerror or "cannot be read")
    except ValueError as error:
        yield Skipped(name, str(error))


def _open(path: Path) -> IO[bytes]:
    """Open a regular file; a pipe does not hang, a link put there meanwhile is not followed."""
    flags = os.O_RDONLY
    for name in ("O_BINARY", "O_NONBLOCK", "O_NOFOLLOW"):
        flags |= getattr(os, name, 0)
    handle = os.fdopen(os.open(path, flags), "rb")
    if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
        handle.close()
        raise ValueError("not a regular file")
    return handle


def _read_whole(handle: IO[bytes], name: str, suffix: str) -> _Entry:
    data = handle.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return Skipped(name, f"larger than {MAX_BYTES // 2**20} MB")
    try:
        draft = READERS.get(suffix, read_text)(data)
    except ValueError as error:
        return Skipped(name, _line(str(error))[:200])
    except Exception as error:
        # A damaged PDF or DOCX makes its library raise nearly anything.
        return Skipped(name, f"damaged, or not what its name says ({type(error).__name__})")
    return _Found(_article(draft, name), name, alone=True)


def _article(draft: Draft, name: str) -> Article:
    cleaned = clean(draft.text)
    return Article(
        id=name,
        title=shortened(_line(draft.title), 200) or cleaned.title,
        text=cleaned.text,
        source=_line(draft.source) or _line(draft.outlet) or cleaned.source or name,
        published=draft.published or cleaned.published,
        language=_language(draft.language, cleaned.text),
        links=tuple(dict.fromkeys([*draft.links, *cleaned.links])),
    )


def _line(given: str) -> str:
    return " ".join(tidy(given).split())


def _language(given: object, text: str) -> Language:
    """The language that is stated when it is one of ours, else the one of the text."""
    stated = given.lower()[:2] if isinstance(given, str) else ""
    if stated == "zh":
        return "zh"
    return "en" if stated == "en" else language_of(text)


# --- collections: one article a line ---------------------------------------------------------


def _read_lines(handle: IO[bytes], name: str) -> Iterator[_Entry]:
    for number, line in enumerate(_bounded_lines(handle), 1):
        place = f"{name}:{number}"
        if line is None:
            yield Skipped(place, f"line larger than {MAX_BYTES // 2**20} MB")
        elif line.strip():
            yield _read_line(line, place)


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
    identity = fields.get("_id", fields.get("id"))
    if isinstance(identity, bool) or not isinstance(identity, str | int) or not str(identity).strip():
        raise ValueError("no _id")
    name = str(identity).strip()
    if not _is_plain(name):
        raise ValueError("the _id holds characters that cannot be shown")
    if not isinstance(fields.get("text"), str):
        raise ValueError("no text")
    title = _line(fields["title"]) if isinstance(fields.get("title"), str) else ""
    text = tidy(fields["text"]) or title
    where = next((fields[key] for key in ("url", "source") if isinstance(fields.get(key), str)), "")
    dates = (iso_date(fields.get(key)) for key in ("published", "date"))
    stated = fields.get("language", fields.get("lang"))
    return Article(
        id=name,
        title=shortened(title, 200) or title_of(text),
        text=text,
        source=_line(where) or place,
        published=next((date for date in dates if date), None),
        language=_language(stated, text),
        links=links_in(text),
    )

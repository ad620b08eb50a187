"""Add files to the corpus folder and remove them, as the page does.

A name that comes from a browser is never a path: what could lead out of the corpus is refused, links
are left alone, and a file with other contents is overwritten only when that is asked for.
"""

from __future__ import annotations

import io
import os
import secrets
import shutil
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ragqa.corpus.articles import COLLECTIONS, SUFFIXES
from ragqa.corpus.file_text import MAX_BYTES
from ragqa.errors import CorpusError, UploadError
from ragqa.types import Article, Skipped

# Files that may wait for the index at one time.
MOST_FILES = 20
MEGABYTES = MAX_BYTES // 2**20
_LONGEST_NAME = 200
# Not allowed in names on every system that a corpus may be copied to.
_ODD = str.maketrans(dict.fromkeys('<>:"|?*', "_"))


@dataclass(frozen=True, slots=True)
class CorpusState:
    """The files of a corpus and what is indexed of them.

    ``files`` can be removed; ``single`` names the corpus where it is one file.
    """

    articles: Sequence[Article] = ()
    skipped: Sequence[Skipped] = ()
    files: frozenset[str] = frozenset()
    single: str = ""

    @property
    def collections(self) -> list[str]:
        """Files that hold several articles."""
        # A workbook is one where its rows are articles.
        held = {article.id.rpartition("#")[0] for article in self.articles}
        return sorted(name for name in self.files if name in held or Path(name).suffix.lower() in COLLECTIONS)

    @property
    def waiting(self) -> int:
        """How many files of one article came after the index was built."""
        known = {article.id for article in self.articles} | {entry.file for entry in self.skipped}
        return len(self.files - known - set(self.collections))


def corpus_state(corpus: Path, articles: Sequence[Article], skipped: Sequence[Skipped]) -> CorpusState:
    """The state of a corpus of which these articles are indexed."""
    if is_single(corpus):
        return CorpusState(articles, skipped, single=str(corpus))
    return CorpusState(articles, skipped, frozenset(_files(corpus)))


def is_single(corpus: Path) -> bool:
    """Whether the corpus is one file, not a folder."""
    return corpus.is_file() or (corpus.suffix.lower() in SUFFIXES and not corpus.exists())


def is_empty(corpus: Path) -> bool:
    """Whether the corpus is a folder without a file that is read."""
    return not is_single(corpus) and next(_files(corpus), None) is None


def add(corpus: Path, given: str, data: bytes, *, replace: bool = False) -> str:
    """Write a file into the corpus; returns its name. Raises UploadError, CorpusError.

    One of the same name with other contents is refused with both sizes, or with ``replace`` replaced.
    """
    _require_folder(corpus)
    name = safe_name(given)
    if len(data) > MAX_BYTES:
        raise UploadError("shelf.large", 413, name=name, n=MEGABYTES)
    try:
        corpus.mkdir(parents=True, exist_ok=True)
        home = Path(os.path.realpath(corpus))
        there = home / name
        if there.is_symlink():
            raise UploadError("shelf.link", 403, name=name)
        if there.is_file() and there.stat().st_size == len(data) and there.read_bytes() == data:
            return name
        write(home, name, io.BytesIO(data), replace=replace)
    except FileExistsError as error:
        sizes = {"n": there.stat().st_size, "m": len(data)}
        raise UploadError("shelf.exists", 409, name=name, **sizes) from error
    except OSError as error:
        raise CorpusError(f"{name} could not be written: {error.strerror}") from error
    return name


def remove(corpus: Path, name: str) -> None:
    """Delete a file of the corpus. Raises UploadError, CorpusError."""
    _require_folder(corpus)
    parts = name.split("/")
    if not _is_plain(name) or "\\" in name or any(part.startswith(".") or not part for part in parts):
        raise UploadError("shelf.name", 400, name=_shown(name))
    if Path(name).suffix.lower() not in SUFFIXES:
        raise UploadError("shelf.kind", 415, name=name)
    home = Path(os.path.realpath(corpus))
    path = home.joinpath(*parts)
    # Equal only where no part is a link.
    if Path(os.path.realpath(path)) != path or not path.is_relative_to(home):
        raise UploadError("shelf.link", 403, name=name)
    if not path.is_file():
        raise UploadError("shelf.gone", 404, name=name)
    try:
        path.unlink()
    except OSError as error:
        raise CorpusError(f"{name} could not be removed: {error.strerror}") from error


def safe_name(given: str) -> str:
    """A base name that is safe on every system, of a kind that is read. Raises UploadError."""
    name = unicodedata.normalize("NFC", given).strip().translate(_ODD)
    parts = any(separator in given for separator in "/\\")
    if parts or not _is_plain(given) or name.startswith(".") or len(name.encode()) > _LONGEST_NAME:
        raise UploadError("shelf.name", 400, name=_shown(given))
    if Path(name).suffix.lower() not in SUFFIXES:
        raise UploadError("shelf.kind", 415, name=name)
    return name


def _require_folder(corpus: Path) -> None:
    if is_single(corpus):
        raise UploadError("corpus.single", 409, file=str(corpus))


def write(home: Path, name: str, source: IO[bytes], *, replace: bool) -> None:
    """Write a file of a folder whole or not at all. Raises FileExistsError for a taken name, if not ``replace``."""
    part, target = home / f".{secrets.token_hex(8)}.part", home / name
    try:
        with part.open("xb") as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())
        # A rename would overwrite; to create the name first takes it, or fails.
        if not (replace and target.is_file()):
            target.open("xb").close()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _files(corpus: Path) -> Iterator[str]:
    """Files below the corpus that are read, links and hidden ones left out."""
    for folder, folders, names in os.walk(corpus):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(folder).relative_to(corpus)
        for name in names:
            file = (below / name).as_posix()
            read = Path(name).suffix.lower() in SUFFIXES and not name.startswith(".") and _is_plain(file)
            if read and not Path(folder, name).is_symlink():
                yield file


def _is_plain(name: str) -> bool:
    return name.replace("\u3000", " ").isprintable()


def _shown(name: str) -> str:
    return "".join(c if _is_plain(c) else " " for c in name)[:_LONGEST_NAME]

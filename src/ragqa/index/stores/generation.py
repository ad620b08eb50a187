"""What a store gives of one generation (version) of an index, and what is written to it.

Chunks and articles are numbered by row, as in files. BM25 is not left to the engine: it keeps the postings that
bm25.py makes, so that words score in it as they do in files.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

import numpy as np

from ragqa.errors import IndexMismatchError
from ragqa.index.bm25 import Postings
from ragqa.index.index_files import Place, Stored, article_from
from ragqa.index.late_interaction import Signature
from ragqa.index.prepared import Prepared
from ragqa.index.store import FORMAT, REBUILD, Manifest
from ragqa.index.vectors import Rows
from ragqa.text import fold
from ragqa.types import EVERYTHING, Article, Filter, Skipped, Vectors

# Chunks that are read back and compared before a generation is published.
_SAMPLE = 100
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Within:
    """What a search is narrowed to: the fields of a filter, and rows that it may, must or must not find.

    The phrases of ``fields`` are not looked at: ``articles``, ``chunks`` and ``without`` (articles) stand for them.
    """

    fields: Filter = EVERYTHING
    articles: Rows | None = None
    without: Rows | None = None
    chunks: Rows | None = None
    undated: bool = False


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """One chunk as a store keeps it."""

    row: int
    place: Place
    vector: Vectors
    signature: Signature | None


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """One article as a store keeps it, and the row of its first chunk and of the one after its last."""

    row: int
    article: Article
    first: int
    end: int


class Generation(Protocol):
    """One sealed generation, open for questions."""

    manifest: Manifest

    def files(self) -> Mapping[str, bytes]:
        """What is read as a whole: names, score offsets."""
        ...

    def nearest(self, query: Vectors, k: int, within: Within) -> Rows:
        """Rows of the ``k`` chunks nearest to a unit vector, best first."""
        ...

    def passing(self, rows: Rows, within: Within) -> Rows:
        """Those chunks of these rows that pass, in order."""
        ...

    def any(self, within: Within) -> bool:
        """Whether a chunk passes."""
        ...

    def count(self, within: Within) -> int:
        """How many articles pass."""
        ...

    def languages(self, within: Within) -> frozenset[str]:
        """The languages of the articles that pass."""
        ...

    def newest(self, within: Within, k: int) -> list[int]:
        """Rows of the newest dated articles that pass, newest first."""
        ...

    def chunks(self, rows: Sequence[int]) -> list[StoredChunk]:
        """The chunks of rows."""
        ...

    def places(self, rows: Sequence[int]) -> dict[int, Place]:
        """Where the chunks of rows stand, by row; of rows that there are."""
        ...

    def articles(self, rows: Sequence[int]) -> list[StoredArticle]:
        """The articles of rows."""
        ...

    def article_of(self, article_id: str) -> StoredArticle | None:
        """The article of an id."""
        ...

    def postings(self, hashes: Sequence[int]) -> dict[int, Postings]:
        """The postings of those terms, by their hashes, that there are."""
        ...

    def listing(self) -> list[Article]:
        """All articles by their rows, without texts and links."""
        ...

    def whole_articles(self) -> Iterator[Article]:
        """All articles by their rows."""
        ...

    def stored(self, keys: Collection[str]) -> dict[str, Stored]:
        """What was encoded, by content key, of the keys that there are."""
        ...

    def counts(self) -> tuple[int, int]:
        """How many articles and chunks the store has of it."""
        ...


def damage(generation: Generation) -> list[str]:
    """What is wrong with a generation, in words."""
    has, manifest = generation.counts(), generation.manifest
    if has == (manifest.articles, manifest.chunks):
        return []
    return [
        f"{manifest.version} has {has[0]} articles in {has[1]} chunks, its manifest says {manifest.articles} in"
        f" {manifest.chunks}"
    ]


def require_whole(generation: Generation, prepared: Prepared) -> None:
    """Compare what a store has of a generation with what was written. Raises IndexMismatchError."""
    wrong = damage(generation)
    total = len(prepared.chunks)
    rows = sorted({int(row) for row in np.linspace(0, total - 1, min(_SAMPLE, total))}) if total else []
    back = {chunk.row: chunk for chunk in generation.chunks(rows)}
    for row in rows:
        there = back.get(row)
        if there is None or not _same(there, prepared, row):
            wrong.append(f"chunk {row} is not what was written")
    if wrong:
        raise IndexMismatchError(f"the new generation was not published: {wrong[0]}; run: ragqa index")


def _same(there: StoredChunk, prepared: Prepared, row: int) -> bool:
    signature = prepared.signatures[row] if prepared.signatures else None
    if (there.signature is None) != (signature is None):
        return False
    alike = np.array_equal(there.vector, prepared.vectors[row]) and there.place == prepared.places[row]
    return alike and (
        signature is None
        or there.signature is None
        or (
            np.array_equal(there.signature.bits, signature.bits)
            and np.array_equal(there.signature.starts, signature.starts)
        )
    )


def fields_of(article: Article) -> tuple[str, str, str, str, str]:
    """What filters look at: published, language, source, author and title, folded as filters are."""
    title = fold(" ".join(article.title.split()))
    fields = (
        article.published or "",
        article.language,
        article.source.casefold(),
        article.author.casefold(),
        title,
    )
    return tuple(map(plain, fields))  # type: ignore[return-value]


def plain(text: str) -> str:
    """A text that every engine takes: without NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def written(value: Any) -> bytes:
    """JSON as bytes; exact for any text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def read(data: bytes) -> Any:
    """What ``written`` wrote."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def article_written(article: Article) -> bytes:
    """An article as bytes."""
    return written(asdict(article))


def article_read(data: bytes) -> Article:
    """What ``article_written`` wrote."""
    return article_from(read(data))


def listed(article: Article) -> bytes:
    """An article without text and links, as bytes."""
    return written(asdict(article) | {"text": "", "links": ()})


def signature_written(signature: Signature) -> bytes:
    """A signature as bytes: its starts, then its bits."""
    return signature.starts.astype("<u2").tobytes() + np.ascontiguousarray(signature.bits).tobytes()


def signature_read(data: bytes, dimension: int) -> Signature:
    """What ``signature_written`` wrote."""
    width = -(-dimension // 8)
    tokens = len(data) // (width + 2)
    starts = np.frombuffer(data, "<u2", tokens)
    return Signature(np.frombuffer(data, np.uint8, offset=2 * tokens).reshape(tokens, width), starts)


def postings_written(postings: Postings) -> bytes:
    """Postings as bytes: the rows, then the weights."""
    rows, weights = postings
    return rows.astype("<i4").tobytes() + weights.astype("<f2").tobytes()


def postings_read(data: bytes) -> Postings:
    """What ``postings_written`` wrote."""
    total = len(data) // 6
    return np.frombuffer(data, "<i4", total), np.frombuffer(data, "<f2", total, 4 * total)


def manifest_written(manifest: Manifest) -> bytes:
    """A manifest as bytes."""
    return written(asdict(manifest))


def manifest_read(data: bytes) -> Manifest:
    """What ``manifest_written`` wrote. Raises IndexMismatchError for another format."""
    raw = read(data)
    if raw.get("format") != FORMAT:
        raise IndexMismatchError(f"the index has format {raw.get('format')!r}, not {FORMAT}; {REBUILD}")
    return Manifest(**{**raw, "skipped": tuple(Skipped(**entry) for entry in raw["skipped"])})


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Lists of up to ``size`` items."""
    while batch := list(islice(items, size)):
        yield batch

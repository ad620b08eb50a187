"""Questions to one generation in Milvus.

What filters look at is loaded once a generation, some hundred bytes an article, and compared here: of a filter, Milvus
is told numbers of languages, articles and chunks.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ragqa.errors import IndexMismatchError
from ragqa.index import calibration, known_names
from ragqa.index.bm25 import Postings
from ragqa.index.columns import Columns, Mask
from ragqa.index.index_files import Place, Stored
from ragqa.index.stores.generation import (
    StoredArticle,
    StoredChunk,
    Within,
    article_read,
    manifest_read,
    postings_read,
    signature_read,
)
from ragqa.index.stores.milvus import Collections, Texts, refusals
from ragqa.index.vectors import Rows
from ragqa.settings import StoreAddress
from ragqa.types import Article, Filter, Vectors

MANIFEST = "manifest"
FILES = {known_names.FILE: "names", calibration.FILE: "offsets"}
# Articles in one value of the listing, and that are fetched at once.
LISTED, _AT_ONCE = 500, 200
# What an approximate index looks at; most that Milvus returns.
_LOOKED_AT, _MOST = 400, 16_384
_KEY = re.compile(r"[0-9a-z]+")
# Rows of an empty list are none; that of none is no condition.
_NOTHING = "row < 0"


class MilvusGeneration:
    """One generation, open for questions."""

    def __init__(self, address: StoreAddress, name: str) -> None:
        self._collections = Collections(address)
        self._chunks = self._collections.name(name, "chunks")
        self._texts = Texts(self._collections, self._collections.name(name, "texts"))
        with refusals(address):
            there = self._collections.name(name, "texts") in self._collections.texts()
            found = self._texts.get([MANIFEST]) if there else {}
        if not found:
            raise IndexMismatchError(f"the generation {name} is gone from {address}; run: ragqa index")
        self.manifest = manifest_read(found[MANIFEST])

    def files(self) -> Mapping[str, bytes]:
        """What is read as a whole."""
        found = self._get(list(FILES.values()))
        return {name: found[key] for name, key in FILES.items()}

    def nearest(self, query: Vectors, k: int, within: Within) -> Rows:
        """Rows of the nearest chunks."""
        condition = self._condition(within)
        if condition == _NOTHING:
            return np.zeros(0, dtype=np.int64)
        k = min(k, _MOST)
        with refusals(self._collections.address):
            found = self._collections.read(
                self._collections.client.search, self._chunks,
                data=[query.astype(np.float32).tolist()], limit=k, filter=condition,
                output_fields=["row"], search_params={"params": {"ef": max(k, _LOOKED_AT)}},
            )  # fmt: skip
        return np.array([hit["row"] for hit in found[0]], dtype=np.int64)

    def passing(self, rows: Rows, within: Within) -> Rows:
        """Those chunks of these rows that pass."""
        if within.chunks is not None:
            rows = np.intersect1d(rows, within.chunks)
        places, passed = self.places(rows.tolist()), self._passed(within)
        return np.array(
            [row for row in np.sort(rows).tolist() if passed[places[row].article]], dtype=np.int64
        )

    def any(self, within: Within) -> bool:
        """Whether a chunk passes."""
        if within.chunks is not None:
            return bool(len(self.passing(within.chunks, within)))
        return bool(self._passed(within).any())

    def count(self, within: Within) -> int:
        """How many articles pass."""
        return int(self._passed(within).sum())

    def languages(self, within: Within) -> frozenset[str]:
        """The languages of the articles that pass."""
        return frozenset(np.unique(self._columns.language[self._passed(within)]).tolist())

    def newest(self, within: Within, k: int) -> list[int]:
        """Rows of the newest dated articles that pass."""
        published = self._columns.published
        rows = np.flatnonzero(self._passed(within) & (published != ""))
        return [int(row) for row in rows[np.argsort(published[rows], kind="stable")[::-1][:k]]]

    def chunks(self, rows: Sequence[int]) -> list[StoredChunk]:
        """The chunks of rows."""
        signatures = self._get([f"s{row}" for row in rows])
        return [
            StoredChunk(
                found["row"], _place(found), _numbers(found), self._signature(signatures, found["row"])
            )
            for found in self._rows(rows, ["row", "article", "place", "key", "vector"])
        ]

    def places(self, rows: Sequence[int]) -> dict[int, Place]:
        """Where the chunks of rows stand."""
        return {found["row"]: _place(found) for found in self._rows(rows, ["row", "article", "place", "key"])}

    def articles(self, rows: Sequence[int]) -> list[StoredArticle]:
        """The articles of rows."""
        found = self._get([f"a{row}" for row in rows])
        return [_article(row, found[f"a{row}"]) for row in rows if f"a{row}" in found]

    def article_of(self, article_id: str) -> StoredArticle | None:
        """The article of an id."""
        key = id_key(article_id)
        found = self._get([key]).get(key)
        return next(iter(self.articles([int(found)])), None) if found else None

    def postings(self, hashes: Sequence[int]) -> dict[int, Postings]:
        """The postings of terms, by their hashes."""
        found = self._get([term_key(hashed) for hashed in hashes])
        return {h: postings_read(found[term_key(h)]) for h in hashes if term_key(h) in found}

    def listing(self) -> list[Article]:
        """All articles without texts and links."""
        return self._listing

    def whole_articles(self) -> Iterator[Article]:
        """All articles."""
        for begin in range(0, self.manifest.articles, _AT_ONCE):
            rows = range(begin, min(begin + _AT_ONCE, self.manifest.articles))
            yield from (each.article for each in self.articles(rows))

    def stored(self, keys: Collection[str]) -> dict[str, Stored]:
        """What was encoded, by content key."""
        found, wanted = dict[str, Stored](), sorted(key for key in keys if _KEY.fullmatch(key))
        for begin in range(0, len(wanted), _AT_ONCE):
            condition = f"key in {json.dumps(wanted[begin : begin + _AT_ONCE])}"
            with refusals(self._collections.address):
                there, fields = self._collections, ["row", "key", "vector"]
                rows = there.read(there.client.query, self._chunks, filter=condition, output_fields=fields)
            signatures = self._get([f"s{row['row']}" for row in rows])
            found |= {
                row["key"]: Stored(_numbers(row), self._signature(signatures, row["row"])) for row in rows
            }
        return found

    def counts(self) -> tuple[int, int]:
        """How many articles and chunks there are."""
        with refusals(self._collections.address):
            there = self._collections
            found = there.read(there.client.query, self._chunks, filter="", output_fields=["count(*)"])
        return len(self._listing), int(found[0]["count(*)"])

    def close(self) -> None:
        """Nothing is held."""

    @cached_property
    def _listing(self) -> list[Article]:
        blocks = -(-self.manifest.articles // LISTED)
        found = self._get([f"l{at}" for at in range(blocks)])
        lines = (line for at in range(blocks) for line in found[f"l{at}"].split(b"\n"))
        return [article_read(line) for line in lines]

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self._listing)

    @cached_property
    def _languages(self) -> dict[str, int]:
        return codes(article.language for article in self._listing)

    def _passed(self, within: Within) -> Mask:
        """Which articles pass, shape (articles,)."""
        passed = self._columns.passing(within.fields, lambda _: np.zeros(0, dtype=np.bool_))
        if within.undated:
            passed &= self._columns.published == ""
        if within.articles is not None:
            passed &= np.isin(np.arange(len(passed)), within.articles)
        if within.without is not None:
            passed[within.without] = False
        return passed

    def _condition(self, within: Within) -> str:
        """What Milvus is told of a filter: numbers alone."""
        parts = []
        language = within.fields.language
        if language is not None:
            code = self._languages.get(language)
            parts.append(_NOTHING if code is None else f"language == {code:d}")
        if within != Within(Filter(language=language), chunks=within.chunks):
            passed = np.flatnonzero(self._passed(within)).tolist()
            parts.append(f"article in {passed}" if passed else _NOTHING)
        if within.chunks is not None:
            parts.append(f"row in {within.chunks.tolist()}" if len(within.chunks) else _NOTHING)
        return _NOTHING if _NOTHING in parts else " and ".join(parts)

    def _rows(self, rows: Sequence[int], fields: list[str]) -> Iterator[Any]:
        for begin in range(0, len(rows), _AT_ONCE):
            with refusals(self._collections.address):
                yield from self._collections.read(
                    self._collections.client.get,
                    self._chunks,
                    ids=[int(row) for row in rows[begin : begin + _AT_ONCE]],
                    output_fields=fields,
                )

    def _get(self, keys: Sequence[str]) -> dict[str, bytes]:
        with refusals(self._collections.address):
            return self._texts.get(keys)

    def _signature(self, found: Mapping[str, bytes], row: int) -> Any:
        data = found.get(f"s{row}")
        return None if data is None else signature_read(data, self.manifest.dimension)


def codes(languages: Any) -> dict[str, int]:
    """A number for each language, in the order of their names."""
    return {language: at for at, language in enumerate(sorted(set(languages)))}


def id_key(article_id: str) -> str:
    """The key that the row of an article is under."""
    return "i" + hashlib.sha256(article_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def term_key(hashed: int) -> str:
    """The key that the postings of a term are under."""
    return f"p{hashed:016x}"


def _place(found: Any) -> Place:
    begins, ends, heading = json.loads(found["place"])
    return Place(found["article"], begins, ends, heading, found["key"])


def _article(row: int, data: bytes) -> StoredArticle:
    span, _, article = data.partition(b"\n")
    first, end = json.loads(span)
    return StoredArticle(row, article_read(article), first, end)


def _numbers(found: Any) -> Vectors:
    return np.array(found["vector"], dtype=np.float32)

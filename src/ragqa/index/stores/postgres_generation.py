"""Questions to one generation in PostgreSQL. Filters are parameters of its statements, never a part of their text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ragqa.errors import IndexMismatchError
from ragqa.index.bm25 import Postings
from ragqa.index.index_files import Place, Stored
from ragqa.index.stores.generation import (
    StoredArticle,
    StoredChunk,
    Within,
    article_read,
    manifest_read,
    plain,
    postings_read,
    signature_read,
)
from ragqa.index.stores.postgres import Connections
from ragqa.index.vectors import Rows, exact
from ragqa.settings import StoreAddress
from ragqa.text import fold
from ragqa.types import Article, Vectors

# Candidates by an approximate index for each row that is returned.
_CANDIDATES = 2
# Keys and articles that are asked for at once.
_AT_ONCE = 500


def _where(within: Within) -> tuple[str, list[Any]]:
    """The condition that a row of chunks or articles passes, and its parameters."""
    parts, values = ["true"], list[Any]()

    def wanted(condition: str, *given: Any) -> None:
        parts.append(condition)
        values.extend(given)

    fields = within.fields
    if fields.dated:
        # "2024-05" as an upper bound means all of May: "~" sorts after every digit and dash.
        wanted("published <> '' AND published >= %s", plain(fields.since or ""))
        wanted(
            "published <= %s AND published < %s", plain(fields.until or "") + "~", plain(fields.before or "~")
        )
    if within.undated:
        wanted("published = ''")
    if fields.language:
        wanted("language = %s", plain(fields.language))
    if fields.source:
        wanted("strpos(source, %s) > 0", plain(fields.source.casefold()))
    if fields.author:
        wanted("strpos(author, %s) > 0", plain(fields.author.casefold()))
    for words in fields.title:
        wanted("strpos(title, %s) > 0", plain(fold(words)))
    if within.articles is not None:
        wanted("article = ANY(%s)", within.articles.tolist())
    if within.without is not None:
        wanted("NOT article = ANY(%s)", within.without.tolist())
    if within.chunks is not None:
        wanted("chunk = ANY(%s)", within.chunks.tolist())
    return " AND ".join(parts), values


class PostgresGeneration:
    """One generation, open for questions."""

    def __init__(self, address: StoreAddress, name: str) -> None:
        self._connections = Connections(address, name)
        found = self._connections.run(
            "SELECT manifest FROM {generations} WHERE name = %s AND state = 'sealed'", [name]
        )
        if not found:
            raise IndexMismatchError(f"the generation {name} is gone from {address}; run: ragqa index")
        self.manifest = manifest_read(found[0][0])
        self._run = self._connections.run

    def close(self) -> None:
        """End its sessions, and so let go of it."""
        self._connections.close()

    def files(self) -> Mapping[str, bytes]:
        """What is read as a whole."""
        return {name: bytes(data) for name, data in self._run("SELECT name, data FROM {files}")}

    def nearest(self, query: Vectors, k: int, within: Within) -> Rows:
        """Rows of the nearest chunks: all that pass are compared, in a large generation those of its index."""
        where, values = _where(within)
        if exact(self.manifest.chunks):
            statement = "SELECT chunk FROM {chunks} WHERE {where} ORDER BY vector <#> %s, chunk LIMIT %s"
            return self._rows(statement, [*values, _vector(query), k], where)
        statement = """SELECT chunk FROM (SELECT chunk, vector FROM {chunks} WHERE {where} ORDER BY vector <#> %s
                       LIMIT %s) AS candidates ORDER BY vector <#> %s, chunk LIMIT %s"""
        return self._rows(statement, [*values, _vector(query), _CANDIDATES * k, _vector(query), k], where)

    def passing(self, rows: Rows, within: Within) -> Rows:
        """Those chunks of these rows that pass."""
        where, values = _where(within)
        statement = "SELECT chunk FROM {chunks} WHERE chunk = ANY(%s) AND {where} ORDER BY chunk"
        return self._rows(statement, [rows.tolist(), *values], where)

    def any(self, within: Within) -> bool:
        """Whether a chunk passes."""
        where, values = _where(within)
        return bool(self._run("SELECT EXISTS (SELECT FROM {chunks} WHERE {where})", values, where)[0][0])

    def count(self, within: Within) -> int:
        """How many articles pass."""
        where, values = _where(within)
        return int(self._run("SELECT count(*) FROM {articles} WHERE {where}", values, where)[0][0])

    def languages(self, within: Within) -> frozenset[str]:
        """The languages of the articles that pass."""
        where, values = _where(within)
        found = self._run("SELECT DISTINCT language FROM {articles} WHERE {where}", values, where)
        return frozenset(language for (language,) in found)

    def newest(self, within: Within, k: int) -> list[int]:
        """Rows of the newest dated articles that pass."""
        where, values = _where(within)
        statement = """SELECT article FROM {articles} WHERE published <> '' AND {where}
                       ORDER BY published DESC, article DESC LIMIT %s"""
        return [int(row) for row in self._rows(statement, [*values, k], where)]

    def chunks(self, rows: Sequence[int]) -> list[StoredChunk]:
        """The chunks of rows."""
        statement = """SELECT chunk, article, begins, ends, heading, key, vector, signature FROM {chunks}
                       WHERE chunk = ANY(%s)"""
        return [self._chunk(found) for found in self._run(statement, [list(rows)])]

    def places(self, rows: Sequence[int]) -> dict[int, Place]:
        """Where the chunks of rows stand."""
        statement = "SELECT chunk, article, begins, ends, heading, key FROM {chunks} WHERE chunk = ANY(%s)"
        return {row: _place(rest) for row, *rest in self._run(statement, [list(rows)])}

    def articles(self, rows: Sequence[int]) -> list[StoredArticle]:
        """The articles of rows."""
        return self._articles("article = ANY(%s)", list(rows))

    def article_of(self, article_id: str) -> StoredArticle | None:
        """The article of an id."""
        return next(iter(self._articles("id = %s", id_of(article_id))), None)

    def postings(self, hashes: Sequence[int]) -> dict[int, Postings]:
        """The postings of terms, by their hashes."""
        found = self._run(
            "SELECT term, postings FROM {postings} WHERE term = ANY(%s)", [[term_of(h) for h in hashes]]
        )
        return {term % 2**64: postings_read(data) for term, data in found}

    def listing(self) -> list[Article]:
        """All articles without texts and links."""
        return [article_read(data) for (data,) in self._run("SELECT listed FROM {articles} ORDER BY article")]

    def whole_articles(self) -> Iterator[Article]:
        """All articles."""
        for begin in range(0, self.manifest.articles, _AT_ONCE):
            rows = range(begin, min(begin + _AT_ONCE, self.manifest.articles))
            yield from (each.article for each in self.articles(rows))

    def stored(self, keys: Collection[str]) -> dict[str, Stored]:
        """What was encoded, by content key."""
        statement = "SELECT DISTINCT ON (key) key, vector, signature FROM {chunks} WHERE key = ANY(%s)"
        found, wanted = dict[str, Stored](), sorted(keys)
        for begin in range(0, len(wanted), _AT_ONCE):
            for key, vector, signature in self._run(statement, [wanted[begin : begin + _AT_ONCE]]):
                found[key] = Stored(_numbers(vector), self._signature(signature))
        return found

    def counts(self) -> tuple[int, int]:
        """How many articles and chunks there are."""
        statement = "SELECT (SELECT count(*) FROM {articles}), (SELECT count(*) FROM {chunks})"
        articles, chunks = self._run(statement)[0]
        return int(articles), int(chunks)

    def _rows(self, statement: str, parameters: Sequence[Any], where: str) -> Rows:
        return np.array([row for (row,) in self._run(statement, parameters, where)], dtype=np.int64)

    def _articles(self, where: str, value: Any) -> list[StoredArticle]:
        statement = "SELECT article, written, first, ends FROM {articles} WHERE {where} ORDER BY article"
        return [
            StoredArticle(row, article_read(data), first, end)
            for row, data, first, end in self._run(statement, [value], where)
        ]

    def _chunk(self, found: Sequence[Any]) -> StoredChunk:
        row, *place, vector, signature = found
        return StoredChunk(row, _place(place), _numbers(vector), self._signature(signature))

    def _signature(self, data: bytes | None) -> Any:
        return None if data is None else signature_read(data, self.manifest.dimension)


def _place(found: Sequence[Any]) -> Place:
    article, begins, ends, heading, key = found
    return Place(article, begins, ends, bytes(heading).decode("utf-8", "surrogatepass"), key)


def id_of(article_id: str) -> bytes:
    """An article's id as a column keeps it: any text."""
    return article_id.encode("utf-8", "surrogatepass")


def term_of(hashed: int) -> int:
    """The 64 bits of a term's hash as PostgreSQL's signed number."""
    return hashed - 2**64 if hashed >= 2**63 else hashed


def _vector(query: Vectors) -> Any:
    from pgvector import Vector

    return Vector(np.ascontiguousarray(query, dtype=np.float32))


def _numbers(vector: Any) -> Vectors:
    return np.asarray(vector.to_numpy() if hasattr(vector, "to_numpy") else vector, dtype=np.float32)

"""The tables of an index in PostgreSQL, and their rows."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from ragqa.index import calibration, known_names
from ragqa.index.bm25 import Lexical
from ragqa.index.known_names import KnownNames
from ragqa.index.prepared import Prepared
from ragqa.index.stores.generation import (
    article_written,
    fields_of,
    listed,
    plain,
    postings_written,
    signature_written,
)
from ragqa.index.stores.postgres_generation import id_of, term_of

TABLES = (
    "CREATE SCHEMA IF NOT EXISTS {schema}",
    "CREATE TABLE IF NOT EXISTS {generations} (name text PRIMARY KEY, state text NOT NULL, manifest bytea NOT NULL)",
    """CREATE TABLE IF NOT EXISTS {current}
       (one boolean PRIMARY KEY DEFAULT true CHECK (one), name text NOT NULL REFERENCES {generations})""",
)
_FIELDS = """published text COLLATE "C" NOT NULL, language text NOT NULL, source text NOT NULL,
             author text NOT NULL, title text NOT NULL"""
GENERATION = (
    f"""CREATE TABLE {{articles}} (article int PRIMARY KEY, id bytea NOT NULL UNIQUE, {_FIELDS}, first int NOT NULL,
        ends int NOT NULL, listed bytea NOT NULL, written bytea NOT NULL)""",
    f"""CREATE TABLE {{chunks}} (chunk int PRIMARY KEY, article int NOT NULL, {_FIELDS}, begins int NOT NULL,
        ends int NOT NULL, heading bytea NOT NULL, key text NOT NULL, vector vector NOT NULL, signature bytea)""",
    "ALTER TABLE {chunks} ALTER signature SET STORAGE EXTERNAL",
    "CREATE TABLE {postings} (term bigint PRIMARY KEY, postings bytea NOT NULL)",
    "ALTER TABLE {postings} ALTER postings SET STORAGE EXTERNAL",
    "CREATE TABLE {files} (name text PRIMARY KEY, data bytea NOT NULL)",
)
COLUMNS = {
    "articles": "article id published language source author title first ends listed written",
    "chunks": "chunk article published language source author title begins ends heading key vector signature",
    "postings": "term postings",
    "files": "name data",
}
TYPES = (
    dict.fromkeys(("id", "listed", "written", "heading", "signature", "postings", "data"), "bytea")
    | dict.fromkeys(("article", "chunk", "first", "begins", "ends"), "int4")
    | {"vector": "vector", "term": "int8"}
)


def rows_of(prepared: Prepared) -> Iterator[tuple[str, Iterator[Sequence[Any]]]]:
    """The rows of each table of a generation."""
    spans = prepared.spans()
    fields = [fields_of(article) for article in prepared.articles]
    yield (
        "articles",
        (
            (row, id_of(article.id), *fields[row], *spans[row], listed(article), article_written(article))
            for row, article in enumerate(prepared.articles)
        ),
    )
    signatures = prepared.signatures
    yield "chunks", (
        (
            row, place.article, *fields[place.article], place.start, place.end,
            place.heading.encode("utf-8", "surrogatepass"), plain(place.key), prepared.vectors[row],
            signature_written(signatures[row]) if signatures else None,
        )
        for row, place in enumerate(prepared.places)
    )  # fmt: skip
    words = Lexical.build(prepared.texts)
    yield "postings", ((term_of(hashed), postings_written(found)) for hashed, found in words.columns())
    offsets = io.BytesIO()
    prepared.score_offsets.write(offsets)
    names = KnownNames.build(prepared.articles).text.encode("utf-8", "surrogatepass")
    yield "files", iter([(known_names.FILE, names), (calibration.FILE, offsets.getvalue())])

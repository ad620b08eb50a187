"""Any text and any bytes, from a file to an index and back: nothing raises, nothing moves.

Each example goes the whole way: the file is read, its text cleaned, cut, written as a version of an index with
its manifest, and read back. What cannot be read is named with a reason.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.tally import Tally
from test_linear import PIECES

from ragqa.corpus import formats
from ragqa.corpus.articles import read_articles
from ragqa.corpus.cleaning import clean
from ragqa.errors import CorpusError
from ragqa.index import build, durable
from ragqa.index.build import embedded_text
from ragqa.index.chunking import split
from ragqa.index.index import Index
from ragqa.index.store import verify

# Text at random holds none of what a page is made of; pieces of it, put together at random, do.
TEXT = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=40).map("".join)
BYTES = st.binary() | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))
CODED = st.tuples(TEXT, st.sampled_from(["utf-16", "utf-8-sig", "gb18030", "big5", "utf-32"])).map(
    lambda pair: pair[0].encode(pair[1], "ignore")
)
SUFFIX = st.sampled_from([".txt", ".md", ".jsonl"])
KINDS = {
    "text in a file": st.tuples(TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")), SUFFIX),
    "text in another encoding": st.tuples(CODED, st.sampled_from([".txt", ".md"])),
    "text in a line of a collection": st.tuples(
        TEXT.map(lambda text: json.dumps({"_id": "a", "text": text, "title": text[:50]}).encode()),
        st.just(".jsonl"),
    ),
    "bytes": st.tuples(BYTES, SUFFIX),
}


class Hundreds:
    """Unit vectors of two dimensions, by a text's length: quick, and no two alike for long."""

    id, fingerprint, dimension, tokens_encoded = "hundreds", "first", 2, 0

    def encode_query(self, texts: Any, **_: Any) -> Any:
        return self.encode_passages(texts)

    def encode_passages(self, texts: Any, **_: Any) -> Any:
        import numpy as np

        turns = np.array([len(text) / 100 for text in texts], dtype=np.float32)
        return np.stack([np.cos(turns), np.sin(turns)], axis=1)


def there_and_back(folder: Path, data: bytes, suffix: str) -> None:
    """Take one file the whole way."""
    corpus, index = folder / f"a{suffix}", folder / "index"
    corpus.write_bytes(data)
    articles, skipped = read_articles(corpus)
    assert all(skip.reason and skip.reason.isprintable() for skip in skipped)
    if suffix != ".jsonl":
        assert len(articles) + len(skipped) == 1
        stays_clean(data, suffix)
    try:
        built = build.build_index(corpus, index, encoder=Hundreds, chunk_size=40, full=True, keep=1)  # type: ignore[arg-type]
    except CorpusError:
        assert not articles
        return
    assert verify(index) == []
    opened = Index.open(index)
    assert list(opened.articles) == articles
    assert opened.manifest.skipped == tuple(skipped)
    chunks = [chunk for article in articles for chunk in split(article, size=40)]
    assert built.chunks == opened.manifest.chunks == len(chunks)
    for row, chunk in enumerate(chunks):
        article = opened.article(chunk.article_id)
        assert article.text[chunk.start : chunk.end] == chunk.text
        assert opened.passage(row, row, 0.0).chunk == chunk
        embedded_text(article, chunk).encode("utf-8")


def stays_clean(data: bytes, suffix: str) -> None:
    try:
        once = clean(formats.read(suffix, data).text).text
    except ValueError:
        return
    assert clean(once).text == once


def run(kind: str, examples: int, folder: Path, tally: Tally) -> None:
    """Try so many examples, and tell how many went the whole way."""
    begun = ended = 0

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(KINDS[kind])
    def one(file: tuple[bytes, str]) -> None:
        nonlocal begun, ended
        begun += 1
        there_and_back(folder, *file)
        ended += 1

    try:
        one()
    finally:
        tally("D12", "any text and any bytes: read, cleaned (twice the same), cut, indexed, read back at exact offsets", ended, begun)  # fmt: skip
    assert begun >= examples


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is such a thing: a disk would be most of the time."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written need not outlast the power."""
    monkeypatch.setattr(durable, "sync", lambda path: None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_of_each_kind(kind: str, folder: Path, tally: Tally) -> None:
    run(kind, 100, folder, tally)


@pytest.mark.reliability
@pytest.mark.parametrize("kind", KINDS)
def test_five_thousand_of_each_kind(kind: str, folder: Path, tally: Tally) -> None:
    run(kind, 5000, folder, tally)

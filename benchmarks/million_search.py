"""Whole searches in an index of a million chunks: where time and memory go.

    python benchmarks/million_search.py --packs ../shared/bench --work /tmp/ragqa-bench --out FOLDER [--chunks N]

The chunks are those of benchmarks/million.py, with their real texts and words. Milliseconds are of the processor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from million import PACKS, apart, asked, draw, opened, resident
from scipy.sparse import csc_array, vstack

from ragqa.index.bm25 import Coverage, Lexical
from ragqa.index.index import Index
from ragqa.index.index_files import Place, Places
from ragqa.index.store import new_version, writing
from ragqa.index.vectors import FLAT, LISTS, VectorIndex
from ragqa.models.loading import load_encoder
from ragqa.retrieval import search
from ragqa.retrieval.query import Query, Question
from ragqa.settings import Settings

# What a search consists of, as far as it grows with the number of chunks.
PARTS: list[tuple[Any, str]] = [
    (Lexical, "coverage"), (Index, "mask"), (Index, "nearest"), (Index, "holding"), (Index, "vectors"),
    (Coverage, "best"), (search, "late_scores"),
]  # fmt: skip


def publish(work: Path, built: Path, chunks: int, folder: Path) -> None:
    """An index of the drawn articles: real texts, real words, vectors with noise; no tokens (9 GB a million).

    ``built`` is where benchmarks/million.py left the same vectors, if it did.
    """
    drawn = draw(opened(work), chunks)
    hashes = np.unique(np.concatenate([index.words.hashes for index in drawn.packs]))
    parts = []
    for index in drawn.packs:
        words = index.words
        column = np.repeat(np.searchsorted(hashes, words.hashes), np.diff(words.offsets))
        shape = (words.chunks, len(hashes))
        parts.append(
            csc_array((np.asarray(words.weights, np.float32), (words.rows, column)), shape=shape).tocsr()
        )
    begins = np.cumsum([0, *(index.words.chunks for index in drawn.packs)])[drawn.pack] + drawn.row
    chosen = vstack(parts).tocsr()[begins].tocsc()
    chosen.sort_indices()
    lexical = Lexical(
        hashes, chosen.indptr.astype(np.int64), chosen.indices.astype(np.int32),
        chosen.data.astype(np.float16), len(begins),
    )  # fmt: skip
    articles, places = [], []
    for at, (pack, row, number) in enumerate(zip(drawn.pack, drawn.row, drawn.article, strict=True)):
        place = drawn.packs[pack].place(int(row))
        if number == len(articles):
            articles.append(replace(drawn.packs[pack].articles[place.article], id=f"drawn-{number}"))
        places.append(Place(int(number), place.start, place.end, place.heading, f"{at:024x}"))
    real = drawn.packs[0]
    manifest = replace(
        real.manifest, version=new_version(), articles=len(articles), chunks=len(places), files={}
    )
    there = all((built / name).exists() for name in (FLAT, LISTS))
    vectors = VectorIndex.open(built, (FLAT, LISTS)) if there else VectorIndex.build(drawn.vectors)
    made = Index(
        manifest, articles, Places(places), vectors,
        words=lexical, tokens=None, score_offsets=real.score_offsets,
    )  # fmt: skip
    with writing(folder):
        made.save(folder, keep=1)


def search_all(folder: Path, pack: Path, texts: Sequence[str]) -> Iterator[str]:
    """Open the index and search it as a question does; every chunk has the tokens of a real one."""
    encoder = load_encoder(Settings.load())
    queries = [Query.of(Question.of(text), encoder=encoder) for text in texts]
    before, began = resident(), time.perf_counter()
    index = Index.open(folder)
    own, mapped = resident() - before
    yield f"opening: {time.perf_counter() - began:.1f} s, {own} MB of its own, {mapped} MB mapped"
    real = Index.open(pack)
    assert real.tokens
    tokens = real.tokens
    index.tokens = SimpleNamespace(of=lambda row: tokens.of(row % real.manifest.chunks))  # type: ignore[assignment]
    index.has_tokens = True
    search.rank(queries[0], index=index)
    spent = {name: watched(owner, name) for owner, name in PARTS}
    taken = []
    for query in queries:
        began = time.thread_time()
        search.rank(query, index=index)
        taken.append(1000 * (time.thread_time() - began))
    p50, p95 = np.percentile(taken, [50, 95])
    own, mapped = resident() - before
    yield f"rank: p50 {p50:.0f} ms, p95 {p95:.0f} ms; then {own} MB of its own, {mapped} MB mapped"
    for name, parts in spent.items():
        yield f"- {name}: {sum(parts) / len(queries):.1f} ms a question in {len(parts) / len(queries):.1f} calls"


def watched(owner: Any, name: str) -> list[float]:
    """The milliseconds of processor time of every call of a function from now on."""
    plain, spent = getattr(owner, name), list[float]()

    def timed(*arguments: Any, **options: Any) -> Any:
        began = time.thread_time()
        try:
            return plain(*arguments, **options)
        finally:
            spent.append(1000 * (time.thread_time() - began))

    setattr(owner, name, timed)
    return spent


def main() -> None:
    """Make the index unless it is there, and print what searches take."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--packs", type=Path, required=True)
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--chunks", type=int, default=1_000_000)
    chosen = arguments.parse_args()
    folder = chosen.out / f"index-{chosen.chunks}"
    if not folder.exists():
        apart(publish, chosen.work, chosen.out / str(chosen.chunks), chosen.chunks, folder)
    for row in search_all(folder, chosen.work / PACKS[0], asked(chosen.packs)):
        print(row, flush=True)


if __name__ == "__main__":
    main()

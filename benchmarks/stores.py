"""What a search and a build cost in each store: the project's corpus, again and again under other vectors.

    python benchmarks/stores.py --chunks 2000 20000 --store postgresql://… --store milvus://…

Texts are chunks of the corpus, each with a number of its own; vectors are those of the corpus moved at random, tokens
are random signs, 60 a chunk. The questions are the gold set's, encoded once; a search is all but encoding and reading.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ragqa.corpus import read_articles
from ragqa.index.calibration import Calibration
from ragqa.index.chunking import split
from ragqa.index.late_interaction import Signature
from ragqa.index.opening import open_index
from ragqa.index.prepared import Prepared
from ragqa.index.searchable import SearchIndex
from ragqa.index.store import Manifest, new_version
from ragqa.index.targets import writing
from ragqa.models import loading
from ragqa.retrieval import Query, Question, retrieve
from ragqa.settings import Settings, StoreAddress
from ragqa.text import TERMS
from ragqa.types import Article, Chunk

_TOKENS, _MOVED, _QUESTIONS = 60, 0.6, 30


def prepared(settings: Settings, total: int) -> Prepared:
    """An index of so many chunks."""
    encoder, random = loading.load_encoder(settings), np.random.default_rng(5)
    articles, _ = read_articles(settings.corpus)
    pieces = [(a, chunk) for a in articles for chunk in split(a, size=settings.chunk_size)]
    known = encoder.encode_passages([chunk.text for _, chunk in pieces])
    made, chunks = list[Article](), list[Chunk]()
    for number in range(total):
        article, chunk = pieces[number % len(pieces)]
        text = f"{chunk.text} {number}"
        made.append(replace(article, id=f"{number}-{article.id}", text=text, links=()))
        chunks.append(Chunk(made[-1].id, 0, len(text), text, chunk.heading))
    vectors = known[np.arange(total) % len(pieces)]
    vectors = (
        vectors + _MOVED * random.standard_normal(vectors.shape).astype(np.float32) / vectors.shape[1] ** 0.5
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    width, starts = encoder.dimension // 8, np.arange(_TOKENS, dtype=np.uint16)
    bits = random.integers(0, 256, (total, _TOKENS, width), dtype=np.uint8)
    manifest = Manifest(
        new_version(), datetime.now(UTC).isoformat(), encoder.id, encoder.fingerprint, encoder.dimension,
        settings.chunk_size, "", total, total, lexical=TERMS,
    )  # fmt: skip
    return Prepared(
        made, chunks, keys=[f"{n:024x}" for n in range(total)], texts=[c.text for c in chunks], vectors=vectors,
        signatures=[Signature(one, starts) for one in bits], manifest=manifest,
        score_offsets=Calibration.measure(encoder),
    )  # fmt: skip


def questions(settings: Settings) -> list[Query]:
    """Questions of the gold set, encoded."""
    encoder = loading.load_encoder(settings)
    lines = settings.gold.read_text(encoding="utf-8").splitlines()[:_QUESTIONS]
    return [Query.of(Question.of(json.loads(line)["question"]), encoder=encoder) for line in lines]


def searched(index: SearchIndex, queries: list[Query]) -> Iterator[float]:
    """Milliseconds of each search; the first goes before, uncounted."""
    retrieve(queries[0], index=index, k=5)
    for query in queries:
        started = time.perf_counter()
        retrieve(query, index=index, k=5)
        yield 1000 * (time.perf_counter() - started)


def main() -> None:
    """Print a row for each store and size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chunks", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--store", action="append", default=[])
    given, settings = parser.parse_args(), Settings.load()
    queries = questions(settings)
    print("| chunks | store | build, s | a search, ms: p50 | p95 |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for total in given.chunks:
            made, first = prepared(settings, total), None
            places = [Path(folder) / str(total), *map(StoreAddress.of, given.store)]
            for place in places:
                started = time.perf_counter()
                with writing(place, Path(folder)) as target:
                    target.save(made, None, keep=1)
                built, index = time.perf_counter() - started, open_index(place)
                took = sorted(searched(index, queries))
                answers = [
                    [(p.article.id, p.score) for p in retrieve(q, index=index, k=10).passages]
                    for q in queries
                ]
                first = first or answers
                name = place.engine if isinstance(place, StoreAddress) else "files"
                p50, p95 = statistics.median(took), took[int(0.95 * len(took))]
                row = f"| {total:,} | {name} | {built:.1f} | {p50:.1f} | {p95:.1f} |"
                same = sum(one == other for one, other in zip(first, answers, strict=True))
                print(f"{row} {same} of {len(answers)} as in files", flush=True)


if __name__ == "__main__":
    main()

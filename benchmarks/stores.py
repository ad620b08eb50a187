"""What a build and a search cost in each store: the chunks of an index, again and again under other vectors.

    python benchmarks/stores.py --chunks 2000 20000 --store postgresql://… --store milvus://… --data FOLDER FOLDER

Build is without encoding, a search without encoding and reading. Memory is what the process that searches takes more
than before it opened the index, mapped files included. The last column counts the questions that get the same ten
passages and scores as from files. Each chunk is an article of its own, with a number at its end; its tokens are those
of the chunk that it repeats, its vector is moved by the difference of two others.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import zip_longest
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from speed_page import resident

from ragqa.index.index import Index
from ragqa.index.opening import open_index
from ragqa.index.prepared import Prepared
from ragqa.index.store import new_version
from ragqa.index.targets import writing
from ragqa.models import loading
from ragqa.retrieval import Query, Question, retrieve
from ragqa.settings import Settings, StoreAddress
from ragqa.types import Article, Chunk

_MOVED, _QUESTIONS = 0.6, 30


def prepared(source: Index, total: int) -> Prepared:
    """An index of so many chunks, each of another one's words."""
    random, rows = np.random.default_rng(5), np.arange(total) % source.manifest.chunks
    known = source.stored()
    pieces = [source.place(row) for row in range(source.manifest.chunks)]
    vectors = np.array([known[piece.key].vector for piece in pieces])
    signatures = [known[piece.key].signature for piece in pieces]
    # Moved as far as million.py moves them: the difference of two has twice the covariance of one.
    one, other = random.integers(0, len(pieces), (2, total))
    vectors = vectors[rows] + _MOVED / 2**0.5 * (vectors[one] - vectors[other])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    made, chunks = list[Article](), list[Chunk]()
    for number, row in enumerate(rows):
        piece = pieces[row]
        article = source.articles[piece.article]
        text = f"{article.text[piece.start : piece.end]} {number}"
        made.append(replace(article, id=f"{number}-{article.id}", text=text, links=()))
        chunks.append(Chunk(made[-1].id, 0, len(text), text, piece.heading))
    return Prepared(
        made, chunks, keys=[f"{n:024x}" for n in range(total)], texts=[c.text for c in chunks], vectors=vectors,
        signatures=[each for row in rows if (each := signatures[row])], score_offsets=source.score_offsets,
        manifest=replace(source.manifest, version=new_version(), articles=total, chunks=total),
    )  # fmt: skip


def questions(file: Path) -> list[Query]:
    """Questions of a file with "text" or "question" in each line, encoded."""
    encoder = loading.load_encoder(Settings.load())
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()[:_QUESTIONS]]
    return [Query.of(Question.of(line.get("text") or line["question"]), encoder=encoder) for line in lines]


@dataclass(frozen=True, slots=True)
class Search:
    """What a process that opens an index and searches it takes, and what it finds."""

    opened: float
    took: tuple[float, ...]
    memory: int
    server: int
    found: tuple[tuple[tuple[str, float], ...], ...]


def searching(place: Path | StoreAddress, data: Path | None, asked: Path) -> Search:
    """Open an index, ask it the questions; the first one goes before, uncounted."""
    queries = questions(asked)
    before, started = memory_of(["self"]), time.perf_counter()
    index = open_index(place)
    opened, took = time.perf_counter() - started, []
    retrieve(queries[0], index=index, k=5)
    for query in queries:
        started = time.perf_counter()
        retrieve(query, index=index, k=5)
        took.append(1000 * (time.perf_counter() - started))
    memory = memory_of(["self"]) - before
    tens = [retrieve(query, index=index, k=10).passages for query in queries]
    found = tuple(tuple((p.article.id, round(p.score, 6)) for p in ten) for ten in tens)
    # The benchmark itself is started with the folder's name, too.
    server = memory_of({*serving(data)} - {str(os.getppid())}) if data else 0
    return Search(opened, tuple(sorted(took)), memory, server, found)


def memory_of(processes: Iterable[str]) -> int:
    """Bytes of memory of processes; pages that several share are divided among them."""
    total = 0.0
    for process in processes:
        with suppress(OSError):
            _, divided = resident(Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8"))
            total += divided * 2**20
    return round(total)


def serving(data: Path) -> Iterator[str]:
    """The processes of the server whose data lie in a folder: they run in it, or are started with its name."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            named = (process / "cmdline").read_text(encoding="utf-8").split("\0")
            if str(data) in named or process.joinpath("cwd").readlink() == data:
                yield process.name


def on_disk(folder: Path) -> int:
    """Bytes that a folder takes."""
    return sum(512 * file.lstat().st_blocks for file in folder.rglob("*"))


def row(
    place: Path | StoreAddress, made: Prepared, data: Path | None, asked: Path, first: list[Search]
) -> str:
    """Build an index in a store and search it in a process of its own; a line of the table."""
    folder = data or Path(str(place))
    before = on_disk(folder) if data else 0
    with tempfile.TemporaryDirectory() as side:
        started = time.perf_counter()
        with writing(place, Path(side)) as target:
            target.save(made, None, keep=1)
        built = time.perf_counter() - started
        disk = on_disk(folder) - before
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        search = pool.submit(searching, place, data, asked).result()
    first.append(search)
    same = sum(one == other for one, other in zip(first[0].found, search.found, strict=True))
    p50, p95 = statistics.median(search.took), search.took[int(0.95 * len(search.took))]
    cells = [
        f"{made.manifest.chunks:,}", place.engine if isinstance(place, StoreAddress) else "files", f"{built:,.0f}",
        f"{disk / 1e6:,.0f}", f"{search.opened:.1f}", f"{search.memory / 1e6:,.0f}",
        f"{search.server / 1e6:,.0f}" if data else "–", f"{p50:.1f}", f"{p95:.1f}", f"{same} of {len(search.found)}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a row for each store and size."""
    settings = Settings.load()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, default=settings.index, help="an index in files")
    parser.add_argument("--questions", type=Path, default=settings.gold, help="a line of JSON each")
    parser.add_argument("--chunks", type=int, nargs="+", default=[2000, 20000])
    parser.add_argument("--store", action="append", default=[], help="a store's address")
    there = "where the servers keep their data, in the stores' order, to be measured, too"
    parser.add_argument("--data", nargs="+", default=[], type=Path, help=there)
    given = parser.parse_args()
    print(
        "| chunks | store | build, s | disk, MB | open, s | memory, MB | server, MB | p50, ms | p95, ms | as files |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for total in given.chunks:
        made, first = prepared(Index.open(given.source), total), list[Search]()
        with tempfile.TemporaryDirectory() as folder:
            print(row(Path(folder) / "index", made, None, given.questions, first), flush=True)
        for address, data in zip_longest(given.store, given.data):
            print(row(StoreAddress.of(address), made, data, given.questions, first), flush=True)


if __name__ == "__main__":
    main()

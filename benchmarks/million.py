"""A million chunks: what each kind of vector index finds, and what it takes.

    python benchmarks/million.py --packs ../shared/bench --work /tmp/ragqa-bench --out FOLDER [--hnsw N]

WORK holds the packs' indexes, as benchmarks/retrieval.py leaves them. A larger index is made of whole articles drawn
from them, 70 % Chinese and 30 % English; each vector is a real one with Gaussian noise of the covariance of the real
ones, scaled so that the nearest neighbour is as near as among them. Questions are real. Prints Markdown; milliseconds
are of the processor, one thread. HNSW is built up to ``--hnsw`` vectors.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from ragqa.index import Mask, Rows
from ragqa.index import vectors as vector_index
from ragqa.index.index import Index
from ragqa.index.vectors import FLAT, LISTS, VectorIndex, in_lists
from ragqa.models.loading import load_encoder
from ragqa.settings import Settings
from ragqa.types import Vectors

PACKS = ("xquad-en2zh-big", "rgb-zh", "rgb-en", "xquad-mixed")
NOISE, ENGLISH = 0.6, 0.3
QUESTIONS, NEAREST = 60, 50
Search = Callable[[Vectors, int, Mask | None], Rows]


@dataclass
class Drawn:
    """Articles drawn from the packs: for each chunk its pack, its row there and the number of its article."""

    packs: list[Index]
    pack: Rows
    row: Rows
    article: Rows
    english: Mask
    vectors: Vectors


def draw(packs: list[Index], size: int) -> Drawn:
    """So many chunks of whole articles; the last may be cut."""
    random = np.random.default_rng(7)
    whole: dict[str, list[tuple[int, range]]] = {"zh": [], "en": []}
    for number, index in enumerate(packs):
        for row, article in enumerate(index.articles):
            rows = index.rows_of(index.opening(row))
            last = rows[0]
            while last + 1 < index.manifest.chunks and index.place(last + 1).article == row:
                last += 1
            whole[article.language].append((number, range(rows[0], last + 1)))
    mean = {name: np.mean([len(rows) for _, rows in found]) for name, found in whole.items()}
    chance = ENGLISH / mean["en"] / (ENGLISH / mean["en"] + (1 - ENGLISH) / mean["zh"])
    chunks: list[tuple[int, int, int, bool]] = []
    number = 0
    while len(chunks) < size:
        name = "en" if random.random() < chance else "zh"
        pack, rows = whole[name][random.integers(len(whole[name]))]
        chunks += [(pack, row, number, name == "en") for row in rows]
        number += 1
    pack, row, article, english = map(np.array, zip(*chunks[:size], strict=True))
    real = [index.vectors(np.arange(index.manifest.chunks)) for index in packs]
    centred = np.concatenate(real) - np.concatenate(real).mean(axis=0)
    variance, axes = np.linalg.eigh(np.cov(centred.T))
    shape = (axes * np.sqrt(np.maximum(variance, 0))).T.astype(np.float32)
    vectors = np.empty((size, shape.shape[1]), dtype=np.float32)
    begins = np.cumsum([0, *map(len, real)])[pack] + row
    joined = np.concatenate(real)
    for at in range(0, size, 50_000):
        part = joined[begins[at : at + 50_000]]
        part = part + NOISE * random.standard_normal(part.shape, dtype=np.float32) @ shape
        vectors[at : at + 50_000] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return Drawn(packs, pack, row, article, english, vectors)


def masks(drawn: Drawn) -> dict[str, Mask | None]:
    """What may be found: everything, a language, articles of some dates."""
    some = np.random.default_rng(1).random(int(drawn.article.max()) + 1)[drawn.article]
    return {
        "all": None, "Chinese": ~drawn.english, "English": drawn.english,
        "a fifth": some < 0.2, "a hundredth": some < 0.01,
    }  # fmt: skip


def opened(work: Path) -> list[Index]:
    """The packs' indexes."""
    return [Index.open(work / name) for name in PACKS]


def asked(packs: Path) -> list[str]:
    """Some questions of each pack."""
    texts = []
    for name in PACKS:
        lines = (packs / name / "queries.jsonl").read_text(encoding="utf-8").splitlines()
        chosen = np.random.default_rng(0).permutation(len(lines))[:QUESTIONS]
        texts += [str(json.loads(lines[at])["text"]) for at in chosen]
    return texts


# --- kinds of index ---------------------------------------------------------------------------


def build_exact(vectors: Vectors) -> Any:
    """float32, all compared."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    return flat


def build_lists(vectors: Vectors) -> Any:
    """8 bits, in lists: as an index has them."""
    return in_lists(vectors, None, None)[0]


def build_hnsw(vectors: Vectors) -> Any:
    """8 bits, a graph with 32 neighbours a vector."""
    kind = faiss.ScalarQuantizer.QT_8bit
    graph = faiss.IndexHNSWSQ(vectors.shape[1], kind, 32, faiss.METRIC_INNER_PRODUCT)
    graph.train(vectors[:: -(-len(vectors) // 100_000)])
    graph.add(vectors)
    return graph


def build_hnsw_flat(vectors: Vectors) -> Any:
    """float32, a graph with 32 neighbours a vector."""
    graph = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    graph.add(vectors)
    return graph


KINDS: dict[str, Callable[[Vectors], Any]] = {
    "exact": build_exact, "IVF, 8 bits": build_lists, "IVF, 8 bits, refined": build_lists,
    "HNSW, 8 bits": build_hnsw, "HNSW, float32": build_hnsw_flat,
}  # fmt: skip


# Those of an index have its names, so that benchmarks/million_search.py can take them over.
FILES = {
    "exact": FLAT, "IVF, 8 bits": LISTS, "IVF, 8 bits, refined": LISTS,
    "HNSW, 8 bits": "graph.faiss", "HNSW, float32": "graph.float32.faiss",
}  # fmt: skip


def searcher(kind: str, flat: Any, other: Any, compared: int) -> Search:
    """The search of a kind; lists look through ``compared`` rows, graphs keep a queue of 256."""
    vector_index.COMPARED = compared
    index = VectorIndex(flat)
    if kind.startswith("IVF"):
        index = VectorIndex(flat, other, vector_index._lists_of_rows(other))
        vector_index._CANDIDATES = 2 if "refined" in kind else 1
    if not kind.startswith("HNSW"):
        return index.nearest

    def search(query: Vectors, k: int, among: Mask | None) -> Rows:
        selected = None if among is None else vector_index._selector(among)
        parameters = faiss.SearchParametersHNSW(sel=selected, efSearch=256)
        return vector_index._found(other, query, k, parameters)

    return search


@dataclass
class Measured:
    """Recall, milliseconds (p50, p95) by what may be found, and MB taken: own and mapped."""

    recall: dict[str, float]
    taken: dict[str, tuple[float, float]]
    own: int
    mapped: int


def measure(kind: str, folder: Path, compared: int) -> Measured:
    """Search with a kind of index, opened in this process as a search does."""
    faiss.omp_set_num_threads(1)
    questions, truth = np.load(folder / "questions.npy"), np.load(folder / "truth.npz")
    allowed = dict(np.load(folder / "masks.npz"))
    before = resident()
    flat = faiss.read_index(str(folder / FLAT), faiss.IO_FLAG_MMAP_IFC)
    other = flat if kind == "exact" else faiss.read_index(str(folder / FILES[kind]), faiss.IO_FLAG_MMAP_IFC)
    search = searcher(kind, flat, other, compared)
    recall, taken = {}, {}
    for name, mask in {"all": None, **allowed}.items():
        found, spent = timed(search, questions, mask)
        of = [len(set(f) & set(t)) / len(t) for f, t in zip(found, truth[name].tolist(), strict=True)]
        recall[name], taken[name] = float(np.mean(of)), spent
    own, mapped = resident() - before
    return Measured(recall, taken, int(own), int(mapped))


def timed(search: Search, questions: Vectors, mask: Mask | None) -> tuple[list[Any], tuple[float, float]]:
    """What a search finds for each question, and its milliseconds of processor time, p50 and p95."""
    found, taken = [], []
    for question in questions:
        began = time.thread_time()
        found.append(search(question, NEAREST, mask).tolist())
        taken.append(1000 * (time.thread_time() - began))
    p50, p95 = np.percentile(taken, [50, 95])
    return found, (float(p50), float(p95))


def resident() -> Any:
    """MB of this process that are its own, and that are mapped files, shape (2,)."""
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return np.array([int(status[name].split()[0]) for name in ("RssAnon", "RssFile")]) // 1024


def apart(what: Callable[..., Any], *arguments: object) -> Any:
    """The result of a function that is called in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(what, *arguments).result()


def compare_kinds(drawn: Drawn, questions: Vectors, folder: Path, hnsw: int) -> Iterator[str]:
    """Rows of the table for one size."""
    size, allowed = len(drawn.vectors), masks(drawn)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "questions.npy", questions)
    np.savez(folder / "masks.npz", **{name: mask for name, mask in allowed.items() if mask is not None})
    plain = VectorIndex(build_exact(drawn.vectors))
    exactly = {name: timed(plain.nearest, questions, mask)[0] for name, mask in allowed.items()}
    np.savez(folder / "truth.npz", **{name: np.array(found) for name, found in exactly.items()})
    for kind, build in KINDS.items():
        if kind.startswith("HNSW") and size > hnsw:
            continue
        path, began = folder / FILES[kind], time.thread_time()
        if not kind.endswith("refined"):
            vector_index._write(build(drawn.vectors), path)
        seconds = time.thread_time() - began
        sweep = (
            (50_000, 75_000, 100_000, 200_000) if kind == "IVF, 8 bits, refined" and size > 500_000 else ()
        )
        for compared in sweep or (size if kind == "exact" else size // 10,):
            got: Measured = apart(measure, kind, folder, compared)
            cells = [
                f"{got.recall[name]:.3f} · {got.taken[name][0]:.1f} / {got.taken[name][1]:.1f}"
                for name in allowed
            ]
            told = f"{size:,} | {kind} | {'' if kind.startswith('HNSW') else f'{compared:,}'} | {' | '.join(cells)}"
            files = path.stat().st_size // 2**20
            yield f"| {told} | {got.own} + {got.mapped} | {files} | {seconds:.0f} |"


def main() -> None:
    """Print the tables."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--packs", type=Path, required=True)
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True, help="for what is built")
    arguments.add_argument("--sizes", type=int, nargs="*", default=[14_000, 100_000, 1_000_000])
    arguments.add_argument("--hnsw", type=int, default=100_000)
    chosen = arguments.parse_args()
    faiss.omp_set_num_threads(1)
    packs, texts = opened(chosen.work), asked(chosen.packs)
    questions = load_encoder(Settings.load()).encode_query(texts)
    named = list(masks(draw(packs, 1000)))
    print(f"| rows | kind | compared | {' | '.join(named)} | MB, own + mapped | file, MB | build, s |")
    print("|---|---|---|" + "---|" * (len(named) + 3))
    for size in chosen.sizes:
        for row in compare_kinds(draw(packs, size), questions, chosen.out / str(size), chosen.hnsw):
            print(row, flush=True)


if __name__ == "__main__":
    main()

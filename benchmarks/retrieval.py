"""Measure retrieval on packs of questions: every signal on and off, with intervals and milliseconds.

    python benchmarks/retrieval.py --packs ../shared/bench --work /tmp/ragqa-bench

A pack is a folder with corpus.jsonl, queries.jsonl and qrels.tsv (xquad-zh2zh-big shares the corpus of
xquad-en2zh-big). Indexes and translations stay in --work, so that a second run measures ranking alone.
Prints Markdown. S@k: an article that answers is among the first k. Intervals: 95 %, bootstrap over
articles (over questions where they share none).
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ragqa.errors import ModelError
from ragqa.evaluation.statistics import mean
from ragqa.index.bm25 import Lexical
from ragqa.index.build import build_index, embedded_text
from ragqa.index.chunking import split
from ragqa.index.index import Index
from ragqa.models.encoder import TextEncoder
from ragqa.models.loading import load_encoder, load_reader, open_generator
from ragqa.models.protocols import Generator
from ragqa.models.reader import Reader
from ragqa.retrieval.query import Query
from ragqa.retrieval.query import Question as Analysed
from ragqa.retrieval.rewrite import Translator
from ragqa.retrieval.search import JUDGED, WEIGHTS, judged, rank, read_best, retrieve
from ragqa.settings import Settings
from ragqa.types import Vectors

PACKS = ("xquad-en2zh-big", "xquad-zh2zh-big", "rgb-zh", "rgb-en", "xquad-mixed")
SHARED_CORPUS = {"xquad-zh2zh-big": "xquad-en2zh-big"}
CROSSING = ("xquad-en2zh-big", "xquad-mixed")

Ranker = Callable[[Query, Index], list[str]]


@dataclass(frozen=True)
class Question:
    """A question of a pack; ``group`` names the article that its interval resamples."""

    id: str
    text: str
    language: str
    direction: str
    relevant: frozenset[str]
    group: str


def main() -> None:
    """Print a row for each pack and set of signals."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--packs", type=Path, required=True)
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--only", nargs="*", default=list(PACKS))
    arguments.add_argument("--no-llm", action="store_true", help="skip the rows that need translations")
    arguments.add_argument("--speed", action="store_true", help="measure search over 10,000 articles, too")
    chosen = arguments.parse_args()
    settings = Settings.load()
    encoder = load_encoder(settings)
    reader = load_reader(settings)
    generator = None if chosen.no_llm else _generator(settings)
    print("| pack | signals | S@1 | S@5 | nDCG@10 | ms a question, p50 |\n|---|---|---|---|---|---|")
    for name in chosen.only:
        index = _index(SHARED_CORPUS.get(name, name), chosen, encoder, settings)
        questions = list(questions_of(chosen.packs / name))
        plain = [Query.of(Analysed.of(q.text), encoder=encoder) for q in questions]
        for label, ranker in {**RANKERS, f"all, {JUDGED} read": _read_by(reader)}.items():
            _row(name, label, questions, plain, ranker, index)
        if generator and name in CROSSING:
            wordings = _translations(questions, chosen.work / f"{name}.translations.jsonl", generator)
            both = [
                Query.of(Analysed.of(q.text), encoder=encoder, translation=wordings[q.id]) for q in questions
            ]
            for label in ("dense", "dense + late", "dense + lexical", "all"):
                _row(name, f"{label}, translated", questions, both, RANKERS[label], index)
            _row(name, f"all, translated, {JUDGED} read", questions, both, _read_by(reader), index)
    if chosen.speed:
        _speed(chosen, encoder, settings, reader)


def _weighted(**weights: float) -> Ranker:
    full = {**dict.fromkeys(WEIGHTS, 0.0), **weights}

    def ranked(query: Query, index: Index) -> list[str]:
        found = rank(query, index=index, weights=full)
        return _articles(index, found.rows)

    return ranked


def _read_by(reader: Reader) -> Ranker:
    """All signals, and the reader's view of the best."""

    def ranked(query: Query, index: Index) -> list[str]:
        found = rank(query, index=index)
        return _articles(index, judged(found, read_best(query, found, index, reader)).rows)

    return ranked


def _uncalibrated(query: Query, index: Index) -> list[str]:
    return _articles(index, index.nearest(_vector(query), k=100))


def _vector(query: Query) -> Vectors:
    """The question's own vector, or the unit mean of both wordings'."""
    total = np.sum([w.vector for w in query.wordings.values()], axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


def _reciprocal(query: Query, index: Index) -> list[str]:
    """Reciprocal rank fusion of dense and BM25 at depth 100 with k = 60, as frameworks do by default."""
    dense = index.nearest(_vector(query), k=100)
    words = index.words.coverage(query.question.text)
    lexical = np.argsort(-words, kind="stable")[:100]
    votes: dict[int, float] = {}
    for ranking in (dense, lexical):
        for place, row in enumerate(ranking, start=1):
            votes[int(row)] = votes.get(int(row), 0.0) + 1 / (60 + place)
    return _articles(index, sorted(votes, key=lambda row: -votes[row]))


RANKERS: dict[str, Ranker] = {
    "dense, plain": _uncalibrated,
    "dense + BM25, reciprocal ranks": _reciprocal,
    "dense": _weighted(dense=1),
    "late": _weighted(late=1),
    "lexical": _weighted(lexical=1),
    "dense + lexical": _weighted(dense=1, lexical=WEIGHTS["lexical"]),
    "dense + late": _weighted(dense=1, late=WEIGHTS["late"]),
    "all": _weighted(**WEIGHTS),
}


def _articles(index: Index, rows: Sequence[int]) -> list[str]:
    ids = (index.articles[index.place(int(row)).article].id for row in rows)
    return list(dict.fromkeys(ids))[:10]


def _row(
    pack: str,
    label: str,
    questions: Sequence[Question],
    queries: Sequence[Query],
    ranker: Ranker,
    index: Index,
) -> None:
    scores, seconds = [], []
    for question, query in zip(questions, queries, strict=True):
        started = time.perf_counter()
        found = ranker(query, index)
        seconds.append(time.perf_counter() - started)
        scores.append(measures(found, question.relevant))
    table = np.array(scores)
    groups = [q.group for q in questions]
    cells = " | ".join(str(mean(list(table[:, column]), groups)) for column in range(3))
    print(f"| {pack} | {label} | {cells} | {1000 * float(np.median(seconds)):.0f} |", flush=True)
    directions = sorted({q.direction for q in questions})
    if len(directions) > 1:
        parts = []
        for direction in directions:
            own = table[[q.direction == direction for q in questions]]
            parts.append(f"{direction} {own[:, 0].mean():.3f} / {own[:, 1].mean():.3f}")
        print(f"| | S@1 / S@5 by direction | {' · '.join(parts)} | | | |", flush=True)


def measures(found: Sequence[str], relevant: frozenset[str]) -> tuple[float, float, float]:
    """S@1, S@5 and nDCG@10 of a ranking."""
    hits = [article in relevant for article in found]
    gain = sum(hit / np.log2(2 + place) for place, hit in enumerate(hits))
    ideal = sum(1 / np.log2(2 + place) for place in range(min(10, len(relevant))))
    return float(any(hits[:1])), float(any(hits[:5])), gain / ideal


def questions_of(folder: Path) -> Iterator[Question]:
    """The questions of a pack that have a relevant article."""
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, article, *_ = line.split("\t")
        relevant.setdefault(query, set()).add(article)
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["id"] in relevant:
            first = min(relevant[row["id"]])
            # xq-zh-07-3 is a paragraph of article 07, which its questions share.
            group = first.split("-")[2] if first.startswith("xq-") else row["id"]
            direction = f"{row['lang']}→{row['doc_lang']}" if "doc_lang" in row else row["lang"]
            yield Question(
                row["id"], row["text"], row["lang"], direction, frozenset(relevant[row["id"]]), group
            )


def _index(pack: str, chosen: argparse.Namespace, encoder: TextEncoder, settings: Settings) -> Index:
    folder = chosen.work / pack
    build_index(
        chosen.packs / pack / "corpus.jsonl", folder, encoder=lambda: encoder, chunk_size=settings.chunk_size
    )
    return Index.open(folder)


def _generator(settings: Settings) -> Generator | None:
    try:
        return open_generator(settings)
    except ModelError as error:
        print(f"(no translations: {error})")
        return None


def _translations(questions: Sequence[Question], path: Path, generator: Generator) -> dict[str, str | None]:
    known: dict[str, str | None] = {}
    if path.exists():
        known = dict(map(json.loads, path.read_text(encoding="utf-8").splitlines()))
    translator = Translator()
    with path.open("a", encoding="utf-8") as file:
        for question in questions:
            if question.id not in known:
                known[question.id] = translator.translate(question.text, generator)
                file.write(json.dumps([question.id, known[question.id]], ensure_ascii=False) + "\n")
                file.flush()
    return known


def _speed(chosen: argparse.Namespace, encoder: TextEncoder, settings: Settings, reader: Reader) -> None:
    """Search over 10,000 articles of two packs: indexing, size, and milliseconds a question."""
    corpus = chosen.work / "ten-thousand.jsonl"
    lines = [
        line
        for pack in ("xquad-en2zh-big", "rgb-zh")
        for line in (chosen.packs / pack / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    corpus.write_text("\n".join(lines[:10_000]) + "\n", encoding="utf-8")
    folder = chosen.work / "ten-thousand"
    if not folder.exists():
        # What the first pack's index holds already need not be encoded again.
        shutil.copytree(chosen.work / "xquad-en2zh-big", folder)
    build_index(corpus, folder, encoder=lambda: encoder, chunk_size=settings.chunk_size)
    index = Index.open(folder)
    texts = [embedded_text(a, c) for a in index.articles for c in split(a, size=settings.chunk_size)]
    started = time.perf_counter()
    Lexical.build(texts)
    lexical = time.perf_counter() - started
    tokens = sum(encoder.count_tokens(texts))
    sample = texts[:: max(1, len(texts) // 500)]
    started = time.perf_counter()
    encoder.encode_passages(sample, each=lambda row, tokens: None)
    rate = sum(encoder.count_tokens(sample)) / (time.perf_counter() - started)
    sizes = {name: facts["bytes"] / 1e6 for name, facts in index.manifest.files.items()}
    print(f"\n10,000 articles, {len(texts)} chunks, {tokens} tokens; lexical index built in {lexical:.1f} s")
    print(
        f"encoding {rate:.0f} tokens/s, {tokens / rate:.0f} s for all: lexical adds {lexical * rate / tokens:.1%}"
    )
    print("MB: " + ", ".join(f"{name} {size:.1f}" for name, size in sizes.items()))
    for pack in ("xquad-zh2zh-big", "xquad-en2zh-big"):
        seconds = []
        for question in list(questions_of(chosen.packs / pack))[:200]:
            started = time.perf_counter()
            retrieve(Query.of(Analysed.of(question.text), encoder=encoder), index=index, k=5, reader=reader)
            seconds.append(time.perf_counter() - started)
        p50, p95 = np.percentile(np.array(seconds[3:]) * 1000, [50, 95])
        print(
            f"search without translation, {pack}: p50 {p50:.0f} ms, p95 {p95:.0f} ms (n={len(seconds) - 3})"
        )
    rss = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    print(f"memory of this process: {int(rss.split()[1]) / 1024:.0f} MB")


if __name__ == "__main__":
    main()

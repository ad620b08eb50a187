"""How many chunks the reader should judge: S@1 and S@5 on packs of questions.

    python benchmarks/reranking.py --packs ../shared/bench --work /tmp/ragqa-bench --only rgb-zh

Packs and indexes as in benchmarks/retrieval.py. Every question is read once, to the greatest depth; ranks are
then made for each setting. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from retrieval import PACKS, SHARED_CORPUS, _articles, _index, measures, questions_of

from ragqa.models.loading import load_encoder, load_reader
from ragqa.retrieval.query import Query, Question
from ragqa.retrieval.search import judged, rank, read_best
from ragqa.settings import Settings

DEPTHS = (0, 3, 5, 8, 12, 20)


def main() -> None:
    """Print a row for each pack and setting."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--packs", type=Path, required=True)
    arguments.add_argument("--work", type=Path, required=True)
    arguments.add_argument("--only", nargs="*", default=list(PACKS))
    arguments.add_argument("--most", type=int, default=1000, help="questions of a pack, at most")
    chosen = arguments.parse_args()
    settings = Settings.load()
    encoder = load_encoder(settings)
    reader = load_reader(settings)
    print("| pack | read | S@1 | S@5 | ms a question |\n|---|---|---|---|---|")
    for name in chosen.only:
        index = _index(SHARED_CORPUS.get(name, name), chosen, encoder, settings)
        questions = list(questions_of(chosen.packs / name))[: chosen.most]
        queries = [Query.of(Question.of(q.text), encoder=encoder) for q in questions]
        ranked = [rank(query, index=index) for query in queries]
        started = time.perf_counter()
        read = [
            read_best(query, found, index, reader, most=max(DEPTHS))
            for query, found in zip(queries, ranked, strict=True)
        ]
        spent = (time.perf_counter() - started) / len(questions) / max(DEPTHS)
        for depth in DEPTHS:
            scores = [
                measures(_articles(index, judged(found, best[:depth]).rows), question.relevant)
                for question, found, best in zip(questions, ranked, read, strict=True)
            ]
            first, five, _ = np.mean(scores, axis=0)
            print(f"| {name} | {depth} | {first:.3f} | {five:.3f} | {1000 * spent * depth:.0f} |", flush=True)


if __name__ == "__main__":
    main()

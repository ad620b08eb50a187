"""Whether stores answer the packs' questions as files do: the same ten passages and scores, the same quotes.

    python benchmarks/same_answers.py --packs PACKS --pack rgb-zh-refusal --work FOLDER --store postgresql://…

The index of the pack's corpus is built in files below FOLDER, or taken from there, and written to each store as it is.
All questions are ranked; every tenth is also read, and its quotes are compared.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ragqa.index import SearchIndex, open_index, update
from ragqa.index.build import prepare
from ragqa.index.shards import one_by_one
from ragqa.index.targets import writing
from ragqa.models import loading
from ragqa.pipeline import Pipeline
from ragqa.retrieval import Query, Question, retrieve
from ragqa.settings import Settings, StoreAddress
from ragqa.types import Answer

READ = 10


def ranked(index: SearchIndex, queries: Sequence[Query]) -> list[Any]:
    """The ten passages of each question, with their scores."""
    tens = (retrieve(query, index=index, k=10).passages for query in queries)
    return [[(p.article.id, p.chunk.start, p.chunk.end, p.score) for p in ten] for ten in tens]


def answered(settings: Settings, questions: Sequence[str]) -> list[Any]:
    """Status and quotes of each question."""
    pipeline = Pipeline.open(settings)
    return [_told(pipeline.answer(question, use_llm=False)) for question in questions]


def _told(answer: Answer) -> tuple[Any, ...]:
    return answer.status, [(c.article.id, c.start, c.end) for c in answer.citations]


def compared(pack: Path, work: Path, stores: Sequence[str]) -> None:
    """Print a row of the table for each store."""
    files = Settings.load(corpus=pack / "corpus.jsonl", index=work / pack.name, generator="none")
    update(files)
    encoder, index = loading.load_encoder(files), open_index(files.index)
    lines = (pack / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["text"] for line in lines]
    queries = [Query.of(Question.of(text), encoder=encoder) for text in questions]
    tens, quotes = ranked(index, queries), answered(files, questions[::READ])
    for address in map(StoreAddress.of, stores):
        with tempfile.TemporaryDirectory() as side, writing(address, Path(side)) as target:
            made, _ = prepare(
                index.articles, encoder, one_by_one(encoder), index, Path(side), files.chunk_size, (), None
            )
            target.save(made, None, keep=1)
        there = files.model_copy(update={"index": address})
        same = sum(a == b for a, b in zip(tens, ranked(open_index(address), queries), strict=True))
        told = sum(a == b for a, b in zip(quotes, answered(there, questions[::READ]), strict=True))
        print(
            f"| {pack.name} | {address.engine} | {same} of {len(tens)} | {told} of {len(quotes)} |",
            flush=True,
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packs", type=Path, required=True)
    parser.add_argument("--pack", action="append", required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--store", action="append", required=True)
    given = parser.parse_args()
    print("| pack | store | same ten passages and scores | same quotes |\n|---|---|---|---|")
    for name in given.pack:
        compared(given.packs / name, given.work, given.store)


if __name__ == "__main__":
    main()

"""What is answered and what is refused without the language model, on packs of questions and the own gold sets.

    python benchmarks/answers.py --packs FOLDER --work FOLDER [--pack NAME ...]

A pack is a folder of --packs with corpus.jsonl, queries.jsonl and qrels.tsv; *own* and *everyday* are the
project's gold sets. Indexes stay in --work, beside them a file NAME.answers.jsonl with every question, what was
expected and what was shown, to be read by eye. Prints Markdown; intervals are 95 %, by bootstrap over
articles; the figures are those of docs/evaluation.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.evaluation.baselines import baselines
from ragqa.evaluation.gold import Gold, read_gold
from ragqa.evaluation.metrics import MEANS, average, curves, times
from ragqa.evaluation.record import Record, fate
from ragqa.evaluation.runner import record_of
from ragqa.evaluation.statistics import Figure
from ragqa.index.build import build_index
from ragqa.models import graph
from ragqa.models.encoder import TextEncoder
from ragqa.models.loading import LazyGenerator, load_encoder, load_reader
from ragqa.models.reader import Reader
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings

ROOT = Path(__file__).parents[1]
PACKS = ("rgb-zh-refusal", "rgb-en-refusal", "xquad-en2zh-refusal")
# Gold set and corpus of the project's own.
OWN = {
    "own": (ROOT / "gold" / "questions.jsonl", ROOT / "corpus"),
    "everyday": (ROOT / "gold" / "everyday" / "questions.jsonl", ROOT / "gold" / "everyday" / "corpus"),
}
# xq-zh-07-3 is a paragraph of article 07, which its questions share.
CLUSTER = r"^xq-\w+-\d+(?=-)"
COLUMNS = {
    "right": "containment",
    "refused of unanswerable": "refusal_recall",
    "falsely refused": "false_refusal",
    "joint": "joint",
    "ECE": "ece",
    "answer F1": "answer_f1",
    "S@1 of the cited": "citation_first_hit",
    "p50 ms": "total_ms_p50",
    "p95 ms": "total_ms_p95",
}


@dataclass(frozen=True)
class Pack:
    """Questions and the articles that they are asked of."""

    name: str
    questions: Sequence[Gold]
    corpus: Path


def main() -> None:
    """Ask every question of the chosen packs, and print a row of figures for each pack."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packs", type=Path, required=True, help="folder of packs")
    parser.add_argument("--work", type=Path, required=True, help="folder of indexes and answers")
    parser.add_argument("--pack", nargs="+", default=[*PACKS, *OWN], help="names of packs")
    parser.add_argument("--precision", choices=["bf16", "f32"], help="instead of the processor's own")
    chosen = parser.parse_args()
    if chosen.precision:
        graph._precision = lambda: chosen.precision
    settings = Settings.load(generator="none")
    encoder = load_encoder(settings)
    reader = load_reader(settings)
    print(f"| pack | n | {' | '.join(COLUMNS)} | top passage, joint |")
    print(f"|---|---|{'---|' * (len(COLUMNS) + 1)}")
    for name in chosen.pack:
        pack = pack_of(name, chosen.packs)
        pipeline = opened(pack, chosen.work / name, settings, encoder, reader)
        records = [asked(question, pipeline) for question in pack.questions]
        lines = [json.dumps(shown(record), ensure_ascii=False) for record in records]
        (chosen.work / f"{name}.answers.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(row(name, records), flush=True)


def pack_of(name: str, packs: Path) -> Pack:
    """A pack of this folder, or one of the project's own gold sets."""
    if name in OWN:
        path, corpus = OWN[name]
        return Pack(name, read_gold(path).questions, corpus)
    gold = read_gold(packs / name, cluster=CLUSTER)
    return Pack(name, gold.questions, packs / name / "corpus.jsonl")


def opened(pack: Pack, folder: Path, settings: Settings, encoder: TextEncoder, reader: Reader) -> Pipeline:
    """A pipeline over the pack's index; what is indexed already is not encoded again."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    build_index(pack.corpus, folder, encoder=lambda: encoder, chunk_size=settings.chunk_size)
    own = settings.model_copy(update={"corpus": pack.corpus, "index": folder})
    pipeline = Pipeline(own, encoder=encoder, generator=LazyGenerator(own), reader=reader)
    # The first question opens the index and warms the models.
    pipeline.answer("who was it?", use_llm=False)
    return pipeline


def asked(question: Gold, pipeline: Pipeline) -> Record:
    """The record of a question that was answered without the language model."""
    answer = pipeline.answer(question.question, use_llm=False)
    ranked = list(dict.fromkeys(passage.article.id for passage in answer.passages))
    return record_of(question, pipeline, ranked=ranked, answer=answer)


def row(name: str, records: Sequence[Record]) -> str:
    """A pack's figures as a row of the table."""
    means = {name: average(records, name) for name in COLUMNS.values() if name in MEANS}
    found = means | curves(records) | times(records)
    cells = [_cell(found, metric) for metric in COLUMNS.values()]
    return f"| {name} | {len(records)} | {' | '.join(cells)} | {_cell(baselines(records)['top_passage'], 'joint')} |"


def _cell(found: Mapping[str, Figure | None], metric: str) -> str:
    figure = found.get(metric)
    if figure is None:
        return "-"
    digits = 0 if "_ms_" in metric else 2
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f}-{figure.high:.{digits}f})"


def shown(record: Record) -> dict[str, Any]:
    """What is read by eye of a question: what was expected, what was shown, and why."""
    answer = record.answer or {}
    quotes = [
        {"article_id": c["article_id"], "title": c["title"], "quote": c["quote"]} for c in record.citations
    ]
    passages = [
        {"article_id": p["article_id"], "reader": p["reader"], "title": p["title"], "text": p["text"]}
        for p in answer["passages"]
    ]
    return {
        "id": record.id,
        "question": record.question,
        "expected": record.answers if record.answerable else None,
        "fate": fate(record),
        "right": record.done_right,
        "status": record.status,
        "answers": record.short,
        "quotes": quotes,
        "relevant": record.relevant,
        "note": answer["note"],
        "confidence": answer["confidence"],
        "timings_ms": answer["timings_ms"],
        "passages": passages,
    }


if __name__ == "__main__":
    main()

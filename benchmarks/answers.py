"""What the default system answers, cites and refuses on packs of questions, and how long it takes.

Run: python benchmarks/answers.py PACK[:n]… --packs BENCH [--work DIR]. Every question is answered with nothing
refused by its confidence and recorded in DIR/PACK.run: stop and start again as you like. The figures of
docs/evaluation.md are then made at the weights and the threshold of now, so that benchmarks/refusing.py can
fit others on the same records.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from ragqa.building import build_index
from ragqa.confidence import confidence
from ragqa.evaluation import Record
from ragqa.gold import read_gold
from ragqa.loading import load_encoder
from ragqa.measuring import identity, measure, open_run, sample
from ragqa.pipeline import Pipeline
from ragqa.report import report_json, report_text
from ragqa.settings import Settings


def main() -> None:
    """Answer what is not answered yet, then print the figures of each pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack", nargs="+", help="name of a pack; :n takes n of its questions")
    parser.add_argument("--packs", type=Path, required=True, help="folder of packs")
    parser.add_argument("--work", type=Path, default=Path("runs/packs"), help="indexes and records")
    chosen = parser.parse_args()
    threshold = Settings.load().refuse_below
    for spec in chosen.pack:
        pack, _, most = spec.partition(":")
        started = time.monotonic()
        run, records = _records(chosen.packs / pack, chosen.work / pack, int(most) if most else None)
        records = [at_threshold(record, threshold) for record in records]
        print(report_text(report_json(run, records, seconds=time.monotonic() - started)), flush=True)


def _records(pack: Path, work: Path, most: int | None) -> tuple[dict[str, object], list[Record]]:
    gold = read_gold(pack)
    gold = sample(gold, most) if most else gold
    settings = Settings.load(corpus=gold.corpus, index=work, refuse_below=0.0)
    encoder = load_encoder(settings)
    build_index(settings.corpus, work, encoder=lambda: encoder, chunk_size=settings.chunk_size)
    pipeline = Pipeline.open(settings)
    pipeline.answer("who was it?")
    run = identity(gold, pipeline, mode="full")
    folder = work.with_suffix(".run")
    return run, measure(gold, pipeline, folder, open_run(folder, run, fresh=False), mode="full")


def at_threshold(record: Record, threshold: float) -> Record:
    """A record as it would be with this threshold and the weights of now."""
    answer = dict(record.answer or {})
    sure = confidence(answer["signs"]) if "score" in answer["signs"] else 0.0
    answer["confidence"] = 0.0 if answer["status"] == "not_found" else sure
    if answer["status"] == "not_found" or sure >= threshold:
        return record.model_copy(update={"answer": answer})
    answer |= {"status": "not_found", "statements": [], "citations": []}
    return record.model_copy(update={"answer": answer, "judged": []})


if __name__ == "__main__":
    main()

"""Evaluate a gold set from the first question to the report, for the command line and the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ragqa.errors import GoldError
from ragqa.evaluation import runner
from ragqa.evaluation.gold import GoldSet, read_gold
from ragqa.evaluation.record import Record
from ragqa.evaluation.report import report_json, write_report
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings


def prepare(
    gold: GoldSet, pipeline: Pipeline, *, mode: runner.Mode, out: Path | None = None, fresh: bool = False
) -> tuple[dict[str, Any], Path, list[Record]]:
    """The identity of a run, its folder (below runs/ by default), and the records that it already has."""
    this = runner.identity(gold, pipeline, mode=mode)
    folder = out or pipeline.settings.runs / f"{gold.path.stem}.{this['mode']}.{this['key']}"
    return this, folder, runner.open_run(folder, this, fresh=fresh)


def quick(settings: Settings, progress: Callable[[int, int], None]) -> Path:
    """Measure the gold set of the settings without the language model; the folder. Raises RagqaError.

    It opens a pipeline of its own, so that questions do not wait for its batches.
    """
    started = time.monotonic()
    gold = read_gold(settings.gold)
    if gold.corpus:
        raise GoldError(f"{gold.path} brings its own corpus; run: ragqa evaluate {gold.path} --no-llm")
    pipeline = Pipeline.open(settings)
    run, folder, known = prepare(gold, pipeline, mode="no-llm")
    records = runner.measure(gold, pipeline, folder, known, mode="no-llm", progress=progress)
    write_report(folder, report_json(run, records, seconds=time.monotonic() - started), records)
    return folder

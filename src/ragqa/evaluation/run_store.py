"""List stored runs for the page; their names and contents are not trusted."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ragqa.evaluation.statistics import Figure
from ragqa.settings import Settings

# What a run is judged by first, as words.json names it.
SHOWN = ("joint", "containment", "refusal_recall", "false_refusal")
REPORT, PAGE = "report.json", "report.html"
_LISTED = 50


@dataclass(frozen=True, slots=True)
class Run:
    """A finished evaluation: its folder's name, what was asked how and when, the figures shown."""

    name: str
    gold: str
    mode: str
    questions: int
    when: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class RunList:
    """The gold set that the page can evaluate, and the stored runs; ``command`` is the full evaluation."""

    gold: str
    missing: bool
    command: str
    runs: Sequence[Run] = ()


def run_list(settings: Settings) -> RunList:
    """The gold set and the runs of these settings."""
    command = ["ragqa", "evaluate", str(settings.gold)]
    for name in ("corpus", "index"):
        if getattr(settings, name) != type(settings).model_fields[name].default:
            command += [f"--{name}", str(getattr(settings, name))]
    runs = sorted(_runs(settings.runs), key=lambda run: (run.when, run.name), reverse=True)
    return RunList(str(settings.gold), not settings.gold.exists(), shlex.join(command), runs[:_LISTED])


def report(folder: Path, name: str) -> bytes | None:
    """The page of a run below ``folder``; None where there is none, or a link leads to it."""
    path = _inside(folder, name, PAGE)
    return path.read_bytes() if path else None


def _inside(folder: Path, name: str, file: str) -> Path | None:
    """A file of a run's folder, if no part of the way below ``folder`` is a link."""
    if not name.isprintable() or name.startswith(".") or any(c in name for c in "/\\:"):
        return None
    path = Path(os.path.realpath(folder)) / name / file
    return path if Path(os.path.realpath(path)) == path and path.is_file() else None


def _runs(folder: Path) -> Iterator[Run]:
    for entry in folder.iterdir() if folder.is_dir() else ():
        path = _inside(folder, entry.name, REPORT)
        if path is None:
            continue
        try:
            written = datetime.fromtimestamp(path.stat().st_mtime).isoformat(" ", "minutes")
            yield _run(entry.name, json.loads(path.read_text(encoding="utf-8")), written)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # half written, or no report of ours


def _run(name: str, document: Mapping[str, Any], when: str) -> Run:
    metrics = document["metrics"]
    figures = {key: Figure(**metrics[key]) for key in SHOWN if key in metrics}
    gold, mode = str(document["gold"]), str(document["mode"])
    return Run(name, gold, mode, int(document["questions"]), when, figures)

"""Fits the probability that the corpus answers, on records kept by benchmarks/answers.py.

Run: python benchmarks/refusing.py RECORDS.jsonl…. Prints the area under the curve of each sign, then the
weights for src/ragqa/confidence.py with cross-validated figures (5 folds, every question
counts the same, both classes alike).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from ragqa.evaluation import Record

SIGNS = (
    ("score", "crosses", "english", "long"),
    ("score", "crosses", "english", "long", "willing"),
    ("score", "crosses", "english", "long", "checked"),
    ("score", "crosses", "english", "long", "willing", "checked"),
)


def main() -> None:
    """Print the table."""
    packs = {Path(name).parent.stem: _rows(Path(name)) for name in sys.argv[1:]}
    for name, rows in packs.items():
        truth = [r["answerable"] for r in rows]
        areas = [f"{s} {_area(truth, [r['signs'][s] for r in rows])}" for s in SIGNS[-1]]
        print(f"{name}: n {len(rows)}, AUROC of {', '.join(areas)}")
    everything = [row for rows in packs.values() for row in rows]
    truth = np.array([r["answerable"] for r in everything])
    for signs in SIGNS:
        values = np.array([[r["signs"][s] for s in signs] for r in everything])
        model = LogisticRegression(C=100.0, max_iter=5000, class_weight="balanced")
        folds = StratifiedKFold(5, shuffle=True, random_state=0)
        held_out = cross_val_predict(model, values, truth, cv=folds, method="predict_proba")[:, 1]
        model.fit(values, truth)
        weights = dict(zip(("", *signs), [*model.intercept_, *model.coef_[0]], strict=True))
        print()
        print({name: round(float(value), 2) for name, value in weights.items()})
        at = 0
        for name, rows in packs.items():
            part = slice(at, at + len(rows))
            at += len(rows)
            print(f"  {name}: {_figures(truth[part], held_out[part])}")


def _rows(path: Path) -> list[dict[str, Any]]:
    """Rows in which the model was asked: what no name or kind had refused before."""
    records = [Record.model_validate_json(line) for line in path.open(encoding="utf-8")]
    rows = [{"answerable": r.answerable, "signs": r.answer["signs"]} for r in records if r.answer]
    return [row for row in rows if SIGNS[-1][-1] in row["signs"]]


def _figures(truth: np.ndarray, chance: np.ndarray) -> str:
    """Cross-validated area, Brier score, and recall of refusals at several thresholds."""
    cuts = " ".join(
        f"{cut}: {np.mean(chance[~truth] < cut):.2f}/{np.mean(chance[truth] < cut):.2f}"
        for cut in (0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
    )
    brier = brier_score_loss(truth, chance)
    return f"AUROC {_area(truth, chance)}, Brier {brier:.3f}, refused unanswerable/answerable at {cuts}"


def _area(truth: Sequence[bool] | np.ndarray, values: Sequence[float] | np.ndarray) -> str:
    return f"{roc_auc_score(truth, values):.3f}" if len(set(truth)) > 1 else "-"


if __name__ == "__main__":
    main()

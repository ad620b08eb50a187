"""On the real encoder: verdicts tell true statements from altered ones."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from real import ROOT, benchmark, needs_models

from ragqa.loading import load_encoder
from ragqa.settings import Settings

pytestmark = needs_models
PACKS = ROOT.parent / "shared" / "bench"


@pytest.mark.skipif(not PACKS.is_dir(), reason=f"the development packs are not in {PACKS}")
@pytest.mark.parametrize(
    ("pack", "way", "sensitivity", "specificity"),
    [
        ("judge-uhgeval-zh", ("zh", "zh"), 0.80, 0.80),
        ("judge-xquad-xling", ("en", "zh"), 0.85, 0.80),
        ("judge-xquad-xling", ("zh", "en"), 0.92, 0.80),
    ],
)
def test_verdicts_tell_held_statements_from_altered_ones(
    pack: str, way: tuple[str, str], sensitivity: float, specificity: float
) -> None:
    judging, encoder = benchmark("judging"), load_encoder(Settings.load())
    counts: Counter[tuple[bool, bool]] = Counter()
    for line in (PACKS / pack / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        if pair.get("kind") == "verbatim" or judging.way(pair) != way:
            continue
        verdict = judging.verdict_of(pair["premise"], pair["hypothesis"], encoder)
        counts[bool(pair["label"]), verdict != "unsupported"] += 1
    assert counts[True, True] / (counts[True, True] + counts[True, False]) >= sensitivity
    assert counts[False, False] / (counts[False, True] + counts[False, False]) >= specificity

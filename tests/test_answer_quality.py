"""On the real reader: the judge of citations is as good as its rates say."""

from __future__ import annotations

import pytest
from support.real import ROOT, benchmark, needs_models

from ragqa.evaluation.citation_judge import JUDGE_RATES
from ragqa.models.loading import load_reader
from ragqa.models.reader import FILE
from ragqa.settings import Settings

pytestmark = [
    *needs_models,
    pytest.mark.reliability,
    pytest.mark.skipif(not FILE.is_file(), reason=f"the reader's weights are not in {FILE}"),
]
PACKS = ROOT.parent / "shared" / "bench"
# What a rate may have lost since it was written down.
LOST = 0.03


@pytest.mark.skipif(not PACKS.is_dir(), reason=f"the development packs are not in {PACKS}")
@pytest.mark.parametrize("pack", ["judge-uhgeval-zh", "judge-xquad-xling"])
def test_the_judge_is_as_good_as_its_rates_say(pack: str) -> None:
    judging = benchmark("judging")
    counts = judging.count(PACKS, [pack], load_reader(Settings.load()))
    assert counts
    for way, found in counts.items():
        (held, true), (refused, false) = judging.rates(found, {"supported"})
        sensitivity, specificity = held / true, refused / false
        known = JUDGE_RATES[way]
        assert sensitivity >= known[0] - LOST, way
        assert specificity >= known[1] - LOST, way

"""The rates of the judge of citations, on pairs that can be worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.fakes import WordReader
from support.real import benchmark

judging = benchmark("judging")
PREMISE = "航道里的沙太多了。灯塔的灯坏了。工人正在罢工。"
PAIRS = (
    {"premise": PREMISE, "hypothesis": "沙多，灯坏了。", "label": 1, "kind": "headline"},
    {"premise": PREMISE, "hypothesis": "有人在罢工。", "label": 1, "kind": "headline"},
    {"premise": PREMISE, "hypothesis": "图书馆搬走了。", "label": 1, "kind": "headline"},
    {"premise": PREMISE, "hypothesis": "沙有12米。", "label": 0, "kind": "num"},
    {"premise": PREMISE, "hypothesis": "灯没有坏。", "label": 0, "kind": "gen"},
    {"premise": PREMISE, "hypothesis": "工人正在罢工。", "label": 1, "kind": "verbatim"},
    {"premise": PREMISE, "hypothesis": "There is sand.", "label": 1, "premise_lang": "zh", "hyp_lang": "en"},
    {"premise": PREMISE, "hypothesis": "A bicycle.", "label": 0, "premise_lang": "zh", "hyp_lang": "en"},
    {"premise": PREMISE, "hypothesis": "工人正在罢工。", "label": 1, "premise_lang": "zh", "hyp_lang": "zh"},
)


def test_rates_are_printed_by_languages_and_as_the_code_has_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pack").mkdir()
    lines = "".join(json.dumps(pair) + "\n" for pair in PAIRS)
    (tmp_path / "pack" / "pairs.jsonl").write_text(lines, encoding="utf-8")
    counts = judging.count(tmp_path, ["pack"], WordReader())
    assert counts == {
        ("zh", "zh"): {(True, "supported"): 2, (True, "unsupported"): 1, (False, "unsupported"): 1, (False, "partly"): 1},
        ("zh", "en"): {(True, "supported"): 1, (False, "unsupported"): 1},
    }  # fmt: skip
    judging.print_rates(counts)
    out = capsys.readouterr().out
    assert "| zh→zh | 5 | 0.67 (0.21-0.94), 1.00 (0.34-1.00) | 0.67 (0.21-0.94), 0.50 (0.09-0.91) |" in out
    assert '    ("zh", "en"): (1.00, 1.00),\n    ("zh", "zh"): (0.67, 1.00),\n}\n' in out

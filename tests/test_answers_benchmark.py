"""The table of answers and refusals, on a pack that can be worked out by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from support.house import WHY, House
from support.real import ROOT, benchmark

answers = benchmark("answers")
QUERIES: tuple[dict[str, Any], ...] = (
    {"id": "q1", "text": WHY, "lang": "zh", "answers": ["三个原因"], "answerable": True, "answer_groups": []},
    {"id": "q2", "text": "哪里的沙太多了？", "lang": "zh", "answers": ["海滩"], "answerable": True},
    {"id": "q3", "text": "谁会飞？", "lang": "zh", "answers": ["鸟"], "answerable": True},
    {"id": "q4", "text": "谁住在火星？", "lang": "zh", "answers": [], "answerable": False, "removed_doc": "xq-zh-07-2"},
)  # fmt: skip
TEXT = "港口停航有三个原因。航道里的沙太多了。鸟会飞。"
CORPUS = {"id": "xq-zh-07-1", "title": "", "text": TEXT, "lang": "zh"}


def write_pack(folder: Path) -> Path:
    """The pack, in a folder of packs."""
    (folder / "packs" / "pack").mkdir(parents=True)
    files = {"corpus.jsonl": [CORPUS], "queries.jsonl": QUERIES}
    for name, rows in files.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "packs" / "pack" / name).write_text(text, encoding="utf-8")
    labels = "".join(f"{query['id']}\txq-zh-07-1\t1\n" for query in QUERIES[:3])
    (folder / "packs" / "pack" / "qrels.tsv").write_text(labels, encoding="utf-8")
    return folder / "packs"


def test_a_pack_is_a_row_and_a_file_to_read(
    house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packs, work = write_pack(house.folder), house.folder / "work"
    monkeypatch.setattr(answers, "load_encoder", lambda settings: house.encoder)
    monkeypatch.setattr(answers, "load_reader", lambda settings: house.reader)
    monkeypatch.setattr(
        sys, "argv", ["answers.py", "--packs", str(packs), "--work", str(work), "--pack", "pack"]
    )
    answers.main()
    head, rule, row = capsys.readouterr().out.splitlines()
    assert head.count("|") == rule.count("|") == row.count("|") == 13
    cells = [cell.split(" ")[0] for cell in row.strip("| ").split(" | ")]
    assert cells[:6] == ["pack", "4", "0.33", "1.00", "0.33", "0.50"]
    assert cells[7:9] == ["0.62", "1.00"]
    assert cells[11:] == ["0.50"]
    found = [
        json.loads(line) for line in (work / "pack.answers.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [(line["id"], line["status"], line["fate"], line["right"]) for line in found] == [
        ("q1", "answered", "right", True),
        ("q2", "possible", "not found", False),
        ("q3", "not_found", "refused", False),
        ("q4", "not_found", "rightly refused", True),
    ]
    assert (found[0]["answers"], found[0]["expected"]) == (["港口停航有三个原因"], [["三个原因"]])
    assert found[0]["quotes"][0]["quote"] == "港口停航有三个原因。"
    assert found[3]["expected"] is None


def test_what_is_indexed_is_not_encoded_again(house: House) -> None:
    pack = answers.pack_of("pack", write_pack(house.folder))
    counts = []
    for _ in range(2):
        answers.opened(pack, house.folder / "work" / "pack", house.settings, house.encoder, house.reader)
        counts.append(len(house.encoder.passages))
    assert counts[0] == counts[1]


def test_questions_to_paragraphs_of_one_article_are_resampled_together(tmp_path: Path) -> None:
    assert {q.group for q in answers.pack_of("pack", write_pack(tmp_path)).questions} == {"xq-zh-07"}


@pytest.mark.parametrize("name", ["own", "everyday"])
def test_the_projects_own_gold_sets_are_packs_too(name: str) -> None:
    pack = answers.pack_of(name, Path("nowhere"))
    assert pack.questions
    assert pack.corpus.is_dir()
    assert pack.corpus.is_relative_to(ROOT)

"""Answers that readers judged: kept, waiting, accepted or dropped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.asked import record

from ragqa.errors import GoldError
from ragqa.evaluation.feedback import accept, drop, keep, pending, shown
from ragqa.evaluation.gold import Gold, read_gold

QUOTE = "航道里的沙太多了。"


def answer(question: str = "航道怎么了？", said: str | None = "沙太多了。") -> dict[str, Any]:
    document = record(question=question, said=said, quote=QUOTE if said else "").answer
    assert document is not None
    return document


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gold" / "candidates.jsonl"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    return tmp_path / "gold" / "questions.jsonl"


def kept(path: Path, *questions: str) -> list[dict[str, Any]]:
    for question in questions or ("航道怎么了？",):
        keep(path, answer(question), good=True)
    return pending(path)


# --- kept ------------------------------------------------------------------------------------


def test_what_a_reader_judged_waits_with_its_quotes(path: Path) -> None:
    keep(path, answer(), good=False, comment="漏了灯")
    (row,) = pending(path)
    assert row.pop("kept")[:2] == "20"
    assert row == {
        "schema": "ragqa.candidate/1", "good": False, "comment": "漏了灯", "question": "航道怎么了？", "language": "zh",
        "status": "answered", "text": "沙太多了[1]。", "citations": [{"article_id": "harbour.md", "quote": QUOTE}],
    }  # fmt: skip


@pytest.mark.parametrize("strange", ["一行\u2028两行", "a\x85b", "a\nb\x0cc"])
def test_a_text_with_strange_line_breaks_is_one_candidate(path: Path, strange: str) -> None:
    keep(path, answer(), good=True, comment=strange)
    assert [row["comment"] for row in pending(path)] == [strange]


@pytest.mark.parametrize("line", [b"{", b"\xff"])
def test_a_damaged_line_is_named(path: Path, line: bytes) -> None:
    kept(path)
    path.write_bytes(path.read_bytes() + b"\n" + line + b"\n")
    with pytest.raises(GoldError, match=r"candidates\.jsonl, line 3: it is no JSON; mend or delete the line"):
        pending(path)


def test_who_decides_sees_question_answer_judgement_and_quotes(path: Path) -> None:
    keep(path, answer(), good=False, comment="漏了灯")
    (row,) = pending(path)
    assert shown(row) == (
        f"航道怎么了？\n\n沙太多了[1]。\n\n(bad, {row['kept']})\n漏了灯\n  harbour.md: {QUOTE}"
    )
    keep(path, answer(), good=True)
    assert shown(pending(path)[1]).splitlines()[-2].startswith("(good, ")


# --- accepted --------------------------------------------------------------------------------


def test_an_accepted_candidate_is_a_gold_question(path: Path, gold: Path) -> None:
    (row,) = kept(path)
    assert accept(row, gold, " 沙 | sand ; 航道 ; ") == "use-1"
    (question,) = read_gold(gold).questions
    assert question == Gold(
        "use-1", "航道怎么了？", "zh", True, (("沙", "sand"), ("航道",)), question.evidence,
        ("harbour.md",), ("from-use",), "harbour.md",
    )  # fmt: skip
    assert [(e.article_id, e.quote) for e in question.evidence] == [("harbour.md", QUOTE)]


def test_a_question_without_an_answer_is_accepted_as_such(path: Path, gold: Path) -> None:
    (row,) = kept(path)
    accept(row, gold, None)
    (question,) = read_gold(gold).questions
    assert (question.answerable, question.answers, question.evidence) == (False, (), ())
    assert question.tags == ("from-use", "unanswerable")


def test_what_a_gold_set_holds_stays_and_ids_are_its_own(path: Path, gold: Path) -> None:
    first, second = kept(path, "甲？", "乙？")
    before = '{"id": "use-2", "question": "旧？", "answers": [["旧"]]}'
    gold.write_text(before, encoding="utf-8")  # no line break at its end
    assert accept(first, gold, "甲") == "use-3"
    assert accept(second, gold, "乙") == "use-4"
    assert gold.read_text(encoding="utf-8").startswith(f"{before}\n")
    assert [q.id for q in read_gold(gold).questions] == ["use-2", "use-3", "use-4"]


def test_a_gold_set_may_be_new_in_a_new_folder(path: Path, tmp_path: Path) -> None:
    accept(kept(path)[0], tmp_path / "new" / "set.jsonl", "沙")
    assert len(read_gold(tmp_path / "new" / "set.jsonl").questions) == 1


def test_a_question_that_is_gold_already_is_not_added_again(path: Path, gold: Path) -> None:
    (row,) = kept(path)
    accept(row, gold, "沙")
    before = gold.read_bytes()
    with pytest.raises(GoldError, match="holds the question “航道怎么了？” already; reject it"):
        accept(row, gold, None)
    assert gold.read_bytes() == before


@pytest.mark.parametrize("words", ["", " ; | "])
def test_a_right_answer_needs_words(path: Path, gold: Path, words: str) -> None:
    with pytest.raises(GoldError, match="needs words to be known by; nothing was added"):
        accept(kept(path)[0], gold, words)
    assert not gold.exists()


# --- dropped ---------------------------------------------------------------------------------


def test_a_decided_candidate_is_dropped_and_what_came_meanwhile_stays(path: Path) -> None:
    first, second = kept(path, "甲？", "乙？")
    keep(path, answer("丙？"), good=True)  # while the second is looked at
    drop(path, second)
    assert [row["question"] for row in pending(path)] == ["甲？", "丙？"]
    drop(path, first)
    assert [row["question"] for row in pending(path)] == ["丙？"]


def test_dropping_leaves_lines_that_are_json(path: Path) -> None:
    first, _ = kept(path, "甲？", "乙\u2028丙？")
    drop(path, first)
    (line,) = path.read_bytes().splitlines()
    assert json.loads(line)["question"] == "乙\u2028丙？"

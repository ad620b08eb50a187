"""What the command line reads and writes: batches, readable answers, progress for logs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ragqa.cli.console import answer_text, bar, passages_text, read_batch
from ragqa.errors import CorpusError

Line = tuple[str | None, str | None, str]


def read(tmp_path: Path, data: str | bytes) -> list[Line]:
    path = tmp_path / "batch.jsonl"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return list(read_batch(path))


# --- batches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"id": "q1", "question": "谁？"}', ("q1", "谁？", "")),
        ('{"_id": "q1", "text": "Who?"}', ("q1", "Who?", "")),
        ('{"id": "q1", "_id": "x", "question": "Who?", "text": "What?"}', ("q1", "Who?", "")),
        ('{"question": "Who?"}', (None, "Who?", "")),
        ('{"id": null, "question": "Who?"}', (None, "Who?", "")),
        ('{"id": "", "question": " Who? "}', ("", " Who? ", "")),
    ],
)
def test_a_line_is_an_id_and_a_question(tmp_path: Path, line: str, expected: Line) -> None:
    assert read(tmp_path, line) == [expected]


@pytest.mark.parametrize(
    ("line", "identity", "error"),
    [
        ("{", None, "line 1: Expecting property name"),
        ("谁？", None, "line 1: Expecting value"),
        ("[1]", None, "line 1: it is no JSON object"),
        ('"who"', None, "line 1: it is no JSON object"),
        ('{"id": "q1"}', "q1", 'line 1: it has no "question"'),
        ('{"id": "q1", "question": "  "}', "q1", 'line 1: it has no "question"'),
        ('{"id": "q1", "question": 7}', "q1", 'line 1: it has no "question"'),
        ('{"_id": "q1", "question": null, "text": "Who?"}', "q1", 'line 1: it has no "question"'),
        (b'{"question": "\xff"}', None, "line 1: 'utf-8' codec can't decode"),
        ("[" * 100_000, None, "line 1: "),
    ],
)
def test_a_bad_line_gives_its_error_and_the_next_is_read(
    tmp_path: Path, line: str | bytes, identity: str | None, error: str
) -> None:
    raw = line if isinstance(line, bytes) else line.encode()
    bad, good = read(tmp_path, raw + b'\n{"id": "q2", "question": "Who?"}\n')
    assert bad[:2] == (identity, None)
    assert bad[2].startswith(error)
    assert good == ("q2", "Who?", "")


def test_blank_lines_are_passed_over_but_counted(tmp_path: Path) -> None:
    assert read(tmp_path, '\n  \r\n{"question": "Who?"}\r\n\n[]\n') == [
        (None, "Who?", ""),
        (None, None, "line 5: it is no JSON object"),
    ]
    assert read(tmp_path, "") == []


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert read(tmp_path, b'\xef\xbb\xbf{"question": "Who?"}\n') == [(None, "Who?", "")]


def test_a_dash_is_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO('{"question": "谁？"}\n'.encode())))
    assert list(read_batch(Path("-"))) == [(None, "谁？", "")]


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"the batch file .*gone\.jsonl does not exist"):
        list(read_batch(tmp_path / "gone.jsonl"))


# --- texts -----------------------------------------------------------------------------------

PASSAGE: dict[str, Any] = {
    "rank": 1, "title": "题目", "published": None, "article_id": "a.md", "score": 0.87654, "text": "甲来了。\n 乙走了。",
}  # fmt: skip
QUOTE: dict[str, Any] = {"kind": "quote", "text": "甲来了。", "citations": [1], "translation": None}
WRITTEN: dict[str, Any] = {"kind": "written", "text": "来的是甲。", "citations": [1], "translation": None}
ANSWER: dict[str, Any] = {
    "question": "谁？", "asked": "谁？", "cached": False, "language": "zh", "note": "", "status": "answered",
    "answers": [{"text": "甲", "citation": 1}], "statements": [QUOTE], "passages": [PASSAGE],
    "citations": [
        {"marker": 1, "title": "题目", "author": None, "published": None, "article_id": "a.md", "quote": "甲来了。"}
    ],
}  # fmt: skip


def test_short_answers_then_quotes_then_references() -> None:
    assert answer_text(ANSWER) == "甲\n\n甲来了。 [1]\n\n[1] 题目 · a.md"


def test_a_reference_names_the_author() -> None:
    citation = {**ANSWER["citations"][0], "author": "闻笙", "published": "2024-03-05"}
    assert answer_text({**ANSWER, "citations": [citation]}).endswith("[1] 题目 · 闻笙 · 2024-03-05 · a.md")


@pytest.mark.parametrize(
    ("short", "shown"),
    [(["甲", "乙"], "甲 · 乙"), (["甲", "乙", "甲"], "甲 · 乙"), (["甲", "乙", "丙"], "甲\n乙\n丙")],
)
def test_short_answers_stand_on_one_line_or_on_lines_of_their_own(short: list[str], shown: str) -> None:
    answers = [{"text": text, "citation": 1} for text in short]
    assert answer_text({**ANSWER, "answers": answers}).startswith(f"{shown}\n\n甲来了。 [1]\n\n")


@pytest.mark.parametrize(
    ("language", "below"), [("en", "(machine translation) Jia came."), ("zh", "（机器翻译）Jia came.")]
)
def test_a_translation_stands_under_its_quote(language: str, below: str) -> None:
    translated = {**QUOTE, "translation": "Jia came."}
    shown = answer_text({**ANSWER, "language": language, "statements": [translated, QUOTE]})
    assert f"\n\n甲来了。 [1]\n    {below}\n\n甲来了。 [1]\n\n" in shown


def test_what_a_language_model_wrote_stands_above_the_quotes_under_a_label() -> None:
    shown = answer_text({**ANSWER, "statements": [WRITTEN, QUOTE]})
    assert shown.split("\n\n")[1:3] == [
        "以下由语言模型撰写，逐句经引文核对：\n来的是甲。 [1]",
        "甲来了。 [1]",
    ]


def test_a_note_stands_below_the_quotes_and_above_what_may_answer() -> None:
    assert answer_text({**ANSWER, "note": "注"}) == "甲\n\n甲来了。 [1]\n\n(注)\n\n[1] 题目 · a.md"
    possible = {**ANSWER, "status": "possible", "answers": [], "note": "注"}
    assert answer_text(possible) == "注\n\n甲来了。 [1]\n\n[1] 题目 · a.md"


def test_a_follow_up_stands_above_as_it_was_taken_and_an_old_answer_says_so() -> None:
    shown = answer_text({**ANSWER, "asked": "他呢？", "cached": True, "citations": []})
    assert shown == "(谁？)\n\n甲\n\n甲来了。 [1]\n\n(同一索引先前的回答)"


def test_a_refusal_is_followed_by_the_nearest_passages() -> None:
    nothing: dict[str, Any] = {"answers": [], "statements": [], "citations": []}
    refused = {**ANSWER, "note": "没有", "status": "not_found", **nothing}
    assert answer_text(refused) == "没有\n\n1. 题目 · no date · a.md · 0.877\n   甲来了。 乙走了。"


def test_passages_are_paragraphs() -> None:
    second = {**PASSAGE, "rank": 2, "published": "2024-05", "score": 0.5, "text": "丙。"}
    assert passages_text([PASSAGE, second]).split("\n\n")[1] == "2. 题目 · 2024-05 · a.md · 0.500\n   丙。"
    assert passages_text([]) == ""


def test_copies_and_signals_stand_below_their_passage() -> None:
    signals = {"dense": {"value": 0.35, "points": 0.175}, "late": {"value": -0.02, "points": -0.01}}
    explained = {**PASSAGE, "also_in": ["b.md", "c.md"], "signals": signals}
    assert passages_text([explained, {**PASSAGE, "also_in": [], "signals": {}}]).split("\n\n") == [
        f"{passages_text([PASSAGE])}\n   also in: b.md, c.md\n   why: 0.5 dense 0.350 (+0.175), late -0.020 (-0.010)",
        passages_text([PASSAGE]),
    ]


# --- progress --------------------------------------------------------------------------------


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_a_log_gets_a_line_at_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("encoding", unit="chunks", quiet=False) as progress:
        for done in range(101):
            progress(done, 100)
    assert told(capsys) == [f"encoding: {10 * tenth} of 100 chunks" for tenth in range(11)]


def test_bytes_are_told_in_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("pulling", unit="bytes", quiet=False) as progress:
        progress(400_000_000, 800_000_000)
    assert told(capsys) == ["pulling: 400 of 800 MB"]


def test_nothing_to_do_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("encoding", unit="chunks", quiet=False) as progress:
        progress(0, 0)
    assert told(capsys) == ["encoding: 0 of 0 chunks"]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("encoding", unit="chunks", quiet=True) as progress:
        progress(5, 10)
    assert told(capsys) == []


def test_a_terminal_gets_a_bar_on_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with bar("encoding", unit="chunks", quiet=False) as progress:
        progress(5, 10)
    assert any("encoding" in line and "5/10" in line for line in told(capsys))


# --- speed, time left, giving way -------------------------------------------------------------


def test_progress_for_logs_tells_speed_and_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: False)
    now = iter([0.0, 30.0, 60.0])
    monkeypatch.setattr("ragqa.cli.console.time", SimpleNamespace(monotonic=lambda: next(now)))
    with bar("encoding", unit="chunks", quiet=False) as progress:
        progress(50, 200, 1234.5)
        progress(51, 200, 1300.0)
        progress(200, 200, 1400.0)
    assert capsys.readouterr().err.splitlines() == [
        "encoding: 50 of 200 chunks, 1,234 tokens a second, 90 s left",
        "encoding: 200 of 200 chunks, 1,400 tokens a second",
    ]


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="this system has no priorities of processes")
@pytest.mark.parametrize(("before", "wanted", "after"), [(0, 10, 10), (15, 10, 15), (0, 0, 0)])
def test_a_process_gives_way_to_others_but_is_never_raised(before: int, wanted: int, after: int) -> None:
    if os.getpriority(os.PRIO_PROCESS, 0) > before:
        before = after = max(os.getpriority(os.PRIO_PROCESS, 0), before)
        after = max(before, wanted)
    program = (
        "import os; from ragqa.cli.console import give_way\n"
        f"os.setpriority(os.PRIO_PROCESS, 0, {before}); give_way({wanted}); give_way({wanted})\n"
        "print(os.getpriority(os.PRIO_PROCESS, 0))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) == after

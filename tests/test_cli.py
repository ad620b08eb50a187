"""The command line as its users meet it: exit codes, what stands on stdout, what on stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from fakes import ScriptedGenerator
from house import BUYER, REASONS, WHO, WHY, Line

from ragqa import __version__
from ragqa import loading as module
from ragqa.errors import ModelError, ModelMissingError

VERBS = ("index", "ask", "search", "show", "add", "serve", "models", "doctor")


# --- help ------------------------------------------------------------------------------------


def test_help_lists_every_verb(line: Line) -> None:
    code, out = line.bare("--help")
    assert code == 0
    assert all(f" {verb} " in out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_an_example(line: Line, verb: str) -> None:
    code, out = line.bare(verb, "--help")
    assert code == 0
    assert f"Example: ragqa {verb}" in out


def test_the_version_is_told(line: Line) -> None:
    assert line.bare("--version") == (0, f"ragqa {__version__}\n")


# --- exit codes ------------------------------------------------------------------------------


def broken(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "give either one question or --batch FILE.jsonl"),
        (["ask", WHO, "--batch", "x.jsonl"], "give either one question or --batch FILE.jsonl"),
        (["ask", WHO, "--language", "de"], "--language de: it is zh or en"),
        (["ask", WHO, "--written-in", "de"], "--written-in de: it is zh or en"),
        (["search", WHO, "--written-in", "中文"], "--written-in 中文: it is zh or en"),
        (["search", WHO, "--until", "2024-13"], "'2024-13' is no date; write 2024, 2024-05 or 2024-05-15"),
        (["search", WHO, "--translate"], "No such option"),
        (["ask", WHO, "--since", "May"], "'May' is no date; write 2024, 2024-05 or 2024-05-15"),
        (["ask", WHO, "-k", "0"], "Invalid value for '-k'"),
        (["ask", WHO, "--wrong"], "No such option"),
        (["ask", WHO, "--config", "gone.toml"], "the settings file gone.toml does not exist"),
        (["search", WHO, "--run", "out.trec"], "--run needs --batch FILE.jsonl"),
        (["wrong"], "No such command"),
        (["models", "push"], "the only action is pull"),
        (["show"], "Missing argument"),
    ],
)
def test_a_wrong_use_exits_with_2(line: Line, arguments: list[str], said: str) -> None:
    assert line.bare(*arguments, *(["--index", "index"] if "--since" in arguments else [])) == (2, "")
    assert said in line.err
    assert "Traceback" not in line.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["index", "--corpus", "gone"], "ragqa: there is no corpus at gone"),
        (["add", "gone.txt"], "ragqa: gone.txt does not exist"),
        (["ask", "--batch", "gone.jsonl"], "ragqa: the batch file gone.jsonl does not exist"),
        (["show", "gone.md"], "ragqa: no article 'gone.md' in the index"),
    ],
)
def test_a_failure_exits_with_1_and_one_line(line: Line, arguments: list[str], said: str) -> None:
    assert line.bare(*arguments) == (1, "")
    assert line.err.splitlines()[-1].startswith(said)


@pytest.mark.parametrize("arguments", [["ask", WHO], ["search", WHO], ["show", "harbour.md"]])
def test_no_index_exits_with_3_and_says_what_to_run(line: Line, arguments: list[str]) -> None:
    assert line.bare(*arguments, "--index", "nowhere") == (3, "")
    assert line.err == "ragqa: there is no index in nowhere/; run: ragqa index\n"


def test_a_missing_encoder_exits_with_4(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "load_encoder", broken(ModelMissingError("no encoder; run: ragqa models pull"))
    )
    assert line.run("ask", WHO) == (4, "")
    assert line.err == "ragqa: no encoder; run: ragqa models pull\n"


def test_strict_exits_with_5_when_there_is_no_answer(line: Line) -> None:
    line.house.script(ScriptedGenerator(["谁买了灯？"], ["NOT FOUND"]))
    code, out = line.run("ask", WHO, "--strict", "--json")
    assert (code, json.loads(out)["status"]) == (5, "not_found")
    line.house.script(ScriptedGenerator(["谁买了灯？"], ["NOT FOUND"]))
    assert line.run("ask", WHO)[0] == 0
    line.house.script(ScriptedGenerator(["谁买了灯？"], BUYER))
    assert line.run("ask", WHO, "--strict")[0] == 0


def test_an_interrupt_exits_with_130(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_encoder", broken(KeyboardInterrupt()))
    assert line.run("ask", WHO) == (130, "")
    assert "Traceback" not in line.err


def test_a_bug_is_one_line_and_a_traceback_with_debug(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_encoder", broken(ZeroDivisionError("oh")))
    assert line.run("ask", WHO) == (1, "")
    assert line.err == "ragqa: ZeroDivisionError: oh (--debug shows where)\n"
    with pytest.raises(ZeroDivisionError):
        line.run("ask", WHO, "--debug")
    monkeypatch.setattr(module, "load_encoder", broken(ModelError("no")))
    with pytest.raises(ModelError):
        line.run("--debug", "ask", WHO)


# --- ask -------------------------------------------------------------------------------------


def test_an_answer_is_one_document_and_nothing_else(line: Line) -> None:
    document = line.json("ask", WHO)
    assert (document["schema"], document["status"], document["id"]) == ("ragqa.answer/1", "answered", None)
    assert document["text"] == "Marta Lindqvist is the buyer [1]."
    assert document["models"] == {"encoder": "words", "generator": "qwen2.5-coder-1.5b-instruct-q4_k_m"}
    assert document["index"]["articles"] == 3
    assert line.err == ""


def test_every_quote_stands_in_the_article_that_show_gives(line: Line) -> None:
    document = line.json("ask", WHY, "--no-llm")
    assert len(document["citations"]) == 3
    for citation in document["citations"]:
        text = line.json("show", citation["article_id"])["text"]
        assert text[citation["start"] : citation["end"]] == citation["quote"]
    for passage in document["passages"]:
        text = line.json("show", passage["article_id"])["text"]
        assert text[passage["start"] : passage["end"]] == passage["text"]


def test_a_reader_gets_the_answer_and_its_quotes(line: Line) -> None:
    code, out = line.run("ask", WHO)
    assert (code, out) == (
        0,
        "Marta Lindqvist is the buyer [1].\n\n"
        "[1] Old tower changes hands · 2023-11-20 · lighthouse.md\n"
        "    Its buyer is Marta Lindqvist, a painter.\n",
    )


def test_options_reach_the_pipeline(line: Line) -> None:
    document = line.json("ask", WHO, "--no-llm", "-k", "1", "--since", "2024", "--language", "zh")
    assert [p["article_id"] for p in document["passages"]] == ["harbour.md"]
    assert (document["mode"], document["language"], document["note"]) == ("extractive", "zh", "")
    assert [p["article_id"] for p in line.json("ask", WHO, "--no-llm", "--until", "2023")["passages"]] == [
        "lighthouse.md"
    ]
    assert line.json("ask", WHO, "--no-llm", "--since", "2099")["status"] == "not_found"


def test_a_follow_up_is_told_as_it_was_taken(line: Line) -> None:
    line.house.script(ScriptedGenerator([WHO], ["谁买了灯？"], BUYER))
    document = line.json("ask", "And who bought it?", "--after", "Where is the lamp?")
    assert (document["question"], document["asked"]) == (WHO, "And who bought it?")
    line.house.script(ScriptedGenerator([WHO], ["谁买了灯？"], BUYER))
    code, out = line.run("ask", "And who bought it?", "--after", "Where is the lamp?")
    assert (code, out.splitlines()[:3]) == (0, [f"({WHO})", "", "Marta Lindqvist is the buyer [1]."])


def test_confidence_comes_with_its_signs(line: Line) -> None:
    document = line.json("ask", WHO, "--no-llm")
    assert {"score", "crosses"} <= set(document["signs"])
    assert 0 < document["confidence"] <= 1


def test_a_low_confidence_is_a_refusal_for_strict(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_REFUSE_BELOW", "1")
    code, out = line.run("ask", WHO, "--no-llm", "--strict", "--json")
    assert (code, json.loads(out)["status"]) == (5, "not_found")


def test_a_batch_says_what_it_answered_before(line: Line) -> None:
    rows = line.batch("ask", *[json.dumps({"question": WHY})] * 2, options=("--no-llm",))
    assert [row["cached"] for row in rows] == [False, True]


def test_a_missing_language_model_is_no_failure(line: Line) -> None:
    line.house.script(ModelMissingError("no model"))
    document = line.json("ask", WHO)
    assert (document["mode"], document["status"]) == ("extractive", "answered")
    assert "(no model)" in document["note"]


def test_a_batch_goes_on_after_bad_lines_and_repeats_ids(line: Line) -> None:
    line.house.script(ScriptedGenerator(["NOT FOUND"]))
    rows = line.batch(
        "ask",
        json.dumps({"id": "a", "question": WHO}),
        "no json",
        "",
        json.dumps({"_id": "b", "text": WHY}),
        json.dumps({"id": "c"}),
        json.dumps({"id": "d", "question": "港" * 2001}),
        json.dumps({"question": WHO}),
        options=("--no-llm",),
    )
    assert [(row["id"], row.get("status", "error")) for row in rows] == [
        ("a", "answered"), (None, "error"), ("b", "answered"), ("c", "error"), ("d", "error"), (None, "answered"),
    ]  # fmt: skip
    assert rows[1]["error"].startswith("line 2: ")
    assert rows[3] == {"id": "c", "error": 'line 5: it has no "question"'}
    assert rows[4] == {"id": "d", "error": "a question has 1 to 2000 characters, not 2001"}


def test_models_are_loaded_once_for_a_batch(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []

    def load(settings: object) -> object:
        loads.append(settings)
        return line.house.encoder

    monkeypatch.setattr(module, "load_encoder", load)
    line.batch("ask", *[json.dumps({"question": WHY})] * 3, options=("--no-llm",))
    assert len(loads) == 1


def test_reasons_in_chinese_are_answered_in_chinese(line: Line) -> None:
    line.house.script(ScriptedGenerator(["Why?"], REASONS))
    assert line.json("ask", WHY)["text"] == "航道里的沙太多了[1]。灯塔的灯已经坏了[2]。工人正在罢工[3]。"

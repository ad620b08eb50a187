"""The command line as its users meet it: exit codes, what stands on stdout, what on stderr."""

from __future__ import annotations

import json

import pytest
from support.fakes import ScriptedGenerator, failing
from support.house import BUYER, WHO, WHY, Line

from ragqa import __version__
from ragqa.errors import ModelError, ModelMissingError
from ragqa.models import loading as module

# A Chinese sentence answers it, and nothing answers the other one.
CLOSED, AGE = "Why did the harbour close?", "How old is she?"
TRANSLATED = ["The port chief said that ", "the harbour was closed for three reasons."]
FOUND = (
    "The old lighthouse went to a new owner on Monday · Its buyer is Marta Lindqvist, a painter\n\n"
    "The old lighthouse went to a new owner on Monday. [1]\n\n"
    "Its buyer is Marta Lindqvist, a painter. [2]\n\n"
    "[1] Old tower changes hands · 2023-11-20 · lighthouse.md\n"
    "[2] Old tower changes hands · 2023-11-20 · lighthouse.md\n"
)
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask"], "give either one question or --batch FILE.jsonl"),
        (["ask", WHO, "--batch", "x.jsonl"], "give either one question or --batch FILE.jsonl"),
        (["ask", WHO, "--language", "de"], "--language de: it is zh or en"),
        (["ask", WHO, "--no-llm", "--write"], "--write needs the language model, and --no-llm leaves it out"),
        (
            ["ask", WHO, "--written-in", "German"],
            "--written-in German: it is a language code such as zh, en or ja",
        ),
        (
            ["search", WHO, "--written-in", "中文"],
            "--written-in 中文: it is a language code such as zh, en or ja",
        ),
        (["search", WHO, "--until", "2024-13"], "--until 2024-13: it is 2024, 2024-05 or 2024-05-31"),
        (["search", WHO, "--translate"], "No such option"),
        (["ask", WHO, "--since", "May"], "--since May: it is 2024, 2024-05 or 2024-05-31"),
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
        module, "load_encoder", failing(ModelMissingError("no encoder; run: ragqa models pull"))
    )
    assert line.run("ask", WHO) == (4, "")
    assert line.err == "ragqa: no encoder; run: ragqa models pull\n"


def test_strict_exits_with_5_when_there_is_no_answer(line: Line) -> None:
    code, out = line.run("ask", AGE, "--strict", "--json")
    assert (code, json.loads(out)["status"]) == (5, "not_found")
    assert line.run("ask", AGE)[0] == 0
    assert line.run("ask", WHO, "--strict")[0] == 0
    assert line.run("ask", WHO, "--strict", "--since", "2024")[0] == 0  # it may be answered


def test_an_interrupt_exits_with_130(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_encoder", failing(KeyboardInterrupt()))
    assert line.run("ask", WHO) == (130, "")
    assert "Traceback" not in line.err


def test_a_bug_is_one_line_and_a_traceback_with_debug(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "load_encoder", failing(ZeroDivisionError("oh")))
    assert line.run("ask", WHO) == (1, "")
    assert line.err == "ragqa: ZeroDivisionError: oh (--debug shows where)\n"
    with pytest.raises(ZeroDivisionError):
        line.run("ask", WHO, "--debug")
    monkeypatch.setattr(module, "load_encoder", failing(ModelError("no")))
    with pytest.raises(ModelError):
        line.run("--debug", "ask", WHO)


# --- ask -------------------------------------------------------------------------------------


def test_an_answer_is_one_document_and_nothing_else(line: Line) -> None:
    document = line.json("ask", WHO)
    assert (document["schema"], document["status"], document["id"]) == ("ragqa.answer/2", "answered", None)
    assert [answer["text"] for answer in document["answers"]] == FOUND.split("\n")[0].split(" · ")
    assert document["models"] == {
        "encoder": "words",
        "reader": "ragqa-reader",
        "generator": "qwen2.5-coder-1.5b-instruct-q4_k_m",
    }
    assert document["index"]["articles"] == 3
    assert line.err == ""


def test_every_quote_and_every_short_answer_stands_in_the_article_that_show_gives(line: Line) -> None:
    document = line.json("ask", WHO, "--no-llm")
    assert len(document["citations"]) == 2
    articles = {c["marker"]: c["article_id"] for c in document["citations"]}
    for part in [*document["citations"], *document["answers"]]:
        article_id = articles[part.get("marker", part.get("citation"))]
        text = line.json("show", article_id)["text"]
        assert text[part["start"] : part["end"]] == part.get("quote", part.get("text"))
    for passage in document["passages"]:
        text = line.json("show", passage["article_id"])["text"]
        assert text[passage["start"] : passage["end"]] == passage["text"]


def test_a_reader_gets_short_answers_quotes_and_references(line: Line) -> None:
    assert line.run("ask", WHO) == (0, FOUND)


def test_quotes_in_another_language_have_a_translation_below(line: Line) -> None:
    line.house.script(ScriptedGenerator(TRANSLATED))
    assert line.run("ask", CLOSED) == (
        0,
        "港务局长陈立说，港口停航有三个原因\n\n"
        "港务局长陈立说，港口停航有三个原因。 [1]\n"
        "    (machine translation) The port chief said that the harbour was closed for three reasons.\n\n"
        "[1] 港口停航 · 2024-05-02 · harbour.md\n",
    )
    assert "machine translation" not in line.run("ask", CLOSED, "--no-llm")[1]


def test_a_written_answer_stands_above_the_quotes_when_it_is_asked_for(line: Line) -> None:
    line.house.script(ScriptedGenerator(BUYER))
    code, out = line.run("ask", WHO, "--write")
    short, rest = FOUND.split("\n\n", 1)
    label = "Written by a language model; every sentence was checked against the quotes:"
    assert (code, out) == (0, f"{short}\n\n{label}\nMarta Lindqvist is the buyer. [2]\n\n{rest}")


def test_options_reach_the_pipeline(line: Line) -> None:
    document = line.json("ask", WHO, "--no-llm", "-k", "1", "--since", "2024", "--language", "zh")
    assert [p["article_id"] for p in document["passages"]] == ["harbour.md"]
    assert (document["mode"], document["language"], document["status"]) == ("quotes", "zh", "possible")
    assert [p["article_id"] for p in line.json("ask", WHO, "--no-llm", "--until", "2023")["passages"]] == [
        "lighthouse.md"
    ]
    assert line.json("ask", WHO, "--no-llm", "--since", "2099")["status"] == "not_found"


def test_a_follow_up_is_told_as_it_was_taken(line: Line) -> None:
    line.house.script(ScriptedGenerator([WHO]))
    document = line.json("ask", "And who bought it?", "--after", "Where is the lamp?")
    assert (document["question"], document["asked"]) == (WHO, "And who bought it?")
    code, out = line.run("ask", "And who bought it?", "--after", "Where is the lamp?")
    assert (code, out) == (0, f"({WHO})\n\n{FOUND}")


def test_a_low_confidence_is_a_refusal_for_strict(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_REFUSE_BELOW", "1")
    code, out = line.run("ask", WHO, "--no-llm", "--strict", "--json")
    assert (code, json.loads(out)["status"]) == (5, "not_found")


def test_a_batch_says_what_it_answered_before(line: Line) -> None:
    rows = line.batch("ask", *[json.dumps({"question": WHY})] * 2, options=("--no-llm",))
    assert [row["cached"] for row in rows] == [False, True]


def test_a_missing_language_model_leaves_the_quotes_and_a_note(line: Line) -> None:
    line.house.script(ModelMissingError("no model"))
    document = line.json("ask", CLOSED)
    assert (document["mode"], document["status"]) == ("quotes", "answered")
    assert [s["translation"] for s in document["statements"]] == [None]
    assert "(no model)" in document["note"]
    assert line.json("ask", WHO)["note"] == ""


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
    monkeypatch.setattr(module, "load_encoder", lambda of: loads.append(of) or line.house.encoder)
    line.batch("ask", *[json.dumps({"question": WHY})] * 3, options=("--no-llm",))
    assert len(loads) == 1

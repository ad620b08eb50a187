"""The verbs that measure, as their users meet them: evaluate, compare, feedback, gold."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support.fakes import failing
from support.house import WHO, WHY, Line

from ragqa.evaluation.feedback import pending
from ragqa.evaluation.gold import GoldRow, read_gold

QUOTE = "Its buyer is Marta Lindqvist, a painter."
ROWS: list[dict[str, Any]] = [
    {"id": "why", "question": WHY, "answers": [["三个原因"]],
     "evidence": [{"article_id": "harbour.md", "quote": "港口停航有三个原因"}]},
    {"id": "who", "question": WHO, "answers": [["Lindqvist"]],
     "evidence": [{"article_id": "lighthouse.md", "quote": QUOTE}]},
    {"id": "gone", "question": "马斯克住在哪里？", "answerable": False, "tags": ["unanswerable"]},
]  # fmt: skip
CANDIDATES = Path("gold/candidates.jsonl")


def gold(*rows: dict[str, Any]) -> Path:
    """A gold set in the current folder."""
    path = Path("set.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows or ROWS), encoding="utf-8")
    return path


def type_in(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@pytest.mark.parametrize(
    "verb", ["evaluate run", "evaluate compare", "feedback", "gold review", "gold check"]
)
def test_every_verb_explains_itself_with_an_example(line: Line, verb: str) -> None:
    code, out = line.bare(*verb.split(), "--help")
    assert code == 0
    assert f"ragqa {verb.removesuffix(' run')} " in " ".join(out[out.index("Example: ") :].split())


# --- evaluate --------------------------------------------------------------------------------


def test_a_measurement_is_one_document_and_a_folder(line: Line) -> None:
    document = line.json("evaluate", gold(), "--no-llm", "--out", "run")
    assert (document["schema"], document["questions"], document["mode"]) == ("ragqa.report/1", 3, "no-llm")
    assert document["metrics"]["containment"]["value"] == 1
    assert document["models"]["generator"] == "none"
    assert {path.name for path in Path("run").iterdir()} == {
        "run.json", "records.jsonl", "report.json", "report.html", "run.trec", "qrels.trec",
    }  # fmt: skip
    assert "report: run/report.html" in line.err


def test_options_may_come_first_the_verb_may_be_named_and_nothing_is_asked_twice(line: Line) -> None:
    documents = []
    for arguments, known in (
        ((gold(), "--no-llm", "--json"), False),
        (("--no-llm", "--json", gold()), True),
        (("run", gold(), "--no-llm", "--json", "--fresh"), False),
    ):
        code, out = line.run("evaluate", *arguments)
        assert code == 0, line.err
        assert ("3 of 3 answered before in runs/set.no-llm." in line.err) == known
        documents.append(json.loads(out))
    first, second, third = (document["metrics"] for document in documents)
    assert first == second
    assert {name: f for name, f in first.items() if "_ms_" not in name} == {
        name: f for name, f in third.items() if "_ms_" not in name
    }
    assert line.run("evaluate", gold(), "--no-llm", "--quiet")[0] == 0
    assert line.err == ""


@pytest.mark.parametrize("options", [["--no-llm"], ["--retrieval-only", "--no-llm"]])
def test_a_reader_gets_figures(line: Line, options: list[str]) -> None:
    code, out = line.run("evaluate", gold(), *options)
    assert code == 0, line.err
    assert "success@5                     1.000" in out
    assert ("containment" in out) == (options == ["--no-llm"])


def test_an_interrupt_says_how_to_go_on(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragqa.evaluation.measure", failing(KeyboardInterrupt()))
    code, out = line.run("evaluate", gold(), "--no-llm", "--out", "run")
    assert (code, out) == (130, "")
    assert "what was answered is kept in run: run the same command to go on" in line.err


def test_a_sample_and_clusters_can_be_asked_for(line: Line) -> None:
    ranked = ("evaluate", gold(), "--no-llm", "--retrieval-only")
    assert line.json(*ranked, "--sample", "2")["questions"] == 2
    # Both articles that hold an answer end in .md: one group, of which nothing can be said but Wilson's.
    one, two = (
        line.json(*ranked, *cluster)["metrics"]["success@5"]["low"]
        for cluster in (["--cluster", "[.]md$"], [])
    )
    assert (one, two) == (0.2065, 0.3424)


def test_the_ranking_of_another_system_can_be_scored(line: Line) -> None:
    Path("run.trec").write_text("why Q0 harbour.md 1 9 x\nwho Q0 library.md 1 9 x\n", encoding="utf-8")
    document = line.json("evaluate", gold(), "--run", "run.trec")
    assert (document["metrics"]["success@1"]["value"], document["models"]) == (1 / 2, None)
    assert not Path("runs").exists()


def test_a_beir_folder_is_measured_on_its_own_corpus(line: Line) -> None:
    folder = Path("pack")
    folder.mkdir()
    files: dict[str, list[dict[str, Any]]] = {
        "corpus.jsonl": [{"_id": "d1", "title": "Strike", "text": "The harbour workers are on strike."},
                         {"_id": "d2", "title": "Lamp", "text": "A painter bought the old lamp."}],
        "queries.jsonl": [{"_id": "1", "text": WHO, "answers": ["painter"]}],
    }  # fmt: skip
    for name, rows in files.items():
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n1\td2\t1\n", encoding="utf-8")
    code, out = line.bare("evaluate", folder, "--no-llm", "--json")
    assert code == 0, line.err
    document = json.loads(out)
    assert document["index"]["articles"] == 2
    assert document["metrics"]["success@1"]["value"] == document["metrics"]["containment"]["value"] == 1
    assert Path("runs/pack.index").is_dir()


# --- gates -----------------------------------------------------------------------------------


def test_a_gate_that_is_met_exits_with_0(line: Line) -> None:
    gates = ["--fail-under", "containment=0.9", "--fail-under", "false_refusal=0"]
    assert line.run("evaluate", gold(), "--no-llm", *gates)[0] == 0


def test_a_gate_that_is_missed_exits_with_5_and_says_what_fell_short(line: Line) -> None:
    gates = ["--fail-under", "containment=0.9", "--fail-under", "f1=0.99", "--fail-under", "total_ms_p95=-1"]
    code, out = line.run("evaluate", gold(), "--no-llm", "--json", *gates)
    assert (code, json.loads(out)["schema"]) == (5, "ragqa.report/1")
    short, slow = line.err.splitlines()[-2:]
    assert re.fullmatch(r"f1: 0\.\d{3} \(.*\), at least 0\.99 asked", short)
    assert re.fullmatch(r"total_ms_p95: \d.* \(.*\), at most -1 asked", slow)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fail-under", "accuracy=1"], "ragqa: --fail-under accuracy=1: no metric is called 'accuracy'; "),
        (["--fail-under", "joint=high"], "ragqa: --fail-under joint=high: write it as joint=0.9"),
        (["--cluster", "("], "ragqa: '(' is no pattern of article ids: "),
        (["--run", "gone.trec"], "ragqa: the run gone.trec does not exist"),
    ],
)
def test_a_wrong_option_exits_with_2(line: Line, arguments: list[str], said: str) -> None:
    assert line.run("evaluate", gold(), *arguments) == (2, "")
    assert line.err.startswith(said)


def test_a_bad_gold_set_exits_with_2_and_names_file_and_line(line: Line) -> None:
    assert line.run("evaluate", gold(ROWS[0], {"id": "x"}), "--no-llm") == (2, "")
    assert line.err == "ragqa: set.jsonl, line 2: question: Field required; see: ragqa gold schema\n"
    assert line.run("evaluate", "gone.jsonl") == (2, "")
    assert line.err == "ragqa: the gold set gone.jsonl does not exist\n"


# --- compare ---------------------------------------------------------------------------------


def two_runs(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs one, and two in which everything is refused."""
    assert line.run("evaluate", gold(), "--no-llm", "--out", "one")[0] == 0, line.err
    monkeypatch.setenv("RAGQA_REFUSE_BELOW", "0.99")
    assert line.run("evaluate", gold(), "--no-llm", "--out", "two")[0] == 0, line.err


def test_two_runs_are_compared(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    two_runs(line, monkeypatch)
    document = line.json("evaluate", "compare", "one", "two")
    assert (document["schema"], document["first"], document["second"]) == ("ragqa.contrast/1", "one", "two")
    (joint,) = [row for row in document["figures"] if row["metric"] == "joint"]
    assert [link["id"] for link in joint["worse"]] == ["why", "who"]
    assert joint["worse"][0] == {
        "id": "why", "first": "one/report.html#q-why", "second": "two/report.html#q-why",
    }  # fmt: skip
    code, out = line.run("evaluate", "compare", "one", "two")
    assert code == 0
    assert "worse in the second: who  two/report.html#q-who" in out
    assert line.err == ""


def test_a_run_of_an_earlier_version_is_compared_but_for_its_judge(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_runs(line, monkeypatch)
    run = json.loads(Path("one/run.json").read_text(encoding="utf-8"))
    for name in ("reader", "outcomes", "write"):
        del run[name]
    Path("one/run.json").write_text(json.dumps(run | {"judge": "n-grams/1"}), encoding="utf-8")
    rows = [json.loads(row) for row in Path("one/records.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row |= {"read": ["x"], "verified_ms": 4100}
        row["answer"] |= {"schema": "ragqa.answer/1", "mode": "extractive"}
        del row["answer"]["answers"]
        for statement in row["answer"]["statements"]:
            del statement["kind"], statement["translation"]
    Path("one/records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    figures = {row["metric"]: row for row in line.json("evaluate", "compare", "one", "two")["figures"]}
    assert "the runs have different judges of citations; the figures that they make are left out" in line.err
    assert (figures["joint"]["first"], figures["joint"]["second"]) == (1, 0.3333)
    assert {"citation_precision", "citation_recall", "answer_f1"} & set(figures) == set()


def test_runs_of_other_questions_are_not_compared(line: Line) -> None:
    for name, rows in (("one", ROWS), ("two", ROWS[:2])):
        line.run("evaluate", gold(*rows), "--retrieval-only", "--no-llm", "--out", name)
    assert line.run("evaluate", "compare", "one", "two") == (2, "")
    assert "they differ in gold_digest" in line.err
    assert line.run("evaluate", "compare", "one", "nowhere") == (2, "")
    assert line.err.startswith("ragqa: nowhere holds no run; make one: ragqa evaluate GOLD --out nowhere")


# --- feedback and candidates -----------------------------------------------------------------


def answered(line: Line, question: str = WHO) -> str:
    return json.dumps(line.json("ask", question, "--no-llm"))


def test_an_answer_is_kept_from_a_file_or_from_stdin(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("answer.json").write_text(answered(line), encoding="utf-8")
    assert line.run("feedback", "answer.json", "--down", "--comment", "no price") == (0, "")
    assert line.err == f"kept in {CANDIDATES}; accept it with: ragqa gold review\n"
    type_in(monkeypatch, answered(line, WHY))
    assert line.run("feedback", "-") == (0, "")
    assert [(row["question"], row["good"], row["comment"]) for row in pending(CANDIDATES)] == [
        (WHO, False, "no price"), (WHY, True, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no json", "answer.json cannot be read as JSON"),
        ("[]", "answer.json is no ragqa.answer/2 document"),
        ('{"schema": "ragqa.search/1"}', "answer.json is no ragqa.answer/2 document"),
    ],
)
def test_what_is_no_answer_is_not_kept(line: Line, text: str, said: str) -> None:
    Path("answer.json").write_text(text, encoding="utf-8")
    assert line.run("feedback", "answer.json") == (2, "")
    assert line.err.startswith(f"ragqa: {said}")
    assert not CANDIDATES.exists()


def test_candidates_become_gold_one_by_one(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = [WHO, WHY, "Who paid?", "Where is the bicycle?", "When?"]
    for question in questions:
        type_in(monkeypatch, answered(line, question))
        line.run("feedback", "-")
    type_in(monkeypatch, "a\nLindqvist|林德奎斯特\nU\nr\n\nq\n")
    code, out = line.run("gold", "review", "--into", "new.jsonl")
    assert code == 0, line.err
    assert f"{WHO}\n\n" in out
    assert f"  lighthouse.md: {QUOTE}" in out
    found = read_gold(Path("new.jsonl")).questions
    assert [(q.id, q.question, q.answers) for q in found] == [
        ("use-1", WHO, (("Lindqvist", "林德奎斯特"),)), ("use-2", WHY, ()),
    ]  # fmt: skip
    assert [row["question"] for row in pending(CANDIDATES)] == questions[3:]


def test_without_candidates_there_is_nothing_to_review(line: Line) -> None:
    assert line.run("gold", "review") == (0, "")
    assert line.err == f"no candidates in {CANDIDATES}\n"


# --- gold ------------------------------------------------------------------------------------


def test_a_gold_set_is_checked_against_the_index(line: Line) -> None:
    assert line.run("gold", "check", gold()) == (
        0, "3 questions, 2 answerable; all evidence stands in the index\n",
    )  # fmt: skip


def test_a_misquote_is_found(line: Line) -> None:
    evidence = [
        {"article_id": "lighthouse.md", "quote": "Its buyer is a poet."},
        {"article_id": "no.md", "quote": "x"},
    ]
    assert line.run("gold", "check", gold({**ROWS[1], "evidence": evidence})) == (2, "")
    assert line.err == (
        "ragqa: set.jsonl: who: lighthouse.md does not hold “Its buyer is a poet.”\n"
        "set.jsonl: who: no article has the id 'no.md'\n"
    )


def test_the_schema_is_that_of_a_line(line: Line) -> None:
    code, out = line.bare("gold", "schema")
    schema = json.loads(out)
    assert (code, schema["additionalProperties"], schema["required"]) == (0, False, ["id", "question"])
    assert set(schema["properties"]) == set(GoldRow.model_fields)

"""Gold questions put to a real pipeline with scripted models: records, going on after a stop, other forms."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import ir_measures
import pytest
from support.asked import ranking
from support.fakes import ScriptedGenerator
from support.house import REASONS, WHY, House

from ragqa.errors import GoldError, ModelError, ModelMissingError
from ragqa.evaluation.citation_judge import JUDGE, Judged
from ragqa.evaluation.gold import Gold, GoldSet, read_gold
from ragqa.evaluation.metrics import average
from ragqa.evaluation.record import Record
from ragqa.evaluation.runner import (
    Mode,
    identity,
    measure,
    open_run,
    ranked_elsewhere,
    read_records,
    read_run,
    sample,
    trec_qrels,
    trec_run,
)

SAND, GONE = "哪里的沙太多了？", "马斯克住在哪里？"
THREE: list[dict[str, Any]] = [
    {"id": "why", "question": WHY, "answers": [["三个原因"]],
     "evidence": [{"article_id": "harbour.md", "quote": "港口停航有三个原因"}], "tags": ["why"]},
    {"id": "sand", "question": SAND, "answers": [["航道"]],
     "evidence": [{"article_id": "harbour.md", "quote": "航道里的沙太多了"}]},
    {"id": "gone", "question": GONE, "answerable": False},
]  # fmt: skip
# What the model says of the three questions by heart.
BY_HEART = (["不知道"], ["沙漠"], ["风"])


def gold_set(house: House, *rows: dict[str, Any]) -> GoldSet:
    path = house.folder / "set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows or THREE), encoding="utf-8")
    return read_gold(path)


class Measured:
    """A gold set, a model with a script, and the folder of their run."""

    def __init__(self, house: House, *replies: Sequence[Any], mode: Mode = "full") -> None:
        self.gold = gold_set(house)
        self.model = ScriptedGenerator(*replies)
        self.pipeline = house.open(self.model)
        self.folder = house.folder / "run"
        self.mode: Mode = mode
        self.asked: list[str] = []

    def go(self, *, stop_at: int = -1, fresh: bool = False) -> list[Record]:
        """Measure; a keyboard interrupt comes before the question of this number."""

        def progress(done: int, total: int) -> None:
            if done == stop_at:
                raise KeyboardInterrupt

        known = open_run(self.folder, identity(self.gold, self.pipeline, mode=self.mode), fresh=fresh)
        return measure(self.gold, self.pipeline, self.folder, known, mode=self.mode, progress=progress)

    def lines(self) -> list[str]:
        return [json.loads(line)["id"] for line in (self.folder / "records.jsonl").open(encoding="utf-8")]


# --- a run -----------------------------------------------------------------------------------


def test_every_question_becomes_a_line_that_holds_its_record(chinese: House) -> None:
    run = Measured(chinese, *BY_HEART)
    records = run.go()
    assert run.lines() == ["why", "sand", "gone"]
    assert read_records(run.folder) == records
    assert [r.closed_book for r in records] == ["不知道", "沙漠", "风"]
    assert [r.direction for r in records] == ["zh→zh", "zh→zh", ""]
    why, sand, gone = records
    assert [r.status for r in records] == ["answered", "possible", "not_found"]
    assert (why.right, sand.right, gone.abstained) == (True, True, True)
    assert (why.short, sand.short) == (["港务局长陈立说，港口停航有三个原因"], [])
    assert sand.answer is not None
    assert (sand.answer["schema"], sand.answer["id"], sand.answer["text"]) == (
        "ragqa.answer/2", "sand", "第一，航道里的沙太多了[1]。",
    )  # fmt: skip
    assert sand.judged == [Judged(holds=True, precise=[True], way=("zh", "zh"))]
    assert chinese.reader.statements == []
    assert (sand.ranked, sand.relevant, sand.group) == (["harbour.md"], ["harbour.md"], "harbour.md")
    assert [average(records, name).value for name in ("joint", "quote_exact")] == [1, 1]  # type: ignore[union-attr]


def test_what_the_model_writes_is_judged(chinese: House) -> None:
    chinese.settings = chinese.settings.model_copy(update={"write": True})
    run = Measured(chinese, REASONS, ["不知道"], ["NOT FOUND"], ["沙漠"], ["风"])
    why, sand, gone = run.go()
    assert [(s["kind"], s["text"]) for s in why.statements] == [
        ("written", "港口停航有三个原因。"), ("quote", "港务局长陈立说，港口停航有三个原因。"),
    ]  # fmt: skip
    assert why.judged == [Judged(holds=True, precise=[True], way=("zh", "zh"))] * 2
    assert [r.closed_book for r in (why, sand, gone)] == ["不知道", "沙漠", "风"]
    assert average([why, sand, gone], "written_support").value == 1  # type: ignore[union-attr]


def test_every_record_is_on_disk_before_the_next_question(chinese: House) -> None:
    run = Measured(chinese, mode="retrieval-no-llm")
    told: list[tuple[int, int, int]] = []
    open_run(run.folder, identity(run.gold, run.pipeline, mode=run.mode), fresh=False)
    measure(run.gold, run.pipeline, run.folder, [], mode=run.mode,
            progress=lambda done, total: told.append((done, total, len(read_records(run.folder)))))  # fmt: skip
    assert told == [(0, 3, 0), (1, 3, 1), (2, 3, 2), (3, 3, 3)]


def test_evidence_and_citations_have_their_places(chinese: House) -> None:
    records = Measured(chinese, mode="no-llm").go()
    text = chinese.open(ScriptedGenerator([])).article("harbour.md").text
    for record in records[:2]:
        assert [text[e["start"] : e["end"]] for e in record.evidence] == [e["quote"] for e in record.evidence]
        assert record.answer is not None
        assert all(citation["valid"] for citation in record.answer["citations"])
    assert average(records, "citation_evidence_hit").value == 1  # type: ignore[union-attr]


def test_evidence_that_the_article_lacks_is_nowhere(chinese: House) -> None:
    quote = {"article_id": "harbour.md", "quote": "大象飞去火星"}
    gold = gold_set(chinese, {"id": "q", "question": WHY, "evidence": [quote]})
    run = Measured(chinese, mode="retrieval-no-llm")
    run.gold = gold
    assert [record.evidence for record in run.go()] == [[]]


@pytest.mark.parametrize("mode", ["no-llm", "retrieval-no-llm"])
def test_without_a_model_none_is_asked(house: House, mode: Mode) -> None:
    run = Measured(house, [ModelError("was asked")], mode=mode)
    records = run.go()
    assert run.model.messages == []
    assert [r.answer is None for r in records] == [mode == "retrieval-no-llm"] * 3
    assert [r.closed_book for r in records] == [None] * 3


def test_a_retrieval_asks_the_model_for_translations_only(house: House) -> None:
    run = Measured(house, ["translated"], mode="retrieval")
    records = run.go()
    assert [messages[-1].content for messages in run.model.messages] == [row["question"] for row in THREE]
    assert [r.answer for r in records] == [None] * 3
    assert all(r.ranked for r in records)


def test_a_model_that_is_not_there_is_said_before_anything_is_asked(chinese: House) -> None:
    pipeline = chinese.open(ModelMissingError("no model; run: ragqa models pull"))
    (folder := chinese.folder / "run").mkdir()
    with pytest.raises(ModelMissingError, match="ragqa models pull"):
        measure(gold_set(chinese), pipeline, folder, [], mode="full")
    assert list(folder.iterdir()) == []


# --- stop and go on --------------------------------------------------------------------------


def test_after_an_interrupt_only_what_is_missing_is_asked(chinese: House) -> None:
    run = Measured(chinese, *BY_HEART)
    with pytest.raises(KeyboardInterrupt):
        run.go(stop_at=1)
    assert (run.lines(), len(run.model.messages)) == (["why"], 1)
    records = run.go()
    assert (run.lines(), len(run.model.messages)) == (["why", "sand", "gone"], 3)
    assert [r.closed_book for r in records] == ["不知道", "沙漠", "风"]
    run.go()
    assert len(run.model.messages) == 3


def test_after_an_error_the_question_that_failed_is_asked_again(chinese: House) -> None:
    run = Measured(chinese, ["不知道"], [ModelError("away")], ["沙漠"])
    with pytest.raises(ModelError, match="away"):
        run.go()
    assert run.lines() == ["why"]
    run.pipeline = chinese.open(run.model)
    assert [r.closed_book for r in run.go()][:2] == ["不知道", "沙漠"]
    assert (run.lines(), len(run.model.messages)) == (["why", "sand", "gone"], 4)


def test_a_line_that_was_cut_off_is_asked_again(chinese: House) -> None:
    run = Measured(chinese, mode="no-llm")
    before = run.go()
    path = run.folder / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    assert [r.id for r in read_records(run.folder)] == ["why", "sand"]
    after = run.go()
    assert run.lines() == [r.id for r in after] == [r.id for r in before]


def test_what_was_asked_before_is_resampled_in_the_groups_of_today(chinese: House) -> None:
    run = Measured(chinese, mode="retrieval-no-llm")
    assert [r.group for r in run.go()] == ["harbour.md", "harbour.md", "gone"]
    run.gold = read_gold(run.gold.path, cluster="^h")
    assert [r.group for r in run.go()] == ["h", "h", "gone"]
    assert len(run.lines()) == 3


def test_a_folder_keeps_to_its_run(chinese: House) -> None:
    run = Measured(chinese, mode="no-llm")
    run.go()
    run.mode = "retrieval-no-llm"
    with pytest.raises(
        GoldError, match=r"holds another run: mode, key differ; give another --out, or --fresh to replace it"
    ):
        run.go()
    assert read_run(run.folder)["mode"] == "no-llm"
    assert [r.answer for r in run.go(fresh=True)] == [None] * 3
    assert (read_run(run.folder)["mode"], len(run.lines())) == ("retrieval-no-llm", 3)


def test_what_a_run_is_of_changes_with_what_matters(chinese: House) -> None:
    gold = gold_set(chinese)

    def key(gold: GoldSet = gold, mode: Mode = "full", **settings: Any) -> str:
        chinese.settings = chinese.settings.model_copy(update=settings)
        return str(identity(gold, chinese.open(ScriptedGenerator([])), mode=mode)["key"])

    keys = [
        key(),
        key(mode="no-llm"),
        key(sample(gold, 2)),
        key(replace(gold, digest="another")),
        key(k=3),
        key(refuse_below=0.5),
        key(write=True),
    ]
    assert len(set(keys)) == len(keys)
    assert key() == keys[-1]


def test_a_run_is_of_its_code_its_weights_and_its_thresholds(
    chinese: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold, pipeline = gold_set(chinese), chinese.open(ScriptedGenerator([]))
    (package := tmp_path / "package" / "answer").mkdir(parents=True)
    changed = {
        "code": package / "reader.py",
        "reader": tmp_path / "weights",
        "outcomes": tmp_path / "outcomes",
    }
    monkeypatch.setattr("ragqa.evaluation.runner.PACKAGE", package.parent)
    monkeypatch.setattr("ragqa.evaluation.runner.WEIGHTS", changed["reader"])
    monkeypatch.setattr("ragqa.evaluation.runner.OUTCOMES", changed["outcomes"])
    before = identity(gold, pipeline, mode="no-llm")
    for name, path in changed.items():
        path.write_bytes(b"1")
        after = identity(gold, pipeline, mode="no-llm")
        assert {part for part in after if after[part] != before[part]} == {name, "key"} | (
            {"judge"} if name == "reader" else set()
        )
        before = after
    assert before["judge"] == f"{JUDGE} (ragqa-reader {before['reader'][:8]})"


# --- a sample --------------------------------------------------------------------------------


def many(yes: int, no: int) -> GoldSet:
    questions = [Gold(f"{'y' if n < yes else 'n'}{n}", "谁？", "zh", n < yes) for n in range(yes + no)]
    return GoldSet(Path("set.jsonl"), "", tuple(questions))


@pytest.mark.parametrize(
    ("yes", "no", "most", "expected"),
    [
        (20, 20, 6, (3, 3)),
        (20, 2, 10, (8, 2)),
        (2, 20, 10, (2, 8)),
        (20, 0, 5, (5, 0)),
        (0, 20, 5, (0, 5)),
        (20, 20, 1, (1, 0)),
        (3, 3, 100, (3, 3)),
    ],
)
def test_a_sample_has_both_kinds_where_there_are_both(
    yes: int, no: int, most: int, expected: tuple[int, int]
) -> None:
    kinds = [q.answerable for q in sample(many(yes, no), most).questions]
    assert (kinds.count(True), kinds.count(False)) == expected


def test_a_sample_is_the_same_each_time_and_in_order() -> None:
    gold = many(30, 30)
    drawn = sample(gold, 10).questions
    assert drawn == sample(gold, 10).questions == tuple(q for q in gold.questions if q in drawn)
    assert drawn != gold.questions[:10]


# --- rankings of others, and for others ------------------------------------------------------

RANKED = [
    ranking("q 1", "tower.md", "my harbour.md", relevant=["my harbour.md", "library.md"]),
    ranking("q2", *(f"{n}.md" for n in range(60)), relevant=["7.md", "55.md"]),
    ranking("q3", "tower.md", relevant=["library.md"]),
    ranking("q4", "tower.md", answerable=False, relevant=[]),
]


def test_other_tools_read_the_same_figures_from_a_run() -> None:
    names = {"ndcg@10": ir_measures.nDCG @ 10, "rr@10": ir_measures.RR @ 10,
             "success@1": ir_measures.Success @ 1, "success@10": ir_measures.Success @ 10}  # fmt: skip
    theirs = ir_measures.calc_aggregate(
        list(names.values()),
        list(ir_measures.read_trec_qrels(trec_qrels(RANKED))),  # type: ignore[no-untyped-call]
        list(ir_measures.read_trec_run(trec_run(RANKED))),  # type: ignore[no-untyped-call]
    )
    for name, theirs_of in names.items():
        assert average(RANKED, name).value == pytest.approx(theirs[theirs_of]), name  # type: ignore[union-attr]


def test_scores_of_a_run_fall_however_long_it_is() -> None:
    lines = trec_run([ranking("q", *(f"{n}.md" for n in range(3000)))]).splitlines()
    scores = [float(line.split()[4]) for line in lines]
    assert scores == sorted(set(scores), reverse=True)
    assert [line.split()[3] for line in lines[:2]] == ["1", "2"]


def test_a_run_of_another_system_is_read_by_its_scores(tmp_path: Path) -> None:
    gold = GoldSet(
        tmp_path,
        "",
        (
            Gold("q 1", "谁？", "zh", True, relevant=("my harbour.md",), group="g"),
            Gold("q2", "何时？", "zh", True, relevant=("b.md",)),
        ),
    )
    path = tmp_path / "run.trec"
    path.write_text(
        "q_1 Q0 b.md 1 0.2 x\n\nq_1 Q0 my_harbour.md 2 0.7 x\nq9 Q0 c.md 1 1 x\n", encoding="utf-8"
    )
    first, second = ranked_elsewhere(gold, path)
    assert (first.ranked, first.answer, first.group) == (["my harbour.md", "b.md"], None, "g")
    assert second.ranked == []


def test_a_run_that_was_written_is_read_as_it_was(tmp_path: Path) -> None:
    questions = tuple(
        Gold(r.id, r.question, r.language, r.answerable, relevant=tuple(r.relevant)) for r in RANKED
    )
    path = tmp_path / "run.trec"
    path.write_text(trec_run(RANKED), encoding="utf-8")
    again = ranked_elsewhere(GoldSet(tmp_path, "", questions), path)
    assert [r.ranked for r in again] == [r.ranked for r in RANKED]


@pytest.mark.parametrize("line", [b"q Q0 a.md 1", b"q Q0 a.md 1 first x", b"{}", b"\xff Q0 a.md 1 1 x"])
def test_a_bad_line_of_a_run_is_named(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "run.trec"
    path.write_bytes(b"q Q0 a.md 1 1 x\n" + line + b"\n")
    with pytest.raises(GoldError, match=r"run\.trec, line 2: it is not “query Q0 document rank score name”"):
        ranked_elsewhere(many(1, 0), path)

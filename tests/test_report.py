"""A run as JSON, as text and as a page: every figure, every question, nothing from outside."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.asked import ARTICLES, EARLIER, NOBODY, ranking, record
from support.hostile_text import HOSTILE, Tags

from ragqa.evaluation.citation_judge import JUDGE, JUDGE_RATES, Judged
from ragqa.evaluation.compare import compare
from ragqa.evaluation.record import Record
from ragqa.evaluation.report import contrast_json, contrast_text, page, report_json, report_text, write_report
from ragqa.types import Article

RUN = {
    "gold": "gold/set.jsonl",
    "mode": "full",
    "k": 5,
    "judge": f"{JUDGE} (ragqa-reader 1a2b3c4d)",
    "index": {"version": "v-1", "articles": 3, "chunks": 9},
    "models": {"encoder": "words", "generator": "script"},
}
# Design section 8, and what came after it.
KEYS = {"schema", "gold", "questions", "mode", "k", "index", "models", "judge", "metrics", "slices", "sentinels",
        "fates", "seconds"}  # fmt: skip
METRICS = {
    "success@1", "success@5", "success@10", "recall@5", "rr@10", "ndcg@10", "answer_in_context", "containment",
    "f1", "em", "language_match", "citation_validity", "citation_coverage", "citation_hit",
    "citation_gold_precision", "citation_precision", "citation_recall", "refusal_precision", "refusal_recall",
    "false_refusal", "brier", "ece", "aurc", "retrieve_ms_p50", "retrieve_ms_p95", "first_statement_ms_p50",
    "total_ms_p50", "total_ms_p95", "answer_f1", "answer_em", "possible", "written_support",
}  # fmt: skip
TIMES = {"retrieve": 20, "first_statement": 40, "total": 400}


def asked() -> list[Record]:
    return [
        record("right", tags=["why"], timings=TIMES, closed_book="不知道"),
        record("wrong", "灯坏了。", cites=["tower.md"], confidence=0.5, timings=TIMES, direction="zh→en"),
        record("refused", None, confidence=0.2, timings=TIMES, **NOBODY),
    ]


def told(records: Sequence[Record], **run: Any) -> dict[str, Any]:
    return report_json({**RUN, **run}, records, seconds=12.34)


@cache
def usual_page() -> str:
    """The page of what was asked; drawing it takes a while."""
    return page(told(asked()), asked())


# --- JSON and text ---------------------------------------------------------------------------


def test_the_document_has_the_keys_of_its_schema() -> None:
    document = told(asked())
    assert set(document) == KEYS
    assert set(document["metrics"]) >= METRICS
    assert {tuple(figure) for figure in document["metrics"].values()} == {("value", "low", "high", "n")}
    assert document["metrics"]["joint"]["value"] == 0.6667
    assert (document["schema"], document["questions"], document["seconds"]) == ("ragqa.report/1", 3, 12.3)
    assert document["fates"] == {"right": 1, "wrong words": 1, "rightly refused": 1}
    assert set(document["slices"]) == {
        "direction zh→en", "direction zh→zh", "status answered", "status not_found", "tag why",
    }  # fmt: skip
    assert set(document["sentinels"]) == {"always_refuse", "top_passage", "closed_book"}
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_the_judges_rates_stand_beside_its_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JUDGE_RATES, ("zh", "zh"), (0.9, 0.8))
    document = told(asked())
    assert document["judge"]["rates"]["zh→zh"] == {"sensitivity": 0.9, "specificity": 0.8}
    assert "citation_recall_corrected" in document["metrics"]
    assert "zh→zh 0.9 / 0.8. The corrected figures" in page(document, asked())
    earlier = told(asked(), judge="n-grams/1")
    assert earlier["judge"] == {"name": "n-grams/1", "rates": {}}
    assert "citation_recall_corrected" not in earlier["metrics"]


def test_each_status_has_its_own_calibration() -> None:
    records = [record("a", confidence=0.9), record("b", status="possible", confidence=0.4), record("c", None)]
    found = told(records)["slices"]
    assert {name for name, figures in found.items() if {"ece", "aurc"} <= set(figures)} == {
        "status answered", "status possible",
    }  # fmt: skip
    assert found["status answered"]["ece"]["value"] == 0.1
    assert found["status possible"]["ece"]["value"] == 0.6
    assert found["status possible"]["containment"] == {"value": 1, "low": 0.2065, "high": 1, "n": 1}
    assert "status possible (n 1): " in report_text(told(records))


def test_a_slice_that_no_figure_concerns_is_left_out() -> None:
    records = [ranking("a", "harbour.md", tags=["why"]), ranking("b", "tower.md", tags=["gone"], **NOBODY)]
    document = told(records, mode="retrieval")
    assert set(document["slices"]) == {"tag why"}
    assert "tag why (n 1): success@5 1.00" in report_text(document).splitlines()


def test_a_reader_gets_figures_fates_sentinels_and_slices() -> None:
    lines = report_text(told(asked())).splitlines()
    assert lines[0] == "gold/set.jsonl: 3 questions, full, 12 s; words, script"
    assert "  containment                   0.500 (0.000 to 1.000)       n 2" in lines
    assert "  total_ms_p50                  400 (400 to 400)             n 3" in lines
    assert "where answers went: 1 right, 1 wrong words, 1 rightly refused" in lines
    assert "sentinel always refuse: joint 0.333 (0.000 to 1.000)" in lines
    assert any(line.startswith("direction zh→en (n 1): success@5 1.00, containment 0.00") for line in lines)


@pytest.mark.parametrize(
    "records",
    [
        [ranking("a", "harbour.md")],
        [ranking("a", "harbour.md", **NOBODY)],
        [record("a", None, **NOBODY)],
        [record("a", answers=[]), record("b", language="en", answers=[], relevant=[])],
    ],
)
def test_few_records_make_a_report_too(records: list[Record]) -> None:
    document = told(records, models=None, index=None)
    assert report_text(document).startswith("gold/set.jsonl: ")
    assert page(document, records).count("<details id=") == len(records)


# --- two runs --------------------------------------------------------------------------------


def test_two_runs_are_told_apart_figure_by_figure_with_links() -> None:
    first = [record("a 1"), record("b", "灯坏了。")]
    second = [record("a 1", "灯坏了。"), record("b", "灯坏了。")]
    document = contrast_json(compare(first, second), Path("runs/one"), Path("runs/two"))
    assert (document["schema"], document["first"], document["second"]) == (
        "ragqa.contrast/1", "runs/one", "runs/two",
    )  # fmt: skip
    row = next(row for row in document["figures"] if row["metric"] == "joint")
    assert (row["first"], row["second"], row["difference"]["value"]) == (0.5, 0, -0.5)
    assert (row["p"], row["p_holm"], row["p_mcnemar"], row["better"]) == (1, 1, 1, [])
    assert row["worse"] == [
        {"id": "a 1", "first": "runs/one/report.html#q-a%201", "second": "runs/two/report.html#q-a%201"}
    ]
    lines = contrast_text(document).splitlines()
    assert lines[0].split() == "first second difference (95 %) p Holm McNemar better/worse".split()
    (joint,) = [line.split() for line in lines if line.startswith("joint")]
    assert (joint[:4], joint[-4:]) == (
        ["joint", "0.500", "0.000", "-0.500"],
        ["1.000", "1.000", "1.000", "0/1"],
    )
    assert "worse in the second: a 1  runs/two/report.html#q-a%201" in lines
    assert lines[-1] == "significant among the headline figures (Holm, .05): none"


def test_what_is_significant_is_named_last() -> None:
    ids = [f"q{n}" for n in range(10)]
    contrasts = compare([record(id, "灯坏了。") for id in ids], [record(id) for id in ids])
    lines = contrast_text(contrast_json(contrasts, Path("a"), Path("b"))).splitlines()
    assert lines[-1] == "significant among the headline figures (Holm, .05): containment, joint, answer_f1"
    assert sum(line.startswith("better in the second: ") for line in lines) == 10


# --- the page --------------------------------------------------------------------------------


def test_a_folder_gets_the_report_in_every_form(tmp_path: Path) -> None:
    records = asked()
    write_report(tmp_path, document := told(records), records)
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.json",
        "report.html",
        "run.trec",
        "qrels.trec",
    }
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == document
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page(document, records)
    assert (tmp_path / "qrels.trec").read_text(encoding="utf-8").splitlines() == [
        "right 0 harbour.md 1", "wrong 0 harbour.md 1",
    ]  # fmt: skip


def test_every_question_can_be_linked_and_filtered_by_what_became_of_it() -> None:
    html = usual_page()
    assert re.findall(r'<details id="q-(\w+)" data-fate="([\w ]+)" class="(\w*)">', html) == [
        ("right", "right", "good"), ("wrong", "wrong words", ""), ("refused", "rightly refused", "good"),
    ]  # fmt: skip
    assert re.findall(r'<button type="button" data-fate="([\w ]*)"', html) == [
        "", "right", "wrong words", "rightly refused",
    ]  # fmt: skip


def test_a_question_whose_answer_is_not_known_in_words_is_good_when_it_cites_rightly() -> None:
    records = [record("a", answers=[]), record("b", answers=[], cites=["tower.md"])]
    html = page(told(records), records)
    assert re.findall(r'data-fate="([\w ]+)" class="(\w*)">', html) == [("right", "good"), ("miscited", "")]


def test_a_quote_is_marked_in_its_passage_once() -> None:
    records = [record(said="航道里的沙太多了。", quote="航道里的沙太多了。")]
    html = page(told(records), records)
    assert "<mark>航道里的沙太多了。</mark>灯塔的灯坏了。</blockquote>" in html
    assert "<b>[1]</b> 港口停航 · 2024-05-02 · harbour.md" in html
    assert html.count("航道里的沙太多了。") == 1


def test_short_answers_written_statements_and_translations_are_shown() -> None:
    quote = "航道里的沙太多了。"
    no = [Judged(holds=False, precise=[False], way=("zh", "en"))]
    records = [
        record("a", "沙太多了。", short=["沙", "泥"]),
        record("b", quote, quote=quote, translation="There is too much sand.", judged=no),
    ]
    html = page(told(records), records)
    assert "<b>沙</b> <sup>[1]</sup> · <b>泥</b> <sup>[1]</sup></p>" in html
    assert '沙太多了。<sup>[1]</sup> <span class="verdict supported">written, supported; judge: ' in html
    assert (
        'There is too much sand. <span class="verdict">translation; judge: <span class="no">not held' in html
    )
    assert html.index("<mark>") < html.index("There is too much sand.")


def test_a_run_of_an_earlier_version_has_a_report() -> None:
    records = [Record.model_validate_json(EARLIER)]
    document = told(records, judge="n-grams/1")
    html = page(document, records)
    assert document["fates"] == {"right": 1}
    assert "There is too much sand.<sup>[1]</sup>" in html
    assert html.count("<mark>") == 2


def test_pictures_show_what_there_is() -> None:
    def captions(records: Sequence[Record]) -> list[str]:
        return re.findall(r"<figcaption>(.*?)</figcaption><svg", page(told(records), records))

    lost, directions = "Where answers are lost", "By language and direction"
    rest = ["Risk and coverage", "Calibration", "Seconds to the whole answer"]
    assert captions(asked()) == [lost, directions, *rest]
    assert captions([record("a", tags=["why"]), record("b")]) == [lost, *rest]
    assert captions([ranking("a", "harbour.md")]) == [lost]


LOADING = ("src", "href", "srcset", "xlink:href", "action", "formaction", "background", "data")


def test_nothing_is_loaded_from_anywhere() -> None:
    html = usual_page()
    tags = Tags(html)
    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
    ) in tags.attributes
    loaded = [value for name, value in tags.attributes if name in LOADING]
    loaded += re.findall(r"url\(([^)]*)\)", html)
    assert loaded
    assert [value for value in loaded if not value.startswith("#")] == []
    assert {"link", "img", "iframe", "object", "embed", "base", "form"} & set(tags.tags) == set()
    # What a picture says of itself are names, not addresses.
    named = {name for name, value in tags.attributes if "://" in value}
    assert {name for name in named if not name.startswith("xmlns")} == {"rdf:resource"}


def test_nothing_from_outside_becomes_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    records = []
    for payload in HOSTILE:
        article = Article("harbour.md", payload, f"{payload}\n{payload}", published=payload)
        monkeypatch.setitem(ARTICLES, "harbour.md", article)
        evidence = {"article_id": payload, "start": 0, "end": 1, "quote": payload}
        hostile = record(payload, payload, question=payload, tags=[payload], ranked=[payload], relevant=[payload],
                         answers=[[payload]], evidence=[evidence])  # fmt: skip
        assert hostile.answer is not None
        hostile.answer["note"] = payload
        records.append(hostile)
    every = " ".join(HOSTILE)
    html = page(told(records, gold=every, models={"encoder": every}), records)
    built, usual = Tags(html), Tags(usual_page())
    assert set(built.tags) <= set(usual.tags)
    assert (built.tags.count("script"), built.tags.count("details")) == (1, len(HOSTILE))
    assert {name for name, _ in built.attributes} <= {name for name, _ in usual.attributes}
    ids = [value for name, value in built.attributes if name == "id"]
    for payload in HOSTILE:
        assert f"q-{payload}" in ids
        # Title, date, quote, question, short answer, statement, note, evidence, what is right, relevant and found.
        assert built.text.count(payload) >= 10

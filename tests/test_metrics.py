"""Figures of a few records, worked out by hand; and what broken systems score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support.asked import ARTICLES, EARLIER, NOBODY, SAND, ranking, record

from ragqa.evaluation.baselines import baselines
from ragqa.evaluation.citation_judge import Judged, Rates
from ragqa.evaluation.metrics import (
    HEADLINE,
    JUDGED,
    LOWER_IS_BETTER,
    MEANS,
    average,
    bets,
    curves,
    figures,
    slices,
)
from ragqa.evaluation.record import Record, fate
from ragqa.evaluation.statistics import corrected

WAY = ("zh", "zh")
RATES: Rates = {WAY: (0.86, 0.84), ("en", "zh"): (0.93, 0.84)}
# A statement that is its citation's quote.
QUOTED = "航道里的沙太多了。"


def mixed() -> list[Record]:
    """Right, wrong, refused though there is an answer, and rightly refused."""
    return [
        record("right"),
        record("wrong", "灯坏了。", cites=["tower.md"], confidence=0.6, found=["tower.md", "harbour.md"]),
        record("refused", None, confidence=0.2, found=["tower.md", "library.md"]),
        record("rightly refused", None, confidence=0.1, **NOBODY),
    ]


def value(records: Sequence[Record], name: str) -> float | None:
    figure = average(records, name)
    return None if figure is None else figure.value


# --- each figure -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected", "n"),
    [
        ("success@1", 1 / 3, 3),
        ("success@5", 2 / 3, 3),
        ("rr@10", (1 + 1 / 2 + 0) / 3, 3),
        ("judged@10", (1 / 2 + 1 / 2 + 0) / 3, 3),
        ("answer_in_context", 2 / 3, 3),
        ("containment", 1 / 3, 3),
        ("f1", 2 / 5 / 3, 3),  # 沙太多了 and 沙 share one of five
        ("em", 0, 3),
        ("answer_f1", (2 / 5 + 0) / 2, 2),
        ("answer_em", 0, 2),
        ("written_support", 1, 2),
        ("possible", 0, 4),
        ("joint", 2 / 4, 4),
        ("language_match", 1, 2),
        ("length", (len("沙太多了[1]。") + len("灯坏了[1]。")) / 2, 2),
        ("citation_validity", 1, 2),
        ("citation_coverage", 1, 2),
        ("citation_first_hit", 1 / 2, 2),
        ("citation_hit", 1 / 2, 2),
        ("citation_gold_precision", 1 / 2, 2),
        ("citation_precision", 1, 2),
        ("citation_recall", 1, 2),
        ("refusal_precision", 1 / 2, 2),
        ("refusal_recall", 1, 1),
        ("false_refusal", 1 / 3, 3),
        ("false_refusal_in_context", 0, 2),
        ("brier", (0.1**2 + 0.6**2 + 0.2**2 + 0.1**2) / 4, 4),
    ],
)
def test_a_figure_is_a_mean_over_the_questions_that_it_concerns(name: str, expected: float, n: int) -> None:
    figure = average(mixed(), name)
    assert figure is not None
    assert figure.value == pytest.approx(expected)
    assert figure.n == n


def test_words_of_a_quote_or_of_a_short_answer_are_said_too() -> None:
    wrong = record(said="灯坏了。")
    quoted = record(said="灯坏了。", quote=QUOTED)
    short = record(said="灯坏了。", short=["沙"])
    assert [r.right for r in (wrong, quoted, short)] == [False, True, True]
    assert [value([r], "f1") for r in (wrong, quoted, short)] == [0, 0, 0]
    assert value([quoted], "length") == len("灯坏了[1]。")


def test_words_do_not_run_from_one_text_into_the_next() -> None:
    # The text ends with "沙太多了", the quote begins with "灯塔".
    assert not record(answers=[["沙太多了灯塔"]]).right
    assert record(answers=[["沙太多了"], ["灯塔"]]).right


def test_the_title_of_a_passage_is_context_too() -> None:
    assert record(answers=[["港口停航"]]).in_context
    assert not record(answers=[["停航航道"]]).in_context


@pytest.mark.parametrize(
    ("short", "answers", "f1", "same"),
    [
        (["沙"], SAND, 1, 1),
        (["沙", "沙"], SAND, 1, 1),
        (["沙", "灯"], [["沙"], ["灯", "lamp"]], 1, 1),
        (["沙", "灯"], SAND, 2 / 3, 0),
        ([], SAND, 0, 0),
    ],
)
def test_short_answers_are_measured_together_against_the_nearest_reference(
    short: list[str], answers: list[list[str]], f1: float, same: float
) -> None:
    made = record(short=short, answers=answers)
    assert (value([made], "answer_f1"), value([made], "answer_em")) == (pytest.approx(f1), same)


def test_short_answers_are_measured_of_what_is_answered_alone() -> None:
    for made in (record(status="possible"), record(said=None), record(short=["沙"], **NOBODY)):
        assert value([made], "answer_f1") is None


def test_a_possible_answer_counts_as_an_answer() -> None:
    records = [
        *mixed(),
        record("perhaps", status="possible", confidence=0.4),
        record("perhaps not", "灯坏了。", status="possible", confidence=0.3),
        record("should refuse", status="possible", confidence=0.3, **NOBODY),
    ]
    assert value(records, "possible") == 3 / 7
    assert value(records, "possible_right") == 1 / 2
    assert value(records, "possible_unanswerable") == 1 / 3
    assert value(records, "containment") == 2 / 5
    assert value(records, "false_refusal") == 1 / 5
    assert value(records, "refusal_recall") == 1 / 2


def test_quotes_are_the_articles_words() -> None:
    exact, written = record("a", QUOTED, quote=QUOTED), record("b")
    other = record("c", QUOTED, quote=QUOTED)
    broken = record("d", QUOTED, quote=QUOTED)
    assert other.answer is not None
    assert broken.answer is not None
    other.answer["statements"][0]["text"] = "航道里的沙太多。"
    broken.answer["citations"][0]["valid"] = False
    assert [value([r], "quote_exact") for r in (exact, written, other, broken)] == [1, None, 0, 0]


def test_what_is_written_and_what_is_translated_are_judged_apart() -> None:
    no = [Judged(holds=False, precise=[False], way=WAY)]
    records = [
        record("quote", QUOTED, quote=QUOTED),
        record("translated", QUOTED, quote=QUOTED, translation="Too much sand."),
        record("badly translated", QUOTED, quote=QUOTED, translation="No sand.", judged=no),
        record("written"),
        record("badly written", judged=no),
        record("well written"),
    ]
    assert value(records, "translation_support") == 1 / 2
    assert value(records, "written_support") == 2 / 3
    assert value(records, "citation_recall") == 4 / 6
    assert value(records[:1], "written_support") is value(records[:1], "translation_support") is None


def test_citation_figures_are_over_citations() -> None:
    records = [
        record("a", cites=["harbour.md", "tower.md", "library.md"]),
        record("b", cites=["harbour.md"]),
    ]
    assert value(records, "citation_gold_precision") == 2 / 4
    assert value(records, "citation_hit") == 1
    judged = (
        [Judged(holds=True, precise=[True, False, False], way=WAY)],
        [Judged(holds=False, precise=[False], way=WAY)],
    )
    marked = [r.model_copy(update={"judged": j}) for r, j in zip(records, judged, strict=True)]
    assert (value(marked, "citation_precision"), value(marked, "citation_recall")) == (1 / 4, 1 / 2)


def test_a_quote_that_is_not_the_articles_is_not_valid() -> None:
    broken = record(cites=["harbour.md", "tower.md"])
    assert broken.answer is not None
    broken.answer["citations"][0]["valid"] = False
    broken.answer["citations"][1]["valid"] = True
    assert value([broken], "citation_validity") == 1 / 2


def test_a_statement_without_a_citation_is_not_covered() -> None:
    assert value([record("a", cites=()), record("b")], "citation_coverage") == 1 / 2


@pytest.mark.parametrize(
    ("article", "start", "end", "hit"),
    [
        ("harbour.md", 11, 13, 1),  # the cited sentence is 9:16
        ("harbour.md", 8, 10, 1),
        ("harbour.md", 15, 16, 1),
        ("harbour.md", 5, 9, 0),
        ("harbour.md", 16, 18, 0),
        ("tower.md", 11, 13, 0),
    ],
)
def test_a_citation_hits_the_evidence_that_it_overlaps(article: str, start: int, end: int, hit: int) -> None:
    evidence = {"article_id": article, "start": start, "end": end, "quote": ARTICLES[article].text[start:end]}
    made = record(evidence=[evidence])
    assert made.answer is not None
    made.answer["citations"][0].update(start=9, end=16)
    assert value([made], "citation_evidence_hit") == hit


def two(id: str, judged: list[Judged]) -> Record:
    """A record of two written statements."""
    made = record(id, judged=judged)
    assert made.answer is not None
    made.answer["statements"] *= 2
    return made


def test_judged_figures_are_corrected_for_the_judges_errors() -> None:
    half = [Judged(holds=True, precise=[True], way=WAY), Judged(holds=False, precise=[False], way=WAY)]
    across = [Judged(holds=True, precise=[True], way=("en", "zh"))] * 2
    records = [two("a", half), two("b", across)]
    found = figures(records, RATES)
    within, other = (
        corrected(share, sensitivity=RATES[way][0], specificity=RATES[way][1])
        for share, way in ((1 / 2, WAY), (1.0, ("en", "zh")))
    )
    for name in ("citation_recall", "citation_precision"):
        assert found[name].value == 3 / 4
        assert found[f"{name}_corrected"].value == pytest.approx((2 * within + 2 * other) / 4)


def test_what_holds_by_construction_is_not_corrected() -> None:
    no = [Judged(holds=False, precise=[False], way=WAY)]
    records = [record("a", QUOTED, quote=QUOTED), record("b", judged=no)]
    assert figures(records, RATES)["citation_recall_corrected"].value == 1 / 2
    assert "citation_recall_corrected" not in figures(records[:1], RATES)


@pytest.mark.parametrize("rates", [{}, {WAY: (0.7, 0.5)}, {("en", "zh"): (0.9, 0.9)}])
def test_without_rates_that_tell_enough_nothing_is_corrected(rates: Rates) -> None:
    assert not any("corrected" in name for name in figures([record()], rates))


def test_within_english_the_rates_within_chinese_are_taken() -> None:
    english = [Judged(holds=False, precise=[False], way=("en", "en"))]
    assert figures([record(judged=english)], RATES)["citation_recall_corrected"].value == 0


def test_curves_are_of_what_was_shown() -> None:
    answered = [*mixed(), record("should refuse", status="possible", confidence=0.3, **NOBODY)]
    chance, truth = bets(answered)
    assert (chance.tolist(), truth.tolist()) == ([0.9, 0.6, 0.3], [1, 0, 0])
    found = figures(answered)
    assert found["ece"].value == pytest.approx((0.1 + 0.6 + 0.3) / 3)
    assert found["aurc"].value == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)
    assert curves(answered[2:4]) == {}


def test_times_are_percentiles_of_what_was_measured() -> None:
    records = [
        record(
            f"q{n}", timings={"total": 100 * n, "retrieve": 10 * n, **({"translated": 300} if n == 1 else {})}
        )
        for n in range(1, 4)
    ]
    found = figures(records)
    assert [found[f"{name}_ms_p50"].value for name in ("total", "retrieve", "translated")] == [200, 20, 300]
    assert found["total_ms_p95"].value == pytest.approx(290)
    assert found["translated_ms_p50"].n == 1
    assert "first_statement_ms_p50" not in found


def test_rankings_alone_have_figures_of_rankings_alone() -> None:
    assert set(figures([ranking("a", "harbour.md"), ranking("b", "tower.md")])) == {
        "success@1", "success@5", "success@10", "recall@5", "rr@10", "ndcg@10", "judged@10",
        "retrieve_ms_p50", "retrieve_ms_p95",
    }  # fmt: skip


def test_what_concerns_no_question_is_no_figure() -> None:
    found = figures([record("a", None, **NOBODY)])
    assert {"containment", "success@5", "citation_precision", "ece", "language_match"} & set(found) == set()
    assert found["refusal_recall"].value == found["joint"].value == 1


def test_every_headline_figure_is_a_mean() -> None:
    assert set(HEADLINE) <= set(MEANS)
    assert set(MEANS) >= JUDGED


# --- broken systems --------------------------------------------------------------------------


def good() -> list[Record]:
    """Six questions done right: four answered from the right article, two refused."""
    return [
        *(record(f"q{n}", tags=["why"], short=["沙"]) for n in range(4)),
        *(record(f"n{n}", None, confidence=0.1, **NOBODY) for n in range(2)),
    ]


def changes(broken: Sequence[Record]) -> dict[str, tuple[float | None, float | None]]:
    """Figures that differ from those of the good system, times aside: (good, broken)."""
    first, second = ({name: value(records, name) for name in MEANS} for records in (good(), broken))
    return {
        name: (first[name], second[name])
        for name in MEANS
        if first[name] != pytest.approx(second[name]) and name not in ("length", "f1", "brier")
    }


def test_a_good_system_does_everything_right() -> None:
    for name in MEANS:
        expected = 0 if name in LOWER_IS_BETTER else 1
        unsaid = ("quote_exact", "translation_support", "citation_evidence_hit", "possible_right",
                  "possible_unanswerable")  # fmt: skip
        if name not in ("judged@10", "f1", "em", "brier", "length", *unsaid):
            assert value(good(), name) == expected, name
    assert {fate(r) for r in good()} == {"right", "rightly refused"}


RANKINGS = ("success@1", "success@5", "success@10", "recall@5", "rr@10", "ndcg@10")
SAID = ("containment", "answer_f1", "answer_em")
CITED = ("citation_first_hit", "citation_hit", "citation_gold_precision")
ELSEWHERE = ["tower.md", "library.md"]


def test_a_ranking_without_anything_relevant_fails_as_a_ranking_and_in_nothing_else() -> None:
    lost = [r.model_copy(update={"ranked": ELSEWHERE}) for r in good()]
    assert changes(lost) == {
        **dict.fromkeys(RANKINGS, (1, 0)),
        "judged@10": (1 / 2, 0),
    }


def test_a_system_that_finds_other_articles_answers_and_cites_wrongly() -> None:
    astray = [
        record(r.id, "灯坏了。", cites=["tower.md"], found=ELSEWHERE) if r.answerable else r for r in good()
    ]
    assert changes(astray) == {
        **dict.fromkeys((*RANKINGS, *SAID, *CITED, "answer_in_context"), (1, 0)),
        "judged@10": (1 / 2, 0),
        "joint": (1, 2 / 6),
        "false_refusal_in_context": (0, None),
    }


def test_one_answer_to_everything_is_wrong_though_its_citations_are_valid() -> None:
    same = [record(r.id, "灯坏了。", **({} if r.answerable else NOBODY)) for r in good()]
    assert changes(same) == {
        **dict.fromkeys((*SAID, "joint", "refusal_recall"), (1, 0)),
        "refusal_precision": (1, None),
    }


def test_a_system_that_never_refuses_is_wrong_where_there_is_no_answer() -> None:
    never = [record(r.id, short=["沙"], **({} if r.answerable else NOBODY)) for r in good()]
    assert changes(never) == {"joint": (1, 4 / 6), "refusal_precision": (1, None), "refusal_recall": (1, 0)}


def test_a_system_that_always_refuses_is_right_only_where_there_is_no_answer() -> None:
    always = [record(r.id, None, **({} if r.answerable else NOBODY)) for r in good()]
    unheard = ("language_match", "citation_validity", "citation_coverage", "citation_precision",
               "citation_recall", "written_support", "answer_f1", "answer_em", *CITED)  # fmt: skip
    assert changes(always) == {
        **dict.fromkeys(unheard, (1, None)),
        "containment": (1, 0),
        "joint": (1, 2 / 6),
        "refusal_precision": (1, 2 / 6),
        "false_refusal": (0, 1),
        "false_refusal_in_context": (0, 1),
    }


# --- where answers are lost ------------------------------------------------------------------

WITHOUT_WORDS: dict[str, Any] = {"answers": []}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (record(), "right"),
        (record(cites=["tower.md", "harbour.md"]), "right"),
        (record(relevant=[], cites=["tower.md"]), "right"),
        (record(cites=["tower.md"]), "miscited"),
        (record(said="灯坏了。", found=ELSEWHERE), "not found"),
        (record(said=None, found=ELSEWHERE), "not found"),
        (record(status="possible"), "right"),
        (record(said="灯坏了。"), "wrong words"),
        (record(said="灯坏了。", status="possible"), "wrong words"),
        (record(said=None), "refused"),
        (record(said=None, **NOBODY), "rightly refused"),
        (record(**NOBODY), "should have refused"),
        (record(status="possible", **NOBODY), "should have refused"),
        (ranking("q", "tower.md", "harbour.md"), "right"),
        (ranking("q", "tower.md"), "not found"),
        (ranking("q", *"12345", "harbour.md"), "not found"),
        (record(said="灯坏了。", **WITHOUT_WORDS), "right"),
        (record(said="灯坏了。", cites=["tower.md"], **WITHOUT_WORDS), "miscited"),
        (record(said="灯坏了。", found=ELSEWHERE, **WITHOUT_WORDS), "not found"),
        (record(said=None, **WITHOUT_WORDS), "refused"),
    ],
)
def test_a_question_is_lost_at_the_first_step_that_fails(made: Record, expected: str) -> None:
    assert fate(made) == expected


# --- slices and baselines --------------------------------------------------------------------


def test_slices_are_parts_of_the_whole() -> None:
    records = [
        record("a", tags=["why", "two"], direction="zh→en"),
        record("b", tags=["why"], status="possible"),
        record("c", question="Why?", language="en", tags=["why"], direction=""),
    ]
    found = {name: [r.id for r in rows] for name, rows in slices(records).items()}
    assert found == {
        "direction zh→en": ["a"],
        "direction zh→zh": ["b"],
        "language en": ["c"],
        "language zh": ["a", "b"],
        "status answered": ["a", "c"],
        "status possible": ["b"],
        "tag two": ["a"],
    }


def test_simple_systems_are_measured_on_the_same_questions() -> None:
    records = [
        record("a", "灯坏了。", closed_book="大概是沙吧"),
        record("b", "灯坏了。", found=["tower.md", "harbour.md"], closed_book="不知道"),
        record("c", found=[], closed_book="不知道"),
        record("d", None, closed_book="不知道", **NOBODY),
    ]
    found = {
        name: {figure: round(f.value, 4) for figure, f in parts.items()}
        for name, parts in baselines(records).items()
    }
    assert found == {
        "always_refuse": {"containment": 0, "refusal_recall": 1, "joint": 1 / 4},
        "top_passage": {"containment": 0.3333, "refusal_recall": 0, "joint": 1 / 4},
        "closed_book": {"containment": 0.3333, "refusal_recall": 0, "joint": 1 / 4},
    }


def test_without_a_model_nothing_is_said_by_heart() -> None:
    assert set(baselines([record()])) == {"always_refuse", "top_passage"}
    assert baselines([ranking("q", "harbour.md")]) == {}


def test_an_answer_is_right_by_its_groups_alone() -> None:
    assert (record(answers=SAND).right, record(answers=[*SAND, ["船"]]).right) == (True, False)
    assert (record().done_right, record(said=None, **NOBODY).done_right) == (True, True)
    assert (record(said=None).done_right, record(**NOBODY).done_right) == (False, False)


# --- records of earlier versions -------------------------------------------------------------


def test_a_record_of_an_earlier_version_has_the_figures_that_it_can_have() -> None:
    earlier = Record.model_validate_json(EARLIER)
    assert [(s["kind"], s["translation"]) for s in earlier.statements] == [("written", None), ("quote", None)]
    assert (earlier.right, fate(earlier), earlier.short) == (True, "right", None)
    found = figures([earlier])
    for name in ("containment", "citation_recall", "quote_exact", "written_support"):
        assert found[name].value == 1, name
    assert found["first_statement_ms_p50"].value == 40
    assert {"answer_f1", "answer_em", "translation_support", "translated_ms_p50"} & set(found) == set()
    assert Record.model_validate_json(earlier.model_dump_json()) == earlier

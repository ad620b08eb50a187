"""What the judge says of statements: quotes by construction, everything else by the reader's support."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.fakes import WordReader
from support.house import WHY

from ragqa.evaluation.citation_judge import JUDGE, JUDGE_RATES, Judged, judge_name, judged, rates_of, usable
from ragqa.types import Answer, Article, Citation, Statement

HARBOUR = Article(
    "harbour.md", "港口停航", "航道里的沙太多了。灯塔的灯坏了。工人正在罢工。", published="2024-05-02"
)
SANDY, DARK, STRIKE = (0, 9), (9, 16), (16, 23)
ZH, ACROSS = ("zh", "zh"), ("zh", "en")


def verdicts(
    *statements: Statement, cited: Sequence[tuple[int, int]], reader: WordReader | None = None
) -> list[Judged]:
    """What is said of statements, given the spans that their markers stand for."""
    citations = tuple(Citation(n, HARBOUR, *span) for n, span in enumerate(cited, start=1))
    answer = Answer(WHY, "zh", "answered", statements, citations)
    return list(judged(answer, reader or WordReader()))


def written(text: str, *markers: int) -> Statement:
    return Statement(text, markers, "supported", "written")


def test_a_quote_holds_because_it_is_its_citation_and_no_model_is_asked() -> None:
    reader = WordReader()
    exact, other = Statement("航道里的沙太多了。", (1,)), Statement("航道里的沙太多。", (1,))
    assert verdicts(exact, other, cited=[SANDY], reader=reader) == [
        Judged(holds=True, precise=[True], way=ZH), Judged(holds=False, precise=[False], way=ZH),
    ]  # fmt: skip
    assert reader.statements == []


@pytest.mark.parametrize(
    ("translation", "holds"),
    [("There is sand.", True), ("There is a lamp.", False), ("There is sand, 12 feet of it.", False)],
)
def test_under_a_quote_its_translation_is_judged(translation: str, holds: bool) -> None:
    statement = Statement("航道里的沙太多了。", (1,), translation=translation)
    assert verdicts(statement, cited=[SANDY]) == [Judged(holds=holds, precise=[holds], way=ACROSS)]


def test_a_date_may_stand_beside_the_quote_but_not_elsewhere_in_the_article() -> None:
    beside, made_up = written("2024年5月灯坏了。", 1), written("2019年灯坏了。", 1)
    assert [j.holds for j in verdicts(beside, made_up, cited=[DARK])] == [True, False]


def test_of_two_citations_the_needless_one_is_not_precise() -> None:
    assert verdicts(written("沙太多了。", 1, 2), cited=[SANDY, DARK]) == [
        Judged(holds=True, precise=[True, False], way=ZH)
    ]


def test_citations_that_hold_a_statement_only_together_are_both_needed() -> None:
    # Each names one of the statement's two subjects: a support of .5, which is less than .6.
    assert verdicts(written("有沙，也有罢工。", 1, 2), cited=[SANDY, STRIKE]) == [
        Judged(holds=True, precise=[True, True], way=ZH)
    ]


def test_what_is_not_held_has_no_precise_citation() -> None:
    found = verdicts(
        written("工人正在罢工。", 1), written("沙太多了。"), written("沙太多了。", 2), cited=[DARK, SANDY]
    )
    assert [(j.holds, j.precise) for j in found] == [(False, [False]), (False, []), (True, [True])]


# --- the judge's name and rates --------------------------------------------------------------


def test_other_weights_are_another_judge() -> None:
    names = {
        judge_name("ragqa-reader", "1a2b3c4d5e"),
        judge_name("ragqa-reader", "ffff"),
        judge_name("x", "ffff"),
    }
    assert len(names) == 3
    assert all(name.startswith(JUDGE) for name in names)


def test_rates_are_those_of_todays_judge_alone() -> None:
    assert rates_of(judge_name("ragqa-reader", "1a2b")) is JUDGE_RATES
    assert [dict(rates_of(name)) for name in ("n-grams within a language, cosine across/1", None)] == [{}, {}]


def test_rates_are_used_where_they_tell_enough() -> None:
    rates = {ZH: (0.9, 0.8), ACROSS: (0.6, 0.6)}
    assert usable(rates, ZH) == usable(rates, ("en", "en")) == (0.9, 0.8)
    assert usable(rates, ACROSS) is usable(rates, ("en", "zh")) is None

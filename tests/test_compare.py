"""Two runs, question by question: what may be compared, and which is better at what."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from support.asked import NOBODY, record

from ragqa.errors import GoldError
from ragqa.evaluation.compare import Contrast, compare, judged_alike, require_same
from ragqa.evaluation.metrics import HEADLINE, JUDGED
from ragqa.evaluation.record import Record

RUN = {"gold_digest": "aa", "ids_digest": "bb", "k": 5, "judge": "n-grams/1", "mode": "full"}


def right(*ids: str) -> list[Record]:
    return [record(id) for id in ids]


def wrong(*ids: str) -> list[Record]:
    return [record(id, "灯坏了。") for id in ids]


def contrast(first: Sequence[Record], second: Sequence[Record], name: str) -> Contrast:
    return next(c for c in compare(first, second) if c.name == name)


# --- what may be compared --------------------------------------------------------------------


def test_runs_that_differ_in_their_system_alone_can_be_compared() -> None:
    require_same(RUN, {**RUN, "mode": "no-llm", "key": "another"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"k": 3}, r"they differ in k \(5 and 3\); measure again alike"),
        ({"gold_digest": "cc", "k": 3}, r"gold_digest \(aa and cc\), k \(5 and 3\)"),
        ({"ids_digest": "cc"}, r"ids_digest \(bb and cc\)"),
    ],
)
def test_what_two_runs_differ_in_is_named(changes: dict[str, object], said: str) -> None:
    with pytest.raises(GoldError, match=f"the runs cannot be compared: .*{said}"):
        require_same(RUN, {**RUN, **changes})


def test_figures_of_different_judges_are_not_compared() -> None:
    other = {**RUN, "judge": "support/2 (ragqa-reader 1a2b)"}
    require_same(RUN, other)
    assert (judged_alike(RUN, {**RUN}), judged_alike(RUN, other)) == (True, False)
    alike = {c.name for c in compare(right("a"), right("a"))}
    apart = {c.name for c in compare(right("a"), right("a"), same_judge=False)}
    assert alike - apart == JUDGED - {"translation_support"}


def test_a_run_that_is_not_finished_is_not_compared() -> None:
    for first, second in ((("a", "b"), ("a",)), (("a",), ("a", "b")), (("a",), ("b",))):
        with pytest.raises(GoldError, match="one is not finished; run the same evaluate command again"):
            compare(right(*first), right(*second))


# --- comparisons -----------------------------------------------------------------------------


def test_a_run_is_no_better_than_itself() -> None:
    same = [*right("a", "b"), *wrong("c"), record("d", None), record("e", None, **NOBODY)]
    for found in compare(same, same):
        assert (found.first, found.difference.p) == (found.second, 1), found.name
        assert (found.better, found.worse, found.adjusted in (None, 1)) == ((), (), True)


def test_the_second_run_is_measured_against_the_first_whatever_their_order() -> None:
    first = [*right("a"), *wrong("b", "c", "d")]
    second = [*right("d", "c"), *wrong("a"), *wrong("b")]
    found = contrast(first, second, "containment")
    assert (found.first, found.second, found.difference.figure.value) == (1 / 4, 2 / 4, 1 / 4)
    assert (found.better, found.worse) == (("c", "d"), ("a",))
    assert (found.difference.wins, found.difference.losses) == (2, 1)
    assert found.difference.mcnemar == 1


def test_where_lower_is_better_a_rise_is_worse() -> None:
    found = contrast(right("a", "b"), [*right("a"), record("b", None)], "false_refusal")
    assert (found.difference.figure.value, found.better, found.worse) == (1 / 2, (), ("b",))
    assert (found.difference.wins, found.difference.losses) == (1, 0)


def test_only_questions_that_both_have_part_in_are_paired() -> None:
    found = contrast([*right("a"), record("b", None)], [*right("a"), record("b", "Sand.")], "language_match")
    assert (found.first, found.second, found.difference.figure.n) == (1, 1, 1)


def test_what_only_one_run_can_say_is_left_out() -> None:
    names = {c.name for c in compare(right("a", "b"), [record("a", None), record("b", None)])}
    assert "containment" in names
    assert {"citation_recall", "language_match", "answer_f1"} & names == set()


def test_headline_figures_come_first_and_are_adjusted_for_their_number() -> None:
    ids = [f"q{n}" for n in range(8)]
    found = compare(wrong(*ids), right(*ids))
    named = [c.name for c in found]
    headline = [name for name in HEADLINE if name in named]
    assert named[: len(headline)] == headline
    assert [c.adjusted is not None for c in found] == [c.name in HEADLINE for c in found]
    by_name = {c.name: c for c in found}
    # Eight of eight won: p is 2 of 2⁸; of eight headline figures this is among the three lowest.
    assert len(headline) == 8
    for name in ("containment", "joint"):
        assert by_name[name].difference.p == by_name[name].difference.mcnemar == pytest.approx(2 / 2**8)
        assert by_name[name].adjusted == pytest.approx(8 * 2 / 2**8)

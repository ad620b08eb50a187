"""What one answer or one ranking is worth, against values worked out by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.evaluation.text_metrics import (
    containment,
    contains,
    exact,
    in_language,
    normalise,
    rank_figures,
    reference,
    token_f1,
    tokens,
)

# --- texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("沙太多了[1]。灯坏了 [2][13]。", "沙太多了 灯坏了"),
        ("ＧＰＴ　１２３％", "gpt 123%"),
        ("約翰·梅信格離開了", "约翰 梅信格离开了"),
        ("“Yes!”, she said; no.", "yes she said no"),
        ("1,570 boats, 24,000 nets", "1570 boats 24000 nets"),
        ("1，570艘船", "1570艘船"),
        ("1,57 and 12,3456", "1 57 and 12 3456"),
        ("It grew 3.5% in 5.", "it grew 3.5% in 5"),
        ("Athens and another", "athens and another"),
        ("。！ ", ""),
    ],
)
def test_a_text_is_compared_without_what_does_not_tell(text: str, expected: str) -> None:
    assert normalise(text) == expected


# --- containment -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("港口有12艘船。", "12"),
        ("会议在5月15日举行。", "5 月 15 日"),
        ("会议在 5 月 15 日举行。", "5月15日"),
        ("They run gpt4 here.", "GPT-4"),
        ("来的是約翰·梅信格。", "约翰梅信格"),
        ("约翰梅信格来了。", "约翰·梅信格"),
        ("It has 1570 members.", "1,570"),
        ("水位是１.５米。", "1.5"),
        ("AI公司搬走了。", "AI"),
        ("It took 5. Then it stopped.", "5"),
        ("Ten per cent, or 10%, left.", "10"),
        ("She bought a lighthouse.", "the lighthouse"),
    ],
)
def test_an_answer_is_found_however_it_is_written(text: str, answer: str) -> None:
    assert contains(text, answer)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("港口有112艘船。", "12"),
        ("港口有121艘船。", "12"),
        ("水位是1.5米。", "5"),
        ("水位是1.5米。", "1"),
        ("水位是21.5米。", "1.5"),
        ("水位是1.52米。", "1.5"),
        ("It fell by 15%.", "5%"),
        ("He said so.", "ai"),
        ("It is raining.", "rain"),
        ("They ran GPT-45 there.", "GPT-4"),
        ("A café opened.", "caf"),
        ("港口停航。", "罢工"),
        ("Anything at all.", ""),
        ("Anything at all.", "。"),
    ],
)
def test_an_answer_is_not_found_inside_a_longer_number_or_word(text: str, answer: str) -> None:
    assert not contains(text, answer)


@given(st.integers(0, 10**5), st.integers(0, 10**5))
def test_a_number_is_found_in_itself_alone(there: int, wanted: int) -> None:
    assert contains(f"港口有{there}艘船", str(wanted)) == (there == wanted)


@given(st.text())
def test_a_text_holds_itself_if_it_tells_anything(text: str) -> None:
    assert contains(text, text) == bool(normalise(text))


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([["sand", "沙"]], True),
        ([["mud", "沙"], ["灯"]], True),
        ([["沙"], ["罢工", "strike"]], False),
        ([["mud"]], False),
        ([], False),
    ],
)
def test_a_right_answer_holds_one_alternative_of_every_group(groups: list[list[str]], expected: bool) -> None:
    assert containment("沙太多了[1]。灯坏了[2]。", groups) == expected


def test_several_texts_hold_a_group_each() -> None:
    assert containment(["沙太多了。", "灯坏了。"], [["沙"], ["灯"]])
    assert not containment(["沙太多了。", "灯坏了。"], [["沙太多了灯"]])
    assert not containment([], [["沙"]])


# --- words -----------------------------------------------------------------------------------


def test_a_chinese_character_is_a_token_and_other_text_is_split_at_spaces() -> None:
    assert tokens("用 GPT-4 的公司有1,570家") == ["用", "gpt", "4", "的", "公", "司", "有", "1570", "家"]


@pytest.mark.parametrize(
    ("text", "answer", "f1"),
    [
        ("沙太多", "沙太多", 1.0),
        ("沙太多了[1]。", "沙多", 2 * 2 / (4 + 2)),
        ("灯灯灯", "灯", 2 * 1 / (3 + 1)),
        ("The old lamp broke.", "a lamp", 2 * 1 / (3 + 1)),
        ("用 GPT-4 写", "GPT-4", 2 * 2 / (4 + 2)),
        ("沙", "灯", 0.0),
        ("", "灯", 0.0),
        ("", "", 0.0),
    ],
)
def test_f1_counts_shared_tokens_each_as_often_as_both_have_it(text: str, answer: str, f1: float) -> None:
    assert token_f1(text, answer) == pytest.approx(f1)
    assert token_f1(answer, text) == token_f1(text, answer)


@pytest.mark.parametrize(
    ("text", "answer", "same"),
    [
        ("The lamp [1].", "lamp", True),
        ("5 月 15 日", "5月15日。", True),
        ("梅信格離開了", "梅信格离开了", True),
        ("The old lamp", "lamp", False),
    ],
)
def test_an_exact_match_leaves_only_form_aside(text: str, answer: str, same: bool) -> None:
    assert exact(text, answer) == same


def test_the_reference_is_the_nearest_alternative_of_each_group() -> None:
    groups = [["mud", "sand"], ["a broken lamp", "a lamp that broke"]]
    assert reference("Sand, and a broken lamp.", groups) == "sand a broken lamp"


@pytest.mark.parametrize(
    ("text", "language", "is_in_it"),
    [
        ("沙太多了[1]。", "zh", True),
        ("Too much sand [1].", "zh", False),
        ("Too much sand [1].", "en", True),
        ("1,570 [1].", "zh", True),
        ("1,570 [1].", "en", True),
    ],
)
def test_a_text_is_in_its_language_and_a_number_in_any(text: str, language: str, is_in_it: bool) -> None:
    assert in_language(text, language) == is_in_it


# --- rankings --------------------------------------------------------------------------------


def test_a_ranking_is_measured_by_the_formulas() -> None:
    # Relevant at ranks 2 and 4 of 4, one more not found.
    found = rank_figures(("w", "a", "x", "b"), ("a", "b", "c"))
    gained = 1 / math.log2(3) + 1 / math.log2(5)
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    expected = {"success@1": 0, "success@5": 1, "success@10": 1, "rr@10": 1 / 2, "ndcg@10": gained / ideal,
                "recall@5": 2 / 3, "judged@10": 2 / 4}  # fmt: skip
    assert found == pytest.approx(expected)


def test_recall_at_5_is_of_no_more_than_5() -> None:
    relevant = tuple("abcdefg")
    assert rank_figures(tuple("abcde"), relevant)["recall@5"] == pytest.approx(1)
    assert rank_figures(tuple("abxyzcde"), relevant)["recall@5"] == pytest.approx(2 / 5)


@pytest.mark.parametrize("ranked", [(), (*"0123456789", "a")])
def test_an_empty_ranking_and_what_stands_below_10_are_worth_nothing(ranked: tuple[str, ...]) -> None:
    found = rank_figures(ranked, ("a",))
    assert (len(found), set(found.values())) == (7, {0.0})


def test_an_article_that_comes_again_keeps_its_first_rank() -> None:
    assert rank_figures(("x", "x", "x", "a"), ("a",))["rr@10"] == 1 / 2


def test_names_do_not_break_ties() -> None:
    assert rank_figures(("a", "z"), ("a",))["rr@10"] == rank_figures(("z", "a"), ("z",))["rr@10"] == 1


@pytest.mark.parametrize(("text", "answer"), [("Vitamin C helps.", "Vitamin A"), ("采用 B 计划", "A计划")])
def test_a_lone_letter_is_a_name_and_no_article(text: str, answer: str) -> None:
    assert not contains(text, answer)
    assert contains(text.replace("C", "A").replace("B", "A"), answer)


def test_the_article_before_a_word_does_not_tell() -> None:
    assert contains("the Battle of the Somme", "a battle of Somme")
    assert exact("A lamp, an oar and the boat", "lamp oar and boat")

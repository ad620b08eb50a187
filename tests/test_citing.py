"""Which sentences hold a statement, how well, and how they are cited."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fakes import WordEncoder, passage

from ragqa.citing import Support, cite, judge, missing_names, support
from ragqa.reading import Evidence, Window
from ragqa.records import Citation, Passage, Statement

ENCODER = WordEncoder()


def gather(*passages: Passage) -> Evidence:
    return Evidence.gather(passages, encoder=ENCODER)


def found(text: str, evidence: Evidence, named: Sequence[Window] = (), about: Sequence[str] = ()) -> Support:
    result = support(text, evidence, named=named, about=about)
    assert result is not None
    return result


def test_a_sentence_supports_its_own_words() -> None:
    evidence = gather(passage("港口停航了。灯塔的灯坏了。"))
    result = found("灯塔的灯坏了。", evidence)
    assert (result.first, result.last, result.verdict) == (1, 1, "supported")
    assert result.score == pytest.approx(1 + 0.05)


def test_two_neighbours_support_what_neither_says_alone() -> None:
    evidence = gather(passage("甲在春天去了北京。乙在秋天去了上海。"))
    result = found("甲在春天去了北京，乙在秋天去了上海。", evidence)
    assert (result.first, result.last, result.verdict) == (0, 1, "supported")


def test_a_pair_never_spans_two_passages() -> None:
    evidence = gather(passage("甲在春天去了北京。"), passage("乙在秋天去了上海。", id="b"))
    result = found("甲在春天去了北京，乙在秋天去了上海。", evidence)
    assert result.first == result.last


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("灯塔的灯昨天夜里坏了。", "supported"),
        ("灯塔的灯昨晚不能亮了。", "partly"),  # 4 of 10 pairs
        ("灯塔卖给了一位画家。", "unsupported"),
    ],
)
def test_within_one_language_shared_pairs_of_characters_decide(statement: str, verdict: str) -> None:
    assert found(statement, gather(passage("灯塔的灯昨天夜里坏了。"))).verdict == verdict


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("The lamp, the harbour and sand.", "supported"),  # cosine 1
        ("The lamp and the harbour.", "supported"),  # 3 / sqrt(4 * 3) = .866
        ("The lamp.", "unsupported"),  # 2 / sqrt(4 * 2) = .707
    ],
)
def test_across_languages_the_cosine_decides(statement: str, verdict: str) -> None:
    assert found(statement, gather(passage("港里有灯也有沙。"))).verdict == verdict


def test_what_the_statements_own_language_supports_is_not_looked_for_in_the_other() -> None:
    encoder = WordEncoder()
    two = [passage("The lamp, the harbour and sand."), passage("港里有灯也有沙。", id="b")]
    result = support("港里有灯也有沙。", Evidence.gather(two, encoder=encoder))
    assert result is not None
    assert (result.first, result.verdict, encoder.passages) == (1, "supported", [])


def test_the_other_language_is_searched_when_the_statements_own_does_not_support_it() -> None:
    evidence = gather(passage("船上没有人。"), passage("The lamp, the harbour and sand.", id="b"))
    result = found("港里有灯也有沙。", evidence)
    assert (result.first, result.verdict) == (1, "supported")
    assert result.score == pytest.approx(1)


def test_no_cosine_moves_a_statement_away_from_words_that_hold_it_in_part() -> None:
    # The passage writes the name in another script, so it holds the statement partly at most.
    evidence = gather(
        passage("港里有灯也有沙。", title="Brundage 的港"),
        passage("The lamp, the harbour and sand.", id="b"),
    )
    statement = "布伦戴奇说港里有灯也有沙。"
    for named in ([], [(0, 0)]):
        result = found(statement, evidence, named=named)
        assert (result.first, result.verdict) == (0, "partly")


def test_a_second_sentence_costs_a_little() -> None:
    result = found(
        "甲在春天去了北京，乙在秋天去了上海。", gather(passage("甲在春天去了北京。乙在秋天去了上海。"))
    )
    assert result.score == pytest.approx(1 + 0.05 - 0.005)


def test_a_better_verdict_goes_before_a_higher_score() -> None:
    evidence = gather(passage("灯塔的灯昨天没有坏。"), passage("灯塔那盏旧的灯昨天坏。", id="b"))
    assert found("灯塔的灯昨天坏。", evidence).first == 1


@pytest.mark.parametrize(
    ("nearness", "verdict"), [(0.82, "supported"), (0.81, "partly"), (0.79, "unsupported")]
)
def test_across_languages_there_is_a_little_room_for_partly(nearness: float, verdict: str) -> None:
    assert judge("Something was said.", "有人说话。", nearness=nearness) == verdict


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("大桥昨天没有通车。", "partly"),
        ("大桥昨天通车了。", "supported"),
        ("记者昨天没有到场。", "supported"),
        ("记者昨天到场了。", "partly"),
    ],
)
def test_a_negation_on_one_side_only_leaves_doubt(statement: str, verdict: str) -> None:
    assert judge(statement, "大桥昨天通车了，记者昨天没有到场。") == verdict


def test_a_number_beside_the_quote_and_a_name_nowhere_leave_doubt() -> None:
    around = "修桥花了4亿元。大桥昨天通车了。"
    assert judge("花了4亿元的大桥昨天通车了。", "大桥昨天通车了。", around=around) == "partly"
    assert judge("花了5亿元的大桥昨天通车了。", "大桥昨天通车了。", around=around) == "unsupported"
    assert judge("马斯克昨天来看大桥通车。", "昨天有人来看大桥通车。") == "partly"


@pytest.mark.parametrize(
    ("statement", "verdict"),
    [
        ("修灯塔要花五十亿元。", "supported"),
        ("修灯塔要花50亿元。", "supported"),
        ("修灯塔要花60亿元。", "unsupported"),
        ("2024年修灯塔要花五十亿元。", "supported"),
        ("2023年修灯塔要花五十亿元。", "unsupported"),
    ],
)
def test_a_number_must_stand_in_the_passage_or_in_its_date(statement: str, verdict: str) -> None:
    assert found(statement, gather(passage("修灯塔要花五十亿元。"))).verdict == verdict


def test_the_sentence_that_the_writer_named_comes_first() -> None:
    evidence = gather(passage("灯塔的灯坏了，沙也多。灯塔的灯坏了。"))
    assert found("灯塔的灯坏了。", evidence, named=[(0, 0)]).first == 0
    assert found("灯塔的灯坏了。", evidence).first == 1


def test_a_wrong_marker_is_moved_to_the_sentence_that_says_so() -> None:
    evidence = gather(passage("港口停航了。"), passage("灯塔的灯坏了。", id="b"))
    result = found("灯塔的灯坏了。", evidence, named=[(0, 0)])
    assert (result.first, result.verdict) == (1, "supported")


def test_what_one_person_said_is_not_taken_from_a_passage_on_another() -> None:
    evidence = gather(
        passage("他离开公司去读书了。", title="马斯克的一天"),
        passage("他回到了公司里来。", title="比尔·盖茨的一天", id="b"),
    )
    assert found("马斯克离开公司去读书了。", evidence).first == 0
    assert found("盖茨离开公司去读书了。", evidence).first == 1


def test_a_statement_without_a_name_is_about_the_names_of_the_question() -> None:
    evidence = gather(
        passage("他离开公司去读书了。", title="马斯克"), passage("他离开公司去读书。", title="盖茨", id="b")
    )
    assert found("他离开公司去读书了。", evidence, about=["盖茨"]).first == 1
    assert found("马斯克离开公司去读书了。", evidence, about=["盖茨"]).first == 0


def test_a_name_that_no_passage_holds_leaves_every_passage_open() -> None:
    evidence = gather(passage("港口停航了。"), passage("他离开公司去读书了。", id="b"))
    assert found("马斯克离开公司去读书了。", evidence).first == 1


@pytest.mark.parametrize(
    ("text", "source", "missing"),
    [
        ("Who is Marta Lindqvist?", "Its buyer is Marta.", ["lindqvist"]),
        ("Who is Marta Lindqvist?", "买家是玛塔。", []),
        ("马斯克是谁？", "马斯克来了。", []),
        ("马斯克是谁？", "盖茨来了。", ["马斯克"]),
        ("马斯克是谁？", "Musk came.", []),
        ("谁来了？", "盖茨来了。", []),
    ],
)
def test_a_name_is_missed_only_in_a_source_of_its_own_script(
    text: str, source: str, missing: list[str]
) -> None:
    assert missing_names(text, source) == missing


# --- cite ------------------------------------------------------------------------------------


def test_markers_count_from_one_by_first_appearance_and_a_span_has_one() -> None:
    evidence = gather(passage("甲。乙。丙。"))
    article = evidence.sentences[0].article
    statements, citations = cite(
        [
            ("third", Support(2, 2, 1.0, "supported")),
            ("nothing", None),
            ("first", Support(0, 0, 1.0, "partly")),
            ("wrong", Support(1, 1, 1.0, "unsupported")),
            ("third again", Support(2, 2, 1.0, "partly")),
            ("pair", Support(0, 1, 1.0, "supported")),
        ],
        evidence,
    )
    assert statements == (
        Statement("third", (1,), "supported"),
        Statement("nothing", (), "unsupported"),
        Statement("first", (2,), "partly"),
        Statement("wrong", (), "unsupported"),
        Statement("third again", (1,), "partly"),
        Statement("pair", (3,), "supported"),
    )
    assert citations == (Citation(1, article, 7, 9), Citation(2, article, 3, 5), Citation(3, article, 3, 7))
    assert [c.quote for c in citations] == ["丙。", "甲。", "甲。乙。"]

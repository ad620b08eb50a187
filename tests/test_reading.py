"""What is extracted and what is read of the passages found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fakes import WordEncoder, passage

from ragqa.citing import support
from ragqa.reading import Evidence, Question, Reading, Window, extract
from ragqa.reading import choose_reading as choose
from ragqa.records import Passage, Vectors

ENCODER = WordEncoder()


def choose_reading(question: Question, evidence: Evidence, *, most: int = 8) -> Reading:
    return choose(question, evidence, most=most)


def gather(*passages: Passage) -> Evidence:
    return Evidence.gather(passages, encoder=ENCODER)


def ask(text: str) -> Question:
    return Question.of(text, ENCODER.encode_query([text]))


def said(question: Question, evidence: Evidence, most: int = 3) -> list[str]:
    """The extracted windows as texts."""
    return [
        "".join(s.text for s in evidence.sentences[a : b + 1])
        for a, b in extract(question, evidence, most=most)
    ]


# --- evidence --------------------------------------------------------------------------------


def test_sentences_keep_their_place_in_the_article() -> None:
    evidence = gather(passage("港口停航。\n灯坏了。"), passage("It closed. He left.", id="b"))
    assert [(s.passage, s.start, s.end, s.text) for s in evidence.sentences] == [
        (1, 3, 8, "港口停航。"),
        (1, 9, 13, "灯坏了。"),
        (2, 3, 13, "It closed."),
        (2, 14, 22, "He left."),
    ]
    np.testing.assert_array_equal(
        evidence.vectors(range(4)), ENCODER.encode_passages([s.text for s in evidence.sentences])
    )


def test_a_sentence_is_encoded_when_it_is_asked_for_and_once() -> None:
    encoder = WordEncoder()
    evidence = Evidence.gather([passage("港口停航。灯坏了。沙太多。")], encoder=encoder)
    assert encoder.passages == []
    evidence.vectors([2, 0])
    evidence.vectors([0, 1])
    assert encoder.passages == ["沙太多。", "港口停航。", "灯坏了。"]


def test_cosines_are_those_of_a_text_to_the_rows_asked_for() -> None:
    evidence = gather(passage("港口停航。灯坏了。"))
    np.testing.assert_allclose(evidence.cosines("The lamp.", [1, 0]), [1, 6**-0.5], rtol=1e-6)
    assert evidence.cosines("The lamp.", []).shape == (0,)


def test_scores_from_tokens_stand_in_for_cosines_and_nothing_is_encoded() -> None:
    encoder = WordEncoder()
    given = {"港口停航了。": 0.2, "灯塔的灯坏了。": 0.5}

    def holding(found: Passage, spans: Sequence[tuple[int, int]]) -> Vectors:
        return np.array([given[found.article.text[a:b]] for a, b in spans], dtype=np.float32)

    evidence = Evidence.gather([passage("港口停航了。灯塔的灯坏了。")], encoder=encoder, holding=holding)
    np.testing.assert_allclose(evidence.nearness(ask("港")), [0.2 + 0.4, 0.5 + 0.4], rtol=1e-6)
    assert encoder.passages == []


def test_no_passages_give_no_evidence() -> None:
    evidence = gather()
    assert (evidence.sentences, len(evidence.vectors([]))) == ([], 0)
    assert extract(ask("港"), evidence) == []
    assert support("港", evidence) is None


def test_only_a_question_for_an_age_can_lack_its_answer() -> None:
    old, silent = gather(passage("她今年35岁。")), gather(passage("她工作了六年。"))
    assert (ask("How old is she?").kind, ask("Where is she?").kind) == ("age", None)
    assert not old.lacks(ask("How old is she?"))
    assert silent.lacks(ask("How old is she?"))
    assert not silent.lacks(ask("Where is she?"))


# --- extract ---------------------------------------------------------------------------------


def test_the_nearest_sentences_come_first_and_there_are_three() -> None:
    evidence = gather(passage("别的什么都没有。灯塔的灯坏了。灯和港一样重要。港口的灯灯灯。"))
    assert said(ask("灯"), evidence) == [
        "灯塔的灯坏了。",
        "港口的灯灯灯。",
        "灯和港一样重要。",
    ]
    assert said(ask("灯"), evidence, 1) == ["灯塔的灯坏了。"]


def test_a_sentence_counts_with_its_passage() -> None:
    evidence = gather(
        passage("第一句话没说什么。", score=0.9), passage("第二句话没说什么。", score=0.7, id="b")
    )
    assert extract(ask("灯"), evidence) == [(0, 0), (1, 1)]


@pytest.mark.parametrize(("score", "first"), [(0.72, (1, 1)), (0.74, (0, 0))])
def test_a_passages_score_counts_two_fifths_of_a_cosine(score: float, first: Window) -> None:
    # The cosines are 0.707 and 1: what lies between, 0.293, is 0.4 of 0.732.
    evidence = gather(passage("这句话没说什么。", score=score), passage("塔上的灯坏了。", score=0.0, id="b"))
    assert extract(ask("灯"), evidence)[0] == first


def test_what_shows_the_kind_of_answer_counts_more() -> None:
    evidence = gather(passage("这句话说的是别的。因为水太多才这样。"))
    assert said(Question(ask("无").vector, "why"), evidence, 1) == ["因为水太多才这样。"]


def test_a_sentence_that_names_who_is_asked_about_counts_more() -> None:
    evidence = gather(passage("这句话说的是别的。马斯克说的是别的。"))
    assert said(ask("马斯克在哪儿？"), evidence, 1) == ["马斯克说的是别的。"]


def test_headings_and_fragments_are_not_extracted() -> None:
    evidence = gather(passage("灯灯灯灯灯灯灯\n灯灯。\n灯灯为什么坏？\n别的什么都没有。"))
    assert said(ask("灯"), evidence) == ["别的什么都没有。"]


def test_the_same_sentence_in_two_articles_is_extracted_once() -> None:
    evidence = gather(passage("灯塔的灯坏了。"), passage("灯塔的灯坏了。", id="b"))
    assert extract(ask("灯"), evidence) == [(0, 0)]


# --- choose_reading --------------------------------------------------------------------------

ZH = "陈立昨天说明情况。第一，航道里的沙太多。第二，灯塔的灯坏了。第三，工人正在罢工。\n其余不详细说了。"
EN = "Chen Li explained it. First, there was sand. Second, the lamp broke. Finally, there was a strike.\nHe left."
PARTS: tuple[Window, ...] = ((1, 1), (2, 2), (3, 3))


@pytest.mark.parametrize(
    ("question", "text", "speaker"),
    [
        ("陈立为什么让港口停航？", ZH, 0),
        ("港口为什么停航？", ZH, None),
        ("Why did Chen Li close it?", EN, 0),
        ("Why did it close?", EN, None),
    ],
)
def test_an_enumeration_is_read_whole_for_a_why_question_with_who_speaks(
    question: str, text: str, speaker: int | None
) -> None:
    reading = choose_reading(ask(question), gather(passage(text)))
    assert reading == Reading(PARTS, frozenset(PARTS), speaker)
    assert extract(ask(question), gather(passage(text)), most=2) == list(PARTS)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("第一，环境变了。工人走了很多。第二，灯坏了。", (0, 1)),
        ("第一，环境变了。\n工人走了很多。\n第二，灯坏了。", (0, 0)),
        (f"第一，{'环境' * 14}变了。工人走了很多。第二，灯坏了。", (0, 0)),
    ],
)
def test_a_short_part_is_read_with_the_sentence_on_its_line_that_explains_it(
    text: str, first: Window
) -> None:
    assert choose_reading(ask("港口为什么停航？"), gather(passage(text))).windows == (first, (2, 2))


@pytest.mark.parametrize("text", [ZH.replace("第二，", "").replace("第三，", ""), ZH])
def test_one_numbered_sentence_or_another_question_is_no_enumeration(text: str) -> None:
    question = "港口为什么停航？" if "第二" not in text else "港口停航了吗？"
    assert choose_reading(ask(question), gather(passage(text))).parts == frozenset()


def test_ordinals_that_count_terms_are_no_enumeration() -> None:
    evidence = gather(passage("第一次开会在春天。第二届大会在秋天举行。第三任局长到了。"))
    assert choose_reading(ask("港口为什么停航？"), evidence).parts == frozenset()


def test_an_enumeration_must_hold_a_name_that_is_asked_for() -> None:
    assert choose_reading(ask("马斯克为什么停航？"), gather(passage(ZH))).parts == frozenset()


@pytest.mark.parametrize(("score", "parts"), [(0.726, {(1, 1), (2, 2)}), (0.724, set())])
def test_an_enumeration_is_read_only_about_as_near_as_the_best_passage(
    score: float, parts: set[Window]
) -> None:
    text = "第一，沙太多。\n第二，灯坏了。"
    evidence = gather(passage("港口已经停航了。", score=0.8), passage(text, score=score, id="b"))
    assert choose_reading(ask("港口为什么停航？"), evidence).parts == parts


def test_the_nearest_sentences_are_read_best_passage_first() -> None:
    evidence = gather(
        passage("这盏灯很好用。港口里没有什么。", score=0.8),
        passage("灯塔的灯坏了。这句话也没有说。", score=0.8, id="b"),
    )
    assert choose_reading(ask("灯"), evidence).windows == ((0, 0), (2, 2))
    assert choose_reading(ask("灯"), evidence, most=1).windows == ((0, 0),)


@pytest.mark.parametrize(("score", "read"), [(0.96, 2), (0.94, 1)])
def test_what_is_much_farther_than_the_best_sentence_is_not_read(score: float, read: int) -> None:
    # 0.4 of 0.375 is 0.15.
    evidence = gather(passage("灯塔的窗坏了。", score=1.335), passage("灯塔的门坏了。", score=score, id="b"))
    assert len(choose_reading(ask("别的"), evidence).windows) == read


def test_no_more_is_read_than_a_small_model_reads_well() -> None:
    evidence = gather(passage("".join(f"{'甲乙' * 40}{n}。" for n in "丙丁戊己庚")))
    assert len(choose_reading(ask("别的"), evidence).windows) == 3

"""Types that refuse what cannot be: a chunk or quote that is not where it says."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from ragqa.types import Answer, Article, Chunk, Citation, Language, ShortAnswer, Statement, marked

ARTICLE = Article("a.txt", "题目", "甲来了。乙走了。")


@pytest.mark.parametrize(
    ("start", "end", "text"), [(0, 4, "甲来了"), (4, 4, ""), (-1, 1, "甲来"), (5, 4, "")]
)
def test_a_chunk_is_as_long_as_its_text(start: int, end: int, text: str) -> None:
    with pytest.raises(ValueError, match=f"chunk {start}:{end} holds {len(text)} characters"):
        Chunk("a.txt", start, end, text)


@pytest.mark.parametrize(("start", "end"), [(0, 9), (3, 3), (-1, 2), (4, 3), (8, 9)])
def test_a_citation_lies_in_its_article(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=rf"citation {start}:{end} lies outside a\.txt"):
        Citation(1, ARTICLE, start, end)


def test_a_quote_is_the_articles_own_words() -> None:
    assert Citation(1, ARTICLE, 4, 8).quote == "乙走了。"
    assert Citation(1, ARTICLE, 0, 8).quote == ARTICLE.text


def test_records_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        ARTICLE.text = "别的"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "citations", "language", "expected"),
    [
        ("甲来了。", (1,), "zh", "甲来了[1]。"),
        ("甲来了。", (1, 2), "zh", "甲来了[1][2]。"),
        ("甲来了", (1,), "zh", "甲来了[1]"),
        ("甲来了。", (), "zh", "甲来了。"),
        ("甲说：“来了。”", (1,), "zh", "甲说：“来了。”[1]"),
        ("He came.", (1,), "en", "He came [1]."),
        ("He came!", (1, 3), "en", "He came [1][3]!"),
        ("He came", (2,), "en", "He came [2]"),
        ("Did he?", (), "en", "Did he?"),
        ("", (1,), "zh", "[1]"),
    ],
)
def test_markers_stand_before_the_full_stop(
    text: str, citations: tuple[int, ...], language: Language, expected: str
) -> None:
    assert marked(Statement(text, citations, "supported"), language) == expected


def test_an_answer_reads_as_its_statements_and_without_any_as_its_note() -> None:
    zh = (Statement("甲来了。", (1,), "supported"), Statement("乙走了。", (), "unsupported"))
    en = (Statement("He came.", (1,), "supported"), Statement("She left.", (2,), "partly"))
    assert Answer("谁？", "zh", "answered", zh, note="注").text == "甲来了[1]。乙走了。"
    assert Answer("Who?", "en", "answered", en).text == "He came [1]. She left [2]."
    assert Answer("谁？", "zh", "not_found", note="没有找到").text == "没有找到"


def test_three_statements_stand_one_a_line() -> None:
    en = tuple(Statement(f"Reason {n}.", (n,)) for n in (1, 2, 3))
    assert Answer("Why?", "en", "answered", en).text == "Reason 1 [1].\nReason 2 [2].\nReason 3 [3]."


def test_a_quote_in_another_language_reads_as_its_translation() -> None:
    quotes = (Statement("甲来了。", (1,), translation="A came."), Statement("乙走了。", (2,)))
    assert Answer("Who?", "en", "answered", quotes).text == "A came [1]. 乙走了 [2]。"


def test_a_title_that_answers_is_copied_before_the_sentence_below_it() -> None:
    citation, quote = Citation(1, ARTICLE, 0, 4), Statement("甲来了。", (1,))
    in_title = ShortAnswer("题目", 1, None, None)
    assert in_title.in_title
    assert not ShortAnswer("甲", 1, 0, 1).in_title
    answer = Answer("什么？", "zh", "answered", (quote,), (citation,), answers=(in_title, in_title))
    assert answer.text == "题目 [1] 甲来了[1]。"

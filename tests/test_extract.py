"""From marks to quotes: which sentences, which words of them, and where they stand in the article."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.fakes import marks

from ragqa.answer.extract import Limits, Quote, _trimmed, choose_quotes, differ, leading, to_answer
from ragqa.models.reader import Reading
from ragqa.retrieval.reading import Window
from ragqa.types import Article, ShortAnswer

BRIDGE = Article("bridge", "大桥通车", "前言。大桥花了4亿元。工期是三年。李明来了。", published="2021-03-02")
TOWER = Article(
    "tower", "Old tower", "It was sold. Its buyer is Marta Lindqvist, a painter. She paid 3 million."
)


# Those of the package are chosen by measuring and may change.
LIMITS = Limits(held=0.75, least=0.12, beside=0.5, most=6, large=0.5, inside=0.5)


def window(article: Article = BRIDGE, start: int = 0, end: int = 0, heading: str = "") -> Window:
    return Window.of(article, start, end or len(article.text), heading=heading)


def read(of: Window, *words: str, **facts: Any) -> Reading:
    """A reading whose marks are these words of the window's text."""
    return marks(
        of.text, *((of.text.index(word), of.text.index(word) + len(word)) for word in words), **facts
    )


def quoted(*marked: tuple[Window, Reading], chances: tuple[float, ...] = (0.9,)) -> list[Quote]:
    found = choose_quotes([each for each, _ in marked], [each for _, each in marked], chances, LIMITS)
    for quote in found:
        for start, end in quote.answers:
            assert quote.start <= start < end <= quote.end
    return found


def said(quote: Quote) -> tuple[str, tuple[str, ...]]:
    """The sentence and its short answers."""
    return quote.article.text[quote.start : quote.end], quote.said


# --- what is read ----------------------------------------------------------------------------


def test_a_stretch_is_read_below_its_title_and_heading() -> None:
    found = window(BRIDGE, 3, 11, "费用")
    assert (found.text, found.body) == ("大桥通车\n费用\n大桥花了4亿元。", 8)
    assert found.text[found.body :] == BRIDGE.text[3:11]


def test_what_the_stretch_begins_with_does_not_stand_above_it_again() -> None:
    article = Article("a", "大桥通车", "大桥通车\n大桥花了4亿元。")
    assert window(article).text == article.text
    assert window(article, 5, 14, "大桥通车").text == "大桥通车\n大桥花了4亿元。"
    assert window(Article("a", "", "大桥花了4亿元。")).body == 0


# --- which sentences -------------------------------------------------------------------------


def test_one_sentence_is_quoted_where_the_marks_stand_in_one() -> None:
    found = window()
    (quote,) = quoted((found, read(found, "4亿元")))
    assert said(quote) == ("大桥花了4亿元。", ("4亿元",))
    assert (quote.start, quote.end, quote.answers) == (3, 11, ((7, 10),))
    assert quote.worth == pytest.approx(0.9)


def test_several_are_quoted_in_their_order_where_the_marks_are_spread_evenly() -> None:
    found = window()
    quotes = quoted((found, read(found, "李明", "4亿元", "三年")))
    assert [said(quote) for quote in quotes] == [
        ("大桥花了4亿元。", ("4亿元",)), ("工期是三年。", ("三年",)), ("李明来了。", ("李明",)),
    ]  # fmt: skip
    assert [quote.worth for quote in quotes] == pytest.approx([0.3] * 3)


@pytest.mark.parametrize(
    ("shares", "sentences"),
    [
        ((0.8, 0.2), ["大桥花了4亿元。"]),
        ((0.7, 0.3), ["大桥花了4亿元。", "李明来了。"]),
        ((0.2, 0.8), ["李明来了。"]),
    ],
)
def test_as_many_are_quoted_as_hold_three_quarters_of_the_marks(
    shares: tuple[float, float], sentences: list[str]
) -> None:
    found = window()
    quotes = quoted((found, read(found, "4亿元", "李明", shares=shares)))
    assert [said(quote)[0] for quote in quotes] == sentences


def test_a_sentence_with_an_eighth_of_the_marks_is_one_too_many() -> None:
    found = window()
    shares = (0.66, 0.11, 0.23)
    quotes = quoted((found, read(found, "4亿元", "三年", "李明", shares=shares)))
    assert [said(quote)[0] for quote in quotes] == ["大桥花了4亿元。", "李明来了。"]
    shares = (0.67, 0.11, 0.11)
    quotes = quoted((found, read(found, "4亿元", "三年", "李明", shares=shares)))
    assert [said(quote)[0] for quote in quotes] == ["大桥花了4亿元。"]


def test_the_sentence_with_most_of_the_marks_comes_first() -> None:
    found = window()
    quotes = quoted((found, read(found, "4亿元", "李明", shares=(0.4, 0.6))))
    assert [said(quote)[0] for quote in quotes] == ["李明来了。", "大桥花了4亿元。"]


def test_without_marks_nothing_is_quoted() -> None:
    found = window()
    assert quoted((found, read(found))) == []
    assert choose_quotes([], [], []) == []


def test_a_stretch_of_a_longer_article_is_quoted_where_it_stands_there() -> None:
    found = window(BRIDGE, 11, 22, "费用")
    (quote,) = quoted((found, read(found, "三年")))
    assert said(quote) == ("工期是三年。", ("三年",))
    assert (quote.start, quote.end) == (11, 17)


# --- which words -----------------------------------------------------------------------------


def test_several_answers_can_stand_in_one_sentence() -> None:
    found = window(TOWER)
    (quote,) = quoted((found, read(found, "Marta Lindqvist", "painter")))
    assert quote.said == ("Marta Lindqvist", "painter")


def test_where_no_word_is_inside_for_sure_the_likeliest_span_is_the_answer() -> None:
    found = window()
    (quote,) = quoted((found, read(found, "4亿元", inside=0.4)))
    assert quote.said == ("4亿元",)


@pytest.mark.parametrize(
    ("marked", "answer"),
    [
        ("arta Lindqvis", "Marta Lindqvist"),
        ("Marta Lindqvist,", "Marta Lindqvist"),
        ("Lindqvist, a painter.", "Lindqvist, a painter"),
        (", a painter", "a painter"),
        ("indqvist,", "Lindqvist"),
        ("n", "Lindqvist"),
        ("t", "Marta"),
    ],
)
def test_no_latin_word_is_cut_and_no_sign_left_at_an_end(marked: str, answer: str) -> None:
    found = window(Article("a", "", "Marta Lindqvist, a painter."))
    (quote,) = quoted((found, read(found, marked)))
    assert quote.said == (answer,)


def test_only_signs_are_no_answer() -> None:
    found = window()
    (quote,) = quoted((found, read(found, "。")))
    assert said(quote) == ("前言。", ())


def test_a_number_is_not_cut() -> None:
    found = window(replace(TOWER, text="It cost 1500 yuan."))
    (quote,) = quoted((found, read(found, "50")))
    assert quote.said == ("1500",)


# --- authors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("article", "line", "name", "unit"),
    [
        (
            replace(BRIDGE, text="本报记者 闻笙\n大桥花了4亿元。", author="闻笙"),
            "这篇文章的作者是闻笙。",
            "闻笙",
            "本报记者 闻笙",
        ),
        (
            replace(TOWER, text="By Ola Berg\nIt was sold.", author="Ola Berg", language="en"),
            "The author who wrote this article is Ola Berg.",
            "Ola Berg",
            "By Ola Berg",
        ),
    ],
)
def test_who_wrote_an_article_is_read_in_one_form_and_quoted_in_its_own(
    article: Article, line: str, name: str, unit: str
) -> None:
    of = window(article)
    assert of.text.split("\n")[1] == line
    (quote,) = quoted((of, read(of, name)))
    assert said(quote) == (unit, (name,))


def test_an_author_whom_the_text_does_not_name_is_not_read() -> None:
    assert window(replace(BRIDGE, author="闻笙")).text == window(BRIDGE).text


# --- titles and headings ---------------------------------------------------------------------


def test_words_of_the_title_are_shown_with_the_first_sentence_below_it() -> None:
    found = window(BRIDGE, 3, 17)
    (quote,) = quoted((found, read(found, "通车")))
    assert said(quote) == ("大桥花了4亿元。", ("通车",))
    assert (quote.in_title, quote.answers) == ("通车", ())


def test_a_title_and_the_sentence_below_it_are_one_quote() -> None:
    found = window(BRIDGE, 3, 17)
    (quote,) = quoted((found, read(found, "通车", "4亿元")))
    assert (quote.said, quote.in_title) == (("4亿元", "通车"), "通车")
    assert quote.worth == pytest.approx(0.9)


def test_a_title_that_answers_for_two_stretches_is_shown_once() -> None:
    first, second = window(BRIDGE, 3, 11), window(BRIDGE, 11, 17)
    both = [(each, read(each, "通车")) for each in (first, second)]
    assert [said(quote) for quote in quoted(*both, chances=(0.9, 0.8))] == [("大桥花了4亿元。", ("通车",))]


def test_a_title_that_is_a_sentence_of_the_text_is_quoted_there() -> None:
    article = Article("a", "大桥昨日通车", "大桥昨日通车，花了4亿元。风太大。")
    found = window(article, 14, 18)
    (quote,) = quoted((found, read(found, "通车")))
    assert said(quote) == ("大桥昨日通车，花了4亿元。", ("通车",))
    assert (quote.start, quote.answers, quote.in_title) == (0, ((4, 6),), "")


def test_a_heading_is_quoted_where_it_stands_in_the_article() -> None:
    article = Article("a", "大桥通车", "三个原因\n钢材短缺。风太大。")
    found = window(article, 10, 14, "三个原因")
    (quote,) = quoted((found, read(found, "三个原因")))
    assert said(quote) == ("三个原因", ("三个原因",))
    assert (quote.start, quote.answers, quote.in_title) == (0, ((0, 4),), "")


def test_a_heading_that_the_article_does_not_write_so_is_not_quoted() -> None:
    found = window(BRIDGE, 3, 11, "三个原因")
    assert quoted((found, read(found, "三个原因"))) == []


# --- several texts ---------------------------------------------------------------------------


def test_the_best_text_comes_first_and_an_unlikely_one_not_at_all() -> None:
    one, other = window(), window(TOWER)
    both = [(one, read(one, "4亿元")), (other, read(other, "Marta Lindqvist"))]
    assert [q.article.id for q in quoted(*both, chances=(0.5, 0.9))] == ["tower", "bridge"]
    assert [q.article.id for q in quoted(*both, chances=(0.9, 0.45))] == ["bridge", "tower"]
    assert [q.article.id for q in quoted(*both, chances=(0.9, 0.44))] == ["bridge"]


@pytest.mark.parametrize(
    ("text", "word", "again"),
    [
        ("大桥的造价是4亿元。", "4亿元", True),
        ("造价４億元。", "４億元", True),
        ("造价共4亿元人民币。", "4亿元人民币", True),
        ("造价14亿元。", "14亿元", False),
        ("造价5亿元。", "5亿元", False),
        ("造价很高。", "很高", False),
    ],
)
def test_another_article_with_the_same_answer_is_not_quoted_again(text: str, word: str, again: bool) -> None:
    one, other = window(), window(Article("other", "题", text))
    quotes = quoted((one, read(one, "4亿元")), (other, read(other, word)), chances=(0.9, 0.8))
    assert len(quotes) == (1 if again else 2)


def test_the_same_answer_elsewhere_in_one_article_is_quoted_too() -> None:
    article = replace(BRIDGE, text="大桥花了4亿元。造价4亿元。")
    found = window(article)
    reading = marks(found.text, (found.body + 4, found.body + 7), (found.body + 10, found.body + 13))
    assert [q.said for q in quoted((found, reading))] == [("4亿元",), ("4亿元",)]


def test_a_sentence_that_two_stretches_hold_is_quoted_once() -> None:
    one, other = window(BRIDGE, 0, 11), window(BRIDGE, 3, 17)
    quotes = quoted((one, read(one, "4亿元")), (other, read(other, "4亿元")), chances=(0.9, 0.9))
    assert [said(q)[0] for q in quotes] == ["大桥花了4亿元。"]


def test_there_are_at_most_six_quotes() -> None:
    texts = [window(Article(f"a{n}", "", f"第{n}座桥花了{n + 1}亿元。")) for n in range(8)]
    read_of = [(each, read(each, f"{n + 1}亿元")) for n, each in enumerate(texts)]
    found = quoted(*read_of, chances=(0.9,) * 8)
    assert [q.article.id for q in found] == [f"a{n}" for n in range(6)]


def test_quotes_differ_when_both_have_numbers_and_share_none() -> None:
    four, five, other = (
        Quote(Article("a", "", f"花了{what}元。"), 0, len(what) + 4, 1.0, ((2, 2 + len(what)),))
        for what in ("4亿", "5亿", "许多")
    )
    assert differ(four, five)
    assert not differ(four, four)
    assert not differ(four, other)


# --- the answer's parts ----------------------------------------------------------------------


def test_quotes_become_statements_citations_and_short_answers() -> None:
    quotes = [
        Quote(BRIDGE, 3, 11, 0.9, ((7, 10),)),
        Quote(TOWER, 13, 53, 0.8, ((26, 41),), "Old tower"),
    ]
    statements, citations, answers = to_answer(quotes, quotes)
    assert [(s.text, s.citations, s.kind, s.verdict) for s in statements] == [
        ("大桥花了4亿元。", (1,), "quote", "supported"),
        ("Its buyer is Marta Lindqvist, a painter.", (2,), "quote", "supported"),
    ]
    assert [(c.marker, c.article.id, c.quote) for c in citations] == [
        (1, "bridge", "大桥花了4亿元。"), (2, "tower", "Its buyer is Marta Lindqvist, a painter."),
    ]  # fmt: skip
    assert answers == (
        ShortAnswer("4亿元", 1, 7, 10),
        ShortAnswer("Old tower", 2, None, None),
        ShortAnswer("Marta Lindqvist", 2, 26, 41),
    )
    assert [a.in_title for a in answers] == [False, True, False]
    assert to_answer(quotes, quotes[:1]) == (statements, citations, answers[:1])


def test_the_answers_are_those_of_quotes_worth_half_of_the_best_or_more() -> None:
    quotes = [Quote(BRIDGE, 3, 11, worth, ((7, 10),)) for worth in (0.8, 0.4, 0.39)]
    assert leading(quotes, LIMITS) == quotes[:2]
    assert leading([], LIMITS) == []


@pytest.mark.parametrize(
    ("text", "marked", "said"),
    [
        ("净利润 -240万元", "240万元", "-240万元"),
        ("净利润 -240万元", "-240万元", "-240万元"),
        ("from 2023-24 on", "24", "24"),
        ("- 240 boats", "240", "240"),
    ],
)
def test_a_number_keeps_its_minus_and_a_dash_is_none(text: str, marked: str, said: str) -> None:
    start = text.index(marked)
    a, b = _trimmed(text, start, start + len(marked))
    assert text[a:b] == said

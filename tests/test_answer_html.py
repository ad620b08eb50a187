"""An answer as the page shows it: short answers, quotes, translations, what is written, what can be done."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ragqa.server import answer_html
from ragqa.types import Answer, Article, Citation, ShortAnswer, Statement

ONE = Article("a.md", "旧闻<b>", "花了4亿元。", published="2024-05-01")
OTHER = Article("b.md", "新闻", "花了5亿元。", published="2024-06-02")
ANSWER = Answer(
    "花了多少钱？",
    "zh",
    "answered",
    (Statement("花了4亿元。", (1,)), Statement("花了5亿元。", (2,))),
    (Citation(1, ONE, 0, 6), Citation(2, OTHER, 0, 6)),
    answers=(ShortAnswer("4亿元", 1, 2, 5), ShortAnswer("5亿元", 2, 2, 5)),
    confidence=0.9,
)
TOWER = Article("t.md", "Li buys the tower", "She paid 3 million.", language="en")
FOREIGN = replace(
    ANSWER,
    statements=(Statement("She paid 3 million.", (1,), translation="她付了300万。"),),
    citations=(Citation(1, TOWER, 0, 19),),
    answers=(ShortAnswer("Li", 1, None, None),),
)


def shown(html: str) -> str:
    """The text of some HTML, words a space apart where elements end."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def classes(html: str) -> list[str]:
    """The main parts in the order in which they stand."""
    parts = "short|note aside|note|written|statement|translation|by|conflict|sure|tools|kind|advice"
    return re.findall(rf'class="({parts})"', html)


# --- short answers ---------------------------------------------------------------------------


def test_short_answers_come_first_with_their_numbers_and_the_language_of_their_article() -> None:
    html = answer_html.answer("en", ANSWER, "done")
    assert classes(html)[:4] == ["short", "short", "kind", "statement"]
    assert [shown(item) for item in re.findall(r'<li class="short" lang="zh">.*?</li>', html)] == [
        "4亿元 1",
        "5亿元 2",
    ]
    assert '<li class="short" lang="en">Li<a' in answer_html.answer("zh", FOREIGN, "done")


def test_a_short_answer_that_two_quotes_give_stands_once_with_both_numbers() -> None:
    twice = replace(
        ANSWER, answers=(*ANSWER.answers, ShortAnswer("4亿元", 2, 0, 1), ShortAnswer("4亿元", 1, 2, 5))
    )
    items = re.findall(r'<li class="short".*?</li>', answer_html.answer("en", twice, "done"))
    assert [shown(item) for item in items] == ["4亿元 1 2", "5亿元 2"]


def test_a_long_answer_is_set_smaller() -> None:
    long = replace(FOREIGN, answers=(ShortAnswer("a" * 61, 1, 0, 1), ShortAnswer("a" * 60, 1, 0, 1)))
    assert answer_html.answer("en", long, "done").count(" data-long>") == 1


def test_the_words_that_answer_are_highlighted_in_their_quote_and_told_to_the_reader() -> None:
    html = answer_html.answer("en", ANSWER, "done")
    assert "花了<mark>4亿元</mark>" in html
    assert re.findall(r'data-n="(\d)"[^>]*? data-short="([^"]*)"', html) == [
        ("1", "2-5"), ("2", "2-5"), ("1", "2-5"), ("2", "2-5"),
    ]  # fmt: skip


def test_words_of_a_title_that_answer_are_highlighted_in_the_title() -> None:
    html = answer_html.answer("zh", FOREIGN, "done")
    assert '<p class="by" lang="en"><mark>Li</mark> buys the tower</p>' in html
    assert "data-short" not in html


# --- quotes ----------------------------------------------------------------------------------


def test_a_quote_stays_whole_and_its_number_stands_after_it() -> None:
    html = answer_html.answer("en", replace(ANSWER, answers=()), "done")
    first = re.findall(r'<p class="statement"[^>]*>(.*?)</p>', html)[0]
    assert re.sub(r"<a.*?</a>|<[^>]+>", "", first) == "花了4亿元。"
    assert first.endswith(">1</a></span>")
    assert '<p class="statement" data-kind="quote" data-verdict="supported" lang="zh">' in html


def test_a_translation_stands_under_its_quote_under_a_label() -> None:
    html = answer_html.answer("en", FOREIGN, "running")
    assert classes(html) == ["short", "kind", "statement", "translation", "by"]
    assert shown(html[html.index('<p class="translation" lang="zh">') :]).startswith(
        "Machine translation 她付了300万。"
    )
    assert "translation" not in answer_html.answer("en", ANSWER, "done")


def test_articles_are_named_under_their_quotes_where_there_are_several() -> None:
    html = answer_html.answer("en", ANSWER, "done")
    assert [shown(by) for by in re.findall(r'<p class="by".*?</p>', html)] == [
        "旧闻&lt;b&gt; 2024-05-01",
        "新闻 2024-06-02",
    ]
    one = replace(ANSWER, statements=ANSWER.statements[:1], citations=ANSWER.citations[:1])
    assert 'class="by"' not in answer_html.answer("en", one, "done")


def test_quotes_that_disagree_stand_side_by_side_with_their_dates() -> None:
    html = answer_html.answer("zh", replace(ANSWER, conflict=(2, 1), note="不一。"), "done")
    pair = re.findall(r'<div class="conflict">(.*?)</div>', html)[0]
    assert [shown(quote) for quote in re.findall(r"<blockquote.*?</blockquote>", pair)] == [
        "花了 5亿元 。 2 新闻 2024-06-02",
        "花了 4亿元 。 1 旧闻&lt;b&gt; 2024-05-01",
    ]
    assert html.count("<blockquote") == 2
    assert classes(html)[:4] == ["short", "short", "note aside", "kind"]


@pytest.mark.parametrize("conflict", [(), (1,), (1, 7)])
def test_no_conflict_is_shown_without_both_quotes(conflict: tuple[int, ...]) -> None:
    html = answer_html.answer("en", replace(ANSWER, conflict=conflict), "done")
    assert "conflict" not in html
    assert html.count("<blockquote") == 2


# --- written, possible, not found ------------------------------------------------------------


def test_written_sentences_stand_above_the_quotes_under_a_label() -> None:
    written = Statement("It cost 400 million.", (1,), kind="written")
    html = answer_html.answer(
        "en", replace(ANSWER, mode="written", statements=(written, *ANSWER.statements)), "done"
    )
    assert classes(html)[2:6] == ["written", "kind", "statement", "kind"]
    assert "Written by a language model; every sentence was checked against the quotes" in html
    said = re.findall(r'<p class="statement" data-kind="written"[^>]*>(.*?)</p>', html)[0]
    assert re.sub(r"<[^>]+>", "", said) == "It cost 400 million1."


def test_what_may_answer_is_a_sentence_and_quotes_with_nothing_large() -> None:
    html = answer_html.answer("en", replace(ANSWER, status="possible", answers=(), note="Perhaps."), "done")
    assert classes(html) == ["note", "statement", "by", "statement", "by"]
    assert "<mark>" not in html


def test_a_refusal_is_a_note_and_advice() -> None:
    refused = Answer("谁？", "zh", "not_found", note="没有<i>。")
    html = answer_html.answer("en", refused, "done")
    assert classes(html) == ["kind", "note", "advice"]
    assert '<p class="note" lang="zh">没有&lt;i&gt;。</p>' in html


# --- around it -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "level"),
    [(1.0, "high"), (0.8, "high"), (0.79, "fair"), (0.6, "fair"), (0.59, "low"), (0.0, "low")],
)
def test_confidence_is_told_in_words(confidence: float, level: str) -> None:
    assert f'data-sure="{level}"' in answer_html.answer("en", replace(ANSWER, confidence=confidence), "done")


def test_no_confidence_is_told_of_what_is_not_finished_or_not_found() -> None:
    assert "data-sure" not in answer_html.answer("en", ANSWER, "running")
    assert "data-sure" not in answer_html.answer("en", replace(ANSWER, status="not_found"), "done")
    assert "data-sure" not in answer_html.answer("en", replace(ANSWER, status="possible"), "done")


def test_a_follow_up_shows_what_it_was_taken_from() -> None:
    html = answer_html.answer("zh", replace(ANSWER, asked="那<i>呢？"), "done")
    assert "<q>那&lt;i&gt;呢？</q>" in html
    assert "<q>" not in answer_html.answer("zh", replace(ANSWER, asked=ANSWER.question), "done")


def test_only_a_finished_answer_has_tools_and_they_name_it() -> None:
    assert 'data-token="abc"' in answer_html.answer("en", ANSWER, "done", token="abc")
    assert 'href="ragqa/answer/abc.md"' in answer_html.answer("en", ANSWER, "done", token="abc")
    assert "data-token" not in answer_html.answer("en", ANSWER, "running", token="abc")


def test_while_a_model_loads_that_is_needed_the_progress_says_so() -> None:
    assert "the models are loading" in answer_html.status("en", None, "running", loading=True)
    assert "the models are loading" in answer_html.status("en", FOREIGN, "running", loading=True)
    assert "the models are loading" in answer_html.status("en", ANSWER, "running", loading=True, write=True)
    for answer in (ANSWER, replace(ANSWER, mode="sources", statements=())):
        assert "loading" not in answer_html.status("en", answer, "running", loading=True)
    assert "loading" not in answer_html.status("en", FOREIGN, "done", loading=True)

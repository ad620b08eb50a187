"""Around a finished answer: its words of confidence, its conflict, its tools."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ragqa import reply
from ragqa.records import Answer, Article, Citation, Statement

ONE = Article("a.md", "旧闻<b>", "花了4亿元。", published="2024-05-01")
OTHER = Article("b.md", "新闻", "花了5亿元。", published="2024-06-02")
ANSWER = Answer(
    "花了多少钱？",
    "zh",
    "answered",
    (Statement("花了4亿元。", (1,), "supported"),),
    (Citation(1, ONE, 0, 6), Citation(2, OTHER, 0, 6)),
    confidence=0.9,
    mode="generated",
)


@pytest.mark.parametrize(
    ("confidence", "level"),
    [(1.0, "high"), (0.8, "high"), (0.79, "fair"), (0.6, "fair"), (0.59, "low"), (0.0, "low")],
)
def test_confidence_is_told_in_words(confidence: float, level: str) -> None:
    assert f'data-sure="{level}"' in reply.answer("en", replace(ANSWER, confidence=confidence), "done")


def test_no_confidence_is_told_of_what_is_not_finished_or_not_found() -> None:
    assert "data-sure" not in reply.answer("en", ANSWER, "running")
    assert "data-sure" not in reply.answer("en", replace(ANSWER, status="not_found"), "done")


def test_sources_that_disagree_stand_side_by_side_with_their_dates() -> None:
    html = reply.answer("zh", replace(ANSWER, conflict=(1, 2)), "done")
    pair = html[html.index('class="conflict"') :]
    assert pair.count("<blockquote") == 2
    assert "2024-05-01 旧闻&lt;b&gt;" in pair
    assert "2024-06-02 新闻" in pair
    assert pair.index("花了4亿元。") < pair.index("花了5亿元。")
    assert 'data-n="2"' in pair


@pytest.mark.parametrize("conflict", [(), (1,), (1, 7)])
def test_no_conflict_is_shown_without_both_citations(conflict: tuple[int, ...]) -> None:
    assert reply.conflict("en", replace(ANSWER, conflict=conflict)) == ""


def test_a_follow_up_shows_what_it_was_taken_from() -> None:
    html = reply.answer("zh", replace(ANSWER, asked="那<i>呢？"), "done")
    assert "<q>那&lt;i&gt;呢？</q>" in html
    assert "<q>" not in reply.answer("zh", replace(ANSWER, asked=ANSWER.question), "done")


def test_only_a_finished_answer_has_tools_and_they_name_it() -> None:
    assert 'data-token="abc"' in reply.answer("en", ANSWER, "done", token="abc")
    assert 'href="ragqa/answer/abc.md"' in reply.answer("en", ANSWER, "done", token="abc")
    assert "data-token" not in reply.answer("en", ANSWER, "running", token="abc")


def test_every_verdict_of_a_written_answer_is_told_in_words_and_none_of_a_quoted_one() -> None:
    assert "✓ supported" in reply.answer("en", ANSWER, "done")
    assert "✓" not in reply.answer("en", replace(ANSWER, mode="extractive"), "done")


def test_while_a_model_loads_the_progress_says_so() -> None:
    for answer in (None, ANSWER):
        assert "the models are loading" in reply.status("en", answer, "running", loading=True)
        assert "loading" not in reply.status("en", answer, "running")
    assert "loading" not in reply.status("en", ANSWER, "done", loading=True)

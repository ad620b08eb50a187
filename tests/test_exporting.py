"""Answers to take away."""

from __future__ import annotations

from dataclasses import replace

from ragqa.exporting import as_markdown, as_text
from ragqa.records import Answer, Article, Citation, Statement

ARTICLE = Article("a.md", "A *title*", "He left.\nShe stayed.", "https://example.org/a", "2024-05-01", "en")
ANSWER = Answer(
    "Who left?",
    "en",
    "answered",
    (Statement("He [really] left.", (1,), "supported"),),
    (Citation(1, ARTICLE, 0, 20),),
    note="See <b>both</b>.",
)


def test_text_has_the_question_the_answer_its_note_and_numbered_references() -> None:
    assert as_text(ANSWER) == (
        "Who left?\n\nHe [really] left [1].\n\nSee <b>both</b>.\n\n"
        "[1] A *title*, 2024-05-01, https://example.org/a, a.md (0-20)\n    He left. She stayed.\n"
    )


def test_nothing_from_outside_becomes_markdown() -> None:
    assert as_markdown(ANSWER) == (
        "## Who left?\n\nHe \\[really\\] left \\[1\\].\n\n*See \\<b\\>both\\</b\\>.*\n\n"
        "1. A \\*title\\*, 2024-05-01, https://example.org/a, a.md (0-20)\n\n   > He left. She stayed.\n"
    )


def test_a_refusal_is_its_note_once() -> None:
    refused = replace(ANSWER, statements=(), citations=(), status="not_found", note="Not here.")
    assert as_text(refused) == "Who left?\n\nNot here.\n"
    assert as_markdown(refused) == "## Who left?\n\nNot here.\n"

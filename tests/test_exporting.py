"""Answers to take away."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from markdown_it import MarkdownIt
from tally import Tally
from test_markup import ADDRESSES, HOSTILE

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
        "1. A \\*title\\*, 2024-05-01, <https://example.org/a>, a.md (0-20)\n\n   > He left. She stayed.\n"
    )


def exported(text: str) -> str:
    """An answer that holds a text in every place, as Markdown."""
    article = replace(ARTICLE, title=text, source=text, id=text, text=text, published=text)
    return as_markdown(
        replace(
            ANSWER,
            question=text,
            note=text,
            statements=(Statement(text, (1,), "partly"),),
            citations=(Citation(1, article, 0, len(text)),),
        )
    )


def autolinked(markdown: str) -> list[str]:
    """Addresses that a renderer links although nothing says so."""
    return re.findall(r"(?<!<)https?://\S+|www\.\S+", markdown)


@pytest.mark.parametrize("address", ADDRESSES)
def test_other_addresses_are_no_links_in_markdown(tally: Tally, address: str) -> None:
    markdown = exported(address)
    plain = "<a " not in MarkdownIt().render(markdown) and autolinked(markdown) == []
    tally("F6", "the same sources: no link in exported Markdown", plain, 1)
    assert plain, markdown


@pytest.mark.parametrize(
    "text", [*HOSTILE, "- a", "+ a", "1. a", "2) a", "===", "---", "# a", "> a", "www.evil.example"]
)
def test_nothing_from_outside_becomes_html_by_way_of_markdown(text: str) -> None:
    html = MarkdownIt().render(exported(text))
    assert set(re.findall(r"<(\w+)", html)) <= {"h2", "p", "em", "ol", "li", "blockquote"}
    assert html.count("<li>") == 1
    assert autolinked(exported(text)) == []
    assert unescape(html).count(text) >= 5


def test_a_refusal_is_its_note_once() -> None:
    refused = replace(ANSWER, statements=(), citations=(), status="not_found", note="Not here.")
    assert as_text(refused) == "Who left?\n\nNot here.\n"
    assert as_markdown(refused) == "## Who left?\n\nNot here.\n"

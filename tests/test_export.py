"""Answers to take away."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from markdown_it import MarkdownIt
from support.hostile_text import ADDRESSES, HOSTILE
from support.tally import Tally

from ragqa.server.export import as_markdown, as_text
from ragqa.types import Answer, Article, Citation, ShortAnswer, Statement

ARTICLE = Article(
    "a.md", "A *title*", "He [really] left.\nShe stayed.", "https://example.org/a", "2024-05-01", "en"
)
ANSWER = Answer(
    "谁走了？",
    "zh",
    "answered",
    (Statement("He [really] left.", (1,), translation="他<真>走了。"),),
    (Citation(1, ARTICLE, 0, 17),),
    answers=(ShortAnswer("He", 1, 0, 2), ShortAnswer("*title*", 1, None, None), ShortAnswer("He", 1, 0, 2)),
    note="See <b>both</b>.",
)
WRITTEN = replace(
    ANSWER,
    mode="written",
    note="",
    statements=(Statement("他走了。", (1,), kind="written"), *ANSWER.statements),
)


def test_text_has_question_short_answers_note_quotes_with_translations_and_references() -> None:
    assert as_text(ANSWER) == (
        "谁走了？\n\nHe · *title*\n\nSee <b>both</b>.\n\n"
        "He [really] left. [1]\n    （机器翻译）他<真>走了。\n\n"
        "[1] A *title*, 2024-05-01, https://example.org/a, a.md (0-17)\n"
    )


def test_a_reference_names_the_author() -> None:
    told = replace(ANSWER, citations=(Citation(1, replace(ARTICLE, author="Ola Berg"), 0, 17),))
    assert "[1] A *title*, Ola Berg, 2024-05-01, " in as_text(told)
    assert "1. A \\*title\\*, Ola Berg, 2024-05-01, " in as_markdown(told)


def test_nothing_from_outside_becomes_markdown() -> None:
    assert as_markdown(ANSWER) == (
        "## 谁走了？\n\n**He** · **\\*title\\***\n\n*See \\<b\\>both\\</b\\>.*\n\n"
        "> He \\[really\\] left. \\[1\\]\n>\n> *（机器翻译）他\\<真\\>走了。*\n\n"
        "1. A \\*title\\*, 2024-05-01, <https://example.org/a>, a.md (0-17)\n"
    )


def test_what_a_language_model_wrote_stands_above_the_quotes_under_a_label() -> None:
    label = "以下由语言模型撰写，逐句经引文核对："
    assert f"\n\n{label}\n他走了。 [1]\n\nHe [really] left. [1]\n" in as_text(WRITTEN)
    assert f"\n\n{label}\n\n他走了。 \\[1\\]\n\n> He " in as_markdown(WRITTEN)


def exported(text: str) -> str:
    """An answer that holds a text in every place, as Markdown."""
    article = replace(ARTICLE, title=text, source=text, id=text, text=text, published=text)
    return as_markdown(
        replace(
            ANSWER,
            question=text,
            note=text,
            statements=(Statement(text, (1,), kind="written"), Statement(text, (1,), translation=text)),
            citations=(Citation(1, article, 0, len(text)),),
            answers=(ShortAnswer(text, 1, 0, len(text)),),
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
    assert set(re.findall(r"<(\w+)", html)) <= {"h2", "p", "em", "strong", "ol", "li", "blockquote"}
    assert html.count("<li>") == 1
    assert autolinked(exported(text)) == []
    assert unescape(html).count(text) >= 8


def test_a_refusal_is_its_note_once() -> None:
    refused = Answer("Who left?", "en", "not_found", note="Not here.")
    assert as_text(refused) == "Who left?\n\nNot here.\n"
    assert as_markdown(refused) == "## Who left?\n\nNot here.\n"

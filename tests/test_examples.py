"""Examples that this corpus can be asked: from the gold set, else on names in its titles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ragqa.corpus.examples import example_questions
from ragqa.types import Article, Language

ARTICLES = [
    Article("a.md", "马斯克谈火星", "……"),
    Article("b.md", "Marta Lindqvist buys a tower", "…", language="en"),
    Article("c.md", "没有谁", "……"),
]


def row(question: str, *articles: str, language: str = "zh", answerable: bool = True) -> str:
    evidence = [{"article_id": article, "quote": "…"} for article in articles]
    return json.dumps(
        {"question": question, "language": language, "answerable": answerable, "evidence": evidence}
    )


def ask(tmp_path: Path, *lines: str | bytes, language: Language = "zh") -> list[str]:
    gold = tmp_path / "gold.jsonl"
    gold.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    return example_questions(ARTICLES, gold=gold, language=language)


def test_questions_come_from_the_gold_set_in_their_language_and_at_most_four(tmp_path: Path) -> None:
    lines = [row(f"问{n}？", "a.md") for n in range(6)]
    assert ask(tmp_path, row("Who?", "a.md", language="en"), *lines) == ["问0？", "问1？", "问2？", "问3？"]
    assert ask(tmp_path, row("Who?", "a.md", language="en"), *lines, language="en") == ["Who?"]


def test_a_question_is_asked_once_and_only_when_the_corpus_holds_its_answer(tmp_path: Path) -> None:
    assert ask(
        tmp_path,
        row("有吗？", "a.md", "b.md"),
        row("有吗？", "a.md"),
        row("只有一半吗？", "a.md", "z.md"),
        row("没有证据吗？"),
        row("不能答吗？", "a.md", answerable=False),
    ) == ["有吗？"]


@pytest.mark.parametrize(
    "broken", ["{", "[]", "7", "{}", '{"evidence": 5}', "", b"\xff\xfe", b'{"x": "\xff"}']
)
def test_a_broken_line_gives_no_example_and_no_error(tmp_path: Path, broken: Any) -> None:
    assert ask(tmp_path, broken, row("有吗？", "a.md"), broken) == ["有吗？"]


def test_without_gold_the_articles_of_the_language_can_be_summarised_or_else_all(tmp_path: Path) -> None:
    gold = tmp_path / "gone.jsonl"
    assert example_questions(ARTICLES, gold=gold, language="zh") == ["总结《马斯克谈火星》", "总结《没有谁》"]
    assert example_questions(ARTICLES, gold=gold, language="en") == [
        "Summarise “Marta Lindqvist buys a tower”"
    ]
    assert example_questions(ARTICLES[:1], gold=gold, language="en") == ["Summarise “马斯克谈火星”"]
    assert example_questions([], gold=gold, language="en") == []

"""The everyday gold set: well formed, and what it quotes stands in its own corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.corpus.articles import read_articles
from ragqa.evaluation.gold import GoldSet, misquoted, read_gold

FOLDER = Path(__file__).parents[1] / "gold" / "everyday"


@pytest.fixture(scope="module")
def gold() -> GoldSet:
    return read_gold(FOLDER / "questions.jsonl")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    articles, _ = read_articles(FOLDER / "corpus")
    return {article.id: f"{article.title}\n{article.text}" for article in articles}


def test_every_quote_stands_in_its_article_or_is_its_title(gold: GoldSet, texts: dict[str, str]) -> None:
    assert list(misquoted(gold, texts)) == []


def test_every_answerable_question_says_what_is_right_and_where_it_stands(gold: GoldSet) -> None:
    assert [q.id for q in gold.questions if q.answerable and not (q.answers and q.evidence)] == []


def test_both_languages_have_questions_of_both_kinds(gold: GoldSet) -> None:
    kinds = {(q.language, q.answerable) for q in gold.questions}
    assert kinds == {("zh", True), ("zh", False), ("en", True), ("en", False)}

"""The gold set: its lines are well formed, and what they quote stands in the sample corpus."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ragqa.corpus.articles import read_articles
from ragqa.evaluation.gold import misquoted, read_gold
from ragqa.evaluation.text_metrics import contains
from ragqa.text.language import language_of

ROOT = Path(__file__).parents[1]
GOLD = ROOT / "gold" / "questions.jsonl"
FIELDS = {"id", "question", "language", "answerable", "answers", "evidence", "tags"}
# Every tag there is, and of how many questions at least.
KINDS = {
    "why": 8,
    "who": 8,
    "when": 8,
    "number": 10,
    "list": 8,
    "what": 8,
    "where": 4,
    "yes-no": 4,
    "two-articles": 6,
    "conflicting": 4,
    "cross-lingual": 40,
    "same-language": 10,
    "unanswerable": 20,
}

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [json.loads(line) for line in GOLD.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    articles, skipped = read_articles(ROOT / "corpus")
    assert not skipped
    return {article.id: article.text for article in articles}


def test_every_line_has_the_fields_and_an_id_of_its_own(rows: list[Row]) -> None:
    assert len(read_gold(GOLD).questions) == len(rows)
    assert all(set(row) == FIELDS and row["tags"] for row in rows)
    assert len({row["id"] for row in rows}) == len({row["question"] for row in rows}) == len(rows)


def test_at_least_eighty_questions_of_which_twenty_cannot_be_answered(rows: list[Row]) -> None:
    assert len(rows) >= 80
    assert sum(not row["answerable"] for row in rows) >= 20


def test_both_languages_have_as_many_questions_answerable_and_not(rows: list[Row]) -> None:
    counts = Counter((row["language"], row["answerable"]) for row in rows)
    assert counts["en", True] == counts["zh", True]
    assert counts["en", False] == counts["zh", False]


def test_questions_of_every_kind_are_asked(rows: list[Row]) -> None:
    counts = Counter(tag for row in rows for tag in row["tags"])
    assert set(counts) == KINDS.keys()
    assert {kind: counts[kind] for kind, least in KINDS.items() if counts[kind] < least} == {}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_many_questions_are_answered_in_the_other_language(rows: list[Row], language: str) -> None:
    assert sum(row["language"] == language and "cross-lingual" in row["tags"] for row in rows) >= 20


def test_every_article_answers_a_question(rows: list[Row], texts: dict[str, str]) -> None:
    assert {quote["article_id"] for row in rows for quote in row["evidence"]} == texts.keys()


def test_two_article_questions_and_no_others_have_evidence_from_two_articles(rows: list[Row]) -> None:
    for row in rows:
        articles = {quote["article_id"] for quote in row["evidence"]}
        assert len(articles) == 2 if "two-articles" in row["tags"] else len(articles) <= 1, row["id"]


def test_conflicting_questions_ask_for_both_sides(rows: list[Row]) -> None:
    for row in rows:
        if "conflicting" in row["tags"]:
            assert len(row["answers"]) >= 2, row["id"]
            assert len(row["evidence"]) >= 2, row["id"]


def test_languages_are_those_of_the_questions(rows: list[Row]) -> None:
    assert [row["language"] for row in rows] == [language_of(row["question"]) for row in rows]


@pytest.mark.parametrize(
    ("language", "question"), [("en", "why did Brundage leave?"), ("zh", "超级对齐团队曾拥有多少算力？")]
)
def test_the_page_leads_with_these(rows: list[Row], language: str, question: str) -> None:
    assert next(row["question"] for row in rows if row["language"] == language) == question


def test_every_quote_stands_in_its_article(rows: list[Row], texts: dict[str, str]) -> None:
    quotes = [(quote["article_id"], quote["quote"]) for row in rows for quote in row["evidence"]]
    assert [(name, quote) for name, quote in quotes if not quote or quote not in texts[name]] == []


def test_tags_say_whether_evidence_is_in_the_other_language(rows: list[Row], texts: dict[str, str]) -> None:
    for row in rows:
        languages = {language_of(texts[quote["article_id"]]) for quote in row["evidence"]}
        assert ("cross-lingual" in row["tags"]) == bool(languages - {row["language"]}), row["id"]
        assert ("same-language" in row["tags"]) == (languages == {row["language"]}), row["id"]
        assert ("unanswerable" in row["tags"]) == (not row["answerable"]), row["id"]


def test_no_question_gives_away_a_part_of_its_answer(rows: list[Row]) -> None:
    for row in rows:
        for group in row["answers"]:
            assert [part for part in group if contains(row["question"], part)] == [], row["id"]


def test_every_part_of_an_answer_is_found_in_the_evidence(rows: list[Row], texts: dict[str, str]) -> None:
    for row in rows:
        if row["answerable"]:
            assert row["evidence"], row["id"]
            assert row["answers"], row["id"]
            read = "\n".join(texts[quote["article_id"]] for quote in row["evidence"]).casefold()
            for group in row["answers"]:
                assert any(alternative.casefold() in read for alternative in group), (row["id"], group)


def test_the_everyday_set_quotes_articles_or_their_titles_and_asks_what_is_and_is_not_there() -> None:
    gold = read_gold(ROOT / "gold" / "everyday" / "questions.jsonl")
    articles, _ = read_articles(ROOT / "gold" / "everyday" / "corpus")
    assert list(misquoted(gold, {a.id: f"{a.title}\n{a.text}" for a in articles})) == []
    assert [q.id for q in gold.questions if q.answerable and not (q.answers and q.evidence)] == []
    kinds = {(q.language, q.answerable) for q in gold.questions}
    assert kinds == {("zh", True), ("zh", False), ("en", True), ("en", False)}

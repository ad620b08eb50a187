"""The JSON documents: exactly the keys of design.md, section 4, and what this project adds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ragqa.building import Built, Changes
from ragqa.records import Answer, Article, Chunk, Citation, Passage, Signal, Skipped, Statement
from ragqa.schema import answer_json, article_json, index_json, search_json

ARTICLE = Article(
    "a.md", "题目", "甲来了。乙走了。丙说话。", "https://example.org", "2024-05-02", "zh", ("x",)
)
FOUND = Passage(Chunk("a.md", 0, 8, "甲来了。乙走了。", "小标题"), ARTICLE, 0.87654)
NEXT = Passage(Chunk("a.md", 8, 12, "丙说话。"), ARTICLE, 0.5)
ABOUT = {"title": "题目", "source": "https://example.org", "published": "2024-05-02", "language": "zh"}
PASSAGE: dict[str, Any] = {
    "rank": 1, "score": 0.8765, "article_id": "a.md", **ABOUT, "heading": "小标题",
    "start": 0, "end": 8, "text": "甲来了。乙走了。", "cited": False, "focus": [], "also_in": [],
}  # fmt: skip


def test_an_answer() -> None:
    answer = Answer(
        "谁来了？", "zh", "answered", (Statement("甲来了。", (1,), "supported"),), (Citation(1, ARTICLE, 0, 4),),
        (FOUND, NEXT), 0.83, "generated", "", {"retrieve": 41, "total": 6200},
        index={"version": "v-1", "articles": 1, "chunks": 2},
    )  # fmt: skip
    document = answer_json(answer, id="q1", models={"encoder": "e", "generator": "g"})
    assert document == {
        "schema": "ragqa.answer/1",
        "id": "q1",
        "question": "谁来了？",
        "language": "zh",
        "status": "answered",
        "text": "甲来了[1]。",
        "statements": [{"text": "甲来了。", "citations": [1], "verdict": "supported"}],
        "citations": [
            {"marker": 1, "article_id": "a.md", **ABOUT, "start": 0, "end": 4, "quote": "甲来了。"}
        ],
        "passages": [
            {**PASSAGE, "cited": True},
            {**PASSAGE, "rank": 2, "score": 0.5, "heading": "", "start": 8, "end": 12, "text": "丙说话。"},
        ],
        "confidence": 0.83,
        "signs": {},
        "cached": False,
        "asked": "谁来了？",
        "conflict": [],
        "read": [],
        "mode": "generated",
        "note": "",
        "timings_ms": {"retrieve": 41, "total": 6200},
        "models": {"encoder": "e", "generator": "g"},
        "index": {"version": "v-1", "articles": 1, "chunks": 2},
    }
    assert json.loads(json.dumps(document)) == document


def test_an_answer_without_an_id_says_null() -> None:
    document = answer_json(Answer("?", "en", "not_found"), id=None, models={})
    assert (document["id"], document["passages"], document["citations"]) == (None, [], [])


def test_a_quote_that_crosses_a_passages_edge_does_not_cite_it() -> None:
    across = Answer("?", "zh", "answered", citations=(Citation(1, ARTICLE, 4, 12),), passages=(FOUND, NEXT))
    assert [p["cited"] for p in answer_json(across, id=None, models={})["passages"]] == [
        False,
        False,
    ]


def test_a_search() -> None:
    assert search_json("谁来了？", [FOUND], id=None, timings_ms={"total": 3}) == {
        "schema": "ragqa.search/1",
        "id": None,
        "query": "谁来了？",
        "language": "zh",
        "passages": [PASSAGE],
        "timings_ms": {"total": 3},
    }


def test_what_matches_best_and_copies_are_told() -> None:
    passage = replace(FOUND, focus=((0, 4), (4, 8)), also_in=("b.md", "c.md"))
    (document,) = search_json("谁来了？", [passage], id=None, timings_ms={})["passages"]
    assert document == {
        **PASSAGE,
        "focus": [{"start": 0, "end": 4}, {"start": 4, "end": 8}],
        "also_in": ["b.md", "c.md"],
    }


def test_signals_are_told_when_asked_for() -> None:
    signals = (Signal("dense", 0.12345, 0.061725), Signal("late", -0.00004, -0.00002))
    explained = search_json(
        "谁来了？", [replace(FOUND, signals=signals), NEXT], id=None, timings_ms={}, explain=True
    )
    assert [passage["signals"] for passage in explained["passages"]] == [
        {"dense": {"value": 0.1235, "points": 0.0617}, "late": {"value": 0.0, "points": 0.0}},
        {},
    ]


def test_an_index() -> None:
    changes = Changes(("a", "b"), ("c",), (), ("d", "e", "f"))
    assert index_json(Built("v-1", 6, 31, changes, (Skipped("x.pdf", "empty"),), 1.23456, 99.6)) == {
        "schema": "ragqa.index/1",
        "version": "v-1",
        "articles": 6,
        "chunks": 31,
        "added": 2,
        "changed": 1,
        "removed": 0,
        "unchanged": 3,
        "skipped": [{"file": "x.pdf", "reason": "empty"}],
        "seconds": 1.23,
        "tokens_per_second": 100,
    }


def test_an_article() -> None:
    assert article_json(ARTICLE) == {
        "schema": "ragqa.article/1",
        "article_id": "a.md",
        **ABOUT,
        "links": ["x"],
        "characters": 12,
        "text": "甲来了。乙走了。丙说话。",
    }

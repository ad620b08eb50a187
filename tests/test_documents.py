"""The JSON documents: exactly the keys of design.md, section 4, and what this project adds."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ragqa.documents import answer_json, article_json, index_json, search_json
from ragqa.types import (
    Answer,
    Article,
    Built,
    Changes,
    Chunk,
    Citation,
    Passage,
    ShortAnswer,
    Signal,
    Skipped,
    Statement,
)

ARTICLE = Article(
    "a.md", "题目", "甲来了。乙走了。丙说话。", "https://example.org", "2024-05-02", "zh", ("x",)
)
FOUND = Passage(Chunk("a.md", 0, 8, "甲来了。乙走了。", "小标题"), ARTICLE, 0.87654, 0.94321)
NEXT = Passage(Chunk("a.md", 8, 12, "丙说话。"), ARTICLE, 0.5)
ABOUT = {
    "title": "题目", "source": "https://example.org", "author": None, "published": "2024-05-02", "language": "zh",
}  # fmt: skip
PASSAGE: dict[str, Any] = {
    "rank": 1, "score": 0.8765, "reader": 0.9432, "article_id": "a.md", **ABOUT, "heading": "小标题",
    "start": 0, "end": 8, "text": "甲来了。乙走了。", "cited": False, "focus": [], "also_in": [],
}  # fmt: skip


def test_an_answer() -> None:
    answer = Answer(
        "谁来了？", "zh", "answered", (Statement("甲来了。", (1,)),), (Citation(1, ARTICLE, 0, 4),),
        (FOUND, NEXT), (ShortAnswer("甲", 1, 0, 1),), 0.83, timings_ms={"retrieve": 41, "total": 62},
        index={"version": "v-1", "articles": 1, "chunks": 2},
    )  # fmt: skip
    document = answer_json(answer, id="q1", models={"encoder": "e", "reader": "r", "generator": "g"})
    assert document == {
        "schema": "ragqa.answer/2",
        "id": "q1",
        "question": "谁来了？",
        "asked": "谁来了？",
        "language": "zh",
        "status": "answered",
        "kind": "question",
        "answers": [{"text": "甲", "citation": 1, "start": 0, "end": 1}],
        "text": "甲来了[1]。",
        "statements": [
            {"kind": "quote", "text": "甲来了。", "citations": [1], "verdict": "supported", "translation": None}
        ],
        "citations": [
            {"marker": 1, "article_id": "a.md", **ABOUT, "start": 0, "end": 4, "quote": "甲来了。"}
        ],
        "passages": [
            {**PASSAGE, "cited": True},
            {
                **PASSAGE, "rank": 2, "score": 0.5, "reader": None, "heading": "", "start": 8, "end": 12,
                "text": "丙说话。",
            },
        ],
        "confidence": 0.83,
        "cached": False,
        "conflict": [],
        "mode": "quotes",
        "note": "",
        "timings_ms": {"retrieve": 41, "translated": None, "total": 62},
        "models": {"encoder": "e", "reader": "r", "generator": "g"},
        "index": {"version": "v-1", "articles": 1, "chunks": 2},
    }  # fmt: skip
    assert json.loads(json.dumps(document)) == document


def test_a_short_answer_in_a_title_has_no_place_in_the_text() -> None:
    title, citations = ShortAnswer("题目", 1, None, None), (Citation(1, ARTICLE, 0, 4),)
    answer = Answer("什么？", "zh", "answered", citations=citations, answers=(title,))
    assert answer_json(answer, id=None, models={})["answers"] == [
        {"text": "题目", "citation": 1, "start": None, "end": None, "in_title": True}
    ]


def test_a_written_sentence_and_a_translation_say_so() -> None:
    statements = (
        Statement("He came.", (1,), "supported", "written"), Statement("甲来了。", (1,), translation="A came."),
    )  # fmt: skip
    answer = Answer("Who?", "en", "answered", statements, mode="written", timings_ms={"translated": 900})
    document = answer_json(answer, id=None, models={})
    said = {"citations": [1], "verdict": "supported"}
    assert document["statements"] == [
        {"kind": "written", "text": "He came.", "translation": None, **said},
        {"kind": "quote", "text": "甲来了。", "translation": "A came.", **said},
    ]
    assert (document["mode"], document["timings_ms"]) == ("written", {"translated": 900})
    assert document["text"] == "He came [1]. A came [1]."


def test_a_quote_that_crosses_a_passages_edge_does_not_cite_it() -> None:
    across = Answer("?", "zh", "answered", citations=(Citation(1, ARTICLE, 4, 12),), passages=(FOUND, NEXT))
    assert [p["cited"] for p in answer_json(across, id=None, models={})["passages"]] == [False, False]


def searched(*passages: Passage, **options: Any) -> dict[str, Any]:
    return search_json("谁来了？", passages, id=None, language="zh", timings_ms={"total": 3}, **options)


def test_a_search() -> None:
    assert searched(FOUND) == {
        "schema": "ragqa.search/1", "id": None, "query": "谁来了？", "language": "zh", "passages": [PASSAGE],
        "timings_ms": {"total": 3},
    }  # fmt: skip


def test_what_matches_best_and_copies_are_told() -> None:
    passage = replace(FOUND, focus=((0, 4), (4, 8)), also_in=("b.md", "c.md"))
    told = {"focus": [{"start": 0, "end": 4}, {"start": 4, "end": 8}], "also_in": ["b.md", "c.md"]}
    assert searched(passage)["passages"] == [{**PASSAGE, **told}]


def test_signals_are_told_when_asked_for() -> None:
    signals = (Signal("dense", 0.12345, 0.061725), Signal("late", -0.00004, -0.00002))
    explained = searched(replace(FOUND, signals=signals), NEXT, explain=True)
    assert [passage["signals"] for passage in explained["passages"]] == [
        {"dense": {"value": 0.1235, "points": 0.0617}, "late": {"value": 0.0, "points": 0.0}},
        {},
    ]


def test_an_index() -> None:
    changes = Changes(("a", "b"), ("c",), (), ("d", "e", "f"))
    assert index_json(Built("v-1", 6, 31, changes, (Skipped("x.pdf", "empty"),), 1.23456, 99.6)) == {
        "schema": "ragqa.index/1", "version": "v-1", "articles": 6, "chunks": 31, "added": 2, "changed": 1, "removed": 0,
        "unchanged": 3, "skipped": [{"file": "x.pdf", "reason": "empty"}], "seconds": 1.23, "tokens_per_second": 100,
    }  # fmt: skip


def test_an_article() -> None:
    assert article_json(ARTICLE) == {
        "schema": "ragqa.article/1",
        "article_id": "a.md",
        **ABOUT,
        "published_from": None,
        "links": ["x"],
        "characters": 12,
        "text": "甲来了。乙走了。丙说话。",
    }

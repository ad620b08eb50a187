"""Records of questions that were never asked: what the tests of figures, runs and reports are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragqa.evaluation import Judged, Record
from ragqa.records import Answer, Article, Chunk, Citation, Passage, Statement
from ragqa.schema import answer_json
from ragqa.text import language_of, sentence_spans

ARTICLES = {
    article.id: article
    for article in (
        Article("harbour.md", "港口停航", "航道里的沙太多了。灯塔的灯坏了。", published="2024-05-02"),
        Article("tower.md", "Old tower", "Marta bought the tower. She paid 3 million.", language="en"),
        Article("library.md", "图书馆", "图书馆借出自行车。"),
    )
}
SAND = [["沙", "sand"]]
NOBODY: dict[str, Any] = {"answerable": False, "answers": [], "relevant": []}


def record(
    id: str = "q1",
    said: str | None = "沙太多了。",
    *,
    cites: Sequence[str] = ("harbour.md",),
    found: Sequence[str] = ("harbour.md", "tower.md"),
    confidence: float = 0.9,
    timings: dict[str, int] | None = None,
    **changes: Any,
) -> Record:
    """A question about sand, answered in one statement; None is a refusal.

    Citations quote the first sentence of their articles, passages are articles whole.
    """
    question = changes.get("question", "航道怎么了？")
    cites = cites if said else ()
    citations = [
        Citation(n, ARTICLES[a], *sentence_spans(ARTICLES[a].text)[0]) for n, a in enumerate(cites, 1)
    ]
    passages = [
        Passage(Chunk(a, 0, len(ARTICLES[a].text), ARTICLES[a].text), ARTICLES[a], 0.8) for a in found
    ]
    answer = Answer(
        question,
        language_of(question),
        "answered" if said else "not_found",
        (Statement(said, tuple(c.marker for c in citations), "supported"),) if said else (),
        tuple(citations),
        tuple(passages),
        confidence,
        note="" if said else "没有找到答案。",
        timings_ms={"total": 400} if timings is None else timings,
    )
    made = Record(
        id=id,
        question=question,
        language=language_of(question),
        answerable=True,
        answers=SAND,
        evidence=[],
        relevant=["harbour.md"],
        tags=[],
        group=id,
        direction="zh→zh",
        ranked=list(found),
        answer=answer_json(answer, id=id, models={}),
        judged=[Judged(holds=True, precise=[True] * len(cites), way=("zh", "zh"))] if said else [],
        retrieve_ms=20,
    )
    return made.model_copy(update=changes)


def ranking(id: str = "q1", *ranked: str, **changes: Any) -> Record:
    """A question of which only the articles were ranked."""
    return record(id, found=(), ranked=list(ranked), answer=None, judged=[], **changes)

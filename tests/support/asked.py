"""Records of questions that were never asked: what the tests of figures, runs and reports are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ragqa.documents import answer_json
from ragqa.evaluation.citation_judge import Judged
from ragqa.evaluation.record import Record
from ragqa.text.language import language_of, sentence_spans
from ragqa.types import Answer, Article, Chunk, Citation, Passage, ShortAnswer, Statement, Status

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
# A line of records.jsonl as an earlier version wrote it.
EARLIER = """{"id": "en-01", "question": "Why is the harbour closed?", "language": "en", "answerable": true,
 "answers": [["sand"]], "evidence": [], "relevant": ["harbour.md"], "tags": [], "group": "harbour.md",
 "direction": "en→zh", "ranked": ["harbour.md"], "read": ["航道里的沙太多了。"], "verified_ms": 4100,
 "closed_book": "because of a strike", "retrieve_ms": 30,
 "judged": [{"holds": true, "precise": [true], "way": ["zh", "en"]},
            {"holds": true, "precise": [true], "way": ["zh", "zh"]}],
 "answer": {"schema": "ragqa.answer/1", "id": "en-01", "question": "Why is the harbour closed?", "language": "en",
  "status": "answered", "text": "There is too much sand [1]. 灯塔的灯坏了[2]。", "confidence": 0.7, "mode": "generated",
  "note": "", "timings_ms": {"retrieve": 30, "first_statement": 40, "first_token": 900, "total": 5000},
  "statements": [{"text": "There is too much sand.", "citations": [1], "verdict": "supported"},
                 {"text": "灯塔的灯坏了。", "citations": [2], "verdict": "supported"}],
  "citations": [{"marker": 1, "article_id": "harbour.md", "title": "港口停航", "published": null, "language": "zh",
                 "start": 0, "end": 9, "quote": "航道里的沙太多了。", "valid": true},
                {"marker": 2, "article_id": "harbour.md", "title": "港口停航", "published": null, "language": "zh",
                 "start": 9, "end": 16, "quote": "灯塔的灯坏了。", "valid": true}],
  "passages": [{"rank": 1, "score": 0.7, "article_id": "harbour.md", "title": "港口停航", "start": 0, "end": 16,
                "text": "航道里的沙太多了。灯塔的灯坏了。", "cited": true}]}}"""


def record(
    id: str = "q1",
    said: str | None = "沙太多了。",
    *,
    cites: Sequence[str] = ("harbour.md",),
    quote: str = "",
    short: Sequence[str] | None = None,
    translation: str | None = None,
    status: Status = "answered",
    found: Sequence[str] = ("harbour.md", "tower.md"),
    confidence: float = 0.9,
    timings: dict[str, int] | None = None,
    **changes: Any,
) -> Record:
    """A question about sand, answered in one statement; None is a refusal.

    Citations quote the last sentence of their articles, or ``quote``; a statement of the same words is a quote.
    The short answer is the statement without its full stop. Passages are articles whole.
    """
    question = changes.get("question", "航道怎么了？")
    cites = cites if said else ()
    citations = [_citation(n, ARTICLES[a], quote) for n, a in enumerate(cites, 1)]
    passages = [
        Passage(Chunk(a, 0, len(ARTICLES[a].text), ARTICLES[a].text), ARTICLES[a], 0.8) for a in found
    ]
    markers = tuple(c.marker for c in citations)
    if short is None:
        short = [said.rstrip("。")] if said and status == "answered" else []
    exact = said in (c.quote for c in citations)
    statement = Statement(said or "", markers, "supported", "quote" if exact else "written", translation)
    answer = Answer(
        question,
        language_of(question),
        status if said else "not_found",
        (statement,) if said else (),
        tuple(citations),
        tuple(passages),
        tuple(ShortAnswer(words, 1, 0, len(words)) for words in short),
        confidence,
        mode="quotes" if exact or not said else "written",
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


def _citation(marker: int, article: Article, quote: str) -> Citation:
    start, end = sentence_spans(article.text)[-1]
    if quote and quote in article.text:
        start, end = article.text.index(quote), article.text.index(quote) + len(quote)
    return Citation(marker, article, start, end)

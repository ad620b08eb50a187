"""The JSON documents of the command line and the HTTP interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ragqa.types import Answer, Article, Built, Citation, Language, Passage, ShortAnswer

Json = dict[str, Any]


def answer_json(answer: Answer, *, id: Any, models: Mapping[str, str]) -> Json:
    """``ragqa.answer/2``."""
    return {
        "schema": "ragqa.answer/2",
        "id": id,
        "question": answer.question,
        "asked": answer.asked or answer.question,
        "language": answer.language,
        "status": answer.status,
        "kind": answer.kind,
        "answers": [_short(short) for short in answer.answers],
        "text": answer.text,
        "statements": [
            {
                "kind": s.kind,
                "text": s.text,
                "citations": list(s.citations),
                "verdict": s.verdict,
                "translation": s.translation,
            }
            for s in answer.statements
        ],
        "citations": [_citation(citation) for citation in answer.citations],
        "passages": passages_json(answer.passages, answer.citations),
        "confidence": answer.confidence,
        "cached": answer.cached,
        "conflict": list(answer.conflict),
        "mode": answer.mode,
        "note": answer.note,
        "timings_ms": {"translated": None, **answer.timings_ms},
        "models": dict(models),
        "index": dict(answer.index),
    }


def search_json(
    query: str,
    passages: Sequence[Passage],
    *,
    id: Any,
    language: Language,
    timings_ms: Mapping[str, int],
    explain: bool = False,
) -> Json:
    """``ragqa.search/1``; with ``explain`` each passage has its ``signals``."""
    return {
        "schema": "ragqa.search/1",
        "id": id,
        "query": query,
        "language": language,
        "passages": passages_json(passages, explain=explain),
        "timings_ms": dict(timings_ms),
    }


def index_json(built: Built) -> Json:
    """``ragqa.index/1``."""
    changes = built.changes
    return {
        "schema": "ragqa.index/1",
        "version": built.version,
        "articles": built.articles,
        "chunks": built.chunks,
        "added": len(changes.added),
        "changed": len(changes.changed),
        "removed": len(changes.removed),
        "unchanged": len(changes.unchanged),
        "skipped": [{"file": entry.file, "reason": entry.reason} for entry in built.skipped],
        "seconds": round(built.seconds, 2),
        "tokens_per_second": round(built.tokens_per_second),
    }


def article_json(article: Article) -> Json:
    """``ragqa.article/1``, with the text that citations point into."""
    return {
        "schema": "ragqa.article/1",
        "article_id": article.id,
        **_about(article),
        "published_from": article.published_from or None,
        "links": list(article.links),
        "characters": len(article.text),
        "text": article.text,
    }


def passages_json(
    passages: Sequence[Passage], citations: Sequence[Citation] = (), *, explain: bool = False
) -> list[Json]:
    """Passages with their ranks; ``cited`` says whether a citation lies in it.

    ``focus`` are the spans of the sentences that match best, ``also_in`` articles with the same words.
    """
    return [
        {
            "rank": rank,
            "score": round(passage.score, 4),
            "reader": None if passage.reader is None else round(passage.reader, 4),
            "article_id": passage.article.id,
            **_about(passage.article),
            "heading": passage.chunk.heading,
            "start": passage.chunk.start,
            "end": passage.chunk.end,
            "text": passage.chunk.text,
            "cited": any(_inside(citation, passage) for citation in citations),
            "focus": [{"start": start, "end": end} for start, end in passage.focus],
            "also_in": list(passage.also_in),
            **({"signals": _signals(passage)} if explain else {}),
        }
        for rank, passage in enumerate(passages, start=1)
    ]


def _signals(passage: Passage) -> Json:
    return {s.name: {"value": round(s.value, 4), "points": round(s.points, 4)} for s in passage.signals}


def _short(short: ShortAnswer) -> Json:
    place = {"text": short.text, "citation": short.citation, "start": short.start, "end": short.end}
    return place | {"in_title": True} if short.in_title else place


def _citation(citation: Citation) -> Json:
    return {
        "marker": citation.marker,
        "article_id": citation.article.id,
        **_about(citation.article),
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
    }


def _about(article: Article) -> Json:
    return {
        "title": article.title,
        "source": article.source,
        "author": article.author or None,
        "published": article.published,
        "language": article.language,
    }


def _inside(citation: Citation, passage: Passage) -> bool:
    return (
        citation.article.id == passage.article.id
        and passage.chunk.start <= citation.start
        and citation.end <= passage.chunk.end
    )

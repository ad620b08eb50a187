"""Compose an answer from what the reader read: quotes or a refusal, conflicts, unanswered parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragqa.answer.conflicts import completed, disagreement, newest_first
from ragqa.answer.extract import LIMITS, Limits, Quote, choose_quotes, leading, to_answer
from ragqa.answer.lists import listed, with_items
from ragqa.answer.messages import word
from ragqa.answer.refusal import least_for, not_found, status_of
from ragqa.retrieval import Found, Question, Read, holds_code
from ragqa.types import Answer, Passage


def answered(answer: Answer, question: Question, found: Found, *, refuse_below: float | None) -> Answer:
    """Fill an answer with the quotes that answer, or make it a refusal; its passages stay."""
    read, answer = shown(found), replace(answer, mode="quotes")
    if not read:
        return not_found(answer)
    sure = read[0].confidence
    status = status_of(sure, refuse_below=refuse_below)
    answer = replace(answer, confidence=sure, status=status)
    quotes = quotes_in(read)
    if status == "not_found" and refuse_below is None and _tells_of_code(question, quotes):
        status = "possible"
        answer = replace(answer, status=status)
    if status == "not_found" or not quotes:
        return not_found(answer)
    if question.several:
        quotes = with_items(quotes, question, read, status=status, least=least_for("possible", refuse_below))
        large = quotes
    else:
        quotes = newest_first(quotes)
        large = [*leading(quotes), *(quotes[at] for at in disagreement(quotes) or ())]
    statements, citations, short = to_answer(quotes, large)
    answer = replace(answer, statements=statements, citations=citations)
    if status == "possible":
        answer = replace(answer, note=word("possible", answer.language))
    else:
        answer = replace(answer, answers=short)
        answer = answer if question.several else completed(answer, question, quotes)
    return listed(answer, question, quotes) if question.several else answer


def with_passages(answer: Answer, k: int) -> Answer:
    """The answer with its ``k`` best passages, and those further down that it cites."""
    cited = {citation.article.id for citation in answer.citations}
    kept = [p for n, p in enumerate(answer.passages) if n < k or p.article.id in cited]
    return replace(answer, passages=tuple(kept))


def shown(found: Found) -> list[Read]:
    """The chunks read that lie in the passages shown, likeliest first; an answer cites nothing else."""
    read = [each for each in found.read if _shown(each, found.passages)]
    return sorted(read, key=lambda each: -each.chance)


def quotes_in(read: Sequence[Read], limits: Limits = LIMITS) -> list[Quote]:
    """The quotes that answer, from the chunks read."""
    return choose_quotes(
        [each.window for each in read],
        [each.reading for each in read],
        [each.chance for each in read],
        limits,
    )


def _tells_of_code(question: Question, quotes: Sequence[Quote]) -> bool:
    """Whether a code's meaning is asked and a quote holds the code: the reader knows no codes, and is never sure."""
    texts = (quote.article.text[quote.start : quote.end] for quote in quotes)
    return question.asks_what_a_code_is and any(holds_code(question.codes, text) for text in texts)


def _shown(read: Read, passages: Sequence[Passage]) -> bool:
    window = read.window
    return any(
        p.article.id == window.article.id and p.chunk.start <= window.start and window.end <= p.chunk.end
        for p in passages
    )

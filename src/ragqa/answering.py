"""From what was read to an answer: quotes or a refusal, what disagrees, what is missing. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

from ragqa.lexicon import fold
from ragqa.outcome import status_of
from ragqa.question import Question, as_written
from ragqa.quoting import LIMITS, Limits, Quote, choose_quotes, differ, to_answer
from ragqa.records import Answer, Article, Passage
from ragqa.retrieval import Found, Read
from ragqa.wording import word

_AND = r"\s*(?:和|与|跟|及|以及|、|&|\band\b)\s*"


def answered(answer: Answer, question: Question, found: Found, *, refuse_below: float | None) -> Answer:
    """The quotes that answer, or a refusal; its passages stay either way."""
    read = shown(found)
    if not read:
        return not_found(answer)
    sure = read[0].confidence
    status = status_of(sure, refuse_below=refuse_below)
    answer = replace(answer, confidence=sure, status=status)
    quotes = quotes_in(read)
    if status == "not_found" or not quotes:
        return not_found(answer)
    quotes = newest_first(quotes)
    statements, citations, short = to_answer(quotes)
    answer = replace(answer, statements=statements, citations=citations)
    if status == "possible":
        return replace(answer, note=word("possible", answer.language))
    return _completed(replace(answer, answers=short), question, quotes)


def shown(found: Found) -> list[Read]:
    """What was read of the passages that are shown, likeliest first: an answer cites nothing else."""
    read = [each for each in found.read if _shown(each, found.passages)]
    return sorted(read, key=lambda each: -each.chance)


def quotes_in(read: Sequence[Read], limits: Limits = LIMITS) -> list[Quote]:
    """The quotes that answer, from what was read."""
    return choose_quotes(
        [each.window for each in read],
        [each.reading for each in read],
        [each.chance for each in read],
        limits,
    )


def not_found(answer: Answer, absent: Sequence[str] = ()) -> Answer:
    """The same answer as a refusal; ``absent`` are names of the question that no article of the index holds."""
    name = ("、" if answer.language == "zh" else ", ").join(absent)
    key = "not_found_name" if absent else "not_found"
    note = word(key, answer.language, question=answer.question, name=name)
    return replace(answer, status="not_found", statements=(), citations=(), answers=(), note=note)


def newest_first(quotes: Sequence[Quote]) -> list[Quote]:
    """Quotes as they are, but where two articles give different values the newer comes first."""
    pair = disagreement(quotes)
    if pair is None:
        return list(quotes)
    one, other = pair
    if (quotes[one].article.published or "") >= (quotes[other].article.published or ""):
        return list(quotes)
    order = list(range(len(quotes)))
    order[one], order[other] = other, one
    return [quotes[at] for at in order]


def disagreement(quotes: Sequence[Quote]) -> tuple[int, int] | None:
    """The first quote and one of another article that answers with other numbers; None where none does."""
    if not quotes or len(quotes[0].answers) != 1:
        return None
    for at, other in enumerate(quotes[1:], start=1):
        if other.article.id != quotes[0].article.id and differ(quotes[0], other):
            return 0, at
    return None


def missing_parts(question: Question, quotes: Sequence[Quote]) -> list[str]:
    """Of names that a question joins (香港和澳门, Dune and Tenet), those that no quoted article mentions.

    Only where it mentions another of them, and an article is in the question's language.
    """
    joined = _joined(question)
    if not joined or all(q.article.language != question.language for q in quotes):
        return []
    around = fold("\n".join(f"{q.article.title}\n{q.article.text}" for q in quotes))
    lost = [name for name in joined if name not in around]
    return [as_written(name, question.text) for name in lost] if len(lost) < len(joined) else []


def _joined(question: Question) -> list[str]:
    """The names that stand beside another with an "and" between them."""
    folded = fold(question.text)
    pairs = [
        (one, other)
        for one, other in permutations(question.names, 2)
        if re.search(re.escape(one) + _AND + re.escape(other), folded)
    ]
    return [name for name in question.names if any(name in pair for pair in pairs)]


def _shown(read: Read, passages: Sequence[Passage]) -> bool:
    window = read.window
    return any(
        p.article.id == window.article.id and p.chunk.start <= window.start and window.end <= p.chunk.end
        for p in passages
    )


def _completed(answer: Answer, question: Question, quotes: Sequence[Quote]) -> Answer:
    """An answer that says which articles disagree and what it has nothing on."""
    notes = []
    if pair := disagreement(quotes):
        first, other = (quotes[at].article for at in pair)
        answer = replace(answer, conflict=(pair[0] + 1, pair[1] + 1))
        notes.append(word("disagree", answer.language, first=_dated(first), other=_dated(other)))
    if parts := missing_parts(question, quotes):
        separator = "、" if answer.language == "zh" else ", "
        notes.append(word("missing_part", answer.language, name=separator.join(parts)))
    return replace(answer, note=" ".join(notes)) if notes else answer


def _dated(article: Article) -> str:
    title = article.title[:40]
    return f"“{title}” ({article.published})" if article.published else f"“{title}”"

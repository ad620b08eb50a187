"""Find conflicting values and unanswered parts of a question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

from ragqa.answer.extract import Quote, differ
from ragqa.answer.messages import word
from ragqa.retrieval import Question, as_written
from ragqa.text import fold
from ragqa.types import Answer, Article

_AND = r"\s*(?:和|与|跟|及|以及|、|&|\band\b)\s*"


def newest_first(quotes: Sequence[Quote]) -> list[Quote]:
    """The quotes in their order; where two articles give different values, the newer article's comes first."""
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
    """Positions of the first quote and of one from another article with different numbers; None without one."""
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


def completed(answer: Answer, question: Question, quotes: Sequence[Quote]) -> Answer:
    """Add notes to an answer: which articles disagree, which parts of the question have no answer."""
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

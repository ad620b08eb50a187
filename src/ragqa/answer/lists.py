"""The items of a list: what each article says of its own, and whether one states a count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ragqa.answer.extract import Quote, choose_quotes, repeats
from ragqa.answer.refusal import noted
from ragqa.retrieval import Question, Read
from ragqa.text import YEAR, denies, fold, quantities
from ragqa.types import Answer, Status

# How far before what is counted its number stands: "three of the listed companies", 三家上市公司.
_BEFORE = 24


def with_items(
    quotes: Sequence[Quote], question: Question, read: Sequence[Read], *, status: Status, least: float
) -> list[Quote]:
    """The quotes, and the best one of each further article whose likeliest text is right with ``least`` or more.

    What would alone be a possible answer is an item: held to the threshold of an answer, more items are missed than
    wrong ones spared (docs/questions.md).

    An article of which every quote denies, or is of another year than the question names, gives no item.
    """
    found = list(quotes)
    if status == "possible":
        # What is only possible is shown by its best sentence.
        best_of = {quote.article.id: quote for quote in reversed(quotes)}
        found = [quote for quote in quotes if best_of[quote.article.id] is quote]
    for each in read:
        known = {quote.article.id for quote in found}
        if each.window.article.id in known or each.confidence < least:
            continue
        best = choose_quotes([each.window], [each.reading], [each.chance])[:1]
        found += [quote for quote in best if not repeats(quote, found)]
    items = {quote.article.id for quote in found if _is_item(quote, question)}
    kept = [quote for quote in found if quote.article.id in items]
    return _counting_first(kept, question) if kept else list(quotes)


def listed(answer: Answer, question: Question, quotes: Sequence[Quote]) -> Answer:
    """Say in how many articles the items were found, and that nothing was counted where no quote states the number."""
    if question.kind == "count":
        stating = {n for n, quote in enumerate(quotes, start=1) if _states_count(quote, question)}
        # "95 jobs" is no number of companies.
        answer = replace(answer, answers=tuple(a for a in answer.answers if a.citation in stating))
        answer = answer if stating else noted(answer, "not_counted")
    articles = {quote.article.id for quote in quotes}
    if len(articles) > 1:
        return noted(answer, "listed", n=str(len(articles)))
    return answer


def _is_item(quote: Quote, question: Question) -> bool:
    text = quote.article.text[quote.start : quote.end]
    if denies(text) and not denies(question.text):
        return False
    asked = set(YEAR.findall(question.text))
    told = set(YEAR.findall(text)) or {(quote.article.published or "")[:4]}
    return not asked or bool(told & (asked | {""}))


def _counting_first(quotes: Sequence[Quote], question: Question) -> list[Quote]:
    return sorted(quotes, key=lambda quote: question.kind == "count" and not _states_count(quote, question))


def _states_count(quote: Quote, question: Question) -> bool:
    """Whether a quote has a number before what the question counts."""
    text = fold(quote.article.text[quote.start : quote.end])
    ends = (found.start() for found in re.finditer(re.escape(fold(question.subject)), text))
    return any(quantities(YEAR.sub("", text[max(0, at - _BEFORE) : at]), generous=True) for at in ends)

"""Answers that need no reader: a summary or the news by first sentences, a greeting by what can be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ragqa.answer.messages import word
from ragqa.answer.refusal import explained, not_found
from ragqa.index import SearchIndex
from ragqa.models import Encoder
from ragqa.retrieval import Query, Question, newest, on_subject, retrieve
from ragqa.text import fold, sentence_spans
from ragqa.types import EVERYTHING, Answer, Citation, Filter, Language, Passage, Statement

# Sentences quoted of one article; of several, the first of each. Articles of a summary, at most. Examples told.
_OF_ONE, _ARTICLES, _EXAMPLES = 3, 3, 3
# Characters of an article in which its first sentences are looked for.
_READ = 2000
# Passed by every article that has a date.
_FIRST_DAY = "0"
# What ends a sentence, and what may stand behind it; a byline or a heading ends in neither.
_STOPS, _CLOSING = "。！？.!?…", "”’」』）)\"'"


def digested(
    answer: Answer,
    question: Question,
    index: SearchIndex,
    encoder: Encoder,
    *,
    k: int,
    filters: Filter,
    examples: Callable[[Language], Sequence[str]],
) -> Answer | None:
    """A greeting, a summary or the news, of ``k`` articles at most; None for what the reader answers."""
    if question.kind not in ("hello", "summary", "latest"):
        return None
    answer = replace(answer, mode="quotes")
    if question.kind == "hello":
        return greeting(answer, articles=len(index.articles), examples=examples(answer.language)[:_EXAMPLES])
    if question.subject:
        return _on_subject(answer, question, index, encoder, k=k, filters=filters)
    return news(answer, question, newest(index, filters, k), _undated(index, filters))


def _on_subject(
    answer: Answer, question: Question, index: SearchIndex, encoder: Encoder, *, k: int, filters: Filter
) -> Answer:
    """A summary or the news on a subject; a refusal with the nearest passages where no article is on it."""
    query = Query.of(Question.of(question.subject), encoder=encoder)
    if question.kind == "summary":
        most, allowed = min(k, _ARTICLES), filters
    else:
        most, allowed = k, replace(filters, since=filters.since or _FIRST_DAY)
    found = on_subject(query, index, k=most, filters=allowed)
    if not found:
        nearest = retrieve(query, index=index, k=k, filters=allowed).passages
        answer = replace(answer, passages=nearest)
        if filters != EVERYTHING:
            return explained(answer, question, index, filters)
        return replace(not_found(answer), note=word("no_subject", answer.language, subject=question.subject))
    if question.kind == "summary":
        return summary(answer, question, found)
    newest_first = sorted(found, key=lambda passage: passage.article.published or "", reverse=True)
    return news(answer, question, newest_first, _undated(index, filters))


def _undated(index: SearchIndex, filters: Filter) -> int:
    """How many articles pass but for the date that they lack."""
    return index.passing(replace(filters, since=filters.since or _FIRST_DAY))[1]


def greeting(answer: Answer, *, articles: int, examples: Sequence[str]) -> Answer:
    """What can be asked of ``articles`` articles, with example questions; there is nothing to quote."""
    separator = " · " if answer.language == "en" else "；"
    note = word("hello", answer.language, n=str(articles), examples=separator.join(examples))
    return replace(answer, status="not_found", note=note)


def summary(answer: Answer, question: Question, passages: Sequence[Passage]) -> Answer:
    """The first sentences of the articles that these passages open."""
    if len(passages) == 1:
        note = word("first_sentences", answer.language, title=passages[0].article.title)
    else:
        note = word("first_of_each", answer.language, n=str(len(passages)), subject=question.subject)
    return replace(_quoted(answer, passages, _OF_ONE if len(passages) == 1 else 1), note=note)


def news(answer: Answer, question: Question, passages: Sequence[Passage], undated: int) -> Answer:
    """The first sentence of each dated article, newest first, with the dates; ``undated`` articles are left out."""
    left_out = word("undated", answer.language, n=str(undated)) if undated else ""
    if not passages:
        return replace(not_found(answer), note=word("no_news", answer.language, undated=left_out))
    dates = [passage.article.published or "" for passage in passages]
    key = "newest" if len(passages) > 1 else "newest_one"
    about = word("about", answer.language, subject=question.subject) if question.subject else ""
    values = {
        "n": str(len(passages)),
        "last": dates[0],
        "first": dates[-1],
        "undated": left_out,
        "about": about,
    }
    note = word(key, answer.language, **values)
    return replace(_quoted(answer, passages, 1), note=note)


def _quoted(answer: Answer, passages: Sequence[Passage], most: int) -> Answer:
    """An answer that quotes the first sentences of each passage, at most so many."""
    spans = [(passage.article, *span) for passage in passages for span in _first(passage, most)]
    citations = tuple(Citation(n, *span) for n, span in enumerate(spans, start=1))
    return replace(
        answer,
        status="answered",
        passages=tuple(passages),
        statements=tuple(Statement(c.quote, (c.marker,)) for c in citations),
        citations=citations,
        confidence=1.0,
    )


def _first(passage: Passage, most: int) -> list[tuple[int, int]]:
    """The first whole sentences from where a passage begins, in its article; its first lines where it has none."""
    article, start = passage.article, passage.chunk.start
    # Beyond the chunk: the first one may hold no more than the author or a heading.
    words, title = article.text[start : start + _READ], fold(article.title)
    all_spans = sentence_spans(words)
    spans = [(a, b) for a, b in all_spans if fold(words[a:b]) != title]
    whole = [(a, b) for a, b in spans if words[a:b].rstrip(_CLOSING).endswith(tuple(_STOPS))]
    return [(start + a, start + b) for a, b in (whole or spans or all_spans)[:most]]

"""Search: candidates from two indexes, one score from three calibrated signals, reranked by the reader.

- *dense*: cosine of question and chunk, from halfway between what true and false pairs score in
  their two languages (index/calibration.py), so that neither language drowns the other;
- *late*: interaction of their tokens (index/late_interaction.py), counted the same way;
- *lexical*: how much of the question's words the chunk holds (index/bm25.py). It is 0 where they cannot
  match, and so never outvotes what can be compared.

Chunks that hold the question's codes and quoted words come first, whatever they score.

A question that was translated looks for chunks in both wordings; dense and late are then the mean of
both votes. The weights were chosen on development packs; docs/retrieval.md has the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ragqa.index import Coverage, Mask, Rows, Scope, SearchIndex, measured, spellings
from ragqa.models import Reader
from ragqa.retrieval.passages import MOST_HITS_A_PASSAGE, Hit, select
from ragqa.retrieval.query import Query, Question
from ragqa.retrieval.reading import Found, Read, Window, about
from ragqa.retrieval.table_rows import read_rows
from ragqa.retrieval.token_scores import late_scores, sentence_scores
from ragqa.text import sentence_spans, simplified
from ragqa.types import EVERYTHING, Filter, Passage, Signal, Vectors

Span = tuple[int, int]
# Candidates that get a second look: of each wording in each language, by vector and by words.
_NEAREST, _BY_WORDS = 50, 30
# What a signal counts beside a cosine.
WEIGHTS: Mapping[str, float] = {"dense": 1.0, "late": 1.0, "lexical": 0.2}
# How many of the best chunks the reader judges.
JUDGED = 12
# How many of the best keep their places before the others: what the reader puts first from further down is more often
# wrong than what it puts first among these (docs/retrieval.md).
_FIRST = 3
# Sentences lit up in a passage, and how near to the best a second one must come.
_LIT, _NEARLY_AS_GOOD = 2, 0.9


@dataclass(frozen=True, slots=True)
class Ranked:
    """Chunks by their score, best first, and each signal's value and points, all of shape (n,).

    ``held`` says of each whether it holds the most of the question's codes and quoted words.
    """

    rows: Rows
    scores: Vectors
    signals: Mapping[str, tuple[Vectors, Vectors]]
    held: Mask


def retrieve(
    query: Query, *, index: SearchIndex, k: int, reader: Reader | None = None, filters: Filter = EVERYTHING
) -> Found:
    """The ``k`` best passages for a question, best first: see passages.py for what becomes one."""
    ranked = rank(query, index=index, filters=filters, depth=MOST_HITS_A_PASSAGE * k)
    read = read_rows(query.question.text, read_best(query, ranked, index, reader), reader) if reader else ()
    ranked = judged(ranked, read)
    hits = [
        Hit(int(row), float(score), _explain(ranked, at))
        for at, (row, score) in enumerate(zip(ranked.rows, ranked.scores, strict=True))
    ]
    index.fetch([hit.row for hit in hits[: MOST_HITS_A_PASSAGE * k]])
    passages = select(hits, index=index, k=k, latest=query.question.latest)
    known = {each.row: each.chance for each in read}
    return Found(tuple(_shown(passage, query, index, known) for passage in passages), tuple(read))


def read_best(
    query: Query, ranked: Ranked, index: SearchIndex, reader: Reader, *, most: int = JUDGED
) -> tuple[Read, ...]:
    """Let the reader read the best chunks, each under its title and heading, all in simplified characters.

    About a code only those that hold it: what is said of another code is no answer.
    """
    if query.question.codes and ranked.held.any():
        most = min(most, int(ranked.held.sum()))
    rows = [int(row) for row in ranked.rows[:most]]
    index.fetch(rows)
    windows = [_window(row, query.question, index) for row in rows]
    texts, scores = [simplified(window.text) for window in windows], ranked.scores[:most].tolist()
    asked = simplified(query.question.undated)
    return tuple(map(Read, rows, windows, reader.read(asked, texts), scores))


def _window(row: int, question: Question, index: SearchIndex) -> Window:
    place = index.place(row)
    article = index.articles[place.article]
    start, end = 0, place.end - place.start
    if question.codes:
        start, end = about(question.codes, article.text[place.start : place.end])
    return Window.of(article, place.start + start, place.start + end, heading=place.heading)


def judged(ranked: Ranked, read: Sequence[Read]) -> Ranked:
    """Rerank by the probability to answer: the best few by score among themselves, below them the others read.

    Chunks that were not read follow by their score.
    """
    if not read:
        return ranked
    known = {each.row: each.chance for each in read}
    value = np.array([known.get(int(row), 0.0) for row in ranked.rows], dtype=np.float32)
    inside = np.array([int(row) in known for row in ranked.rows])
    first = inside & (np.cumsum(inside) <= _FIRST)
    below = np.where(first, value, value[first].min() * value)
    scores = np.asarray(np.where(inside, below, below[inside].min() * ranked.scores), dtype=np.float32)
    signals = {**ranked.signals, "reader": (value, scores - ranked.scores)}
    return _ordered(ranked.rows, scores, signals, ranked.held)


def rank_articles(
    query: Query, *, index: SearchIndex, k: int, reader: Reader | None = None, filters: Filter = EVERYTHING
) -> Found:
    """The best chunk of each of the ``k`` best articles: what a TREC run lists."""
    depth = k
    read: tuple[Read, ...] = ()
    while True:
        ranked = rank(query, index=index, filters=filters, depth=depth)
        read = read or (read_best(query, ranked, index, reader) if reader else ())
        ranked = judged(ranked, read)
        best: dict[int, int] = {}
        for at, row in enumerate(ranked.rows):
            best.setdefault(index.place(int(row)).article, at)
        if len(best) >= k or depth >= index.manifest.chunks:
            return Found(tuple(_alone(ranked, at, index) for at in list(best.values())[:k]))
        depth *= 2


def rank(
    query: Query,
    *,
    index: SearchIndex,
    filters: Filter = EVERYTHING,
    depth: int = 0,
    weights: Mapping[str, float] = WEIGHTS,
) -> Ranked:
    """Score the candidates: at least the ``depth`` nearest chunks of each language.

    A score lies between 0 and 1; 0.5 is halfway between a chunk that answers and one that does not.
    """
    words = {name: index.covered(w.text) for name, w in query.wordings.items()}
    exact = _exact(query.question, index)
    allowed = {
        language: index.scope(replace(filters, language=language))
        for language in sorted(index.languages)
        if filters.language in (None, language)
    }
    parts = [
        _score(query, words, language, inside, index, max(depth, _NEAREST), exact)
        for language, inside in allowed.items()
        if inside.any()
    ]
    if not parts:
        return _ordered(np.zeros(0, np.int64), np.zeros(0, np.float32), {}, np.zeros(0, np.bool_))
    rows = np.concatenate([found for found, _ in parts])
    values = {name: np.concatenate([signals[name] for _, signals in parts]) for name in WEIGHTS}
    points = {name: np.float32(weights[name] / 2) * value for name, value in values.items()}
    scores = np.asarray(0.5 + np.sum(list(points.values()), axis=0), dtype=np.float32)
    held = np.sum([np.isin(rows, found) for found in exact], axis=0) if exact else np.zeros(len(rows))
    signals = {name: (values[name], points[name]) for name in values}
    return _ordered(rows, scores, signals, held == max(1, held.max(initial=0)))


def _ordered(
    rows: Rows, scores: Vectors, signals: Mapping[str, tuple[Vectors, Vectors]], held: Mask
) -> Ranked:
    """Best first; what does not hold the question's codes and quoted words below all that does."""
    if held.any() and not held.all():
        scores = np.asarray(np.where(held, scores, scores * scores[held].min()), dtype=np.float32)
    order = np.lexsort((rows, -scores, ~held))
    return Ranked(
        rows[order],
        scores[order],
        {name: (value[order], points[order]) for name, (value, points) in signals.items()},
        held[order],
    )


def _exact(question: Question, index: SearchIndex) -> list[Rows]:
    """The chunks that hold each code, in any of its spellings, and each of the quoted words."""
    found = [
        np.unique(np.concatenate([index.holding(spelling) for spelling in (code, *spellings(code))]))
        for code in question.codes
    ]
    found += [index.holding(phrase) for phrase in question.quoted]
    return [rows for rows in found if len(rows)]


def _score(
    query: Query,
    words: Mapping[str, Coverage],
    language: str,
    inside: Scope,
    index: SearchIndex,
    depth: int,
    exact: Sequence[Rows],
) -> tuple[Rows, dict[str, Vectors]]:
    """Candidates among the passages of one language, and their signals."""
    wordings, known = query.for_passages_in(language), measured(language)
    found = [inside.nearest(w.vector, depth) for w in wordings.values()]
    found += [inside.best(words[name], _BY_WORDS) for name in wordings]
    for held in exact:
        among = inside.only(held)
        if among.any():
            found.append(among.nearest(next(iter(wordings.values())).vector, _NEAREST))
    rows = np.unique(np.concatenate(found))
    vectors = index.vectors(rows)
    dense = [vectors @ w.vector - index.score_offsets.dense[name, known] for name, w in wordings.items()]
    return rows, {
        "dense": np.mean(dense, axis=0),
        "late": late_scores(wordings, rows, known, index),
        "lexical": np.max([words[name].of(rows) for name in wordings], axis=0),
    }


def _shown(passage: Passage, query: Query, index: SearchIndex, known: Mapping[int, float]) -> Passage:
    """A passage with its best chunk's chance to answer and the sentences that hold the question's tokens best."""
    read = [known[row] for row in index.rows_of(passage) if row in known]
    passage = replace(passage, reader=max(read, default=None))
    at = passage.chunk.start
    spans = [(at + start, at + end) for start, end in sentence_spans(passage.chunk.text)]
    scores = sentence_scores(passage, spans, query, index) if index.has_tokens else None
    if scores is None or not spans or not scores.any():
        return passage
    best = np.argsort(-scores, kind="stable")[:_LIT]
    lit = [spans[row] for row in best if scores[row] >= _NEARLY_AS_GOOD * scores[best[0]]]
    return replace(passage, focus=tuple(sorted(lit)))


def _alone(ranked: Ranked, at: int, index: SearchIndex) -> Passage:
    """One ranked chunk as a passage."""
    row = int(ranked.rows[at])
    return replace(index.passage(row, row, float(ranked.scores[at])), signals=_explain(ranked, at))


def _explain(ranked: Ranked, at: int) -> tuple[Signal, ...]:
    return tuple(
        Signal(name, float(value[at]), float(points[at])) for name, (value, points) in ranked.signals.items()
    )

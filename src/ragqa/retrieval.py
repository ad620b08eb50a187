"""Question to ranked passages: small chunks are searched, larger stretches are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ragqa.index import Hit, Index
from ragqa.lexicon import kind_of, shows
from ragqa.records import Encoder, Passage, Vectors

# Chunks looked at for k passages: several usually stand side by side and become one.
_HITS_A_PASSAGE = 2
# Two hits under one heading are read as one passage with what lies between them: the reasons that
# a heading announces seldom name their subject. Without a heading only near neighbours are joined.
_LONGEST_PASSAGE = 900
_WIDEST_GAP = 2
# What a heading that shows the kind of answer adds to a cosine.
_HEADING = 0.03


def embed_question(question: str, *, encoder: Encoder, translation: str | None = None) -> Vectors:
    """Unit vector of a question, shape (1, dimension); a translation gets an equal vote."""
    texts = [question, translation] if translation else [question]
    vector = encoder.encode_query(texts).sum(axis=0, keepdims=True)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def retrieve(
    question: str,
    vector: Vectors,
    *,
    index: Index,
    k: int,
    since: str | None = None,
    until: str | None = None,
) -> list[Passage]:
    """The ``k`` best passages for a question and its vector of shape (1, dimension), best first.

    Hits that stand near each other under one heading are joined; the same words in two articles
    count once; a heading that announces what is asked for ("three reasons") counts a little.
    """
    hits = index.search(vector, k=k * _HITS_A_PASSAGE, since=since, until=until)[0]
    kind = kind_of(question)
    scored = [
        replace(passage, score=passage.score + _HEADING)
        if kind and shows(kind, passage.chunk.heading)
        else passage
        for passage in _joined(hits, index)
    ]
    return list(_distinct(sorted(scored, key=lambda passage: -passage.score)))[:k]


def rank_articles(
    vector: Vectors, *, index: Index, k: int, since: str | None = None, until: str | None = None
) -> list[Passage]:
    """The best chunk of each of the ``k`` best articles: what a TREC run lists."""
    depth = k * _HITS_A_PASSAGE
    while True:
        hits = index.search(vector, k=depth, since=since, until=until)[0]
        best = {index.place(hit.row).article: hit for hit in reversed(hits)}
        if len(best) >= k or len(hits) < depth:
            ranked = sorted(best.values(), key=lambda hit: -hit.score)[:k]
            return [index.passage(hit.row, hit.row, hit.score) for hit in ranked]
        depth *= 2


def _joined(hits: Sequence[Hit], index: Index) -> Iterator[Passage]:
    """Passages of neighbouring hits; a passage scores as its best chunk."""
    run: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: hit.row):
        if run and not _belong(run[0].row, run[-1].row, hit.row, index):
            yield _passage(run, index)
            run = []
        run.append(hit)
    if run:
        yield _passage(run, index)


def _belong(first: int, last: int, row: int, index: Index) -> bool:
    start, end = index.place(first), index.place(row)
    return (
        (start.article, start.heading) == (end.article, end.heading)
        and (bool(start.heading) or row - last <= _WIDEST_GAP)
        and end.end - start.start <= _LONGEST_PASSAGE
    )


def _passage(run: Sequence[Hit], index: Index) -> Passage:
    return index.passage(run[0].row, run[-1].row, max(hit.score for hit in run))


def _distinct(passages: Sequence[Passage]) -> Iterator[Passage]:
    seen: set[str] = set()
    for passage in passages:
        words = "".join(passage.chunk.text.split())
        if words not in seen:
            seen.add(words)
            yield passage

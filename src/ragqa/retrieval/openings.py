"""How articles begin: the first chunk of the newest ones, or of those on a subject."""

from __future__ import annotations

import numpy as np

from ragqa.index import Index
from ragqa.models import Encoder
from ragqa.retrieval.query import Query, Question
from ragqa.retrieval.search import retrieve
from ragqa.types import Filter, Passage


def newest(index: Index, filters: Filter, k: int) -> tuple[Passage, ...]:
    """The openings of the ``k`` newest dated articles that a filter lets pass, newest first; their scores are 0."""
    rows = np.flatnonzero(index.passed(filters) & (index.published != ""))
    order = np.argsort(index.published[rows], kind="stable")[::-1][:k]
    return tuple(index.opening(int(row)) for row in rows[order])


def on_subject(
    subject: str, index: Index, *, encoder: Encoder, k: int, filters: Filter
) -> tuple[Passage, ...]:
    """The openings of the best ``k`` articles on a subject, best first; of one alone where the subject is its title."""
    query = Query.of(Question.of(subject), encoder=encoder)
    found = retrieve(query, index=index, k=k, filters=filters)
    scores: dict[int, float] = {}
    for passage in found.passages:
        scores.setdefault(index.place(index.rows_of(passage)[0]).article, passage.score)
    return tuple(index.opening(article, score) for article, score in scores.items())

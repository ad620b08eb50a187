"""Late-interaction scores of chunks and of their sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ragqa.index import Asked, Rows, SearchIndex, interaction, measured, within
from ragqa.retrieval.query import Query, Wording
from ragqa.types import Passage, Vectors

Span = tuple[int, int]


def late_scores(wordings: Mapping[str, Wording], rows: Rows, language: str, index: SearchIndex) -> Vectors:
    """Late interaction of a question's wordings with chunks, from halfway between true and false pairs; shape (n,)."""
    asked = asked_tokens(wordings, language, index)
    if not asked or not index.has_tokens:
        return np.zeros(len(rows), dtype=np.float32)
    score_offsets = [index.score_offsets.late[name, language] for name in asked]
    votes = interaction(list(asked.values()), index.signatures(rows))
    return np.asarray(votes.mean(axis=0) - np.mean(score_offsets), dtype=np.float32)


def asked_tokens(wordings: Mapping[str, Wording], language: str, index: SearchIndex) -> dict[str, Asked]:
    """What late interaction compares with passages of a language; empty without token vectors."""
    if not index.has_tokens:
        return {}
    centres = index.score_offsets.centres
    return {name: Asked(w.tokens, centres[name, language]) for name, w in wordings.items() if w.tokens}


def sentence_scores(passage: Passage, spans: Sequence[Span], query: Query, index: SearchIndex) -> Vectors:
    """How well each sentence of a passage holds the question's tokens, shape (n,); 0 without token vectors."""
    language = passage.article.language
    asked = list(asked_tokens(query.for_passages_in(language), measured(language), index).values())
    scores = np.zeros(len(spans), dtype=np.float32)
    for row in index.rows_of(passage) if asked else ():
        place = index.place(row)
        inside = [at for at, (start, _) in enumerate(spans) if place.start <= start < place.end]
        here = [(spans[at][0] - place.start, spans[at][1] - place.start) for at in inside]
        if here:
            found = interaction(asked, within(index.signatures(np.array([row]))[0], here)).mean(axis=0)
            scores[inside] = np.maximum(scores[inside], found)
    return scores

"""Question to ranked chunks: candidates from two indexes, then one score from three calibrated signals.

- *dense*: cosine of question and chunk, from halfway between what true and false pairs score in
  their two languages (calibration.py), so that neither language drowns the other;
- *late*: interaction of their tokens (late.py), counted the same way;
- *lexical*: how much of the question's words the chunk holds (lexical.py). It is 0 where they cannot
  match, and so never outvotes what can be compared.

A question that was translated looks for chunks in both wordings; dense and late are then the mean of
both votes. The weights were chosen on development packs; docs/retrieval.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ragqa.index import Filter, Index, Mask, Rows
from ragqa.late import Asked, interaction, within
from ragqa.lexicon import kind_of, shows
from ragqa.records import Encoder, Language, Passage, Signal, Tokens, Vectors
from ragqa.selection import MOST_HITS_A_PASSAGE, Hit, select
from ragqa.text import language_of, sentence_spans

EVERYTHING = Filter()
Span = tuple[int, int]
# Candidates that get a second look: of each wording in each language, by vector and by words.
_NEAREST, _BY_WORDS = 50, 30
# What a signal counts beside a cosine.
WEIGHTS: Mapping[str, float] = {"dense": 1.0, "late": 1.0, "lexical": 0.2}
# What a heading that announces the kind of answer adds to a score.
_HEADING = 0.03
# Sentences lit up in a passage, and how near to the best a second one must come.
_LIT, _NEARLY_AS_GOOD = 2, 0.9


@dataclass(frozen=True, slots=True)
class Wording:
    """A question in one language as the encoder sees it."""

    text: str
    vector: Vectors
    tokens: Tokens | None


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: a question as asked, in its ``language``, and its translation if there is one."""

    text: str
    language: Language
    wordings: Mapping[str, Wording]

    @classmethod
    def of(cls, question: str, *, encoder: Encoder, translation: str | None = None) -> Query:
        """Encode a question; a translation is in the other language."""
        language = language_of(question)
        other: Language = "en" if language == "zh" else "zh"
        texts: dict[str, str] = {language: question}
        if translation:
            texts[other] = translation
        tokens: dict[int, Tokens] = {}
        vectors = encoder.encode_query(list(texts.values()), each=tokens.__setitem__)
        wordings = {
            name: Wording(text, vectors[row], tokens.get(row))
            for row, (name, text) in enumerate(texts.items())
        }
        return cls(question, language, wordings)

    @property
    def vector(self) -> Vectors:
        """The unit mean of the wordings' vectors, shape (1, dimension): what a sentence is compared with."""
        total = np.sum([w.vector for w in self.wordings.values()], axis=0, keepdims=True)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def for_passages_in(self, language: str) -> dict[str, Wording]:
        """The wordings that look for passages in a language: as asked, and in that language."""
        return {name: w for name, w in self.wordings.items() if name in (self.language, language)}


@dataclass(frozen=True, slots=True)
class Ranked:
    """Chunks by their score, best first, and each signal's value and points, all of shape (n,)."""

    rows: Rows
    scores: Vectors
    signals: Mapping[str, tuple[Vectors, Vectors]]


def retrieve(query: Query, *, index: Index, k: int, wanted: Filter = EVERYTHING) -> list[Passage]:
    """The ``k`` best passages for a question, best first: see selection.py for what becomes one."""
    ranked = rank(query, index=index, wanted=wanted, depth=MOST_HITS_A_PASSAGE * k)
    hits = [
        Hit(int(row), float(score), _explain(ranked, at))
        for at, (row, score) in enumerate(zip(ranked.rows, ranked.scores, strict=True))
    ]
    passages = select(query.text, hits, index=index, k=k)
    return [_with_focus(passage, query, index) for passage in passages]


def rank_articles(query: Query, *, index: Index, k: int, wanted: Filter = EVERYTHING) -> list[Passage]:
    """The best chunk of each of the ``k`` best articles: what a TREC run lists."""
    depth = k
    while True:
        ranked = rank(query, index=index, wanted=wanted, depth=depth)
        best: dict[int, int] = {}
        for at, row in enumerate(ranked.rows):
            best.setdefault(index.place(int(row)).article, at)
        if len(best) >= k or depth >= index.manifest.chunks:
            return [_alone(ranked, at, index) for at in list(best.values())[:k]]
        depth *= 2


def rank(
    query: Query,
    *,
    index: Index,
    wanted: Filter = EVERYTHING,
    depth: int = 0,
    weights: Mapping[str, float] = WEIGHTS,
) -> Ranked:
    """Score the candidates: at least the ``depth`` nearest chunks of each language.

    A score lies between 0 and 1; 0.5 is halfway between a chunk that answers and one that does not.
    """
    words = {name: index.words.coverage(w.text) for name, w in query.wordings.items()}
    allowed = {
        language: index.mask(replace(wanted, language=language))
        for language in sorted(index.languages)
        if wanted.language in (None, language)
    }
    parts = [
        _score(query, words, language, inside, index, max(depth, _NEAREST))
        for language, inside in allowed.items()
        if inside.any()
    ]
    if not parts:
        return Ranked(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32), {})
    rows = np.concatenate([found for found, _ in parts])
    values = {name: np.concatenate([signals[name] for _, signals in parts]) for name in WEIGHTS}
    points = {name: np.float32(weights[name] / 2) * value for name, value in values.items()}
    values["heading"] = _announced(query.text, rows, index)
    points["heading"] = np.float32(_HEADING) * values["heading"]
    scores = 0.5 + np.sum(list(points.values()), axis=0)
    order = np.lexsort((rows, -scores))
    return Ranked(
        rows[order],
        np.asarray(scores[order], dtype=np.float32),
        {name: (values[name][order], points[name][order]) for name in values},
    )


def _score(
    query: Query, words: Mapping[str, Vectors], language: str, inside: Mask, index: Index, depth: int
) -> tuple[Rows, dict[str, Vectors]]:
    """Candidates among the passages of one language, and their signals."""
    wordings = query.for_passages_in(language)
    found = [index.nearest(w.vector, k=depth, among=inside) for w in wordings.values()]
    found += [_best_by_words(words[name], inside) for name in wordings]
    rows = np.unique(np.concatenate(found))
    vectors = index.vectors(rows)
    dense = [vectors @ w.vector - index.habits.dense[name, language] for name, w in wordings.items()]
    return rows, {
        "dense": np.mean(dense, axis=0),
        "late": _late(wordings, rows, language, index),
        "lexical": np.max([words[name][rows] for name in wordings], axis=0),
    }


def _late(wordings: Mapping[str, Wording], rows: Rows, language: str, index: Index) -> Vectors:
    asked = _asked(wordings, language, index)
    if not asked or index.tokens is None:
        return np.zeros(len(rows), dtype=np.float32)
    habits = [index.habits.late[name, language] for name in asked]
    votes = interaction(list(asked.values()), [index.tokens.of(int(row)) for row in rows])
    return np.asarray(votes.mean(axis=0) - np.mean(habits), dtype=np.float32)


def _asked(wordings: Mapping[str, Wording], language: str, index: Index) -> dict[str, Asked]:
    """What late interaction compares with passages of a language; empty without token vectors."""
    if index.tokens is None:
        return {}
    centres = index.habits.centres
    return {name: Asked(w.tokens, centres[name, language]) for name, w in wordings.items() if w.tokens}


def holding(query: Query, index: Index) -> Callable[[Passage, Sequence[Span]], Vectors] | None:
    """What scores spans of a passage's article by how well they hold the question's tokens, shape (spans,).

    From the stored tokens: nothing is encoded. None where the index has none.
    """
    return None if index.tokens is None else lambda passage, spans: _held(passage, spans, query, index)


def _held(passage: Passage, spans: Sequence[Span], query: Query, index: Index) -> Vectors:
    language = passage.article.language
    asked = list(_asked(query.for_passages_in(language), language, index).values())
    scores = np.zeros(len(spans), dtype=np.float32)
    for row in index.rows_of(passage) if asked else ():
        place = index.place(row)
        inside = [at for at, (start, _) in enumerate(spans) if place.start <= start < place.end]
        assert index.tokens is not None
        here = [(spans[at][0] - place.start, spans[at][1] - place.start) for at in inside]
        if here:
            found = interaction(asked, within(index.tokens.of(row), here)).mean(axis=0)
            scores[inside] = np.maximum(scores[inside], found)
    return scores


def _with_focus(passage: Passage, query: Query, index: Index) -> Passage:
    """A passage with the spans of the sentences that hold the question's tokens best."""
    at = passage.chunk.start
    spans = [(at + start, at + end) for start, end in sentence_spans(passage.chunk.text)]
    scores = _held(passage, spans, query, index) if index.tokens is not None else None
    if scores is None or not spans or not scores.any():
        return passage
    best = np.argsort(-scores, kind="stable")[:_LIT]
    lit = [spans[row] for row in best if scores[row] >= _NEARLY_AS_GOOD * scores[best[0]]]
    return replace(passage, focus=tuple(sorted(lit)))


def _best_by_words(coverage: Vectors, inside: Mask) -> Rows:
    """The chunks in a mask that hold most of the question's words; none that holds none."""
    held = np.where(inside, coverage, 0)
    best = np.argpartition(-held, _BY_WORDS)[:_BY_WORDS] if len(held) > _BY_WORDS else np.arange(len(held))
    return np.asarray(best[held[best] > 0], dtype=np.int64)


def _announced(question: str, rows: Rows, index: Index) -> Vectors:
    """1 where a chunk's heading shows the kind of answer that is asked for ("three reasons")."""
    kind = kind_of(question)
    if kind is None:
        return np.zeros(len(rows), dtype=np.float32)
    return np.array([shows(kind, index.place(int(row)).heading) for row in rows], dtype=np.float32)


def _alone(ranked: Ranked, at: int, index: Index) -> Passage:
    """One ranked chunk as a passage."""
    row = int(ranked.rows[at])
    return replace(index.passage(row, row, float(ranked.scores[at])), signals=_explain(ranked, at))


def _explain(ranked: Ranked, at: int) -> tuple[Signal, ...]:
    return tuple(
        Signal(name, float(value[at]), float(points[at])) for name, (value, points) in ranked.signals.items()
    )

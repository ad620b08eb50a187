"""What of the passages found is worth reading for a question: sentences, ranked; reasons, whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ragqa.lexicon import Kind, fold, kind_of, names, shows
from ragqa.records import Article, Encoder, Passage, Vectors
from ragqa.text import sentence_spans, weight

# First and last row of neighbouring sentences.
Window = tuple[int, int]
# How well spans of an article, of one passage each, hold the question's tokens: see retrieval.holding.
Holding = Callable[[Passage, Sequence[tuple[int, int]]], Vectors]

_SHORTEST_SENTENCE = 6
_CONSIDERED = 8
_EXTRACTED = 3
# How much farther than the best passage one with an enumeration may be.
_ABOUT_AS_NEAR = 0.075
# What a passage's score counts beside its sentence's: beside a cosine, beside its late interaction.
_AROUND, _AROUND_LATE = 0.4, 0.5
# What is read beside the best: nothing much farther, and not more than a small model reads well
# (Chinese characters, about). On the development packs the answer is in it in .97 (rgb-zh) of cases.
_AS_NEAR, _READ_AT_MOST = 0.15, 300
# A part shorter than this (Chinese characters) only announces.
_ANNOUNCEMENT = 30
_PART = re.compile(
    r"[“\"]?(?:第[一二三四五六七八九](?![次届年月任个代])|首先|其次|再次|最后|其[一二三四五]|[一二三四五]是"
    r"|(?:First|Second|Third)(?:ly)?\b|Fourth\b|Finally\b|The (?:first|second|third|other|last)\b)"
)
# What it adds to a cosine to show the kind of answer, in the sentence and in its heading, and to
# hold a name of the question.
_CUE = 0.03


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage at its place in the article; ``passage`` is 1-based."""

    passage: int
    article: Article
    start: int
    end: int

    @property
    def text(self) -> str:
        """The sentence's words."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Question:
    """A question's vector, shape (1, dimension), the kind of answer it asks for, and its folded names."""

    vector: Vectors
    kind: Kind | None = None
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, vector: Vectors) -> Question:
        """Read kind and names off the words of a question."""
        return cls(vector, kind_of(text), names(text))


class Evidence:
    """The sentences of the passages that an answer may rest on; vectors are made when they are asked for."""

    def __init__(
        self,
        passages: Sequence[Passage],
        sentences: Sequence[Sentence],
        *,
        encoder: Encoder,
        held: Vectors | None = None,
    ) -> None:
        self.passages = passages
        self.sentences = sentences
        self._encoder = encoder
        self._held = held
        self._vectors: dict[int, Vectors] = {}

    @classmethod
    def gather(
        cls, passages: Sequence[Passage], *, encoder: Encoder, holding: Holding | None = None
    ) -> Evidence:
        """Cut passages into sentences; ``holding`` scores them against the question without encoding any."""
        sentences: list[Sentence] = []
        held: list[Vectors] = []
        for number, passage in enumerate(passages, start=1):
            at = passage.chunk.start
            spans = [(at + start, at + end) for start, end in sentence_spans(passage.chunk.text)]
            sentences += [Sentence(number, passage.article, start, end) for start, end in spans]
            if holding is not None and spans:
                held.append(holding(passage, spans))
        scores = np.concatenate(held) if held else None
        return cls(passages, sentences, encoder=encoder, held=scores)

    def vectors(self, rows: Sequence[int]) -> Vectors:
        """Unit vectors of sentences, shape (rows, dimension); each sentence is encoded once."""
        fresh = [row for row in dict.fromkeys(rows) if row not in self._vectors]
        encoded = self._encoder.encode_passages([self.sentences[row].text for row in fresh])
        self._vectors |= dict(zip(fresh, encoded, strict=True))
        matrix = np.array([self._vectors[row] for row in rows], dtype=np.float32)
        return matrix.reshape(len(rows), self._encoder.dimension)

    def cosines(self, text: str, rows: Sequence[int]) -> Vectors:
        """How near sentences are to a text, shape (rows,)."""
        if not rows:
            return np.zeros(0, dtype=np.float32)
        return np.asarray(self.vectors(rows) @ self._encoder.encode_passages([text])[0], dtype=np.float32)

    def nearness(self, question: Question) -> npt.NDArray[np.float32]:
        """How near each sentence is to a question.

        A sentence counts with its passage: words that say little by themselves stand higher where
        the whole passage is near, and where they or their heading show what is asked for.
        """
        around = np.array([self.passages[s.passage - 1].score for s in self.sentences], dtype=np.float32)
        shown = np.array([self._shows(question, s) for s in self.sentences], dtype=np.float32)
        named = np.array(
            [any(n in fold(s.text) for n in question.names) for s in self.sentences], dtype=np.float32
        )
        if self._held is not None:
            near = self._held + _AROUND_LATE * around
        else:
            near = self.vectors(range(len(self.sentences))) @ question.vector[0] + _AROUND * around
        return np.asarray(near + _CUE * (shown + named), dtype=np.float32)

    def lacks(self, question: Question) -> bool:
        """Whether an age is asked for and no sentence gives one: what is near is then something else."""
        return question.kind == "age" and not any(shows("age", s.text) for s in self.sentences)

    def _shows(self, question: Question, sentence: Sentence) -> float:
        if question.kind is None:
            return 0.0
        heading = self.passages[sentence.passage - 1].chunk.heading
        return shows(question.kind, sentence.text) + shows(question.kind, heading)


def extract(question: Question, evidence: Evidence, *, most: int = _EXTRACTED) -> list[Window]:
    """What answers a question in the articles' own words, best first: no two the same.

    The parts of an enumeration where one gives the reasons asked for, else the nearest sentences.
    """
    reading = choose_reading(question, evidence, most=_CONSIDERED)
    if reading.parts:
        return [window for window in reading.windows if window in reading.parts]
    nearness = evidence.nearness(question)
    rows = sorted((first for first, _ in reading.windows), key=lambda row: -nearness[row])
    chosen: dict[str, Window] = {}
    for row in rows:
        chosen.setdefault(evidence.sentences[row].text, (row, row))
    return list(chosen.values())[:most]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model reads, best passage first: windows (first row, last row) of neighbouring sentences.

    The windows in ``parts`` belong to one enumeration; the row of ``speaker`` says whose it is.
    """

    windows: tuple[Window, ...]
    parts: frozenset[Window] = frozenset()
    speaker: int | None = None


def choose_reading(question: Question, evidence: Evidence, *, most: int) -> Reading:
    """The few sentences nearest to a question; a small model reads five better than fifty.

    For a why question an enumeration (第一 … 第二 …, First … Second …) in a passage about as near as
    the best is read instead, whole: its second and third part seldom repeat what they are for.
    """
    nearness = evidence.nearness(question)
    order = [int(row) for row in np.argsort(-nearness, kind="stable")]
    order = [row for row in order if _says_something(evidence.sentences[row].text)]
    if question.kind == "why" and (parts := _enumeration(question, evidence)):
        return Reading(tuple(parts), frozenset(parts), _speaker(question, evidence, before=parts[0][0]))
    chosen: list[int] = []
    total = 0.0
    for row in order[:most]:
        length = weight(evidence.sentences[row].text)
        far = bool(nearness[row] < nearness[order[0]] - _AS_NEAR)
        if not chosen or not (far or total + length > _READ_AT_MOST):
            chosen.append(row)
            total += length
    best: dict[int, float] = {}
    for row in chosen:
        best.setdefault(evidence.sentences[row].passage, float(nearness[row]))
    ranked = sorted(chosen, key=lambda row: (-best[evidence.sentences[row].passage], row))
    return Reading(tuple((row, row) for row in ranked))


def _enumeration(question: Question, evidence: Evidence) -> list[Window]:
    """The numbered parts in the first passage that has several, short ones with the next sentence.

    It must be about as near as the best passage and hold a name of the question, if that has any.
    """
    for number, passage in enumerate(evidence.passages, start=1):
        if passage.score < evidence.passages[0].score - _ABOUT_AS_NEAR:
            break
        rows = [
            row for row, s in enumerate(evidence.sentences) if s.passage == number and _PART.match(s.text)
        ]
        words = fold(f"{passage.article.title}\n{passage.chunk.heading}\n{passage.chunk.text}")
        if len(rows) > 1 and (not question.names or any(name in words for name in question.names)):
            return [(row, _spelled_out(row, evidence)) for row in rows]
    return []


def _spelled_out(row: int, evidence: Evidence) -> int:
    """The row up to which a part is read: a short announcement with the sentence that explains it."""
    sentence = evidence.sentences[row]
    if weight(sentence.text) >= _ANNOUNCEMENT or row + 1 == len(evidence.sentences):
        return row
    following = evidence.sentences[row + 1]
    between = sentence.article.text[sentence.end : following.start]
    together = following.passage == sentence.passage and "\n" not in between
    return row + 1 if together and not _PART.match(following.text) else row


def _speaker(question: Question, evidence: Evidence, *, before: int) -> int | None:
    """The last sentence before a row, in its passage, that holds a name of the question."""
    passage = evidence.sentences[before].passage
    for row in range(before - 1, -1, -1):
        sentence = evidence.sentences[row]
        if sentence.passage == passage and any(name in fold(sentence.text) for name in question.names):
            return row
    return None


def _says_something(text: str) -> bool:
    """Whether a sentence can stand in an answer: no heading, no question, no announcement."""
    return len(text) >= _SHORTEST_SENTENCE and text[-1] in "。．.！!”」』’\"'；;）)…"

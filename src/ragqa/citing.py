"""Statements to exact spans: which words of which article hold them, and whether they do.

No second model judges. The encoder that found the passages aligns a statement with their sentences
across languages; numbers and names must stand in the passage; n-grams decide within one language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ragqa.lexicon import Kind, fold, kind_of, names, ngrams, quantities, shows
from ragqa.records import Article, Citation, Encoder, Passage, Statement, Vectors, Verdict
from ragqa.text import HAN, language_of, sentence_spans, weight

Window = tuple[int, int]

_SHORTEST_SENTENCE = 6
_EXTRACTED = 3
# How much farther than the best passage one with an enumeration may be.
_ABOUT_AS_NEAR = 0.03
# A part shorter than this (Chinese characters) only announces.
_ANNOUNCEMENT = 30
_PART = re.compile(
    r"[“\"]?(?:第[一二三四五六七八九](?![次届年月任个代])|首先|其次|再次|最后|其[一二三四五]|[一二三四五]是"
    r"|(?:First|Second|Third)(?:ly)?\b|Fourth\b|Finally\b|The (?:first|second|third|other|last)\b)"
)
# What it adds to a cosine to show the kind of answer, in the sentence and in its heading, and to
# hold a name of the question.
_CUE = 0.03

# What a share of common n-grams adds to a cosine when spans are compared; what a second sentence costs.
_LEXICAL, _LONGER = 0.15, 0.005
# (supported from, partly from). On the development pairs: n-gram shares within Chinese have an AUC
# of .90 (cosines .62), cosines across languages .98.
_SAME_LANGUAGE = (0.5, 0.35)
_CROSS_LANGUAGE = (0.82, 0.80)


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

    @property
    def place(self) -> tuple[str, int, int]:
        """What makes it the same sentence for two questions."""
        return self.article.id, self.start, self.end


@dataclass(frozen=True, slots=True)
class Support:
    """The best place for a statement: sentences first..last of the evidence, and how well they hold it."""

    first: int
    last: int
    score: float
    verdict: Verdict


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
    """The sentences of the passages that an answer may rest on, with their unit vectors."""

    def __init__(self, passages: Sequence[Passage], sentences: Sequence[Sentence], vectors: Vectors) -> None:
        self.passages = passages
        self.sentences = sentences
        self.vectors = vectors

    @classmethod
    def gather(
        cls, passages: Sequence[Passage], *, encoder: Encoder, known: Evidence | None = None
    ) -> Evidence:
        """Cut passages into sentences and encode each once; those of ``known`` are not encoded again."""
        sentences = [
            Sentence(number, passage.article, passage.chunk.start + start, passage.chunk.start + end)
            for number, passage in enumerate(passages, start=1)
            for start, end in sentence_spans(passage.chunk.text)
        ]
        vectors = {s.place: v for s, v in zip(known.sentences, known.vectors, strict=True)} if known else {}
        fresh = [s for s in sentences if s.place not in vectors]
        encoded = encoder.encode_passages([s.text for s in fresh])
        vectors |= {s.place: v for s, v in zip(fresh, encoded, strict=True)}
        matrix = np.array([vectors[s.place] for s in sentences], dtype=np.float32)
        return cls(passages, sentences, matrix.reshape(len(sentences), encoder.dimension))

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
        bonus = _CUE * (shown + named)
        return np.asarray(self.vectors @ question.vector[0] + around + bonus, dtype=np.float32)

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
    reading = choose_reading(question, evidence, most=len(evidence.sentences))
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


def choose_reading(question: Question, evidence: Evidence, *, most: int = 5) -> Reading:
    """The few sentences nearest to a question; a small model reads five better than fifty.

    For a why question an enumeration (第一 … 第二 …, First … Second …) in a passage about as near as
    the best is read instead, whole: its second and third part seldom repeat what they are for.
    """
    nearness = evidence.nearness(question)
    order = [int(row) for row in np.argsort(-nearness, kind="stable")]
    order = [row for row in order if _says_something(evidence.sentences[row].text)]
    if question.kind == "why" and (parts := _enumeration(question, evidence)):
        return Reading(tuple(parts), frozenset(parts), _speaker(question, evidence, before=parts[0][0]))
    best: dict[int, float] = {}
    for row in order:
        best.setdefault(evidence.sentences[row].passage, float(nearness[row]))
    ranked = sorted(order[:most], key=lambda row: (-best[evidence.sentences[row].passage], row))
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


def support(
    text: str, vector: Vectors, evidence: Evidence, *, named: Sequence[Window] = (), about: Sequence[str] = ()
) -> Support | None:
    """The one or two neighbouring sentences that best hold a statement, with a verdict.

    ``vector`` is the statement's, shape (dimension,). The windows that its writer ``named`` come
    first; the others are searched when those do not support it, so a wrong marker is moved, but only
    to words that support the statement fully. ``about`` are the folded names of the question, for a
    statement that says "he".
    """
    similar = evidence.vectors @ vector
    windows = _about((*names(text), *about), evidence)
    there = list(dict.fromkeys(window for first, last in named for window in ((first, first), (first, last))))
    best = _best(text, similar, evidence, there)
    if best is not None and best.verdict != "unsupported":
        return best
    moved = _best(text, similar, evidence, [window for window in windows if window not in there])
    return moved if moved is not None and moved.verdict == "supported" else best or moved


def _best(
    text: str, similar: npt.NDArray[np.float32], evidence: Evidence, windows: Sequence[Window]
) -> Support | None:
    """The window that holds a statement best; ``similar`` are its cosines to all sentences."""
    best: Support | None = None
    for first, last in windows:
        quote = "".join(s.text for s in evidence.sentences[first : last + 1])
        nearness, overlap = float(similar[first : last + 1].max()), _overlap(text, quote)
        score = nearness + _LEXICAL * overlap - _LONGER * (last - first)
        if best is None or score > best.score:
            best = Support(first, last, score, judge(text, evidence, first, last, nearness, overlap))
    return best


def _about(wanted: Sequence[str], evidence: Evidence) -> list[Window]:
    """The windows in those passages that speak of the most of a statement's names.

    What one person said is never taken from a passage on another, as long as some passage names
    the right one.
    """
    folded = [fold(f"{p.article.title}\n{p.chunk.heading}\n{p.chunk.text}") for p in evidence.passages]
    counts = [sum(name in words for name in wanted) for words in folded]
    most = max(counts, default=0)
    return [
        window
        for window in _windows(evidence.sentences)
        if counts[evidence.sentences[window[0]].passage - 1] == most
    ]


def judge(text: str, evidence: Evidence, first: int, last: int, nearness: float, overlap: float) -> Verdict:
    """Whether sentences first..last of the evidence hold a statement.

    Within one language shared n-grams decide (they separate true from altered statements where
    vectors do not), across languages the cosine does. A number that the passage does not give
    makes a statement unsupported.
    """
    sentence = evidence.sentences[first]
    passage = evidence.passages[sentence.passage - 1]
    article, chunk = passage.article, passage.chunk
    around = "\n".join((article.title, article.published or "", chunk.heading, chunk.text))
    if quantities(text) - quantities(around, generous=True):
        return "unsupported"
    same = language_of(text) == language_of(article.text[sentence.start : evidence.sentences[last].end])
    measure, (enough, some) = (overlap, _SAME_LANGUAGE) if same else (nearness, _CROSS_LANGUAGE)
    return "supported" if measure >= enough else "partly" if measure >= some else "unsupported"


def missing_names(text: str, source: str) -> list[str]:
    """Names of a text that a source in the same script should show and does not.

    A Latin name may be written in Chinese characters in a Chinese source, so it is missed only
    where the source writes Latin names and no Chinese ones, and the other way round.
    """
    folded = fold(source).replace(" ", "")
    chinese = language_of(source) == "zh"
    return [
        name
        for name in names(text)
        if name.replace(" ", "") not in folded and bool(HAN.search(name)) == chinese
    ]


def cite(
    supports: Sequence[tuple[str, Support | None]], evidence: Evidence
) -> tuple[tuple[Statement, ...], tuple[Citation, ...]]:
    """Statements with markers 1..n in order of first appearance, and the citations they name.

    The same span cited twice gets one marker; a statement that nothing supports gets none.
    """
    citations: dict[tuple[str, int, int], Citation] = {}
    statements: list[Statement] = []
    for text, found in supports:
        if found is None or found.verdict == "unsupported":
            statements.append(Statement(text, (), "unsupported"))
            continue
        sentence = evidence.sentences[found.first]
        key = (sentence.article.id, sentence.start, evidence.sentences[found.last].end)
        if key not in citations:
            citations[key] = Citation(len(citations) + 1, sentence.article, key[1], key[2])
        statements.append(Statement(text, (citations[key].marker,), found.verdict))
    return tuple(statements), tuple(citations.values())


def _says_something(text: str) -> bool:
    """Whether a sentence can stand in an answer: no heading, no question, no announcement."""
    return len(text) >= _SHORTEST_SENTENCE and text[-1] in "。．.！!”」』’\"'；;）)…"


def _overlap(text: str, source: str) -> float:
    """Share of a statement's n-grams that a source holds; 0 across languages, where few can."""
    wanted = ngrams(text)
    return len(wanted & ngrams(source)) / len(wanted) if wanted else 0.0


def _windows(sentences: Sequence[Sentence]) -> list[Window]:
    """Each sentence, and each pair of neighbours in one passage."""
    single = [(row, row) for row in range(len(sentences))]
    pairs = [
        (row, row + 1)
        for row in range(len(sentences) - 1)
        if sentences[row].passage == sentences[row + 1].passage
    ]
    return single + pairs

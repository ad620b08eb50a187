"""Statements to exact spans: which words of which article hold them, and whether they do.

No second model judges. The encoder that found the passages aligns a statement with their sentences
across languages; numbers and names must stand in the passage; n-grams decide within one language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ragqa.lexicon import fold, names, ngrams, quantities
from ragqa.records import Article, Citation, Encoder, Passage, Statement, Vectors, Verdict
from ragqa.text import HAN, language_of, sentence_spans, weight

_SHORTEST_SENTENCE = 6
_EXTRACTED = 3
# What is read: this many sentences whole, then paragraph openings of this many passages, cut to
# about this many characters.
_SURELY_READ, _LEADING_PASSAGES, _CLAUSES = 3, 2, 60

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
        return cls(passages, sentences, matrix.reshape(len(sentences), -1))

    def nearness(self, question: Vectors) -> npt.NDArray[np.float32]:
        """How near each sentence is to a question's vector of shape (1, dimension), 0 to 2.

        A sentence counts with its passage: words that say little by themselves stand higher where
        the whole passage is near.
        """
        around = np.array([self.passages[s.passage - 1].score for s in self.sentences], dtype=np.float32)
        return np.asarray(self.vectors @ question[0] + around, dtype=np.float32)


def extract(question: Vectors, evidence: Evidence, *, most: int = _EXTRACTED) -> list[Sentence]:
    """The sentences nearest to a question's vector of shape (1, dimension), best first."""
    if not evidence.sentences:
        return []
    chosen: dict[str, Sentence] = {}
    for row in np.argsort(-evidence.nearness(question), kind="stable"):
        sentence = evidence.sentences[int(row)]
        if _says_something(sentence.text):
            chosen.setdefault(sentence.text, sentence)
        if len(chosen) == most:
            break
    return list(chosen.values())


def choose_reading(question: Vectors, evidence: Evidence, *, budget: float) -> list[Sentence]:
    """The sentences that a model should read, in passage order, within a budget of characters.

    First the sentences that open the paragraphs of the nearest passages, cut to their first clauses
    (reporters put the point first, and the second and third of three reasons seldom repeat what they
    are for); then the nearest sentences, whole.
    """
    if not evidence.sentences:
        return []
    nearness = evidence.nearness(question)
    order = [int(row) for row in np.argsort(-nearness, kind="stable")]
    nearest = list(dict.fromkeys(evidence.sentences[row].passage for row in order))[:_LEADING_PASSAGES]
    leads = [
        row
        for number in nearest
        for row, sentence in enumerate(evidence.sentences)
        if sentence.passage == number and _opens_paragraph(sentence)
    ]
    chosen: dict[int, Sentence] = {}
    room = budget
    for row in [*order[:_SURELY_READ], *leads, *order]:
        sentence = evidence.sentences[row]
        if row not in chosen and _says_something(sentence.text):
            cut = sentence if row not in leads or row in order[:_SURELY_READ] else _first_clauses(sentence)
            length = weight(cut.text)
            if length <= room:
                chosen[row] = cut
                room -= length
    return [chosen[row] for row in sorted(chosen)]


def support(text: str, vector: Vectors, evidence: Evidence, *, named: Sequence[int] = ()) -> Support | None:
    """The one or two neighbouring sentences that best hold a statement, with a verdict.

    ``vector`` is the statement's, shape (dimension,). The passages that its writer ``named`` come
    first; the others are searched when those do not support it, so a wrong marker is moved.
    """
    similar = evidence.vectors @ vector
    windows = _windows(evidence.sentences)
    there = [window for window in windows if evidence.sentences[window[0]].passage in named]
    best: Support | None = None
    for places in (there, windows):
        for first, last in places:
            quote = "".join(s.text for s in evidence.sentences[first : last + 1])
            nearness, overlap = float(similar[first : last + 1].max()), _overlap(text, quote)
            score = nearness + _LEXICAL * overlap - _LONGER * (last - first)
            if best is None or score > best.score:
                best = Support(first, last, score, judge(text, evidence, first, last, nearness, overlap))
        if best is not None and best.verdict != "unsupported":
            break
    return best


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


def _first_clauses(sentence: Sentence) -> Sentence:
    """The beginning of a long sentence, up to a comma."""
    if weight(sentence.text) <= _CLAUSES:
        return sentence
    commas = [match.end() for match in re.finditer(r"[，,：:；;]", sentence.text)]
    short = [end for end in commas if weight(sentence.text[:end]) <= _CLAUSES]
    return replace(sentence, end=sentence.start + short[-1]) if short else sentence


def _opens_paragraph(sentence: Sentence) -> bool:
    return sentence.start == 0 or sentence.article.text[sentence.start - 1] == "\n"


def _overlap(text: str, source: str) -> float:
    """Share of a statement's n-grams that a source holds; 0 across languages, where few can."""
    wanted = ngrams(text)
    return len(wanted & ngrams(source)) / len(wanted) if wanted else 0.0


def _windows(sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Each sentence, and each pair of neighbours in one passage."""
    single = [(row, row) for row in range(len(sentences))]
    pairs = [
        (row, row + 1)
        for row in range(len(sentences) - 1)
        if sentences[row].passage == sentences[row + 1].passage
    ]
    return single + pairs

"""Statements to exact spans: which words of which article hold them, and whether they do.

No second model judges. The encoder that found the passages aligns a statement with their sentences
across languages; numbers and names must stand in the passage; n-grams decide within one language.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ragqa.lexicon import fold, names, ngrams, quantities
from ragqa.reading import Evidence, Sentence, Window
from ragqa.records import Citation, Statement, Vectors, Verdict
from ragqa.text import HAN, language_of

# What a share of common n-grams adds to a cosine when spans are compared; what a second sentence costs.
_LEXICAL, _LONGER = 0.15, 0.005
# (supported from, partly from). On the development pairs: n-gram shares within Chinese have an AUC
# of .90 (cosines .62), cosines across languages .98.
_SAME_LANGUAGE = (0.5, 0.35)
_CROSS_LANGUAGE = (0.82, 0.80)


@dataclass(frozen=True, slots=True)
class Support:
    """The best place for a statement: sentences first..last of the evidence, and how well they hold it."""

    first: int
    last: int
    score: float
    verdict: Verdict


def support(
    text: str, vector: Vectors, evidence: Evidence, *, named: Sequence[Window] = (), about: Sequence[str] = ()
) -> Support | None:
    """The one or two neighbouring sentences that best hold a statement, with a verdict.

    ``vector`` is the statement's, shape (dimension,). The windows that its writer ``named`` come
    first; the others are searched when those do not support it fully, so a wrong marker is moved, but only
    to words that do. ``about`` are the folded names of the question, for a
    statement that says "he".
    """
    similar = evidence.vectors @ vector
    windows = _about((*names(text), *about), evidence)
    there = list(dict.fromkeys(window for first, last in named for window in ((first, first), (first, last))))
    best = _best(text, similar, evidence, there)
    if best is not None and best.verdict == "supported":
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

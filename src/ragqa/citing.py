"""Statements to exact spans: which words of which article hold them, and whether they do.

No second model judges. The encoder that found the passages aligns a statement with their sentences
across languages; numbers and names must stand in the passage; n-grams decide within one language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.lexicon import denies, fold, names, ngrams, quantities
from ragqa.reading import Evidence, Sentence, Window
from ragqa.records import Citation, Statement, Verdict
from ragqa.text import HAN, language_of

# Where clauses end, and the share of n-grams that makes one the clause that a statement is about.
_CLAUSE = re.compile(r"[，,；;。.：:！!？?\n]")
_SAME_CLAUSE = 0.5
# What a second sentence costs.
_LONGER = 0.005
# What it is worth that a quote says little else.
_TIGHT = 0.05
# (supported from, partly from): shares of n-grams within one language, cosines across.
_SAME_LANGUAGE = (0.5, 0.35)
_CROSS_LANGUAGE = (0.82, 0.80)
_BETTER: dict[Verdict, int] = {"unsupported": 0, "partly": 1, "supported": 2}


@dataclass(frozen=True, slots=True)
class Support:
    """The best place for a statement: sentences first..last of the evidence, and how well they hold it."""

    first: int
    last: int
    score: float
    verdict: Verdict


def support(
    text: str, evidence: Evidence, *, named: Sequence[Window] = (), about: Sequence[str] = ()
) -> Support | None:
    """The one or two neighbouring sentences that best hold a statement, with a verdict.

    The windows that its writer ``named`` come first; the others are searched when those do not support
    it fully, so a wrong marker is moved, but only to words that do. Sentences in the statement's own
    language come before those in the other, which have to be encoded, and which no cosine puts before words
    that hold it in part. ``about`` are the folded names of the question, for a statement that says "he".
    """
    there = list(dict.fromkeys(window for first, last in named for window in ((first, first), (first, last))))
    windows = [window for window in _about((*names(text), *about), evidence) if window not in there]
    language = language_of(text)
    same = [window for window in windows if _language(window, evidence) == language]
    other = [window for window in windows if window not in same]
    best: Support | None = None
    for place in (there, same, other):
        if place is other and best is not None and _shares_words(best, language, evidence):
            break
        found = _best(text, evidence, place)
        if found is not None and found.verdict == "supported":
            return found
        best = best or found
    return best


def _shares_words(found: Support, language: str, evidence: Evidence) -> bool:
    """Whether a place holds a statement at least in part, by words of its own language."""
    return found.verdict != "unsupported" and _language((found.first, found.last), evidence) == language


def _best(text: str, evidence: Evidence, windows: Sequence[Window]) -> Support | None:
    """The window that holds a statement best: by its verdict, then by how much of it."""
    language = language_of(text)
    foreign = sorted(
        {
            row
            for first, last in windows
            if _language((first, last), evidence) != language
            for row in range(first, last + 1)
        }
    )
    cosines = dict(zip(foreign, evidence.cosines(text, foreign), strict=True))
    best: Support | None = None
    for first, last in windows:
        quote = " ".join(s.text for s in evidence.sentences[first : last + 1])
        near = max((float(cosines[row]) for row in range(first, last + 1) if row in cosines), default=None)
        measure = _overlap(text, quote) + _TIGHT * _overlap(quote, text) if near is None else near
        verdict = judge(text, quote, around=_around(first, evidence), nearness=near)
        found = Support(first, last, measure - _LONGER * (last - first), verdict)
        if best is None or (_BETTER[verdict], found.score) > (_BETTER[best.verdict], best.score):
            best = found
    return best


def _language(window: Window, evidence: Evidence) -> str:
    return language_of(" ".join(s.text for s in evidence.sentences[window[0] : window[1] + 1]))


def _around(row: int, evidence: Evidence) -> str:
    """What stands about a sentence and may carry a number or a name that it leaves out."""
    passage = evidence.passages[evidence.sentences[row].passage - 1]
    return "\n".join(
        (passage.article.title, passage.article.published or "", passage.chunk.heading, passage.chunk.text)
    )


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


def judge(text: str, quote: str, *, around: str = "", nearness: float | None = None) -> Verdict:
    """Whether a quote holds a statement; ``around`` is the passage that the quote stands in.

    Within one language shared n-grams decide (they separate true from altered statements where
    vectors do not), across languages ``nearness``, a cosine, does. A number that the passage does not
    give makes a statement unsupported; one that it gives elsewhere than in the quote, a negation on one side
    only, or a name that the passage lacks, makes it partly supported at most.
    """
    around = f"{around}\n{quote}"
    numbers = quantities(text)
    if numbers - quantities(around, generous=True):
        return "unsupported"
    measure, (enough, some) = (
        (_overlap(text, quote), _SAME_LANGUAGE) if nearness is None else (nearness, _CROSS_LANGUAGE)
    )
    if measure < some:
        return "unsupported"
    doubtful = (
        any(not _is_year(number) for number in numbers - quantities(quote, generous=True))
        or denies(text) != _denied(text, quote)
        or bool(missing_names(text, around))
    )
    return "supported" if measure >= enough and not doubtful else "partly"


def _is_year(number: float) -> bool:
    """Whether a number may be a year, which a passage seldom repeats in every sentence."""
    return number.is_integer() and 1900 <= number <= 2100


def _denied(text: str, quote: str) -> bool:
    """Whether a quote negates there where it speaks of what a statement says; across languages, anywhere."""
    mine = ngrams(text)
    clauses = [clause for clause in _CLAUSE.split(quote) if clause]
    near = [clause for clause in clauses if len(mine & ngrams(clause)) >= _SAME_CLAUSE * len(ngrams(clause))]
    return any(denies(clause) for clause in (near or clauses))


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

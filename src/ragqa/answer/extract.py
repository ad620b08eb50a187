"""Extract exact quotes, and the short answers in them, from the reader's token scores.

A sentence (or title, row, item) is worth its text's probability to answer, times the share of it that the
reader's marks give that sentence. As many are quoted as it takes to hold most of what the reader marked.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ragqa.models import Reading
from ragqa.retrieval import Window, authors, byline
from ragqa.text import HAN, fold, quantities, sentence_spans
from ragqa.types import Article, Citation, ShortAnswer, Statement

Span = tuple[int, int]
# The longest answer in tokens.
_LONGEST = 60
_EDGES = " \t\n，。、；：,.;:!?！？|-·“”\"'「」『』《》()（）"
_WORD = re.compile(r"[A-Za-z0-9]")
# The sign of a number, not the dash of 2023-24 or of Q1-3.
_MINUS = re.compile(r"(?<![A-Za-z0-9])[-−](?=\d)")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is quoted: chosen on development questions by training/choose.py, see docs/reader.md.

    ``held`` is the share of one text's marks that its quotes hold together, ``least`` the least share of a
    further quote; ``beside`` how likely another text must be to answer, beside the best, to be quoted as well;
    ``most`` the quotes of an answer; the short answers of those worth ``large`` of the best one are the answer's.
    A short answer is a run of tokens that are part of one with a probability of ``near``, at least one of them
    with ``inside``; without such a run, the likeliest span.
    """

    held: float = 0.75
    least: float = 0.12
    beside: float = 0.5
    most: int = 6
    large: float = 0.5
    inside: float = 0.6
    near: float = 0.5


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence that answers, its worth (0 to 1), and the short answers in it; offsets in the article.

    ``in_title`` are words of the title that answer.
    """

    article: Article
    start: int
    end: int
    worth: float
    answers: tuple[Span, ...] = ()
    in_title: str = ""

    @property
    def said(self) -> tuple[str, ...]:
        """The words that answer."""
        spans = tuple(self.article.text[a:b] for a, b in self.answers)
        return (*spans, self.in_title) if self.in_title else spans


def choose_quotes(
    windows: Sequence[Window],
    readings: Sequence[Reading],
    chances: Sequence[float],
    limits: Limits = LIMITS,
) -> list[Quote]:
    """The quotes that answer, the one worth most first; ``chances`` that each text answers."""
    order = sorted(range(len(windows)), key=lambda row: -chances[row])
    chosen: list[Quote] = []
    for row in order:
        if chosen and chances[row] < limits.beside * chances[order[0]]:
            break
        for quote in _quotes(windows[row], readings[row], chances[row], limits):
            if len(chosen) < limits.most and not repeats(quote, chosen):
                chosen.append(quote)
    return sorted(chosen, key=lambda quote: -quote.worth)


def leading(quotes: Sequence[Quote], limits: Limits = LIMITS) -> list[Quote]:
    """The quotes whose short answers are the answer's: those worth nearly as much as the best."""
    best = max((quote.worth for quote in quotes), default=0.0)
    return [quote for quote in quotes if quote.worth >= limits.large * best]


def to_answer(
    quotes: Sequence[Quote], large: Container[Quote]
) -> tuple[tuple[Statement, ...], tuple[Citation, ...], tuple[ShortAnswer, ...]]:
    """Statements that are quotes, their citations with markers from 1, and the short answers in those of ``large``."""
    citations = tuple(Citation(n, q.article, q.start, q.end) for n, q in enumerate(quotes, start=1))
    statements = tuple(Statement(c.quote, (c.marker,)) for c in citations)
    short: list[ShortAnswer] = []
    for marker, quote in enumerate(quotes, start=1):
        if quote not in large:
            continue
        if quote.in_title:
            short.append(ShortAnswer(quote.in_title, marker, None, None))
        short += [ShortAnswer(quote.article.text[a:b], marker, a, b) for a, b in quote.answers]
    return statements, citations, tuple(short)


def _quotes(window: Window, reading: Reading, chance: float, limits: Limits) -> list[Quote]:
    """The sentences of one text that hold most of its marks, in their order."""
    units = list(_units(window))
    shares = _shares(units, reading)
    total = float(shares.sum())
    if total <= 0:
        return []
    shares = shares / total
    held = 0.0
    taken: list[int] = []
    for at in np.argsort(-shares, kind="stable"):
        if taken and (held >= limits.held or shares[at] < limits.least):
            break
        taken.append(int(at))
        held += float(shares[at])
    marks = _marks(window, reading, units, taken, limits)
    found = [_quote(window, units, at, float(chance * shares[at]), marks[at]) for at in sorted(taken)]
    return _merged([quote for quote in found if quote is not None])


def _units(window: Window) -> Iterator[Span]:
    """Spans of what can be quoted, in the text that was read: the lines above, then sentences."""
    for start, end in sentence_spans(window.text[: window.body]):
        yield start, end
    for start, end in sentence_spans(window.text[window.body :]):
        yield start + window.body, end + window.body


def _shares(units: Sequence[Span], reading: Reading) -> np.ndarray:
    """The share of the reader's start and end probabilities in each unit."""
    shares = np.zeros(len(units), np.float32)
    if not len(reading.places):
        return shares
    for at, (start, end) in enumerate(units):
        inside = (reading.places[:, 0] < end) & (reading.places[:, 1] > start)
        shares[at] = (reading.begins[inside].sum() + reading.ends[inside].sum()) / 2
    return shares


def _marks(
    window: Window, reading: Reading, units: Sequence[Span], taken: Sequence[int], limits: Limits
) -> Mapping[int, list[Span]]:
    """The short answers in each unit that is quoted: runs of marked tokens, or the likeliest span."""
    found: dict[int, list[Span]] = {}
    for at in taken:
        start, end = units[at]
        rows = np.flatnonzero((reading.places[:, 0] < end) & (reading.places[:, 1] > start))
        spans = list(_runs(rows, reading, limits)) or [_likeliest(rows, reading)]
        trimmed = [_trimmed(window.text, max(a, start), min(b, end)) for a, b in spans]
        found[at] = [span for span in trimmed if span[0] < span[1]]
    return found


def _runs(rows: np.ndarray, reading: Reading, limits: Limits) -> Iterator[Span]:
    """Spans of neighbouring tokens that are likely inside an answer, one surely; a gap of one token is bridged."""
    run: list[int] = []
    for row in [*(int(row) for row in rows if reading.inside[row] >= limits.near), -1]:
        if run and (row < 0 or row > run[-1] + 2):
            if reading.inside[run].max() >= limits.inside:
                yield int(reading.places[run[0], 0]), int(reading.places[run[-1], 1])
            run = []
        run.append(row)


def _likeliest(rows: np.ndarray, reading: Reading) -> Span:
    """The span whose first and last token are likeliest together."""
    best, span = -1.0, (0, 0)
    for first in rows[np.argsort(-reading.begins[rows], kind="stable")[:8]]:
        last = rows[(rows >= first) & (rows < first + _LONGEST)]
        end = int(last[np.argmax(reading.ends[last])])
        score = float(reading.begins[first] * reading.ends[end])
        if score > best:
            best, span = score, (int(reading.places[first, 0]), int(reading.places[end, 1]))
    return span


def _trimmed(text: str, start: int, end: int) -> Span:
    """A span without punctuation at its ends, extended to whole Latin words and numbers, with their minus."""
    while start < end and text[start] in _EDGES and not _MINUS.match(text, start):
        start += 1
    while end > start and text[end - 1] in _EDGES:
        end -= 1
    if start < end:
        while start and _WORD.match(text[start]) and _WORD.match(text[start - 1]):
            start -= 1
        while end < len(text) and _WORD.match(text[end]) and _WORD.match(text[end - 1]):
            end += 1
        if start and _MINUS.match(text, start - 1):
            start -= 1
    return start, end


def _quote(
    window: Window, units: Sequence[Span], at: int, worth: float, marks: Sequence[Span]
) -> Quote | None:
    """A unit as a quote.

    A title or heading is quoted where the article's text has it, a title that it does not have with the first sentence
    below it.
    """
    start, end = units[at]
    shift = window.start - window.body
    if start >= window.body:
        return Quote(
            window.article, start + shift, end + shift, worth, tuple((a + shift, b + shift) for a, b in marks)
        )
    below = next((unit for unit in units if unit[0] >= window.body), None)
    if below is None or not marks:
        return None
    words = window.text[marks[0][0] : marks[-1][1]]
    line = byline(window.article, window.text[window.body :])
    if line and window.text.find(line) <= start < window.text.find(line) + len(line):
        return _credited(window, units, words, worth)
    text = window.article.text
    place = text.find(window.text[start:end])
    if place >= 0:
        moved = tuple((a - start + place, b - start + place) for a, b in marks)
        return Quote(window.article, *_sentence(text, place), worth, moved)
    if words not in window.article.title:
        return None
    return Quote(window.article, below[0] + shift, below[1] + shift, worth, (), words)


def _sentence(text: str, at: int) -> Span:
    """The sentence that a place of a text lies in; line breaks end one, so only its line is split."""
    begin, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    line = text[begin : end if end >= 0 else len(text)]
    return next((begin + a, begin + b) for a, b in sentence_spans(line) if begin + b > at)


def _credited(window: Window, units: Sequence[Span], words: str, worth: float) -> Quote | None:
    """The unit of the text that names the authors: the line above it that was read is not the article's."""
    found = [(name, window.text.find(name, window.body)) for name in authors(window.article) if name in words]
    unit = next(((a, b) for a, b in units for _, at in found if a <= at < b), None)
    if unit is None:
        return None
    shift = window.start - window.body
    answers = tuple((at + shift, at + len(name) + shift) for name, at in found if unit[0] <= at < unit[1])
    return Quote(window.article, unit[0] + shift, unit[1] + shift, worth, answers)


def _merged(quotes: Sequence[Quote]) -> list[Quote]:
    """Quotes of one sentence as one: a title's answer is shown with a sentence that may answer, too."""
    kept: dict[Span, Quote] = {}
    for quote in quotes:
        known = kept.get((quote.start, quote.end))
        if known is None:
            kept[quote.start, quote.end] = quote
            continue
        kept[quote.start, quote.end] = replace(
            known,
            worth=known.worth + quote.worth,
            answers=known.answers or quote.answers,
            in_title=known.in_title or quote.in_title,
        )
    return list(kept.values())


def repeats(quote: Quote, chosen: Sequence[Quote]) -> bool:
    """Whether an earlier quote of another text gives the same answer, or is the same words, or the same title.

    The answer is the same when it lies in the other one; not when its numbers are others (4亿 in 14亿).
    """
    mine = [_core(words) for words in quote.said]
    for other in chosen:
        if other.article.id == quote.article.id:
            titled = quote.in_title and quote.in_title == other.in_title and not quote.answers
            if titled or (other.start, other.end) == (quote.start, quote.end):
                return True
        elif mine and not differ(quote, other):
            said = [_core(words) for words in other.said]
            if all(any(word in known or known in word for known in said if known) for word in mine if word):
                return True
    return False


def differ(one: Quote, other: Quote) -> bool:
    """Whether both quotes answer with numbers and have none in common."""
    first, second = (quantities(fold("\n".join(quote.said))) for quote in (one, other))
    return bool(first and second and not first & second)


def _core(words: str) -> str:
    return "".join(fold(words).split()) if HAN.search(words) else fold(words).strip()

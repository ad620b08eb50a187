"""Merge ranked chunks into passages: longer context, no duplicates, a fair share of each article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ragqa.index import SearchIndex
from ragqa.text import ngrams, quantities, weight
from ragqa.types import Passage, Signal

# Chunks looked at for k passages: several usually stand side by side and become one. When those are too few
# passages, more are looked at, up to the second number.
_HITS_A_PASSAGE, MOST_HITS_A_PASSAGE = 2, 6
# Two hits under one heading are read as one passage with what lies between them: the reasons that
# a heading announces seldom name their subject. Without a heading only near neighbours are joined.
_LONGEST_PASSAGE = 900
_WIDEST_GAP = 2
# A hit of less than this (Chinese characters) is read with the chunk after it, or before.
_SHORTEST_PASSAGE = 100
# Two passages that share this much of the shorter one's n-grams, and every number, are copies, unless one is
# so much shorter: a copy with another figure is a correction, which a reader wants to see.
_COPY, _AS_LONG = 0.9, 0.6
# How much less than the best a newer passage may score and still come first.
_ABOUT_AS_GOOD = 0.05


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk's row, its score and its signals."""

    row: int
    score: float
    signals: tuple[Signal, ...] = ()


def select(hits: Sequence[Hit], *, index: SearchIndex, k: int, latest: bool = False) -> list[Passage]:
    """The ``k`` passages to show for hits ranked best first.

    Hits near each other become one passage; copies of the same words count once and say where else
    they stand; no article takes more than half of the places while others wait; for a question for the
    ``latest`` the newest of the about equally good come first.
    """
    passages: list[Passage] = []
    for depth in (k * _HITS_A_PASSAGE, k * MOST_HITS_A_PASSAGE):
        joined = sorted(_joined(hits[:depth], index), key=lambda passage: -passage.score)
        passages = list(_distinct(joined))
        if len(_within_share(passages, k)) >= k or depth >= len(hits):
            break
    chosen = _shared_out(passages, k)
    return _newest_first(chosen) if latest else chosen


def _joined(hits: Sequence[Hit], index: SearchIndex) -> Iterator[Passage]:
    """Merge neighbouring hits into passages; a passage has the score of its best chunk."""
    run: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: hit.row):
        if run and not _belong(run[0].row, run[-1].row, hit.row, index):
            yield _passage(run, index)
            run = []
        run.append(hit)
    if run:
        yield _passage(run, index)


def _belong(first: int, last: int, row: int, index: SearchIndex) -> bool:
    start, end = index.place(first), index.place(row)
    return (
        (start.article, start.heading) == (end.article, end.heading)
        and (bool(start.heading) or row - last <= _WIDEST_GAP)
        and end.end - start.start <= _LONGEST_PASSAGE
    )


def _passage(run: Sequence[Hit], index: SearchIndex) -> Passage:
    best = max(run, key=lambda hit: hit.score)
    first, last = run[0].row, run[-1].row
    found = index.passage(first, last, best.score)
    if weight(found.chunk.text) < _SHORTEST_PASSAGE:
        beside = [(first, last + 1), (first - 1, last)]
        wider = next((pair for pair in beside if _reads_on(*pair, index)), (first, last))
        found = index.passage(*wider, best.score)
    return replace(found, signals=best.signals)


def _reads_on(first: int, last: int, index: SearchIndex) -> bool:
    return first >= 0 and last < index.manifest.chunks and _belong(first, last - 1, last, index)


def _distinct(passages: Sequence[Passage]) -> Iterator[Passage]:
    """Passages without later copies of their words; each names the articles that hold a copy."""
    kept: list[tuple[frozenset[str], Passage, list[str]]] = []
    for passage in passages:
        grams = ngrams(passage.chunk.text)
        for known, original, copies in kept:
            if _same(grams, known, passage, original):
                if passage.article.id not in (original.article.id, *copies):
                    copies.append(passage.article.id)
                break
        else:
            kept.append((grams, passage, []))
    for _, passage, copies in kept:
        yield replace(passage, also_in=tuple(copies))


def _same(grams: frozenset[str], known: frozenset[str], passage: Passage, original: Passage) -> bool:
    if "".join(passage.chunk.text.split()) == "".join(original.chunk.text.split()):
        return True
    shorter, longer = sorted((len(grams), len(known)))
    if not 0 < shorter >= _AS_LONG * longer or len(grams & known) < _COPY * shorter:
        return False
    return quantities(passage.chunk.text) == quantities(original.chunk.text)


def _shared_out(passages: Sequence[Passage], k: int) -> list[Passage]:
    """The first ``k``, at most half (rounded up) from one article, unless the others do not fill the rest."""
    fair = _within_share(passages, k)
    waiting = [passage for passage in passages if passage not in fair]
    return sorted([*fair, *waiting][:k], key=lambda passage: -passage.score)


def _within_share(passages: Sequence[Passage], k: int) -> list[Passage]:
    taken: Counter[str] = Counter()
    fair = []
    for passage in passages:
        taken[passage.article.id] += 1
        if taken[passage.article.id] <= max(2, (k + 1) // 2):
            fair.append(passage)
    return fair


def _newest_first(passages: Sequence[Passage]) -> list[Passage]:
    """The passages about as good as the best by date, newest first, then the rest."""
    if not passages:
        return []
    bar = passages[0].score - _ABOUT_AS_GOOD
    good = [passage for passage in passages if passage.score >= bar]
    rest = [passage for passage in passages if passage.score < bar]
    return sorted(good, key=lambda passage: passage.article.published or "", reverse=True) + rest

"""Layout of a PDF's page: lines, running heads and feet, columns in reading order."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

# White space of this many line heights parts two columns of text.
_GAP = 0.9
# Lines a side of the page where running heads and feet are looked for, and points that they may shift.
_OUTER, _SHIFT = 3, 4.0
_PAGE_NUMBER = re.compile(
    r"第\s?\d{1,4}\s?页(?:.{0,3}共\s?\d{1,4}\s?页)?|[-–—·]\s?\d{1,4}\s?[-–—·]|Page \d{1,4}(?: of \d{1,4})?"
    r"|\d{1,4}\s?/\s?\d{1,4}",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d{1,6}")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters in one line without a wide gap; points from the page's lower left."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def size(self) -> float:
        """Height of the line."""
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Row:
    """Runs side by side, left to right, and the box around them."""

    runs: tuple[Run, ...]
    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Row:
        """Runs of one line in any order."""
        bottom, top = min(run.bottom for run in runs), max(run.top for run in runs)
        ordered = tuple(sorted(runs, key=lambda run: run.left))
        return cls(ordered, ordered[0].left, ordered[-1].right, bottom, top)

    @property
    def text(self) -> str:
        """The words of the line."""
        return " ".join(run.text for run in self.runs)

    @property
    def size(self) -> float:
        """Height of the line."""
        return max(run.size for run in self.runs)


def level(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two spans from bottom to top are of one line: the middle of one lies in the other (一 is low)."""
    return one[0] < sum(other) / 2 < one[1] or other[0] < sum(one) / 2 < other[1]


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """Runs that stand side by side as rows, from the top."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: -(run.top + run.bottom)):
        if rows and level((run.bottom, run.top), (rows[-1][0].bottom, rows[-1][0].top)):
            rows[-1].append(run)
        else:
            rows.append([run])
    return [Row.of(row) for row in rows]


# --- running heads and feet --------------------------------------------------------------------


def without_furniture(pages: Sequence[Sequence[Row]]) -> tuple[list[list[Row]], list[str]]:
    """The pages without lines that stand at the same place on the next page or the one after, and the heads' words."""
    bodies: list[list[Row]] = []
    heads: list[str] = []
    for number, rows in enumerate(pages):
        top = _repeated(pages, number, range(_OUTER))
        bottom = _repeated(pages, number, range(-1, -_OUTER - 1, -1))
        heads += [row.text for row in rows[:top]]
        bodies.append(list(rows[top : max(top, len(rows) - bottom)]))
    return bodies, heads


def _repeated(pages: Sequence[Sequence[Row]], number: int, places: Sequence[int]) -> int:
    """How many lines from the edge of a page inwards are a running head or foot."""
    rows = pages[number]
    count = 0
    for at in places:
        if not -len(rows) <= at < len(rows):
            break
        row = rows[at]
        alike = any(
            abs(row.top - other.top) < _SHIFT and _alike(row.text, other.text, beside - number)
            for beside in (number - 2, number - 1, number + 1, number + 2)
            if 0 <= beside < len(pages)
            for other in (pages[beside][o] for o in places if -len(pages[beside]) <= o < len(pages[beside]))
        )
        if not alike and not _PAGE_NUMBER.fullmatch(row.text.strip()):
            break
        count += 1
    return count


def _alike(one: str, other: str, pages: int) -> bool:
    """Whether two lines have the same words, numbers that grew by the pages between them aside."""
    if one == other:
        return True
    if _DIGITS.sub("#", one) != _DIGITS.sub("#", other):
        return False
    grown = [int(b) - int(a) for a, b in zip(_DIGITS.findall(one), _DIGITS.findall(other), strict=True)]
    return pages in grown and set(grown) <= {0, pages}


# --- reading order -----------------------------------------------------------------------------


def in_reading_order(runs: Sequence[Run]) -> Iterator[list[Run]]:
    """Groups of runs to read one after the other: above the columns, each column, below them."""
    waiting = [list(runs)]
    while waiting:
        group = waiting.pop()
        if not group:
            continue
        cut = _gutter(group)
        if cut is None:
            yield group
            continue
        x, top, bottom = cut
        between = [run for run in group if bottom <= run.bottom and run.top <= top]
        above = [run for run in group if run.top > top]
        below = [run for run in group if run.bottom < bottom and run.top <= top]
        left = [run for run in between if run.left < x]
        right = [run for run in between if run.left >= x]
        waiting += [below, right, left, above]


def _gutter(runs: Sequence[Run]) -> tuple[float, float, float] | None:
    """The white strip between two columns of running text with most lines: its place, its top and bottom."""
    best: tuple[int, tuple[float, float, float]] | None = None
    runs = list(_pieces(runs))
    size = median(run.size for run in runs)
    # A headline alone in its row ends the columns above it, however short it is.
    headlines = {row.runs[0] for row in rows_of(runs) if len(row.runs) == 1 and row.size > 1.15 * size}
    from_top = sorted(runs, key=lambda run: -run.top)
    edges = Counter(round(run.left) for run in runs)
    for edge, count in edges.most_common(12):
        if count < 2:
            break
        x = edge - 1.5
        stretch: list[Run] = []
        for run in [*from_top, None]:
            # The strip is as wide as a line is high, and ends where the column on its right begins.
            if run and run not in headlines and not run.left < x < run.right + _GAP * size:
                stretch.append(run)
                continue
            score = _columns_score(stretch, x, size)
            if score and (best is None or score > best[0]):
                best = (score, (x, max(r.top for r in stretch), min(r.bottom for r in stretch)))
            stretch = []
    return best[1] if best else None


def _pieces(runs: Sequence[Run]) -> Iterator[Run]:
    """Runs without the gaps that spreading a line to its column's width makes."""
    for row in rows_of(runs):
        piece = row.runs[0]
        for run in row.runs[1:]:
            if run.left - piece.right < _GAP * row.size:
                box = max(piece.right, run.right), min(piece.bottom, run.bottom), max(piece.top, run.top)
                piece = Run(f"{piece.text} {run.text}", piece.left, *box)
            else:
                yield piece
                piece = run
        yield piece


def _columns_score(runs: Sequence[Run], x: float, size: float) -> int:
    """Lines on the emptier side of a strip at ``x``, 0 unless both sides are running text beside each other."""
    sides = [run for run in runs if run.left < x], [run for run in runs if run.left >= x]
    fewest = min(map(len, sides))
    if fewest < 2 or not all(_is_running(side, size) for side in sides):
        return 0
    tops, bottoms = (
        [max(r.top for r in side) for side in sides],
        [min(r.bottom for r in side) for side in sides],
    )
    return fewest if min(tops) > max(bottoms) else 0


def _is_running(runs: Sequence[Run], size: float) -> bool:
    """Distinguish columns of text from columns of cells: the lines are long, and most end where many others do."""
    rights = sorted(run.right for run in runs)
    full = sum(
        4 * (bisect_right(rights, right + size) - bisect_left(rights, right - size)) >= len(rights)
        for right in rights
    )
    return median(run.right - run.left for run in runs) >= 6 * size and 2 * full >= len(rights)

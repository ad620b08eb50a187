"""Lines of a PDF in reading order to paragraphs and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

from ragqa.corpus.metadata import ends_sentence
from ragqa.corpus.pdf_layout import Row, Run, in_reading_order, rows_of
from ragqa.corpus.wrapping import columns, goes_on, join, needed, opens_item
from ragqa.text import table_lines

_WORD = re.compile(r"[a-zà-ɏ]+(?:-[a-zà-ɏ]+)*")
# A further line of a paragraph may be so many times the usual distance away.
_NEXT = 1.35


@dataclass(frozen=True, slots=True)
class Line:
    """A line in reading order: its words, its row, the number of its column; a table's row is one, too."""

    text: str
    row: Row
    block: int
    table: bool = False


@dataclass(frozen=True, slots=True)
class _Column:
    """Edges of a column of text, the distance of its lines, and how many reach its right edge."""

    left: float
    right: float
    pitch: float
    full: int


def lines_of(pages: Sequence[Sequence[Row]]) -> list[Line]:
    """All lines in reading order, tables as rows with their header."""
    lines: list[Line] = []
    block = 0
    for rows in pages:
        for group in in_reading_order([run for row in rows for run in row.runs]):
            block += 1
            lines += _lines_of_block(rows_of(group), block)
    return lines


def paragraphs(lines: Sequence[Line]) -> Iterator[str]:
    """Paragraphs and rows of tables: lines that go on in the next one are joined to it."""
    words = Counter(_WORD.findall("\n".join(line.text for line in lines).lower()))
    blocks = _columns(lines)
    parts: list[str] = []
    before: Line | None = None
    for line in lines:
        if before and _continues(before, line, blocks):
            join(parts, line.text, words, soft=True)
        else:
            if parts:
                yield "".join(parts)
            parts = [line.text]
        before = line
    if parts:
        yield "".join(parts)


def _lines_of_block(rows: Sequence[Row], block: int) -> Iterator[Line]:
    """The lines of one column; rows of cells under each other become the lines of a table."""
    at = 0
    while at < len(rows):
        table = _table(rows[at:])
        if table:
            above = " ".join(row.text for row in rows[max(0, at - 2) : at])
            for row, text in zip(rows[at:], table_lines(table, above=above), strict=False):
                yield Line(text, row, block, table=True)
            at += len(table)
        else:
            yield Line(rows[at].text, rows[at], block)
            at += 1


def _table(rows: Sequence[Row]) -> list[list[str]]:
    """The cells of a table that begins with the first row; nothing where it is none."""
    strips = [(run.left, run.right) for run in rows[0].runs]
    cells: list[list[str]] = []
    for row in rows if len(strips) > 1 else ():
        wider = list(strips)
        words = [""] * len(strips)
        for run in row.runs:
            at = min(range(len(strips)), key=lambda at: _apart(run, strips[at]))
            words[at] += run.text
            wider[at] = min(wider[at][0], run.left), max(wider[at][1], run.right)
        filled = sum(map(bool, words))
        # Words spread to fill a line have gaps, too, but not below each other.
        if (
            filled < 2
            or filled < len(row.runs)
            or any(a[1] + 0.3 * row.size > b[0] for a, b in pairwise(wider))
        ):
            break
        strips = wider
        cells.append(words)
    return cells if len(cells) >= (2 if len(strips) > 2 else 3) else []


def _apart(run: Run, strip: tuple[float, float]) -> float:
    """How far a run is from a column of cells, less than 0 where they overlap."""
    return max(run.left, strip[0]) - min(run.right, strip[1])


def _columns(lines: Sequence[Line]) -> dict[int, _Column]:
    """The column of each block; a block of few lines has the edge of a larger one that begins at the same place."""
    blocks: dict[int, list[Row]] = {}
    for line in lines:
        if not line.table:
            blocks.setdefault(line.block, []).append(line.row)
    edges: dict[int, tuple[float, float]] = {}
    large: list[tuple[float, float]] = []
    for block, rows in blocks.items():
        # A headline says nothing about the edges of the text below it.
        size = median_low(row.size for row in rows)
        body = [row for row in rows if _same_size(row.size, size)]
        edges[block] = min(row.left for row in body), max(row.right for row in body)
        large += [edges[block]] * (len(body) > 2)
    found: dict[int, _Column] = {}
    for block, rows in blocks.items():
        left, right = edges[block]
        size = rows[0].size
        if (left, right) not in large:
            right = min(
                (end for start, end in large if abs(start - left) < size and end >= right), default=right
            )
        pitch = median_low([a.bottom - b.bottom for a, b in pairwise(rows)] or [0.0])
        found[block] = _Column(left, right, pitch, sum(row.right > right - size for row in rows))
    return found


def _same_size(one: float, other: float) -> bool:
    return abs(one - other) < 0.12 * other


def _continues(line: Line, following: Line, blocks: Mapping[int, _Column]) -> bool:
    """Whether a line fills its column and the next one is of the same paragraph."""
    one, other = line.row, following.row
    if line.table or following.table or not _same_size(one.size, other.size) or opens_item(following.text):
        return False
    column = blocks[line.block]
    character = (other.right - other.left) / max(columns(following.text), 1)
    if one.right + needed(line.text, following.text) * character < column.right - character / 2:
        return False
    # The only line that reaches the edge may just be the longest.
    if ends_sentence(line.text) and (column.full < 2 or line.block != following.block):
        return False
    if line.block != following.block:
        return other.left < blocks[following.block].left + 0.8 * other.size
    if one.bottom - other.bottom > _NEXT * column.pitch:
        return False
    indented = other.left > one.left + 0.8 * one.size
    return not indented or opens_item(line.text) or goes_on(line.text, following.text)

"""Read the rows of a table that a question names, each alone under its title.

The reader learned sentences: among the rows of a table it takes the first as soon as the third. A row whose first
cell stands in the question is read alone; where the question also names one of its columns, that cell answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ragqa.models import Reader, Reading
from ragqa.retrieval.reading import Read, Window
from ragqa.text import HAN, Cell, Span, Table, fold, simplified, tables_in

# The share of the reader's marks in a table from which on the answer is looked for there.
_IN_TABLE = 0.5
_WORDS = re.compile(r"[^\W_]+")


def read_rows(question: str, read: Sequence[Read], reader: Reader) -> tuple[Read, ...]:
    """What was read, with the rows that the question names in place of a text whose table the reader marked."""
    kept: list[Read] = []
    rows: list[tuple[Read, Window, list[Span]]] = []
    for each in read:
        found = list(_named_rows(question, each))
        for row, table in found:
            rows.append((each, _alone(each.window, row), _cells(question, each.window.text, row, table)))
        kept += [] if found else [each]
    if not rows:
        return tuple(read)
    readings = reader.read(simplified(question), [simplified(window.text) for _, window, _ in rows])
    again = [
        replace(each, window=window, reading=_in_cells(reading, window, cells))
        for (each, window, cells), reading in zip(rows, readings, strict=True)
    ]
    # By chance, so that whoever keeps one reading of a chunk keeps the best.
    return tuple(sorted([*kept, *again], key=lambda each: each.chance))


def _named_rows(question: str, each: Read) -> Iterator[tuple[tuple[Cell, ...], Table]]:
    """The rows whose first cell the question names, in the tables that hold most of the reader's marks."""
    text, reading = each.window.text, each.reading
    marks = reading.begins + reading.ends
    for table in tables_in(text) if marks.sum() > 0 else ():
        inside = (reading.places[:, 0] >= table.start) & (reading.places[:, 1] <= table.end)
        if table.start < each.window.body or marks[inside].sum() < _IN_TABLE * marks.sum():
            continue
        rows = table.rows[1:] if table.headed else table.rows
        labels = [text[row[0].value : row[0].end] for row in rows]
        yield from ((rows[at], table) for at in _named(question, labels))


def _cells(question: str, text: str, row: Sequence[Cell], table: Table) -> list[Span]:
    """Where the words of the cells stand in their row; only of the one whose column the question names, if one is."""
    cells = [cell for cell in row if table.headed and cell.value > cell.start]
    named = _named(question, [text[cell.start : cell.value] for cell in cells])
    chosen = [cells[named[0]]] if len(named) == 1 else list(row)
    return [(cell.value - row[0].start, cell.end - row[0].start) for cell in chosen]


def _named(question: str, names: Sequence[str]) -> list[int]:
    """Which names stand in the question; of two that overlap, the longer."""
    asked = _words(question)
    found = {
        at: words
        for at, name in enumerate(names)
        if len(words := _words(name).strip()) > 1 and _holds(asked, words)
    }
    longer = set(found.values())
    return [
        at for at, words in found.items() if not any(words != other and words in other for other in longer)
    ]


def _holds(asked: str, words: str) -> bool:
    return words.replace(" ", "") in asked.replace(" ", "") if HAN.search(words) else f" {words} " in asked


def _words(text: str) -> str:
    """A text in one form, its marks as spaces, with a space at both ends."""
    return f" {' '.join(_WORDS.findall(fold(text)))} "


def _alone(window: Window, row: Sequence[Cell]) -> Window:
    """One row of a window's text under the title, which the window itself may begin with, and the same heading."""
    start, end = row[0].start, row[-1].end
    shift = window.start - window.body
    head = "".join(f"{line}\n" for line in dict.fromkeys([window.article.title, *_lines(window)]) if line)
    return Window(window.article, start + shift, end + shift, head + window.text[start:end], len(head))


def _lines(window: Window) -> list[str]:
    """The lines above a window's own text."""
    return window.text[: window.body].split("\n")


def _in_cells(reading: Reading, window: Window, cells: Sequence[Span]) -> Reading:
    """The reading of a row with its marks on the words of these cells; a column's name is no answer.

    A single cell has them all. How likely the row answers is the reader's word, and stays.
    """
    inside = np.zeros(len(reading.places), np.bool_)
    for start, end in cells:
        inside |= (reading.places[:, 0] < window.body + end) & (reading.places[:, 1] > window.body + start)
    if not inside.any():
        return reading
    begins, ends = np.where(inside, reading.begins, 0), np.where(inside, reading.ends, 0)
    if len(cells) > 1:
        return replace(reading, begins=begins, ends=ends, inside=np.where(inside, reading.inside, 0))
    places = np.flatnonzero(inside)
    begins, ends = np.zeros_like(begins), np.zeros_like(ends)
    begins[places[0]] = ends[places[-1]] = 1 - reading.none
    return replace(reading, begins=begins, ends=ends, inside=inside.astype(np.float32))

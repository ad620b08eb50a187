"""Read a workbook: each sheet under its name, its tables as rows that carry their header, other cells as lines."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from ragqa.corpus.fields import fact_of
from ragqa.corpus.file_text import needed, opened_zip
from ragqa.corpus.table_markup import Rows, lines_of_grid

# More cells than this hold data for a program.
_MOST_CELLS = 500_000
# A name that the program gave says nothing.
_UNNAMED = re.compile(r"(?:sheet|工作表|表格?)\s?\d{0,4}", re.IGNORECASE)


def visible_sheets(data: bytes) -> list[Any]:
    """The visible sheets of a workbook. Raises ValueError where one has too many cells."""
    openpyxl = needed("openpyxl", "xlsx")
    opened_zip(data).close()
    book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    if any(sheet.max_row * sheet.max_column > _MOST_CELLS for sheet in sheets):
        raise ValueError(f"a sheet of more than {_MOST_CELLS:,} cells")
    return sheets


def xlsx_records(sheets: Sequence[Any]) -> list[dict[str, str]]:
    """The rows of a workbook of articles by the names of their columns, a title and a text among them.

    Nothing where a sheet with cells is not of that form.
    """
    found: list[dict[str, str]] = []
    for sheet in sheets:
        # One by one: of a sheet of another form only the first is looked at.
        rows = filter(any, ([_whole(cell) for cell in row] for row in sheet.iter_rows()))
        names = next(rows, None)
        if names is None:
            continue
        if not {"title", "text"} <= {fact_of(name) for name in names}:
            return []
        found += [dict(zip(names, row, strict=True)) for row in rows]
    return found


def xlsx_text(sheets: Sequence[Any]) -> str:
    """The text of sheets; of formulas the values that were saved with them."""
    sections = []
    for sheet in sheets:
        lines = list(_lines(_cells(sheet)))
        name = [] if _UNNAMED.fullmatch(sheet.title.strip()) else [sheet.title]
        sections += ["\n".join([*name, *lines])] if lines else []
    return "\n\n".join(sections)


def _whole(cell: Any) -> str:
    """A cell with its line breaks: it may hold an article."""
    return str(cell.value).strip() if isinstance(cell.value, str) and cell.data_type != "e" else _shown(cell)


def _cells(sheet: Any) -> Rows:
    """The cells of a sheet as text; what is merged stands in each of its cells."""
    rows = [[_shown(cell) for cell in row] for row in sheet.iter_rows()]
    for merged in sheet.merged_cells.ranges:
        for row in rows[merged.min_row - 1 : merged.max_row]:
            words = rows[merged.min_row - 1][merged.min_col - 1]
            row[merged.min_col - 1 : merged.max_col] = [words] * (
                min(merged.max_col, len(row)) - merged.min_col + 1
            )
    return rows


def _shown(cell: Any) -> str:
    """The value of a cell: a day without its midnight, a share as per cent, an error as nothing."""
    value = cell.value
    if value is None or cell.data_type == "e":
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    if isinstance(value, float | int) and not isinstance(value, bool):
        percent = "%" in cell.number_format
        return f"{value * (100 if percent else 1):.15g}{'%' if percent else ''}"
    return " ".join(str(value).split())


def _lines(rows: Rows) -> Iterator[str]:
    """The lines of a sheet's blocks, which empty rows part; titles and notes around a table stay lines."""
    for filled, block in groupby(rows, key=any):
        if not filled:
            continue
        above: list[str] = []
        for wide, part in groupby(block, key=lambda row: len({cell for cell in row if cell}) > 1):
            grid = list(part)
            if wide:
                yield from _table(grid, " ".join(above))
            else:
                above = [next(filter(None, row)) for row in grid]
                yield from above


def _table(grid: Rows, above: str) -> list[str]:
    columns = [column for column in zip(*grid, strict=True) if any(column)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    # A merged cell above several columns: the row below says which is which.
    heads = 2 if len(rows) > 2 and _spans(rows[0]) and len(set(rows[1])) == len(rows[1]) else 0
    # The first row of a workbook's table is its header, unless two columns are a form: 联系人, 闻笙.
    figures = len(rows) > 2 and all(row[-1].lstrip("-¥$€£")[:1].isdigit() for row in rows[1:])
    named = len(rows) > 1 and (len(columns) > 2 or figures)
    return lines_of_grid(rows, heads=heads, bold=named, above=above)


def _spans(row: list[str]) -> bool:
    return all(row) and any(one == other for one, other in pairwise(row))

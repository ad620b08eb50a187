"""Tables as lines of text: each row one line that carries its header, so that it can be quoted alone.

    季度 · 营业收入（万元） · 员工人数
    二季度 · 营业收入 13,988万元 · 员工人数 872

The header is a line of its own; a row begins with its first cell, and every other cell with its column's name.
Cells that are empty are left out. ``tables_in`` finds such lines again, with the place of each cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SEPARATOR = " · "
# Cells longer than this are paragraphs: a table used for layout.
_LONGEST_CELL = 160
_NUMBER = re.compile(r"[-+−－±约]?[¥￥$]?\d[\d,，]{0,20}(?:\.\d{1,10})?")
_OWN_UNIT = re.compile(r"(.{1,60}?)\s?[（(]([^（）()]{1,12})[）)]")
# A unit as Chinese tables give it: a scale and what is counted. Other words in brackets (未审计) are none.
_UNIT = re.compile(
    r"[十百千万亿]{0,3}(?:人民币|美|欧|港|日|英)?(?:元|镑|[%％‰]|个百分点|[吨斤克米升亩度倍岁年月日天秒]|公[斤里顷]|千[克米瓦]"
    r"|平方公?[米里]|立方米|千瓦时|小时|分钟|[人名户家个件辆台套座艘架次册棵头])|[十百千万亿]{1,3}"
)
_STATED_UNIT = re.compile(r"(?:金额|货币)?单位\s{0,2}[:：]\s{0,2}(?:人民币)?([^\s，。,；;（）()]{1,8})")
_MONEY = re.compile(r"[十百千万亿]{0,3}(?:美|欧|港|日)?(?:元|镑)")
# Columns that a stated unit of money belongs to, and those of any other unit; further columns count or compare.
_AMOUNT = re.compile(
    r"(?:收入|支出|利润|亏损|盈利|成本|费用?|税款?|金额?|资产|负债|权益|投资|价格?|价值|市值|产值|额|款|资金|薪酬?|工资|预算"
    r"|营收|造价|现金|补贴|债务?|销售)$"
)
_QUANTITY = re.compile(r"(?:量|产)$")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its column, where its line part begins, where its own words begin, and its end."""

    column: int
    start: int
    value: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a text, ``text[start:end]``: rows of cells, the first of them the header where there is one."""

    start: int
    end: int
    rows: tuple[tuple[Cell, ...], ...]
    headed: bool


# --- writing -----------------------------------------------------------------------------------


def table_lines(rows: Sequence[Sequence[str]], *, headed: bool = True, above: str = "") -> list[str]:
    """A line for each row; ``above`` is the text above the table, where its unit may be stated (单位：万元)."""
    grid = [[_plain(cell) for cell in row] for row in rows]
    if any(len(cell) > _LONGEST_CELL for row in grid for cell in row):
        return [cell for row in grid for cell in row if cell]
    if not headed or len(grid) < 2 or not grid[0]:
        return [line for row in grid if (line := SEPARATOR.join(filter(None, row)))]
    head, *body = grid
    names, units = (list(column) for column in zip(*map(_name_and_unit, head), strict=True))
    note = _add_stated_unit(above, names, units, body)
    lines = [SEPARATOR.join(filter(None, head))]
    for row in body:
        cells = [_named(cell, at, names, units) for at, cell in enumerate(row) if cell]
        if cells:
            lines.append(SEPARATOR.join(cells) + note)
    return lines


def _plain(cell: str) -> str:
    return " ".join(cell.split()).replace(SEPARATOR, "·")


def _name_and_unit(head: str) -> tuple[str, str]:
    """A column's name and the unit of its numbers: 总资产（亿元）, 不良率(%)."""
    found = _OWN_UNIT.fullmatch(head)
    return (found[1], found[2]) if found and _UNIT.fullmatch(found[2]) else (head, "")


def _add_stated_unit(above: str, names: list[str], units: list[str], body: Sequence[Sequence[str]]) -> str:
    """Set a unit stated above a table for the columns that it surely belongs to; else what to add to each row."""
    found = _STATED_UNIT.search(above)
    if not found:
        return ""
    bare = [
        at
        for at in range(1, len(names))
        if not units[at] and _all_numbers([row[at] for row in body if row[at:]])
    ]
    money = _MONEY.fullmatch(found[1])
    sure = [at for at in bare if (_AMOUNT if money else _QUANTITY).search(names[at])]
    if not (sure or money) and len(bare) == 1:
        sure = bare
    for at in sure:
        units[at] = found[1]
    return "" if sure else f"（{found[0]}）"


def _all_numbers(cells: Sequence[str]) -> bool:
    return any(cells) and all(_NUMBER.fullmatch(cell) for cell in cells if cell)


def _named(cell: str, at: int, names: Sequence[str], units: Sequence[str]) -> str:
    """A cell with its column's name, which the first cell of a row does not need, and its unit."""
    if at >= len(names):
        return cell
    valued = cell + units[at] if _NUMBER.fullmatch(cell) and not cell.endswith(units[at] or " ") else cell
    return f"{names[at]} {valued}" if at and names[at] else valued


# --- finding -----------------------------------------------------------------------------------


def tables_in(text: str) -> list[Table]:
    """The tables in a text, in order."""
    if SEPARATOR not in text:
        return []
    found: list[Table] = []
    group: list[tuple[int, str]] = []
    offset = 0
    for line in [*text.split("\n"), ""]:
        if SEPARATOR in line:
            group.append((offset, line))
        elif group:
            found += _tables_of(group)
            group = []
        offset += len(line) + 1
    return found


def _tables_of(group: Sequence[tuple[int, str]]) -> Iterator[Table]:
    """The tables in neighbouring lines that have cells."""
    at = 0
    while at < len(group):
        head = _cells(*group[at])
        names = [group[at][1][cell.start - group[at][0] : cell.end - group[at][0]] for cell in head]
        rows = []
        for start, line in group[at + 1 :]:
            row = _row(start, line, names)
            if row is None:
                break
            rows.append(row)
        headed = bool(rows)
        if headed and any(cell.column == 0 and cell.value > cell.start for row in rows for cell in row):
            # The first column has no name: the header's first name is the second column's.
            head = [Cell(cell.column + 1, cell.start, cell.value, cell.end) for cell in head]
            rows = [_shifted(row) for row in rows]
        if not headed:
            same = [_cells(*line) for line in group[at + 1 :]]
            rows = list(_while_as_long(same, len(head)))
        if rows:
            whole = [tuple(head), *(tuple(row) for row in rows)]
            yield Table(whole[0][0].start, whole[-1][-1].end, tuple(whole), headed)
        at += 1 + len(rows)


def _cells(start: int, line: str) -> list[Cell]:
    cells: list[Cell] = []
    at = start
    for column, part in enumerate(line.split(SEPARATOR)):
        cells.append(Cell(column, at, at, at + len(part)))
        at += len(part) + len(SEPARATOR)
    return cells


def _row(start: int, line: str, names: Sequence[str]) -> list[Cell] | None:
    """The cells of a row below a header with these names, None where a cell has none of them."""
    first, *others = _cells(start, line)
    row, column = [first], -1
    for cell in others:
        words = line[cell.start - start : cell.end - start]
        for at in range(column + 1, len(names)):
            name = next(
                (n for n in (names[at], _name_and_unit(names[at])[0]) if words.startswith(n + " ")), ""
            )
            if name:
                row.append(Cell(at, cell.start, cell.start + len(name) + 1, cell.end))
                column = at
                break
        else:
            return None
    return row


def _shifted(row: Sequence[Cell]) -> list[Cell]:
    return [row[0], *(Cell(cell.column + 1, cell.start, cell.value, cell.end) for cell in row[1:])]


def _while_as_long(rows: Sequence[list[Cell]], length: int) -> Iterator[list[Cell]]:
    for row in rows:
        if len(row) != length:
            return
        yield row

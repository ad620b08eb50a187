"""Tables of markup and workbooks as lines that can be quoted alone; ``ragqa.text.tables`` says how they look."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from ragqa.text import table_lines, tables_in

# What a page may claim of rows and columns that one cell spans, and the cells of a table that is read as one.
_MOST_SPANNED, _MOST_CELLS = 100, 20_000
_DELIMITER = re.compile(r"\|?(?:\s{0,9}:?-{1,99}:?\s{0,9}\|){1,200}(?:\s{0,9}:?-{1,99}:?\s{0,9})?")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_NUMERIC = re.compile(r"[-+−－±约]?[¥￥$€£]?\d[\d,，.]{0,20}\s?\S{0,4}|[-–—/]")
_YEAR = re.compile(r"(?:19|20)\d\d年?")
# Cells of a table used for layout hold blocks of text.
_BLOCKS = ".//table | .//form | .//h1 | .//h2 | .//h3 | .//ul | .//ol | .//p[following-sibling::p[2]]"
_PARAGRAPHS = (
    ".//br[following-sibling::node()[1][self::br]] | .//td/p[following-sibling::p] | .//td/h1 | .//td/h2"
)
Rows = list[list[str]]


def with_tables(lines: Sequence[str], plain: Callable[[str], str]) -> list[str]:
    """Lines of Markdown with each table's rows as quotable lines; ``plain`` removes the markup inside a cell."""
    out: list[str] = []
    at = 0
    in_code = False
    while at < len(lines):
        line = lines[at].strip()
        in_code ^= line.startswith(("```", "~~~"))
        below = lines[at + 1].strip() if at + 1 < len(lines) else ""
        headed = "|" in line and "|" in below and bool(_DELIMITER.fullmatch(below))
        if in_code or not (headed or (line.startswith("|") and line.endswith("|") and len(line) > 2)):
            out.append(lines[at])
            at += 1
            continue
        end = at
        while end < len(lines) and "|" in lines[end]:
            end += 1
        rows = [row for row in lines[at:end] if not _DELIMITER.fullmatch(row.strip())]
        cells = [[plain(cell.replace("\\|", "|").strip()) for cell in _cells(row)] for row in rows]
        above = " ".join(line for line in out[-3:] if line.strip())
        # A blank line on both sides: the lines around are other paragraphs.
        out += ["", *table_lines(_even(cells), headed=headed, above=above), ""]
        at = end
    return out


def with_tabbed_tables(lines: Sequence[str]) -> list[str]:
    """Lines of plain text with the rows of a table, three or more with two tabs or more in each, as quotable lines."""
    out: list[str] = []
    for tabs, run in groupby(lines, key=lambda line: line.strip("\r\n").count("\t")):
        block = list(run)
        grid = [[cell.strip() for cell in line.split("\t")] for line in block] if tabs > 1 else []
        # Lines that tabs only indent have one cell.
        if len(grid) > 2 and all(sum(map(bool, row)) > 1 for row in grid):
            out += ["", *lines_of_grid(grid, above=" ".join(out[-1:])), ""]
        else:
            out += block
    return out


def _cells(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    return _CELL_BORDER.split(line.removesuffix("|") if not line.endswith("\\|") else line)


def _even(rows: Rows) -> Rows:
    """Rows of the header's length: further cells have no name."""
    return [[*row, *[""] * (len(rows[0]) - len(row))][: max(len(rows[0]), 1)] for row in rows]


def lines_of_table(table: Any) -> list[str]:
    """The lines of an HTML table, its caption first; nothing where it only lays out a page."""
    if table.xpath(_BLOCKS) or _is_navigation(table):
        return []
    rows = [row for row in table.iter("tr") if len(row)]
    grid, heads = _grid(rows)
    if len(grid) < 2 or len(grid[0]) < 2:
        return []
    caption = " ".join(_words(element) for element in table.iter("caption"))
    before = table.getprevious()
    above = _words(before)[-200:] if before is not None else ""
    bold = _is_bold(rows[0]) and not _is_bold(rows[1])
    return [
        *filter(None, [caption]),
        *lines_of_grid(grid, heads=heads, bold=bold, above=f"{above} {caption}"),
    ]


def lines_of_grid(grid: Rows, *, heads: int = 0, bold: bool = False, above: str = "") -> list[str]:
    """The lines of rows of one length; ``heads`` of them name the columns, or the first where it looks so."""
    count = heads or _is_header(grid, bold=bold)
    if count:
        grid = [[_joined(names) for names in zip(*grid[:count], strict=True)], *grid[count:]]
    return table_lines(grid, headed=bool(count), above=above)


def put_tables_into_lines(tree: Any) -> Any:
    """Replace the tables of a page by paragraphs, one a row, that extraction keeps. Returns the tree."""
    for figure in tree.xpath("//figure[.//table]"):
        # Extraction takes a figure for a picture.
        figure.tag = "div"
        for caption in figure.iter("figcaption"):
            caption.tag = "p"
    for table in tree.xpath("//table"):
        lines = lines_of_table(table)
        for line in reversed(lines):
            paragraph = table.makeelement("p")
            paragraph.text = line
            table.addnext(paragraph)
        if lines:
            table.drop_tree()
        elif table.xpath(_PARAGRAPHS):
            _as_blocks(table)
    return tree


def _as_blocks(table: Any) -> None:
    """Turn a layout table into blocks, without cells of links: extraction reads a cell as one paragraph."""
    for cell in table.xpath(".//td[.//a and not(.//table)]"):
        if _is_navigation(cell):
            cell.drop_tree()
    # Not the tables inside, which may hold data.
    own = table.xpath("./tbody | ./tr | ./tbody/tr | ./tr/td | ./tbody/tr/td")
    for inside in [table, *own]:
        inside.tag = "div"


def _is_navigation(table: Any) -> bool:
    """Whether most of the words of a table or a cell are links."""
    linked = sum(len(_words(link)) for link in table.iter("a"))
    return 2 * linked > len(_words(table))


def _words(element: Any) -> str:
    """The words of an element, with a space between its paragraphs and lines."""
    parts = []
    for inside in element.iter():
        if isinstance(inside.tag, str):
            parts.append((" " if inside.tag in ("p", "br", "div", "li") else "") + (inside.text or ""))
        parts.append((inside.tail or "") if inside is not element else "")
    return " ".join("".join(parts).split())


def _grid(rows: Sequence[Any]) -> tuple[Rows, int]:
    """The cells with what spans several of them in each, all rows of one length; and how many rows are headers."""
    grid: Rows = []
    hanging: dict[int, tuple[str, int]] = {}
    heads = 0
    size = 0
    for row in rows:
        cells = [cell for cell in row if cell.tag in ("td", "th")]
        named = row.getparent().tag == "thead" or (bool(cells) and all(cell.tag == "th" for cell in cells))
        heads += named and heads == len(grid)
        filled: list[str] = []
        for cell in [*cells, None]:
            while len(filled) in hanging:
                words, more = hanging.pop(len(filled))
                if more > 1:
                    hanging[len(filled)] = (words, more - 1)
                filled.append(words)
            if cell is None:
                break
            words, down = _words(cell), _spanned(cell, "rowspan")
            for _ in range(_spanned(cell, "colspan")):
                if down > 1:
                    hanging[len(filled)] = (words, down - 1)
                filled.append(words)
        size += len(filled)
        if size > _MOST_CELLS:
            return [], 0
        grid.append(filled)
    width = max(map(len, grid), default=0)
    if width * len(grid) > _MOST_CELLS:
        return [], 0
    return [[*row, *[""] * (width - len(row))] for row in grid], heads if heads < len(grid) else 0


def _spanned(cell: Any, what: str) -> int:
    given = str(cell.get(what) or "1").strip()
    return (
        max(1, min(int(given), _MOST_SPANNED))
        if given.isascii() and given.isdigit() and len(given) < 9
        else 1
    )


def _joined(names: Sequence[str]) -> str:
    """One name of a column from the rows of a header: 2023年, 箱数 is 2023年箱数."""
    return "".join(
        name if not n or not (name[:1].isascii() and name[:1].isalnum()) else f" {name}"
        for n, name in enumerate(dict.fromkeys(filter(None, names)))
    )


def _is_header(grid: Rows, *, bold: bool) -> int:
    """Whether (1 or 0) the first row of a table that marks none names the columns: a form's first row does not."""
    first, *body = grid
    names = first[1:] if not first[0] else first
    if not all(names) or len(set(names)) < len(names):
        return 0
    if any(_NUMERIC.fullmatch(name) and not _YEAR.fullmatch(name) for name in names):
        return 0
    if bold:
        return 1
    columns = list(zip(*body, strict=True))[1:]
    figures = any(
        all(_NUMERIC.fullmatch(cell) for cell in column if cell) and any(column) for column in columns
    )
    return int(len(first) > 2 and len(body) > 1 and figures)


def _is_bold(row: Any) -> bool:
    """Whether all words of a row are bold."""
    strong = sum(len(_words(element)) for tag in ("b", "strong") for element in row.iter(tag))
    return 0 < len(_words(row).replace(" ", "")) <= strong


def row_lines(lines: list[str]) -> frozenset[str]:
    """The lines of tables, which are the author's whatever stands in them; two lines with dots may be a byline."""
    text = "\n".join(lines)
    found = [table for table in tables_in(text) if table.headed or len(table.rows) > 2]
    return frozenset(line for table in found for line in text[table.start : table.end].split("\n"))

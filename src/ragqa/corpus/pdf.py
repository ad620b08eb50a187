"""Read the text layer of a PDF in reading order: columns one after the other, without running heads and feet.

PDFium gives each character with its box. From the boxes alone come lines, the white gutters between columns,
the rows of tables, and which lines go on in the next.
"""

from __future__ import annotations

import importlib
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median, median_low
from typing import Any

from ragqa.corpus.metadata import ends_sentence, units
from ragqa.corpus.wrapping import columns, goes_on, join, needed, opens_item
from ragqa.text import table_lines

MAX_PAGES = 5000
_LOCKED = "encrypted: open it with its password, print it to a new PDF, and add that one"
# White space of this many line heights parts two runs, which may be cells; and two columns of text.
_SPACE, _GAP = 0.6, 0.9
# Lines a side of the page where running heads and feet are looked for, and points that they may shift.
_OUTER, _SHIFT = 3, 4.0
_NUMBERED = re.compile(
    r"第\s?\d{1,4}\s?页(?:.{0,3}共\s?\d{1,4}\s?页)?|[-–—·]\s?\d{1,4}\s?[-–—·]|Page \d{1,4}(?: of \d{1,4})?|\d{1,4}\s?/\s?\d{1,4}",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d{1,6}")
_NO_TITLE = re.compile(r"\.\w{2,5}$|^Microsoft \w+ - |^(?:untitled|about:blank)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Run:
    """Characters in one line without a wide gap; points from the page's lower left."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def size(self) -> float:
        return self.top - self.bottom


@dataclass(frozen=True, slots=True)
class _Row:
    """Runs side by side, left to right."""

    runs: tuple[_Run, ...]

    @property
    def text(self) -> str:
        return " ".join(run.text for run in self.runs)

    @property
    def left(self) -> float:
        return self.runs[0].left

    @property
    def right(self) -> float:
        return self.runs[-1].right

    @property
    def top(self) -> float:
        return max(run.top for run in self.runs)

    @property
    def bottom(self) -> float:
        return min(run.bottom for run in self.runs)

    @property
    def size(self) -> float:
        return max(run.size for run in self.runs)


@dataclass(slots=True)
class _Line:
    """A line of the text in reading order: its words, its row, and the column that it stands in."""

    text: str
    row: _Row
    block: int
    left: float = 0.0
    right: float = 0.0
    pitch: float = 0.0
    table: bool = False


@dataclass(slots=True)
class PdfText:
    """The text of a PDF, a paragraph a line, and its title."""

    text: str
    title: str = ""
    heads: list[str] = field(default_factory=list)


def pdf_text(data: bytes, *, most: int) -> PdfText:
    """Read a PDF of at most ``most`` characters. Raises ValueError with the reason."""
    pdfium = importlib.import_module("pypdfium2")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = error.err_code == pdfium.raw.FPDF_ERR_PASSWORD
        raise ValueError(_LOCKED if locked else "damaged, or no PDF") from None
    if len(document) > MAX_PAGES:
        raise ValueError(f"more than {MAX_PAGES} pages")
    pages: list[list[_Run]] = []
    for number in range(len(document)):
        page = document[number]
        pages.append(list(_runs(page, pdfium.raw)))
        page.close()
        most -= sum(len(run.text) for run in pages[-1])
        if most < 0:
            raise ValueError("unpacks to too much text")
    if not any(pages):
        raise ValueError("no text layer: a scanned PDF needs OCR first")
    bodies, heads = _without_furniture([_rows(runs) for runs in pages])
    lines = _lines(bodies)
    text = "\n".join(_paragraphs(lines))
    stated = str(document.get_metadata_dict().get("Title") or "").strip()
    return PdfText(text, _title(stated, lines, heads), heads)


# --- characters to lines -----------------------------------------------------------------------


def _runs(page: Any, raw: Any) -> Iterator[_Run]:
    """The runs of a page in the order of the file; text at another angle than most (a stamp, a label) is left out."""
    characters = list(_characters(page, raw))
    angles = Counter(quarter for *_, quarter in characters if quarter is not None)
    upright = angles.most_common(1)[0][0] if angles else 0
    words: list[str] = []
    box = (0.0, 0.0, 0.0, 0.0)
    space = False
    for character, given, quarter in characters:
        if given is None:
            space = True
            continue
        if quarter != upright:
            continue
        left, right, bottom, top = _turned(given, upright)
        size = max(box[3] - box[2], top - bottom)
        if words and not (_level((bottom, top), box[2:]) and -size < left - box[1] < _SPACE * size):
            yield _Run("".join(words), *box)
            words = []
        words += [" ", character] if space and words else [character]
        space = False
        if len(words) == 1:
            box = (left, right, bottom, top)
        else:
            box = (min(box[0], left), max(box[1], right), min(box[2], bottom), max(box[3], top))
    if words:
        yield _Run("".join(words), *box)


_Box = tuple[float, float, float, float]


def _characters(page: Any, raw: Any) -> Iterator[tuple[str, _Box | None, int | None]]:
    """Each character with its box and its quarter turns, None for another angle; white space has no box."""
    text = page.get_textpage()
    box = raw.FS_RECTF()
    for at in range(raw.FPDFText_CountChars(text)):
        code = raw.FPDFText_GetUnicode(text, at)
        # PDFium writes 2 for the hyphen of a word that goes on in the next line.
        character = "-" if code in (2, 0xFFFE) else chr(code) if 0 < code < 0x110000 else " "
        if character.isspace() or not raw.FPDFText_GetLooseCharBox(text, at, box):
            yield " ", None, None
            continue
        turns = raw.FPDFText_GetCharAngle(text, at) / 1.5707963
        quarter = round(turns) % 4 if abs(turns - round(turns)) < 0.1 else None
        yield character, (box.left, box.right, box.bottom, box.top), quarter
    text.close()


def _turned(box: _Box, quarters: int) -> _Box:
    """A box as if the page had been turned so that its text is upright."""
    left, right, bottom, top = box
    for _ in range(quarters):
        left, right, bottom, top = bottom, top, -right, -left
    return left, right, bottom, top


def _level(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two spans from bottom to top are of one line: the middle of one lies in the other (一 is low)."""
    return one[0] < sum(other) / 2 < one[1] or other[0] < sum(one) / 2 < other[1]


def _rows(runs: Sequence[_Run]) -> list[_Row]:
    """Runs that stand side by side as rows, from the top."""
    rows: list[list[_Run]] = []
    for run in sorted(runs, key=lambda run: -(run.top + run.bottom)):
        if rows and _level((run.bottom, run.top), (rows[-1][0].bottom, rows[-1][0].top)):
            rows[-1].append(run)
        else:
            rows.append([run])
    return [_Row(tuple(sorted(row, key=lambda run: run.left))) for row in rows]


# --- running heads and feet --------------------------------------------------------------------


def _without_furniture(pages: Sequence[Sequence[_Row]]) -> tuple[list[list[_Row]], list[str]]:
    """The pages without lines that stand at the same place on the next page or the one after, and the heads' words."""
    bodies: list[list[_Row]] = []
    heads: list[str] = []
    for number, rows in enumerate(pages):
        top = _repeated(pages, number, range(_OUTER))
        bottom = _repeated(pages, number, range(-1, -_OUTER - 1, -1))
        heads += [row.text for row in rows[:top]]
        bodies.append(list(rows[top : max(top, len(rows) - bottom)]))
    return bodies, heads


def _repeated(pages: Sequence[Sequence[_Row]], number: int, places: Sequence[int]) -> int:
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
        if not alike and not _NUMBERED.fullmatch(row.text.strip()):
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


def _lines(pages: Sequence[Sequence[_Row]]) -> list[_Line]:
    """All lines in reading order, tables as rows with their header."""
    lines: list[_Line] = []
    block = 0
    for rows in pages:
        for group in _ordered([run for row in rows for run in row.runs]):
            block += 1
            lines += _block_lines(_rows(group), block)
    _set_columns(lines)
    return lines


def _ordered(runs: Sequence[_Run]) -> Iterator[list[_Run]]:
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


def _gutter(runs: Sequence[_Run]) -> tuple[float, float, float] | None:
    """The white strip between two columns of running text with most lines: its place, its top and bottom."""
    best: tuple[int, tuple[float, float, float]] | None = None
    runs = list(_pieces(runs))
    size = median(run.size for run in runs)
    # A headline alone in its row ends the columns above it, however short it is.
    headlines = {row.runs[0] for row in _rows(runs) if len(row.runs) == 1 and row.size > 1.15 * size}
    from_top = sorted(runs, key=lambda run: -run.top)
    edges = Counter(round(run.left) for run in runs)
    for edge, count in edges.most_common(12):
        if count < 2:
            break
        x = edge - 1.5
        stretch: list[_Run] = []
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


def _pieces(runs: Sequence[_Run]) -> Iterator[_Run]:
    """Runs without the gaps that spreading a line to its column's width makes."""
    for row in _rows(runs):
        piece = row.runs[0]
        for run in row.runs[1:]:
            if run.left - piece.right < _GAP * row.size:
                box = max(piece.right, run.right), min(piece.bottom, run.bottom), max(piece.top, run.top)
                piece = _Run(f"{piece.text} {run.text}", piece.left, *box)
            else:
                yield piece
                piece = run
        yield piece


def _columns_score(runs: Sequence[_Run], x: float, size: float) -> int:
    """Lines on the emptier side of a strip at ``x``, 0 unless both sides are running text beside each other."""
    sides = [run for run in runs if run.left < x], [run for run in runs if run.left >= x]
    fewest = min(map(len, sides))
    if fewest < 2 or not all(_is_running(side, size) for side in sides):
        return 0
    tops, bottoms = [max(r.top for r in side) for side in sides], [min(r.bottom for r in side) for side in sides]
    return fewest if min(tops) > max(bottoms) else 0


def _is_running(runs: Sequence[_Run], size: float) -> bool:
    """Distinguish columns of text from columns of cells: the lines are long, and most end where many others do."""
    rights = sorted(run.right for run in runs)
    full = sum(
        4 * (bisect_right(rights, right + size) - bisect_left(rights, right - size)) >= len(rights)
        for right in rights
    )
    return median(run.right - run.left for run in runs) >= 6 * size and 2 * full >= len(rights)


# --- lines to paragraphs -----------------------------------------------------------------------


def _block_lines(rows: Sequence[_Row], block: int) -> Iterator[_Line]:
    """The lines of one column; rows of cells under each other become the lines of a table."""
    at = 0
    while at < len(rows):
        table = _table(rows[at:])
        if table:
            above = " ".join(row.text for row in rows[max(0, at - 2) : at])
            for row, text in zip(rows[at:], table_lines(table, above=above), strict=False):
                yield _Line(text, row, block, table=True)
            at += len(table)
        else:
            yield _Line(rows[at].text, rows[at], block)
            at += 1


def _table(rows: Sequence[_Row]) -> list[list[str]]:
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
        if filled < 2 or filled < len(row.runs) or any(a[1] + 0.3 * row.size > b[0] for a, b in pairwise(wider)):
            break
        strips = wider
        cells.append(words)
    return cells if len(cells) >= (2 if len(strips) > 2 else 3) else []


def _apart(run: _Run, strip: tuple[float, float]) -> float:
    """How far a run is from a column of cells, less than 0 where they overlap."""
    return max(run.left, strip[0]) - min(run.right, strip[1])


def _set_columns(lines: Sequence[_Line]) -> None:
    """Give each line the edges of its column and the distance of its lines.

    A headline says nothing about the edges; few lines take those of a larger block that begins at the same place.
    """
    blocks: dict[int, list[_Line]] = {}
    for line in lines:
        if not line.table:
            blocks.setdefault(line.block, []).append(line)
    edges: dict[int, tuple[float, float]] = {}
    large: list[tuple[float, float]] = []
    for block, inside in blocks.items():
        size = median_low(line.row.size for line in inside)
        body = [line.row for line in inside if _same_size(line.row.size, size)]
        edges[block] = min(row.left for row in body), max(row.right for row in body)
        large += [edges[block]] * (len(body) > 2)
    for block, inside in blocks.items():
        left, right = edges[block]
        if (left, right) not in large:
            size = inside[0].row.size
            right = min((end for start, end in large if abs(start - left) < size and end >= right), default=right)
        pitches = [a.row.bottom - b.row.bottom for a, b in pairwise(inside)]
        for line in inside:
            line.left, line.right, line.pitch = left, right, median_low(pitches) if pitches else 0.0


def _same_size(one: float, other: float) -> bool:
    return abs(one - other) < 0.12 * other


def _paragraphs(lines: Sequence[_Line]) -> Iterator[str]:
    """Join lines that go on in the next one."""
    words = Counter(re.findall(r"[a-zà-ɏ]+(?:-[a-zà-ɏ]+)*", "\n".join(line.text for line in lines).lower()))
    parts: list[str] = []
    before: _Line | None = None
    for line in lines:
        if before and _continues(before, line):
            join(parts, line.text, words, soft=True)
        else:
            if parts:
                yield "".join(parts)
            parts = [line.text]
        before = line
    if parts:
        yield "".join(parts)


def _continues(line: _Line, following: _Line) -> bool:
    """Whether a line fills its column and the next one is of the same paragraph."""
    one, other = line.row, following.row
    if line.table or following.table or not _same_size(one.size, other.size) or opens_item(following.text):
        return False
    character = (other.right - other.left) / max(columns(following.text), 1)
    if one.right + needed(line.text, following.text) * character < line.right - character / 2:
        return False
    inside = goes_on(line.text, following.text)
    if line.block != following.block:
        indented = other.left > following.left + 0.8 * other.size
        return not (ends_sentence(line.text) or indented)
    if one.bottom - other.bottom > 1.35 * line.pitch:
        return False
    return other.left < one.left + 0.8 * one.size or opens_item(line.text) or inside


# --- title -------------------------------------------------------------------------------------


def _title(stated: str, lines: Sequence[_Line], heads: Sequence[str]) -> str:
    """The stated title where the first lines have its words, else a large first line, else what is stated or a head."""
    first = lines[:40]
    folded = "".join("".join(line.text for line in first).split())
    if len(stated) > 5 and "".join(stated.split()) in folded:
        return stated
    sizes = sorted(line.row.size for line in lines for _ in range(min(len(line.text), 100)))
    body = sizes[len(sizes) // 2] if sizes else 0.0
    largest = max((line.row.size for line in first), default=0.0)
    if largest > 1.2 * body:
        large = [line.text for line in first if line.row.size > 0.95 * largest]
        parts = large[:1]
        for words in large[1:3]:
            join(parts, words, Counter())
        return "".join(parts)
    if stated and not _NO_TITLE.search(stated):
        return stated
    return next((head for head in heads if units(head) >= 6), "")

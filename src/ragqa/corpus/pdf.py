"""Read the text layer of a PDF in reading order: columns one after the other, without running heads and feet.

PDFium gives each character with its box. From the boxes alone come lines, the white gutters between columns,
the rows of tables, and which lines go on in the next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ragqa.corpus.file_text import needed
from ragqa.corpus.metadata import units
from ragqa.corpus.pdf_layout import Run, level, rows_of, without_furniture
from ragqa.corpus.pdf_lines import Line, lines_of, paragraphs
from ragqa.corpus.wrapping import join

MAX_PAGES = 5000
_LOCKED = "encrypted: open it with its password, print it to a new PDF, and add that one"
# White space of this many line heights parts two runs, which may be cells of a table.
_SPACE = 0.6
_QUARTER = 1.5707963
_NO_TITLE = re.compile(r"\.\w{2,5}$|^Microsoft \w+ - |^(?:untitled|about:blank)$", re.IGNORECASE)
_Box = tuple[float, float, float, float]


def pdf_text(data: bytes, *, most: int) -> tuple[str, str]:
    """The text of a PDF, a paragraph a line, and its title. Raises ValueError with the reason.

    ``most`` is how many characters it may have.
    """
    pdfium = needed("pypdfium2", "pdf")
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = error.err_code == pdfium.raw.FPDF_ERR_PASSWORD
        raise ValueError(_LOCKED if locked else "damaged, or no PDF") from None
    if len(document) > MAX_PAGES:
        raise ValueError(f"more than {MAX_PAGES} pages")
    pages: list[list[Run]] = []
    for number in range(len(document)):
        page = document[number]
        pages.append(list(_runs(page, pdfium.raw)))
        page.close()
        most -= sum(len(run.text) for run in pages[-1])
        if most < 0:
            raise ValueError("unpacks to too much text")
    if not any(pages):
        raise ValueError("no text layer: a scanned PDF needs OCR first")
    bodies, heads = without_furniture([rows_of(runs) for runs in pages])
    lines = lines_of(bodies)
    stated = str(document.get_metadata_dict().get("Title") or "").strip()
    return "\n".join(paragraphs(lines)), _title(stated, lines, heads)


def _runs(page: Any, raw: Any) -> Iterator[Run]:
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
        if words and not (level((bottom, top), box[2:]) and -size < left - box[1] < _SPACE * size):
            yield Run("".join(words), *box)
            words = []
        words += [" ", character] if space and words else [character]
        space = False
        if len(words) == 1:
            box = (left, right, bottom, top)
        else:
            box = (min(box[0], left), max(box[1], right), min(box[2], bottom), max(box[3], top))
    if words:
        yield Run("".join(words), *box)


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
        turns = raw.FPDFText_GetCharAngle(text, at) / _QUARTER
        quarter = round(turns) % 4 if abs(turns - round(turns)) < 0.1 else None
        yield character, (box.left, box.right, box.bottom, box.top), quarter
    text.close()


def _turned(box: _Box, quarters: int) -> _Box:
    """A box as if the page had been turned so that its text is upright."""
    left, right, bottom, top = box
    for _ in range(quarters):
        left, right, bottom, top = bottom, top, -right, -left
    return left, right, bottom, top


def _title(stated: str, lines: Sequence[Line], heads: Sequence[str]) -> str:
    """The stated title where the first lines have its words, else a large first line, else what is stated or a head."""
    first = lines[:40]
    folded = "".join("".join(line.text for line in first).split())
    if len(stated) > 5 and "".join(stated.split()) in folded:
        return stated
    sizes = sorted(size for line in lines for size in [line.row.size] * min(len(line.text), 100))
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

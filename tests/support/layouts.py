"""PDFs in the layouts that reports and newspapers have, drawn with reportlab; each with its paragraphs. Texts written here."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
ZH, EN = "STSong-Light", "Times-Roman"
_STOPS = "，。、；：？！”》）"

ARCHIVE = (
    "雾江县档案馆上周搬进新楼，新楼在旧城东门外，共有七层，其中地下两层用来存放胶片和地图。馆长晏如海说，搬家用了"
    "四十一天，运走的箱子一共六千三百个，没有一箱受潮。"
)
READERS = (
    "新馆每周二到周日开放，读者凭证件可以在三楼查阅一九四九年以前的县志，但不能复印。县里为新馆拨款八千六百万元，"
    "另有三百万元来自海外乡亲的捐赠。"
)
PHOTOS = "明年春天，馆里还要把两万张老照片扫描上网，供人免费下载，其中一半拍的是已经拆掉的老街。"
FERRY = (
    "渡口的最后一班船在周五傍晚离岸。船长骆长庚撑了三十四年船，他说桥通了，乘客一天只剩十几个，油钱都不够。"
    "村里打算把船拖上岸，改成一间小小的展览室。"
)
PIER = (
    "The harbour board of Wexcombe voted on Tuesday to rebuild the northern breakwater, which lost forty metres of"
    " stone in the January storms. The reconstruction will cost 18 million pounds and take two summers, the engineer"
    " Ruth Adeyemi said, because divers can only place the blocks at slack water."
)
DUES = (
    "Until then the ferries will leave from the old coal pier. President Okoro promised that the state would pay a"
    " third of the bill; the rest of the reconstruction comes from harbour dues and from a bond that the board sold."
)
FISH = (
    "Fishermen asked for a channel during the works, and a channel was promised: it will be marked with four green"
    " buoys, and boats under nine metres may pass it at any hour."
)


@dataclass(frozen=True, slots=True)
class Layout:
    """A PDF, the lines that its text must have, and words of its page furniture that it must not have."""

    data: bytes
    lines: tuple[str, ...]
    without: tuple[str, ...] = ()
    title: str = ""


class Page:
    """A canvas on which lines are put, measured from the top."""

    def __init__(self, title: str = "", **options: Any) -> None:
        self._file = io.BytesIO()
        self.canvas = Canvas(self._file, pagesize=(595, 842), invariant=1, **options)
        self.canvas.setTitle(title)

    def line(
        self, x: float, top: float, words: str, *, font: str, size: float = 11, justified: float = 0
    ) -> None:
        text = self.canvas.beginText(x, 842 - top)
        text.setFont(font, size)
        gaps = words.count(" ")
        if justified and gaps:
            text.setWordSpace((justified - self.canvas.stringWidth(words, font, size)) / gaps)
        text.textOut(words)
        self.canvas.drawText(text)

    def column(self, x: float, top: float, width: float, words: str, *, font: str = ZH, **how: Any) -> float:
        """Put a paragraph and return where the next line goes."""
        for row in self.rows(width, words, font=font, **how):
            self.line(x + row[0], top, row[1], font=font, size=how.get("size", 11), justified=row[2])
            top += 1.5 * how.get("size", 11)
        return top

    def rows(
        self,
        width: float,
        words: str,
        *,
        font: str = ZH,
        size: float = 11,
        indent: float = 0,
        justify: bool = False,
    ) -> list[tuple[float, str, float]]:
        """The lines of a paragraph: indentation, words, and the width they are spread to."""
        broken = list(_broken(self.canvas, width, words, font, size, indent))
        return [
            (
                0 if n else indent,
                line,
                (width - (0 if n else indent)) if justify and n < len(broken) - 1 else 0,
            )
            for n, line in enumerate(broken)
        ]

    def next(self) -> None:
        self.canvas.showPage()

    def data(self) -> bytes:
        self.canvas.save()
        return self._file.getvalue()


def _broken(canvas: Any, width: float, words: str, font: str, size: float, indent: float) -> Iterator[str]:
    """Break a paragraph: between Chinese characters, at spaces, and after a hyphen inside a long English word."""
    line = ""
    room = width - indent
    pieces = list(words) if font == ZH else words.replace(" ", " \0").split("\0")
    for piece in pieces:
        if canvas.stringWidth((line + piece).rstrip(), font, size) <= room or piece in _STOPS:
            line += piece
            continue
        half = next((n for n in (5, 4) if font == EN and len(piece.strip()) > 9 and piece[:n].isalpha()), 0)
        if half and canvas.stringWidth(line + piece[:half] + "-", font, size) <= room:
            yield line + piece[:half] + "-"
            line = piece[half:]
        else:
            yield line.rstrip()
            line = piece
        room = width
    yield line.rstrip()


def single(font: str, paragraphs: Sequence[str], **how: Any) -> bytes:
    page = Page()
    top = 90.0
    for words in paragraphs:
        top = page.column(80, top, 435, words, font=font, **how) + (0 if how.get("indent") else 10)
    return page.data()


def chinese() -> Layout:
    """One column, first lines indented, no gap between paragraphs."""
    return Layout(single(ZH, (ARCHIVE, READERS, PHOTOS), indent=22), (ARCHIVE, READERS, PHOTOS))


def english() -> Layout:
    """One justified column with a hyphenated word that stands unbroken elsewhere."""
    return Layout(single(EN, (PIER, DUES, FISH), justify=True, size=12), (PIER, DUES, FISH))


def interleaved() -> Layout:
    """Two Chinese columns below a headline, drawn row by row across both."""
    page = Page()
    page.line(220, 80, "雾江周报", font=ZH, size=22)
    left = [*page.rows(210, ARCHIVE), *page.rows(210, PHOTOS)]
    right = [*page.rows(210, READERS), *page.rows(210, FERRY)]
    for n in range(max(len(left), len(right))):
        for x, column in ((70, left), (310, right)):
            if n < len(column):
                page.line(x + column[n][0], 120 + 17 * n, column[n][1], font=ZH)
    return Layout(page.data(), ("雾江周报", ARCHIVE, PHOTOS, READERS, FERRY), title="雾江周报")


def two_columns() -> Layout:
    """Two justified English columns under a title across both, a paragraph going on in the second column."""
    page = Page()
    page.line(90, 80, "Breakwater to be rebuilt in two summers", font=EN, size=20)
    rows = page.rows(215, f"{PIER} {DUES}", font=EN, justify=True)
    cut = len(rows) // 2 + 1
    for x, part in ((70, rows[:cut]), (310, rows[cut:])):
        for n, row in enumerate(part):
            page.line(x, 120 + 16 * n, row[1], font=EN, justified=row[2])
    end = 120 + 16 * cut
    page.column(310, end + 8, 215, FISH, font=EN, justify=True)
    return Layout(
        page.data(),
        ("Breakwater to be rebuilt in two summers", f"{PIER} {DUES}", FISH),
        title="Breakwater to be rebuilt in two summers",
    )


def report() -> Layout:
    """Three pages with a running head, a line of page numbers, and a paragraph across the pages."""
    page = Page()
    rows = [row for words in (ARCHIVE, READERS, PHOTOS, FERRY) for row in page.rows(420, words, indent=22)]
    for number in range(3):
        page.line(80, 50, "雾江县档案馆 2023年年度报告", font=ZH, size=9)
        for n, row in enumerate(rows[number * 4 : number * 4 + (4 if number < 2 else 99)]):
            page.line(80 + row[0], 90 + 17 * n, row[1], font=ZH)
        page.line(270, 800, f"第{number + 1}页 共3页", font=ZH, size=9)
        page.next()
    return Layout(
        page.data(),
        (ARCHIVE, READERS, PHOTOS, FERRY),
        ("第1页", "共3页", "年度报告"),
        "雾江县档案馆 2023年年度报告",
    )


def book() -> Layout:
    """Six pages, heads of left and right pages apart, bare numbers below, a table's figures last on two pages."""
    page = Page(title="Harbour works of Wexcombe")
    words = (
        PIER,
        DUES,
        FISH,
        PIER.replace("Tuesday", "Monday"),
        DUES.replace("ferries", "boats"),
        FISH.replace("four", "six"),
    )
    for n, paragraph in enumerate(words):
        head = "Harbour works of Wexcombe" if n % 2 == 0 else "Chapter 2: The breakwater"
        page.line(80, 45, head, font=EN, size=9)
        page.column(80, 90, 430, paragraph, font=EN)
        page.line(80, 780, f"Stones laid in year {1990 + 7 * n}: {n * 310 + 40}", font=EN)
        page.line(290, 815, f"{n + 11}", font=EN, size=9)
        page.next()
    lines = [
        line
        for n, text in enumerate(words)
        for line in (text, f"Stones laid in year {1990 + 7 * n}: {n * 310 + 40}")
    ]
    return Layout(page.data(), tuple(lines), ("Chapter 2",), "Harbour works of Wexcombe")


def newspaper() -> Layout:
    """Three columns; a headline across two of them, another above the third."""
    page = Page()
    page.line(70, 70, "档案馆搬家用了四十一天", font=ZH, size=20)
    page.line(390, 70, "最后一班渡船", font=ZH, size=15)
    rows = page.rows(134, ARCHIVE + READERS)
    cut = -(-len(rows) // 2)
    other = page.rows(134, FERRY)
    for n in range(max(cut, len(other))):
        for x, column in ((70, rows[:cut]), (230, rows[cut:]), (390, other)):
            if n < len(column):
                page.line(x, 105 + 17 * n, column[n][1], font=ZH)
    return Layout(page.data(), ("档案馆搬家用了四十一天", ARCHIVE + READERS, "最后一班渡船", FERRY))


def table() -> Layout:
    """A table with its caption between two paragraphs."""
    page = Page()
    top = page.column(80, 90, 435, ARCHIVE) + 12
    page.line(80, top, "各馆馆藏", font=ZH, size=12)
    rows = (
        ("馆名", "箱数", "照片", "读者"),
        ("雾江馆", "6,300", "20,000", "812"),
        ("北埠馆", "1,450", "3,100", "96"),
    )
    for n, row in enumerate(rows):
        for x, cell in zip((80, 190, 300, 410), row, strict=True):
            page.line(x, top + 24 + 20 * n, cell, font=ZH)
    page.column(80, top + 110, 435, PHOTOS)
    lines = (
        "馆名 · 箱数 · 照片 · 读者",
        "雾江馆 · 箱数 6,300 · 照片 20,000 · 读者 812",
        "北埠馆 · 箱数 1,450 · 照片 3,100 · 读者 96",
    )
    return Layout(page.data(), (ARCHIVE, "各馆馆藏", *lines, PHOTOS))


def locked(password: str = "") -> Layout:
    """Encrypted; without a password only the owner's rights are."""
    page = Page(encrypt=StandardEncryption(password, ownerPassword="owner", strength=128))
    page.column(80, 90, 435, ARCHIVE)
    return Layout(page.data(), (ARCHIVE,))


def stamped() -> Layout:
    """A word stamped across each page at an angle, over the text."""
    page = Page()
    for words in (ARCHIVE + READERS, PHOTOS + FERRY):
        page.canvas.saveState()
        page.canvas.translate(200, 560)
        page.canvas.rotate(40)
        page.canvas.setFont(ZH, 48)
        page.canvas.drawString(0, 0, "内部资料")
        page.canvas.restoreState()
        page.column(80, 90, 435, words)
        page.next()
    return Layout(page.data(), (ARCHIVE + READERS, PHOTOS + FERRY), ("内部资料",))


def scanned() -> Layout:
    """A picture of a page: no text."""
    page = Page()
    page.canvas.rect(80, 300, 400, 300, fill=1)
    return Layout(page.data(), ())


LAYOUTS: dict[str, Callable[[], Layout]] = {
    made.__name__: made
    for made in (chinese, english, interleaved, two_columns, report, book, newspaper, table, locked, stamped)
}

"""HTML of an article for the reader: paragraphs, headings, tables, with cited spans highlighted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from ragqa.server.markup import STOPS, Mark, edition, message, meta, spans, words
from ragqa.text import Table, tables_in
from ragqa.types import Article, Language

_SENTENCE_ENDS = STOPS + "：:…，,”’」』）)]】\"'"
# From so many on, short lines below each other are no headings.
_LIST = 3


def reader(ui: Language, article: Article, marks: Sequence[Mark], *, asked: str = "") -> str:
    """The whole article, its lines as paragraphs and headings, with ``marks`` lit.

    They are left out, and it is said so, where the article is of another edition than ``asked``.
    """
    changed = asked not in ("", edition(article))
    marks = () if changed else marks
    numbers = sorted({m.n for m in marks if m.n})
    jumps = "".join(f'<a class="jump" href="#mark-{n}" data-n="{n}">{n}</a>' for n in numbers)
    cited = f'<p class="jumps">{words(ui, "reader.cited")} {jumps}</p>' if jumps else ""
    note = message(ui, "reader.changed") if changed else ""
    return (
        f'<article class="leaf" lang="{article.language}" data-article="{escape(article.id)}">'
        f'<header><h2 tabindex="-1">{escape(article.title)}</h2>{meta(ui, article, link=True)}{cited}{note}'
        "</header>"
        f"{''.join(_body(article.text, marks))}</article>"
    )


def _body(text: str, marks: Sequence[Mark]) -> Iterator[str]:
    """An article's lines as paragraphs and headings, the rows of its tables as tables."""
    at = 0
    for table in tables_in(text):
        yield from _paragraphs(text[at : table.start], marks, at)
        yield _table(text, table, marks)
        at = table.end
    yield from _paragraphs(text[at:], marks, at)


def _paragraphs(text: str, marks: Sequence[Mark], offset: int) -> Iterator[str]:
    """Lines as paragraphs, short ones as headings; many short ones below each other are the items of a list."""
    lines = [(found.start(), found[0]) for found in re.finditer(r"[^\n]*\S[^\n]*", text)]
    for short, group in groupby(lines, key=lambda line: _heading(line[1])):
        run = list(group)
        tag = "h3" if short and len(run) < _LIST else "p"
        for start, line in run:
            yield f"<{tag}>{spans(line, marks, offset=offset + start)}</{tag}>"


def _table(text: str, table: Table, marks: Sequence[Mark]) -> str:
    """A table, its header once: the names of columns that each row carries are there for screen readers and marks."""
    columns = 1 + max(cell.column for row in table.rows for cell in row)
    rows = []
    for number, row in enumerate(table.rows):
        cells = ["<td></td>"] * columns
        for cell in row:
            kind = "th" if table.headed and not (number and cell.column) else "td"
            scope = f' scope="{"row" if number else "col"}"' if kind == "th" else ""
            name = spans(text[cell.start : cell.value], marks, offset=cell.start)
            words = spans(text[cell.value : cell.end], marks, offset=cell.value)
            cells[cell.column] = (
                f"<{kind}{scope}>{f'<span class=unseen>{name}</span>' if name else ''}{words}</{kind}>"
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(rows)}</table>"


def _heading(line: str) -> bool:
    return len(line) <= 60 and line.rstrip()[-1] not in _SENTENCE_ENDS and not line[0].isspace()

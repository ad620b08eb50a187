"""Split an article into chunks: whole sentences, exact offsets, the heading above them.

langchain-text-splitters decides where to cut. Its own start index is wrong in common settings, so
offsets are counted here instead: nothing is stripped and nothing overlaps, therefore the pieces
laid end to end are the article, which is checked for every article.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from ragqa.corpus import credit
from ragqa.text import Span, sentence_spans, tables_in, weight
from ragqa.types import Article, Chunk

if TYPE_CHECKING:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

# Record separator: set after each sentence so that the splitter cuts exactly where every other
# room sees a sentence end. Cleaned text holds no control characters.
_MARK = "\x1e"
_SEPARATORS = ["\n", _MARK, r"[；;：:]", r"[，、,]", r"\s", ""]
# A shorter last piece joins the one before it: short texts attract questions in another language.
_SHORTEST = 1 / 3
_HEADING_WEIGHT = 32
_NUMBERED = re.compile(r"^(?:\d{1,2}|[一二三四五六七八九十]{1,3})[.、．]\s*\S")
_ENDS_LIKE_PROSE = re.compile(r"[。！？!?；;，,：:…”」.]$")


def split(article: Article, *, size: int = 300) -> list[Chunk]:
    """Cut an article into chunks of whole sentences of about ``size`` Chinese characters.

    A sentence longer than ``size`` is cut at commas, then anywhere; a tail under a third of
    ``size`` joins the chunk before it. ``size`` counts a Chinese
    character as 1 and any other as 0.4, which is near a multilingual tokenizer's view.
    """
    chunks: list[Chunk] = []
    for heading, (start, end) in _sections(article.text):
        for a, b in _pieces(article.text[start:end], size=size):
            text = article.text[start + a : start + b]
            chunks.append(Chunk(article.id, start + a, start + b, text, heading))
    return chunks


def headings(text: str) -> list[Span]:
    """Spans of the lines that read as headings: short, no closing punctuation, prose below; no row of a table."""
    found: list[Span] = []
    rows = {row[0].start for table in tables_in(text) for row in table.rows}
    lines = list(_lines(text))
    for (start, end), following in pairwise(lines):
        if start in rows:
            continue
        line, below = text[start:end], text[following[0] : following[1]]
        short = 0 < weight(line) <= _HEADING_WEIGHT and credit(line) != line
        heads = not _ENDS_LIKE_PROSE.search(line) or bool(_NUMBERED.match(line))
        if short and heads and weight(below) > 1.5 * weight(line):
            found.append((start, end))
    return found


def _sections(text: str) -> list[tuple[str, Span]]:
    """(heading, span) of each section; a section begins with its own heading line."""
    starts = headings(text)
    bounds = [*(start for start, _ in starts), len(text)]
    sections = [("", (0, bounds[0]))] if bounds[0] > 0 else []
    for (start, end), until in zip(starts, bounds[1:], strict=True):
        sections.append((text[start:end].strip(), (start, until)))
    return sections


def _pieces(text: str, *, size: int) -> list[Span]:
    """Spans of ``text``, trimmed of white space, of at most ``size``; a short tail joins the last."""
    marked, last = [], 0
    for _, end in sentence_spans(text):
        marked.append(text[last:end])
        last = end
    pieces = _splitter(size).split_text(_MARK.join([*marked, text[last:]]))
    spans: list[Span] = []
    position = 0
    for piece in (piece.replace(_MARK, "") for piece in pieces):
        if not text.startswith(piece, position):
            raise ValueError("the splitter changed the text; offsets would be wrong")
        visible = piece.strip()
        if visible:
            start = position + piece.index(visible)
            spans.append((start, start + len(visible)))
        position += len(piece)
    if len(spans) > 1 and weight(text[slice(*spans[-1])]) < size * _SHORTEST:
        spans[-2:] = [(spans[-2][0], spans[-1][1])]
    return spans


@lru_cache(maxsize=8)
def _splitter(size: int) -> RecursiveCharacterTextSplitter:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    return RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator="end",
        strip_whitespace=False,
        chunk_size=size,
        chunk_overlap=0,
        # Rounded up: a piece of length 0 would be kept as overlap and stand in two chunks.
        length_function=lambda text: math.ceil(weight(text)),
    )


def _lines(text: str) -> list[Span]:
    return [match.span() for match in re.finditer(r"[^\n]+", text)]

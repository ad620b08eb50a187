"""Join the lines of texts that were wrapped at a width, and leave verse, lists, tables and code alone.

A wrapped line is known by two things together: the sentence goes on in the next line, and the next word would
not have fitted. Where a paragraph (or the whole text) shows that at one width, its full lines are joined.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, pairwise

from ragqa.corpus.metadata import ends_sentence

# Columns; a Chinese character takes two.
_NARROWEST, _WIDEST = 20, 120
# A single break says so only in a line of this width: shorter ones are found by chance.
_ALONE = 36
# A closing mark may hang over the edge.
_HANGING = 2
_QUOTED = re.compile(r"(?:> ?)*")
# A dash or a number needs a space behind it: -240 and 12.5 are no items.
_ITEM = re.compile(
    r"(?:[-*+–—](?=\s)|[•●○▪◦■□◆·]|\d{1,3}[.)．](?!\d)|\d{1,3}、|[(（]?[一二三四五六七八九十\d]{1,3}[)）、]|#|\|)"
)
_FENCE = ("```", "~~~")
_CODE_ENDS = ("{", "}", ");", "\\")
# Cells, and columns of code: a tab or a wide gap inside the line.
_CELLS = re.compile(r"\S(?:\t| {2,}|\u3000+)\S")
_WIDE = re.compile("[“”‘’…—\u2e80-\U0010ffff]+")
_OPENING = "“‘「『《（〈【([\"'"
# What stays together at a line's beginning: a word or a Chinese character with the marks around it.
_CLUSTER = re.compile(
    rf"[{re.escape(_OPENING)}]{{0,3}}(?:[!-\u2dff]{{1,80}}|.)[，。、；：？！”’》）】」』…—％]{{0,3}}"
)
_HYPHENATED = re.compile(r"([A-Za-zÀ-ɏ]{2,30})[-\u00ad]$")
_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:-[A-Za-zÀ-ɏ]+)*")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its quotation marks (``> ``); indent and width in columns."""

    mark: str
    body: str
    indent: int
    width: int
    fenced: bool

    @property
    def block(self) -> tuple[str, bool]:
        return self.mark.replace(" ", ""), bool(self.body) and not self.fenced


def unwrap(text: str) -> str:
    """Join wrapped lines: Chinese without a space, English with one, a hyphen closed where the word is in the text."""
    given = text.replace("\r\n", "\n").split("\n")
    if not _any_goes_on(given):
        return text
    lines = list(_lines(given))
    blocks = [list(block) for (_, prose), block in groupby(lines, key=lambda line: line.block) if prose]
    pairs = [list(_pairs(block)) for block in blocks]
    common = _width_of(list(chain(*blocks)), list(chain(*pairs)))
    joined = {
        id(line) for block, own in zip(blocks, pairs, strict=True) for line in _wrapped(block, own, common)
    }
    if not joined:
        return text
    words = Counter(_WORD.findall(text.lower()))
    out: list[list[str]] = []
    goes_on = False
    for line in lines:
        if goes_on:
            join(out[-1], line.body, words)
        else:
            out.append([line.mark, " " * line.indent, line.body])
        goes_on = id(line) in joined
    return "\n".join("".join(parts) for parts in out)


def join(parts: list[str], following: str, words: Counter[str], *, soft: bool = False) -> None:
    """Add a line to the parts of a paragraph. ``words`` are those of the text, ``soft`` what an unknown hyphen is.

    A hyphen at the line's end is taken out where the text has the word without it; it stays where the text has
    it with the hyphen, or both halves as words.
    """
    above = parts[-1]
    if (broken := _HYPHENATED.search(above)) and following[:1].islower():
        first, rest = broken[1].lower(), _WORD.match(following)
        second = rest[0].lower() if rest else ""
        known = f"{first}-{second}" in words or (first in words and second in words)
        if first + second in words or (soft and not known):
            parts[-1] = above[:-1]
        parts.append(following)
    else:
        parts += ["" if _is_wide(above[-1:]) or _is_wide(following[0]) else " ", following]


def goes_on(line: str, following: str) -> bool:
    """Whether a line ends inside a sentence that the next one goes on with, by its last and first character."""
    last, first = line[-1], following[0]
    if _is_wide(last) or _is_wide(first):
        return last.isalnum() and first.isalnum()
    return first.islower() and (last.isalnum() or bool(_HYPHENATED.search(line)))


def needed(line: str, following: str) -> int:
    """Columns that the first word of the next line would have needed on this one."""
    found = _CLUSTER.match(following)
    word = found[0] if found else following[:1]
    return columns(word) + (not (_is_wide(line[-1]) or _is_wide(word[0])))


def columns(text: str) -> int:
    """Width of a text in a typewriter's columns: 2 for a Chinese character."""
    return len(text) if text.isascii() else len(text) + sum(map(len, _WIDE.findall(text)))


def opens_item(line: str) -> bool:
    """Whether a line begins with the mark of a list, a heading or a table."""
    return bool(_ITEM.match(line))


def _any_goes_on(given: Sequence[str]) -> bool:
    """Whether any line ends inside a sentence that the next one goes on with: most texts have none, and are done."""
    bare = [line.lstrip("> ").strip() for line in given]
    return any(line and following and goes_on(line, following) for line, following in pairwise(bare))


def _is_wide(character: str) -> bool:
    return bool(_WIDE.match(character))


def _lines(given: Sequence[str]) -> Iterator[_Line]:
    fenced = False
    for line in given:
        found = _QUOTED.match(line)
        mark = found[0] if found else ""
        body = line[len(mark) :].rstrip()
        words = body.lstrip()
        indent = columns(body[: len(body) - len(words)])
        fence = words.startswith(_FENCE)
        yield _Line(mark, words, indent, indent + columns(words), fenced or fence)
        fenced ^= fence


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two lines, the second of which may continue the first."""

    line: _Line
    need: int
    broken: bool


def _pairs(block: Sequence[_Line]) -> Iterator[_Pair]:
    """The lines of a block that another one may continue; ``broken`` where it does, inside a sentence."""
    finished = ends_sentence(block[-1].body)
    for line, following in pairwise(block):
        # A table row or a line of code is no part of a paragraph, whatever its width.
        if any(_CELLS.search(one.body) or one.body.endswith(_CODE_ENDS) for one in (line, following)):
            continue
        if opens_item(following.body) or line.body.startswith(("#", "|")):
            continue
        broken = goes_on(line.body, following.body)
        # Indented further than the line above: a new paragraph, or the text of a list's item.
        if following.indent > line.indent and not (opens_item(line.body) or broken):
            continue
        yield _Pair(line, needed(line.body, following.body), broken and finished)


def _width_of(lines: Sequence[_Line], pairs: Sequence[_Pair]) -> int:
    """The width that most broken lines are full at, 0 where the lines do not agree on one."""
    ends: Counter[int] = Counter()
    broken = [pair for pair in pairs if pair.broken and _NARROWEST <= pair.line.width <= _WIDEST]
    for pair in broken:
        # A line says that the width lies between its own and what the next word would have needed.
        ends[pair.line.width] += 1
        ends[pair.line.width + pair.need] -= 1
    best = count = beyond = 0
    for column in sorted(ends):
        count += ends[column]
        if count > best:
            best, beyond = count, 0
        beyond = beyond or (column if count < best else 0)
    width = max((line.width for line in lines if line.width < beyond), default=0)
    wider = sum(line.width > width + _HANGING and "://" not in line.body for line in lines)
    if best < (1 if width >= _ALONE else 2) or best < 2 * (len(broken) - best) or 2 * wider >= best:
        return 0
    return width


def _wrapped(block: Sequence[_Line], pairs: Sequence[_Pair], common: int) -> list[_Line]:
    """The lines of a block that the next one continues; ``common`` is the text's width."""
    width = _width_of(block, pairs) or common
    if not width:
        return []
    full = [pair for pair in pairs if width - pair.need < pair.line.width <= width + _HANGING]
    short = sum(pair.line.width <= width - pair.need and not ends_sentence(pair.line.body) for pair in pairs)
    # Verse and addresses: lines that stop early without ending a sentence. A heading or two may stand above.
    return [] if short > 2 and short > len(full) / 2 else [pair.line for pair in full]

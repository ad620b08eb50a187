"""Lines at the edges of an article that are not its text: day and name under the title, and what says that it ends."""

from __future__ import annotations

import re

from ragqa.corpus.boilerplate import is_credit, is_notice, is_posted
from ragqa.corpus.metadata import FULL_DATE
from ragqa.text import tagged

# What may stand between a day and a name.
_CLOCK = re.compile(r"^日?(?:[ T]{1,2}\d{1,2}:\d{2}(?::\d{2})?)?")
_GAP = " \u3000,，|｜·"
_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
# What wire copy and manuscripts set below their last sentence.
_END = re.compile(
    r"[-–—=~·*\s【（(\[<]{0,9}(?:END|完|全文完|本文完)[-–—=~·*\s】）)\]>。]{0,9}|[-–—]\s?30\s?[-–—]|#(?:\s?#){2,5}"
)
_RELEASED_BY = re.compile(
    r"SOURCE:? [A-Z0-9][^.!?]{0,80}(?:(?:Inc|Ltd|Corp|Co|S\.A|N\.V)\.)?"
    r"|View original content(?: to download multimedia)?:? ?https?://\S{1,200}"
)
_POSTED = re.compile(r"(?:发布|更新|发表|發布|發表)?(?:时间|日期|時間|于|於)\s?[:：]?\s?")
_END_MARK = re.compile(r"\s?[（(](?:完|全文完|本文完|END)[)）]$")


def signed_by(line: str) -> str:
    """The person of a line that is a day and a Chinese name, in either order, and no more; "" for a place."""
    line = _POSTED.sub("", line.strip(), count=1) if _POSTED.match(line.strip()) else line.strip()
    found = FULL_DATE.search(line) if len(line) <= 40 else None
    if not found:
        return ""
    sides = (line[: found.start()], _CLOCK.sub("", line[found.end() :]))
    names = [side.strip(_GAP) for side in sides if side]
    apart = all(side.strip(_GAP) != side for side in sides if side)
    if len(names) != 1 or not apart or not _NAME.fullmatch(names[0]):
        return ""
    return names[0] if all(tag.startswith("nr") for _, tag in tagged(names[0])) else ""


def is_below(line: str) -> bool:
    """Whether a line below the last sentence is not the author's: a notice, a credit, an end, an address alone."""
    alone = line.startswith(("http://", "https://")) and len(line.split()) == 1 and line.isascii()
    return alone or is_credit(line) or is_notice(line) or is_posted(line) or is_end(line)


def is_end(line: str) -> bool:
    """Whether a line only says that the text ends, or whose release it was: END, （完）, -30-, SOURCE Pier Company."""
    return len(line) <= 300 and bool(_END.fullmatch(line) or _RELEASED_BY.fullmatch(line))


def without_end_mark(line: str) -> str:
    """A last line without the （完） behind its last sentence."""
    return _END_MARK.sub("", line) or line

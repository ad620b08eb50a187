"""Clean text as received: keep the author's words, collect the metadata.

Nothing here knows a site by name. The page betrays itself by repetition (a mark glued to paragraph
after paragraph), by standing alone (a line that is exactly an interface word) and by its place
(bylines above the first sentence, notices and references below the last one). A line inside the
article is dropped only when it is exactly such a thing, and never when it is the only line.

Every pattern has bounded repetition, so that hostile text costs no more than ordinary text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragqa.corpus.boilerplate import (
    is_byline,
    is_credit,
    is_image_credit,
    is_interface,
    is_navigation,
    is_notice,
    is_posted,
    is_reference,
    is_reference_label,
    is_truncation_of,
)
from ragqa.corpus.bylines import author_of, author_of_text, credit
from ragqa.corpus.edges import is_below, signed_by, without_end_mark
from ragqa.corpus.metadata import (
    NAMED_SITE,
    date_of_lead,
    date_of_lines,
    date_of_links,
    date_of_signature,
    ends_sentence,
    is_prose,
    links_in,
    outlet_of,
    title_of,
    units,
)
from ragqa.corpus.table_markup import row_lines


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaned text and its metadata; ``source`` is the outlet, or empty; the others as in ``Article``."""

    title: str
    text: str
    published: str | None
    source: str
    links: tuple[str, ...]
    author: str
    published_from: str


def clean(raw: str) -> Cleaned:
    """Clean a scraped article.

    Paragraphs come out one a line. A title that stands in the text stays its first line. Cleaning
    again changes nothing: the passes are repeated until they find nothing more.
    """
    text = tidy(raw)
    links = links_in(text)
    head: list[str] = []
    tail: list[str] = []
    # Text from a page needs two or three passes; the bound is for text made to need thousands.
    for _ in range(20):
        lines = _author_lines(text.split("\n"), head, tail)
        before, text = text, "\n".join(lines)
        if text == before:
            break
    dates = {
        "byline": date_of_lines([*head, *filter(is_posted, tail)]),
        "dateline": date_of_lead(text),
        "signature": date_of_signature(text),
        "address": date_of_links(links, text),
    }
    reason = next((name for name, date in dates.items() if date), "")
    signed = next(filter(None, map(signed_by, head)), "")
    author = author_of([*head, *tail]) or author_of_text(text) or signed
    title = title_of(text)
    return Cleaned(title, text, dates.get(reason), outlet_of([*head, *tail]), links, author, reason)


# --- characters ------------------------------------------------------------------------------

# Controls, lone surrogates, invisible and direction-changing characters, "tag" characters: what a
# reader cannot see must not be indexed. Joiners (emoji, Persian) and variation selectors stay.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\uffa0\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
# One variation selector belongs to its character; those behind it are a hidden message.
_SELECTORS = re.compile("(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_GAP = re.compile("[ \t\xa0\u2000-\u200a\u202f\u205f\u3000]{2,}|[\t\xa0]")
_MARKS = re.compile(r"[^\w\s]{31,}")


def tidy(raw: str) -> str:
    """Normalise characters and white space; every visible character stays.

    NFC, never NFKC: full-width digits and ligatures are the author's. Lines are trimmed, gaps
    inside them become one space, empty lines go.
    """
    text = _BREAK.sub("\n", _SELECTORS.sub("", _UNSEEN.sub("", raw)))
    text = unicodedata.normalize("NFC", _MARKS.sub(_few_marks, text))
    lines = (line.strip() for line in _GAP.sub(" ", text).split("\n"))
    return "\n".join(line for line in lines if line)


def _few_marks(found: re.Match[str]) -> str:
    """Keep 30 combining marks in a row (Unicode's stream-safe format): NFC is quadratic in them."""
    kept: list[str] = []
    run = 0
    for character in found.group():
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= 30:
            kept.append(character)
    return "".join(kept)


# --- lines -----------------------------------------------------------------------------------

_HEAD = 12


def _author_lines(lines: list[str], head: list[str], tail: list[str]) -> list[str]:
    """Do one pass; what it drops above and below the article is added to ``head`` and ``tail``."""
    if len(lines) < 2:
        return lines
    # References first: the words above them ("further reading") are interface words elsewhere.
    lines = _without_references(_without_marks(lines))
    rows = row_lines(lines)
    lines = [line for line in lines if line in rows or not (is_interface(line) or is_image_credit(line))]
    return _without_tail(_without_head(lines, head, rows), tail, rows)


def _without_references(lines: list[str]) -> list[str]:
    """Drop lists of references: a label, and the addresses or numbered works under it."""
    kept: list[str] = []
    inside = False
    for number, line in enumerate(lines):
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if is_reference_label(line) and (not below or is_reference(below)):
            inside = True
        elif not (inside and is_reference(line)):
            inside = False
            kept.append(line)
    return kept


def _without_head(lines: list[str], dropped: list[str], rows: frozenset[str]) -> list[str]:
    """Drop what the page sets above the first sentence; a title, a motto and the author's credit stay."""
    kept: list[str] = []
    gone: list[str] = []
    channel_end = 0
    at = 0
    while at < len(lines) and len(kept) < _HEAD:
        line, below = lines[at], lines[at + 1 : at + 6]
        if line in rows:
            break
        if any(is_truncation_of(line, paragraph) for paragraph in below):
            gone.append(line)
        elif is_prose(line):
            break
        elif len(kept) == 1 and signed_by(line):
            # Day and name under the title: it says both, and stays, since it names the author without a label.
            kept.append(line)
            gone.append(line)
        elif is_byline(line) or is_navigation(line, gone, [*kept, *below]):
            channel_end = len(kept) if channel_end < 1 else channel_end
            _keep_credit(line, kept, gone)
        elif is_credit(line) or is_notice(line):
            _keep_credit(line, kept, gone)
        elif not _repeats(line, kept, below):
            kept.append(line)
        at += 1
    dropped.extend(gone)
    return [*_without_channel(kept, channel_end), *lines[at:]]


def _keep_credit(line: str, kept: list[str], gone: list[str]) -> None:
    """Of a line that goes keep who wrote the article, in the page's own words: that can be asked for and quoted."""
    words = credit(line)
    if words and words not in kept:
        kept.append(words)
    if words != line:
        gone.append(line)


def _repeats(line: str, kept: list[str], below: list[str]) -> bool:
    """Distinguish a title set twice above the article from a refrain, which has no prose below it."""
    return bool(kept) and line == kept[-1] and bool(below) and is_prose(below[0]) and len(below[0]) >= 40


def _without_channel(kept: list[str], end: int) -> list[str]:
    """Drop the name of a channel: the first, shorter line of two that stand above a byline."""
    if end >= 2 and units(kept[0]) <= 6 and units(kept[1]) > units(kept[0]):
        return kept[1:]
    return kept


def _without_tail(lines: list[str], dropped: list[str], rows: frozenset[str]) -> list[str]:
    """Drop notices, credits and bare addresses below the last sentence; the author's credit stays."""
    end = len(lines)
    while end and lines[end - 1] not in rows and is_below(lines[end - 1]):
        end -= 1
    kept = lines[:end]
    kept[-1:] = map(without_end_mark, kept[-1:])
    for line in lines[end:]:
        _keep_credit(line, kept, dropped)
    return kept


# --- marks that a site glues to its paragraphs -----------------------------------------------

_SHORTEST, _LONGEST = 4, 40
_STAGE = re.compile(r"[(（\[【—–-].*|.*[:：].*")
_BRACKETED = re.compile(r"[【\[〔].{2,38}[】\]〕]$")
_Cut = Callable[[str, int], str]


def _without_marks(lines: list[str]) -> list[str]:
    """Remove a short string that at least four and 30 % of the lines end (or begin) with."""
    if len(lines) < 4:
        return lines
    if mark := _common(lines, _ending, _is_closing_mark):
        lines = [line.removesuffix(mark).rstrip() for line in lines]
    if mark := _common(lines, _beginning, _is_opening_mark):
        lines = [line.removeprefix(mark).lstrip() for line in lines]
    return [line for line in lines if line]


def _ending(line: str, length: int) -> str:
    return line[-length:]


def _beginning(line: str, length: int) -> str:
    return line[:length]


def _common(lines: list[str], cut: _Cut, is_mark: Callable[[str, Sequence[str]], bool]) -> str:
    """Find the mark: grow each frequent short end for as long as nearly all its lines share it."""
    need = max(4, -(-3 * len(lines) // 10))
    counts = Counter(cut(line, _SHORTEST) for line in lines if len(line) >= _SHORTEST)
    for end, count in counts.most_common(3):
        if count >= need:
            holders = [line for line in lines if cut(line, _SHORTEST) == end]
            mark = _grown(holders, cut)
            if len(mark) >= _SHORTEST and is_mark(mark, holders):
                return mark
    return ""


def _grown(holders: list[str], cut: _Cut) -> str:
    mark = cut(holders[0], _SHORTEST)
    for length in range(_SHORTEST + 1, _LONGEST + 1):
        # Lines that consist of the mark alone say nothing about what stands beside it.
        longer = [cut(line, length) for line in holders if len(line) >= length]
        if not longer:
            break
        best, count = Counter(longer).most_common(1)[0]
        if count < max(3, 0.9 * len(longer)):
            break
        mark = best
    return _without_stop(mark) if cut is _ending else mark.rstrip()


def _without_stop(mark: str) -> str:
    """Give the article back the full stop that nearly every paragraph has before the mark."""
    return mark.lstrip(" 。！？!?.…；;,，”」』\"'")


def _is_closing_mark(mark: str, holders: Sequence[str]) -> bool:
    """Distinguish a site's mark from a refrain or an attribution.

    A mark follows a finished sentence and is none itself. A refrain either is the whole line, or
    ends as a sentence does; "(laughter)", "——Lu Xun" and "answer: A" belong to the author.
    """
    if ends_sentence(mark) or (_STAGE.match(mark) and not NAMED_SITE.search(mark)):
        return False
    rests = [rest for line in holders if (rest := line.removesuffix(mark).rstrip())]
    finished = sum(ends_sentence(rest) for rest in rests)
    return finished >= 3 and finished >= 0.6 * len(rests)


def _is_opening_mark(mark: str, holders: Sequence[str]) -> bool:
    """Distinguish a site's mark from an anaphora or a speaker: only a site names itself or its channel."""
    if mark.endswith((":", "：")):
        return False
    bracketed = bool(_BRACKETED.match(mark)) and not any(line == mark for line in holders)
    return bool(NAMED_SITE.search(mark)) and (bracketed or not mark[-1:].isalnum() or "." in mark)

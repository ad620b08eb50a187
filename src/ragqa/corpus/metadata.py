"""Metadata of a text: title, date, outlet, links; and whether a line is prose.

A fact is read only where it is certain. A date needs its year, month and day; the date in a link
counts only when the article's first lines name the same day.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence

from ragqa.corpus.bylines import credit
from ragqa.text import HAN, chinese_number, language_of, sentence_spans

# --- prose -----------------------------------------------------------------------------------

_CLOSERS = "”’」』）)]】》\"'"
_ENDS = tuple("。！？!?.…；;")
_WORD = re.compile(r"[A-Za-zÀ-ɏ]{1,60}")
# A string that names a web site or a channel, not a person or a thing.
NAMED_SITE = re.compile(
    r"[A-Za-z0-9-]{2,40}\.(?:com|cn|net|org|io|info|cc|tv|me)\b|©|@\w{3,40}|公众号|微信|微博|关注|网(?:讯|站|\W|$)"
)


def ends_sentence(line: str) -> bool:
    """Whether a line ends as a sentence does, closing quotes and brackets aside."""
    return line.rstrip(_CLOSERS).endswith(_ENDS)


def units(line: str) -> int:
    """Length of a line in Chinese characters and Latin words."""
    return len(HAN.findall(line)) + len(_WORD.findall(line))


def sentences(line: str) -> list[str]:
    """The sentences at the beginning of a line (its first 400 characters)."""
    start = line[:400]
    return [start[a:b] for a, b in sentence_spans(start)]


def is_prose(line: str) -> bool:
    """Distinguish a line of the article from a heading or boilerplate."""
    if len(line) > 120:
        return True
    return (ends_sentence(line) and units(line) >= 6) or len(sentences(line)) > 1


# --- dates -----------------------------------------------------------------------------------

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
FULL_DATE = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)\s?(?:年|[-/.])\s?(?P<month>\d{1,2})\s?(?:月|[-/.])\s?(?P<day>\d{1,2})(?!\d)"
)
_ENGLISH_DATES = (
    re.compile(rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<year>(?:19|20)\d\d)\b"),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)? {_MONTH},? (?P<year>(?:19|20)\d\d)\b"),
)
_SPELLED_DATE = re.compile(
    r"([一二][〇零○一二三四五六七八九]{3})年([一二三四五六七八九十]{1,2})月([一二三四五六七八九十]{1,3})[日号]"
)
_MINGUO_DATE = re.compile(r"民[國国]\s?(\d{1,3})\s?年\s?(\d{1,2})\s?月\s?(\d{1,2})\s?日")
_PARTIAL = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_LINK_DATE = re.compile(r"/((?:19|20)\d\d)[/-](\d{1,2})[/-](\d{1,2})(?=[/-]|$)")
_DATELINE = re.compile(
    r"(?: ?/[\w ]{2,30}/ ?-|[日,，]?\s?(?:消息|讯|电|报道)|\s?\(?(?:Reuters|AP|AFP)\b|\s?[-–—]{1,2}\s)"
)


def iso_date(value: object) -> str | None:
    """Read a date as ``YYYY-MM-DD``, or as much of it as is given; None when it is no date."""
    if isinstance(value, dt.date):
        return value.isoformat()[:10] if value.year >= 1000 else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, int) and not 1000 <= value <= 99_999_999:
        return None
    given = str(value).strip()[:100]
    if partial := _PARTIAL.fullmatch(given):
        return given if 1 <= int(partial[2] or 1) <= 12 and int(partial[1]) >= 1000 else None
    if compact := _COMPACT.fullmatch(given):
        return _iso(*compact.groups())
    return full_date(given)


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def full_date(line: str) -> str | None:
    """The first date in a line that has its year, month and day; 二〇二四年 and 民國113年 are years, too."""
    if found := FULL_DATE.search(line):
        return _iso(found["year"], found["month"], found["day"])
    if found := _SPELLED_DATE.search(line):
        year = "".join(str(chinese_number(digit)) for digit in found[1])
        return _iso(year, str(chinese_number(found[2])), str(chinese_number(found[3])))
    if found := _MINGUO_DATE.search(line):
        return _iso(str(1911 + int(found[1])), found[2], found[3])
    for pattern in _ENGLISH_DATES:
        if found := pattern.search(line):
            month = _MONTHS.index(found["name"].lower()) + 1
            return _iso(found["year"], str(month), found["day"])
    return None


def is_date(line: str) -> bool:
    """Whether a line is a date in figures, in Chinese numerals or of the Minguo era, and nothing else."""
    plain = line.strip().removesuffix("日")
    return bool(FULL_DATE.fullmatch(plain)) or any(
        pattern.fullmatch(line.strip()) for pattern in (_SPELLED_DATE, _MINGUO_DATE)
    )


def date_of_lines(lines: Iterable[str]) -> str | None:
    """The first full date in lines that the page set above the article."""
    # A truncated copy of the first paragraph stands there too, but is prose: its dates are events.
    dates = (full_date(line[:200]) for line in lines if not is_prose(line))
    return next((date for date in dates if date), None)


def date_of_lead(text: str) -> str | None:
    """The full date of a dateline ("2024年8月6日消息"); other dates in an article are events."""
    for line in text.split("\n", 3)[:3]:
        for pattern in (FULL_DATE, *_ENGLISH_DATES):
            found = pattern.search(line[:60])
            if found and _DATELINE.match(line, found.end()):
                return full_date(found[0])
    return None


def date_of_signature(text: str) -> str | None:
    """The date that is the last line, below whose it is: as notices and announcements are signed."""
    *_, signed, last = ["", "", *text.split("\n")]
    return full_date(last) if is_date(last) and 0 < len(signed) <= 40 and not ends_sentence(signed) else None


def date_of_links(links: Sequence[str], text: str) -> str | None:
    """The only date in the links, if the first lines of the text name the same day."""
    dates = {date for link in links for found in _LINK_DATE.finditer(link) if (date := _iso(*found.groups()))}
    if len(dates) != 1:
        return None
    (date,) = dates
    lead = "\n".join(line[:200] for line in text.split("\n", 4)[:4])
    day = rf"(?<!\d)0?{int(date[-2:])}\s?(?:[日号]|[早晚凌上下]\S?间?消息|[早晚]间|凌晨)"
    return date if re.search(day, lead) else None


# --- outlet and links ------------------------------------------------------------------------

_NAME = r"([^\s,，;；、|丨()（）:：。]{2,40}(?: [A-Z][\w.&'’-]{0,30}){0,4})"
_OUTLETS = tuple(
    re.compile(rf"(?<![图片源照相]){label}\s?{_NAME}")
    for label in (
        r"(?:文章来源|来源|稿源|转载自|转自|Source|Originally published (?:in|on|by))\s?[:：|丨｜]",
        r"出品(?:方|人)?\s?[:：|丨｜/]",
        r"(?:翻译自|编译自|译自|首发于)\s?[:：|丨｜]?",
    )
)
_NO_OUTLET = frozenset({"网络", "互联网", "未知", "原创", "本站", "internet", "unknown"})
# ASCII only: in Chinese text the next word follows an address without a space.
_URL = re.compile(r"https?://[!#-;=?-~]{1,2000}", re.IGNORECASE)


def outlet_of(lines: Sequence[str]) -> str:
    """The outlet that credit lines name, or an empty string."""
    for pattern in _OUTLETS:
        for line in lines:
            found = pattern.search(line[:300])
            name = found[1] if found else ""
            if name and not name.lower().startswith("http") and name.lower() not in _NO_OUTLET:
                return name
    return ""


def links_in(text: str) -> tuple[str, ...]:
    """The distinct http addresses of a text in order, without the punctuation that follows them."""
    return tuple(dict.fromkeys(link for link in map(_trimmed, _URL.findall(text)) if len(link) > 10))


def _trimmed(link: str) -> str:
    link = link.rstrip(".,;:!?'*|`")
    if link.endswith((")", "]")) and not any(opening in link for opening in "(["):
        link = link.rstrip(")].,;:!?'")
    return link


def without_links(line: str) -> str:
    """A line without its addresses."""
    return _URL.sub("", line)


# --- title -----------------------------------------------------------------------------------

_DAY = re.compile(r"(?:(?:19|20)\d\d\s?年\s?)?\d{1,2}\s?月\s?\d{1,2}\s?日(?:消息|讯|电)?[,，]\s?")


def title_of(text: str) -> str:
    """The first line when it reads as a title, else the first sentence that makes a claim."""
    lines = text.split("\n", 40)[:40]
    while len(lines) > 1 and credit(lines[0]) == lines[0]:
        lines = lines[1:]
    if len(lines) > 1 and is_title(lines[0], text):
        return lines[0]
    prose = next((line for line in lines if is_prose(line)), lines[0])
    first = next(iter(sentences(prose)), "")
    shorter = _DAY.sub("", first, count=1) if _DAY.match(first) else first
    return shortened((shorter or first).rstrip("。.；;：:,， "))


def is_title(line: str, text: str) -> bool:
    """Whether a line of a text is a title: one sentence of some words, not ended by a full stop, comma or colon."""
    longest = 60 if HAN.search(line) else 120
    stopped = line.rstrip(_CLOSERS).endswith(("。", ".", ";", "；", ",", "，", ":", "：", "、"))
    if len(line) > longest or stopped or len(sentences(line)) != 1:
        return False
    return units(line) >= 3 or (units(line) == 2 and language_of(line) == language_of(text) == "en")


def shortened(line: str, most: int = 80) -> str:
    """Cut a line to ``most`` characters, at a comma or a space where one is near."""
    if len(line) <= most:
        return line
    cut = line[: most - 1]
    for marks in (",，;；、—", " "):
        boundary = max(cut.rfind(mark) for mark in marks)
        if boundary > most // 2:
            cut = cut[:boundary]
            break
    return cut.rstrip(" ,，;；、—") + "…"

"""Language, sentences and length of a text.

Chunks, quotes and statements are all cut at the same places by it.
"""

from __future__ import annotations

import re

from ragqa.text.script import HAN, simplified
from ragqa.types import Language

Span = tuple[int, int]

# Japanese and Korean letters; a stray one is decoration (の) or a name.
_KANA = re.compile(r"[\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile(r"[\u1100-\u11ff\uac00-\ud7a3]")
_KANA_OR_HANGUL = re.compile(rf"{_KANA.pattern}|{_HANGUL.pattern}")
_HAN_RUN = re.compile(rf"{HAN.pattern}+")
_FEWEST_KANA, _LEAST_KANA = 2, 1 / 6
_ASKS_IN_ENGLISH = re.compile(
    r"\W*(?:who|what|when|where|why|how|which|did|does|do|is|are|was|were|can|could|will|has|have)\b", re.I
)
_ASKS_IN_CHINESE = re.compile(r"[谁吗呢哪]|什么|多少|怎么|为何|何时|几")
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’\-][A-Za-zÀ-ɏ]+)*")

_LATIN_WEIGHT = 0.4

_CLOSING = r"”’」』）)］\]】》\"'"
# A full-width stop ends a sentence wherever it stands; a Latin one only before white space.
# The look-behind keeps a run of dots that ends none from being tried again at each of them.
# None ends a sentence before the next cell of a table's row (text/tables.py): a row is quoted whole.
_STOP = re.compile(
    rf"(?:[。！？]+[{_CLOSING}]*|[!?]+[{_CLOSING}]*|(?<!\.)\.+[{_CLOSING}]*(?=\s|$))(?! · )|\n+"
)
_ABBREVIATION = re.compile(
    r"(?:\b[A-Za-z]|\b(?:Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|vs|etc|Inc|Ltd|Co|Corp|No|Gen|Sen|Rep|Gov"
    r"|e\.g|i\.e|[Pp]p|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec))\.$"
)


def language_of(text: str) -> Language:
    """The language to reply in: ``zh`` when Chinese characters carry the text, else ``en``.

    A Latin word counts as one character, so that "Brundage为什么离开OpenAI" is Chinese, while an
    English sentence that quotes one Chinese name stays English. A text that opens as an English
    question is one, unless it asks in Chinese, too. Japanese, with its kana, and all other languages count as ``en``.
    """
    if script_of(text):
        return "en"
    if _ASKS_IN_ENGLISH.match(text) and not _ASKS_IN_CHINESE.search(simplified(text)):
        return "en"
    han = han_count(text)
    return "zh" if han and han >= len(_LATIN_WORD.findall(text)) else "en"


def asks(text: str) -> bool:
    """Whether a text is a question, and not words to look for."""
    asked = simplified(text)
    return bool(re.search(r"[?？]", asked) or _ASKS_IN_ENGLISH.match(asked) or _ASKS_IN_CHINESE.search(asked))


def script_of(text: str) -> str:
    """``ja`` or ``ko`` where kana or hangul carry the text, else ``""``."""
    if not _KANA_OR_HANGUL.search(text):
        return ""
    han, kana, hangul = han_count(text), len(_KANA.findall(text)), len(_HANGUL.findall(text))
    if kana >= _FEWEST_KANA and kana >= _LEAST_KANA * (han + kana):
        return "ja"
    return "ko" if hangul > han and hangul >= len(_LATIN_WORD.findall(text)) else ""


def han_count(text: str) -> int:
    """How many Chinese characters a text holds."""
    return sum(map(len, _HAN_RUN.findall(text)))


def column(name: object) -> str:
    """An id or a name as one column of TREC's forms."""
    return re.sub(r"\s+", "_", str(name)) if name not in (None, "") else "-"


def weight(text: str) -> float:
    """Length of a text in units of one Chinese character (Latin characters count 0.4)."""
    han = han_count(text)
    return han + _LATIN_WEIGHT * (len(text) - han)


def sentence_spans(text: str) -> list[Span]:
    """Spans of the sentences of ``text``, in order, without surrounding white space.

    Every character that is not white space lies in exactly one span. Line breaks end a sentence;
    closing quotes stay with theirs; decimals, initials and common abbreviations do not end one.
    """
    spans: list[Span] = []
    start = 0
    for stop in _STOP.finditer(text):
        if stop.group().startswith(".") and _ABBREVIATION.search(
            text, max(start, stop.start() - 6), stop.start() + 1
        ):
            continue
        _append_trimmed(spans, text, start, stop.end())
        start = stop.end()
    _append_trimmed(spans, text, start, len(text))
    return spans


def _append_trimmed(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append((start, end))

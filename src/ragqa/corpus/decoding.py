"""Decode bytes to text."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from ragqa.text import HAN

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNKNOWN = "unknown encoding: save the file as UTF-8"
_CONTROLS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# What a web page may declare. Python knows more names, some of them no text encodings at all.
_DECLARED = re.compile(
    r"gb2312|gbk|gb18030|big5(-hkscs)?|shift_jis|euc-(jp|kr)|iso-8859-(1|2|5|7|9|15)|windows-125\d|koi8-[ru]"
)
_CHINESE = ("gb", "big5")
_SINGLE_BYTE = ("iso-8859", "windows-125")
_GUESSED = ["utf_8", "gb18030", "big5", "utf_16"]
# Lead bytes of the characters in daily use. Other encodings, read as one of these, land elsewhere.
_COMMON_LEADS = {"gb18030": (0xA1, 0xD7), "big5": (0xA1, 0xC6)}
# Fewer Chinese characters prove nothing: two damaged bytes amid English make one.
_PROOF = 4


def decode(data: bytes, declared: str = "") -> str:
    """Decode by byte order mark, as strict UTF-8, as declared, else as a Chinese encoding that fits.

    Raises ValueError with the reason when it is none of them. Nothing is decoded as Latin-1 unless
    it is declared so, since that never fails.
    """
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _text(data, codec)
    if b"\0" in data or data.startswith(b"%PDF-"):
        raise ValueError("binary")
    try:
        return _text(data, "utf-8")
    except UnicodeDecodeError:
        pass
    declared = declared.lower()
    if _DECLARED.fullmatch(declared):
        return _declared(data, "gb18030" if declared.startswith("gb") else declared)
    return _guessed(data)[0]


def _text(data: bytes, codec: str) -> str:
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        if codec == "utf-8":
            raise
        raise ValueError(f"not the {codec} it claims to be, from byte {error.start}") from None
    if "\0" in text or len(_CONTROLS.findall(text)) > 0.05 * len(text) + 2:
        raise ValueError("binary")
    return text


def _declared(data: bytes, codec: str) -> str:
    """Decode as declared, unless the bytes prove to be Chinese of another kind: many servers declare a default."""
    if codec.startswith((*_CHINESE, *_SINGLE_BYTE)):
        with suppress(ValueError):
            text, guess = _guessed(data)
            # In GB 2312 the second byte tells: that of Big5 or of European text is mostly a smaller one.
            if guess == "gb18030" and _is_gb2312(text[:50_000]):
                return text
            if codec == "gb18030" and guess == "big5" and not _is_gb2312(_text(data, codec)[:50_000]):
                return text
    return _text(data, codec)


def _guessed(data: bytes) -> tuple[str, str]:
    """The text and its encoding. Raises ValueError unless it proves to be Chinese."""
    # Imported here: UTF-8, which is nearly everything, does not need it.
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=_GUESSED).best()
    if best is None or best.encoding not in _COMMON_LEADS:
        raise ValueError(_UNKNOWN)
    text = _text(data, best.encoding)
    if not _is_common(text[:50_000], best.encoding):
        raise ValueError(_UNKNOWN)
    return text, best.encoding


def _is_common(text: str, codec: str) -> bool:
    """Distinguish Chinese from another encoding that happens to decode: most characters are common ones."""
    first, last = _COMMON_LEADS[codec]
    leads = [c.encode(codec, "replace")[0] for c in text if not c.isascii()]
    common = sum(first <= lead <= last for lead in leads)
    return len(HAN.findall(text)) >= _PROOF and common >= 0.7 * len(leads)


def _is_gb2312(text: str) -> bool:
    """Whether nearly all characters are of the old standard, which nearly all mainland text keeps to."""
    pairs = [c.encode("gb18030") for c in text if not c.isascii()]
    return sum(len(pair) == 2 and pair[1] >= 0xA1 for pair in pairs) >= 0.9 * len(pairs)

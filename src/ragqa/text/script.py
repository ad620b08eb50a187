"""One script for matching: traditional Chinese characters as simplified ones, every character in its place."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u30ff]")


def simplified(text: str) -> str:
    """A text in simplified characters, of the same length, so that offsets hold in both.

    Japanese (what holds kana) stays as it is: its characters are not Chinese ones.
    """
    if not HAN.search(text) or _KANA.search(text):
        return text
    found = convert(text)
    # A phrase of another length in some later table of OpenCC must not move an offset.
    return found if len(found) == len(text) else "".join(convert(c)[:1] or c for c in text)


def convert(text: str) -> str:
    """Any text with its traditional characters made simplified ones; the length may change."""
    return str(_simplifier().convert(text))


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")

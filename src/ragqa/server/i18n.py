"""Interface texts of the page in Chinese and English, and number formats.

``{n}`` is a value; ``{n|article|articles}`` is one of two words by it. page.js reads the same file
by the same rules, so that the page changes language without asking again.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from ragqa.types import Language

Value = str | int

WORDS: dict[Language, dict[str, str]] = json.loads(
    Path(__file__).with_name("assets").joinpath("words.json").read_text(encoding="utf-8")
)
_SLOT = re.compile(r"\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}")


def phrase(ui: Language, key: str, **values: Value) -> str:
    """The words of ``key`` as plain text, with ``values`` in their places."""

    def fill(slot: re.Match[str]) -> str:
        value = values[slot.group(1)]
        if slot.group(2) is None:
            return str(value)
        return slot.group(2) if value == 1 else slot.group(3)

    return _SLOT.sub(fill, WORDS[ui][key])


def ui_language(value: object) -> Language:
    """The interface language that a browser asked for; English for anything unknown."""
    return "zh" if isinstance(value, str) and value.lower().startswith("zh") else "en"

"""The language of an article: as stated, else by its script, else by its letters (py3langid)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ragqa.text.language import language_of, script_of

# Languages of news that py3langid tells apart well; among all of its 130 a short English text is taken for a neighbour.
NAMES = {
    "zh": "中文", "en": "English", "ja": "日本語", "ko": "한국어", "fr": "Français", "de": "Deutsch", "es": "Español",
    "it": "Italiano", "pt": "Português", "nl": "Nederlands", "pl": "Polski", "sv": "Svenska", "tr": "Türkçe",
    "ru": "Русский", "uk": "Українська", "ar": "العربية", "vi": "Tiếng Việt", "id": "Bahasa Indonesia",
}  # fmt: skip
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]+)*", re.IGNORECASE)
# Characters that decide, and the fewest: a name or a figure alone says nothing.
_READ, _FEWEST = 1000, 20
# The least log-likelihood a word over English. Sentences have 8 and more, the lists of names that were tried below 0.5.
_MARGIN = 2.0


def language_code(text: str, stated: str = "") -> str:
    """The ISO 639 code of an article's language: ``stated`` where it is a code, else by its text; "en" for neither."""
    if found := _CODE.fullmatch(stated.strip()):
        return found[1].lower()
    if (script := script_of(text[:_READ])) or language_of(text) == "zh":
        return script or "zh"
    letters = "".join(c if c.isalpha() else " " for c in text[:_READ])
    ranked = _identifier().rank(letters)
    # A list of names in an English text is nearer to their languages by next to nothing.
    sure = ranked[0][1] - dict(ranked)["en"] >= _MARGIN * len(letters.split())
    return str(ranked[0][0]) if sure and len(letters) >= _FEWEST else "en"


@lru_cache(maxsize=1)
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(sorted(NAMES))
    return identifier

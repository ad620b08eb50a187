"""Check that a statement says no more than its source: numbers, names, negation, the support head.

What the reader's support head judges is the sense; here stands what can be compared exactly.
"""

from __future__ import annotations

from ragqa.models import Reader
from ragqa.text import HAN, denies, fold, language_of, names, quantities, simplified
from ragqa.types import Verdict

# From where on the reader's probability makes a statement supported, and partly supported.
SUPPORTED, PARTLY = 0.6, 0.4


def judge(statement: str, quote: str, *, reader: Reader, around: str = "") -> Verdict:
    """Whether a quote supports a statement; ``around`` may supply a number or name that the quote leaves out."""
    if not says_no_more(statement, quote, around=around):
        return "unsupported"
    chance = reader.supports(simplified(statement), [simplified(quote)])[0]
    if chance < PARTLY:
        return "unsupported"
    return "supported" if chance >= SUPPORTED and denies(statement) == denies(quote) else "partly"


def says_no_more(text: str, source: str, *, around: str = "") -> bool:
    """Whether all numbers of a text, and its names in the script of the source, stand in the source."""
    whole = f"{source}\n{around}"
    return not (quantities(text) - quantities(whole, generous=True)) and not missing_names(text, whole)


def missing_names(text: str, source: str) -> list[str]:
    """Names of a text that a source in the same script should show and does not.

    A Latin name may be written in Chinese characters in a Chinese source, so it is missed only
    where the source writes Latin names and no Chinese ones, and the other way round.
    """
    folded = fold(source).replace(" ", "")
    chinese = language_of(source) == "zh"
    return [
        name
        for name in names(text)
        if name.replace(" ", "") not in folded and bool(HAN.search(name)) == chinese
    ]

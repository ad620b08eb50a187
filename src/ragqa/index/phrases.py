"""Find the chunks that hold a phrase or a code: looked up by its terms, then compared with their text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ragqa.text import figures, fold, terms
from ragqa.types import Passage

# Letters and digits of a code that may be joined otherwise.
_CODE = re.compile(r"([a-z]+)[- ]?(\d+)|(\d+)[- ]?([a-z]+)")


def rows_holding(
    phrase: str,
    rows_with: Callable[[Sequence[str]], npt.NDArray[np.int64]],
    passages: Callable[[npt.NDArray[np.int64]], Iterable[Passage]],
) -> Iterator[int]:
    """The chunks that hold a phrase, or their title or heading; a number alone is found however it is written."""
    if figure := figure_of(phrase):
        yield from rows_with([figure]).tolist()
        return
    wanted, rows = pattern_of(phrase), rows_with(terms_of(phrase))
    yield from (
        row for row, passage in zip(rows.tolist(), passages(rows), strict=True) if _holds(passage, wanted)
    )


def _holds(passage: Passage, wanted: re.Pattern[str]) -> bool:
    text = f"{passage.article.title}\n{passage.chunk.heading}\n{passage.chunk.text}"
    # As it stands first: to fold a text takes a hundred times as long.
    return bool(wanted.search(text) or wanted.search(fold(text)))


def terms_of(phrase: str) -> list[str]:
    """The terms that every text with this phrase has; none for one of stop words or signs alone."""
    # Where a word or a number ends depends on what stands around the phrase.
    return [term for term in terms(phrase) if term[0] not in "=#"]


def figure_of(phrase: str) -> str:
    """The term of a phrase that is nothing but a number (4,120), which is written in many ways; else ""."""
    folded = fold(phrase).strip()
    return next(
        (f"#{value}" for start, end, value in figures(folded) if (start, end) == (0, len(folded))), ""
    )


def pattern_of(phrase: str) -> re.Pattern[str]:
    """What finds a folded phrase: Latin words whole, any white space between words."""
    words = r"\s+".join(map(re.escape, fold(phrase).split()))
    before, after = (r"(?<![a-z0-9])" if words[:1].isascii() else ""), r"(?![a-z0-9])"
    return re.compile(f"{before}{words}{after if words[-1:].isascii() else ''}", re.IGNORECASE)


def spellings(code: str) -> list[str]:
    """Other ways to write a code of letters and digits: XK-17 is XK17 and XK 17."""
    found = _CODE.fullmatch(fold(code))
    if not found:
        return []
    one, other = (part for part in found.groups() if part)
    return [f"{one}{joint}{other}" for joint in ("-", "", " ") if f"{one}{joint}{other}" != fold(code)]

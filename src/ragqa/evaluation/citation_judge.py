"""Judge whether the cited quotes support a statement, for citation recall and precision.

A quote holds by construction. A written statement, or the translation of a quote, is judged by the reader's
support head and by its numbers, names and negation (answer/verify.py). The definitions are ALCE's (Gao et al. 2023,
arXiv 2305.14627).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from ragqa.answer import judge
from ragqa.models import Reader
from ragqa.text import language_of
from ragqa.types import Answer, Citation, Statement

Way = tuple[str, str]
Rates = Mapping[Way, tuple[float, float]]

JUDGE = "reader's support, numbers, names, negation/2"
# Sensitivity and specificity of "supported", by the languages of quote and statement. benchmarks/judging.py
# prints them. Where they are missing, or too low to correct with, no corrected figure is given.
JUDGE_RATES: dict[Way, tuple[float, float]] = {
    ("en", "zh"): (0.51, 1.00),
    ("zh", "en"): (0.55, 0.99),
    ("zh", "zh"): (0.14, 0.97),
}
# The least sensitivity and specificity, added, that a correction makes sense with.
_USABLE = 1.3


class Judged(BaseModel, frozen=True):
    """The judgement of one statement: whether its citations support it, and which of them are needed.

    ``way`` are the languages of what is cited and of what is said.
    """

    holds: bool
    precise: list[bool]
    way: Way


def judge_name(reader: str, weights: str) -> str:
    """The name of the judge, with the digest of its reader's weights."""
    return f"{JUDGE} ({reader} {weights[:8]})"


def rates_of(name: str | None) -> Rates:
    """The measured rates of a judge of this name; none of an earlier one."""
    return JUDGE_RATES if name and name.startswith(JUDGE) else {}


def usable(rates: Rates, way: Way) -> tuple[float, float] | None:
    """The rates for these languages; within English those within Chinese, as there are no labelled pairs."""
    found = rates.get(way) or (rates.get(("zh", "zh")) if way == ("en", "en") else None)
    return found if found and sum(found) >= _USABLE else None


def judged(answer: Answer, reader: Reader) -> Iterator[Judged]:
    """The judgement of each statement of an answer."""
    for statement in answer.statements:
        cited = [c for c in answer.citations if c.marker in statement.citations]
        if statement.kind == "quote" and not statement.translation:
            said, precise = statement.text, [c.quote == statement.text for c in cited]
            holds = any(precise)
        else:
            said = statement.translation or statement.text
            holds = bool(cited) and _holds(said, cited, reader)
            precise = [holds and _needed(said, cited, citation, reader) for citation in cited]
        yield Judged(holds=holds, precise=precise, way=_way(statement, said, cited))


def _way(statement: Statement, said: str, cited: Sequence[Citation]) -> Way:
    source = " ".join(c.quote for c in cited) or statement.text
    return language_of(source), language_of(said)


def _needed(said: str, cited: Sequence[Citation], citation: Citation, reader: Reader) -> bool:
    others = [c for c in cited if c is not citation]
    return not others or _holds(said, [citation], reader) or not _holds(said, others, reader)


def _holds(said: str, cited: Sequence[Citation], reader: Reader) -> bool:
    quote = " ".join(c.quote for c in cited)
    around = "\n".join(f"{c.article.title}\n{c.article.published or ''}" for c in cited)
    return judge(said, quote, reader=reader, around=around) == "supported"

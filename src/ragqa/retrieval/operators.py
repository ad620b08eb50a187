"""What is typed beside the words of a question: "phrase", -word, title:word, after:2024-05, before:2024.

Read here, once; what they ask for becomes part of the filter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ragqa.errors import QuestionError
from ragqa.text import asks
from ragqa.types import EVERYTHING, Filter, checked_date

# A quote as long as a sentence is a phrase; a longer one is text. 15" is an inch.
_QUOTED = r'(?<!\d)["＂][^"＂\n]{1,100}["＂]|“[^”\n]{1,100}”|「[^」\n]{1,100}」|『[^』\n]{1,100}』'
QUOTED = re.compile(_QUOTED)
# An operator stands by itself. A minus before a number is its sign, one before a single letter a switch (ls -l),
# one inside a word a hyphen.
_OPERATOR = re.compile(
    rf"(?<!\S)(?:[-－](?P<without>{_QUOTED}|(?![A-Za-z](?!\w))[^\W\d_][^\s\"“”]*)"
    rf"|(?P<key>title|after|before)[:：](?P<value>{_QUOTED}|[^\s\"“”]+))(?!\S)",
    re.IGNORECASE,
)
_MARKS, _STOPS = '"＂“”「」『』', ",.;?!，。；？！、"


MOST_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, the words of it that are the question, and the filter that its operators narrowed."""

    asked: str
    words: str
    filters: Filter


def checked(question: str) -> str:
    """The question without lone surrogates. Raises QuestionError where it is empty or too long."""
    question = question.encode("utf-8", "ignore").decode().strip()
    if not question or len(question) > MOST_CHARACTERS:
        raise QuestionError(f"a question has 1 to {MOST_CHARACTERS} characters, not {len(question)}")
    return question


def read_operators(text: str, filters: Filter = EVERYTHING, *, only_phrases: bool = False) -> Typed:
    """The words that are left of a question, and the filter narrowed by its operators.

    With ``only_phrases``, for a search, an article must hold what is in quotation marks; in a question (什么是“双碳”？)
    they are the writer's, and what holds the words only comes first. Raises QuestionError for a date that is none,
    where nothing is left to look for, and as ``checked`` does.
    """
    text = checked(text)
    found = list(_OPERATOR.finditer(text))
    for match in found:
        filters = _narrowed(filters, match)
    words = " ".join(_OPERATOR.sub(" ", text).split()) if found else text
    if found and not words:
        words = " ".join(filters.title)
    if found and not words:
        raise QuestionError(f"{text!r} holds operators only; add the words to look for")
    if only_phrases and not asks(QUOTED.sub(" ", words)):
        filters = replace(filters, phrases=(*filters.phrases, *quoted(words)))
    return Typed(text, words, filters)


def quoted(text: str) -> tuple[str, ...]:
    """What stands in quotation marks, without them."""
    found = (match.group().strip(_MARKS).strip() for match in QUOTED.finditer(text))
    return tuple(dict.fromkeys(phrase for phrase in found if phrase))


def _narrowed(filters: Filter, match: re.Match[str]) -> Filter:
    if without := match["without"]:
        return replace(filters, without=(*filters.without, _bare(without)))
    key, value = match["key"].lower(), _bare(match["value"])
    if key == "title":
        return replace(filters, title=(*filters.title, value))
    try:
        checked_date(value)
    except ValueError:
        forms = f"{key}:2024, {key}:2024-05 or {key}:2024-05-15"
        raise QuestionError(f"{match.group()}: {value!r} is no date; write {forms}") from None
    if key == "after":
        return replace(filters, since=max(value, filters.since or ""))
    return replace(filters, before=min(value, filters.before or "~"))


def _bare(value: str) -> str:
    return value.strip(_STOPS).strip(_MARKS).strip()

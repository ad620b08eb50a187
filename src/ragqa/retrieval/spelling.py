"""A question in the words of the corpus: abbreviations, pinyin, and what a mistyped name may have meant.

Only where no article holds what was typed; what it was taken for is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ragqa.index import SearchIndex
from ragqa.retrieval.query import Question, as_written
from ragqa.text import HAN, entities, simplified, sounds, tagged

# What short forms of organisations end in: characters that begin or end the last word of a whole name.
_ENDS_ORGANISATION = "委会联基理办协学商工议公司集团银行大中组盟心局部厅署院所社台馆厂党"
_LONGEST_SHORT = 5
_SHORT = re.compile(rf"[\u4e00-\u9fff]{{1,4}}[{_ENDS_ORGANISATION}]")
_LATIN_RUN = re.compile(r"[A-Za-zü]+(?:['’ -][A-Za-zü]+){0,3}")
# Letters of a name in pinyin, and of a word that may be mistyped.
_LETTERS = 5
# Letters of a word in a question without capitals that may be a mistyped name.
_PLAIN = 6
# Names that one short form or one sound may stand for, and suggestions that are made.
_MOST = 2


@dataclass(frozen=True, slots=True)
class Taken:
    """Words of a question and the names in the corpus that they were taken for."""

    asked: str
    names: tuple[str, ...]


def in_words_of(index: SearchIndex, question: Question) -> tuple[Question, tuple[Taken, ...]]:
    """The question with names as the corpus writes them, and what was taken for what."""
    text, taken = question.text, list[Taken]()
    for each in _candidates(index, question):
        if each.asked in text and not any(each.asked in known.asked for known in taken):
            text = text.replace(each.asked, "、".join(each.names))
            taken.append(each)
    return (replace(question, text=text), tuple(taken)) if taken else (question, ())


def suggested(index: SearchIndex, question: Question) -> list[tuple[str, str]]:
    """Names of the question that no article of the whole index holds, and the nearest that one does."""
    near = {
        re.sub("['’]s?$", "", as_written(name, question.text)): index.names.near for name in question.names
    }
    # Who writes no capitals at all may write a name without one; a short word is near too many.
    if not re.search(r".[A-Z]", question.text):
        near |= dict.fromkeys(re.findall(rf"\b[a-z]{{{_PLAIN},}}\b", question.text), index.names.near)
    # A mistyped name is often cut apart; three characters of which one is another are many names.
    near |= dict.fromkeys(re.findall(r"(?=([\u4e00-\u9fff]{3}))", question.text), index.names.sounding_like)
    pairs = ((name, find(name)) for name, find in near.items() if not index.holds(name))
    return list({found[0]: (name, found[0]) for name, found in pairs if found}.values())[:_MOST]


def _candidates(index: SearchIndex, question: Question) -> Iterator[Taken]:
    """Longest first."""
    text = simplified(question.text)
    for short in sorted(_shorts(text), key=lambda short: (-len(short), short)):
        if not index.holds(short):
            yield from _taken(_as_there(short, text, question.text), index.names.abbreviated(short))
    for name in entities(question.text):
        whole = "".join(name)
        if HAN.search(whole) and not index.holds(whole):
            latin = [found for sound in sounds(whole) for found in index.names.sounding(sound)]
            shorts = index.names.short_for(name) if len(name) > 1 else []
            yield from _taken(whole, shorts or [found for found in latin if not HAN.search(found)])
    for run in _LATIN_RUN.findall(question.text):
        parts = re.split(r"(?<=[^A-Za-zü])|(?=[^A-Za-zü])", run)
        for size in range(len(parts), 0, -1):
            for start in range(0, len(parts) - size + 1):
                yield from _pinyin(index, "".join(parts[start : start + size]))


def _shorts(text: str) -> set[str]:
    """What may be a short form of an organisation: whole words that end like one; of two characters, one noun."""
    found = set()
    words = tagged(text)
    for last, (_, tag) in enumerate(words):
        short = ""
        for before in range(last, max(-1, last - _LONGEST_SHORT), -1):
            short = words[before][0] + short
            if len(short) > _LONGEST_SHORT or not HAN.search(words[before][0]):
                break
            if _SHORT.fullmatch(short) and (before < last or tag.startswith(("n", "j"))):
                found.add(short)
    return found


def _pinyin(index: SearchIndex, written: str) -> Iterator[Taken]:
    """The Chinese names that are written so in Latin letters."""
    letters = re.sub("[^a-z]", "", written.lower().replace("ü", "v"))
    if (
        len(letters) >= _LETTERS
        and written[0].isalpha()
        and written[-1].isalpha()
        and not index.holds(written)
    ):
        found = [name for sound in sounds(written) for name in index.names.sounding(sound)]
        yield from _taken(written, [name for name in found if HAN.search(name)])


def _taken(asked: str, found: list[str]) -> Iterator[Taken]:
    if found:
        yield Taken(asked, tuple(dict.fromkeys(found))[:_MOST])


def _as_there(part: str, plain: str, text: str) -> str:
    """A part of a text in simplified characters as the text writes it."""
    at = plain.find(part)
    return text[at : at + len(part)]

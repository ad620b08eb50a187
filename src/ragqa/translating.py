"""A question in the other language, by the language model that is there anyway; remembered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from difflib import SequenceMatcher

from ragqa.errors import ModelError
from ragqa.lexicon import fold, names, noun_phrases
from ragqa.prompting import build_restatement, build_stand_alone, build_translation, readable
from ragqa.records import Generator, Language
from ragqa.remembering import Remembered
from ragqa.text import HAN, language_of

# Questions remembered. A translation takes about a second, a question some hundred bytes.
_REMEMBERED = 1000
_LONGEST = 80
_LONGEST_STATEMENT = 120
# Original words that still read as a name or a term.
_LONGEST_ORIGINAL = 20


class Translator:
    """Translates questions for one language model, each once; several threads may ask."""

    def __init__(self) -> None:
        self._remembered: Remembered[str] = Remembered(_REMEMBERED)

    def known(self, question: str) -> str | None:
        """A translation made before, without waiting for one."""
        return self._remembered.get(question)

    def translate(self, question: str, generator: Generator) -> str | None:
        """The question in the other language; None when the model fails or gives nothing."""
        found = self.known(question)
        if found is None and (found := _translated(question, generator)):
            self._remembered.put(question, found)
        return found


def stand_alone(question: str, generator: Generator, *, after: str) -> str:
    """A follow-up as a question that stands alone; with the one before in brackets where the model fails.

    It fails when it loses a name, changes the language, or gives the question before once more.
    """
    messages, grammar = build_stand_alone(question, after=after)
    try:
        with closing(generator.stream(messages, grammar=grammar, max_tokens=_LONGEST)) as pieces:  # type: ignore[type-var]
            whole = readable("".join(pieces)).strip()
    except ModelError:
        whole = ""
    kept = all(name in fold(whole) for name in names(question))
    good = whole and kept and language_of(whole) == language_of(question) and fold(whole) != fold(after)
    return whole if good else f"{question} ({after})"


def restate(statement: str, generator: Generator, *, to: Language) -> Iterator[str]:
    """A checked statement in another language, piece by piece. Raises ModelError."""
    messages, grammar = build_restatement(statement, to=to)
    return generator.stream(messages, grammar=grammar, max_tokens=_LONGEST_STATEMENT)


def original_words(statement: str, quote: str, *, question: str) -> str:
    """The longest term of a statement that its question lacks, in the very words of the quote; "" for none.

    Put behind a translated statement it lets a reader find 约翰·C·梅信格 in a text of which they
    cannot read a word.
    """
    asked = fold(question)
    spans = SequenceMatcher(None, statement, quote, autojunk=False).get_matching_blocks()
    found = [
        phrase
        for span in spans
        for stretch in _unasked(statement[span.a : span.a + span.size], asked)
        for phrase in noun_phrases(stretch)
        if 1 < len(phrase) <= _LONGEST_ORIGINAL and fold(phrase) not in asked
    ]
    return max(found, key=len, default="")


def _unasked(words: str, asked: str) -> list[str]:
    """The stretches of words without the pairs of Chinese characters that stand in the question."""
    if not HAN.search(words):
        return [words]
    asked_for = [fold(words[at : at + 2]) in asked for at in range(len(words) - 1)]
    cut = [one or other for one, other in zip([*asked_for, False], [False, *asked_for], strict=True)]
    return "".join("\0" if gone else c for c, gone in zip(words, cut, strict=True)).split("\0")


def _translated(question: str, generator: Generator) -> str | None:
    to: Language = "en" if language_of(question) == "zh" else "zh"
    messages, grammar = build_translation(question, to=to)
    try:
        with closing(generator.stream(messages, grammar=grammar, max_tokens=_LONGEST)) as pieces:  # type: ignore[type-var]
            translation = readable("".join(pieces)).strip()
    except ModelError:
        return None
    # A small model writes 布兰德格 for Brundage, which no article does: names are given as asked.
    lost = [name for name in _latin_names(question) if name not in translation]
    return " ".join([translation, *lost]) if translation else None


def _latin_names(question: str) -> list[str]:
    """Runs of capitalised Latin words as the question writes them: John Schulman, GPT-4."""
    folded = set(names(question))
    runs = re.findall(r"[A-Za-z][\w.\-]*(?: [A-Z][\w.\-]*)*", question)
    kept = [" ".join(w for w in run.split() if fold(w) in folded) for run in runs]
    return [run.strip(".") for run in dict.fromkeys(kept) if run]

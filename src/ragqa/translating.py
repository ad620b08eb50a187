"""A question in the other language, by the language model that is there anyway; remembered."""

from __future__ import annotations

import re
from contextlib import closing

from ragqa.errors import ModelError
from ragqa.lexicon import fold, names
from ragqa.prompting import build_stand_alone, build_translation, readable
from ragqa.records import Generator, Language
from ragqa.remembering import Remembered
from ragqa.text import language_of

# Questions remembered. A translation takes about a second, a question some hundred bytes.
_REMEMBERED = 1000
_LONGEST = 80


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

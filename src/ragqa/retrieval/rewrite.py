"""Rewrite a question: into the other language, or a follow-up so that it stands alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

from ragqa.cache import Cache
from ragqa.errors import ModelError
from ragqa.models import Generator, Message, readable, user_turn
from ragqa.retrieval.operators import MOST_CHARACTERS, checked, read_operators
from ragqa.retrieval.query import Question, follow_up, stands_alone
from ragqa.text import fold, language_of, names
from ragqa.types import EVERYTHING, Filter, Language

# Questions remembered. A translation takes about a second, a question some hundred bytes.
_REMEMBERED = 1000
_LONGEST = 80


class Translator:
    """Translates questions with a language model and caches the results; thread-safe."""

    def __init__(self) -> None:
        self._remembered: Cache[str] = Cache(_REMEMBERED)

    def known(self, question: str) -> str | None:
        """A cached translation, or None."""
        return self._remembered.get(question)

    def translate(self, question: str, generator: Generator) -> str | None:
        """The question in the other language; None when the model fails or gives nothing."""
        found = self.known(question)
        if found is None and (found := _translated(question, generator)):
            self._remembered.put(question, found)
        return found


def analysed(
    question: str,
    *,
    after: str | None = None,
    filters: Filter = EVERYTHING,
    model: Callable[[], Generator | None] | None = None,
) -> tuple[Question, Filter]:
    """A question as it is typed, without its operators and as it stands alone, and the filter that they narrow.

    ``model`` as in ``resolved``. Raises QuestionError.
    """
    typed = read_operators(question, filters)
    before = read_operators(after).words if after else None
    return replace(resolved(typed.words, before, model), asked=typed.asked), typed.filters


def resolved(question: str, after: str | None, model: Callable[[], Generator | None] | None) -> Question:
    """The question analysed; a follow-up as it stands alone: by its form, else by the language model.

    ``model`` gives the language model once it is needed. Raises QuestionError.
    """
    question = checked(question)
    if not after or stands_alone(question, after=checked(after)):
        return Question.of(question)
    whole = follow_up(question, after=checked(after))
    if whole is None and model and (generator := model()):
        whole = stand_alone(question, generator, after=checked(after))
    return Question.of((whole or f"{question} ({after})")[:MOST_CHARACTERS], asked=question)


def stand_alone(question: str, generator: Generator, *, after: str) -> str:
    """A follow-up rewritten to stand alone; with the previous question in brackets where the model fails.

    It fails when it loses a name, changes the language, or repeats the previous question.
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


_TRANSLATE = (
    "Translate each question into {language}. Translate names the way {language} newspapers write them."
    " Never answer it."
)
_TRANSLATIONS = (
    ("Who designed the old stone bridge in Linz?", "林茨的那座老石桥是谁设计的？"),
    ("What was the main cause of the 1931 flood", "1931年洪水的主要原因是什么"),
    ("How many seats did the Liberal Party lose?", "自由党失去了多少个席位？"),
)
_STAND_ALONE = (
    "Two questions are asked one after the other. Write the second so that it can be understood without the"
    " first, in its own language, and change nothing else. Never answer it."
)
_STANDING_ALONE = (
    ("Why did Li Ming resign?", "and what about Zhang Hua?", "Why did Zhang Hua resign?"),
    ("大桥花了多少钱？", "什么时候通车的？", "大桥是什么时候通车的？"),
    ("Who is the mayor of Linz?", "How old is she?", "How old is the mayor of Linz?"),
    ("李明为什么辞职？", "那张华呢？", "张华为什么辞职？"),
    ("李明去了哪里？", "How much did the bridge cost?", "How much did the bridge cost?"),
)


def build_translation(question: str, *, to: Language) -> tuple[list[Message], str]:
    """Messages that ask for a question in another language, and a grammar of one line.

    The examples show that a question is to be put, not answered; they stay in the model's cache.
    """
    turns = [Message("system", _TRANSLATE.format(language={"zh": "Chinese", "en": "English"}[to]))]
    for english, chinese in _TRANSLATIONS:
        asked, put = (english, chinese) if to == "zh" else (chinese, english)
        turns += [Message("user", asked), Message("assistant", put)]
    return [*turns, user_turn(question)], 'root ::= [^\\n]+ "\\n"?'


def build_stand_alone(question: str, *, after: str) -> tuple[list[Message], str]:
    """Messages that ask for a follow-up question as one that stands alone, and a grammar of one line."""
    turns = [Message("system", _STAND_ALONE)]
    for before, asked, whole in _STANDING_ALONE:
        turns += [Message("user", f"{before}\n{asked}"), Message("assistant", whole)]
    return [*turns, user_turn(f"{after}\n{question}")], 'root ::= [^\\n]+ "\\n"?'

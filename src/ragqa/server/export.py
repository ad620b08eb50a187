"""Export an answer as text or Markdown: short answers, quotes with translations, references."""

from __future__ import annotations

import re
from collections.abc import Callable

from ragqa.answer import word
from ragqa.server.markup import web_address
from ragqa.types import Answer, Citation, Statement

# What Markdown, or the mathematics in it, would read as markup, and where it finds addresses to link by
# itself. Quotes of articles are words, not markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!$&]|:(?=//)|(?<=www)\.|^[-+=])", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")


def as_text(answer: Answer) -> str:
    """Question, answer and its references as plain text."""
    short = " · ".join(_line(text) for text in _short(answer))
    written = [f"{_line(s.text)} {_markers(s)}" for s in answer.statements if s.kind == "written"]
    quotes = [
        f"{_line(s.text)} {_markers(s)}" + (f"\n    {_line(_translated(s, answer))}" if s.translation else "")
        for s in answer.statements
        if s.kind == "quote"
    ]
    references = "\n".join(f"[{c.marker}] {_about(c)}" for c in answer.citations)
    label = [word("written", answer.language)] if written else []
    return _joined([answer.question, short, answer.note, "\n".join([*label, *written]), *quotes, references])


def as_markdown(answer: Answer) -> str:
    """The same as Markdown; nothing in question, answer or quote becomes markup."""
    short = " · ".join(f"**{_plain(text)}**" for text in _short(answer))
    written = [f"{_plain(s.text)} {_plain(_markers(s))}" for s in answer.statements if s.kind == "written"]
    quotes = [
        f"> {_plain(s.text)} {_plain(_markers(s))}"
        + (f"\n>\n> *{_plain(_translated(s, answer))}*" if s.translation else "")
        for s in answer.statements
        if s.kind == "quote"
    ]
    references = "\n".join(f"{c.marker}. {_about(c, _linked)}" for c in answer.citations)
    label = [_plain(word("written", answer.language))] if written else []
    note = f"*{_plain(answer.note)}*" if answer.note and answer.statements else _plain(answer.note)
    return _joined([f"## {_plain(answer.question)}", short, note, *label, *written, *quotes, references])


def _short(answer: Answer) -> list[str]:
    return list(dict.fromkeys(short.text for short in answer.answers))


def _markers(statement: Statement) -> str:
    return "".join(f"[{n}]" for n in statement.citations)


def _translated(statement: Statement, answer: Answer) -> str:
    return word("translated", answer.language, text=statement.translation or "")


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(citation: Citation, shown: Callable[[str], str] = str) -> str:
    article = citation.article
    facts = [article.title, article.author, article.published or "", article.source, article.id]
    return f"{', '.join(shown(fact) for fact in facts if fact)} ({citation.start}-{citation.end})"


def _line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    return _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", _line(text)))


def _linked(fact: str) -> str:
    """A detail of an article, as a link where it is a safe web address."""
    return f"<{fact}>" if web_address(fact) else _plain(fact)

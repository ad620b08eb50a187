"""An answer to take away: as text with numbered references, or as Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable

from ragqa.markup import web_address
from ragqa.records import Answer, Citation, marked

# What Markdown, or the mathematics in it, would read as markup, and where it finds addresses to link by
# itself. Quotes of articles are words, not markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!$&]|:(?=//)|(?<=www)\.|^[-+=])", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d{1,9})([.)])")


def as_text(answer: Answer) -> str:
    """Question, answer and its references as plain text."""
    references = [f"[{c.marker}] {_about(c)}\n    {_line(c.quote)}" for c in answer.citations]
    note = [answer.note] if answer.note and answer.note != answer.text else []
    return "\n\n".join([answer.question, answer.text, *note, *references]) + "\n"


def as_markdown(answer: Answer) -> str:
    """The same as Markdown; nothing in question, answer or quote becomes markup."""
    lines = [_plain(marked(s, answer.language)) for s in answer.statements] or [_plain(answer.text)]
    note = [f"*{_plain(answer.note)}*"] if answer.note and answer.note != answer.text else []
    references = [
        f"{c.marker}. {_about(c, _linked)}\n\n   > {_plain(_line(c.quote))}" for c in answer.citations
    ]
    return "\n\n".join([f"## {_plain(answer.question)}", *lines, *note, *references]) + "\n"


def _about(citation: Citation, shown: Callable[[str], str] = str) -> str:
    article = citation.article
    facts = [article.title, article.published or "", article.source, article.id]
    return f"{', '.join(shown(fact) for fact in facts if fact)} ({citation.start}-{citation.end})"


def _line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    return _NUMBERED.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", _line(text)))


def _linked(fact: str) -> str:
    """A fact about an article; an address that may be a link is one."""
    return f"<{fact}>" if web_address(fact) else _plain(fact)

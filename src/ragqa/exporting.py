"""An answer to take away: as text with numbered references, or as Markdown."""

from __future__ import annotations

import re

from ragqa.records import Answer, Citation, marked

# What Markdown would read as markup. Quotes of articles are words, not markup.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~!])")


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
        f"{c.marker}. {_plain(_about(c))}\n\n   > {_plain(_line(c.quote))}" for c in answer.citations
    ]
    return "\n\n".join([f"## {_plain(answer.question)}", *lines, *note, *references]) + "\n"


def _about(citation: Citation) -> str:
    article = citation.article
    facts = [article.title, article.published or "", article.source, article.id]
    return f"{', '.join(fact for fact in facts if fact)} ({citation.start}-{citation.end})"


def _line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", _line(text))

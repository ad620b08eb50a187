"""A growing answer as escaped HTML: progress, short answers, quotes, actions."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Literal

from ragqa.answer import foreign
from ragqa.server.i18n import Value
from ragqa.server.markup import STOPS, Span, cite, highlight, key_spans, words
from ragqa.text import language_of, weight
from ragqa.types import Answer, Citation, Language, Statement

State = Literal["waiting", "running", "done", "stopped", "error"]
# Confidence in words: level, and from where on.
_SURE = (("high", 0.8), ("fair", 0.6), ("low", 0.0))
# Weight (Chinese characters) from which on a short answer is set smaller; most characters kept on one line.
_LONG, _TOGETHER = 24, 24


def status(
    ui: Language,
    answer: Answer | None,
    state: State,
    seconds: float = 0.0,
    *,
    loading: bool = False,
    ahead: int = 0,
    translate: bool = True,
    write: bool = False,
) -> str:
    """Progress so far, step by step, with counts.

    ``loading`` while a model that it needs is; ``ahead`` is how many questions are answered first;
    ``translate`` and ``write`` say what follows the quotes.
    """
    steps = [words(ui, key, **values) for key, values in _past(answer)]
    if state == "waiting":
        steps.append(words(ui, "status.waiting", n=ahead))
    elif state == "running":
        now = _now(answer, translate=translate, write=write)
        if loading and now in ("search", "translating", "writing"):
            now = "loading"
        steps += [words(ui, f"status.{now}")] if now else []
    elif state == "done":
        if answer is not None and answer.status == "not_found" and answer.kind != "hello":
            steps.append(words(ui, "status.absent"))
        if answer is not None and answer.cached:
            steps.append(words(ui, "status.cached"))
        steps.append(words(ui, "status.done", s=f"{seconds:.1f}"))
    else:
        steps.append(words(ui, "status.stopped" if state == "stopped" else "status.failed"))
    items = "".join(f"<li>{step}</li>" for step in steps)
    shown = "running" if state == "waiting" else state
    return f'<ol class="steps" data-state="{shown}">{items}</ol>'


def _past(answer: Answer | None) -> Iterator[tuple[str, dict[str, Value]]]:
    """The finished steps."""
    if answer is None:
        return
    articles = len({p.article.id for p in answer.passages})
    if answer.kind == "hello":
        return
    if articles:
        yield "status.found", {"n": len(answer.passages), "m": articles}
    else:
        yield "status.nothing", {}
    written = sum(s.kind == "written" for s in answer.statements)
    if quotes := len(answer.statements) - written:
        yield "status.quoted", {"n": quotes}
    if written:
        yield "status.written", {"n": written}


def _now(answer: Answer | None, *, translate: bool, write: bool) -> str:
    """The current step; "" when there is none."""
    if answer is None:
        return "search"
    if answer.mode == "sources":
        return "reading"
    if translate and any(foreign(answer)) and "translated" not in answer.timings_ms:
        return "translating"
    return "writing" if write and answer.statements else ""


def answer(ui: Language, found: Answer, state: State, *, token: str = "") -> str:
    """The question and its answer so far: short answers, quotes, or a note.

    A finished answer has tools, which name it by its ``token``.
    """
    tail = _sure(ui, found) + (tools(ui, token) if token else "") if state == "done" else ""
    return (
        f'<section class="reply" data-status="{found.status if state == "done" else "pending"}"'
        f' data-mode="{found.mode}" data-question="{escape(found.question)}">'
        f'<h2 class="asked" lang="{language_of(found.question)}">{escape(found.question)}</h2>'
        f"{_taken(ui, found)}{_body(ui, found, state)}{tail}</section>"
    )


def _body(ui: Language, found: Answer, state: State) -> str:
    if found.mode == "sources":
        if state != "running":
            return _label(ui, "unanswered")
        return f'{_label(ui, "sources")}<div class="skeleton" aria-hidden="true"><i></i><i></i><i></i></div>'
    aside = " aside" if found.answers else ""
    note = f'<p class="note{aside}" lang="{found.language}">{escape(found.note)}</p>' if found.note else ""
    if not found.statements and found.kind == "hello":
        return note
    if not found.statements:
        return f'{_label(ui, "not_found")}{note}<p class="advice">{words(ui, "answer.advice")}</p>'
    return f"{_shorts(found)}{note}{_written(ui, found)}{_quotes(ui, found)}"


def _label(ui: Language, key: str) -> str:
    return f'<p class="kind">{words(ui, f"answer.{key}")}</p>'


def _shorts(found: Answer) -> str:
    """The short answers, each once, with the numbers of their quotes."""
    cited: dict[str, list[Citation]] = {}
    for short in found.answers:
        cited.setdefault(short.text, []).extend(c for c in found.citations if c.marker == short.citation)
    items = "".join(
        f'<li class="short" lang="{citations[0].article.language}"{" data-long" if weight(text) > _LONG else ""}>'
        f"{escape(text)}{''.join(_cite(found, c) for c in dict.fromkeys(citations))}</li>"
        for text, citations in cited.items()
        if citations
    )
    return f'<ul class="shorts" data-word-label="answer.short">{items}</ul>' if items else ""


def _written(ui: Language, found: Answer) -> str:
    """The written answer, labelled as written by a language model."""
    said = [s for s in found.statements if s.kind == "written"]
    if not said:
        return ""
    lines = "".join(_statement(found, each) for each in said)
    return f'<section class="written">{_label(ui, "written")}{lines}</section>'


def _quotes(ui: Language, found: Answer) -> str:
    """The quotes, two that disagree side by side; with who says it where several articles are quoted."""
    several = len({c.article.id for c in found.citations}) > 1
    quotes = [
        (set(s.citations), _quote(ui, found, s, several=several))
        for s in found.statements
        if s.kind == "quote"
    ]
    pair = [html for n in found.conflict for cited, html in quotes if n in cited]
    if len(pair) == 2:
        rest = [html for cited, html in quotes if not cited & set(found.conflict)]
        shown = f'<div class="conflict">{"".join(pair)}</div>{"".join(rest)}'
    else:
        shown = "".join(html for _, html in quotes)
    label = _label(ui, "quotes") if found.status == "answered" else ""
    return f'<section class="quotes">{label}{shown}</section>'


def _quote(ui: Language, found: Answer, said: Statement, *, several: bool) -> str:
    """A quote with its short answers highlighted, its translation, and who says it."""
    translation = ""
    if said.translation:
        translation = (
            f'<p class="translation" lang="{found.language}"><small>{words(ui, "answer.translation")}</small> '
            f"{escape(said.translation)}</p>"
        )
    by = "".join(_by(found, c, several=several) for c in found.citations if c.marker in said.citations)
    return f'<blockquote class="quote">{_statement(found, said)}{translation}{by}</blockquote>'


def _by(found: Answer, citation: Citation, *, several: bool) -> str:
    """Title and date of a quoted article, with the short answers that stand in the title highlighted."""
    article = citation.article
    named = [a.text for a in found.answers if a.citation == citation.marker and a.in_title]
    if not several and not named:
        return ""
    keys = [(at, at + len(text)) for text in named if (at := article.title.find(text)) >= 0]
    date = (
        f' <time datetime="{escape(article.published)}">{escape(article.published)}</time>'
        if article.published
        else ""
    )
    return f'<p class="by" lang="{article.language}">{highlight(article.title, keys)}{date}</p>'


def _statement(found: Answer, said: Statement) -> str:
    """One sentence with its numbers: after a quote, which stays whole, and before the full stop of others."""
    cited = [c for n in said.citations for c in found.citations if c.marker == n]
    keys: list[Span] = []
    if said.kind == "quote":
        keys = [(a - c.start, b - c.start) for c in cited for a, b in key_spans(found, c.marker)]
    language = language_of(said.text)
    stop = said.text[-1:] if cited and said.kind == "written" and said.text[-1:] in STOPS else ""
    end = len(said.text) - len(stop)
    # The last word (in Chinese the last two characters) keeps the numbers on its line.
    last = end - 2 if language == "zh" else said.text.rfind(" ", 0, end) + 1
    cut = max(last, end - _TOGETHER, 0)
    cut = next((b for a, b in keys if a < cut < b), cut)
    numbers = "".join(_cite(found, c) for c in cited)
    return (
        f'<p class="statement" data-kind="{said.kind}" data-verdict="{said.verdict}" lang="{language}">'
        f"{highlight(said.text, keys, 0, cut)}"
        f'<span class="end">{highlight(said.text, keys, cut, end)}{numbers}{escape(stop)}</span></p>'
    )


def _cite(found: Answer, citation: Citation) -> str:
    return cite(citation, key_spans(found, citation.marker))


def _taken(ui: Language, found: Answer) -> str:
    """The words of the user, where a follow-up was rewritten."""
    if not found.asked or found.asked == found.question:
        return ""
    return f'<p class="taken">{words(ui, "answer.taken")} <q>{escape(found.asked)}</q></p>'


def _sure(ui: Language, found: Answer) -> str:
    """The confidence in words."""
    if found.status != "answered":
        return ""
    level = next(name for name, least in _SURE if found.confidence >= least)
    return f'<p class="sure" data-sure="{level}">{words(ui, f"sure.{level}")}</p>'


def tools(ui: Language, token: str) -> str:
    """The actions for a finished answer."""

    def button(tool: str, more: str = "") -> str:
        return f'<button type="button" data-tool="{tool}"{more}>{words(ui, f"tools.{tool}")}</button>'

    address, pressed = f"ragqa/answer/{escape(token)}", ' aria-pressed="false"'
    return (
        f'<div class="tools" data-token="{escape(token)}">{button("follow")}{button("copy")}{button("link")}'
        f'<a href="{address}.md" download>Markdown</a><a href="{address}.json" download>JSON</a>'
        f'<span class="said" role="status"></span>'
        f'<span class="judge">{button("up", pressed)}{button("down", pressed)}</span>'
        f'<span class="remark" hidden><input type="text" maxlength="2000" data-word-label="tools.remark">'
        f"{button('send')}</span></div>"
    )

"""The fixed parts of the page around question and answer, as escaped HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from ragqa.server.i18n import phrase
from ragqa.server.markup import words
from ragqa.settings import MOST_PASSAGES
from ragqa.text import NAMES
from ragqa.types import Article, Language

_UIS: tuple[Language, ...] = ("zh", "en")


def masthead(ui: Language, articles: Sequence[Article]) -> str:
    """The header: name, purpose, size of the archive, language switch."""
    switch = "".join(
        f'<button type="button" data-ui="{code}" lang="{code}"'
        f' aria-pressed="{str(code == ui).lower()}">{NAMES[code]}</button>'
        for code in _UIS
    )
    return (
        '<header class="masthead"><div class="title"><h1>ragqa</h1>'
        f'<p class="tagline">{words(ui, "tagline")}</p>'
        f'<div id="language" role="group" data-word-label="language.choose">{switch}</div></div>'
        f'<div class="about"><p class="facts">{facts(ui, articles)}</p><p>{words(ui, "privacy")}</p></div>'
        "</header>"
    )


def facts(ui: Language, articles: Sequence[Article]) -> str:
    """Number, period and languages of the articles."""
    if not articles:
        return ""
    parts = [words(ui, "facts.articles", n=len(articles))]
    months = sorted({article.published[:7] for article in articles if article.published})
    if months:
        span = months[0] if months[0] == months[-1] else f"{months[0]} – {months[-1]}"
        parts.append(escape(span))
    counts = Counter(article.language for article in articles)
    parts += [f"{NAMES.get(code, escape(code))} {n}" for code, n in counts.most_common()]
    return "".join(f"<span>{part}</span>" for part in parts)


def examples(ui: Language, questions: Sequence[tuple[Language, str]]) -> str:
    """Questions to click; each fills the box and asks."""
    if not questions:
        return ""
    chips = "".join(
        f'<li><button class="chip" type="button" lang="{language}">{escape(question)}</button></li>'
        for language, question in questions
    )
    return f'<h2 class="quiet">{words(ui, "examples")}</h2><ul class="chips">{chips}</ul>'


def keys(ui: Language) -> str:
    """The keyboard shortcuts, and what can be typed beside words."""
    return f'<p class="keys">{words(ui, "keys")}<br>{words(ui, "operators")}</p>'


def following(ui: Language) -> str:
    """The line that says which question the next one follows up; page.js shows it."""
    return (
        f'<p id="following" hidden>{words(ui, "following")} <span class="before"></span> '
        f'<button type="button" data-tool="unfollow">{words(ui, "tools.unfollow")}</button></p>'
    )


def advanced(ui: Language, *, model: str, k: int, write: bool = False) -> str:
    """Filters, number of passages (``k`` by default), what the language model does; page.js sends what is set."""

    def field(name: str, body: str) -> str:
        return f"<label>{words(ui, f'advanced.{name}')}{body}</label>"

    every = "advanced.written_in.any"
    languages = f'<option value="" data-word="{every}">{escape(phrase(ui, every))}</option>' + "".join(
        f'<option value="{code}" lang="{code}">{name}</option>' for code, name in NAMES.items()
    )
    fields = [
        field("since", '<input type="date" name="since">'),
        field("until", '<input type="date" name="until">'),
        field("written_in", f'<select name="written_in" data-usual="">{languages}</select>'),
        field("source", '<input type="text" name="source" maxlength="200">'),
        field("author", '<input type="text" name="author" maxlength="200">'),
        field("k", f'<input type="number" name="k" min="1" max="{MOST_PASSAGES}" placeholder="{k}">'),
    ]
    switches = _switch(ui, "translate", on=True) + _switch(ui, "write", on=write)
    return disclosure(
        ui,
        "advanced.label",
        f'<div class="fields">{"".join(fields)}</div><div class="switches">{switches}</div>'
        f'<p class="model">{words(ui, "advanced.model")} {escape(model)}</p>',
    )


def _switch(ui: Language, name: str, *, on: bool) -> str:
    state = " checked" if on else ""
    return (
        f'<label><input type="checkbox" role="switch" name="{name}" data-usual="{"on" if on else "off"}"{state}>'
        f"<b>{words(ui, f'advanced.{name}')}</b> {words(ui, f'advanced.{name}.hint')}</label>"
    )


def reader_shell(ui: Language) -> str:
    """The empty reader; page.js puts articles into its body."""
    return (
        '<aside class="desk" data-word-label="reader.label"><div class="bar"><span class="where"></span>'
        f'<button type="button" class="close">{words(ui, "reader.close")}</button></div>'
        f'<div class="body"><p class="blank">{words(ui, "reader.empty")}</p></div>'
        f'<template><p class="blank">{words(ui, "reader.empty")}</p></template></aside>'
    )


def history(ui: Language) -> str:
    """The list of earlier questions, filled by page.js."""
    return disclosure(
        ui,
        "history.label",
        f'<ol class="asked-before"></ol><p class="blank">{words(ui, "history.empty")}</p>'
        f'<button type="button" class="forget" hidden>{words(ui, "history.clear")}</button>',
    )


def no_index(ui: Language) -> str:
    """What to do while there is nothing to ask."""
    return (
        f'<section class="message" data-none role="alert"><h2>{words(ui, "none.title")}</h2>'
        f"<p>{words(ui, 'none.text')}</p><pre><code>ragqa index</code></pre></section>"
    )


def disclosure(ui: Language, key: str, body: str, *, count: int = 0) -> str:
    """A collapsible section; ``count`` is the number of its entries."""
    number = f' <span class="count">{count}</span>' if count else ""
    return f"<details><summary>{words(ui, key)}{number}</summary>{body}</details>"

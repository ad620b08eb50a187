"""An answer as it grows, as escaped HTML: its progress, its statements, what can be done with it."""

from __future__ import annotations

from html import escape
from typing import Literal

from ragqa.interface import Value
from ragqa.markup import STOPS, cite, words
from ragqa.records import Answer, Citation, Language, Statement
from ragqa.text import language_of

State = Literal["waiting", "running", "done", "stopped", "error"]
# Confidence in words: level, and from where on.
_SURE = (("high", 0.8), ("fair", 0.6), ("low", 0.0))


def status(
    ui: Language,
    answer: Answer | None,
    state: State,
    seconds: float = 0.0,
    *,
    loading: bool = False,
    ahead: int = 0,
) -> str:
    """What has happened so far, step by step, with counts.

    ``loading`` while a model that it needs is; ``ahead`` is how many questions are answered first.
    """
    steps = [words(ui, key, **values) for key, values in _steps(answer, state, seconds, ahead)]
    if loading and state == "running":
        steps[-1] = words(ui, "status.loading")
    items = "".join(f"<li>{step}</li>" for step in steps)
    shown = "running" if state == "waiting" else state
    return f'<ol class="steps" data-state="{shown}">{items}</ol>'


def _steps(
    answer: Answer | None, state: State, seconds: float, ahead: int
) -> list[tuple[str, dict[str, Value]]]:
    steps: list[tuple[str, dict[str, Value]]] = []
    if answer is not None:
        articles = len({p.article.id for p in answer.passages})
        if articles:
            steps.append(("status.found", {"n": len(answer.passages), "m": articles}))
        else:
            steps.append(("status.nothing", {}))
        count: dict[str, Value] = {"n": len(answer.statements)}
        if answer.statements and answer.mode == "extractive":
            steps.append(("status.quoted", count))
        elif answer.statements and answer.mode != "sources":
            steps.append(("status.checked", count))
    if state == "waiting":
        steps.append(("status.waiting", {"n": ahead}))
    elif state == "running":
        now = {
            "sources": "choosing",
            "extractive": "reading",
            "generating": "writing",
            "generated": "writing",
        }
        steps.append((f"status.{now[answer.mode] if answer else 'search'}", {}))
    elif state == "done":
        if answer is not None and answer.status == "not_found":
            steps.append(("status.absent", {}))
        if answer is not None and answer.cached:
            steps.append(("status.cached", {}))
        steps.append(("status.done", {"s": f"{seconds:.1f}"}))
    else:
        steps.append(("status.stopped" if state == "stopped" else "status.failed", {}))
    return steps


def answer(ui: Language, found: Answer, state: State, *, token: str = "") -> str:
    """The question and its answer as far as it has come: statements with their numbers, or a note.

    A finished answer has tools, which name it by its ``token``.
    """
    body, note, tail = _statements(ui, found), "", ""
    if found.mode == "sources" and state == "running":
        body = '<div class="skeleton" aria-hidden="true"><i></i><i></i><i></i></div>'
    if state == "done":
        note = _note(ui, found)
        tail = conflict(ui, found) + _sure(ui, found) + (tools(ui, token) if token else "")
    return (
        f'<section class="reply" data-status="{found.status if state == "done" else "pending"}"'
        f' data-mode="{found.mode}" data-question="{escape(found.question)}">'
        f'<h2 class="asked" lang="{language_of(found.question)}">{escape(found.question)}</h2>'
        f"{_taken(ui, found)}"
        f'<p class="kind">{words(ui, f"answer.{_kind(found, state)}")}</p>{note}{body}{tail}</section>'
    )


def _kind(found: Answer, state: State) -> str:
    if state == "done" and found.status != "answered":
        return found.status
    if state == "running" and found.mode == "extractive":
        return "waiting"
    if state == "stopped" and found.mode != "extractive":
        return "halted" if found.statements else "unanswered"
    return found.mode


def _note(ui: Language, found: Answer) -> str:
    note = f'<p class="note" lang="{found.language}">{escape(found.note)}</p>' if found.note else ""
    if found.status != "not_found":
        return note
    return f'{note}<p class="advice">{words(ui, "answer.advice")}</p>'


def _statements(ui: Language, found: Answer) -> str:
    citations = {citation.marker: citation for citation in found.citations}
    told = found.mode in ("generating", "generated") and found.status != "unverified"
    lines = "".join(_statement(ui, each, citations, told=told) for each in found.statements)
    return f'<div class="statements">{lines}</div>' if lines else ""


def _statement(ui: Language, said: Statement, citations: dict[int, Citation], *, told: bool) -> str:
    """One sentence; its numbers stand before the full stop, as in ``records.marked``.

    ``told`` says also of a supported one that it is.
    """
    numbers = "".join(cite(citations[n]) for n in said.citations if n in citations)
    body, stop, end = said.text, "", ""
    language = language_of(body)
    if numbers:
        if body and body[-1] in STOPS:
            body, stop = body[:-1], body[-1]
        # The last word (in Chinese the last character) keeps number and stop on its line.
        cut = max(len(body) - 1 if language == "zh" else body.rfind(" ") + 1, len(body) - 24)
        body, tail = body[:cut], body[cut:]
        end = f'<span class="end">{escape(tail)}{numbers}{escape(stop)}</span>'
    verdict = ""
    if told or said.verdict != "supported":
        shown = words(ui, f"verdict.{said.verdict}")
        verdict = f' <em class="verdict" data-verdict="{said.verdict}">{shown}</em>'
    return (
        f'<p class="statement" data-verdict="{said.verdict}" lang="{language}">'
        f"{escape(body)}{end}{verdict}</p>"
    )


def _taken(ui: Language, found: Answer) -> str:
    """What the reader wrote, where it was taken for another question."""
    if not found.asked or found.asked == found.question:
        return ""
    return f'<p class="taken">{words(ui, "answer.taken")} <q>{escape(found.asked)}</q></p>'


def _sure(ui: Language, found: Answer) -> str:
    """The confidence in words."""
    if found.status != "answered":
        return ""
    level = next(name for name, least in _SURE if found.confidence >= least)
    return f'<p class="sure" data-sure="{level}">{words(ui, f"sure.{level}")}</p>'


def conflict(ui: Language, found: Answer) -> str:
    """Two sources that disagree, side by side with their dates."""
    pair = [c for n in found.conflict for c in found.citations if c.marker == n]
    if len(pair) != 2:
        return ""
    quotes = "".join(
        f'<blockquote lang="{c.article.language}">{escape(c.quote)} {cite(c)}'
        f"<footer>{escape(c.article.published or '')} {escape(c.article.title)}</footer></blockquote>"
        for c in pair
    )
    return f'<section class="conflict"><h3>{words(ui, "conflict")}</h3><div class="pair">{quotes}</div></section>'


def tools(ui: Language, token: str) -> str:
    """What can be done with a finished answer."""

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

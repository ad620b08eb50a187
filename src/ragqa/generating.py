"""The language model's part of an answer: it reads and writes, each line is checked, then shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace

from ragqa.answering import (
    Clock,
    ceiling,
    completed,
    excerpts,
    language_read,
    not_found,
    repeats,
    resolved,
    restated,
    weighed,
)
from ragqa.citing import Support, support
from ragqa.errors import ModelError
from ragqa.prompting import Draft, build_grammar, build_messages, head, parse_lines, readable
from ragqa.reading import Evidence, Question, Reading, Window, choose_reading
from ragqa.records import Answer, Generator, Language, Message
from ragqa.retrieval import Query
from ragqa.settings import Settings
from ragqa.translating import restate
from ragqa.wording import word

Supported = tuple[str, Support | None]


@dataclass(frozen=True, slots=True)
class Task:
    """What the model is asked, in the language of what it reads: there it is at its best and a check strictest.

    ``heads`` are excerpts' headings, which it may only copy; ``threshold`` the confidence below which
    what it writes is refused.
    """

    asked: str
    language: Language
    reading: Reading
    messages: list[Message]
    grammar: str
    heads: frozenset[str]
    threshold: float


@dataclass(slots=True)
class Written:
    """What it wrote so far, each line with what supports it."""

    answer: Answer
    supports: list[Supported] = field(default_factory=list)
    refused: bool = False


def generate(
    verbatim: Answer,
    question: Question,
    query: Query,
    evidence: Evidence,
    *,
    generator: Generator,
    settings: Settings,
    clock: Clock,
) -> Iterator[Answer]:
    """Answers that grow by verified statements; the last is finished.

    Where the model fails, what it wrote before that stands, with mode "generating", or else ``verbatim``.
    """
    task = _task(verbatim, question, query, evidence, settings)
    mark = settings.unsupported == "mark"
    read = tuple(_span(window, evidence) for window in task.reading.windows)
    verbatim = replace(verbatim, read=read)
    written = Written(replace(verbatim, mode="generating", statements=(), citations=()))
    try:
        for answer in _write(written, task, question, evidence, generator, settings, clock):
            yield clock.stamp(answer)
        if task.language != verbatim.language and not written.refused:
            for answer in _restate(written, task, evidence, generator, mark=mark):
                yield clock.stamp(answer)
    except ModelError as error:
        cut = bool(written.answer.statements)
        stands, key = (written.answer, "cut_short") if cut else (verbatim, "no_model")
        yield clock.stamp(replace(stands, note=word(key, stands.language, reason=str(error))))
        return
    yield clock.stamp(_finished(written, verbatim, task, question, evidence))


def _span(window: Window, evidence: Evidence) -> tuple[str, int, int]:
    first, last = (evidence.sentences[row] for row in window)
    return first.article.id, first.start, last.end


def _task(verbatim: Answer, question: Question, query: Query, evidence: Evidence, settings: Settings) -> Task:
    reading = choose_reading(question, evidence, most=settings.reading)
    spoken = language_read(reading, evidence)
    wording = query.wordings.get(spoken)
    asked, spoken = (wording.text, spoken) if wording else (verbatim.question, verbatim.language)
    shown = excerpts(reading, evidence)
    required = [n for n, window in enumerate(reading.windows, start=1) if window in reading.parts]
    return Task(
        asked,
        spoken,
        reading,
        build_messages(asked, shown, language=spoken),
        build_grammar(len(shown), language=spoken, required=required),
        frozenset(head(excerpt.passage) for excerpt in shown),
        0.0 if required else settings.refuse_below,
    )


def _write(
    written: Written,
    task: Task,
    question: Question,
    evidence: Evidence,
    generator: Generator,
    settings: Settings,
    clock: Clock,
) -> Iterator[Answer]:
    """Let the model write, and check each line; stops it when nothing it may write can be sure enough."""
    leaning: dict[str, float] = {}
    pieces = generator.stream(
        task.messages, grammar=task.grammar, max_tokens=settings.max_tokens, first=leaning.update
    )
    with closing(pieces):  # type: ignore[type-var]
        for draft in parse_lines(clock.first_token(pieces)):
            if leaning and "willing" not in written.answer.signs:
                written.answer = weighed(written.answer, leaning)
                written.refused = bool(task.threshold) and ceiling(written.answer, leaning) < task.threshold
                if written.refused:
                    break
            if draft is None:
                # Nothing new to show, but whoever wants to stop the model can do so here.
                yield written.answer
            elif draft.refusal:
                written.refused = not written.supports
                break
            elif _new(draft, written, task):
                windows = task.reading.windows
                named = [windows[n - 1] for n in draft.excerpts if n <= len(windows)]
                found = support(draft.text, evidence, named=named, about=question.names)
                written.supports.append((draft.text, found))
                written.answer = weighed(written.answer, leaning, written.supports)
                if task.language == written.answer.language and written.answer.confidence >= task.threshold:
                    mark = settings.unsupported == "mark"
                    written.answer = resolved(written.answer, written.supports, evidence, mark=mark)
                    yield written.answer
    written.refused = written.refused or written.answer.confidence < task.threshold


def _new(draft: Draft, written: Written, task: Task) -> bool:
    """Whether a line says something: no heading copied, nothing said before."""
    said = [text for text, _ in written.supports]
    return draft.text[:-1] not in task.heads and not repeats(draft.text, said)


def _restate(
    written: Written, task: Task, evidence: Evidence, generator: Generator, *, mark: bool
) -> Iterator[Answer]:
    """Put checked statements into the answer's language, one after the other."""
    put: list[Supported] = []
    for text, found in written.supports:
        unsupported = found is None or found.verdict == "unsupported"
        if unsupported and not mark:
            continue
        words = ""
        with closing(restate(text, generator, to=written.answer.language)) as pieces:  # type: ignore[type-var]
            for piece in pieces:
                words += piece
                yield written.answer
        words = readable(words).strip()
        if found is None or unsupported:
            put.append((words, None))
        elif words:
            put.append(restated(text, words, found, evidence, question=task.asked))
        written.answer = resolved(written.answer, put, evidence, mark=mark)
        yield written.answer


def _finished(
    written: Written, verbatim: Answer, task: Task, question: Question, evidence: Evidence
) -> Answer:
    """A refusal, the statements with what is missing or disagrees, or the verbatim sentences instead."""
    answer = written.answer
    if written.refused:
        below = answer.confidence if answer.confidence < task.threshold else 0.0
        return not_found(replace(answer, mode="generated"), confidence=below)
    if answer.statements:
        answer = completed(answer, question, written.supports, evidence, spoken=task.language)
        return replace(answer, mode="generated")
    return replace(
        verbatim,
        status="unverified",
        mode="generated",
        note=word("unverified", answer.language),
        confidence=answer.confidence,
        signs=answer.signs,
    )

"""Questions from browsers to updates of the page: checked, answered in turn, stopped, told when they fail."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Protocol

from ragqa import frame, markup
from ragqa.errors import RagqaError
from ragqa.records import Answer, Article, Language
from ragqa.running import Run

LONGEST_QUESTION = 2_000
_log = logging.getLogger(__name__)

# Status, answer and sources as HTML; None leaves what is there.
Update = tuple[str, str, str | None]


class Manifest(Protocol):
    """What the page tells about an index."""

    @property
    def skipped(self) -> Sequence[object]: ...


class Index(Protocol):
    """The articles that can be asked."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def articles(self) -> Sequence[Article]: ...


class Pipeline(Protocol):
    """What the page needs of ragqa.pipeline.Pipeline."""

    @property
    def index(self) -> Index | None: ...

    def stream(self, question: str) -> Iterator[Answer]: ...

    def article(self, article_id: str) -> Article: ...

    def examples(self, language: Language) -> list[str]: ...


class Desk:
    """Answers questions for all browsers, one at a time; each browser can stop its own."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._turn = threading.Lock()
        self._runs: dict[str, Run] = {}

    def stop(self, browser: str) -> None:
        """Stop what runs for ``browser``, if anything does."""
        run = self._runs.get(browser)
        if run is not None:
            run.stop()

    def ask(self, question: object, ui: Language, browser: str) -> Iterator[Update]:
        """Status, answer and sources as HTML, as far as they have come; closing it stops the model."""
        problem, asked = _checked(ui, question)
        if not problem and self._pipeline.index is None:
            problem = frame.no_index(ui)
        self.stop(browser)
        run = self._runs[browser] = Run(lambda: self._pipeline.stream(asked), self._turn)
        try:
            yield markup.status(ui, None, "waiting" if self._turn.locked() else "running"), "", ""
            if problem:
                yield markup.status(ui, None, "error"), problem, ""
            else:
                yield from _snapshots(run, ui)
        except RagqaError as error:
            yield markup.status(ui, None, "error"), markup.message(ui, str(error), verbatim=True), None
        except Exception:
            _log.exception("a question could not be answered")
            yield markup.status(ui, None, "error"), markup.message(ui, "note.error"), None
        finally:
            run.stop()
            if self._runs.get(browser) is run:
                del self._runs[browser]


def _snapshots(run: Run, ui: Language) -> Iterator[Update]:
    began = time.monotonic()
    answer: Answer | None = None
    quoted: Answer | None = None
    shown: Answer | None = None
    sources = ""
    told: Update | None = None
    for answer in run:
        if answer.mode == "extractive":
            quoted = answer
        # Quoted sentences stay while passages are looked up again, and until the model's first one.
        blank = answer.mode == "sources" or (answer.mode == "generating" and not answer.statements)
        shown = quoted if quoted and blank else answer
        before, sources = sources, markup.sources(ui, shown)
        update = (
            markup.status(ui, answer, "running"),
            markup.answer(ui, shown, "running"),
            None if sources == before else sources,
        )
        # While the model reads, snapshots come that show nothing new.
        if update != told:
            told = update
            yield update
    if run.stopped:
        yield markup.status(ui, shown, "stopped"), markup.answer(ui, shown, "stopped") if shown else "", None
        return
    if answer is None:
        raise RuntimeError("the pipeline gave no answer")
    yield (
        markup.status(ui, answer, "done", time.monotonic() - began),
        markup.answer(ui, answer, "done"),
        markup.sources(ui, answer),
    )


def _checked(ui: Language, question: object) -> tuple[str, str]:
    """A message when ``question`` cannot be asked, and the question without what no one can read."""
    if not isinstance(question, str):
        return markup.message(ui, "note.empty"), ""
    # JSON carries NUL and lone surrogates, which neither UTF-8 nor the models take.
    asked = question.replace("\0", "").encode("utf-8", "ignore").decode("utf-8").strip()
    if not asked:
        return markup.message(ui, "note.empty"), ""
    if len(asked) > LONGEST_QUESTION:
        return markup.message(ui, "note.long", n=LONGEST_QUESTION, m=len(asked)), ""
    return "", asked

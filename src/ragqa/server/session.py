"""Handle the questions of browsers: validate, queue, stop, report errors."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from typing import Any

from ragqa.cache import Cache
from ragqa.errors import BusyError, RagqaError
from ragqa.pipeline import Pipeline
from ragqa.retrieval import MOST_CHARACTERS
from ragqa.server import answer_html, markup, page_html
from ragqa.server.params import Params, read_params, ui_of
from ragqa.server.request_queue import QueuedAnswer, RequestQueue
from ragqa.types import Answer, Language

# Finished answers that can be taken away or judged.
_KEPT = 200
_log = logging.getLogger(__name__)

# Status, answer and sources as HTML; None leaves what is there.
Update = tuple[str, str, str | None]


class Session:
    """Answers questions for all browsers and programs, one at a time; each browser can stop its own."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.kept: Cache[Answer] = Cache(_KEPT)
        self.queue = RequestQueue(pipeline.settings.waiting)
        self._runs: dict[str, QueuedAnswer] = {}

    def stop(self, browser: str) -> None:
        """Stop what runs for ``browser``, if anything does."""
        run = self._runs.get(browser)
        if run is not None:
            run.stop()

    def start(self, question: str, *, program: bool = False, **options: Any) -> QueuedAnswer:
        """Put a question into the queue; options as in ``Pipeline.stream``. BusyError when it is full."""
        return QueuedAnswer(lambda: self.pipeline.stream(question, **options), self.queue, program=program)

    def ask(self, question: object, wished: object, browser: str) -> Iterator[Update]:
        """Status, answer and sources as HTML, as they grow; closing the iterator stops the model.

        ``wished`` is what params.py reads.
        """
        params, problem = _read(wished)
        ui = params.ui
        unasked, asked = _checked(ui, question)
        problem = problem or unasked
        if not problem and self.pipeline.index is None:
            problem = page_html.no_index(ui)
        self.stop(browser)
        if problem:
            yield answer_html.status(ui, None, "error"), problem, ""
            return
        run: QueuedAnswer | None = None
        try:
            options = _options(params)
            run = self._runs[browser] = self.start(asked, **options)
            state: answer_html.State = "waiting" if run.ahead else "running"
            yield answer_html.status(ui, None, state, loading=self.pipeline.opening, ahead=run.ahead), "", ""
            yield from self._snapshots(run, ui, translate=params.translate, write=bool(params.write))
        except BusyError as error:
            full = markup.message(ui, "note.full", n=error.waiting)
            yield answer_html.status(ui, None, "error"), full, ""
        except RagqaError as error:
            yield answer_html.status(ui, None, "error"), markup.message(ui, str(error), verbatim=True), None
        except Exception:
            _log.exception("a question could not be answered")
            yield answer_html.status(ui, None, "error"), markup.message(ui, "note.error"), None
        finally:
            if run is not None:
                run.stop()
                if self._runs.get(browser) is run:
                    del self._runs[browser]

    def _snapshots(
        self, run: QueuedAnswer, ui: Language, *, translate: bool, write: bool
    ) -> Iterator[Update]:
        began = time.monotonic()
        answer: Answer | None = None
        sources = ""
        told: Update | None = None
        for answer in run:
            before, sources = sources, markup.sources(ui, answer)
            update = (
                answer_html.status(
                    ui, answer, "running", loading=self.pipeline.loading, translate=translate, write=write
                ),
                answer_html.answer(ui, answer, "running"),
                None if sources == before else sources,
            )
            # While the model works, snapshots come that show nothing new.
            if update != told:
                told = update
                yield update
        if run.stopped:
            yield (
                answer_html.status(ui, answer, "stopped"),
                answer_html.answer(ui, answer, "stopped") if answer else "",
                None,
            )
            return
        if answer is None:
            raise RuntimeError("the pipeline gave no answer")
        token = secrets.token_urlsafe(12)
        self.kept.put(token, answer)
        yield (
            answer_html.status(ui, answer, "done", time.monotonic() - began),
            answer_html.answer(ui, answer, "done", token=token),
            markup.sources(ui, answer),
        )


def _read(wished: object) -> tuple[Params, str]:
    """The options, and a message when they are invalid."""
    try:
        return read_params(wished), ""
    except RagqaError as error:
        return Params(ui=ui_of(wished)), markup.message(ui_of(wished), str(error), verbatim=True)


def _options(params: Params) -> dict[str, Any]:
    return {
        "k": params.k,
        "filters": params.filters,
        "use_llm": params.translate or bool(params.write),
        "translate": params.translate,
        "write": params.write,
        "after": params.after or None,
    }


def _checked(ui: Language, question: object) -> tuple[str, str]:
    """A message when a question cannot be asked, and the question without unprintable characters."""
    if not isinstance(question, str):
        return markup.message(ui, "note.empty"), ""
    # JSON carries NUL and lone surrogates, which neither UTF-8 nor the models take.
    asked = question.replace("\0", "").encode("utf-8", "ignore").decode("utf-8").strip()
    if not asked:
        return markup.message(ui, "note.empty"), ""
    if len(asked) > MOST_CHARACTERS:
        return markup.message(ui, "note.long", n=MOST_CHARACTERS, m=len(asked)), ""
    return "", asked

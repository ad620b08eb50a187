"""The Gradio page: a question in, an answer with its sources out, snapshot by snapshot.

Gradio carries the question and streams the answer; markup.py turns records into HTML, page.js does
what needs no server, and web.py is the server around it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read once, when gradio is imported

import gradio as gr
from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles

from ragqa import frame, markup, web
from ragqa.errors import ArticleNotFoundError, RagqaError
from ragqa.records import Answer, Article, Language
from ragqa.interface import ui_language

LONGEST_QUESTION = 2_000
_ASSETS = Path(__file__).with_name("assets")
_SANS = ["system-ui", "-apple-system", "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif"]
_log = logging.getLogger(__name__)

Update = tuple[Any, Any, Any]  # status, answer, sources


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


def updates(pipeline: Pipeline, question: object, ui: Language) -> Iterator[Update]:
    """Status, answer and sources as HTML, as far as they have come; closing it stops the model."""
    yield markup.status(ui, None, "running"), "", ""
    problem, asked = _checked(ui, question)
    if not problem and pipeline.index is None:
        problem = frame.no_index(ui)
    if problem:
        yield markup.status(ui, None, "error"), problem, ""
        return
    try:
        yield from _snapshots(pipeline, asked, ui)
    except RagqaError as error:
        yield markup.status(ui, None, "error"), markup.message(ui, str(error), verbatim=True), gr.skip()
    except Exception:
        _log.exception("a question could not be answered")
        yield markup.status(ui, None, "error"), markup.message(ui, "note.error"), gr.skip()


def _snapshots(pipeline: Pipeline, question: str, ui: Language) -> Iterator[Update]:
    began = time.monotonic()
    answer: Answer | None = None
    quoted: Answer | None = None
    sources = ""
    snapshots = pipeline.stream(question)
    try:
        for answer in snapshots:
            if answer.mode == "extractive":
                quoted = answer
            # Quoted sentences stay while passages are looked up again, and until the model's first one.
            blank = answer.mode == "sources" or (answer.mode == "generating" and not answer.statements)
            shown = quoted if quoted and blank else answer
            before, sources = sources, markup.sources(ui, shown)
            yield (
                markup.status(ui, answer, "running"),
                markup.answer(ui, shown, done=False),
                gr.skip() if sources == before else sources,
            )
    finally:
        close = getattr(snapshots, "close", None)
        if close is not None:
            close()
    if answer is None:
        raise RuntimeError("the pipeline gave no answer")
    seconds = time.monotonic() - began
    yield (
        markup.status(ui, answer, "done", seconds),
        markup.answer(ui, answer, done=True),
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


def build(pipeline: Pipeline) -> gr.Blocks:
    """The page's parts and the two events, ask and stop, that need Python."""
    ui: Language = "en"  # page.js puts the words into the reader's language
    with gr.Blocks(title="ragqa", analytics_enabled=False, fill_width=True) as page:
        head = _html("head")
        with gr.Row(elem_id="room"):
            with gr.Column(elem_id="work", scale=6, min_width=0):
                with gr.Column(elem_id="asking"):
                    question = gr.Textbox(
                        elem_id="question", show_label=False, container=False, lines=1, max_lines=8, label="Question"
                    )
                    with gr.Row(elem_id="buttons"):
                        _html("keys", frame.keys(ui))
                        stop = gr.Button("Stop", elem_id="stop", variant="secondary", min_width=0)
                        ask = gr.Button("Ask", elem_id="ask", variant="primary", min_width=0)
                examples = _html("examples")
                status = _html("status")
                answer = _html("answer")
                sources = _html("sources")
                _html("history", frame.history(ui))
                corpus = _html("corpus")
                _html("evaluate", frame.evaluation(ui))
            with gr.Column(elem_id="side", scale=5, min_width=0):
                _html("reader", frame.reader_shell(ui))
        language = gr.Textbox(visible=False)

        def answering(text: str, wanted: str) -> Iterator[Update]:
            yield from updates(pipeline, text, ui_language(wanted))

        running = ask.click(
            answering,
            inputs=[question, language],
            outputs=[status, answer, sources],
            js="() => window.ragqa.collect()",
            show_progress="hidden",
            api_visibility="private",
            concurrency_limit=1,
        )
        stop.click(
            lambda: markup.status(ui, None, "stopped"),
            outputs=[status],
            cancels=[running],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
        page.load(
            lambda: _holdings(pipeline, ui),
            outputs=[head, examples, corpus, answer],
            queue=False,
            show_progress="hidden",
            api_visibility="private",
        )
    page.queue(max_size=16, default_concurrency_limit=1)
    return page


def _html(name: str, value: str = "") -> gr.HTML:
    # Without the default script: it would send every click to the server.
    return gr.HTML(value, elem_id=name, js_on_load=None, apply_default_css=False)


def _holdings(pipeline: Pipeline, ui: Language) -> tuple[str, str, str, Any]:
    """What depends on the index when a page is opened: head, examples, list of articles, a first word."""
    index = pipeline.index
    if index is None:
        return frame.masthead(ui, ()), "", frame.corpus(ui, ()), frame.no_index(ui)
    languages: tuple[Language, ...] = ("en", "zh")
    questions = [(code, example) for code in languages for example in pipeline.examples(code)[:4]]
    return (
        frame.masthead(ui, index.articles),
        frame.examples(ui, questions),
        frame.corpus(ui, index.articles, len(index.manifest.skipped)),
        gr.skip(),
    )


def application(pipeline: Pipeline) -> FastAPI:
    """The page, its assets, the reader's articles and ``/healthz`` behind one guard."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(web.Guard)

    @app.get("/healthz")
    def healthz() -> dict[str, Any]:
        return {"status": "ok", "index": pipeline.index is not None}

    @app.get("/ragqa/article")
    def article(
        id: Annotated[str, Query(max_length=4_000)],  # noqa: A002
        ui: str = "en",
        mark: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006
    ) -> Response:
        try:
            found = pipeline.article(id)
        except ArticleNotFoundError as error:
            return PlainTextResponse(str(error), 404)
        marks = [each for text in mark if (each := _mark(text, found)) is not None]
        return HTMLResponse(markup.reader(ui_language(ui), found, marks))

    app.mount("/ragqa", StaticFiles(directory=_ASSETS))
    return gr.mount_gradio_app(
        app,
        build(pipeline),
        path="/",
        theme=gr.themes.Base(font=_SANS, font_mono=["ui-monospace", "monospace"]),
        head='<link rel="stylesheet" href="ragqa/page.css"><script src="ragqa/page.js"></script>',
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size="1kb",
    )


def _mark(text: str, article: Article) -> markup.Mark | None:
    """``n:start:end`` as a span inside ``article``; anything else is dropped."""
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    n, start, end = map(int, parts)
    return markup.Mark(n, start, end) if start < end <= len(article.text) else None


def launch(pipeline: Pipeline, *, host: str, port: int) -> tuple[FastAPI, str]:
    """Serve from a thread (port 0 takes a free one); ``app.state.stop()`` ends it."""
    taken = web.bind(host, port)
    app = application(pipeline)
    app.state.stop = web.run_in_thread(app, taken)
    return app, web.address(taken)


def serve(pipeline: Pipeline, *, host: str, port: int, open_browser: bool = False) -> None:
    """Serve until interrupted; says on stderr when the page is ready."""
    taken = web.bind(host, port)
    web.run(application(pipeline), taken, open_browser=open_browser)


def main() -> None:
    """Open the pipeline with the settings of this machine and serve the page."""
    from ragqa.pipeline import Pipeline as Opened
    from ragqa.settings import Settings

    try:
        settings = Settings.load()
        serve(Opened.open(settings), host=settings.host, port=settings.port)
    except RagqaError as error:
        print(f"ragqa: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)

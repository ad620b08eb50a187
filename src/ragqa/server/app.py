"""The Gradio page: takes a question and streams the answer with its sources.

Gradio carries the question and streams the answer; session.py answers, markup.py turns records into
HTML, page.js does what needs no server, and runtime.py is the server around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from fastapi import FastAPI, Query
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles

from ragqa.errors import ArticleNotFoundError, SettingsError
from ragqa.evaluation import run_store
from ragqa.pipeline import Pipeline
from ragqa.server import (
    admin,
    answers,
    api,
    article_html,
    listening,
    markup,
    openai_api,
    openapi,
    page_html,
    page_state,
    panels,
    runtime,
)
from ragqa.server.access import Access
from ragqa.server.gradio_import import gr
from ragqa.server.i18n import ui_language
from ragqa.server.keys import KeyRing
from ragqa.server.security import Guard
from ragqa.server.session import Session
from ragqa.types import Language

if TYPE_CHECKING:
    from ragqa.settings import Settings

_ASSETS = Path(__file__).with_name("assets")
_SANS = [
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "sans-serif",
]
_HEAD = "".join(
    [f'<link rel="stylesheet" href="ragqa/{name}.css">' for name in ("page", "tools", "panels")]
    + [f'<script type="module" src="ragqa/{name}.js"></script>' for name in ("page", "panels")]
)
_UI: Language = "en"  # until page.js puts the words into the reader's language
# Questions that Gradio itself turns away; before that the page says how many are waiting.
_FLOOD = 100
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class Parts(NamedTuple):
    """The components that events touch."""

    head: gr.HTML
    question: gr.Textbox
    wishes: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    examples: gr.HTML
    status: gr.HTML
    answer: gr.HTML
    sources: gr.HTML
    corpus: gr.HTML
    evaluate: gr.HTML


def build(session: Session) -> gr.Blocks:
    """Build the page: its components and events."""
    page: gr.Blocks
    pipeline = session.pipeline
    with gr.Blocks(title="ragqa", analytics_enabled=False, fill_width=True) as page:
        parts = _lay_out(pipeline)
        _connect(page, parts, session)
        page.load(
            lambda: _opening(pipeline),
            outputs=[parts.head, parts.examples, parts.corpus, parts.evaluate, parts.answer],
            queue=False,
            **_QUIET,
        )
    page.queue(max_size=_FLOOD, default_concurrency_limit=1)
    return page


def _lay_out(pipeline: Pipeline) -> Parts:
    head = _html("head")
    with gr.Row(elem_id="room"):
        with gr.Column(elem_id="work", scale=6, min_width=0):
            _html("before", page_html.following(_UI))
            with gr.Column(elem_id="asking"):
                question = gr.Textbox(
                    elem_id="question",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=8,
                    label="Question",
                )
                with gr.Row(elem_id="buttons"):
                    _html("keys", page_html.keys(_UI))
                    stop = gr.Button("Stop", elem_id="stop", variant="secondary", min_width=0)
                    ask = gr.Button("Ask", elem_id="ask", variant="primary", min_width=0)
            settings, model = pipeline.settings, pipeline.models["generator"]
            _html("advanced", page_html.advanced(_UI, model=model, k=settings.k, write=settings.write))
            examples, status, answer, sources = map(_html, ("examples", "status", "answer", "sources"))
            _html("history", page_html.history(_UI))
            corpus, evaluate = map(_html, ("corpus", "evaluate"))
        with gr.Column(elem_id="side", scale=5, min_width=0):
            _html("reader", page_html.reader_shell(_UI))
    wishes = gr.Textbox(visible=False)
    return Parts(head, question, wishes, ask, stop, examples, status, answer, sources, corpus, evaluate)


def _connect(page: gr.Blocks, parts: Parts, session: Session) -> None:
    def answering(question: str, wishes: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        for update in session.ask(question, wishes, request.session_hash or ""):
            yield tuple(gr.skip() if part is None else part for part in update)

    def stopping(request: gr.Request) -> None:
        session.stop(request.session_hash or "")

    parts.ask.click(
        answering,
        inputs=[parts.question, parts.wishes],
        outputs=[parts.status, parts.answer, parts.sources],
        js="() => window.ragqa.collect()",
        # Who waits for a turn is told so, instead of waiting unseen in Gradio's queue.
        concurrency_limit=session.pipeline.settings.waiting + 4,
        **_QUIET,
    )
    parts.stop.click(stopping, queue=False, **_QUIET)
    page.unload(stopping)


def _html(name: str, value: str = "") -> gr.HTML:
    # Without the default script: it would send every click to the server.
    return gr.HTML(value, elem_id=name, js_on_load=None, apply_default_css=False)


def _opening(pipeline: Pipeline) -> tuple[Any, ...]:
    """Contents of a page at opening: header, examples, corpus, evaluations, first message."""
    held = page_state.held(pipeline)
    _, problem = page_state.index_of(_UI, pipeline)
    return (
        page_html.masthead(_UI, held.articles),
        page_state.examples(_UI, pipeline),
        panels.corpus(_UI, held),
        panels.evaluation(_UI, run_store.run_list(pipeline.settings)),
        problem or gr.skip(),
    )


def application(pipeline: Pipeline, access: Access | None = None) -> FastAPI:
    """The application: the page, its assets, articles and the routes for programs, behind one security middleware.

    ``app.state.session`` is where questions are asked.
    """
    app = FastAPI(openapi_url=None)
    app.add_middleware(Guard, access=access, larger=admin.LARGE, keys=KeyRing(pipeline.settings.keys))
    session = app.state.session = Session(pipeline)
    slots = api.search_slots()
    api.add_routes(app, session, slots)
    openai_api.add_routes(app, session, slots)
    openapi.add_routes(app)

    @app.get("/ragqa/article")
    def article(
        article_id: Annotated[str, Query(alias="id", max_length=4_000)],
        mark: Annotated[list[str], Query(default_factory=list, max_length=100)],
        ui: str = "en",
        edition: Annotated[str, Query(max_length=40)] = "",
    ) -> Response:
        try:
            found = pipeline.article(article_id)
        except ArticleNotFoundError as error:
            return PlainTextResponse(str(error), 404)
        marks = [each for text in mark for each in markup.read_marks(text, found)]
        return HTMLResponse(article_html.reader(ui_language(ui), found, marks, asked=edition))

    answers.add_routes(app, session, pipeline.settings.candidates)
    admin.add_routes(app, pipeline)
    app.mount("/ragqa", StaticFiles(directory=_ASSETS))
    gr.mount_gradio_app(
        app,
        build(session),
        path="/",
        theme=gr.themes.Base(font=_SANS, font_mono=["ui-monospace", "monospace"]),
        head=_HEAD,
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        max_file_size="1kb",
        app_kwargs={"openapi_url": None},
    )
    return app


def launch(pipeline: Pipeline, *, host: str, port: int) -> tuple[FastAPI, str]:
    """Serve from a thread (port 0 takes a free one); ``app.state.stop()`` ends it."""
    access = _access(pipeline.settings.model_copy(update={"host": host}))
    taken = listening.bind(host, port)
    app = application(pipeline, access)
    app.state.stop = runtime.run_in_thread(app, taken)
    return app, listening.address(taken)


def start(pipeline: Pipeline) -> None:
    """Serve a pipeline until interrupted; its models are loaded once the page is up.

    Raises SettingsError when the page would be open to a network without a password.
    """
    settings = pipeline.settings
    access, certificate = _access(settings), _certificate(settings)
    taken = listening.bind(settings.host, settings.port)
    app = application(pipeline, access)
    queue = app.state.session.queue
    runtime.run(
        app,
        taken,
        stopping=runtime.Stopping(refuse=queue.close, cut=queue.cut, idle=lambda: queue.empty),
        certificate=certificate,
        on_ready=pipeline.warm,
    )


def _access(settings: Settings) -> Access:
    return Access.of(
        host=settings.host,
        hosts=settings.hosts,
        password=settings.password.get_secret_value(),
        rate=settings.rate,
    )


def _certificate(settings: Settings) -> tuple[Path, Path] | None:
    files = settings.certificate, settings.certificate_key
    if None in files and files != (None, None):
        raise SettingsError("certificate and certificate_key go together; one of them is missing")
    return None if files[0] is None or files[1] is None else (files[0], files[1])

"""Routes of the corpus and evaluation panels: upload, remove, rebuild, evaluate."""

from __future__ import annotations

import threading
from dataclasses import asdict

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from ragqa.corpus import MAX_BYTES, uploads
from ragqa.errors import IndexMismatchError, RagqaError, UploadError
from ragqa.evaluation import run, run_store
from ragqa.pipeline import Pipeline
from ragqa.server import page_state
from ragqa.server.i18n import phrase, ui_language
from ragqa.server.jobs import Job
from ragqa.settings import Settings
from ragqa.types import Progress

# Where a body may be as large as an article.
LARGE = {"/ragqa/corpus/file": MAX_BYTES}
# The seconds in which one more file joins the same rebuild.
_QUIET = 0.6
_REPORT_HEADERS = {
    "Content-Security-Policy": (
        "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def add_routes(app: FastAPI, pipeline: Pipeline) -> None:
    """``/ragqa/panels``, ``/ragqa/work``, ``/ragqa/corpus/…`` and ``/ragqa/runs/…``."""
    settings, turn = pipeline.settings, threading.Lock()
    arrived: list[str] = []

    def rebuild(progress: Progress) -> None:
        arrived.clear()
        rebuild_index(settings, progress)

    index = Job(rebuild, turn, quiet=_QUIET)
    measured = Job(lambda progress: run.quick(settings, progress), turn)
    _tell(app, pipeline, index, measured)
    _keep(app, settings, index, arrived)
    _measure(app, settings, measured)


def _tell(app: FastAPI, pipeline: Pipeline, index: Job, measured: Job) -> None:
    @app.get("/ragqa/panels")
    def contents(ui: str = "en") -> Response:
        return JSONResponse(page_state.contents(ui_language(ui), pipeline))

    @app.get("/ragqa/work")
    async def work() -> Response:
        return JSONResponse({"corpus": asdict(index.status), "evaluate": asdict(measured.status)})


def _keep(app: FastAPI, settings: Settings, index: Job, arrived: list[str]) -> None:
    @app.post("/ragqa/corpus/file")
    async def add(request: Request, name: str, replace: bool = False) -> Response:
        if len(arrived) >= uploads.MOST_FILES:
            return _refused(UploadError("shelf.busy", 429, n=uploads.MOST_FILES))
        arrived.append(name)
        try:
            # security.Guard counts the bytes as they come.
            added = await run_in_threadpool(
                uploads.add, settings.corpus, name, await request.body(), replace=replace
            )
        except Exception as error:
            if name in arrived:
                arrived.remove(name)
            if isinstance(error, RagqaError):
                return _refused(error)
            raise
        index.start()
        return JSONResponse({"name": added}, 201)

    @app.delete("/ragqa/corpus/file")
    def remove(name: str) -> Response:
        try:
            uploads.remove(settings.corpus, name)
        except RagqaError as error:
            return _refused(error)
        index.start()
        return JSONResponse({"name": name})

    @app.post("/ragqa/corpus/index")
    async def rebuild() -> Response:
        index.start()
        return JSONResponse({}, 202)


def _measure(app: FastAPI, settings: Settings, measured: Job) -> None:
    @app.post("/ragqa/runs")
    async def measure() -> Response:
        if not measured.busy:
            measured.start()
        return JSONResponse({}, 202)

    @app.get("/ragqa/runs/{name}/report.html")
    def report(name: str) -> Response:
        page = run_store.report(settings.runs, name)
        if page is None:
            return PlainTextResponse("There is no such report.", 404)
        return Response(page, media_type="text/html", headers=_REPORT_HEADERS)


def _refused(error: RagqaError) -> Response:
    if isinstance(error, UploadError):
        said = phrase("en", error.word, **error.values)
        return JSONResponse({"word": error.word, "args": error.values, "said": said}, error.status)
    return JSONResponse({"said": str(error)}, 500)


def rebuild_index(settings: Settings, progress: Progress) -> None:
    """Update the index; rebuild it where it was built with other settings. Raises RagqaError.

    It loads an encoder of its own: a tokenizer cannot be used from two threads.
    """
    from ragqa.index import update

    if uploads.is_empty(settings.corpus):
        raise UploadError("corpus.empty", 409)

    try:
        update(settings, progress=progress)
    except IndexMismatchError:
        update(settings, full=True, progress=progress)

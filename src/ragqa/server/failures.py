"""Errors as one sentence of JSON, without paths, tracebacks or the request."""

from __future__ import annotations

import logging
import secrets

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ragqa.errors import (
    ArticleNotFoundError,
    BusyError,
    IndexUnusableError,
    ModelError,
    QuestionError,
    RagqaError,
)
from ragqa.retrieval import MOST_CHARACTERS
from ragqa.server.i18n import phrase, ui_language
from ragqa.server.openai_requests import complaint_of
from ragqa.server.params import complaint
from ragqa.server.refusals import OPENAI, error_json
from ragqa.types import Language

_log = logging.getLogger(__name__)
_OPENAI_ROUTES = (
    "There is no such address or method; programs POST to /v1/chat/completions and /v1/embeddings,"
    " and GET /v1/models"
)


def tell_errors(app: FastAPI) -> None:
    """Answer errors with one sentence, without paths, tracebacks or the request."""

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # The first part of a place is body or query: where an option was sent.
        errors, path = [{**each, "loc": each["loc"][1:]} for each in error.errors()], request.url.path
        if path.startswith(OPENAI):
            said, param = complaint_of(ui_of(request), errors)
            return error_json(path, 400, said, param=param)
        return error_json(path, 422, complaint(ui_of(request), errors))

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> JSONResponse:
        path, said = request.url.path, error.detail
        if error.status_code in (404, 405):
            said = _OPENAI_ROUTES if path.startswith(OPENAI) else phrase(ui_of(request), "wrong.route")
        return error_json(path, error.status_code, said, error.headers)

    @app.exception_handler(RagqaError)
    async def failed(request: Request, error: RagqaError) -> JSONResponse:
        return error_json(request.url.path, *said_of(error, ui_of(request)))

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        number = secrets.token_hex(4)
        _log.error("request %s to %s failed", number, request.url.path)
        said = f"something went wrong here; the log says more about request {number}"
        return error_json(request.url.path, 500, said, request=number)


def ui_of(request: Request) -> Language:
    """The language that a client asks to be answered in."""
    return ui_language(request.headers.get("accept-language"))


def said_of(error: RagqaError, ui: Language) -> tuple[int, str]:
    """The HTTP status and the message of an error."""
    if isinstance(error, QuestionError):
        return 422, phrase(ui, "wrong.question", n=MOST_CHARACTERS)
    if isinstance(error, ArticleNotFoundError):
        return 404, phrase(ui, "wrong.article")
    if isinstance(error, BusyError):
        return 503, str(error)
    _log.error("%s", error)
    if isinstance(error, IndexUnusableError):
        return 503, "the index cannot answer; on the server run: ragqa doctor"
    if isinstance(error, ModelError):
        return 503, "a model cannot be used; on the server run: ragqa doctor"
    return 500, "the request failed; the log says more"

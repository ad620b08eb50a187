"""Refusals and errors in the shape that their caller expects: OpenAI's below /v1/, ours below /api/, text elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

OPENAI, OURS = "/v1/", "/api/"
# What OpenAI's clients tell errors apart by: the code of each status.
_CODES = {
    401: "invalid_api_key",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    429: "rate_limit_exceeded",
    503: "overloaded",
}


def refusal(path: str, status: int, said: str, headers: Mapping[str, str] | None = None) -> Response:
    """One sentence that turns a request to ``path`` away."""
    if path.startswith((OPENAI, OURS)):
        return error_json(path, status, said, headers)
    return PlainTextResponse(said, status, headers)


def error_json(
    path: str,
    status: int,
    said: str,
    headers: Mapping[str, str] | None = None,
    *,
    param: str | None = None,
    code: str | None = None,
    **more: Any,
) -> JSONResponse:
    """An error as JSON; ``param`` and ``code`` are told below /v1/ only, ``more`` elsewhere only."""
    if path.startswith(OPENAI):
        # OpenAI's name for a request that cannot be processed.
        status = 400 if status == 422 else status
        return JSONResponse(openai_error(status, said, param=param, code=code), status, headers)
    return JSONResponse({"error": said, **more}, status, headers)


def openai_error(
    status: int, said: str, *, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    """OpenAI's document of an error."""
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    return {
        "error": {
            "message": said,
            "type": kind if status < 500 else "server_error",
            "param": param,
            "code": code or _CODES.get(status),
        }
    }

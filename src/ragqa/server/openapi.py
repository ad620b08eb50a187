"""The description of the HTTP interface: /openapi.json, and a page of it that loads nothing from elsewhere."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from starlette.routing import BaseRoute

from ragqa import __version__
from ragqa.server import schemas

_SAID = (
    "Answers over an archive of articles, each cited by article, offsets and quote. /api/v1/ gives our own documents,"
    " /v1/ is for clients of OpenAI's interface: there the field ragqa of a chat completion is our document of the"
    " answer."
)
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#f6f8fa;color:#1f2328;padding:.8rem;overflow:auto}h2{margin-top:2.5rem;font-size:1.1rem}"
    "code{font-family:ui-monospace,monospace}"
)


def _json(example: Any, *, said: str, model: type[BaseModel] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": said,
        "content": {"application/json": {"example": example}},
    }
    return found | ({"model": model} if model else {})


def _operation(
    summary: str, example: Any, model: type[BaseModel] | None, *, openai: bool = False
) -> dict[str, Any]:
    """What a route says of itself: keyword arguments of FastAPI's decorators."""
    error: type[BaseModel] = schemas.OpenAIErrorDocument if openai else schemas.ErrorDocument
    refused = {
        401: "a key or the password is needed",
        429: "too many requests; Retry-After says when to come back",
        503: "busy, or the index or a model cannot be used; Retry-After says when to come back",
    }
    wrong = {400 if openai else 422: "what is wrong with the request"}
    said = {status: {"model": error, "description": text} for status, text in (wrong | refused).items()}
    return {
        "summary": summary,
        "tags": ["OpenAI" if openai else "ragqa"],
        "responses": {200: _json(example, said="found", model=model), **said},
    }


ASK = _operation("Answer a question with exact quotes", schemas.ANSWER, schemas.AnswerDocument)
SEARCH = _operation("Find the best passages", schemas.SEARCH, schemas.SearchDocument)
ARTICLE = _operation("Read an article", schemas.ARTICLE, schemas.ArticleDocument)
CHAT = _operation("Answer with quotes that are cited exactly", schemas.COMPLETION, None, openai=True)
EMBED = _operation("Vectors of texts, as the index holds them", schemas.EMBEDDINGS, None, openai=True)
MODELS = _operation("The models that can be named", schemas.MODELS, None, openai=True)
MODEL = _operation("One model", schemas.MODELS["data"][0], None, openai=True)


def add_routes(app: FastAPI) -> None:
    """``/openapi.json`` and ``/docs``; of the routes that are there already what is not hidden is described."""
    routes = list(app.routes)

    @functools.cache
    def document() -> dict[str, Any]:
        return described(routes)

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        return JSONResponse(document())

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(page(document()))


def described(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The OpenAPI document of some routes."""
    found = get_openapi(title="ragqa", version=__version__, description=_SAID, routes=routes)
    scheme = {
        "type": "http",
        "scheme": "bearer",
        "description": "a key (ragqa keys add NAME) or the password",
    }
    found["components"]["securitySchemes"] = {"key": scheme}
    # The first of the two says that on this machine, while there are no keys, none is needed.
    found["security"] = [{}, {"key": []}]
    return found


def page(document: dict[str, Any]) -> str:
    """The description as a page: each operation with an example of what is sent and what comes back."""
    parts = [
        f"<h1>ragqa {escape(document['info']['version'])}</h1><p>{escape(document['info']['description'])}</p>"
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(
                f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>"
            )
            named = [each["name"] for each in operation.get("parameters", ())]
            parts += [f"<p>Parameters: {escape(', '.join(named))}</p>"] if named else []
            for title, content in (
                ("sent", operation.get("requestBody")),
                ("comes back", operation["responses"]["200"]),
            ):
                for example in _examples(content, document):
                    shown = json.dumps(example, ensure_ascii=False, indent=1)
                    parts.append(f"<details><summary>{title}</summary><pre>{escape(shown)}</pre></details>")
    head = f'<meta charset="utf-8"><title>ragqa: HTTP</title><style>{_STYLE}</style>'
    link = '<p>The whole description: <a href="openapi.json">openapi.json</a>.</p>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(parts)}{link}</body></html>'


def _examples(content: dict[str, Any] | None, document: dict[str, Any]) -> list[Any]:
    """The examples of a body, its own or those of its schema."""
    told = (content or {}).get("content", {}).get("application/json", {})
    if "example" in told:
        return [told["example"]]
    name = told.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = document["components"]["schemas"].get(name, {})
    return list(schema.get("examples", ()))

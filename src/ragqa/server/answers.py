"""Routes for a finished answer: export and feedback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel, Field

from ragqa.documents import answer_json
from ragqa.evaluation import feedback
from ragqa.server.export import as_markdown, as_text
from ragqa.server.session import Session

_GONE = PlainTextResponse("This answer is no longer kept; ask the question again.", 404)


class Opinion(BaseModel):
    """A user's feedback on an answer."""

    token: str = Field(max_length=40)
    good: bool
    comment: str = Field("", max_length=2000)


def add_routes(app: FastAPI, session: Session, kept_in: Path) -> None:
    """``/ragqa/answer/TOKEN.txt|md|json`` and ``/ragqa/feedback``."""

    @app.get("/ragqa/answer/{name}")
    def taken(name: str) -> Response:
        token, _, form = name.rpartition(".")
        answer = session.kept.get(token)
        if answer is None:
            return _GONE
        if form == "json":
            return JSONResponse(_document(session, token), headers=_saved("answer.json"))
        if form == "md":
            return Response(as_markdown(answer), media_type="text/markdown", headers=_saved("answer.md"))
        return PlainTextResponse(as_text(answer))

    @app.post("/ragqa/feedback")
    def judged(opinion: Opinion) -> Response:
        if session.kept.get(opinion.token) is None:
            return _GONE
        feedback.keep(kept_in, _document(session, opinion.token), good=opinion.good, comment=opinion.comment)
        return JSONResponse({"kept": True})


def _document(session: Session, token: str) -> dict[str, Any]:
    answer = session.kept.get(token)
    assert answer is not None
    pipeline = session.pipeline
    return answer_json(answer, id=None, models=pipeline.models)


def _saved(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}

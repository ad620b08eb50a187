"""Taking an answer away and judging it, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.scripted import ScriptedPipeline

from ragqa.evaluation.feedback import pending
from ragqa.server.answers import add_routes
from ragqa.server.session import Session
from ragqa.types import Answer


@pytest.fixture
def kept(tmp_path: Path) -> tuple[TestClient, Path]:
    session, app, path = Session(ScriptedPipeline({}, [])), FastAPI(), tmp_path / "gold" / "candidates.jsonl"
    session.kept.put("abc", Answer("谁？", "zh", "not_found", note="没有。"))
    add_routes(app, session, path)
    return TestClient(app), path


@pytest.mark.parametrize(
    ("form", "kind", "start"),
    [
        ("txt", "text/plain", "谁？\n\n没有。"),
        ("md", "text/markdown", "## 谁？"),
        ("json", "application/json", '{"schema":"ragqa.answer/2"'),
    ],
)
def test_an_answer_can_be_taken_away(kept: tuple[TestClient, Path], form: str, kind: str, start: str) -> None:
    response = kept[0].get(f"/ragqa/answer/abc.{form}")
    assert response.headers["content-type"].startswith(kind)
    assert response.text.startswith(start)
    assert ("attachment" in response.headers.get("content-disposition", "")) == (form != "txt")


def test_an_answer_that_is_no_longer_kept_says_what_to_do(kept: tuple[TestClient, Path]) -> None:
    client, path = kept
    for response in (
        client.get("/ragqa/answer/xyz.md"),
        client.post("/ragqa/feedback", json={"token": "xyz", "good": True}),
    ):
        assert (response.status_code, response.text) == (
            404,
            "This answer is no longer kept; ask the question again.",
        )
    assert not path.exists()


def test_an_opinion_becomes_a_candidate(kept: tuple[TestClient, Path]) -> None:
    client, path = kept
    assert client.post(
        "/ragqa/feedback", json={"token": "abc", "good": False, "comment": "是他。"}
    ).json() == {"kept": True}
    (row,) = pending(path)
    assert (row["question"], row["good"], row["comment"]) == ("谁？", False, "是他。")


def test_a_remark_that_is_too_long_is_refused(kept: tuple[TestClient, Path]) -> None:
    body = {"token": "abc", "good": False, "comment": "x" * 2001}
    assert kept[0].post("/ragqa/feedback", json=body).status_code == 422

"""The description of the HTTP interface: what it says of requests and responses is so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from support.fakes import ScriptedGenerator
from support.house import BUYER, WHO, House

from ragqa.pipeline import Pipeline
from ragqa.server import schemas
from ragqa.server.app import application
from ragqa.server.openai_requests import ChatRequest, EmbeddingRequest

HOME = "http://127.0.0.1:7860"


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    house.script(ScriptedGenerator(BUYER))
    with TestClient(application(Pipeline.open(house.settings)), base_url=HOME) as client:
        yield client


@pytest.fixture
def described(client: TestClient) -> Any:
    return client.get("/openapi.json").json()


def test_all_routes_for_programs_are_described_and_nothing_else(described: Any) -> None:
    assert set(described["paths"]) == {
        "/api/v1/ask", "/api/v1/search", "/api/v1/article",
        "/v1/chat/completions", "/v1/embeddings", "/v1/models", "/v1/models/{name}",
    }  # fmt: skip
    for path in described["paths"].values():
        for operation in path.values():
            assert "example" in operation["responses"]["200"]["content"]["application/json"]
            assert {"401", "429", "503"} <= set(operation["responses"])


def test_every_example_of_a_request_is_one(described: Any) -> None:
    ChatRequest.model_validate(schemas.CHAT_EXAMPLE)
    EmbeddingRequest.model_validate(schemas.EMBEDDING_EXAMPLE)
    named = {
        name: each["examples"]
        for name, each in described["components"]["schemas"].items()
        if "examples" in each
    }
    assert set(named) == {"Asked", "Searched", "ChatRequest", "EmbeddingRequest"}


def test_every_example_of_a_response_is_of_its_schema() -> None:
    schemas.AnswerDocument.model_validate(schemas.ANSWER)
    schemas.SearchDocument.model_validate(schemas.SEARCH)
    schemas.ArticleDocument.model_validate(schemas.ARTICLE)
    schemas.AnswerDocument.model_validate(schemas.COMPLETION["ragqa"])
    citation = schemas.ANSWER["citations"][0]
    assert schemas.ARTICLE["text"][citation["start"] : citation["end"]] == citation["quote"]
    short = schemas.ANSWER["answers"][0]
    assert schemas.ARTICLE["text"][short["start"] : short["end"]] == short["text"]


def test_what_the_server_says_is_of_its_schema(client: TestClient) -> None:
    for body in (
        {"question": WHO},
        {"question": WHO, "write": True},
        {"question": "nothing of this", "id": 7},
    ):
        answer = client.post("/api/v1/ask", json=body).json()
        schemas.AnswerDocument.model_validate(answer)
    searched = client.post("/api/v1/search", json=schemas.SEARCH_EXAMPLE | {"since": None}).json()
    schemas.SearchDocument.model_validate(searched)
    assert searched["passages"]
    schemas.ArticleDocument.model_validate(client.get("/api/v1/article", params={"id": "harbour.md"}).json())
    for path in ("/api/v1/ask", "/api/v1/nothing"):
        schemas.ErrorDocument.model_validate(client.post(path, json={}).json())
    schemas.OpenAIErrorDocument.model_validate(client.post("/v1/chat/completions", json={}).json())


def test_addresses_without_a_version_answer_the_same(client: TestClient) -> None:
    documents = [client.get(f"{path}/search", params={"q": WHO}).json() for path in ("/api", "/api/v1")]
    for document in documents:
        document.pop("timings_ms")
    assert documents[0] == documents[1]


def test_the_page_of_it_asks_nothing_of_other_machines(client: TestClient) -> None:
    page = client.get("/docs", headers={"accept": "text/html"}).text
    assert "POST /v1/chat/completions" in page
    assert "Why is the harbour closed?" in page
    assert set(re.findall(r'(?:src|href)="([^"]*)"', page)) == {"openapi.json"}
    assert "<script" not in page

"""The guard before every route: whose requests pass, and how much of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.testclient import TestClient

from ragqa.server.security import Guard

HOME = "http://127.0.0.1:7860"


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI()
    app.add_middleware(Guard, larger={"/api/large": 3_000_000})

    @app.api_route("/api/small", methods=["GET", "POST", "DELETE", "PUT", "PATCH"])
    @app.api_route("/api/large", methods=["POST"])
    async def size(request: Request) -> int:
        return len(await request.body())

    @app.get("/api/own")
    def own() -> HTMLResponse:
        return HTMLResponse("<script>1</script>", headers={"Content-Security-Policy": "sandbox"})

    return TestClient(app, base_url=HOME)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 200),
        ({"origin": HOME}, 200),
        ({"origin": HOME, "sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://127.0.0.1:3000"}, 403),
        ({"origin": "http://localhost:7860"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "http://127.0.0.1:7860.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_only_the_page_itself_may_change_something(
    client: TestClient, method: str, headers: dict[str, str], code: int
) -> None:
    assert client.request(method, "/api/small", headers=headers).status_code == code


def test_reading_is_for_this_machine(client: TestClient) -> None:
    for origin, code in (("http://127.0.0.1:3000", 200), ("http://evil.example", 403), ("null", 403)):
        assert client.get("/api/small", headers={"origin": origin}).status_code == code
    for host in ("evil.example", "[", ""):
        assert client.get("/api/small", headers={"host": host}).status_code == 421


def pieces(count: int) -> Iterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(count):
        yield b"x" * 100_000


@pytest.mark.parametrize(
    ("path", "count", "code"),
    [("/api/small", 10, 200), ("/api/small", 11, 413), ("/api/large", 30, 200), ("/api/large", 31, 413)],
)
def test_a_body_is_counted_as_it_comes(client: TestClient, path: str, count: int, code: int) -> None:
    for content in (pieces(count), b"".join(pieces(count))):
        response = client.post(path, content=content)
        assert response.status_code == code
        refused = {"error": "The request is too large."}
        assert response.json() == (count * 100_000 if code == 200 else refused)
        assert response.headers["x-content-type-options"] == "nosniff"


def test_a_policy_of_its_own_stays(client: TestClient) -> None:
    response = client.get("/api/own")
    assert response.headers["content-security-policy"] == "sandbox"
    assert response.headers["x-frame-options"] == "DENY"

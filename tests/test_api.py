"""The routes for programs: documents of the command line, and errors that give nothing away."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fakes import ScriptedGenerator, failing
from support.house import BUYER, WHO, House
from support.tally import Tally

from ragqa.errors import ModelDamagedError, ModelError
from ragqa.pipeline import Pipeline
from ragqa.server import api
from ragqa.server.app import application
from ragqa.server.session import Session

HOME = "http://127.0.0.1:7860"


class Served:
    def __init__(self, house: House, *replies: Any) -> None:
        self.model = ScriptedGenerator(*replies)
        house.script(self.model)
        self.pipeline = Pipeline.open(house.settings, require_index=False)
        app = application(self.pipeline)
        self.session: Session = app.state.session
        self.client = TestClient(app, base_url=HOME, raise_server_exceptions=False)

    def ask(self, question: Any, **more: Any) -> Any:
        return self.client.post("/api/ask", json={"question": question, **more})


@pytest.fixture
def served(house: House) -> Served:
    return Served(house, BUYER)


def test_ask_gives_the_command_line_s_document(served: Served) -> None:
    document = served.ask(WHO, id=7).json()
    assert document["schema"] == "ragqa.answer/2"
    assert document["id"] == 7
    assert document["answers"][1]["text"] == "Its buyer is Marta Lindqvist, a painter"
    assert document["index"] == served.pipeline.describe()
    assert document["citations"][1]["quote"] == "Its buyer is Marta Lindqvist, a painter."
    assert served.session.queue.empty


def test_a_written_answer_comes_when_it_is_asked_for(served: Served) -> None:
    assert served.ask(WHO).json()["mode"] == "quotes"
    assert served.model.prompts == []
    document = served.ask(WHO, write=True).json()
    assert document["mode"] == "written"
    assert document["statements"][0] == {
        "kind": "written", "text": "Marta Lindqvist is the buyer.", "citations": [2], "verdict": "supported",
        "translation": None,
    }  # fmt: skip
    assert served.ask(WHO, write=True, no_llm=True).json()["mode"] == "quotes"


def test_quotes_without_the_model_do_not_wait_for_a_turn(served: Served) -> None:
    run = served.session.start("one before")  # it holds the line until it is stopped
    assert served.ask(WHO, no_llm=True).json()["status"] == "answered"
    run.stop()


def test_ask_without_the_model_and_with_a_filter(served: Served) -> None:
    document = served.ask(WHO, no_llm=True, k=1, written_in="zh").json()
    assert [p["article_id"] for p in document["passages"]] == ["harbour.md"]
    assert served.model.prompts == []


@pytest.mark.parametrize("name", ["q", "query", "question", "text"])
def test_search_by_address_or_by_document(served: Served, name: str) -> None:
    by_address = served.client.get("/api/search", params={name: WHO, "k": 2, "id": "x"}).json()
    by_document = served.client.post("/api/search", json={name: WHO, "k": 2, "id": "x"}).json()
    for document in (by_address, by_document):
        document.pop("timings_ms")
    assert by_address == by_document
    assert by_address["schema"] == "ragqa.search/1"
    assert by_address["passages"][0]["article_id"] == "lighthouse.md"
    assert len(by_address["passages"]) == 2
    assert served.model.prompts == []


def test_article_gives_the_text_that_citations_point_into(served: Served) -> None:
    citation = served.ask(WHO).json()["citations"][0]
    document = served.client.get("/api/article", params={"id": citation["article_id"]}).json()
    assert document["text"][citation["start"] : citation["end"]] == citation["quote"]
    missing = served.client.get("/api/article", params={"id": "../../etc/passwd"})
    assert missing.status_code == 404
    assert missing.json() == {"error": "There is no such article."}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "question: a text of 1 to 2000 characters"),
        ({"question": ""}, "question: a text of 1 to 2000 characters"),
        ({"question": "x" * 2001}, "question: a text of 1 to 2000 characters"),
        ({"question": " \n"}, "question: a text of 1 to 2000 characters"),
        ({"question": ["x"]}, "question: a text of 1 to 2000 characters"),
        ({"q": 5}, "question: a text of 1 to 2000 characters"),
        ({"question": "x", "k": 0}, "k: a whole number from 1 to 100"),
        ({"question": "x", "k": "xx"}, "k: a whole number from 1 to 100"),
        ({"question": "x", "since": "soon"}, "since: 2024, 2024-05 or 2024-05-31"),
        ({"question": "x", "until": "2024-13"}, "until: 2024, 2024-05 or 2024-05-31"),
        ({"question": "x", "written_in": "xx-yy"}, "written_in: a language code such as zh, en or ja"),
        ({"question": "x", "language": "fr"}, "language: zh or en"),
        ({"question": "x", "after": 7}, "after: the question before this one, at most 2000 characters"),
        ({"question": "x", "no_llm": "perhaps"}, "no_llm: true or false"),
        ({"question": "x", "id": [1]}, "id: a text or a whole number"),
        ({"question": "x", "secret": "<b>"}, "The request has a field that is not known here."),
    ],
)
def test_what_cannot_be_asked_is_said_without_repeating_it(
    served: Served, body: dict[str, Any], said: str
) -> None:
    response = served.client.post("/api/ask", json=body)
    assert response.status_code == 422
    assert response.json() == {"error": said}
    assert "xx" not in response.text
    assert "secret" not in response.text


def test_a_wrong_request_is_told_in_the_language_of_the_client(served: Served) -> None:
    chinese = {"accept-language": "zh-CN,zh;q=0.9"}
    for body, said in (
        ({"question": "港", "since": "2024-13"}, "since：2024、2024-05 或 2024-05-31"),
        ({"question": " "}, "question：1 至 2000 个字符的文字"),
    ):
        assert served.client.post("/api/ask", json=body, headers=chinese).json() == {"error": said}


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ("{", "application/json", "The request is not valid JSON."),
        (
            '{"question": "x"}',
            "text/plain",
            "The request is one JSON object, sent with Content-Type: application/json.",
        ),
        (
            "[1]",
            "application/json",
            "The request is one JSON object, sent with Content-Type: application/json.",
        ),
    ],
)
def test_a_body_that_is_no_object_is_told_what_it_should_be(
    served: Served, body: str, kind: str, said: str
) -> None:
    response = served.client.post("/api/ask", content=body, headers={"content-type": kind})
    assert (response.status_code, response.json()) == (422, {"error": said})


@pytest.mark.parametrize("address", ["/api/ask", "/api/nothing"])
def test_an_address_or_a_method_that_does_not_exist_is_told_which_do(served: Served, address: str) -> None:
    response = served.client.get(address)
    assert response.status_code in (404, 405)
    assert response.json()["error"].startswith(
        "There is no such address or method; programs POST to /api/ask"
    )


@pytest.mark.parametrize(
    "query", ["question=x&since=2024-13", "question=x&k=0", "question=x&translate=perhaps", "k=3"]
)
def test_a_wrong_search_says_what_is_accepted(served: Served, query: str) -> None:
    response = served.client.get(f"/api/search?{query}")
    assert response.status_code == 422
    wrong = {
        "since": "since: 2024",
        "k=0": "k: a whole",
        "translate": "translate: true",
        "k=3": "question: a text",
    }
    assert response.json()["error"].startswith(next(said for key, said in wrong.items() if key in query))


def test_a_full_line_is_503_with_when_to_come_back(house: House) -> None:
    house.settings = house.settings.model_copy(update={"waiting": 0})
    served = Served(house)
    run = served.session.start("one before")
    response = served.ask(WHO)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert "1 questions are waiting" in response.json()["error"]
    run.stop()


def test_too_many_searches_are_503(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_WAITING", 0)
    go, codes = threading.Event(), list[int]()
    real = served.pipeline.search
    monkeypatch.setattr(served.pipeline, "search", lambda *a, **k: (go.wait(10), real(*a, **k))[1])
    app = application(served.pipeline)
    with TestClient(app, base_url=HOME) as client:
        threads = [
            threading.Thread(target=lambda: codes.append(client.get("/api/search?q=lamp").status_code))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(codes) < 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        go.set()
        for thread in threads:
            thread.join(10)
    assert sorted(codes) == [200, 200, 503, 503, 503, 503]


def test_health_and_readiness(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    get = served.client.get
    assert get("/healthz").json() == {"status": "ok", "index": True}
    assert (get("/readyz").status_code, get("/readyz").json()) == (200, {"ready": True, "waits": ""})
    monkeypatch.setattr(served.pipeline._current, "problem", "a new version is damaged")
    assert get("/healthz").json() == {"status": "degraded", "index": True}
    served.session.queue.close()
    stopping = get("/readyz")
    assert (stopping.status_code, stopping.json()["waits"]) == (503, "the server is stopping")
    assert stopping.headers["retry-after"] == "5"


def test_without_an_index_or_with_a_damaged_one(house: House) -> None:
    (house.settings.index / "current").rename(house.folder / "aside")
    served = Served(house)
    assert served.client.get("/readyz").json() == {"ready": False, "waits": "there is no index"}
    assert served.client.get("/healthz").json() == {"status": "ok", "index": False}
    (house.folder / "aside").rename(house.settings.index / "current")
    manifest = next(house.settings.index.glob("v-*/manifest.json"))
    manifest.write_text("{}")
    served = Served(house)
    assert served.client.get("/readyz").json()["waits"] == "the index cannot answer"
    assert served.client.get("/healthz").json() == {"status": "degraded", "index": False}
    response = served.ask(WHO)
    assert response.status_code == 503
    assert str(house.folder) not in response.text


FAILURES = [RuntimeError, MemoryError, KeyError, OSError, UnicodeDecodeError]


def test_errors_give_nothing_away(
    served: Served, tally: Tally, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """F9 and F10: neither a path, a traceback nor the question comes back; the log has the request's number."""
    secret, question = "/home/anna/secret.py", "a private question\nERROR forged line \x1b[31m"
    quiet = logged = done = 0
    ways = [lambda: served.ask(question), lambda: served.client.get("/api/search", params={"q": question})]
    errors = [kind(secret) for kind in FAILURES[:4]] + [ModelDamagedError(f"{secret} is damaged")]
    for error in errors:
        monkeypatch.setattr(served.pipeline, "stream", failing(error))
        monkeypatch.setattr(served.pipeline, "search", failing(error))
        for way in ways:
            caplog.clear()
            response = way()
            done += 1
            shown = response.text + str(response.headers)
            quiet += response.status_code in (500, 503) and not any(
                word in shown
                for word in ("secret", "anna", "Traceback", ".py", "private", type(error).__name__)
            )
            logged += "private" not in caplog.text and "forged" not in caplog.text
            if response.status_code == 500:
                assert response.json()["request"] in caplog.text
    tally("F9", "failures inside: the response holds no path, no traceback, no question", quiet, done)
    tally("F10", "questions with line breaks and terminal codes: not a word of them in the log", logged, done)
    assert quiet == logged == done == 10


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50)
    | st.sampled_from(["zh", "en", "2024-05", "x" * 2001, "港口为什么停航？", "\ud800", "\0"])
)  # fmt: skip
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=8)  # fmt: skip
FIELDS = st.sampled_from(
    ["question", "query", "q", "text", "id", "k", "since", "until", "written_in", "source", "language",
     "after", "no_llm", "write", "translate", "other"]
)  # fmt: skip
RAW = st.binary(max_size=60) | st.sampled_from(
    [
        b'{"question": 1e400}',
        b"[" * 50_000,
        b'{"q":"a","q":"b"}',
        b"NaN",
        b'{"k":' + b"9" * 5000 + b"}",
        b'"\\ud800"',
    ]
)


@pytest.fixture(scope="module")
def module_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        house = House(tmp_path_factory.mktemp("house"), patch)
        house.build({"lighthouse.md": "The lamp was bought by Marta. 港口停航。"})
        served = Served(house)
        house.script(ModelError("there is none"))
        yield served


def sent(client: TestClient, path: str, body: Any, raw: bytes | None) -> int:
    if raw is not None:
        return client.post(path, content=raw, headers={"content-type": "application/json"}).status_code
    try:
        return client.post(path, json=body).status_code
    except ValueError:  # what JSON cannot say, as NaN; the client refuses to send it
        return 422


@pytest.mark.parametrize("examples", [300, pytest.param(2500, marks=pytest.mark.reliability)])
def test_nothing_that_is_sent_breaks_a_route(module_served: Served, tally: Tally, examples: int) -> None:
    """F8: whatever a program sends is answered or refused with 4xx, never with 500."""
    codes: list[int] = []

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        path=st.sampled_from(["/api/ask", "/api/search"]),
        body=st.dictionaries(FIELDS, VALUES, max_size=5) | VALUES,
        raw=st.none() | RAW,
    )
    def send(path: str, body: Any, raw: bytes | None) -> None:
        codes.append(sent(module_served.client, path, body, raw))

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        query=st.dictionaries(FIELDS, st.text(alphabet=st.characters(codec="utf-8"), max_size=30), max_size=4)
    )
    def look(query: dict[str, str]) -> None:
        codes.append(module_served.client.get("/api/search", params=query).status_code)
        codes.append(module_served.client.get("/api/article", params=query).status_code)

    send()
    look()
    fine = sum(code in (200, 400, 404, 413, 422) for code in codes)
    tally("F8", "requests with wrong types, deep and broken JSON: answered or 4xx", fine, len(codes))
    assert fine == len(codes) >= 2 * examples

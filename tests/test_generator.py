"""Language models as streams: pieces in order, errors told, closing stops them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import ModelDamagedError, ModelError, ModelMissingError
from ragqa.models import chat_server, generator
from ragqa.models.chat_server import OpenAICompatible
from ragqa.models.generator import LlamaCpp, load
from ragqa.models.protocols import Message
from ragqa.models.streaming import pieces_of

ASKED = [Message("system", "Answer."), Message("user", "谁？")]


# --- pieces_of -----------------------------------------------------------------------------------


def test_pieces_come_in_order_and_empty_ones_are_left_out() -> None:
    def run(emit: Callable[[str], bool]) -> None:
        assert [emit(piece) for piece in ("甲", "", "乙")] == [False] * 3

    assert list(pieces_of(run)) == ["甲", "乙"]


@pytest.mark.parametrize(
    ("error", "message"),
    [(RuntimeError("boom"), "the language model failed: boom"), (ModelError("refused"), "refused")],
)
def test_an_error_comes_after_the_pieces_before_it(error: Exception, message: str) -> None:
    def run(emit: Callable[[str], bool]) -> None:
        emit("甲")
        raise error

    pieces = pieces_of(run)
    assert next(pieces) == "甲"
    with pytest.raises(ModelError) as told:
        next(pieces)
    assert str(told.value) == message


def test_closing_stops_the_thread_at_its_next_piece() -> None:
    closed, stopped = threading.Event(), threading.Event()

    def run(emit: Callable[[str], bool]) -> None:
        assert emit("甲") is False
        assert closed.wait(10)
        assert emit("乙") is True
        stopped.set()

    pieces = pieces_of(run)
    assert next(pieces) == "甲"
    pieces.close()  # type: ignore[attr-defined]
    closed.set()
    assert stopped.wait(10)
    assert list(pieces) == []


def test_nothing_runs_before_the_first_piece_is_asked_for() -> None:
    ran = threading.Event()
    pieces = pieces_of(lambda emit: ran.set())
    assert not ran.is_set()
    assert list(pieces) == []
    assert ran.is_set()


def test_while_nothing_comes_a_reader_is_given_empty_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragqa.models.streaming._BEAT", 0.01)
    go = threading.Event()

    def run(emit: Callable[[str], bool]) -> None:
        go.wait(5)
        emit("甲")

    pieces = pieces_of(run)
    assert next(pieces) == ""
    go.set()
    assert [piece for piece in pieces if piece] == ["甲"]


# --- a server --------------------------------------------------------------------------------


@contextmanager
def serving(status: int, body: bytes) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on 127.0.0.1 that answers every POST alike: its URL, and the requests it got."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body_of = json.loads(self.rfile.read(length))
            got.append({"path": self.path, "key": self.headers["Authorization"], "body": body_of})
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", got
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def events(*datas: str) -> bytes:
    return "".join(f"data: {data}\n\n" for data in datas).encode()


def delta(**fields: Any) -> str:
    return json.dumps({"choices": [{"delta": fields}]}, ensure_ascii=False)


GOOD = events(
    delta(role="assistant", content=None), delta(content="[1] 甲"), delta(content="来了。"), delta(), "[DONE]"
)


def test_a_server_is_asked_and_its_pieces_are_read() -> None:
    with serving(200, b": a comment\n\n" + GOOD) as (url, got):
        model = OpenAICompatible(url, key="secret", model="qwen")
        # A slow server's silence is an empty piece.
        said = filter(None, model.stream(ASKED, grammar="root ::= x", max_tokens=7))
        assert list(said) == ["[1] 甲", "来了。"]
    assert model.id == f"qwen at {url}"
    messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "谁？"}]
    sent = {"model": "qwen", "messages": messages, "stream": True, "temperature": 0.0, "max_tokens": 7}
    assert got == [{"path": "/v1/chat/completions", "key": "Bearer secret", "body": sent}]


def test_without_a_key_none_is_sent() -> None:
    with serving(200, GOOD) as (url, got):
        list(OpenAICompatible(url).stream(ASKED))
    assert got[0]["key"] is None


@pytest.mark.parametrize(("status", "body"), [(500, "out of memory"), (404, "no such model"), (401, "")])
def test_a_refusal_names_the_server_and_its_reason(status: int, body: str) -> None:
    with serving(status, body.encode()) as (url, _), pytest.raises(ModelError) as error:
        list(OpenAICompatible(url).stream(ASKED))
    assert str(error.value) == f"{url} answered {status}: {body}"


@pytest.mark.parametrize(
    "body",
    [
        events("{"),
        events('{"choices": ["x"]}'),
        events('{"choices": {"a": 1}}'),
        events('{"choices": [{"delta": "x"}]}'),
        events('{"error": {"message": "overloaded"}}'),
        b"<html>a page</html>",
        b"",
    ],
)
def test_a_reply_that_is_no_stream_of_events_names_the_server(body: bytes) -> None:
    with serving(200, body) as (url, _), pytest.raises(ModelError) as error:
        list(OpenAICompatible(url).stream(ASKED))
    assert str(error.value).startswith(f"{url} cannot be used: ")
    assert str(error.value).endswith("; check the setting generator")


def test_what_came_before_an_error_is_kept() -> None:
    with serving(200, events(delta(content="甲"), "{")) as (url, _):
        pieces = filter(None, OpenAICompatible(url).stream(ASKED))
        assert next(pieces) == "甲"
        with pytest.raises(ModelError):
            next(pieces)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://127.0.0.1:99999/v1", "http://"])
def test_a_server_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(ModelError) as error:
        list(OpenAICompatible(url).stream(ASKED))
    assert str(error.value).startswith(f"{url} cannot be used: ")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"choices": [{"delta": {"content": "甲"}}]}, "甲"),
        ({"choices": [{"delta": {"content": None}}]}, ""),
        ({"choices": [{"delta": {"content": [{"text": "甲"}]}}]}, ""),
        ({"choices": [{"delta": None}]}, ""),
        ({"choices": [{"finish_reason": "stop"}]}, ""),
        ({"choices": [], "usage": {}}, ""),
        ({}, ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_an_event_may_hold_words(event: object, words: str) -> None:
    assert chat_server.delta(event) == words


# --- llama.cpp -------------------------------------------------------------------------------


class Server:
    """What LlamaCpp uses of xllamacpp.Server; sends its events until it is told to stop."""

    def __init__(self, *events: Any, reply: Any = None) -> None:
        self.events, self.reply = events, reply
        self.requests: list[dict[str, Any]] = []
        self.stopped_at: int | None = None

    def handle_chat_completions(self, request: dict[str, Any], on_event: Callable[[Any], bool]) -> Any:
        self.requests.append(request)
        for number, event in enumerate(self.events):
            if on_event(event):
                self.stopped_at = number
                break
        return self.reply


def test_llama_is_asked_greedily() -> None:
    server = Server(delta(content="甲"), json.loads(delta(content="乙")), delta(content="丙").encode())
    asked = [Message("user", "谁？")]
    said = list(LlamaCpp(server, id="x").stream(asked, grammar="root ::= x", max_tokens=9))
    assert said == ["甲", "乙", "丙"]
    assert server.requests == [
        {"messages": [{"role": "user", "content": "谁？"}], "stream": True, "temperature": 0.0, "max_tokens": 9,
         "cache_prompt": True, "grammar": "root ::= x"},
    ]  # fmt: skip


def test_llama_is_sent_no_grammar_when_there_is_none() -> None:
    server = Server()
    assert list(LlamaCpp(server, id="x").stream(ASKED)) == []
    assert "grammar" not in server.requests[0]


def test_llamas_refusal_is_told() -> None:
    server = Server(reply={"error": {"message": "the prompt is too long"}})
    with pytest.raises(ModelError, match="the language model refused: the prompt is too long"):
        list(LlamaCpp(server, id="x").stream(ASKED))


def test_a_missing_model_file_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(
        ModelMissingError, match=r"gone\.gguf does not exist; run: ragqa models pull"
    ) as error:
        LlamaCpp.load(tmp_path / "gone.gguf", id="x")
    assert error.value.exit_code == 4


@pytest.mark.parametrize("data", [b"", b"garbage" * 1000, b"GGUF\3\0\0\0" + b"\xff" * 64])
def test_a_model_file_that_cannot_be_read_is_damaged(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelDamagedError, match=r"llama\.cpp cannot read .*bad\.gguf"):
        LlamaCpp.load(path, id="x")


# --- load ------------------------------------------------------------------------------------


def test_a_url_is_a_server() -> None:
    assert load("https://example.org/v1/", id="x", model="qwen").id == "qwen at https://example.org/v1"


def test_a_gguf_file_is_for_llama_and_anything_else_for_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []
    for name in ("LlamaCpp", "TransformersChat"):
        monkeypatch.setattr(
            getattr(generator, name),
            "load",
            lambda *args, name=name, **options: asked.append((name, *args, options)),
        )
    load("/models/a.gguf", id="x", threads=2, context=2048)
    load("Qwen/Qwen3-0.6B", id="y")
    assert asked == [
        ("LlamaCpp", Path("/models/a.gguf"), {"id": "x", "threads": 2, "context": 2048, "beginning": None}),
        ("TransformersChat", "Qwen/Qwen3-0.6B", {"id": "y"}),
    ]

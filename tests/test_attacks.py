"""The running server under attack, over real sockets: files, addresses, origins, passwords, floods."""

from __future__ import annotations

import ctypes
import gc
import http.server
import itertools
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from support.browsing import Watch, missing, page_url, wait_for
from support.gradio_page import GradioPage
from support.scripted import Script, ScriptedPipeline
from support.tally import Tally

from ragqa.errors import SettingsError
from ragqa.server import listening, runtime, security
from ragqa.server.access import Access
from ragqa.server.app import application, launch, start
from ragqa.settings import Settings

REASONS = "brundage-three-reasons.md"
WHO = "Who?"
SCRIPT = Script(quotes=((REASONS, "第一，留下来的机会成本太高。"),), short=((1, "机会成本"),))
CANARY = "canary-7f3a"
DONE = r"data-state=\"done"  # as the page is told it, in JSON
PASSWORD = "a long enough password"


class Gate:
    """Holds every answer where the model would read, until it is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()

    def __call__(self, label: str) -> None:
        if label == "read":
            self.open.wait(20)


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate()


@pytest.fixture(scope="module")
def pipeline(gate: Gate) -> ScriptedPipeline:
    scripts = {WHO: SCRIPT} | {f"{n}?": SCRIPT for n in range(60)}
    return ScriptedPipeline(scripts, pause=gate)


@pytest.fixture(scope="module")
def url(pipeline: ScriptedPipeline) -> Iterator[str]:
    with page_url(pipeline) as served:
        yield served


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


def raw(
    url: str, path: str, *, method: str = "GET", headers: str = "", body: bytes = b""
) -> tuple[int, bytes]:
    """A request whose path no client tidies up."""
    with socket.create_connection(("127.0.0.1", port_of(url)), timeout=10) as connection:
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}"
        connection.sendall(head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        reply = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(reply.split(b" ", 2)[1]), reply


# --- files and addresses -----------------------------------------------------------------------

WAYS = [
    "/gradio_api/file={}", "/gradio_api/file/{}", "/file={}", "/file/{}", "/static/{}", "/static/../..{}", "/assets/{}",
    "/assets/../../../..{}", "/ragqa/{}", "/ragqa/../../../../../../../..{}", "/ragqa/..%2f..%2f..%2f..%2f..%2f..{}",
    "/ragqa/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e{}", "/ragqa/....//....//{}", "/ragqa/%00{}", "/ragqa//{}",
    "/ragqa/..\\..\\..{}", "/ragqa/file://{}", "/ragqa/\\\\127.0.0.1\\c${}", "/gradio_api/proxy=http://127.0.0.1{}",
    "/gradio_api/component_server?path={}", "/gradio_api/upload?path={}", "/api/article?id={}",
    "/api/article?id=../../../../..{}", "/api/article?id=file://{}", "/ragqa/article?id={}",
    "/ragqa/article?id=..%2f..%2f..%2f..{}", "/ragqa/runs/..%2f..%2f..{}/report.html", "/ragqa/runs/{}/report.html",
    "/ragqa/runs/%2e%2e/report.html?{}", "/ragqa/answer/..%2f..{}", "/ragqa/corpus/file?name={}", "/{}", "/..{}",
    "/svelte/../../{}", "/gradio_api/queue/../file={}", "/gradio_api/run/..%2ffile={}", "/theme.css/..{}",
    "/gradio_api/stream/{}", "/gradio_api/vibe-code?path={}", "/deep_link?file={}",
]  # fmt: skip


def test_no_path_reads_a_file(url: str, tmp_path: Path, tally: Tally) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    here = Path(tempfile.gettempdir()) / "gradio-secret.txt"
    here.write_text(CANARY)
    refused = asked = 0
    try:
        for way, path in itertools.product(WAYS, (secret, here, Path("/etc/hostname"))):
            status, reply = raw(url, way.format(path))
            asked += 1
            refused += status in (400, 403, 404, 405, 421, 422) and CANARY.encode() not in reply
    finally:
        here.unlink()
    tally("F1", "paths that ask for files outside the corpus, encoded and bent", refused, asked)
    assert refused == asked >= 60


class _Sink(http.server.BaseHTTPRequestHandler):
    hits: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.hits.append(self.path)
        self.send_response(200)
        self.end_headers()

    do_POST = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def sink() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    _Sink.hits.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_server_fetches_no_address_that_it_is_sent(url: str, sink: str, tally: Tally) -> None:
    files: list[Any] = [
        {"path": sink, "meta": {"_type": "gradio.FileData"}},
        {"url": sink, "path": "", "meta": {"_type": "gradio.FileData"}},
        {
            "path": f"{sink}/a.png",
            "url": f"{sink}/a.png",
            "orig_name": "a.png",
            "meta": {"_type": "gradio.FileData"},
        },
        sink,
    ]
    tried = 0
    for each in files:
        page = GradioPage(url)
        page.ask(each)
        page.ask(WHO, each)
        raw(url, "/gradio_api/run/predict", method="POST", headers="Content-Type: application/json\r\n",
            body=json.dumps({"data": [each, each], "fn_index": page.event, "session_hash": "x"}).encode())  # fmt: skip
        httpx.post(f"{url}/api/search", json={"question": json.dumps(each), "source": sink})
        tried += 4
    for path in ("/gradio_api/proxy=", "/proxy=", "/gradio_api/file=", "/file="):
        raw(url, path + sink)
        tried += 1
    time.sleep(0.2)
    tally(
        "F2",
        "addresses put where a file or a text is expected: none is fetched",
        tried - len(_Sink.hits),
        tried,
    )
    assert _Sink.hits == []
    assert tried >= 20


def test_other_origins_and_hosts_get_nothing(url: str, tally: Tally) -> None:
    port = port_of(url)
    origins = [
        "http://evil.example", "null", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
        "http://evil.example:7860", "https://evil.example", "http://2130706433.evil", "http://[::1].evil", "file://",
        f"http://evil.example#http://127.0.0.1:{port}",
    ]  # fmt: skip
    hosts = [f"127.0.0.1:{port}", "evil.example", f"localhost.evil.example:{port}"]
    right = 0
    for origin, host in itertools.product(origins, hosts):
        response = httpx.get(f"{url}/api/search?q=x", headers={"origin": origin, "host": host})
        written = httpx.post(
            f"{url}/api/ask", json={"question": WHO}, headers={"origin": origin, "host": host}
        )
        right += {response.status_code, written.status_code} <= {
            403,
            421,
        } and "access-control-allow-origin" not in response.headers
    tally("F3", "foreign origins on own and foreign hosts: 403 or 421, no permission to read", right, 30)
    assert right == 30


def test_every_route_has_its_headers(url: str, pipeline: ScriptedPipeline, tally: Tally) -> None:
    app = application(pipeline)
    paths = sorted({getattr(route, "path", "") or "/" for route in app.routes})
    paths += [
        "/theme.css",
        "/config",
        "/gradio_api/queue/join",
        "/nowhere",
        "/ragqa/page.js",
        "/openapi.json",
    ]
    right = 0
    for path, method in itertools.product(paths, ("GET", "POST", "DELETE")):
        headers = httpx.request(method, url + path.replace("{", "").replace("}", "")).headers
        right += (
            "frame-ancestors 'none'" in headers["content-security-policy"]
            and headers["x-content-type-options"] == "nosniff"
            and headers["referrer-policy"] == "no-referrer"
            and headers["x-frame-options"] == "DENY"
            and "server" not in headers
        )
    tally("F4", "routes and methods whose response has every security header", right, 3 * len(paths))
    assert right == 3 * len(paths)


# --- the password ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def locked(pipeline: ScriptedPipeline) -> Iterator[Callable[[], str]]:
    """Starts servers that ask for a password."""
    stops: list[Callable[[], None]] = []

    def start() -> str:
        taken = listening.bind("127.0.0.1", 0)
        app = application(pipeline, Access.of(host="0.0.0.0", hosts="", password=PASSWORD, rate=1000))
        stops.append(runtime.run_in_thread(app, taken))
        return listening.address(taken)

    yield start
    for stop in stops:
        stop()


def test_without_the_password_there_is_nothing(locked: Callable[[], str]) -> None:
    url = locked()
    for path in (
        "/",
        "/config",
        "/api/search?q=x",
        "/ragqa/page.js",
        "/gradio_api/queue/data",
        "/openapi.json",
        "/nowhere",
    ):
        response = httpx.get(url + path)
        assert response.status_code == 401, path
        assert response.headers["www-authenticate"].startswith("Basic")
        assert "set-cookie" not in response.headers
    assert httpx.get(f"{url}/healthz").status_code == 200
    assert httpx.get(f"{url}/api/article?id={REASONS}", auth=("anna", PASSWORD)).status_code == 200
    page = GradioPage(url, auth=("", PASSWORD))
    assert DONE in page.ask(WHO)


def test_passwords_cannot_be_tried_out(locked: Callable[[], str], tally: Tally) -> None:
    url = locked()
    with httpx.Client(base_url=url) as client:
        codes = [client.get("/", auth=("anna", f"wrong password {n}")).status_code for n in range(1000)]
        # Whoever has tried so often is not heard even with the right one, and is told when to come back.
        last = client.get("/", auth=("anna", PASSWORD))
    tally(
        "F7",
        "wrong passwords in a row: all but the first ten (and one each 6 s) unheard",
        codes.count(429),
        1000,
    )
    assert set(codes) == {401, 429}
    assert codes.count(429) >= 980
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) <= 6
    assert httpx.get(f"{url}/healthz").status_code == 200


def test_the_right_password_is_never_slowed_down(locked: Callable[[], str]) -> None:
    url = locked()
    with httpx.Client(base_url=url, auth=("anna", PASSWORD)) as client:
        assert {client.get("/ragqa/words.js").status_code for _ in range(30)} == {200}


@pytest.mark.browser
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_browser_that_knows_the_password_has_the_whole_page(
    locked: Callable[[], str], browser: Any
) -> None:
    url = locked()
    context = browser.new_context(http_credentials={"username": "anna", "password": PASSWORD}, locale="en-US")
    page = context.new_page()
    watch = Watch(page, url)
    page.goto(f"{url}/?q={WHO}")
    page.wait_for_selector("#status [data-state=done]")
    page.wait_for_selector("#reader mark")
    context.close()
    assert [fault for fault in watch.faults if "401" not in fault] == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl to make a certificate")
def test_with_a_certificate_everything_is_encrypted(pipeline: ScriptedPipeline, tmp_path: Path) -> None:
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-out", str(files[0]), "-keyout", str(files[1])],
        check=True, capture_output=True,
    )  # fmt: skip
    taken = listening.bind("127.0.0.1", 0)
    stop = runtime.run_in_thread(application(pipeline), taken, certificate=files)
    trusted = ssl.create_default_context(cafile=files[0])
    port = taken.getsockname()[1]
    try:
        page = httpx.get(f"https://localhost:{port}/healthz", verify=trusted)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://localhost:{port}/healthz")
    finally:
        stop()
    assert page.json() == {"status": "ok", "index": True}


def test_a_certificate_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    half = ScriptedPipeline({})
    half.settings = Settings.load(certificate=tmp_path / "none.pem", port=0)
    with pytest.raises(SettingsError, match="go together"):
        start(half)
    with pytest.raises(SettingsError, match="certificate or its key cannot be used"):
        runtime._Server(
            application(ScriptedPipeline({})), print, runtime.Stopping(), (tmp_path / "a", tmp_path / "b")
        )


def test_an_open_door_is_refused_before_anything_is_loaded(pipeline: ScriptedPipeline) -> None:
    with pytest.raises(Exception, match="RAGQA_PASSWORD"):
        launch(pipeline, host="0.0.0.0", port=0)


# --- floods ------------------------------------------------------------------------------------


def resident() -> int:
    """This process's memory in MB; what was freed goes back first, since other tests' memory decides what malloc keeps."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024


def test_endless_questions_are_refused(url: str, pipeline: ScriptedPipeline, tally: Tally) -> None:
    sizes = [2_001, 20_000, 500_000, 1_000_000, 5_000_000, 50_000_000]
    asked, refused = len(pipeline.asked), 0
    page = GradioPage(url)
    before = resident()
    for size in sizes:
        question = "x" * size
        refused += httpx.post(f"{url}/api/ask", json={"question": question}, timeout=30).status_code in (
            413,
            422,
        )
        told = page.ask(question)
        refused += "note.long" in told or "too large" in told
    tally(
        "C2",
        "questions of 2,001 to 50,000,000 characters, to the page and to the API",
        refused,
        2 * len(sizes),
    )
    assert refused == 12
    assert len(pipeline.asked) == asked
    # The texts themselves are this process's, too; the largest is 50 MB.
    assert resident() - before < 300


@pytest.mark.parametrize("largest", [20_000_000, pytest.param(200_000_000, marks=pytest.mark.reliability)])
def test_nothing_can_be_uploaded(url: str, largest: int, tally: Tally) -> None:
    routes = [
        "/", "/gradio_api/upload", "/upload", "/gradio_api/queue/join", "/gradio_api/run/predict", "/api/ask",
        "/api/search", "/ragqa/page.js", "/config", "/healthz", "/assets/x", "/ragqa/feedback",
    ]  # fmt: skip
    sizes = [0, 1, 1_000, 1_000_001, largest]
    before = set(Path(tempfile.gettempdir()).rglob("*upload-probe*"))
    refused = 0
    for route, size in itertools.product(routes, sizes):
        body = (b"y" * 1_000_000 for _ in range(size // 1_000_000)) if size > 2_000_000 else b"y" * size
        try:
            if size > 2_000_000:
                status = httpx.post(url + route, content=body, timeout=30).status_code
            else:
                status = httpx.post(
                    url + route, files={"files": ("upload-probe.bin", body)}, timeout=30
                ).status_code
        except httpx.TransportError:
            status = 413  # it hung up in the middle of the body
        refused += status in (400, 403, 404, 405, 413, 422)
    tally(
        "C3",
        f"files of 0 to {largest:,} bytes sent to every route that takes none",
        refused,
        len(routes) * len(sizes),
    )
    assert set(Path(tempfile.gettempdir()).rglob("*upload-probe*")) == before
    assert refused == len(routes) * len(sizes)


def test_thirty_at_once_are_each_answered_or_refused(
    url: str, gate: Gate, pipeline: ScriptedPipeline, tally: Tally
) -> None:
    gate.open.clear()
    before = len(pipeline.asked)
    replies: dict[str, httpx.Response] = {}

    def ask(question: str) -> None:
        replies[question] = httpx.post(
            f"{url}/api/ask", json={"question": question, "id": question}, timeout=60
        )

    threads = [threading.Thread(target=ask, args=(f"{n}?",)) for n in range(30)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(replies) >= 13)
    gate.open.set()
    for thread in threads:
        thread.join(60)
    answered = [q for q, reply in replies.items() if reply.status_code == 200]
    refused = [q for q, reply in replies.items() if reply.status_code == 503]
    tally(
        "C4",
        "questions at one moment, 17 places: answered, or 503 with when to come back",
        len(answered) + len(refused),
        30,
    )
    assert (len(answered), len(refused)) == (17, 13)
    assert all(replies[q].json()["id"] == q for q in answered)
    assert all(int(replies[q].headers["retry-after"]) > 0 for q in refused)
    # None was answered twice, and nothing was done for those that were refused.
    assert sorted(pipeline.asked[before:]) == sorted(answered)


def test_thirty_pages_at_once_are_each_answered_or_told(
    url: str, gate: Gate, pipeline: ScriptedPipeline, tally: Tally
) -> None:
    gate.open.clear()
    told: dict[int, str] = {}
    pages = [GradioPage(url) for _ in range(30)]

    def ask(n: int) -> None:
        told[n] = pages[n].ask(f"{n}?")

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(told) >= 9)
    gate.open.set()
    for thread in threads:
        thread.join(60)
    ended = [(DONE in text) + ("questions are waiting already" in text) for text in told.values()]
    tally("C4", "pages that ask at one moment: answered, or told how many are waiting", ended.count(1), 30)
    assert ended == [1] * 30


def test_who_hangs_up_frees_the_model(url: str, gate: Gate, pipeline: ScriptedPipeline, tally: Tally) -> None:
    freed = 0
    for _ in range(25):
        for way in (_hang_up_on_the_api, _hang_up_on_the_page):
            gate.open.clear()
            began, closed = len(pipeline.asked), len(pipeline.closed)
            connection = way(url)
            wait_for(lambda began=began: len(pipeline.asked) > began)
            connection.close()
            gate.open.set()
            wait_for(lambda closed=closed: len(pipeline.closed) > closed)
            freed += 1
    tally("C5", "readers that hang up in the middle of an answer: the model is free for the next", freed, 50)
    assert httpx.post(f"{url}/api/ask", json={"question": WHO}).status_code == 200


def _hang_up_on_the_api(url: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port_of(url)))
    body = json.dumps({"question": WHO}).encode()
    head = "POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def _hang_up_on_the_page(url: str) -> socket.socket:
    page = GradioPage(url)
    page.join(WHO, "")
    connection = socket.create_connection(("127.0.0.1", port_of(url)))
    path = f"/gradio_api/queue/data?session_hash={page.session}"
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return connection


def test_half_open_connections_disturb_nobody_and_are_hung_up_on(
    pipeline: ScriptedPipeline, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "HEADER_SECONDS", 1.5)
    with page_url(pipeline) as url:
        slow = [socket.create_connection(("127.0.0.1", port_of(url))) for _ in range(200)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        served = sum(httpx.get(f"{url}/healthz").status_code == 200 for _ in range(100))
        slow[0].sendall(b"a")  # a byte now and then does not help
        for connection in slow:
            connection.settimeout(10)
        hung_up = sum(connection.recv(1) == b"" for connection in slow)
        for connection in slow:
            connection.close()
    tally("C6", "requests of others while 200 connections do not finish theirs", served, 100)
    tally("C6", "connections without a whole request that are hung up on", hung_up, 200)
    assert (served, hung_up) == (100, 200)


def test_a_body_that_does_not_come_is_given_up(
    pipeline: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security, "BODY_SECONDS", 0.3)
    with page_url(pipeline) as url:
        for path in ("/api/ask", "/gradio_api/queue/join", "/ragqa/feedback"):
            with socket.create_connection(("127.0.0.1", port_of(url)), timeout=10) as connection:
                head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                connection.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
                assert connection.recv(100).startswith(b"HTTP/1.1 408"), path


def test_a_flood_from_one_address_is_told_when_to_come_back(pipeline: ScriptedPipeline) -> None:
    taken = listening.bind("127.0.0.1", 0)
    stop = runtime.run_in_thread(application(pipeline, Access(rate=5)), taken)
    try:
        with httpx.Client(base_url=listening.address(taken)) as client:
            codes = [client.get("/healthz").status_code for _ in range(80)]
            last = client.get("/healthz")
    finally:
        stop()
    assert codes[:50] == [200] * 50
    assert 429 in codes
    assert (last.status_code, last.headers["retry-after"]) == (429, "1")

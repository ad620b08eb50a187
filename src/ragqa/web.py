"""The server around the page: our own FastAPI app, its headers and its limits.

Gradio answers every host, reflects every origin and sends no policy of its own. What it needs
('unsafe-eval' for gr.HTML's template, inline styles) is allowed; inline scripts only by their hash,
so that markup which slips through the escaping still cannot run.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import Awaitable, Callable, Iterable, Mapping
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragqa.errors import RagqaError, SettingsError

MAX_BODY = 1_000_000
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_READING = ("GET", "HEAD", "OPTIONS")
_TOO_LARGE = PlainTextResponse("The request is too large.", 413)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Refuses foreign hosts and origins and large bodies; adds security headers to every response.

    ``larger`` allows more bytes to some paths.
    """

    def __init__(self, app: ASGIApp, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it comes from this machine's own page."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._larger.get(scope["path"], MAX_BODY)
        refusal = _refusal(headers, scope["method"], most)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
            return
        if "text/html" in headers.get("accept", ""):
            # The policy names the document's inline scripts by hash, so it must arrive uncompressed.
            MutableHeaders(scope=scope)["accept-encoding"] = "identity"
        await _counted(self._app, scope, receive, _with_headers(send), most)


def _refusal(headers: Headers, method: str, most: int) -> PlainTextResponse | None:
    if not is_loopback(_split(f"//{headers.get('host', '')}").hostname or ""):
        return PlainTextResponse("This server only answers on its own machine.", 421)
    if not _is_own(headers, method):
        return PlainTextResponse("Requests from other sites are refused.", 403)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > most:
        return _TOO_LARGE
    return None


def _is_own(headers: Headers, method: str) -> bool:
    """Whether a request comes from this page, or at least from this machine where it only reads.

    Browsers name the origin of whatever may change something; what names none is no browser.
    """
    origin = headers.get("origin")
    if method in _READING:
        return origin is None or is_loopback(_split(origin).hostname or "")
    same = origin is None or _split(origin).netloc.lower() == headers.get("host", "").lower()
    return same and headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


async def _counted(app: ASGIApp, scope: Scope, receive: Receive, send: Send, most: int) -> None:
    """Run ``app``; a body that has no stated length is cut off, and answered with 413, at ``most`` bytes."""
    left, begun = most, False

    async def receiving() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    async def sending(message: Message) -> None:
        nonlocal begun
        if left >= 0 or begun:
            begun = True
            await send(message)

    try:
        await app(scope, receiving, sending)
    except Exception:
        if left >= 0 or begun:
            raise
    if left < 0 and not begun:
        await _TOO_LARGE(scope, receive, send)


def is_loopback(host: str) -> bool:
    """Whether ``host`` names this machine and nothing else."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _with_headers(send: Send) -> Send:
    """Send with headers added; an HTML document is held back until its scripts are hashed."""
    start: Message = {}
    body = bytearray()

    async def sending(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
            # A response that brings a policy of its own knows why.
            if "content-security-policy" not in headers:
                if headers.get("content-type", "").startswith("text/html"):
                    start = message
                    return
                headers["Content-Security-Policy"] = policy(())
        elif start:
            body.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            scripts = _INLINE_SCRIPT.findall(bytes(body))
            MutableHeaders(scope=start)["Content-Security-Policy"] = policy(scripts)
            await send(start)
            message = {**message, "body": bytes(body)}
        await send(message)

    return sending


def policy(inline_scripts: Iterable[bytes]) -> str:
    """The content security policy of a document with these inline scripts."""
    digests = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline_scripts)
    hashes = "".join(f" 'sha256-{digest}'" for digest in digests)
    return (
        f"default-src 'self'; script-src 'self' 'unsafe-eval'{hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; object-src 'none'; "
        "form-action 'self'; frame-src 'none'; frame-ancestors 'none'; base-uri 'self'"
    )


def bind(host: str, port: int) -> socket.socket:
    """Take the port before anything slow is started; port 0 takes any free one."""
    if not is_loopback(host):
        raise SettingsError(
            f"host {host}: the page has no login yet, so it only listens on this machine; use 127.0.0.1"
        )
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise RagqaError(
            f"port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}); choose another:"
            " PORT=7861 make run, or ragqa serve --port 7861"
        ) from error


class _Server(uvicorn.Server):
    """A uvicorn server that says when it is ready."""

    def __init__(self, app: FastAPI, ready: Callable[[], None]) -> None:
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, server_header=False)
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        started: Awaitable[None] = super().startup(sockets=sockets)
        await started
        self._ready()


def address(taken: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = taken.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(app: FastAPI, taken: socket.socket, *, open_browser: bool, on_ready: Callable[[], None]) -> None:
    """Serve until interrupted; ``on_ready`` is called once the page answers."""
    url = address(taken)

    def ready() -> None:
        print(f"ragqa is ready: {url}", file=sys.stderr, flush=True)
        if open_browser:
            webbrowser.open(url)
        on_ready()

    _Server(app, ready).run(sockets=[taken])


def run_in_thread(app: FastAPI, taken: socket.socket) -> Callable[[], None]:
    """Serve from a thread and return once it answers; what comes back stops it."""
    ready = threading.Event()
    server = _Server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    if not ready.wait(timeout=60):
        raise RagqaError("the page did not start within a minute")

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=10)

    return stop

"""Middleware before every route: host, size and rate checks; security headers.

Gradio answers every host, reflects every origin, opens routes that the page does not use and sends no
policy of its own. What it needs ('unsafe-eval' for gr.HTML's template, inline styles) is allowed; inline
scripts only by their hash, so that markup which slips through the escaping still cannot run.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragqa.server.access import Access, Buckets, client_of, wrong_passwords
from ragqa.server.keys import KeyRing, is_key
from ragqa.server.refusals import refusal

MAX_BODY = 1_000_000
# Seconds in which the next piece of a body has to come, and after which a busy server is asked again.
BODY_SECONDS = 20.0
RETRY_AFTER = 5
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]*)(:[0-9]{1,5})?", re.IGNORECASE)
_READING = ("GET", "HEAD", "OPTIONS")
# All that the page and its programs ask for; of Gradio's routes the files, uploads and proxies are not among it.
_ROUTES = (
    "/api/", "/v1/", "/ragqa/", "/assets/", "/static/", "/svelte/", "/gradio_api/queue/", "/gradio_api/run/",
    "/gradio_api/heartbeat/", "/gradio_api/startup-events",
)  # fmt: skip
_PAGES = ("/", "/config", "/theme.css", "/favicon.ico", "/manifest.json", "/healthz", "/readyz", "/openapi.json",
    "/docs",
)  # fmt: skip
# What programs ask, where a key opens as the password does; below the first two one is needed once there are keys.
_FOR_KEYS = ("/api/", "/v1/", "/openapi.json", "/docs")
# What a program that watches over the server asks; they tell no more than yes or no.
_OPEN = ("/healthz", "/readyz")
_TOO_LARGE = 413, "The request is too large."
_TOO_SLOW = 408, "The request takes too long to come."
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Reject foreign, oversized and too frequent requests; add security headers to every response.

    ``larger`` allows more bytes to some paths; ``keys`` open what is for programs.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Access | None = None,
        larger: Mapping[str, int] | None = None,
        keys: KeyRing | None = None,
    ) -> None:
        self._app = app
        self._keys = keys
        self._access = access or Access()
        self._larger = larger or {}
        self._requests = Buckets(most=10 * self._access.rate, a_second=self._access.rate)
        self._wrong = wrong_passwords()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it may be answered."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._answer(scope, receive, _with_headers(send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        most = self._larger.get(scope["path"], MAX_BODY)
        refused = self._refusal(scope, headers, most)
        if refused is not None:
            await refused(scope, receive, send)
            return
        if "text/html" in headers.get("accept", ""):
            # The policy names the document's inline scripts by hash, so it must arrive uncompressed.
            MutableHeaders(scope=scope)["accept-encoding"] = "identity"
        await _counted(self._app, scope, receive, send, most)

    def _refusal(self, scope: Scope, headers: Headers, most: int) -> Response | None:
        client, path = client_of((scope.get("client") or ("", 0))[0]), scope["path"]
        if wait := self._requests.wait(client):
            return _later(path, "Too many requests.", wait)
        self._requests.take(client)
        if not self._access.is_ours(_split(f"//{headers.get('host', '')}").hostname or ""):
            return refusal(path, 421, "This server does not go by that name.")
        if not self._is_own(headers, scope["method"]):
            return refusal(path, 403, "Requests from other sites are refused.")
        if path not in _OPEN and (stranger := self._stranger(headers, client, path)):
            return stranger
        if path not in _PAGES and (not path.startswith(_ROUTES) or "/../" in f"{path}/"):
            return refusal(path, 404, "There is no such page.")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 15 or int(length) > most:
            return refusal(path, *_TOO_LARGE)
        return None

    def _stranger(self, headers: Headers, client: str, path: str) -> Response | None:
        """The refusal of who has neither a key nor the password, where one of them is needed."""
        keyed = self._keys is not None and path.startswith(_FOR_KEYS) and self._keys.asked_for
        kind, _, token = headers.get("authorization", "").partition(" ")
        if self._keys and keyed and kind.lower() == "bearer" and is_key(token.strip()):
            # Nobody guesses a key, so wrong ones need not be counted: a program with a revoked key
            # would else lock out whoever has the password at its address.
            key = self._keys.known(token.strip())
            if key is None:
                return refusal(path, 401, "This key is unknown or revoked.")
            wait = self._keys.take(key)
            return _later(path, f"More than {key.per_minute} requests a minute.", wait) if wait else None
        if self._access.password:
            return self._without_password(headers, client, path)
        if keyed and path.startswith(_FOR_KEYS[:2]):
            said = "A key is needed: Authorization: Bearer KEY; on the server run: ragqa keys add NAME"
            return refusal(path, 401, said, {"WWW-Authenticate": 'Bearer realm="ragqa"'})
        return None

    def _without_password(self, headers: Headers, client: str, path: str) -> Response | None:
        """The refusal without the right password; after ten wrong ones in a minute none is checked."""
        if wait := self._wrong.wait(client):
            return _later(path, "Too many wrong passwords.", wait)
        given = headers.get("authorization")
        if given is not None and self._access.knows(given):
            return None
        if given is not None:
            self._wrong.take(client)
        said = "The password is needed."
        return refusal(path, 401, said, {"WWW-Authenticate": 'Basic realm="ragqa", charset="UTF-8"'})

    def _is_own(self, headers: Headers, method: str) -> bool:
        """Whether a request comes from this page, or at least from its own machine where it only reads.

        Browsers name the origin of whatever may change something; what names none is no browser.
        """
        origin = headers.get("origin")
        if method in _READING:
            return origin is None or self._access.is_ours(_split(origin).hostname or "")
        same = origin is None or _split(origin).netloc.lower() == headers.get("host", "").lower()
        return same and headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def _later(path: str, words: str, seconds: int) -> Response:
    return refusal(path, 429, f"{words} Come back in {seconds} s.", {"Retry-After": str(seconds)})


def _split(address: str) -> SplitResult:
    """Host and port of an address; empty for anything else, such as [::1].evil.example."""
    try:
        split = urlsplit(address)
    except ValueError:
        return urlsplit("")
    return split if _HOST_AND_PORT.fullmatch(split.netloc) else urlsplit("")


async def _counted(app: ASGIApp, scope: Scope, receive: Receive, send: Send, most: int) -> None:
    """Run ``app``; a body that has no stated length is cut off, and answered with 413, at ``most`` bytes.

    One of which nothing comes for a while is answered with 408.
    """
    left, begun, whole = most, False, False
    fault: tuple[int, str] | None = None

    async def receiving() -> Message:
        nonlocal left, whole, fault
        try:
            # After the body only the end of the connection is waited for, as long as it takes.
            message = await asyncio.wait_for(receive(), None if whole else BODY_SECONDS)
        except TimeoutError:
            fault = _TOO_SLOW
            return {"type": "http.disconnect"}
        left -= len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if left >= 0:
            return message
        fault = _TOO_LARGE
        return {"type": "http.disconnect"}

    async def sending(message: Message) -> None:
        nonlocal begun
        if fault is None or begun:
            begun = True
            await send(message)

    try:
        await app(scope, receiving, sending)
    except Exception:
        if fault is None or begun:
            raise
    if fault is not None and not begun:
        await refusal(scope["path"], *fault)(scope, receive, send)


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
            if message["status"] == 503:
                headers.setdefault("Retry-After", str(RETRY_AFTER))
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

"""Serve over stdio, or over HTTP on this machine; beyond it only with a password."""

from __future__ import annotations

import hmac
import socket
from collections.abc import Callable
from typing import Any

import anyio
import uvicorn
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ragqa.errors import SettingsError
from ragqa.server import SHORTEST_PASSWORD, address, bind, is_loopback
from ragqa.settings import Settings

PATH = "/mcp"
# Connections at one time, and seconds that a reply has left when the server is told to stop.
_CONNECTIONS, _GOODBYE = 100, 2


def serve_stdio(server: Server[Any], *, ready: Callable[[], None]) -> None:
    """Serve one client until stdin ends; while it runs, whatever prints goes to stderr."""

    async def serve() -> None:
        async with stdio_server() as (incoming, outgoing):
            # Only now, with stdout kept for the protocol, may libraries be loaded that could print.
            ready()
            await server.run(incoming, outgoing, server.create_initialization_options())

    anyio.run(serve)


def serve_http(
    server: Server[Any], settings: Settings, *, ready: Callable[[], None], say: Callable[[str], None]
) -> None:
    """Serve clients until interrupted. Raises RagqaError where the port is taken, SettingsError without a password."""
    password, security = settings.password.get_secret_value(), guarded(settings)
    app: ASGIApp = server.streamable_http_app(streamable_http_path=PATH, transport_security=security)
    taken = bind(settings.host, settings.mcp_port, other="ragqa mcp --http --port 7871")
    ready()
    say(f"ragqa mcp is ready: {address(taken)}{PATH}")
    if not is_loopback(settings.host):
        say("the password crosses the network unencrypted; put a proxy with TLS before ragqa mcp")
    config = uvicorn.Config(
        Password(app, password) if password else app,
        ws="none",
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_GOODBYE,
    )
    uvicorn.Server(config).run(sockets=[taken])


def guarded(settings: Settings) -> TransportSecuritySettings:
    """The names that the server may be called by, so that no foreign name can be pointed at it.

    Raises SettingsError where it listens beyond this machine and asks for no password.
    """
    names = {
        "127.0.0.1",
        "localhost",
        "[::1]",
        f"[{settings.host}]" if ":" in settings.host else settings.host,
    }
    named = {name.strip().lower() for name in settings.hosts.split(",") if name.strip()}
    if named or not is_loopback(settings.host):
        password = settings.password.get_secret_value()
        if len(password) < SHORTEST_PASSWORD:
            raise SettingsError(
                f"host {', '.join(sorted(named)) or settings.host}: beyond this machine ragqa mcp asks for a password;"
                f" set RAGQA_PASSWORD ({SHORTEST_PASSWORD} characters or more), or use 127.0.0.1"
            )
        names |= named | {socket.gethostname().lower()}
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=sorted(names | {f"{name}:*" for name in names}),
        allowed_origins=sorted(f"{scheme}://{name}:*" for name in names for scheme in ("http", "https")),
    )


class Password:
    """An application that asks for a bearer token first, compared in constant time."""

    def __init__(self, app: ASGIApp, password: str) -> None:
        self._app = app
        self._expected = f"Bearer {password}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                refused = PlainTextResponse(
                    "Send the password of RAGQA_PASSWORD as a bearer token.\n",
                    401,
                    {"WWW-Authenticate": "Bearer"},
                )
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

"""Run the server: bind the port, start, and stop without losing an answer."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from ragqa.errors import RagqaError, SettingsError
from ragqa.server.access import is_loopback
from ragqa.server.listening import address

# Seconds in which a request line and its headers have to come.
HEADER_SECONDS = 20.0
# Connections at one time; a client beyond them is asked to come back.
_CONNECTIONS = 400
# Seconds that an answer which is being written has left when the server is told to stop, and then a reply to be sent.
_LAST_WORDS = 7.0
_GOODBYE = 2
# glibc's number for it, from malloc.h.
_M_ARENA_MAX = -8


@dataclass(frozen=True, slots=True)
class Stopping:
    """Callbacks for shutdown: ``refuse`` rejects new questions, ``cut`` stops the running one.

    ``idle`` says whether nothing runs.
    """

    refuse: Callable[[], object] = lambda: None
    cut: Callable[[], object] = lambda: None
    idle: Callable[[], bool] = lambda: True


class _Server(uvicorn.Server):
    """A uvicorn server that reports when it is ready and on SIGTERM finishes the running answer."""

    def __init__(
        self,
        app: FastAPI,
        ready: Callable[[], None],
        stopping: Stopping,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        files: dict[str, Any] = {}
        if certificate:
            files = {"ssl_certfile": str(certificate[0]), "ssl_keyfile": str(certificate[1])}
        config = uvicorn.Config(
            app,
            http=_Impatient,
            ws="none",
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GOODBYE,
            **files,
        )
        try:
            config.load()
        except OSError as error:
            raise SettingsError(f"the TLS certificate or its key cannot be used: {error}") from error
        super().__init__(config)
        self._ready = ready
        self._stopping = stopping
        self._until: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report that the server is ready."""
        started: Awaitable[None] = super().startup(sockets=sockets)
        await started
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at once on Ctrl-C or a second signal; on the first SIGTERM after the running answer."""
        if sig == signal.SIGTERM and self._until is None:
            self._stopping.refuse()
            self._until = time.monotonic() + _LAST_WORDS
        elif sig == signal.SIGTERM:
            self.should_exit = True
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Checked ten times a second: whether to stop."""
        done: bool = await super().on_tick(counter)
        if self._until is None:
            return done
        if time.monotonic() > self._until:
            self._stopping.cut()
            return True
        return done or self._stopping.idle()


class _Impatient(H11Protocol):
    """Close a connection whose request headers do not arrive in time (slow clients)."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timeout; set TCP_NODELAY, which asyncio sets only on its own sockets."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._await_headers()

    def data_received(self, data: bytes) -> None:
        """End the timeout when the headers are complete."""
        super().data_received(data)
        self._await_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeout."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _await_headers(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._waiting is None:
            self._waiting = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None


def share_memory() -> None:
    """Limit glibc to two malloc arenas: with one per thread, memory grew by 1 MB an answer."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def run(
    app: FastAPI,
    taken: socket.socket,
    *,
    stopping: Stopping,
    certificate: tuple[Path, Path] | None = None,
    on_ready: Callable[[], None],
) -> None:
    """Serve until interrupted or told to stop; ``on_ready`` is called once the page answers."""
    url = address(taken, tls=bool(certificate))

    def ready() -> None:
        print(f"ragqa is ready: {url}", file=sys.stderr, flush=True)
        if not is_loopback(taken.getsockname()[0]) and not certificate:
            print(
                "the password crosses the network unencrypted; set RAGQA_CERTIFICATE and RAGQA_CERTIFICATE_KEY",
                file=sys.stderr,
                flush=True,
            )
        on_ready()

    _Server(app, ready, stopping, certificate).run(sockets=[taken])


def run_in_thread(
    app: FastAPI, taken: socket.socket, *, certificate: tuple[Path, Path] | None = None
) -> Callable[[], None]:
    """Serve from a thread; returns, once the server answers, a function that stops it."""
    ready = threading.Event()
    server = _Server(app, ready.set, Stopping(), certificate)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    if not ready.wait(timeout=60):
        raise RagqaError("the page did not start within a minute")

    def stop() -> None:
        server.should_exit = True
        thread.join(timeout=10)

    return stop

"""Bind a port, and say where it can be reached."""

from __future__ import annotations

import os
import socket

from ragqa.errors import RagqaError

_OTHER_PORT = "PORT=7861 make run, or ragqa serve --port 7861"


def bind(host: str, port: int, *, other: str = _OTHER_PORT) -> socket.socket:
    """Bind the port before anything slow starts; port 0 takes a free one.

    Raises RagqaError where it is taken, with ``other``, the command for another port.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise RagqaError(
            f"port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}); choose another: {other}"
        ) from error


def address(taken: socket.socket, *, tls: bool = False) -> str:
    """The URL of a bound socket."""
    host, port = taken.getsockname()[:2]
    return f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"

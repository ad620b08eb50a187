"""Check what serving assistants needs, open the archive and serve it."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from ragqa.errors import RagqaError
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings


def start(settings: Settings, *, http: bool, allow_add: bool, say: Callable[[str], None]) -> None:
    """Serve over stdio until it ends, or with ``http`` over HTTP until interrupted; ``say`` gets messages.

    Raises RagqaError, where the SDK is not installed too, and ModelMissingError.
    """
    # mcp_types came with version 2 of the SDK, which this is written for.
    if find_spec("mcp") is None or find_spec("mcp_types") is None:
        raise RagqaError(
            'ragqa mcp needs the MCP SDK 2, which is not installed; run: pip install "ragqa[mcp]"'
        )
    from ragqa.mcp.server import build_server
    from ragqa.mcp.transports import serve_http, serve_stdio

    # An assistant reads both languages and writes itself: the language model would only cost time and memory.
    pipeline = Pipeline.for_server(settings.model_copy(update={"generator": "none"}))
    server = build_server(pipeline, allow_add=allow_add)
    if http:
        serve_http(server, settings, ready=pipeline.warm, say=say)
    else:
        serve_stdio(server, ready=pipeline.warm)

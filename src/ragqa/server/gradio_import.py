"""Gradio, imported in less than half its time.

It would parse every component's source to rewrite a stub file for editors, and take along the Model Context Protocol,
which its page then speaks only where it is asked to.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ragqa.importing import absent

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read once, when gradio is imported


@contextmanager
def _without_sources() -> Iterator[None]:
    """Within it, inspect finds no source file of a class of gradio's, which then writes no stub for it."""
    found = inspect.getfile

    def getfile(of: Any) -> str:
        if isinstance(of, type) and of.__module__.startswith("gradio."):
            raise OSError(f"no stub file is wanted for {of.__qualname__}")
        return found(of)

    inspect.getfile = getfile  # type: ignore[assignment]
    try:
        yield
    finally:
        inspect.getfile = found


with _without_sources(), absent("mcp"):
    import gradio as gr

__all__ = ["gr"]

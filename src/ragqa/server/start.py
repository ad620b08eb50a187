"""Start the server; what only lists or makes keys does not load it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.settings import Settings


def start(settings: Settings) -> None:
    """Serve until interrupted. Raises ModelMissingError, and SettingsError as ``app.start`` does."""
    from ragqa.pipeline import Pipeline
    from ragqa.server import runtime

    # Before any thread is: it does not undo what they have.
    runtime.share_memory()
    # Gradio takes seconds to import: meanwhile the models are compiled.
    pipeline = Pipeline.for_server(settings)
    from ragqa.server import app

    app.start(pipeline)

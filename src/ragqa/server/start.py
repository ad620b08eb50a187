"""Start the server; what only lists or makes keys does not load it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.settings import Settings


def start(settings: Settings) -> None:
    """Open the pipeline and serve until interrupted. Raises SettingsError as ``app.start`` does."""
    # Gradio takes seconds to import.
    from ragqa.server import app

    app.start(settings)

"""An index brought up to date as the settings say: what command line, page and evaluation share."""

from __future__ import annotations

from collections.abc import Callable

from ragqa.building import build_index
from ragqa.records import Built
from ragqa.settings import Settings


def update(
    settings: Settings,
    *,
    full: bool = False,
    dry_run: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Built:
    """Bring the settings' index up to date with their corpus; raises what ``build_index`` raises."""
    from ragqa.loading import load_encoder

    return build_index(
        settings.corpus,
        settings.index,
        encoder=lambda: load_encoder(settings),
        encoder_id=settings.encoder,
        chunk_size=settings.chunk_size,
        full=full,
        dry_run=dry_run,
        keep=settings.keep,
        progress=progress,
    )

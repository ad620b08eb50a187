"""ragqa answers questions about a corpus of articles with exact, cited quotes.

For programs: ``open_pipeline``, ``build_index``, ``Settings`` and the types of answers. They are imported
when they are first used, so that ``import ragqa`` is quick.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ragqa.pipeline import Pipeline
    from ragqa.settings import Settings
    from ragqa.types import Answer, Article, Built, Citation, Filter, Passage, ShortAnswer, Statement

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Article",
    "Built",
    "Citation",
    "Filter",
    "Passage",
    "Settings",
    "ShortAnswer",
    "Statement",
    "build_index",
    "open_pipeline",
]

# Read once, when huggingface_hub is imported, which gradio does before any model is loaded.
os.environ.setdefault("HF_HUB_OFFLINE", "1")


def open_pipeline(settings: Settings | None = None) -> Pipeline:
    """Open the index and the models that the settings name, by default those of the environment.

    Raises ModelError, IndexMissingError, IndexMismatchError.
    """
    from ragqa.pipeline import Pipeline
    from ragqa.settings import Settings

    return Pipeline.open(settings or Settings.load())


def build_index(settings: Settings | None = None, *, full: bool = False) -> Built:
    """Bring the index of the settings up to date with their corpus; ``full`` builds it anew.

    Raises CorpusError, IndexBusyError, IndexMismatchError, ModelError.
    """
    from ragqa.index import update
    from ragqa.settings import Settings

    return update(settings or Settings.load(), full=full)


def __getattr__(name: str) -> Any:
    """The settings and types of ``__all__``, imported when they are first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("ragqa.settings" if name == "Settings" else "ragqa.types"), name)

"""What a reader of a file format returns, and the most that it may be given."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file before cleaning, and the facts that its format holds apart from the text.

    ``id`` names an article in a file that holds several; the others are as in ``Article``.
    """

    text: str
    title: str = ""
    published: str | None = None
    source: str = ""
    outlet: str = ""
    language: str = ""
    links: tuple[str, ...] = ()
    author: str = ""
    published_from: str = ""
    id: str = ""


def needed(module: str, extra: str) -> Any:
    """An optional library, imported when a file needs it. Raises ValueError with what to install."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ValueError(f'needs {module.partition(".")[0]}: pip install "ragqa[{extra}]"') from None

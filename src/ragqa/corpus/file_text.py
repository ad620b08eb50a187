"""What a reader of a file format returns, and the most that it may be given."""

from __future__ import annotations

import importlib
import io
import zipfile
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileText:
    """The text of a file before cleaning, and the facts that its format holds apart from the text.

    ``id`` names an article in a file that holds several, ``left_out`` parts of the file that are not read; the others
    are as in ``Article``.
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
    left_out: tuple[str, ...] = ()


def opened_zip(data: bytes) -> zipfile.ZipFile:
    """A zip file. Raises ValueError where it unpacks to more than ten times what a file may have."""
    book = zipfile.ZipFile(io.BytesIO(data))
    # Inflates 1000:1 at worst, so the sizes are looked at before anything is unpacked.
    if sum(entry.file_size for entry in book.infolist()) > 10 * MAX_BYTES:
        raise ValueError("unpacks to too much data")
    return book


def needed(module: str, extra: str) -> Any:
    """An optional library, imported when a file needs it. Raises ValueError with what to install."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ValueError(f'needs {module.partition(".")[0]}: pip install "ragqa[{extra}]"') from None

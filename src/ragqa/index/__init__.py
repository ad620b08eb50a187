"""From articles to an index on disk, and the index in memory."""

from typing import TYPE_CHECKING, Any

from ragqa.index import durable, snapshots
from ragqa.index.calibration import measured
from ragqa.index.columns import Mask
from ragqa.index.index import Index
from ragqa.index.late_interaction import Asked, interaction, within
from ragqa.index.live import Current
from ragqa.index.phrases import spellings
from ragqa.index.store import Manifest, read_manifest, verify
from ragqa.index.vectors import Rows

if TYPE_CHECKING:
    from ragqa.index.build import add_files, compare, update

__all__ = [
    "Asked",
    "Current",
    "Index",
    "Manifest",
    "Mask",
    "Rows",
    "add_files",
    "compare",
    "durable",
    "interaction",
    "measured",
    "read_manifest",
    "snapshots",
    "spellings",
    "update",
    "verify",
    "within",
]


def __getattr__(name: str) -> Any:
    """What builds an index, imported when it is first used: a question needs none of it, nor what reads files."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ragqa.index import build

    return getattr(build, name)

"""From articles to an index on disk, and the index in memory."""

from typing import TYPE_CHECKING, Any

from ragqa.index import durable, snapshots
from ragqa.index.bm25 import Coverage
from ragqa.index.calibration import measured
from ragqa.index.columns import Mask
from ragqa.index.late_interaction import Asked, interaction, within
from ragqa.index.live import Current
from ragqa.index.opening import damage_at, manifest_at, open_index, require_folder, roll_back
from ragqa.index.phrases import spellings
from ragqa.index.searchable import Scope, SearchIndex
from ragqa.index.store import Manifest
from ragqa.index.vectors import Rows

if TYPE_CHECKING:
    from ragqa.index.build import add_files, compare, update

__all__ = [
    "Asked",
    "Coverage",
    "Current",
    "Manifest",
    "Mask",
    "Rows",
    "Scope",
    "SearchIndex",
    "add_files",
    "compare",
    "damage_at",
    "durable",
    "interaction",
    "manifest_at",
    "measured",
    "open_index",
    "require_folder",
    "roll_back",
    "snapshots",
    "spellings",
    "update",
    "within",
]


if not TYPE_CHECKING:  # else every name would seem to exist

    def __getattr__(name: str) -> Any:
        """What builds an index, imported when it is first used: a question needs none of it, nor what reads files."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from ragqa.index import build

        return getattr(build, name)

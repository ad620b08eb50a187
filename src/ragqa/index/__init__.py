"""From articles to an index on disk, and the index in memory."""

from ragqa.index import snapshots
from ragqa.index.bm25 import Coverage
from ragqa.index.build import add_files, compare, update
from ragqa.index.calibration import measured
from ragqa.index.columns import Mask
from ragqa.index.late_interaction import Asked, interaction, within
from ragqa.index.live import Current
from ragqa.index.opening import damage_at, manifest_at, open_index, require_folder, roll_back
from ragqa.index.phrases import spellings
from ragqa.index.searchable import Scope, SearchIndex
from ragqa.index.store import Manifest
from ragqa.index.vectors import Rows

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

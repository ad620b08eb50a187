"""From articles to an index on disk, and the index in memory."""

from ragqa.index import snapshots
from ragqa.index.bm25 import Coverage
from ragqa.index.build import add_files, compare, update
from ragqa.index.calibration import measured
from ragqa.index.columns import Mask
from ragqa.index.index import Index
from ragqa.index.late_interaction import Asked, interaction, within
from ragqa.index.live import Current
from ragqa.index.phrases import spellings
from ragqa.index.searchable import Scope, SearchIndex
from ragqa.index.store import Manifest, read_manifest, verify
from ragqa.index.vectors import Rows

__all__ = [
    "Asked",
    "Coverage",
    "Current",
    "Index",
    "Manifest",
    "Mask",
    "Rows",
    "Scope",
    "SearchIndex",
    "add_files",
    "compare",
    "interaction",
    "measured",
    "read_manifest",
    "snapshots",
    "spellings",
    "update",
    "verify",
    "within",
]

"""From articles to an index on disk, and the index in memory."""

from ragqa.index import snapshots
from ragqa.index.build import add_files, compare, update
from ragqa.index.calibration import measured
from ragqa.index.index import Index, Mask, Rows
from ragqa.index.late_interaction import Asked, interaction, within
from ragqa.index.live import Current
from ragqa.index.store import Manifest, read_manifest, verify

__all__ = [
    "Asked",
    "Current",
    "Index",
    "Manifest",
    "Mask",
    "Rows",
    "add_files",
    "compare",
    "interaction",
    "measured",
    "read_manifest",
    "snapshots",
    "update",
    "verify",
    "within",
]

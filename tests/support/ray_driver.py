"""A build in a process of its own, with the real encoder: serial, or on a Ray cluster.

    python -m support.ray_driver CORPUS INDEX serial|ray|ray://host:port

A line of stdout is "DONE TOTAL" as the build goes on; at the end "lost N": shards that were in hand when a node died.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from ragqa.index.ray_engine import address_of, on_ray
from ragqa.index.shards import one_by_one
from ragqa.models.loading import load_encoder
from ragqa.settings import Settings
from support.faults import build


class Lost(logging.Handler):
    """Counts what the engine tells of."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += "is gone" in record.getMessage()


def main(corpus: str, index: str, engine: str) -> None:
    settings, told = Settings.load(), sys.stdout
    encoder, address, lost = load_encoder(settings), address_of(engine), Lost()
    logging.getLogger("ragqa").addHandler(lost)
    build(
        Path(corpus),
        Path(index),
        encoder,
        engine=one_by_one if address is None else lambda loaded: on_ray(loaded, settings, address),
        progress=lambda done, total, rate: print(done, total, file=told, flush=True),
    )
    print("lost", lost.count, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

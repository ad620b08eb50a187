"""An index in Milvus: what is published, and how a generation is written beside it.

Milvus has no locks, but one of two who make the same alias is refused: who writes holds the alias NAME_writer, and says
again and again that it is alive. Of one that was killed the alias goes when its time is over.
"""

from __future__ import annotations

import io
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ragqa.errors import IndexBusyError, IndexMismatchError, IndexMissingError, RagqaError, StoreError
from ragqa.index import calibration, known_names
from ragqa.index.bm25 import Lexical
from ragqa.index.known_names import KnownNames
from ragqa.index.prepared import Prepared
from ragqa.index.store import Manifest
from ragqa.index.stores.generation import (
    article_written,
    batches,
    damage,
    listed,
    manifest_read,
    manifest_written,
    postings_written,
    require_whole,
    signature_written,
    written,
)
from ragqa.index.stores.milvus import Collections, Texts, driver, refusals
from ragqa.index.stores.milvus_generation import (
    FILES,
    LISTED,
    MANIFEST,
    MilvusGeneration,
    codes,
    id_key,
    term_key,
)
from ragqa.index.stores.stored import StoredIndex
from ragqa.index.vectors import exact
from ragqa.settings import StoreAddress

# Seconds that a writer is believed to be alive, and after which it says so again.
LEASE, BEAT = 60.0, 10.0
# Chunks of one message: with vectors of 384 dimensions about a megabyte.
_BATCH = 500
_CHUNK = (("row", 0), ("article", 0), ("language", 0), ("key", 200), ("place", 65_535))


class MilvusStore:
    """The generations of one name."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address
        self.collections = Collections(address)

    def current(self) -> str | None:
        """The generation that answers. Raises StoreError."""
        with refusals(self.address):
            name = self.collections.aliased("current")
            return self._generation(name) if name else None

    def manifest(self, name: str | None = None) -> Manifest:
        """The manifest of a generation, by default the current one. Raises IndexMissingError."""
        wanted = name or self.current()
        with refusals(self.address):
            found = self._texts(wanted).get([MANIFEST]) if wanted else {}
        if not found:
            raise IndexMissingError(f"there is no index at {self.address}; run: ragqa index")
        return manifest_read(found[MANIFEST])

    def open(self, name: str) -> StoredIndex:
        """A sealed generation. Raises IndexMismatchError."""
        return StoredIndex(MilvusGeneration(self.address, name))

    def generations(self) -> dict[str, str]:
        """The state of each generation by its name: writing or sealed."""
        with refusals(self.address):
            found = {}
            for texts in self.collections.texts():
                sealed = Texts(self.collections, texts).get([MANIFEST])
                found[self._generation(texts)] = "sealed" if sealed else "writing"
            return found

    def damage(self) -> list[str]:
        """What is wrong with the current generation, in words."""
        return damage(MilvusGeneration(self.address, self.manifest().version))

    @contextmanager
    def writing(self) -> Iterator[MilvusWriter]:
        """Hold the writer's lease. Raises IndexBusyError when another process has it."""
        with refusals(self.address):
            lease = Lease(self.collections)
            if not lease.take():
                raise IndexBusyError(
                    f"another process is writing {self.address}, or was killed in the last {LEASE:.0f} seconds;"
                    " wait for it, then run again"
                )
            stop = threading.Event()
            beating = threading.Thread(target=lease.beat, args=(stop,), daemon=True)
            beating.start()
            try:
                yield MilvusWriter(self, lease)
            finally:
                stop.set()
                beating.join()
                with suppress(driver(self.address).MilvusException):
                    lease.give_back()

    def _texts(self, generation: str) -> Texts:
        return Texts(self.collections, self.collections.name(generation, "texts"))

    def _generation(self, texts: str) -> str:
        """The name of a generation by that of its collection, which has letters in lower case and no hyphens."""
        day, _, rest = texts.removeprefix(f"{self.address.name}_g").removesuffix("_texts").rpartition("_")
        return f"v-{day.upper()}-{rest}"


class Lease:
    """The right to write, as long as it is renewed."""

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        self._name = f"{collections.address.name}_lease_{secrets.token_hex(6)}"

    def take(self) -> bool:
        """Whether nobody else has it; what one left whose time is over is taken away."""
        client, alias = self._collections.client, self._collections.alias("writer")
        self._collections.make(self._name, Texts.FIELDS, dimension=2, index="FLAT")
        self._renew()
        for _ in range(2):
            with suppress(driver(self._collections.address).MilvusException):
                client.create_alias(self._name, alias)
            holder = self._collections.aliased("writer")
            if holder == self._name:
                return True
            if holder and self._until(holder) > time.time():
                break
            if holder:
                client.drop_alias(alias)
                client.drop_collection(holder)
        client.drop_collection(self._name)
        return False

    def require(self) -> None:
        """Raise StoreError where another has it by now."""
        if self._collections.aliased("writer") != self._name:
            raise StoreError(
                f"another process took over the writing of {self._collections.address}, since this one was held up;"
                " the published index is unharmed; run: ragqa index"
            )

    def beat(self, stop: threading.Event) -> None:
        """Renew it until told to stop."""
        while not stop.wait(BEAT):
            with suppress(driver(self._collections.address).MilvusException):
                self._renew()

    def give_back(self) -> None:
        """Let others write."""
        if self._collections.aliased("writer") == self._name:
            self._collections.client.drop_alias(self._collections.alias("writer"))
        self._collections.client.drop_collection(self._name)

    def _renew(self) -> None:
        Texts(self._collections, self._name).put([("until", str(time.time() + LEASE).encode())])

    def _until(self, holder: str) -> float:
        return float(Texts(self._collections, holder).get(["until"]).get("until", b"0"))


class MilvusWriter:
    """Writes generations; nobody else does meanwhile."""

    def __init__(self, store: MilvusStore, lease: Lease) -> None:
        self._store = store
        self._lease = lease
        self._collections = store.collections

    def begin(self, manifest: Manifest) -> None:
        """Make the collections of a generation."""
        texts, chunks = self._names(manifest.version)
        self._collections.make(texts, Texts.FIELDS, dimension=2, index="FLAT")
        index = "FLAT" if exact(manifest.chunks) else "HNSW"
        self._collections.make(chunks, _CHUNK, dimension=manifest.dimension, index=index)

    def write(self, name: str, prepared: Prepared) -> None:
        """Write all of a generation; what is there already is replaced."""
        texts, chunks = self._names(name)
        for batch in batches(_chunks(prepared), _BATCH):
            self._collections.client.upsert(chunks, batch)
        Texts(self._collections, texts).put(_texts(prepared))

    def seal(self, manifest: Manifest, prepared: Prepared) -> None:
        """Index a generation and compare it with what was to be written. Raises IndexMismatchError."""
        names = self._names(manifest.version)
        texts = Texts(self._collections, names[0])
        texts.put([(MANIFEST, manifest_written(manifest))])
        for name in names:
            self._collections.client.flush(name)
            # An index is made, and read, when its collection is loaded.
            self._collections.client.release_collection(name)
            self._collections.client.load_collection(name)
        try:
            require_whole(MilvusGeneration(self._store.address, manifest.version), prepared)
        except IndexMismatchError:
            self._collections.client.delete(names[0], ids=[f"{MANIFEST}.0"])
            raise

    def publish(self, name: str) -> None:
        """Let a sealed generation answer from the next question on. Raises RagqaError for any other."""
        if self._store.generations().get(name) != "sealed":
            raise RagqaError(f"the generation {name} is not sealed; the current one stays")
        self._lease.require()
        texts, alias = self._names(name)[0], self._collections.alias("current")
        if self._store.current():
            self._collections.client.alter_alias(texts, alias)
        else:
            self._collections.client.create_alias(texts, alias)

    def drop(self, name: str) -> None:
        """Drop a generation that does not answer; nothing tells who has it open."""
        if self._store.current() == name:
            raise RagqaError(f"the generation {name} answers; it stays")
        self._lease.require()
        # The texts last: by them a generation is known.
        for collection in reversed(self._names(name)):
            self._collections.client.drop_collection(collection)

    def _names(self, name: str) -> tuple[str, str]:
        return self._collections.name(name, "texts"), self._collections.name(name, "chunks")


def _chunks(prepared: Prepared) -> Iterator[dict[str, Any]]:
    numbers = codes(article.language for article in prepared.articles)
    for row, place in enumerate(prepared.places):
        yield {
            "row": row,
            "article": place.article,
            "language": numbers[prepared.articles[place.article].language],
            "key": place.key,
            # ASCII, since a string field takes no NUL and no half of a character.
            "place": json.dumps([place.start, place.end, place.heading]),
            "vector": prepared.vectors[row].tolist(),
        }


def _texts(prepared: Prepared) -> Iterator[tuple[str, bytes]]:
    """All but vectors, by keys."""
    spans = prepared.spans()
    for row, article in enumerate(prepared.articles):
        yield f"a{row}", written(spans[row]) + b"\n" + article_written(article)
        yield id_key(article.id), str(row).encode()
    for at, block in enumerate(batches(iter(prepared.articles), LISTED)):
        yield f"l{at}", b"\n".join(map(listed, block))
    for row, signature in enumerate(prepared.signatures or ()):
        yield f"s{row}", signature_written(signature)
    for hashed, postings in Lexical.build(prepared.texts).columns():
        yield term_key(hashed), postings_written(postings)
    offsets = io.BytesIO()
    prepared.score_offsets.write(offsets)
    yield FILES[calibration.FILE], offsets.getvalue()
    yield FILES[known_names.FILE], KnownNames.build(prepared.articles).text.encode("utf-8", "surrogatepass")

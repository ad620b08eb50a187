"""Milvus: its collections, and texts of any length by their keys.

    NAME_current             alias: the texts of the generation that answers
    NAME_writer              alias: the lease of whoever writes
    NAME_G_chunks            a vector and what it is filtered by for each chunk of generation G
    NAME_G_texts             all else: articles, places, tokens, postings, names; sealed once it has a manifest

An expression has numbers of ours and keys made of letters and digits alone, never a word of a question or a filter.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import cache
from itertools import islice
from typing import Any

from ragqa.index.stores.failures import not_installed, told
from ragqa.settings import StoreAddress

# A string field holds up to 65,535 bytes, one message up to 64 MB.
_PIECE, _AT_ONCE = 60_000, 200
# Seconds to wait for a server.
_CONNECT = 10.0


def refusals(address: StoreAddress) -> AbstractContextManager[None]:
    """Turn what Milvus refuses into a StoreError that names the server and the reason, but no password."""
    return told("Milvus", address, driver(address).MilvusException, lambda error: error.message)


def driver(address: StoreAddress) -> Any:
    """The package pymilvus. Raises StoreError where it is not installed."""
    try:
        import pymilvus
    except ImportError as error:
        raise not_installed(error, address, "milvus") from error
    # It logs what it raises, with the whole trace.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    return pymilvus


@cache
def client(address: StoreAddress) -> Any:
    """A client, one for each address. Raises StoreError where the server cannot be reached."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(address.uri.get_secret_value())
    scheme = "https" if "tls=1" in parts.query else "http"
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    with refusals(address):
        return driver(address).MilvusClient(
            uri=f"{scheme}://{parts.hostname}:{parts.port or 19530}",
            user=user,
            password=password,
            timeout=_CONNECT,
        )


class Collections:
    """The collections and aliases of one index."""

    def __init__(self, address: StoreAddress) -> None:
        self.address = address

    @property
    def client(self) -> Any:
        """The client. Raises StoreError."""
        return client(self.address)

    def name(self, generation: str, kind: str) -> str:
        """The collection of a generation."""
        return f"{self.address.name}_g{generation[2:].lower().replace('-', '_')}_{kind}"

    def alias(self, kind: str) -> str:
        """An alias."""
        return f"{self.address.name}_{kind}"

    def aliased(self, kind: str) -> str | None:
        """The collection that an alias names; None where there is no such alias."""
        try:
            return str(self.client.describe_alias(self.alias(kind))["collection_name"])
        except driver(self.address).MilvusException as error:
            if error.code == 2:
                raise
            return None

    def texts(self) -> list[str]:
        """The texts' collections of all generations."""
        ours = re.compile(rf"{self.address.name}_g\d{{8}}t\d{{6}}_[0-9a-f]{{6}}_texts")
        return sorted(filter(ours.fullmatch, self.client.list_collections()))

    def read(self, call: Callable[..., Any], name: str, **wanted: Any) -> Any:
        """What a call gives of a collection; one that a server has not loaded since it was started is loaded first."""
        try:
            return call(name, **wanted)
        except driver(self.address).MilvusException as error:
            if not re.search("released|not loaded", str(error)):
                raise
        self.client.load_collection(name)
        return call(name, **wanted)

    def make(self, name: str, fields: Sequence[tuple[str, Any]], *, dimension: int, index: str) -> None:
        """Make a collection whose first field is its key."""
        kinds = driver(self.address).DataType
        schema = self.client.create_schema(auto_id=False, enable_dynamic_field=False)
        for at, (field, longest) in enumerate(fields):
            kind = (
                {"max_length": longest, "datatype": kinds.VARCHAR} if longest else {"datatype": kinds.INT64}
            )
            schema.add_field(field, is_primary=at == 0, **kind)
        schema.add_field("vector", kinds.FLOAT_VECTOR, dim=dimension)
        indexes = self.client.prepare_index_params()
        indexes.add_index("vector", index_type=index, metric_type="IP")
        self.client.create_collection(name, schema=schema, index_params=indexes, consistency_level="Strong")


class Texts:
    """Bytes by keys in one collection, in pieces of what a string field holds."""

    FIELDS = (("key", 200), ("data", 65_535))

    def __init__(self, collections: Collections, name: str) -> None:
        self._collections = collections
        self._name = name

    def put(self, items: Iterable[tuple[str, bytes]]) -> None:
        """Write values; one that is there already is replaced."""
        pieces = (
            {"key": f"{key}.{at}", "data": piece, "vector": [1.0, 0.0]}
            for key, value in items
            for at, piece in enumerate(_cut(value))
        )
        while batch := list(islice(pieces, _AT_ONCE)):
            self._collections.client.upsert(self._name, batch)

    def get(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of those keys that there are."""
        first = self._pieces([f"{key}.0" for key in keys])
        parts = {key: first[f"{key}.0"].partition("|") for key in keys if f"{key}.0" in first}
        later = {key: [f"{key}.{at}" for at in range(1, int(parts[key][0]))] for key in parts}
        rest = self._pieces([name for names in later.values() for name in names])
        return {
            key: b"".join(map(base64.b64decode, [parts[key][2], *(rest[name] for name in later[key])]))
            for key in parts
        }

    def _pieces(self, names: Sequence[str]) -> dict[str, str]:
        found = {}
        for begin in range(0, len(names), _AT_ONCE):
            wanted = names[begin : begin + _AT_ONCE]
            there = self._collections
            for row in there.read(
                there.client.get, self._name, ids=list(wanted), output_fields=["key", "data"]
            ):
                found[row["key"]] = row["data"]
        return found


def _cut(value: bytes) -> Iterator[str]:
    """The pieces of a value as base64; the first says how many there are."""
    size = _PIECE // 4 * 3
    parts = [value[at : at + size] for at in range(0, len(value), size)] or [b""]
    for at, part in enumerate(parts):
        text = base64.b64encode(part).decode()
        yield f"{len(parts)}|{text}" if at == 0 else text

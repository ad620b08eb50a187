"""An index in a store that others keep: PostgreSQL with pgvector, or Milvus."""

from __future__ import annotations

from ragqa.index.stores.writing import Store
from ragqa.settings import StoreAddress


def store_of(address: StoreAddress) -> Store:
    """The store at an address; nothing is asked of it yet."""
    if address.engine == "milvus":
        from ragqa.index.stores.milvus_store import MilvusStore

        return MilvusStore(address)
    from ragqa.index.stores.postgres_store import PostgresStore

    return PostgresStore(address)

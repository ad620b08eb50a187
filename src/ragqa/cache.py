"""A thread-safe cache of the values that were used last."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")


class Cache(Generic[T]):
    """At most ``most`` values by their keys; the least recently used goes first."""

    def __init__(self, most: int) -> None:
        self._values: LRUCache[Hashable, T] = LRUCache(most)
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The value of a key, or None."""
        with self._lock:
            return self._values.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Store a value; where the cache is full, the least recently used one is dropped."""
        with self._lock:
            self._values[key] = value

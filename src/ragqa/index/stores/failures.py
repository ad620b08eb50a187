"""Errors of stores: they name the server and the remedy, but no password."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ragqa.errors import StoreError
from ragqa.settings import StoreAddress, masked


@contextmanager
def told(
    server: str, address: StoreAddress, kind: type[Exception], reason: Callable[[Any], object] = str
) -> Iterator[None]:
    """Turn errors of a ``kind`` into a StoreError with the ``reason`` that the server gave."""
    try:
        yield
    except kind as error:
        said = masked(" ".join(str(reason(error)).split()) or type(error).__name__)
        raise StoreError(f"{server} at {address} refused: {said}; start it, or correct the address") from None


def not_installed(error: ImportError, address: StoreAddress, extra: str) -> StoreError:
    """The error of a package that a store needs and that is not here."""
    return StoreError(
        f"{error.name} is not installed, which {address} needs; run: pip install 'ragqa[{extra}]'"
    )

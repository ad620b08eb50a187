"""Vectors of all chunks in a flat faiss index: made, read, searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ragqa.index.columns import Mask
from ragqa.types import Vectors

# How faiss begins a file of an IndexFlatIP.
_FLAT = b"IxFI"


def flat(vectors: Vectors) -> Any:
    """A faiss index of unit vectors, shape (n, dimension)."""
    import faiss

    made = faiss.IndexFlatIP(vectors.shape[1])
    made.add(np.ascontiguousarray(vectors))
    return made


def write(vectors: Any, path: Path) -> None:
    """Write a faiss index into a file; faiss.write_index tells nobody when the last bytes find no room."""
    import faiss

    path.write_bytes(faiss.serialize_index(vectors).data)


def nearest(vectors: Any, query: Vectors, k: int, among: Mask | None) -> Any:
    """Rows of the ``k`` vectors nearest to one of shape (dimension,), best first, in a mask; shape (up to k,)."""
    import faiss

    parameters = None
    if among is not None and not among.all():
        selector: Any = faiss.IDSelectorBitmap
        allowed = selector(np.packbits(among, bitorder="little"))
        parameters = faiss.SearchParameters(sel=allowed)  # type: ignore[call-arg]
    # Its threads would be in the way of the encoder's; the setting is the whole thread's, so it is put back.
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        _, found = vectors.search(np.ascontiguousarray(query[None]), k, params=parameters)
    finally:
        faiss.omp_set_num_threads(threads)
    return found[0][found[0] >= 0]


def read(path: Path) -> Any:
    """Flat vectors, no more than the file can hold; other kinds of faiss files are refused unread."""
    import faiss

    with path.open("rb") as file:
        if file.read(len(_FLAT)) != _FLAT:
            raise ValueError(f"{path.name} holds no flat vectors")
    faiss.set_deserialization_vector_byte_limit(path.stat().st_size)
    return faiss.read_index(str(path))

"""Vectors of all chunks, mapped: in a flat faiss index and, where there are many, in lists of near ones.

    vectors.faiss          float32, row i = chunk i
    vectors.lists.faiss    the same rows in 8 bits a dimension, each in the list of its nearest centroid (IVF)

A search compares all rows that may be found, or only those of the lists nearest to the question; ``exact`` says which.
docs/retrieval.md has the table behind its constants.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ragqa.index.columns import Mask
from ragqa.types import Vectors

FLAT, LISTS = "vectors.faiss", "vectors.lists.faiss"
Rows = npt.NDArray[np.int64]
# Rows that a search compares: all that may be found where they are no more, else those of the nearest lists.
COMPARED = 75_000
# Which rows are counted to tell how many lists hold so many: each 17th (a prime, since languages may alternate).
_COUNTED = 17
# Candidates by 8 bits for each row that is returned; they are put in order by their float32 vectors.
_CANDIDATES = 2
# Lists for n rows: this times the root of n. Trained anew when there are half or twice as many as that.
_LISTS, _PER_LIST, _CHANGED = 4.0, 40, 2.0
# Rows whose lists are looked up at once when an index is built.
_BLOCK = 65_536
# How faiss begins a file of an IndexFlatIP and one of an IndexIVFScalarQuantizer, whose quantizer begins at ``_INNER``.
_IS_FLAT, _IS_LISTS, _INNER = b"IxFI", b"IwSq", 53


def exact(rows: int) -> bool:
    """Whether a search among so many rows compares them all; an index of no more has no lists."""
    return rows <= COMPARED


@dataclass(frozen=True, slots=True)
class VectorIndex:
    """Unit vectors of shape (n, dimension); of many also ``lists``, and the list of each row, shape (n,)."""

    flat: Any
    lists: Any = None
    list_of: npt.NDArray[np.int32] | None = None

    @classmethod
    def build(
        cls, vectors: Vectors, *, like: VectorIndex | None = None, known: Rows | None = None
    ) -> VectorIndex:
        """An index of unit vectors, shape (n, dimension).

        The centroids of ``like`` are used again unless the size has changed much; ``known`` are the rows of the same
        vectors in it, -1 where a vector is new, shape (n,).
        """
        import faiss

        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(vectors)
        return cls(flat) if exact(len(vectors)) else cls(flat, *in_lists(vectors, like, known))

    @classmethod
    def open(cls, folder: Path, files: Collection[str]) -> VectorIndex:
        """Map the vectors, and their lists where ``files`` names them.

        Other kinds of faiss files are refused unread. Raises ValueError when the two do not fit each other.
        """
        flat = _read(folder / FLAT, _IS_FLAT)
        if LISTS not in files:
            return cls(flat)
        lists = _read(folder / LISTS, _IS_LISTS, _IS_FLAT)
        fits = (lists.ntotal, lists.d) == (flat.ntotal, flat.d) and lists.nlist == lists.quantizer.ntotal
        if not fits:
            raise ValueError(f"{LISTS} does not fit {FLAT}")
        return cls(flat, lists, _lists_of_rows(lists))

    def save(self, folder: Path) -> None:
        """Write the files into a folder."""
        _write(self.flat, folder / FLAT)
        if self.lists:
            _write(self.lists, folder / LISTS)

    def nearest(self, query: Vectors, k: int, among: Mask | None) -> Rows:
        """Rows of the ``k`` vectors nearest to one of shape (dimension,), best first, in a mask; shape (up to k,)."""
        import faiss

        if among is not None and among.all():
            among = None
        # Its threads would be in the way of the encoder's; the setting is the whole thread's, so it is put back.
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        try:
            if self.lists and not exact(self.flat.ntotal if among is None else int(np.count_nonzero(among))):
                return self._nearest_in_lists(query, k, among)
            parameters = None
            if among is not None:
                parameters = faiss.SearchParameters(sel=_selector(among))  # type: ignore[call-arg]
            return _found(self.flat, query, k, parameters)
        finally:
            faiss.omp_set_num_threads(threads)

    def of(self, rows: Rows) -> Vectors:
        """Unit vectors of rows, shape (len(rows), dimension)."""
        return np.asarray(self.flat.reconstruct_batch(rows), dtype=np.float32)

    def _nearest_in_lists(self, query: Vectors, k: int, among: Mask | None) -> Rows:
        import faiss

        parameters = faiss.SearchParametersIVF(  # type: ignore[call-arg]
            sel=None if among is None else _selector(among), nprobe=self._lists_needed(query, among)
        )
        rows = _found(self.lists, query, _CANDIDATES * k, parameters)
        return rows[np.argsort(-(self.of(rows) @ query), kind="stable")[:k]]

    def _lists_needed(self, query: Vectors, among: Mask | None) -> int:
        """How many of the nearest lists hold enough rows of a mask: many may be of another language."""
        assert self.list_of is not None
        counted = self.list_of[::_COUNTED] if among is None else self.list_of[::_COUNTED][among[::_COUNTED]]
        held = _COUNTED * np.bincount(counted, minlength=self.lists.nlist)
        centroids = self.lists.quantizer.reconstruct_n(0, len(held))
        reached = np.cumsum(held[np.argsort(-(centroids @ query))])
        return min(int(np.searchsorted(reached, COMPARED)) + 1, len(held))


def in_lists(
    vectors: Vectors, like: VectorIndex | None, known: Rows | None
) -> tuple[Any, npt.NDArray[np.int32]]:
    """Vectors in lists, and the list of each; arguments as of ``VectorIndex.build``."""
    import faiss

    rows, dimension = vectors.shape
    count = round(_LISTS * rows**0.5)
    kept = like.lists if like and like.lists else None
    if kept and count / _CHANGED <= kept.nlist <= count * _CHANGED:
        count = kept.nlist
    else:
        kept = known = None
    centroids: Any = faiss.IndexFlatIP(dimension)
    lists: Any = faiss.IndexIVFScalarQuantizer(
        centroids, dimension, count, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    lists.cp.max_points_per_centroid = _PER_LIST
    if kept:
        # faiss trains no centroids where there are some.
        centroids.add(kept.quantizer.reconstruct_n(0, count))
    lists.train(vectors)
    list_of = np.full(rows, -1, dtype=np.int64)
    if like and like.list_of is not None and known is not None:
        list_of = np.where(known >= 0, like.list_of[known], -1).astype(np.int64)
    new = np.flatnonzero(list_of < 0)
    for block in np.array_split(new, len(new) // _BLOCK + 1):
        list_of[block] = centroids.search(vectors[block], 1)[1][:, 0]
    lists.add_core(rows, faiss.swig_ptr(vectors), None, faiss.swig_ptr(list_of))
    return lists, list_of.astype(np.int32)


def _selector(among: Mask) -> Any:
    import faiss

    bitmap: Any = faiss.IDSelectorBitmap
    return bitmap(np.packbits(among, bitorder="little"))


def _found(vectors: Any, query: Vectors, k: int, parameters: Any) -> Rows:
    found = vectors.search(np.ascontiguousarray(query[None]), k, params=parameters)[1][0]
    return np.asarray(found[found >= 0], dtype=np.int64)


def _lists_of_rows(lists: Any) -> npt.NDArray[np.int32]:
    """The list of each row, shape (n,). Raises RuntimeError where the lists name rows that there are not."""
    import faiss

    lists.make_direct_map()
    list_of = faiss.vector_to_array(lists.direct_map.array) >> 32
    lists.set_direct_map_type(faiss.DirectMap.NoMap)  # type: ignore[attr-defined]
    return np.asarray(list_of, dtype=np.int32)


def _write(vectors: Any, path: Path) -> None:
    import faiss

    writer: Any = faiss.PyCallbackIOWriter  # type: ignore[attr-defined]
    # faiss.write_index with a path tells nobody when the last bytes find no room.
    with path.open("wb") as file:
        faiss.write_index(vectors, writer(file.write))


def _read(path: Path, kind: bytes, inner: bytes = b"") -> Any:
    """Map a faiss index of a kind, no more than the file can hold; others are refused unread."""
    import faiss

    with path.open("rb") as file:
        head = file.read(_INNER + len(inner))
    if not head.startswith(kind) or not head.endswith(inner):
        raise ValueError(f"{path.name} holds no vectors of the kind {kind.decode()}")
    faiss.set_deserialization_vector_byte_limit(path.stat().st_size)
    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)

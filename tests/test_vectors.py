"""Vectors: few are all compared; many lie in lists, which filters, updates and damage leave right."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from ragqa.index import vectors
from ragqa.index.columns import Mask
from ragqa.index.vectors import FLAT, LISTS, Rows, VectorIndex, exact
from ragqa.types import Vectors

# 20 groups of 100 vectors around directions of their own; row i is of group i % 20.
GROUPS, EACH, DIMENSION = 20, 100, 32


def unit(made: Vectors) -> Vectors:
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


RANDOM = np.random.default_rng(3)
DIRECTIONS = unit(RANDOM.standard_normal((GROUPS, DIMENSION)))
MANY = unit(
    DIRECTIONS[np.arange(GROUPS * EACH) % GROUPS] + 0.03 * RANDOM.standard_normal((GROUPS * EACH, DIMENSION))
)
QUESTIONS = unit(DIRECTIONS + 0.03 * RANDOM.standard_normal(DIRECTIONS.shape))
GROUP = np.arange(len(MANY)) % GROUPS


@pytest.fixture(autouse=True)
def many_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 400 vectors count as many."""
    monkeypatch.setattr(vectors, "COMPARED", 400)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    VectorIndex.build(MANY).save(tmp_path)
    return tmp_path


def compared(question: Vectors, k: int, among: Mask | None = None) -> list[int]:
    """The nearest by comparing all."""
    scores = MANY @ question
    if among is not None:
        scores = np.where(among, scores, -2)
    return np.argsort(-scores, kind="stable")[:k].tolist()


def read_lists(index: VectorIndex) -> int:
    """How many vectors faiss has compared in lists since it was last asked."""
    done = int(faiss.cvar.indexIVF_stats.ndis)
    faiss.cvar.indexIVF_stats.reset()
    return done


# --- which kind -------------------------------------------------------------------------------


def test_up_to_75_000_rows_are_all_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert (exact(0), exact(75_000), exact(75_001)) == (True, True, False)


@pytest.mark.parametrize(("rows", "files"), [(400, [FLAT]), (401, [FLAT, LISTS])])
def test_only_many_vectors_lie_in_lists(tmp_path: Path, rows: int, files: list[str]) -> None:
    VectorIndex.build(MANY[:rows]).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def test_the_file_of_the_vectors_is_that_of_a_flat_index(saved: Path) -> None:
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(MANY)
    assert (saved / FLAT).read_bytes() == faiss.serialize_index(flat).tobytes()


# --- what is nearest --------------------------------------------------------------------------


def test_the_nearest_are_those_of_comparing_all(saved: Path) -> None:
    for index in (VectorIndex.build(MANY), VectorIndex.open(saved, [FLAT, LISTS])):
        found = [index.nearest(question, 50, None).tolist() for question in QUESTIONS]
        assert found == [compared(question, 50) for question in QUESTIONS]


def test_lists_compare_a_part_of_the_vectors() -> None:
    index = VectorIndex.build(MANY)
    read_lists(index)
    index.nearest(QUESTIONS[0], 50, None)
    # The lists of every 17th row tell how many hold 400.
    assert 300 < read_lists(index) < 600


@pytest.mark.parametrize("group", range(GROUPS))
def test_what_a_filter_lets_pass_far_from_the_question_is_found(group: int) -> None:
    # Five other groups, 500 rows: more than are all compared.
    among = np.isin(GROUP, (group + np.arange(1, 6)) % GROUPS)
    index = VectorIndex.build(MANY)
    read_lists(index)
    found = index.nearest(QUESTIONS[group], 50, among).tolist()
    assert read_lists(index) > 0
    assert found == compared(QUESTIONS[group], 50, among)


def test_few_rows_of_a_filter_are_all_compared() -> None:
    among = np.zeros(len(MANY), dtype=np.bool_)
    among[7::50] = True
    index = VectorIndex.build(MANY)
    read_lists(index)
    for question in QUESTIONS:
        assert index.nearest(question, 99, among).tolist() == compared(question, 40, among)
    assert read_lists(index) == 0


def test_vectors_are_given_as_they_were(saved: Path) -> None:
    rows = np.array([1999, 0, 7])
    np.testing.assert_array_equal(VectorIndex.open(saved, [FLAT, LISTS]).of(rows), MANY[rows])


def test_a_search_puts_back_the_threads_of_faiss(saved: Path) -> None:
    faiss.omp_set_num_threads(3)
    try:
        VectorIndex.open(saved, [FLAT, LISTS]).nearest(QUESTIONS[0], 5, None)
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(1)


# --- updates ----------------------------------------------------------------------------------


def centroids(index: VectorIndex) -> Vectors:
    return np.asarray(index.lists.quantizer.reconstruct_n(0, index.lists.nlist))


def updated(old: VectorIndex, rows: Rows) -> VectorIndex:
    """An index of some rows in another order; each knows its row in the old one."""
    return VectorIndex.build(MANY[rows], like=old, known=rows)


def test_an_update_keeps_centroids_and_looks_up_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    old = VectorIndex.build(MANY)
    rows = np.arange(len(MANY))[::-1].copy()
    known = np.where(rows % 10 == 0, -1, rows)
    looked_up: list[int] = []
    search = faiss.IndexFlatIP.search

    def counted(index: Any, asked: Vectors, *others: Any, **options: Any) -> Any:
        looked_up.append(len(asked))
        return search(index, asked, *others, **options)

    monkeypatch.setattr(faiss.IndexFlatIP, "search", counted)
    new = VectorIndex.build(MANY[rows], like=old, known=known)
    assert looked_up == [200]
    np.testing.assert_array_equal(centroids(new), centroids(old))
    assert old.list_of is not None
    assert new.list_of is not None
    np.testing.assert_array_equal(new.list_of, old.list_of[rows])
    found = rows[new.nearest(QUESTIONS[0], 50, None)].tolist()
    assert found == compared(QUESTIONS[0], 50)


@pytest.mark.parametrize(("rows", "kept"), [(2000, True), (520, True), (480, False)])
def test_centroids_are_trained_anew_when_the_size_has_changed_fourfold(rows: int, kept: bool) -> None:
    old = VectorIndex.build(MANY)
    new = updated(old, np.arange(rows))
    assert new.lists.nlist == (old.lists.nlist if kept else round(vectors._LISTS * rows**0.5))
    assert np.array_equal(centroids(new)[:50], centroids(old)[:50]) == kept


def test_an_index_that_becomes_large_gets_lists() -> None:
    new = VectorIndex.build(MANY, like=VectorIndex.build(MANY[:300]), known=np.full(len(MANY), -1))
    assert new.nearest(QUESTIONS[4], 50, None).tolist() == compared(QUESTIONS[4], 50)


# --- damage -----------------------------------------------------------------------------------


def lie(at: int, kind: str, value: int) -> Callable[[bytes], bytes]:
    """Another number in a header."""

    def changed(data: bytes) -> bytes:
        header = bytearray(data)
        struct.pack_into(kind, header, at, value)
        return bytes(header)

    return changed


LIES: dict[str, Callable[[bytes], bytes]] = {
    "another kind": lambda data: b"IwFl" + data[4:],
    "centroids of another kind": lambda data: data[:53] + b"IxPQ" + data[57:],
    "another dimension": lie(4, "<i", DIMENSION * 2),
    "no dimension": lie(4, "<i", 0),
    "fewer vectors": lie(8, "<q", 1999),
    "2^40 vectors": lie(8, "<q", 2**40),
    "-1 vectors": lie(8, "<q", -1),
    "one list": lie(37, "<Q", 1),
    "2^40 lists": lie(37, "<Q", 2**40),
    "2^40 centroids": lie(61, "<q", 2**40),
    "an end too early": lambda data: data[:-100],
    "nothing": lambda data: b"",
    "a row that there is not": lambda data: data[:-8] + struct.pack("<q", 2000),
    "a row below zero": lambda data: data[:-8] + struct.pack("<q", -5),
}


@pytest.mark.parametrize("what", LIES)
def test_lists_that_lie_are_refused(saved: Path, what: str) -> None:
    path = saved / LISTS
    assert VectorIndex.open(saved, [FLAT, LISTS]).lists.ntotal == len(MANY)
    path.write_bytes(LIES[what](path.read_bytes()))
    with pytest.raises((ValueError, RuntimeError, MemoryError)):
        VectorIndex.open(saved, [FLAT, LISTS])


def test_lists_of_other_vectors_are_refused(saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    VectorIndex.build(MANY[:1000]).save(other)
    (saved / LISTS).write_bytes((other / LISTS).read_bytes())
    with pytest.raises(ValueError, match=r"vectors.lists.faiss does not fit vectors.faiss"):
        VectorIndex.open(saved, [FLAT, LISTS])

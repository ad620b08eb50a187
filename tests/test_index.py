"""An index in memory and on disk: what was saved is found again, filters, damage is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.house import small_index

from ragqa.errors import ArticleNotFoundError, IndexMismatchError
from ragqa.index.calibration import Calibration
from ragqa.index.index import Index
from ragqa.index.index_files import article_from
from ragqa.index.late_interaction import Signature
from ragqa.index.store import Manifest, read_manifest, verify
from ragqa.types import Article, Chunk, Filter, Language, Skipped, Vectors

MAY = Article(
    "may.txt", "五月", "甲说话。\n乙走了。", "https://Example.org/may", "2024-05-15", "zh", ("a", "b")
)
YEAR = Article("year.txt", "Year", "One. Two.", "here", "2023", "en")
UNDATED = Article("undated.txt", "无日期", "丙来了。")
ARTICLES = [MAY, YEAR, UNDATED]
CHUNKS = [
    Chunk("may.txt", 0, 4, "甲说话。", "题"),
    Chunk("may.txt", 5, 9, "乙走了。", "题"),
    Chunk("year.txt", 0, 9, "One. Two."),
    Chunk("undated.txt", 0, 4, "丙来了。"),
]
VECTORS: Vectors = np.zeros((4, 8), dtype=np.float32)
VECTORS[:, :3] = [[1, 0, 0], [0.6, 0.8, 0], [0, 1, 0], [0, 0, 1]]
KEYS = ["k0", "k1", "k2", "k3"]
EAST = VECTORS[0]
# Chunk i has i tokens: the first has one bit, each next one more, and they begin at 0, 10, 20.
SIGNATURES = [
    Signature(np.array([[1], [3], [7]], np.uint8)[:n], np.array([0, 10, 20], np.uint16)[:n]) for n in range(4)
]
WORDS = [f"lexical.{part}.npy" for part in ("terms", "offsets", "rows", "weights")]
TOKENS = [f"tokens.{part}.npy" for part in ("bits", "starts", "offsets")]
FILES = ["articles.jsonl", "chunks.jsonl", "names.txt", "vectors.faiss", "calibration.npz", *WORDS]


def build(version: str = "v-1", *, bound: dict[str, Any] | None = None, **manifest: Any) -> Index:
    facts: dict[str, Any] = {
        "version": version, "created": "2024-12-31T00:00:00+00:00", "encoder": "words",
        "encoder_fingerprint": "first weights", "dimension": 8, "chunk_size": 300, "corpus": "abc",
        "articles": 3, "chunks": 4, "skipped": (Skipped("x.pdf", "empty"),),
    }  # fmt: skip
    given = {"keys": KEYS, "signatures": SIGNATURES, **(bound or {})}
    return Index.build(ARTICLES, CHUNKS, VECTORS, manifest=Manifest(**{**facts, **manifest}), **given)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    build().save(tmp_path)
    return tmp_path


def nearest(index: Index, query: Vectors, **asked: Any) -> list[int]:
    return index.nearest(query, **asked).tolist()


def rows(index: Index, **filters: str | None) -> list[int]:
    return np.flatnonzero(index.mask(Filter(**filters))).tolist()


def test_articles_are_filtered_by_a_part_of_the_author_s_name() -> None:
    signed = [replace(ARTICLES[0], author="Ola Berg"), *ARTICLES[1:]]
    index = build()
    index = Index.build(signed, CHUNKS, VECTORS, manifest=index.manifest, keys=KEYS, signatures=SIGNATURES)
    assert rows(index, author="BERG") == [
        n for n, chunk in enumerate(CHUNKS) if chunk.article_id == signed[0].id
    ]
    assert rows(index, author="nobody") == []


def test_an_index_of_before_there_were_authors_is_opened() -> None:
    row = asdict(ARTICLES[0])
    old = {name: value for name, value in row.items() if name not in ("author", "published_from")}
    assert article_from(old) == ARTICLES[0]


# --- what was saved is found again -----------------------------------------------------------


def test_what_was_saved_is_opened_again(saved: Path) -> None:
    index = Index.open(saved)
    assert list(index.articles) == ARTICLES
    assert [index.passage(row, row, 0.5).chunk for row in range(4)] == CHUNKS
    assert [index.place(row).key for row in range(4)] == KEYS
    assert index.languages == {"en", "zh"}
    assert index.manifest.skipped == (Skipped("x.pdf", "empty"),)
    assert index.manifest == read_manifest(saved)[1]
    assert set(index.manifest.files) == {*FILES, *TOKENS}
    assert verify(saved) == []


def test_vectors_are_given_by_row(saved: Path) -> None:
    vectors = Index.open(saved).vectors(np.array([3, 0, 3]))
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, VECTORS[[3, 0, 3]])


def test_words_and_tokens_and_habits_are_kept(tmp_path: Path) -> None:
    score_offsets = replace(
        Calibration.none(8), dense={(q, p): 0.25 for q in ("en", "zh") for p in ("en", "zh")}
    )
    build(bound={"score_offsets": score_offsets}).save(tmp_path)
    index = Index.open(tmp_path)
    assert index.score_offsets.dense == score_offsets.dense
    assert np.flatnonzero(index.words.coverage("two")).tolist() == [2]
    assert index.tokens is not None
    assert [index.tokens.of(row).bits.tolist() for row in range(4)] == [
        [],
        [[1]],
        [[1], [3]],
        [[1], [3], [7]],
    ]
    assert index.tokens.of(3).starts.tolist() == [0, 10, 20]


def test_the_words_are_those_of_the_texts_that_were_encoded() -> None:
    assert build().words.coverage("题目").tolist() == [0, 0, 0, 0]
    titled = build(bound={"texts": ["题目\n甲说话。", "乙走了。", "One.", "丙"]})
    assert np.flatnonzero(titled.words.coverage("题目")).tolist() == [0]


def test_what_was_encoded_is_known_by_its_key(saved: Path) -> None:
    stored = Index.open(saved).stored()
    assert {key: one.vector.tolist() for key, one in stored.items()} == dict(
        zip(KEYS, VECTORS.tolist(), strict=True)
    )
    assert [one.signature.starts.tolist() for one in stored.values() if one.signature] == [
        [], [0], [0, 10], [0, 10, 20],
    ]  # fmt: skip
    assert [one.signature for one in build(bound={"signatures": None}).stored().values()] == [None] * 4


def test_text_that_json_escapes_comes_back_exactly(tmp_path: Path) -> None:
    odd = replace(UNDATED, text="甲\u2028乙\u0085丙\t丁", title='"\\"')
    chunk = Chunk(odd.id, 0, len(odd.text), odd.text)
    manifest = replace(build().manifest, articles=1, chunks=1)
    Index.build([odd], [chunk], VECTORS[:1], keys=["k"], manifest=manifest).save(tmp_path)
    assert Index.open(tmp_path).passage(0, 0, 1.0).chunk == chunk


# --- what is nearest, and what may answer ----------------------------------------------------


def test_the_nearest_come_best_first(saved: Path) -> None:
    index = Index.open(saved)
    assert nearest(index, EAST, k=2) == [0, 1]
    assert nearest(index, np.array([0, 0.6, 0.8, 0, 0, 0, 0, 0], dtype=np.float32), k=3) == [3, 2, 1]


def test_more_than_there_is_gives_what_there_is(saved: Path) -> None:
    assert sorted(nearest(Index.open(saved), EAST, k=99)) == [0, 1, 2, 3]
    assert nearest(build(), EAST, k=0) == []


def test_only_chunks_in_the_mask_are_found() -> None:
    index = build()
    assert nearest(index, EAST, k=4, among=np.array([False, True, False, True])) == [1, 3]
    assert nearest(index, EAST, k=1, among=np.array([False, True, True, True])) == [1]
    assert nearest(index, EAST, k=4, among=np.zeros(4, dtype=np.bool_)) == []
    assert nearest(index, EAST, k=1, among=np.ones(4, dtype=np.bool_)) == [0]


def test_a_mask_counts_rows_beyond_its_first_byte() -> None:
    angles = np.linspace(0, 1, 20)
    vectors = np.zeros((20, 8), dtype=np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    chunks = [Chunk("year.txt", 0, 4, "One.")] * 20
    manifest = replace(build().manifest, articles=1, chunks=20)
    index = Index.build([YEAR], chunks, vectors, keys=[str(n) for n in range(20)], manifest=manifest)
    among = np.zeros(20, dtype=np.bool_)
    among[[7, 8, 15, 16, 19]] = True
    assert nearest(index, EAST, k=4, among=among) == [7, 8, 15, 16]


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2024", None, [0, 1]),
        ("2024-05-15", None, [0, 1]),
        ("2024-05-16", None, []),
        (None, "2024-05", [0, 1, 2]),
        (None, "2024-05-15", [0, 1, 2]),
        (None, "2024-05-14", [2]),
        (None, "2023", [2]),
        ("2023", "2023", [2]),
        ("2024-05", "2024-05", [0, 1]),
        ("2025", None, []),
        ("1900", "2999", [0, 1, 2]),
    ],
)
def test_dates_are_inclusive_and_undated_articles_are_left_out(
    since: str | None, until: str | None, expected: list[int]
) -> None:
    assert rows(build(), since=since, until=until) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"language": "zh"}, [0, 1, 3]),
        ({"language": "en"}, [2]),
        ({"source": "EXAMPLE.org"}, [0, 1]),
        ({"source": "HERE"}, [2]),
        ({"source": "elsewhere"}, []),
        ({"language": "zh", "source": "here"}, []),
        ({"language": "zh", "since": "2024"}, [0, 1]),
    ],
)
def test_language_and_outlet_narrow_what_may_answer(filters: dict[str, str], expected: list[int]) -> None:
    assert rows(build(), **filters) == expected


@pytest.mark.parametrize(
    ("filters", "counts"),
    [
        (Filter(), (3, 0)),
        (Filter(since="2024"), (1, 1)),
        (Filter(since="2025"), (0, 1)),
        (Filter(language="en", since="2024"), (0, 0)),
    ],
)
def test_a_filter_counts_what_passes_and_what_only_lacks_a_date(
    filters: Filter, counts: tuple[int, int]
) -> None:
    assert build().passing(filters) == counts


@pytest.mark.parametrize(
    ("filters", "languages"),
    [
        (Filter(), {"zh", "en"}),
        (Filter(language="en"), {"en"}),
        (Filter(since="2024"), {"zh"}),
        (Filter(since="2025"), set()),
    ],
)
def test_a_filter_says_which_languages_may_answer(filters: Filter, languages: set[str]) -> None:
    assert build().languages_of(filters) == languages


def test_neighbouring_chunks_are_one_passage_with_what_lies_between() -> None:
    passage = build().passage(0, 1, 0.7)
    assert passage.chunk == Chunk("may.txt", 0, 9, "甲说话。\n乙走了。", "题")
    assert (passage.article, passage.score) == (MAY, 0.7)


@pytest.mark.parametrize(("first", "last"), [(0, 1), (0, 0), (1, 1), (2, 2), (3, 3)])
def test_a_passage_knows_the_rows_it_is_made_of(first: int, last: int) -> None:
    index = build()
    assert index.rows_of(index.passage(first, last, 0.7)) == range(first, last + 1)


def test_a_passage_ends_where_the_next_chunk_begins() -> None:
    chunks = [Chunk("year.txt", 0, 4, "One."), Chunk("year.txt", 4, 9, " Two.")]
    manifest = replace(build().manifest, articles=1, chunks=2)
    index = Index.build([YEAR], chunks, VECTORS[:2], keys=KEYS[:2], manifest=manifest)
    assert [index.rows_of(index.passage(row, row, 0.7)) for row in (0, 1)] == [range(0, 1), range(1, 2)]


def test_chunks_of_two_articles_are_no_passage() -> None:
    with pytest.raises(ValueError, match="chunks 1 and 2 stand in two articles"):
        build().passage(1, 2, 0.7)


def test_an_article_is_found_by_its_id() -> None:
    assert build().article("year.txt") is YEAR
    with pytest.raises(ArticleNotFoundError, match=r"no article 'none\.txt' in the index"):
        build().article("none.txt")


# --- names that are nowhere ------------------------------------------------------------------


def only(text: str, language: Language) -> Index:
    return small_index([Article("a", "", text, language=language)])


def test_names_that_no_chunk_of_a_corpus_in_one_language_can_hold_are_absent() -> None:
    assert only("盖茨来了。", "zh").absent(["马斯克", "盖茨"]) == ["马斯克"]
    assert only("Gates came.", "en").absent(["musk", "gates"]) == ["musk"]
    assert only("盖茨来了。", "zh").absent([]) == []


def test_a_name_in_another_script_may_be_written_otherwise() -> None:
    assert only("盖茨来了。", "zh").absent(["musk"]) == []
    assert only("Gates came.", "en").absent(["马斯克"]) == []


def test_in_a_corpus_of_two_languages_no_name_is_absent(saved: Path) -> None:
    assert Index.open(saved).absent(["马斯克", "musk"]) == []


# --- many chunks -------------------------------------------------------------------------------


def many(numbers: Sequence[int], old: Index | None = None) -> Index:
    """An index of one article of numbered chunks, whose vectors are a function of their numbers."""
    article = replace(YEAR, text="." * 1000)
    angles = np.array(numbers) / 100
    vectors = np.zeros((len(numbers), 8), dtype=np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    return Index.build(
        [article],
        [Chunk(article.id, number, number + 1, ".") for number in numbers],
        vectors,
        keys=[f"n{number}" for number in numbers],
        manifest=replace(build().manifest, articles=1, chunks=len(numbers)),
        old=old,
    )


def test_a_large_index_is_opened_with_its_lists_and_finds_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragqa.index.vectors.COMPARED", 99)
    many(range(200)).save(tmp_path)
    index = Index.open(tmp_path)
    assert {"vectors.faiss", "vectors.lists.faiss"} <= set(index.manifest.files)
    assert nearest(index, EAST, k=5) == [0, 1, 2, 3, 4]
    among = np.arange(200) >= 50
    assert nearest(index, EAST, k=5, among=among) == [50, 51, 52, 53, 54]


def test_chunks_that_an_update_keeps_stay_in_their_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragqa.index.vectors.COMPARED", 99)
    old = many(range(200))
    # The first hundred went, others came before those that stay.
    new = many([*range(200, 250), *range(100, 200)], old=old)
    lists = [index._vectors.list_of for index in (old, new)]
    assert lists[0] is not None
    assert lists[1] is not None
    np.testing.assert_array_equal(lists[1][50:], lists[0][100:])
    assert nearest(new, EAST, k=3) == [50, 51, 52]


# --- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "row"),
    [
        ({"article": 3}, 1), ({"article": -1}, 1), ({"start": -1}, 1), ({"end": 10}, 1), ({"start": 9}, 1),
        ({"end": 2**40}, None), ({"start": 1.5}, None), ({"article": "1"}, None), ({"key": "é"}, None),
        ({"heading": []}, None), ({"other": 1}, None),
    ],
)  # fmt: skip
def test_a_chunk_that_stands_nowhere_is_told(saved: Path, edit: dict[str, Any], row: int | None) -> None:
    path = saved / "v-1" / "chunks.jsonl"
    lines = path.read_text("utf-8").splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | edit)
    path.write_text("\n".join(lines), "utf-8")
    manifest = read_manifest(saved)[1]
    manifest.files["chunks.jsonl"]["bytes"] = path.stat().st_size
    told = "is damaged" if row is None else f"chunk {row} lies outside its article"
    with pytest.raises(IndexMismatchError, match=told):
        Index.load(saved / "v-1", manifest)


def test_vectors_words_and_tokens_must_fit_the_chunks() -> None:
    with pytest.raises(ValueError, match=r"vectors \(4, 8\) for 4 chunks of 5"):
        build(dimension=5)
    with pytest.raises(IndexMismatchError, match="4 chunks, 4 vectors and its manifest says 7"):
        build(chunks=7)
    with pytest.raises(IndexMismatchError, match="run: ragqa index --full"):
        build(bound={"texts": ["one", "text"]})
    with pytest.raises(IndexMismatchError, match="run: ragqa index --full"):
        build(bound={"signatures": SIGNATURES[:3]})


@pytest.mark.parametrize("name", [*FILES, *TOKENS])
def test_a_file_of_the_right_size_that_cannot_be_read_is_told(saved: Path, name: str) -> None:
    path = saved / "v-1" / name
    path.write_bytes(b"?" * path.stat().st_size)
    with pytest.raises(IndexMismatchError, match="is damaged"):
        Index.open(saved)


def test_a_flipped_byte_in_the_calibration_is_told(saved: Path) -> None:
    path = saved / "v-1" / "calibration.npz"
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    with pytest.raises(IndexMismatchError, match=r"is damaged .*; run: ragqa index --full"):
        Index.open(saved)


def test_nothing_is_pickled(saved: Path) -> None:
    for path in (saved / "v-1").iterdir():
        assert path.read_bytes()[:1] != b"\x80"
        assert path.suffix in {".json", ".jsonl", ".faiss", ".npy", ".npz", ".txt"}
        if path.suffix in {".npy", ".npz"}:
            np.load(path, allow_pickle=False)

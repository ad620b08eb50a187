"""The index on disk: what was saved is found again, damage is told, one writer, old versions."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from ragqa.errors import (
    ArticleNotFoundError,
    IndexBusyError,
    IndexMismatchError,
    IndexMissingError,
    RagqaError,
)
from ragqa.index import Hit, Index, Manifest, read_manifest, verify, writing
from ragqa.records import Article, Chunk, Skipped, Vectors

MAY = Article(
    "may.txt", "五月", "甲说话。\n乙走了。", "https://example.org/may", "2024-05-15", "zh", ("a", "b")
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
VECTORS: Vectors = np.array([[1, 0, 0], [0.6, 0.8, 0], [0, 1, 0], [0, 0, 1]], dtype=np.float32)
KEYS = ["k0", "k1", "k2", "k3"]
EAST: Vectors = np.array([[1, 0, 0]], dtype=np.float32)


def build(version: str = "v-1", **manifest: Any) -> Index:
    facts: dict[str, Any] = {
        "version": version, "created": "2024-12-31T00:00:00+00:00", "encoder": "words",
        "encoder_fingerprint": "first weights", "dimension": 3, "chunk_size": 300, "corpus": "abc",
        "articles": 3, "chunks": 4, "skipped": (Skipped("x.pdf", "empty"),),
    }  # fmt: skip
    return Index.build(ARTICLES, CHUNKS, VECTORS, keys=KEYS, manifest=Manifest(**{**facts, **manifest}))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    build().save(tmp_path)
    return tmp_path


def hits(found: list[list[Hit]]) -> list[list[tuple[int, float]]]:
    return [[(hit.row, round(hit.score, 5)) for hit in line] for line in found]


def test_what_was_saved_is_opened_again(saved: Path) -> None:
    index = Index.open(saved)
    assert list(index.articles) == ARTICLES
    assert [index.passage(row, row, 0.5).chunk for row in range(4)] == CHUNKS
    assert [index.place(row).key for row in range(4)] == KEYS
    assert index.manifest.skipped == (Skipped("x.pdf", "empty"),)
    assert index.manifest == read_manifest(saved)[1]
    assert set(index.manifest.files) == {"articles.jsonl", "chunks.jsonl", "vectors.faiss"}


def test_search_gives_cosines_best_first(saved: Path) -> None:
    queries = np.array([[1, 0, 0], [0, 0.6, 0.8]], dtype=np.float32)
    assert hits(Index.open(saved).search(queries, k=2)) == [[(0, 1.0), (1, 0.6)], [(3, 0.8), (2, 0.6)]]


def test_search_for_more_than_there_is_gives_what_there_is(saved: Path) -> None:
    found = Index.open(saved).search(EAST, k=99)
    assert sorted(hit.row for hit in found[0]) == [0, 1, 2, 3]


def test_search_for_nothing_gives_nothing() -> None:
    assert build().search(EAST, k=0) == [[]]
    assert build().search(np.zeros((0, 3), dtype=np.float32), k=3) == []


@pytest.mark.parametrize(
    ("since", "until", "rows"),
    [
        ("2024", None, {0, 1}),
        ("2024-05-15", None, {0, 1}),
        ("2024-05-16", None, set()),
        (None, "2024-05", {0, 1, 2}),
        (None, "2024-05-15", {0, 1, 2}),
        (None, "2024-05-14", {2}),
        (None, "2023", {2}),
        ("2023", "2023", {2}),
        ("2024-05", "2024-05", {0, 1}),
        ("2025", None, set()),
        ("1900", "2999", {0, 1, 2}),
    ],
)
def test_dates_are_inclusive_and_undated_articles_are_left_out(
    since: str | None, until: str | None, rows: set[int]
) -> None:
    found = build().search(EAST, k=4, since=since, until=until)[0]
    assert {hit.row for hit in found} == rows


def test_neighbouring_chunks_are_one_passage_with_what_lies_between() -> None:
    passage = build().passage(0, 1, 0.7)
    assert passage.chunk == Chunk("may.txt", 0, 9, "甲说话。\n乙走了。", "题")
    assert (passage.article, passage.score) == (MAY, 0.7)


def test_chunks_of_two_articles_are_no_passage() -> None:
    with pytest.raises(ValueError, match="chunks 1 and 2 stand in two articles"):
        build().passage(1, 2, 0.7)


def test_an_article_is_found_by_its_id() -> None:
    assert build().article("year.txt") is YEAR
    with pytest.raises(ArticleNotFoundError, match=r"no article 'none\.txt' in the index"):
        build().article("none.txt")


def test_vectors_are_kept_by_what_was_encoded(saved: Path) -> None:
    vectors = Index.open(saved).vectors_by_key()
    assert {key: vector.tolist() for key, vector in vectors.items()} == dict(
        zip(KEYS, VECTORS.tolist(), strict=True)
    )


def test_vectors_must_fit_the_chunks() -> None:
    with pytest.raises(ValueError, match=r"vectors \(4, 3\) for 4 chunks of 5"):
        build(dimension=5)
    with pytest.raises(IndexMismatchError, match="4 chunks, 4 vectors and its manifest says 7"):
        build(chunks=7)


def test_a_folder_without_an_index_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="run: ragqa index") as error:
        Index.open(tmp_path / "nowhere")
    assert error.value.exit_code == 3
    assert str(tmp_path / "nowhere") in str(error.value)


# --- damage ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["articles.jsonl", "chunks.jsonl", "vectors.faiss"])
@pytest.mark.parametrize("damage", ["cut", "longer", "gone"])
def test_a_file_of_another_size_is_told(saved: Path, name: str, damage: str) -> None:
    path = saved / "v-1" / name
    data = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(data[:-1] if damage == "cut" else data + b"\n")
    size = {"cut": len(data) - 1, "longer": len(data) + 1, "gone": -1}[damage]
    with pytest.raises(IndexMismatchError, match=f"{name} has {size} bytes, expected {len(data)}") as error:
        Index.open(saved)
    assert "run: ragqa index --full" in str(error.value)
    assert error.value.exit_code == 3


@pytest.mark.parametrize("name", ["articles.jsonl", "chunks.jsonl", "vectors.faiss"])
def test_a_file_of_the_right_size_that_cannot_be_read_is_told(saved: Path, name: str) -> None:
    path = saved / "v-1" / name
    path.write_bytes(b"?" * path.stat().st_size)
    with pytest.raises(IndexMismatchError, match="is damaged"):
        Index.open(saved)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "files": 5}', '{"skipped": []}']
)
def test_a_manifest_that_cannot_be_read_is_told(saved: Path, text: str) -> None:
    (saved / "v-1" / "manifest.json").write_text(text)
    with pytest.raises(IndexMismatchError, match=r"the manifest in .*v-1 cannot be read"):
        Index.open(saved)


def test_an_index_of_another_format_is_told(saved: Path) -> None:
    path = saved / "v-1" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(IndexMismatchError, match="has format 2, not 1; run: ragqa index --full"):
        Index.open(saved)


@pytest.mark.parametrize("pointer", [b"v-gone\n", b"\xff\xfe", b"", b"\0"])
def test_a_pointer_to_nothing_is_told(saved: Path, pointer: bytes) -> None:
    (saved / "current").write_bytes(pointer)
    with pytest.raises(IndexMismatchError, match="cannot be read"):
        Index.open(saved)


def test_a_manifest_without_its_files_is_told(saved: Path) -> None:
    path = saved / "v-1" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}}))
    with pytest.raises(IndexMismatchError, match="run: ragqa index --full"):
        Index.open(saved)


def test_verify_finds_a_flipped_byte_and_a_missing_file(saved: Path) -> None:
    assert verify(saved) == []
    vectors, chunks = saved / "v-1" / "vectors.faiss", saved / "v-1" / "chunks.jsonl"
    data = bytearray(vectors.read_bytes())
    data[-1] ^= 1
    vectors.write_bytes(data)
    chunks.unlink()
    assert verify(saved) == [
        f"{chunks} is missing",
        f"{vectors} is not what was written (SHA-256 differs)",
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"encoder": "other"}, "built with the encoder words, not with other; run: ragqa index --full"),
        ({"fingerprint": "new"}, "not with words (other weights); run: ragqa index --full"),
        ({"chunk_size": 100}, "built with chunk size 300, not 100; run: ragqa index --full"),
    ],
)
def test_an_index_that_was_built_otherwise_is_refused(asked: dict[str, Any], message: str) -> None:
    fitting: dict[str, Any] = {"encoder": "words", "fingerprint": "first weights", "chunk_size": 300}
    build().manifest.require(**fitting)
    with pytest.raises(IndexMismatchError) as error:
        build().manifest.require(**{**fitting, **asked})
    assert message in str(error.value)


# --- versions --------------------------------------------------------------------------------


def versions(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def test_the_newest_version_answers_and_the_one_before_it_stays(tmp_path: Path) -> None:
    seen = []
    for version in ("v-1", "v-2", "v-3"):
        build(version).save(tmp_path)
        seen.append((Index.open(tmp_path).manifest.version, versions(tmp_path)))
    assert seen == [("v-1", ["v-1"]), ("v-2", ["v-1", "v-2"]), ("v-3", ["v-2", "v-3"])]


def test_an_open_index_answers_when_its_files_are_gone(saved: Path) -> None:
    index = Index.open(saved)
    shutil.rmtree(saved)
    assert hits(index.search(EAST, k=1)) == [[(0, 1.0)]]
    assert index.article("may.txt").text == MAY.text


@pytest.mark.parametrize("error", [RuntimeError("disk full"), OSError(28, "No space left on device")])
def test_a_failed_write_leaves_the_old_version_answering(
    saved: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(faiss, "write_index", fail)
    with pytest.raises(RagqaError, match=r"could not be written .* the old one is unharmed"):
        build("v-2").save(saved)
    assert Index.open(saved).manifest.version == "v-1"
    assert sorted(path.name for path in saved.iterdir()) == ["current", "v-1"]


def test_what_an_interrupted_write_left_is_cleared_away(saved: Path) -> None:
    (saved / ".tmp-v-0").mkdir()
    build("v-2").save(saved)
    assert versions(saved) == ["v-1", "v-2"]


def test_a_second_writer_is_turned_away_until_the_first_is_done(tmp_path: Path) -> None:
    with (
        writing(tmp_path),
        pytest.raises(IndexBusyError, match="another process is writing"),
        writing(tmp_path),
    ):
        pass
    with writing(tmp_path):
        build().save(tmp_path)
    assert Index.open(tmp_path).manifest.version == "v-1"


def test_nothing_is_pickled(saved: Path) -> None:
    for path in (saved / "v-1").iterdir():
        assert path.read_bytes()[:1] != b"\x80"
        assert path.suffix in {".json", ".jsonl", ".faiss"}


def test_text_that_json_escapes_comes_back_exactly(tmp_path: Path) -> None:
    odd = replace(UNDATED, text="甲\u2028乙\u0085丙\t丁", title='"\\"')
    chunk = Chunk(odd.id, 0, len(odd.text), odd.text)
    manifest = replace(build().manifest, articles=1, chunks=1)
    Index.build([odd], [chunk], VECTORS[:1], keys=["k"], manifest=manifest).save(tmp_path)
    assert Index.open(tmp_path).passage(0, 0, 1.0).chunk == chunk

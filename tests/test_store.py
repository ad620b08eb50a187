"""Versions on disk: one is current, damage is told, one writer, old versions go."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ragqa.errors import IndexMismatchError, IndexMissingError
from ragqa.index.store import FORMAT, Manifest, new_version, publish, read_manifest, require_sizes, verify
from ragqa.types import Skipped

MANIFEST = Manifest(
    version="v-1", created="2024-12-31T00:00:00+00:00", encoder="words", encoder_fingerprint="first weights",
    dimension=8, chunk_size=300, corpus="abc", articles=3, chunks=4, skipped=(Skipped("x.pdf", "空的"),),
)  # fmt: skip
CONTENTS = {"a.jsonl": b"one\n", "b.npy": b"\0\1\2"}


def write(folder: Path) -> None:
    for name, data in CONTENTS.items():
        (folder / name).write_bytes(data)


def save(folder: Path, version: str = "v-1") -> Manifest:
    return publish(folder, replace(MANIFEST, version=version), write)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def alter(folder: Path, **fields: Any) -> None:
    path = folder / "v-1" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | fields), encoding="utf-8")


# --- what is written is read -----------------------------------------------------------------


def test_a_manifest_is_read_as_it_was_published_with_its_files(tmp_path: Path) -> None:
    published = save(tmp_path / "made" / "here")
    home, manifest = read_manifest(tmp_path / "made" / "here")
    assert home == tmp_path / "made" / "here" / "v-1"
    assert manifest == published
    assert manifest.files == {
        name: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in CONTENTS.items()
    }
    assert replace(manifest, files={}) == MANIFEST


def test_a_version_holds_its_files_and_its_manifest_and_nothing_else(saved: Path) -> None:
    assert names(saved) == ["current", "v-1"]
    assert names(saved / "v-1") == ["a.jsonl", "b.npy", "manifest.json"]
    assert (saved / "current").read_text() == "v-1\n"


def test_version_names_sort_by_time_and_never_repeat() -> None:
    first, second = new_version(), new_version()
    assert first != second
    assert first[:-7] <= second[:-7]
    assert len(first) == len("v-20241024T093000-1f2e3d")
    assert first.startswith("v-2")


# --- damage ----------------------------------------------------------------------------------


def test_a_folder_without_an_index_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="run: ragqa index") as error:
        read_manifest(tmp_path / "nowhere")
    assert error.value.exit_code == 3
    assert str(tmp_path / "nowhere") in str(error.value)


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("damage", ["cut", "longer", "gone"])
def test_a_file_of_another_size_is_told(saved: Path, name: str, damage: str) -> None:
    home, manifest = read_manifest(saved)
    require_sizes(home, manifest)
    data = CONTENTS[name]
    (home / name).unlink()
    if damage != "gone":
        (home / name).write_bytes(data[:-1] if damage == "cut" else data + b"\n")
    size = {"cut": len(data) - 1, "longer": len(data) + 1, "gone": -1}[damage]
    with pytest.raises(IndexMismatchError, match=f"{name} has {size} bytes, expected {len(data)}") as error:
        require_sizes(home, manifest)
    assert "run: ragqa index --full" in str(error.value)
    assert error.value.exit_code == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        f'{{"format": {FORMAT}}}',
        f'{{"format": {FORMAT}, "files": 5}}',
        '{"skipped": []}',
    ],
)
def test_a_manifest_that_cannot_be_read_is_told(saved: Path, text: str) -> None:
    (saved / "v-1" / "manifest.json").write_text(text)
    with pytest.raises(IndexMismatchError, match=r"the manifest in .*v-1 cannot be read"):
        read_manifest(saved)


def test_a_manifest_that_says_more_than_is_known_is_told(saved: Path) -> None:
    alter(saved, colour="red")
    with pytest.raises(IndexMismatchError, match=r"cannot be read .*colour.*; run: ragqa index --full"):
        read_manifest(saved)


@pytest.mark.parametrize("pointer", [b"v-gone\n", b"\xff\xfe", b"", b"\0"])
def test_a_pointer_to_nothing_is_told(saved: Path, pointer: bytes) -> None:
    (saved / "current").write_bytes(pointer)
    with pytest.raises(IndexMismatchError, match="cannot be read"):
        read_manifest(saved)


def test_a_manifest_without_its_files_is_told(saved: Path) -> None:
    alter(saved, files={})
    with pytest.raises(IndexMismatchError, match="run: ragqa index --full"):
        read_manifest(saved)


def test_verify_finds_a_flipped_byte_and_a_missing_file(saved: Path) -> None:
    assert verify(saved) == []
    (saved / "v-1" / "a.jsonl").unlink()
    (saved / "v-1" / "b.npy").write_bytes(b"\0\1\3")
    assert verify(saved) == [
        f"{saved}/v-1/a.jsonl is missing",
        f"{saved}/v-1/b.npy is not what was written (SHA-256 differs)",
    ]


def test_a_manifest_from_before_the_seal_is_read(saved: Path) -> None:
    path = saved / "v-1" / "manifest.json"
    raw = json.loads(path.read_text("utf-8"))
    del raw["seal"], raw["after"]
    path.write_text(json.dumps(raw), "utf-8")
    assert read_manifest(saved)[1].version == "v-1"
    save(saved, "v-2")
    assert read_manifest(saved)[1].after == "v-1"


def test_a_version_that_does_not_pass_its_check_is_not_made_current(saved: Path) -> None:
    def check(home: Path, manifest: Manifest) -> None:
        assert names(home) == ["a.jsonl", "b.npy", "manifest.json"]
        raise IndexMismatchError(f"{manifest.version} is damaged")

    with pytest.raises(IndexMismatchError, match="v-2 is damaged"):
        publish(saved, replace(MANIFEST, version="v-2"), write, check=check)
    assert names(saved) == ["current", "v-1"]
    assert read_manifest(saved)[1].version == "v-1"


# --- writers ---------------------------------------------------------------------------------


def test_what_is_no_version_is_left_alone(saved: Path) -> None:
    (saved / "notes").mkdir()
    (saved / "v-note.txt").write_text("mine")
    save(saved, "v-2")
    save(saved, "v-3")
    assert names(saved) == ["current", "notes", "v-2", "v-3", "v-note.txt"]

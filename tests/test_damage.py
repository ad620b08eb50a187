"""Damage to an index on disk: it is told by name, and never answers in silence where it can be told."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes import TokenEncoder, write_corpus
from support.faults import build
from support.tally import Tally

from ragqa.cli.doctor import examine
from ragqa.errors import IndexMismatchError, IndexMissingError
from ragqa.index.index import Index
from ragqa.index.store import read_manifest
from ragqa.settings import Settings

FLIPS_A_FILE = 42


@pytest.fixture
def damaged(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole / "index", tmp_path / "index")


def parts(index: Path) -> list[Path]:
    home = index / (index / "current").read_text().strip()
    return sorted(home.iterdir())


def told(index: Path) -> tuple[str, str, str]:
    """What the doctor says of an index."""
    settings = Settings(corpus=index.parent / "none", index=index, home=index.parent, encoder="words")
    check = next(check for check in examine(settings) if check.name == "index")
    return check.level, check.detail, check.run


def positions(size: int, name: str) -> Iterator[tuple[int, int]]:
    """The first and the last byte, and some between; a bit each."""
    seeded = random.Random(name)
    between = [seeded.randrange(size) for _ in range(FLIPS_A_FILE - 2)]
    return ((at, seeded.randrange(8)) for at in [0, *between, size - 1])


def test_a_whole_index_is_fine(damaged: Path) -> None:
    assert told(damaged)[0] == "ok"


def test_the_doctor_names_the_file_of_every_flipped_bit(damaged: Path, tally: Tally) -> None:
    flips = named = 0
    for path in parts(damaged):
        data = path.read_bytes()
        for at, bit in positions(len(data), path.name):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            level, detail, run = told(damaged)
            name = path.stem if path.name == "manifest.json" else path.name
            named += (level, run) == ("fail", "ragqa index --full") and name in detail
            opens(damaged)
            flips += 1
        path.write_bytes(data)
    tally("A5", "a bit is flipped at random in any of the 13 files of a version: `ragqa doctor` names the file and says `ragqa index --full`", named, flips)  # fmt: skip
    assert named == flips == 13 * FLIPS_A_FILE


def opens(index: Path) -> bool:
    """Whether it opens; else what it raises says what to do."""
    try:
        Index.open(index)
    except IndexMismatchError as error:
        told = str(error)
    else:
        return True
    assert "run: ragqa index --full" in told
    return False


def test_a_flip_in_any_byte_of_the_manifest_and_of_the_pointer_is_told_at_opening(
    damaged: Path, tally: Tally
) -> None:
    home = Index.open(damaged).manifest.version
    flips = told = 0
    for path in (damaged / home / "manifest.json", damaged / "current"):
        data = path.read_bytes()
        # The newline at the pointer's end may become another blank.
        for at in range(len(data.rstrip())):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
            told += not opens(damaged)
            flips += 1
        path.write_bytes(data)
    tally(
        "A5", "a bit is flipped in every byte of the manifest and of `current`: told at opening", told, flips
    )
    assert told == flips


@pytest.mark.parametrize("how", ["cut", "half", "empty", "gone", "longer", "a folder"])
def test_a_file_of_another_size_is_told_at_opening(damaged: Path, how: str, tally: Tally) -> None:
    refused = 0
    for path in parts(damaged):
        data = path.read_bytes()
        path.unlink()
        if how == "a folder":
            path.mkdir()
        elif how != "gone":
            path.write_bytes({"cut": data[:-1], "half": data[: len(data) // 2], "empty": b""}.get(how, data + b"}"))  # fmt: skip
        with pytest.raises(IndexMismatchError, match="run: ragqa index --full") as error:
            Index.open(damaged)
        refused += path.name in str(error.value) or path.name == "manifest.json"
        assert told(damaged)[::2] == ("fail", "ragqa index --full")
        if how == "a folder":
            path.rmdir()
        path.write_bytes(data)
    tally("A6", "each file of a version is cut by a byte, halved, emptied, gone, longer, a folder: opening names it", refused, 13)  # fmt: skip
    assert refused == 13


def test_files_of_another_version_are_told(damaged: Path, whole: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus", {"other.txt": "另一篇文章。\n它有两句话。"})
    build(corpus, tmp_path / "other", TokenEncoder())
    for path, other in zip(parts(damaged), parts(tmp_path / "other"), strict=True):
        data = path.read_bytes()
        assert path.name == other.name
        if data != other.read_bytes():
            shutil.copyfile(other, path)
            assert not opens(damaged) or told(damaged)[0] == "fail", path.name
        path.write_bytes(data)


@pytest.mark.parametrize(
    "place",
    [
        {"article": 3},
        {"article": -1},
        {"start": -1},
        {"end": 9_999},
        {"start": 5, "end": 5},
    ],
)
def test_a_place_outside_its_article_is_told_at_opening(damaged: Path, place: dict[str, int]) -> None:
    path = next(path for path in parts(damaged) if path.name == "chunks.jsonl")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows[-1] |= place
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    home, manifest = read_manifest(damaged)
    facts = {"chunks.jsonl": {"bytes": path.stat().st_size, "sha256": ""}}
    with pytest.raises(IndexMismatchError, match="chunk 5 lies outside its article; run: ragqa index --full"):
        Index.load(home, replace(manifest, files=manifest.files | facts))


def test_a_pointer_that_is_gone_is_no_index(damaged: Path) -> None:
    (damaged / "current").unlink()
    with pytest.raises(IndexMissingError, match="run: ragqa index"):
        Index.open(damaged)
    assert told(damaged)[::2] == ("fail", "ragqa index")


@pytest.mark.parametrize("full", [True, False], ids=["full", "update"])
def test_the_next_build_carries_no_damage_on(whole: Path, tmp_path: Path, full: bool, tally: Tally) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    (corpus / "new.txt").write_text("新的文章。\n这里有一句话。", "utf-8")
    build(corpus, tmp_path / "undisturbed", TokenEncoder())
    expected = [path.read_bytes() for path in parts(tmp_path / "undisturbed") if path.suffix != ".json"]
    good = 0
    for name in [*(path.name for path in parts(whole / "index")), "../current"]:
        index = shutil.copytree(whole / "index", tmp_path / f"index-{name.strip('./')}")
        path = parts(index)[0].parent / name
        data = path.read_bytes()
        middle = len(data) * 2 // 3
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        build(corpus, index, TokenEncoder(), full=full)
        good += [part.read_bytes() for part in parts(index) if part.suffix != ".json"] == expected
    tally("A5", "a bit is flipped in each file and in `current`, then an update or `--full`: the bytes of an undisturbed build", good, 14)  # fmt: skip
    assert good == 14

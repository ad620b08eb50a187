"""Versions that are gone back to, copied out, and brought back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fakes import CORPUS, HARBOUR, TokenEncoder
from support.faults import build, contents
from support.house import Line
from support.mounts import read_only
from support.tally import Tally

from ragqa.errors import IndexBusyError, IndexMismatchError, IndexMissingError, RagqaError
from ragqa.index import snapshots
from ragqa.index.index import Index
from ragqa.index.store import current, verify, writing


@pytest.fixture
def grow(corpus: Path, index: Path) -> Callable[..., str]:
    """Add an article and build; the version's name."""

    def grown(name: str, **options: Any) -> str:
        (corpus / f"{name}.txt").write_text(f"文章{name}。\n港口停航了。", "utf-8")
        return str(build(corpus, index, TokenEncoder(), **options).version)

    return grown


def versions(index: Path) -> set[str]:
    return {path.name for path in index.glob("v-*")}


# --- keeping and going back -------------------------------------------------------------------


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_so_many_versions_stay(index: Path, grow: Callable[..., str], keep: int) -> None:
    made = [grow(name, keep=keep) for name in "abcd"]
    assert versions(index) == set(made[-keep:])


def test_a_clock_that_is_turned_back_drops_no_newer_version(
    index: Path, grow: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = grow("a")
    for year in (1999, 1998, 1997):
        monkeypatch.setattr("ragqa.index.build.new_version", lambda year=year: f"v-{year}0101T000000-abcdef")
        last = grow(str(year))
        assert versions(index) == {first, last}
        first = last


def test_a_rollback_goes_to_the_version_before_and_the_next_build_goes_on_from_there(
    index: Path, grow: Callable[..., str]
) -> None:
    first, second = grow("a"), grow("b")
    assert snapshots.roll_back(index) == (second, first)
    assert Index.open(index).manifest.version == first
    assert verify(index) == []
    assert versions(index) == {first, second}
    third = grow("c")
    assert {article.id for article in Index.open(index).articles} == {"a.txt", "b.txt", "c.txt", *CORPUS}
    assert versions(index) == {first, third}
    assert snapshots.roll_back(index) == (third, first)


def test_without_a_version_before_a_rollback_is_refused(index: Path, grow: Callable[..., str]) -> None:
    with pytest.raises(IndexMissingError):
        snapshots.roll_back(index)
    first = grow("a")
    with pytest.raises(RagqaError, match=f"there is no version before {first} in {index}/; it stays current"):
        snapshots.roll_back(index)
    assert current(index) == first


def test_a_rollback_to_damage_is_refused(index: Path, grow: Callable[..., str]) -> None:
    first, second = grow("a"), grow("b")
    path = index / first / "articles.jsonl"
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(IndexMismatchError, match=r"articles.jsonl is not what was written"):
        snapshots.roll_back(index)
    assert current(index) == second


def test_a_rollback_waits_for_no_writer(index: Path, grow: Callable[..., str]) -> None:
    grow("a")
    with writing(index), pytest.raises(IndexBusyError):
        snapshots.roll_back(index)


# --- readers ----------------------------------------------------------------------------------


READERS = 50


def read(index: Index) -> Iterator[Any]:
    """All that an open index can tell, bit by bit."""
    for row in range(index.manifest.chunks):
        assert index.tokens is not None
        yield index.passage(row, row, 0.0)
        yield index.tokens.of(row).bits.tolist()
        yield index.vectors(np.array([row])).tolist()
    yield index.words.coverage("港口停航").tolist()


def test_a_slow_reader_ends_with_the_version_that_it_opened(
    index: Path, grow: Callable[..., str], tally: Tally
) -> None:
    grow("a", keep=1)
    good = 0
    for number in range(READERS):
        expected, held = list(read(Index.open(index))), Index.open(index)
        reading = read(held)
        begun = [next(reading) for _ in range(number % len(expected))]
        grow(f"b{number % 2}", full=True, keep=1)
        assert versions(index) == {current(index)} != {held.manifest.version}
        good += [*begun, *reading] == expected
    tally("B5", "a version is deleted while a slow reader has it open: the reader ends with what it began with", good, READERS)  # fmt: skip
    assert good == READERS


@pytest.mark.parametrize("swaps", [1, 3])
def test_a_version_that_goes_while_it_is_opened_is_no_damage(
    index: Path, grow: Callable[..., str], monkeypatch: pytest.MonkeyPatch, swaps: int, tally: Tally
) -> None:
    grow("a", keep=1)
    left = [str(number) for number in range(swaps)]
    growing: list[bool] = []
    load = Index.load.__func__  # type: ignore[attr-defined]

    def slow(cls: Any, home: Path, manifest: Any) -> Index:
        # The build that comes between opens the index, too.
        if left and not growing:
            growing.append(True)
            grow(left.pop(), keep=1)
            growing.clear()
        return load(cls, home, manifest)  # type: ignore[no-any-return]

    monkeypatch.setattr(Index, "load", classmethod(slow))
    newest = Index.open(index).manifest.version == current(index)
    tally("B5", "a version is deleted while it is being opened (1 and 3 times over): the newest is opened instead", newest, 1)  # fmt: skip
    assert newest
    assert left == []


# --- snapshots --------------------------------------------------------------------------------


def test_a_snapshot_is_an_index_of_its_own(index: Path, grow: Callable[..., str], tmp_path: Path) -> None:
    grow("a")
    second = grow("b")
    copied = snapshots.take(index, tmp_path / "made" / "here")
    assert copied.version == second
    assert contents(tmp_path / "made" / "here") == contents(index)
    shutil.rmtree(index)
    assert Index.open(tmp_path / "made" / "here").article("b.txt").text.startswith("文章b。")


def test_a_snapshot_is_opened_without_a_write(index: Path, grow: Callable[..., str], tmp_path: Path) -> None:
    grow("a")
    target = tmp_path / "snapshot"
    snapshots.take(index, target)
    with read_only(target, target):
        assert Index.open(target).manifest.articles == 4
        assert verify(target) == []
        with pytest.raises(RagqaError, match=r"could not be written to .*Read-only file system"):
            snapshots.roll_back(target)


def test_a_snapshot_writes_over_nothing(index: Path, grow: Callable[..., str], tmp_path: Path) -> None:
    grow("a")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "empty").mkdir()
    for target in (tmp_path / "full", tmp_path / "full" / "mine", index):
        with pytest.raises(RagqaError, match="is there already, and not empty"):
            snapshots.take(index, target)
    assert snapshots.take(index, tmp_path / "empty").articles == 4


def test_damage_is_not_copied(index: Path, grow: Callable[..., str], tmp_path: Path) -> None:
    version = grow("a")
    path = index / version / "vectors.faiss"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(IndexMismatchError, match=r"vectors\.faiss is not what was written"):
        snapshots.take(index, tmp_path / "snapshot")
    assert list((tmp_path / "snapshot").iterdir()) == []


def test_a_snapshot_is_restored_as_a_new_version(
    corpus: Path, index: Path, grow: Callable[..., str], tmp_path: Path
) -> None:
    first = grow("a")
    snapshots.take(index, tmp_path / "snapshot")
    second = grow("b")
    restored = snapshots.restore(tmp_path / "snapshot", index).version
    assert restored not in (first, second)
    assert (current(index), versions(index)) == (restored, {second, restored})
    assert contents(index) == contents(tmp_path / "snapshot")
    encoder = TokenEncoder()
    built = build(corpus, index, encoder)
    assert (built.changes.added, len(encoder.passages)) == (("b.txt",), 1)


# --- the command line -------------------------------------------------------------------------


def test_the_command_line_goes_back_and_says_to_what(line: Line) -> None:
    index = line.house.settings.index
    first = current(index)
    (line.house.settings.corpus / "harbour.md").write_text(HARBOUR.replace("太多", "很多"), "utf-8")
    second = line.json("index")["version"]
    assert line.run("index", "--rollback") == (
        0,
        f"{index}/ is back at {first}; {second} is no longer current\n",
    )
    code, out = line.run("index", "--rollback")
    assert (code, out) == (1, "")
    assert line.err == f"ragqa: there is no version before {first} in {index}/; it stays current\n"
    assert line.json("index")["changed"] == 1


def test_the_command_line_takes_and_restores_a_snapshot(line: Line, tmp_path: Path) -> None:
    index, target = line.house.settings.index, tmp_path / "snapshot"
    first = current(index)
    assert line.json("index", "--snapshot", target) == {
        "schema": "ragqa.version/1", "action": "snapshot", "version": first,
    }  # fmt: skip
    assert line.bare("show", "library.md", "--index", target)[0] == 0
    code, out = line.run("index", "--restore", target)
    assert (code, out) == (0, f"{index}/ holds what {target}/ holds, as {current(index)}\n")
    assert current(index) != first


def test_so_many_versions_stay_as_are_set(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_KEEP", "1")
    line.json("index", "--full")
    assert versions(line.house.settings.index) == {current(line.house.settings.index)}


@pytest.mark.parametrize("other", [["--full"], ["--watch"], ["--snapshot", "x"]])
def test_what_excludes_the_other_is_refused(line: Line, other: list[str]) -> None:
    assert line.run("index", "--rollback", *other)[0] == 2
    assert "give one" in line.err


def test_watching_ends_with_an_interruption_and_what_fails_ends_nothing(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    harbour = line.house.settings.corpus / "harbour.md"
    steps = iter(
        [
            lambda: None,
            lambda: (line.house.settings.corpus / "library.md").unlink(),
            lambda: None,
            lambda: [path.unlink() for path in line.house.settings.corpus.iterdir()],
            lambda: None,
            lambda: harbour.write_text(HARBOUR, "utf-8"),
            lambda: None,
        ]
    )

    def sleep(seconds: float) -> None:
        assert seconds == 2.0
        step = next(steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr("time.sleep", sleep)
    code, out = line.run("index", "--watch", "-q")
    assert code == 130
    assert [row.split(" holds ")[1] for row in out.splitlines()] == [
        "3 articles in 6 chunks: 0 added, 0 changed, 0 removed, 3 unchanged",
        "2 articles in 4 chunks: 0 added, 0 changed, 1 removed, 2 unchanged",
        "1 articles in 2 chunks: 0 added, 0 changed, 1 removed, 1 unchanged",
    ]  # fmt: skip
    assert "holds no article to index" in line.err

"""A corpus is watched: a change counts once it stands still."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest

from ragqa.corpus.watch import changes


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_text("one")
    return tmp_path


def looks(corpus: Path, *steps: Callable[[], object]) -> list[int]:
    """At which looks a build is wanted, when each step happens before its look; 0 is the start."""
    at, left = 0, list(steps)

    def sleep(_: float) -> None:
        nonlocal at
        at += 1
        if not left:
            raise KeyboardInterrupt
        left.pop(0)()

    wanted = []
    with mock.patch("time.sleep", sleep), suppress(KeyboardInterrupt):
        for _ in changes(corpus):
            wanted.append(at)
    return wanted


def rest() -> None:
    pass


def test_a_corpus_that_rests_is_built_once(corpus: Path) -> None:
    assert looks(corpus, rest, rest, rest) == [0]


def test_a_change_is_built_when_it_stood_still_for_a_look(corpus: Path) -> None:
    file = corpus / "b.txt"
    grow = lambda size: lambda: file.write_text("x" * size)  # noqa: E731
    assert looks(corpus, grow(1), grow(2), grow(3), rest, rest) == [0, 4]


@pytest.mark.parametrize("change", ["added", "gone", "moved", "below"])
def test_every_kind_of_change_counts(corpus: Path, change: str) -> None:
    def happens() -> None:
        if change == "added":
            (corpus / "b.txt").touch()
        elif change == "gone":
            (corpus / "a.txt").unlink()
        elif change == "moved":
            (corpus / "a.txt").rename(corpus / "c.txt")
        else:
            (corpus / "folder").mkdir()
            (corpus / "folder" / "d.txt").touch()

    assert looks(corpus, happens, rest, rest) == [0, 2]


def test_hidden_files_do_not_count(corpus: Path) -> None:
    assert looks(corpus, lambda: (corpus / ".x.part").touch(), rest, rest) == [0]


def test_a_change_that_is_taken_back_is_none(corpus: Path) -> None:
    assert looks(corpus, lambda: (corpus / "b.txt").touch(), (corpus / "b.txt").unlink, rest, rest) == [0]


def test_one_file_is_watched_too(corpus: Path) -> None:
    file = corpus / "a.txt"
    assert looks(file, lambda: file.write_text("other"), rest, rest) == [0, 2]

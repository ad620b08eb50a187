"""Files into a corpus folder: all are copied or none is."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import CORPUS, LIBRARY, write_corpus

from ragqa.errors import CorpusError
from ragqa.index.build import add_files


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


def test_a_namesake_that_differs_is_refused_and_nothing_is_copied(tmp_path: Path, corpus: Path) -> None:
    new, same = tmp_path / "new.TXT", tmp_path / "library.md"
    new.write_text("新。", encoding="utf-8")
    same.write_text("other", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"library\.md is there already, with other contents .* --replace"):
        add_files([new, same], corpus)
    assert sorted(path.name for path in corpus.iterdir()) == sorted(CORPUS)
    assert (corpus / "library.md").read_text(encoding="utf-8") == LIBRARY


def test_files_are_copied_into_the_corpus_and_replace_their_namesakes_when_told(
    tmp_path: Path, corpus: Path
) -> None:
    new, same = tmp_path / "new.TXT", tmp_path / "library.md"
    new.write_text("新。", encoding="utf-8")
    same.write_text("replaced", encoding="utf-8")
    assert add_files([new, same], corpus, replace=True) == [corpus / "new.TXT", corpus / "library.md"]
    assert (corpus / "new.TXT").read_text(encoding="utf-8") == "新。"
    assert (corpus / "library.md").read_text(encoding="utf-8") == "replaced"
    assert sorted(path.name for path in corpus.iterdir()) == sorted([*CORPUS, "new.TXT"])


def test_the_folder_is_made_when_there_is_none(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    file.write_text("甲。", encoding="utf-8")
    assert add_files([file], tmp_path / "made" / "here") == [tmp_path / "made" / "here" / "a.md"]


def test_a_file_that_is_in_the_corpus_stays_as_it_is(corpus: Path) -> None:
    assert add_files([corpus / "library.md"], corpus) == [corpus / "library.md"]
    assert (corpus / "library.md").read_text(encoding="utf-8") == LIBRARY


@pytest.mark.parametrize(
    ("name", "message"),
    [("gone.txt", "gone.txt does not exist"), ("a.exe", "a.exe is not of a kind that is read")],
)
def test_nothing_is_copied_when_one_file_cannot_be(
    tmp_path: Path, corpus: Path, name: str, message: str
) -> None:
    good = tmp_path / "good.txt"
    good.write_text("好。", encoding="utf-8")
    (tmp_path / "a.exe").write_text("x")
    with pytest.raises(CorpusError, match=message):
        add_files([good, tmp_path / name], corpus)
    assert sorted(path.name for path in corpus.iterdir()) == sorted(CORPUS)


def test_nothing_can_be_added_to_a_single_file(tmp_path: Path) -> None:
    single = tmp_path / "corpus.jsonl"
    single.write_text("{}")
    with pytest.raises(CorpusError, match="is one file; articles can be added to a folder only"):
        add_files([single], single)

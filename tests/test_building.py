"""A corpus to an index: what changed is counted, and only that is encoded again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CORPUS, HARBOUR, LIBRARY, WordEncoder, write_corpus

from ragqa.building import Built, Changes, add_files, build_index, compare, digest, embedded_text
from ragqa.errors import CorpusError, IndexBusyError, IndexMismatchError
from ragqa.index import Index, writing
from ragqa.records import Article, Chunk


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def build(corpus: Path, index: Path, encoder: Any = None, **options: Any) -> Built:
    """Build with small chunks; ``encoder`` is the one to use (its absence is an error when asked for)."""
    load: Callable[[], Any] = lambda: encoder if encoder is not None else pytest.fail("encoder was loaded")  # noqa: E731
    return build_index(corpus, index, encoder=load, **{"chunk_size": 40, **options})


def counts(built: Built) -> tuple[int, int, int, int]:
    c = built.changes
    return len(c.added), len(c.changed), len(c.removed), len(c.unchanged)


def test_a_first_build_adds_every_article(corpus: Path, index: Path) -> None:
    encoder = WordEncoder()
    built = build(corpus, index, encoder)
    assert (built.articles, built.chunks, built.skipped) == (3, 6, ())
    assert built.changes == Changes(("harbour.md", "library.md", "lighthouse.md"), (), (), ())
    manifest = Index.open(index).manifest
    assert built.version == manifest.version
    assert (manifest.encoder, manifest.encoder_fingerprint, manifest.dimension, manifest.chunk_size) == (
        "words", "first weights", 10, 40,
    )  # fmt: skip
    assert len(encoder.passages) == 6
    assert built.tokens_per_second > 0


def test_every_chunk_is_a_row_with_the_vector_of_its_text(corpus: Path, index: Path) -> None:
    encoder = WordEncoder()
    built = build(corpus, index, encoder)
    opened = Index.open(index)
    for row, text in enumerate(encoder.passages):
        passage = opened.passage(row, row, 0.0)
        assert text.endswith(passage.chunk.text)
        hit = opened.search(WordEncoder().encode_query([text]), k=built.chunks)[0]
        assert {h.row: round(h.score, 5) for h in hit}[row] == 1.0


def test_an_unchanged_corpus_needs_no_encoder_and_no_new_version(corpus: Path, index: Path) -> None:
    first = build(corpus, index, WordEncoder())
    again = build(corpus, index)
    assert counts(again) == (0, 0, 0, 3)
    assert (again.version, again.chunks, again.tokens_per_second) == (first.version, 6, 0.0)


def test_added_changed_removed_and_unchanged_are_counted(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    (corpus / "harbour.md").write_text(HARBOUR.replace("太多", "很多"), encoding="utf-8")
    (corpus / "library.md").unlink()
    (corpus / "new.txt").write_text("新的文章。\n这里有一句话。", encoding="utf-8")
    built = build(corpus, index, WordEncoder())
    assert built.changes == Changes(("new.txt",), ("harbour.md",), ("library.md",), ("lighthouse.md",))
    assert [article.id for article in Index.open(index).articles] == [
        "harbour.md",
        "lighthouse.md",
        "new.txt",
    ]


def test_only_chunks_that_changed_are_encoded_again(corpus: Path, index: Path, tmp_path: Path) -> None:
    build(corpus, index, WordEncoder())
    (corpus / "harbour.md").write_text(HARBOUR.replace("正在罢工", "不再罢工"), encoding="utf-8")
    encoder = WordEncoder()
    build(corpus, index, encoder)
    assert encoder.passages == ["港口停航\n第二，灯塔的灯已经坏了。\n第三，拖船的工人不再罢工。"]
    build(corpus, tmp_path / "anew", WordEncoder())
    one, other = Index.open(index), Index.open(tmp_path / "anew")
    assert list(one.articles) == list(other.articles)
    assert [one.place(row) for row in range(6)] == [other.place(row) for row in range(6)]
    for key, vector in other.vectors_by_key().items():
        np.testing.assert_array_equal(one.vectors_by_key()[key], vector)


def test_a_new_date_changes_an_article_but_encodes_nothing(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    (corpus / "harbour.md").write_text(HARBOUR.replace("2024-05-02", "2024-05-03"), encoding="utf-8")
    encoder = WordEncoder()
    built = build(corpus, index, encoder)
    assert (counts(built), encoder.passages, built.tokens_per_second) == ((0, 1, 0, 2), [], 0.0)
    assert Index.open(index).article("harbour.md").published == "2024-05-03"


def test_a_removed_article_is_gone(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    (corpus / "library.md").unlink()
    built = build(corpus, index, WordEncoder())
    assert (counts(built), built.chunks) == ((0, 0, 1, 2), 4)


def test_full_encodes_everything_again(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    encoder = WordEncoder()
    built = build(corpus, index, encoder, full=True)
    assert (counts(built), len(encoder.passages)) == ((3, 0, 0, 0), 6)


def test_a_dry_run_counts_and_writes_nothing(corpus: Path, index: Path) -> None:
    assert counts(build(corpus, index, dry_run=True)) == (3, 0, 0, 0)
    assert not index.exists()
    build(corpus, index, WordEncoder())
    before = sorted((path, path.stat().st_mtime_ns) for path in index.rglob("*"))
    (corpus / "library.md").unlink()
    assert counts(build(corpus, index, dry_run=True)) == (0, 0, 1, 2)
    assert sorted((path, path.stat().st_mtime_ns) for path in index.rglob("*")) == before


def test_a_corpus_without_articles_names_what_was_skipped(tmp_path: Path, index: Path) -> None:
    folder = write_corpus(tmp_path / "empty", {"a.exe": "x", "b.txt": ""})
    with pytest.raises(CorpusError) as error:
        build(folder, index)
    message = str(error.value)
    assert message.startswith(f"{folder}/ holds no article to index; add .txt, .md, .html or .jsonl files")
    assert message.splitlines()[1:] == ["  a.exe: not a format that is read: .exe", "  b.txt: empty"]
    assert not index.exists()


def test_skipped_files_are_told_and_the_rest_goes_on(corpus: Path, index: Path) -> None:
    (corpus / "again.md").write_text(LIBRARY, encoding="utf-8")
    built = build(corpus, index, WordEncoder())
    assert [(s.file, s.reason) for s in built.skipped] == [("library.md", "same text as again.md")]
    assert Index.open(index).manifest.skipped == built.skipped


@pytest.mark.parametrize(
    ("encoder", "options", "message"),
    [
        (WordEncoder(id="other"), {}, "not with other"),
        (WordEncoder(fingerprint="new"), {}, "other weights"),
        (WordEncoder(), {"chunk_size": 60}, "chunk size 40, not 60"),
    ],
)
def test_an_update_with_other_settings_is_refused_and_full_rebuilds(
    corpus: Path, index: Path, encoder: WordEncoder, options: dict[str, int], message: str
) -> None:
    first = build(corpus, index, WordEncoder())
    (corpus / "library.md").unlink()
    with pytest.raises(IndexMismatchError, match=message):
        build(corpus, index, encoder, **options)
    assert Index.open(index).manifest.version == first.version
    assert build(corpus, index, encoder, full=True, **options).articles == 2


def test_a_damaged_index_is_built_anew(corpus: Path, index: Path) -> None:
    first = build(corpus, index, WordEncoder())
    (index / first.version / "chunks.jsonl").write_text("")
    built = build(corpus, index, WordEncoder())
    assert counts(built) == (3, 0, 0, 0)
    assert Index.open(index).manifest.version == built.version


def test_a_second_writer_is_turned_away_but_may_count(corpus: Path, index: Path) -> None:
    with writing(index):
        with pytest.raises(IndexBusyError):
            build(corpus, index, WordEncoder())
        assert counts(build(corpus, index, dry_run=True)) == (3, 0, 0, 0)


def test_progress_is_told(corpus: Path, index: Path) -> None:
    told: list[tuple[int, int]] = []
    build(corpus, index, WordEncoder(), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (6, 6)


# --- parts -----------------------------------------------------------------------------------

ARTICLE = Article("a.txt", "题目", "正文。")


def test_compare_sees_any_difference() -> None:
    other = replace(ARTICLE, published="2024")
    assert compare([ARTICLE], [ARTICLE]) == Changes((), (), (), ("a.txt",))
    assert compare([ARTICLE], [other]) == Changes((), ("a.txt",), (), ())
    assert not compare([ARTICLE], [ARTICLE]).any
    assert all(c.any for c in (compare([], [ARTICLE]), compare([ARTICLE], []), compare([ARTICLE], [other])))


def test_the_digest_of_a_corpus_ignores_order_only() -> None:
    other = replace(ARTICLE, id="b.txt")
    assert digest([ARTICLE, other]) == digest([other, ARTICLE])
    assert digest([ARTICLE]) != digest([replace(ARTICLE, published="2024")])


@pytest.mark.parametrize(
    ("title", "heading", "text", "expected"),
    [
        ("题目", "小标题", "正文。", "题目\n小标题\n正文。"),
        ("题目", "", "正文。", "题目\n正文。"),
        ("题目", "题目", "正文。", "题目\n正文。"),
        ("题目", "小标题", "小标题\n正文。", "题目\n小标题\n正文。"),
        ("题目", "小标题", "题目\n小标题\n正文。", "题目\n小标题\n正文。"),
        ("", "", "正文。", "正文。"),
    ],
)
def test_title_and_heading_stand_above_a_chunk_once(
    title: str, heading: str, text: str, expected: str
) -> None:
    chunk = Chunk("a.txt", 0, len(text), text, heading)
    assert embedded_text(replace(ARTICLE, title=title), chunk) == expected


# --- add -------------------------------------------------------------------------------------


def test_files_are_copied_into_the_corpus_and_replace_their_namesakes(tmp_path: Path, corpus: Path) -> None:
    new, same = tmp_path / "new.TXT", tmp_path / "library.md"
    new.write_text("新。", encoding="utf-8")
    same.write_text("replaced", encoding="utf-8")
    assert add_files([new, same], corpus) == [corpus / "new.TXT", corpus / "library.md"]
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

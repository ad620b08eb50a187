"""A corpus to an index: what changed is counted, and only that is encoded again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fakes import HARBOUR, LIBRARY, TokenEncoder, WordEncoder, write_corpus
from support.faults import contents

from ragqa.errors import CorpusError, IndexBusyError, IndexMismatchError
from ragqa.index.build import build_index, digest, embedded_text
from ragqa.index.calibration import Calibration, parallel
from ragqa.index.index import Index
from ragqa.index.late_interaction import Signature
from ragqa.index.store import writing
from ragqa.models.protocols import Tokens
from ragqa.text.language import HAN
from ragqa.types import Article, Built, Changes, Chunk

# A first build measures its encoder on these passages before it encodes any of its own.
MEASURED = frozenset(passage for row in parallel() for passage in row[2:])


def build(corpus: Path, index: Path, encoder: Any = None, **options: Any) -> Built:
    """Build with small chunks; ``encoder`` is the one to use (its absence is an error when asked for)."""
    load: Callable[[], Any] = lambda: encoder if encoder is not None else pytest.fail("encoder was loaded")  # noqa: E731
    return build_index(corpus, index, encoder=load, **{"chunk_size": 40, **options})


def counts(built: Built) -> tuple[int, int, int, int]:
    c = built.changes
    return len(c.added), len(c.changed), len(c.removed), len(c.unchanged)


def encoded(encoder: WordEncoder) -> list[str]:
    """What an encoder was given of the corpus."""
    return [text for text in encoder.passages if text not in MEASURED]


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
    assert len(encoded(encoder)) == 6
    assert built.tokens_per_second > 0


def test_every_chunk_is_a_row_with_the_vector_of_its_text(corpus: Path, index: Path) -> None:
    encoder = WordEncoder()
    built = build(corpus, index, encoder)
    opened = Index.open(index)
    texts = encoded(encoder)
    assert len(texts) == built.chunks
    np.testing.assert_array_equal(opened.vectors(np.arange(6)), encoder.encode_passages(texts))
    for row, text in enumerate(texts):
        assert text.endswith(opened.passage(row, row, 0.0).chunk.text)


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


def test_a_new_date_changes_an_article_but_encodes_nothing(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    (corpus / "harbour.md").write_text(HARBOUR.replace("2024-05-02", "2024-05-03"), encoding="utf-8")
    encoder = WordEncoder()
    built = build(corpus, index, encoder)
    assert (counts(built), encoder.passages, built.tokens_per_second) == ((0, 1, 0, 2), [], 0.0)
    assert Index.open(index).article("harbour.md").published == "2024-05-03"


def test_full_encodes_everything_again(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    encoder = WordEncoder()
    built = build(corpus, index, encoder, full=True)
    assert (counts(built), len(encoded(encoder))) == ((3, 0, 0, 0), 6)


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
        (WordEncoder(id="other"), {}, "built with the encoder words, not with other"),
        (WordEncoder(fingerprint="new"), {}, r"not with words \(other weights\)"),
        (WordEncoder(), {"chunk_size": 60}, "built with chunk size 40, not 60"),
    ],
)
def test_an_update_with_other_settings_is_refused_and_full_rebuilds(
    corpus: Path, index: Path, encoder: WordEncoder, options: dict[str, int], message: str
) -> None:
    first = build(corpus, index, WordEncoder())
    (corpus / "library.md").unlink()
    with pytest.raises(IndexMismatchError, match=f"{message}; run: ragqa index --full"):
        build(corpus, index, encoder, **options)
    assert Index.open(index).manifest.version == first.version
    assert build(corpus, index, encoder, full=True, **options).articles == 2


def test_a_second_writer_is_turned_away_but_may_count(corpus: Path, index: Path) -> None:
    with writing(index):
        with pytest.raises(IndexBusyError, match="another process is writing"):
            build(corpus, index, WordEncoder())
        assert counts(build(corpus, index, dry_run=True)) == (3, 0, 0, 0)
    assert counts(build(corpus, index, WordEncoder())) == (3, 0, 0, 0)


# --- tokens ----------------------------------------------------------------------------------


def test_a_first_build_measures_its_encoder(corpus: Path, index: Path) -> None:
    build(corpus, index, TokenEncoder())
    score_offsets, measured = Index.open(index).score_offsets, Calibration.measure(TokenEncoder())
    assert score_offsets.tokens is True
    assert (score_offsets.dense, score_offsets.late) == (measured.dense, measured.late)
    assert all(np.array_equal(score_offsets.passages[name], measured.passages[name]) for name in ("en", "zh"))


class Louder(TokenEncoder):
    """Chinese characters are twice as long as all else: the languages' mean tokens differ."""

    def tokens(self, text: str) -> Tokens:
        tokens = super().tokens(text)
        length = np.array([2 if HAN.match(text[start]) else 1 for start in tokens.starts], dtype=np.float32)
        return replace(tokens, vectors=tokens.vectors * length[:, None])


def test_every_chunk_has_the_signs_of_its_tokens_from_its_languages_mean(corpus: Path, index: Path) -> None:
    encoder = Louder()
    build(corpus, index, encoder)
    opened = Index.open(index)
    assert opened.tokens is not None
    for row, text in enumerate(encoded(encoder)):
        passage = opened.passage(row, row, 0.0)
        above = len(text) - len(passage.chunk.text)
        centre = opened.score_offsets.passages[passage.article.language]
        expected = Signature.of(encoder.tokens(text), centre, skipped=above)
        assert opened.tokens.of(row).bits.tolist() == expected.bits.tolist()
        assert opened.tokens.of(row).starts.tolist() == expected.starts.tolist()


def test_tokens_begin_in_the_chunk_or_are_marked_as_above_it(corpus: Path, index: Path) -> None:
    build(corpus, index, TokenEncoder())
    opened = Index.open(index)
    assert opened.tokens is not None
    starts = opened.tokens.of(1).starts.tolist()
    assert opened.passage(1, 1, 0.0).chunk.text.startswith("第二，灯塔")
    # The title 港口停航 is three tokens to this encoder: 港, 口, 停航.
    assert starts[:8] == [65535, 65535, 65535, 0, 1, 2, 3, 4]


def test_an_encoder_without_tokens_leaves_none(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    opened = Index.open(index)
    assert (opened.tokens, opened.score_offsets.tokens) == (None, False)
    assert not [name for name in contents(index) if name.startswith("tokens")]


def test_the_words_of_a_chunk_are_those_of_its_title_too(corpus: Path, index: Path) -> None:
    build(corpus, index, WordEncoder())
    opened = Index.open(index)
    held = np.flatnonzero(opened.words.coverage("停航")).tolist()
    assert held == [row for row in range(6) if opened.passage(row, row, 0.0).article.id == "harbour.md"]


@pytest.mark.parametrize("encoder", [WordEncoder, TokenEncoder])
def test_an_updated_index_is_byte_for_byte_what_a_full_build_gives(
    corpus: Path, index: Path, tmp_path: Path, encoder: type[WordEncoder]
) -> None:
    build(corpus, index, encoder())
    (corpus / "harbour.md").write_text(HARBOUR.replace("正在罢工", "不再罢工"), encoding="utf-8")
    (corpus / "library.md").unlink()
    (corpus / "new.txt").write_text("新的文章。\n这里有一句话。", encoding="utf-8")
    updating = encoder()
    build(corpus, index, updating)
    assert updating.passages == [
        "港口停航\n第二，灯塔的灯已经坏了。\n第三，拖船的工人不再罢工。",
        "新的文章。\n这里有一句话。",
    ]
    assert updating.queries == []
    build(corpus, tmp_path / "anew", encoder())
    assert contents(index) == contents(tmp_path / "anew")


def test_a_heading_that_moves_into_its_chunk_moves_where_tokens_begin(
    corpus: Path, index: Path, tmp_path: Path
) -> None:
    heading, last = "第二节 关于港口", "航道里的沙太多了，灯塔的灯已经坏了。"
    first = "港务局长陈立在会上说，港口停航有三个原因，而且大家都已经知道了这些原因。"
    (corpus / "harbour.md").write_text(f"{heading}\n{first}{last}", encoding="utf-8")
    build(corpus, index, TokenEncoder())
    (corpus / "harbour.md").write_text(f"{heading}\n{last}", encoding="utf-8")
    build(corpus, index, TokenEncoder())
    build(corpus, tmp_path / "anew", TokenEncoder())
    assert Index.open(index).passage(0, 0, 0.0).chunk.text == f"{heading}\n{last}"
    assert contents(index) == contents(tmp_path / "anew")


# --- parts -----------------------------------------------------------------------------------

ARTICLE = Article("a.txt", "题目", "正文。")


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

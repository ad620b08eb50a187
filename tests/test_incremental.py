"""However a corpus came to be what it is: its index is the one of a full build, byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fakes import TokenEncoder
from support.faults import build, contents

from ragqa.index.index import Index

# Sentences that recur: chunks of one article are the chunks of another, or move within one.
SENTENCES = [
    "港务局长陈立说，港口停航有三个原因，大家都知道。",
    "航道里的沙太多了，船开不进来，已经有两个月了。",
    "灯塔的灯已经坏了，没有人去修，夜里什么也看不见。",
    "The library now lends every bicycle that was left in the cellar.",
    "Its buyer is Marta Lindqvist, a painter, who paid 3 million dollars.",
    "拖船的工人正在罢工，他们要求更多的工钱。",
]
NAMES = ["a.txt", "b.txt", "c.md", "folder/d.txt"]
TEXTS = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=4).map("\n".join)
NAME = st.sampled_from(NAMES)
EDITS = st.lists(
    st.lists(
        st.one_of(
            st.tuples(st.just("write"), NAME, TEXTS),
            st.tuples(st.just("remove"), NAME),
            st.tuples(st.just("move"), NAME, NAME),
        ),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=4,
)


def edit(corpus: Path, kind: str, name: str, other: str = "") -> None:
    path = corpus / name
    path.parent.mkdir(exist_ok=True)
    if kind == "write":
        path.write_text(other, "utf-8")
    elif kind == "remove":
        path.unlink(missing_ok=True)
    elif path.exists():
        (corpus / other).parent.mkdir(exist_ok=True)
        path.replace(corpus / other)


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS)
def test_an_updated_index_is_the_index_of_a_full_build(rounds: list[list[tuple[str, ...]]]) -> None:
    with tempfile.TemporaryDirectory() as made:
        corpus, index = Path(made, "corpus"), Path(made, "index")
        corpus.mkdir()
        (corpus / "always.txt").write_text("这里总有一篇文章。", "utf-8")
        build(corpus, index, TokenEncoder())
        for number, edits in enumerate(rounds):
            for one in edits:
                edit(corpus, *one)
            build(corpus, index, TokenEncoder())
            build(corpus, Path(made, f"anew-{number}"), TokenEncoder())
            assert contents(index) == contents(Path(made, f"anew-{number}"))


def test_an_article_that_moved_is_not_encoded_again(tmp_path: Path, index: Path) -> None:
    edit(corpus := tmp_path / "corpus", "write", "a.txt", "\n".join(SENTENCES))
    build(corpus, index, TokenEncoder())
    edit(corpus, "move", "a.txt", "folder/d.txt")
    encoder = TokenEncoder()
    built = build(corpus, index, encoder)
    assert (built.changes.added, built.changes.removed) == (("folder/d.txt",), ("a.txt",))
    assert encoder.passages == []
    assert [article.id for article in Index.open(index).articles] == ["folder/d.txt"]

"""Phrases, codes and filters by operators, on indexes made by hand."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.fakes import WordEncoder, WordReader
from support.house import House, Line, small_index
from test_build import build

from ragqa.errors import IndexMismatchError
from ragqa.index import spellings
from ragqa.index.store import publish, read_manifest, writing
from ragqa.models import Reader
from ragqa.retrieval import Question, retrieve
from ragqa.retrieval.query import Query
from ragqa.retrieval.reading import about
from ragqa.text import TERMS
from ragqa.types import Article, Filter

ARTICLES = [
    Article("a", "云帆停产", "云帆重工宣布停产。原因是缺电。", published="2023-02-01"),
    Article("b", "雲帆復產", "雲帆重工恢復生產。停產只有三天。", published="2024-05-20"),
    Article("c", "Pineapple prices", "The pineapple crop failed. Cat food is dear.", language="en"),
    Article("d", "故障", "KLM-2207表示过热。KLM-2208表示缺水。", published="2023-12-31"),
    Article("e", "订单", "发了2,600万吨。"),
]
INDEX = small_index(ARTICLES)


@pytest.mark.parametrize(
    ("phrase", "held"),
    [
        ("云帆重工", "ab"),
        ("重工宣布", "a"),
        ("帆重工恢", "b"),
        ("停产原因", ""),
        ("停产", "ab"),
        ("apple", ""),
        ("PINEAPPLE crop", "c"),
        ("cat", "c"),
        ("the", "c"),
        ("klm-2207", "d"),
        ("KLM-220", ""),
        ("二千六百万", "e"),
        ("26 million", "e"),
        ("不在", ""),
        ("？", ""),
    ],
)
def test_a_phrase_is_held_in_any_case_and_script_and_as_whole_latin_words(phrase: str, held: str) -> None:
    assert "".join(ARTICLES[row].id for row in INDEX.holding(phrase)) == held


@pytest.mark.parametrize(
    ("filters", "passed"),
    [
        (Filter(without=("云帆",)), "cde"),
        (Filter(phrases=("重工",)), "ab"),
        (Filter(phrases=("重工", "缺电")), "a"),
        (Filter(title=("停产",)), "a"),
        (Filter(title=("云帆", "复产")), "b"),
        (Filter(before="2024"), "ad"),
        (Filter(before="2023-12-31"), "a"),
        (Filter(since="2023-12", before="2024-05-20"), "d"),
        (Filter(phrases=("无人",)), ""),
    ],
)
def test_operators_let_articles_pass(filters: Filter, passed: str) -> None:
    assert "".join(ARTICLES[row].id for row in np.flatnonzero(INDEX.mask(filters))) == passed
    assert INDEX.passing(filters)[0] == len(passed)


def test_other_spellings_of_a_code() -> None:
    assert spellings("XK-17") == ["xk17", "xk 17"]
    assert spellings("xk17") == ["xk-17", "xk 17"]
    assert spellings("GB/T 31400.5") == spellings("港口") == []


@pytest.mark.parametrize(
    ("code", "stretch"),
    [
        ("KLM-2207", "KLM-2207表示过热。请关机。"),
        ("klm2208", "KLM-2208表示缺水。"),
        ("KLM-9999", "代码如下。KLM-2207表示过热。请关机。\nKLM-2208表示缺水。"),
        ("XK-17", "代码如下。KLM-2207表示过热。请关机。\nKLM-2208表示缺水。"),
    ],
)
def test_of_a_list_of_codes_only_the_sentences_on_the_one_asked_for_are_read(code: str, stretch: str) -> None:
    text = "代码如下。KLM-2207表示过热。请关机。\nKLM-2208表示缺水。"
    start, end = about([code], text)
    assert text[start:end] == stretch


def found(question: str, *texts: str, reader: Reader | None = None) -> list[str]:
    """Ids of the passages, a to z; the later a text, the nearer it is to the question."""
    articles = [Article(chr(97 + n), "", text) for n, text in enumerate(texts)]
    index = small_index(articles, vectors=[0.5 + 0.01 * n for n in range(len(texts))])
    query = Query.of(Question.of(question), encoder=WordEncoder([["没有这个词"]]))
    return [p.article.id for p in retrieve(query, index=index, k=9, reader=reader).passages]


@pytest.mark.parametrize("question", ["KLM-2207", "KLM-2207是什么？", "klm2207 怎么办"])
def test_a_passage_that_holds_the_code_comes_first(question: str) -> None:
    texts = ["灯KLM-2207表示过热。" * 9, "沙KLM-2208表示缺水。" * 9, "港没有代码。" * 20]
    assert found(question, *texts)[0] == "a"
    assert found(question, *texts, reader=WordReader())[0] == "a"


def test_what_stands_in_quotation_marks_comes_first_and_the_rest_follows() -> None:
    assert found("什么是“灯塔”？", "灯塔是塔。" * 20, "灯是灯，塔是塔。" * 12) == ["a", "b"]
    assert found("什么是灯塔？", "灯塔是塔。" * 20, "港口停航了。" * 20)[0] in ("a", "b")


def test_where_no_passage_holds_the_code_all_are_found() -> None:
    assert sorted(found("KLM-2299是什么？", "灯KLM-2207。" * 20, "沙没有。" * 30)) == ["a", "b"]


# --- as the command line has it --------------------------------------------------------------


def test_a_search_leaves_out_what_a_minus_names(line: Line) -> None:
    files = {
        "one.md": "---\ntitle: 停产\n---\n" + "云帆的灯坏了，停产两天。" * 3,
        "two.md": "---\ntitle: 灯\n---\n" + "港口的灯坏了。" * 5,
    }
    for old in line.house.settings.corpus.iterdir():
        old.unlink()
    line.house.build(files)
    for asked, ids in (("灯 -云帆", ["two.md"]), ("灯 title:停产", ["one.md"]), ('"两天" 灯', ["one.md"])):
        document = line.json("search", asked, "--no-llm")
        assert [p["article_id"] for p in document["passages"]] == ids
    assert line.run("search", "灯 after:2024-13")[0] == 2
    assert "is no date; write after:2024, after:2024-05 or after:2024-05-15" in line.err


def test_an_answer_keeps_what_was_typed(line: Line) -> None:
    document = line.json("ask", "港口为什么停航？ -bicycle", "--no-llm")
    assert (document["question"], document["asked"]) == ("港口为什么停航？", "港口为什么停航？ -bicycle")
    assert {p["article_id"] for p in document["passages"]} <= {"harbour.md", "lighthouse.md"}


# --- an index whose terms were made otherwise ------------------------------------------------


def test_an_index_with_other_terms_does_not_answer_and_is_built_anew_without_encoding(house: House) -> None:
    folder = house.settings.index
    home, manifest = read_manifest(folder)

    def copied(into: Path) -> None:
        for name in manifest.files:
            shutil.copyfile(home / name, into / name)

    with writing(folder):
        publish(folder, replace(manifest, version="v-old", lexical=""), copied)
    with pytest.raises(IndexMismatchError, match="run: ragqa index"):
        house.ask("港口为什么停航？", [])
    encoder = WordEncoder()
    built = build(house.settings.corpus, folder, encoder)
    assert (encoder.passages, built.changes.any) == ([], False)
    assert read_manifest(folder)[1].lexical == TERMS
    assert house.ask("港口为什么停航？", [""])[0].passages

"""Chunks: exact offsets, whole sentences, headings."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.index.chunking import headings, split
from ragqa.text.language import sentence_spans, weight
from ragqa.types import Article


def article(text: str) -> Article:
    return Article(id="a.txt", title="题", text=text)


ALPHABET = "中文字甲乙。！？，；：“”…（）abc .,!?\n 　12"


@given(st.text(alphabet=ALPHABET, max_size=600), st.integers(min_value=5, max_value=80))
@settings(max_examples=400)
def test_every_chunk_stands_at_its_offsets_and_nothing_visible_is_lost(text: str, size: int) -> None:
    chunks = split(article(text), size=size)
    assert all(text[c.start : c.end] == c.text for c in chunks)
    assert all(a.end <= b.start for a, b in pairwise(chunks))
    assert "".join("".join(c.text for c in chunks).split()) == "".join(text.split())


@given(
    st.lists(st.sampled_from(["甲说了话。", "他问：“走吗？”", "It is 3.5 percent. ", "完了！"]), max_size=40)
)
def test_sentences_that_fit_are_never_cut(sentences: list[str]) -> None:
    text = "".join(sentences)
    ends = {end for _, end in sentence_spans(text)}
    assert all(chunk.end in ends for chunk in split(article(text), size=30))


def test_repeated_sentences_keep_their_own_places() -> None:
    text = "同一句话。" * 50
    chunks = split(article(text), size=20)
    assert [c.start for c in chunks] == list(range(0, 250, 20))


def test_a_closing_quote_at_a_cut_stands_in_one_chunk_only() -> None:
    text = "甲" * 19 + "”" + "乙" * 19 + "”" + "丙" * 30
    assert "".join(c.text for c in split(article(text), size=20)) == text


def test_a_sentence_longer_than_the_size_is_cut_at_commas() -> None:
    chunks = split(article("甲乙丙丁戊己庚辛，" * 5 + "完。"), size=20)
    assert [len(c.text) for c in chunks] == [18, 18, 11]
    assert all(c.text[-1] in "，。" for c in chunks)


def test_chunks_know_the_heading_they_stand_under() -> None:
    text = (
        "开头一段话，讲了事情的经过和背景，也讲了结果。\n1. 离开的理由\n第一，他说机会成本变得太高，没有时间。\n"
        "冷淡的大会\n这一年的大会没有发布新的模型，只讲了接口和服务，许多人失望。"
    )
    assert [(c.heading, c.text[:4]) for c in split(article(text), size=40)] == [
        ("", "开头一段"),
        ("1. 离开的理由", "1. 离"),
        ("冷淡的大会", "冷淡的大"),
    ]


@pytest.mark.parametrize("line", ["他走了。", "问：为什么？", "一句很短的话，"])
def test_a_line_that_ends_like_prose_is_no_heading(line: str) -> None:
    assert headings(f"{line}\n下面是一段长得多的正文，写了很多字，也有句号。") == []


def test_size_is_respected_but_for_a_short_tail() -> None:
    chunks = split(article("这是一个有十三个字的句子。" * 100), size=100)
    assert [weight(c.text) for c in chunks[:-1]] == [pytest.approx(7 * 12.4)] * (len(chunks) - 1)
    assert weight(chunks[-1].text) < 100 * 4 / 3


def test_a_short_tail_joins_the_chunk_before_it() -> None:
    assert [c.text for c in split(article("甲" * 9 + "。" + "乙" * 9 + "。丙。"), size=20)] == [
        "甲" * 9 + "。" + "乙" * 9 + "。丙。"
    ]

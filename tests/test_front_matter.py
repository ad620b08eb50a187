"""Blocks of metadata above a text, as blogs, wikis and exports write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.corpus.articles import read_articles
from ragqa.corpus.formats import read_markdown
from ragqa.corpus.front_matter import split_front_matter

BODY = "湖滨电厂周二并网。\n"


@pytest.mark.parametrize(
    ("block", "title", "published"),
    [
        ("---\ntitle: 湖滨电厂并网\ndate: 2023-04-05\n---\n", "湖滨电厂并网", "2023-04-05"),
        ("---\nTitle: 湖滨电厂并网\nDate: 2023-04-05\n---\n", "湖滨电厂并网", "2023-04-05"),
        ("---\n标题: 湖滨电厂并网\n日期: 2023年4月5日\n---\n", "湖滨电厂并网", "2023-04-05"),
        (
            "---\ntitle: 消息: 湖滨电厂并网\npublish_date: 2023-04-05\n---\n",
            "消息: 湖滨电厂并网",
            "2023-04-05",
        ),
        ("---\ntitle: 湖滨电厂并网\ndate: 2023-02-31\n---\n", "湖滨电厂并网", None),
        ('+++\ntitle = "湖滨电厂并网"\ndate = 2023-04-05T08:00:00Z\n+++\n', "湖滨电厂并网", "2023-04-05"),
        ("Title: 湖滨电厂并网\nDate: 2023-04-05\n\n", "湖滨电厂并网", "2023-04-05"),
        ("\ufeff---\ntitle: 湖滨电厂并网\npubDate: 2023-04-05\n---\n", "湖滨电厂并网", "2023-04-05"),
    ],
)
def test_a_block_gives_title_and_date_and_leaves_the_text(
    block: str, title: str, published: str | None
) -> None:
    draft = read_markdown((block + BODY).encode())
    assert (draft.title, draft.published, draft.text.strip()) == (title, published, BODY.strip())


@pytest.mark.parametrize(
    ("line", "first", "author"),
    [
        ("作者: 闻笙", "author: 闻笙", "闻笙"),
        ('author: "闻笙"', "author: 闻笙", "闻笙"),
        ("authors: [Ola Berg, Jane Doe]", "author: Ola Berg, Jane Doe", "Ola Berg, Jane Doe"),
        ("authors:\n  - Ola Berg\n  - Jane Doe", "author: Ola Berg, Jane Doe", "Ola Berg, Jane Doe"),
        ("author:\n  name: 闻笙", "author: 闻笙", "闻笙"),
        ("author: admin", BODY.strip(), ""),
    ],
)
def test_the_author_of_a_block_stands_above_the_text(
    line: str, first: str, author: str, tmp_path: Path
) -> None:
    (tmp_path / "plant.md").write_text(f"---\ntitle: 湖滨电厂并网\n{line}\n---\n{BODY}", encoding="utf-8")
    ((article,), _) = read_articles(tmp_path)
    assert (article.text.split("\n")[0], article.author) == (first, author)


@pytest.mark.parametrize(
    "text",
    [
        "---\n一段没有键的话。\n---\n正文。\n",
        "注意: 水位上涨。\n原因: 连日降雨。\n\n正文。\n",
        "---\n正文。\n",
    ],
)
def test_what_is_no_block_stays_in_the_text(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


def test_an_alias_is_not_followed_and_the_lines_are_read_as_they_stand() -> None:
    facts, _ = split_front_matter("---\ntitle: &a 湖滨\nsource: *a\n---\n" + BODY)
    assert facts == {"title": "&a 湖滨", "source": "*a"}


def test_labelled_lines_above_a_plain_text_are_its_facts(tmp_path: Path) -> None:
    block = "标题：湖滨电厂并网\n时间：2023年4月5日\n作者：闻笙\n\n"
    (tmp_path / "plant.txt").write_text(block + BODY, encoding="utf-8")
    ((article,), _) = read_articles(tmp_path)
    assert (article.title, article.author, article.published) == ("湖滨电厂并网", "闻笙", "2023-04-05")
    assert article.text == f"author: 闻笙\n{BODY.strip()}"

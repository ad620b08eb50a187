"""Articles as news databases give them out: their labels are facts, their notices are no text."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.corpus import read_articles
from ragqa.corpus.databases import from_database

FACTIVA = """SE      Business
HD      Ferry to run at night
        from Friday
BY      By Ola Berg
WC      64 words
PD      5 March 2024
SN      The Pier Post
SC      PIEPO
LA      English
CY      (c) 2024, The Pier Post. All rights reserved.

LP
The ferry will run until eleven at night from Friday, its
captain said.

TD
The fare stays at two dollars.

CO      pierco : Pier Company
AN      Document PIEPO00020240305ek3500012
"""
LEXIS = """Ferry to run at night

The Pier Post

March 5, 2024 Tuesday
First Edition

Copyright 2024 Pier Company All Rights Reserved

Section: NEWS; Pg. 4

Length: 64 words

Byline: Ola Berg

Body

The ferry will run until eleven at night from Friday, its captain said.

The fare stays at two dollars.

Load-Date: March 6, 2024

End of Document
"""
OLDER = """3 of 40 DOCUMENTS

The Pier Post

March 5, 2024 Tuesday

Ferry to run at night

BYLINE: Ola Berg

SECTION: NEWS; Pg. 4

LENGTH: 64 words

BODY:

The ferry will run until eleven at night from Friday, its captain said.

The fare stays at two dollars.

LOAD-DATE: March 6, 2024
"""
WISERS = """渡口日報 | 2024-03-05
報章 | A08 | 港聞 | By 聞笙

渡口加開夜班

渡口週五起加開夜班，最後一班十一點開。

票價不變，仍是兩元。

文章編號: 202403053020117
本內容之版權為有關的版權擁有人所有或由有關的版權擁有人授權使用。
"""
ENGLISH = [
    "The ferry will run until eleven at night from Friday, its captain said.",
    "The fare stays at two dollars.",
]
CHINESE = ["渡口週五起加開夜班，最後一班十一點開。", "票價不變，仍是兩元。"]


@pytest.mark.parametrize(
    ("words", "title", "author", "outlet", "text"),
    [
        (FACTIVA, "Ferry to run at night from Friday", "Ola Berg", "The Pier Post", ENGLISH),
        (LEXIS, "Ferry to run at night", "Ola Berg", "The Pier Post", ENGLISH),
        (OLDER, "Ferry to run at night", "Ola Berg", "The Pier Post", ENGLISH),
        (WISERS, "渡口加開夜班", "聞笙", "渡口日報", CHINESE),
    ],
    ids=["factiva", "lexis", "lexis of old", "wisers"],
)
def test_an_export_gives_its_facts_and_its_text(
    tmp_path: Path, words: str, title: str, author: str, outlet: str, text: list[str]
) -> None:
    (tmp_path / "export.txt").write_text(words, encoding="utf-8")
    (found,), _ = read_articles(tmp_path)
    assert (found.title, found.author, found.source, found.published, found.published_from) == (
        title,
        author,
        outlet,
        "2024-03-05",
        "field",
    )
    assert found.text.split("\n") == [f"author: {author}", *text]


def test_a_paragraph_that_begins_like_a_label_stays_text() -> None:
    lines = ["IN May the ferry stopped.", "Graphic artists painted its lamps."]
    for words in (FACTIVA, LEXIS):
        text = words.replace("The fare stays at two dollars.", "\n\n".join(lines))
        found = from_database(text)
        assert found is not None
        assert [line for line in found.text.split("\n") if line][-2:] == lines


@pytest.mark.parametrize(
    "words",
    [
        FACTIVA + FACTIVA,
        LEXIS + LEXIS,
        FACTIVA.replace("AN      Document", "Document"),
        LEXIS.replace("Body", "The body"),
        WISERS.replace("文章編號", "編號"),
        "IN the harbour\nthe lamps work again.",
    ],
)
def test_another_form_and_several_articles_stay_as_they_are(words: str) -> None:
    assert from_database(words) is None

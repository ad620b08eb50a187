"""Day and name under a title, and the lines that only say that a text ends."""

from __future__ import annotations

import pytest

from ragqa.corpus.cleaning import clean
from ragqa.corpus.edges import is_end, signed_by

NIGHT = "渡口周五起加开夜班，最后一班十一点开。\n票价不变，仍是两元。"
LAMPS = "Pier lamps lit again\nThe three lamps of the pier work again since Tuesday.\nThey cost nine pounds."


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("2024年5月6日 王敏", "王敏"),
        ("陈晓东 2024年5月6日", "陈晓东"),
        ("2024-05-06 09:30 王敏", "王敏"),
        ("王敏｜2024.5.6", "王敏"),
        ("2024年5月6日 温州", ""),
        ("2024年5月6日 编辑部", ""),
        ("2024年5月6日王敏", ""),
        ("王敏 2024年5月6日 陈晓东", ""),
        ("2024年5月6日", ""),
        ("王敏", ""),
    ],
)
def test_a_day_and_a_name_alone_are_who_signed(line: str, name: str) -> None:
    assert signed_by(line) == name


def test_day_and_name_under_the_title_are_the_articles_and_stay_to_be_quoted() -> None:
    found = clean(f"渡口加开夜班\n2024年5月6日 王敏\n{NIGHT}")
    assert (found.title, found.author, found.published) == ("渡口加开夜班", "王敏", "2024-05-06")
    assert found.text == f"渡口加开夜班\n2024年5月6日 王敏\n{NIGHT}"
    assert clean(found.text) == found


def test_day_and_name_further_down_are_the_storys() -> None:
    found = clean(f"渡口加开夜班\n{NIGHT}\n2023年5月6日 王敏\n渡口又停了。")
    assert (found.author, found.published) == ("", None)


@pytest.mark.parametrize(
    "end",
    ["END", "（完）", "(完)", "-30-", "– 30 –", "###", "# # #", "— END —", "【全文完】", "SOURCE Pier Company",
     "SOURCE Harbour Works Inc.", "END\n-30-", "###\nSOURCE Pier Company"],
)  # fmt: skip
def test_what_only_ends_a_text_is_dropped(end: str) -> None:
    assert clean(f"{LAMPS}\n{end}").text == LAMPS


@pytest.mark.parametrize(
    "line", ["The end of the pier was lit.", "30", "SOURCE of the leak was a pipe.", "完工", "The End"]
)
def test_words_that_are_the_authors_stay(line: str) -> None:
    assert not is_end(line)
    assert clean(f"{LAMPS}\n{line}").text == f"{LAMPS}\n{line}"


def test_an_end_inside_a_text_stays_and_one_behind_its_last_sentence_goes() -> None:
    assert clean(f"{NIGHT}（完）").text == NIGHT
    assert "END" in clean(f"{LAMPS}\nEND\nThe lamps were made in May.").text


def test_a_posted_line_with_a_name_under_the_title_says_both() -> None:
    found = clean(f"渡口加开夜班\n发布于 2024-03-05 · 闻笙\n{NIGHT}")
    assert (found.author, found.published) == ("闻笙", "2024-03-05")


def test_a_release_ends_with_whose_it_is_and_where_it_stands() -> None:
    told = "WEXCOMBE, March 5, 2024 /PierWire/ -- The ferry runs until eleven at night.\nThe fare stays at two pounds."
    found = clean(f"{told}\nSOURCE Wexcombe Ferry Company\nView original content: https://pier.example/1")
    assert (found.text, found.published, found.published_from) == (told, "2024-03-05", "dateline")

"""Text made to be slow costs no more for its length than other text, in every function that looks for patterns.

At 16,000 characters a quadratic pattern takes a second or more and a linear one milliseconds, so what ends
at once has passed; of the rest the growth is measured, in processor time: four times the text takes a linear
function four times as long and a quadratic one sixteen times, so that half of that tells them apart on a busy machine.
"""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from html import escape
from pathlib import Path

import pytest
from support.tally import Tally

from ragqa.corpus import (
    boilerplate,
    cleaning,
    decoding,
    formats,
    front_matter,
    html,
    metadata,
    table_markup,
    wrapping,
)
from ragqa.corpus.articles import read_articles
from ragqa.index import chunking
from ragqa.text import language, tables
from ragqa.types import Article

SIZE = 4000
AT_ONCE = 0.03
LONGER, MOST_GROWTH = 4, 8.0
PIECES = """( (( < <! <!-- --> <a <meta <metacharset charset= [ [a]( [a](b ![ [[ ]( * **a _a __ `a ` ~~ # > - -- ---
. .' ... ! ?! 。 。” “ ” \" ' “a 「 1 1. 12 1、 2024 2024- 2024-1- 2024年1月 2024/ 0: 00:00 a A a- a' aB 字 字。 第 、 ： ， ； ; , a,
https://a.b/ http:// :// www. a.com a@ @a @ · © 图 (c) [1] (b) | a| 参考链接 来源： 来源 出品方 编辑：甲 By作者： 转载 删除联系 本站 不代表 版权
评论1 分享 首页> >a Home/ Disclaimer Copyright e.g. Mr. é \u0301 \u200d \ufe0f \U000e0101 \ufdfa \x1b[ \ud800 😀 א""".split()
# Those that hold white space.
PIECES += [
    " ",
    "\n",
    "\n\n",
    "\t\xa0",
    "\u3000",
    "\u2028",
    "\r",
    " \n",
    ". ",
    "a ",
    "A B ",
    "> ",
    "- ",
    "By Aa, ",
    "Jan 1 ",
    "1 Jan ",
    "12 ",
]
PIECES += [
    "---\n",
    "参考链接\n",
    "[a]: http://a ",
    "亮了。网站\n",
    "字\n",
    "。\n",
    "x" * 39 + "\n",
    "a · b\n",
    "| a |\n|-|\n",
    " · ",
    "来源： ",
    "0 min read ",
    "a\n```\n",
]


def lines(given: str) -> list[str]:
    return given.split("\n")


def html_table(given: str) -> object:
    from lxml.html import fragment_fromstring

    rows = f"<tr><td>{escape(given)}<td>1</tr>" * 3
    return table_markup.lines_of_table(fragment_fromstring(f"<table>{rows}</table>"))


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "tidy": cleaning.tidy,
    "clean": cleaning.clean,
    "decode": lambda given: decoding.decode(given.encode("utf-8", "replace")),
    "unwrap": wrapping.unwrap,
    "split_front_matter": front_matter.split_front_matter,
    "labelled": lambda given: front_matter.split_front_matter(f"{given}: {given}\n" * 3),
    "unsigned": html.unsigned,
    "is_date": metadata.is_date,
    "read_text": lambda given: formats.read_text(given.encode("utf-8", "replace")),
    "read_markdown": lambda given: formats.read_markdown(given.encode("utf-8", "replace")),
    # Half: front matter is short.
    "front matter": lambda given: formats.read_markdown(
        f"---\n{given[: len(given) // 2]}\n---\n".encode("utf-8", "replace")
    ),
    "ends_sentence": metadata.ends_sentence,
    "units": metadata.units,
    "sentences": metadata.sentences,
    "is_prose": metadata.is_prose,
    "iso_date": metadata.iso_date,
    "full_date": metadata.full_date,
    "date_of_lines": lambda given: metadata.date_of_lines(lines(given)),
    "date_of_lead": metadata.date_of_lead,
    "date_of_links": lambda given: metadata.date_of_links([f"https://a.b/2024/01/02/{given}"], given),
    "outlet_of": lambda given: metadata.outlet_of(lines(given)),
    "links_in": metadata.links_in,
    "without_links": metadata.without_links,
    "title_of": metadata.title_of,
    "is_title": lambda given: metadata.is_title(given, "zh"),
    "shortened": metadata.shortened,
    "is_interface": boilerplate.is_interface,
    "is_navigation": lambda given: boilerplate.is_navigation(given, [given], [given]),
    "is_byline": boilerplate.is_byline,
    "is_truncation_of": lambda given: boilerplate.is_truncation_of(given + "...", given + given),
    "is_credit": boilerplate.is_credit,
    "is_image_credit": boilerplate.is_image_credit,
    "is_reference_label": boilerplate.is_reference_label,
    "is_reference": boilerplate.is_reference,
    "is_notice": boilerplate.is_notice,
    "language_of": language.language_of,
    "weight": language.weight,
    "sentence_spans": language.sentence_spans,
    "tables_in": tables.tables_in,
    "table_lines": lambda given: tables.table_lines([["a", given], [given, "1"], ["b", "2"]], above=given),
    "with_tables": lambda given: table_markup.with_tables(lines(given), str),
    "html table": html_table,
    "headings": chunking.headings,
    "split": lambda given: chunking.split(Article("a", "", given)),
}


def seconds(function: Callable[[str], object], given: str) -> float:
    begun = time.process_time()
    with suppress(ValueError):  # refused is as good as read
        function(given)
    return time.process_time() - begun


def grows_too_fast(function: Callable[[str], object], piece: str) -> bool:
    """Whether four times the text takes eight times as long, three times in a row; others are busy as well."""
    once, longer = (piece * (n * SIZE // len(piece)) + "x" for n in (1, LONGER))
    return all(
        seconds(function, longer) >= MOST_GROWTH * max(seconds(function, once), 1e-4) for _ in range(3)
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_time_grows_with_the_length_of_hostile_text(name: str, tally: Tally) -> None:
    function = FUNCTIONS[name]
    chunking.split(Article("a", "", "x."))  # its library is imported once
    slow = []
    for piece in PIECES:
        longest = piece * (4 * SIZE // len(piece))
        taken = max(seconds(function, longest + "x"), seconds(function, longest))
        if taken > AT_ONCE and grows_too_fast(function, piece):
            slow.append(piece)
    what = f"functions with patterns on {len(PIECES)} hostile texts (a piece repeated 16,000 characters long): linear in time"
    tally("D5", what, not slow, 1)
    assert slow == []


def test_the_measure_finds_what_is_quadratic() -> None:
    assert grows_too_fast(re.compile(r"\.+(?=\s)").findall, ".")


def fill(folder: Path, count: int) -> Path:
    folder.mkdir()
    for n in range(count):
        (folder / f"{n}.txt").write_text(f"Lighthouse {n} shines.", encoding="utf-8")
    (folder / "z.jsonl").write_text(
        "".join(f'{{"_id": "{n}", "text": "Lamp {n}."}}\n' for n in range(count)), encoding="utf-8"
    )
    return folder


def test_time_grows_with_the_number_of_files_and_lines(tmp_path: Path) -> None:
    small, large = (fill(tmp_path / str(count), count) for count in (500, 500 * LONGER))

    def once(folder: Path) -> float:
        begun = time.process_time()
        read_articles(folder)
        return time.process_time() - begun

    assert statistics.median(once(large) / once(small) for _ in range(3)) < MOST_GROWTH


@pytest.mark.reliability
def test_100000_files_in_one_folder_are_read(tmp_path: Path) -> None:
    articles, skipped = read_articles(fill(tmp_path / "many", 100_000))
    assert (len(articles), skipped) == (200_000, [])

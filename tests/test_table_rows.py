"""Rows of a table that a question names are read alone, and a named column's cell answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from ragqa.answer.extract import choose_quotes
from ragqa.models import Reading
from ragqa.retrieval.reading import Read, Window
from ragqa.retrieval.table_rows import read_rows
from ragqa.types import Article

ROWS = "银行 · 总资产 · 不良率\n青川银行 · 总资产 9,820亿元 · 不良率 1.13%\n汀州银行 · 总资产 4,150亿元 · 不良率 -2.47%"
ARTICLE = Article("a", "两江银行年报", f"两江银行年报\n两家银行去年如下。\n{ROWS}\n行长说明年会好。")


class FirstReader:
    """Marks the first character that it reads below the title, or of ``word`` where the text holds it; keeps what it read."""

    id = "first"

    def __init__(self, word: str = "") -> None:
        self.word = word
        self.asked: list[str] = []

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        self.asked += texts
        return [self._reading(text) for text in texts]

    def _reading(self, text: str) -> Reading:
        places = np.array([(n, n + 1) for n in range(len(text))], np.int64)
        marks = np.zeros(len(text), np.float32)
        marks[text.index(self.word) if self.word and self.word in text else text.index("\n") + 1] = 1
        return Reading(1.0, 0.1, places, marks, marks, marks)

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        return [0.0 for _ in texts]


def quotes(question: str, word: str) -> list[tuple[str, tuple[str, ...]]]:
    reader = FirstReader(word)
    window = Window.of(ARTICLE, 0, len(ARTICLE.text))
    read = read_rows(question, [Read(3, window, reader.read(question, [window.text])[0], 0.8)], reader)
    found = choose_quotes([r.window for r in read], [r.reading for r in read], [r.chance for r in read])
    return [(quote.article.text[quote.start : quote.end], quote.said) for quote in found]


@pytest.mark.parametrize(
    ("question", "row", "said"),
    [
        ("汀州银行的不良率是多少？", 2, ("-2.47%",)),
        ("汀州银行总资产有多少？", 2, ("4,150亿元",)),
        ("青川银行的总资产是多少？", 1, ("9,820亿元",)),
    ],
)
def test_the_named_row_is_quoted_with_the_named_cell(question: str, row: int, said: tuple[str, ...]) -> None:
    assert quotes(question, "9,820") == [(ROWS.split("\n")[row], said)]


def test_two_named_rows_are_both_quoted() -> None:
    found = quotes("青川银行和汀州银行的不良率各是多少？", "9,820")
    assert sorted(said for _, said in found) == [("-2.47%",), ("1.13%",)]


@pytest.mark.parametrize(
    ("question", "word"),
    [("哪家银行的不良率更高？", "9,820"), ("汀州银行的行长说了什么？", "行长说")],
)
def test_without_a_named_row_or_with_the_marks_elsewhere_nothing_changes(question: str, word: str) -> None:
    reader = FirstReader(word)
    window = Window.of(ARTICLE, 0, len(ARTICLE.text))
    read = [Read(3, window, reader.read(question, [window.text])[0], 0.8)]
    assert read_rows(question, read, reader) == tuple(read)
    assert len(reader.asked) == 1


def test_how_likely_a_row_answers_is_the_readers_word() -> None:
    reader = FirstReader("9,820")
    window = Window.of(ARTICLE, 0, len(ARTICLE.text))
    question = "两江的汀州银行的不良率是多少？"
    (read,) = read_rows(question, [Read(3, window, reader.read(question, [window.text])[0], 0.8)], reader)
    assert read.reading.score == 1.0


def test_of_two_labels_that_overlap_the_longer_is_meant() -> None:
    text = "站 · 人数\n北站 · 人数 12\n新北站 · 人数 7"
    article = Article("a", "各站人数", text)
    window = Window.of(article, 0, len(text))
    reader = FirstReader("12")
    (read,) = read_rows("新北站有多少人？", [Read(0, window, reader.read("", [window.text])[0], 0.5)], reader)
    assert article.text[read.window.start : read.window.end] == "新北站 · 人数 7"
    assert read.window.text == "各站人数\n新北站 · 人数 7"

"""What ragqa says itself is said in both languages, with the same values."""

from __future__ import annotations

import string

import pytest

from ragqa.answer.messages import _WORDS, word


def slots(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}


@pytest.mark.parametrize("key", _WORDS)
def test_both_languages_say_it_with_the_same_values(key: str) -> None:
    assert set(_WORDS[key]) == {"zh", "en"}
    assert slots(_WORDS[key]["zh"]) == slots(_WORDS[key]["en"])
    assert _WORDS[key]["zh"] != _WORDS[key]["en"]


def test_values_stand_in_their_places() -> None:
    assert word("not_written", "en", reason="gone") == "No complete answer was written (gone)."
    assert word("not_found_name", "zh", question="谁？", name="马斯克") == (
        "语料库中没有找到“谁？”的答案：所有文章中都没有出现“马斯克”。下面列出最接近的段落。"
    )
    assert word("translated", "zh", text="他走了。") == "（机器翻译）他走了。"


def test_braces_in_a_question_are_words() -> None:
    assert "“{x} {0}”" in word("not_found", "en", question="{x} {0}")

"""The language of an article: stated, by its script, by its letters."""

from __future__ import annotations

import pytest

from ragqa.text.detect import language_code
from ragqa.text.language import language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("港务局说，码头将于六月重开。", "zh"),
        ("优の良品去年营收三亿元。", "zh"),
        ("The quay will open again in June, the port said.", "en"),
        ("港務局は六月に埠頭を再開すると発表した。", "ja"),
        ("항만청은 6월에 부두를 다시 연다고 밝혔다.", "ko"),
        ("Der Hafen öffnet im Juni wieder, teilte die Behörde am Montag mit.", "de"),
        ("Le port rouvrira en juin, a annoncé lundi la mairie de la ville.", "fr"),
        ("El puerto reabrirá en junio, anunció el lunes el ayuntamiento.", "es"),
        ("Il porto riaprirà a giugno, ha annunciato lunedì il comune.", "it"),
        ("Порт вновь откроется в июне, сообщила администрация города.", "ru"),
        ("يعاد فتح الميناء في يونيو، بحسب ما أعلنته السلطات.", "ar"),
        # A name or a figure alone says nothing.
        ("Kai Meyer", "en"),
        (
            "Jul 13 ... Jana Novak (Cze) bt Lars Olsen (Den) 6-2; Piotr Wilk (Pol) bt Jean Roux (Fra) 6-4",
            "en",
        ),
        ("1,234", "en"),
        ("", "en"),
    ],
)
def test_a_text_tells_its_language(text: str, code: str) -> None:
    assert language_code(text) == code


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("de", "de"),
        ("zh-Hant-TW", "zh"),
        ("EN_us", "en"),
        (" fr ", "fr"),
        ("English", "ko"),
        ("", "ko"),
        ("<b>", "ko"),
    ],
)
def test_a_stated_code_is_believed_and_other_words_are_not(stated: str, code: str) -> None:
    assert language_code("항만청은 부두를 다시 연다.", stated) == code


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("東京タワーの高さは何メートルですか？", "en"),
        ("港務局長は誰ですか", "en"),
        ("항만청장은 누구입니까?", "en"),
        ("Wer leitet den Hafen?", "en"),
        ("港务局长是谁？", "zh"),
        ("“優の良品”2024年營收多少？", "zh"),
    ],
)
def test_a_reply_is_in_english_unless_the_question_is_chinese(question: str, reply: str) -> None:
    assert language_of(question) == reply

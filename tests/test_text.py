"""Language and sentence facts that every room shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragqa.text.language import language_of, sentence_spans, weight


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("why did Brundage leave?", "en"),
        ("Brundage为什么离开OpenAI？", "zh"),
        ("训练GPT-4花了多少钱？", "zh"),
        ("What does 对齐 mean?", "en"),
        ("Who is 马斯克?", "en"),
        ("谁是 Marta Lindqvist？", "zh"),
        ("Sam Altman 是谁？", "zh"),
        ("", "en"),
    ],
)
def test_language_is_the_script_that_carries_the_text(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("他走了。她留下！为什么？", ["他走了。", "她留下！", "为什么？"]),
        ("他说：“我走了。”她没说话。", ["他说：“我走了。”", "她没说话。"]),
        ("It cost $1.5 billion. Mr. Smith paid.", ["It cost $1.5 billion.", "Mr. Smith paid."]),
        ("The U.S. said no. J. Doe left.", ["The U.S. said no.", "J. Doe left."]),
        ("第一行\n第二行", ["第一行", "第二行"]),
        ("  \n ", []),
    ],
)
def test_sentences_keep_quotes_decimals_and_initials_whole(text: str, sentences: list[str]) -> None:
    assert [text[a:b] for a, b in sentence_spans(text)] == sentences


@given(st.text(alphabet="ab 。！？.\n”“U3,，", max_size=80))
def test_every_visible_character_lies_in_exactly_one_sentence(text: str) -> None:
    spans = sentence_spans(text)
    covered = [i for a, b in spans for i in range(a, b)]
    assert len(covered) == len(set(covered))
    assert all(text[i].isspace() for i in set(range(len(text))) - set(covered))


def test_weight_counts_a_latin_letter_as_two_fifths() -> None:
    assert weight("中文ab1。x") == pytest.approx(2 + 0.4 * 5)

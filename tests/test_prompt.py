"""The prompt and the reply: messages, the grammar that binds the reply, and how its lines are read."""

from __future__ import annotations

import re

import pytest

from ragqa.answer.prompt import (
    NOT_FOUND,
    Draft,
    Excerpt,
    build_grammar,
    build_messages,
    parse_line,
    parse_lines,
)
from ragqa.retrieval.rewrite import build_stand_alone, build_translation
from ragqa.text.language import language_of
from ragqa.types import Article, Language


def excerpt(text: str, *, title: str = "题目", published: str | None = None) -> Excerpt:
    return Excerpt(Article("a", title, text, published=published), text)


def prompt(*excerpts: Excerpt, question: str = "谁？", language: Language = "zh") -> str:
    return build_messages(question, excerpts, language=language)[-1].content


# --- messages --------------------------------------------------------------------------------


def test_instructions_and_examples_come_first_and_never_change() -> None:
    one = build_messages("谁？", [excerpt("甲。")], language="zh")
    other = build_messages("Who?", [excerpt("乙。"), excerpt("丙。")], language="en")
    assert one[:-1] == other[:-1]
    assert [m.role for m in one] == ["system", *["user", "assistant"] * 5, "user"]
    assert "only NOT FOUND" in one[0].content


def test_examples_are_written_as_a_reply_is_parsed() -> None:
    for message in build_messages("谁？", [], language="zh"):
        if message.role == "assistant":
            drafts = [draft for draft in parse_lines([message.content]) if draft]
            assert drafts
            assert all(draft.refusal or draft.excerpts for draft in drafts)


def test_sentences_are_numbered_below_title_and_date() -> None:
    assert prompt(excerpt("甲来了。", published="2024-05-02"), excerpt("乙走了。", title="别的")) == (
        "题目 (2024-05-02)\n[1] 甲来了。\n别的\n[2] 乙走了。\n\n"
        "问题：谁？\n用中文回答；如果上文没有答案，只写 NOT FOUND。"
    )


def test_a_head_is_not_repeated_while_it_stays_the_same() -> None:
    assert prompt(excerpt("甲。"), excerpt("乙。"), question="Who?", language="en") == (
        "题目\n[1] 甲。\n[2] 乙。\n\nQuestion: Who?\nAnswer in English, or write NOT FOUND."
    )


def test_a_long_title_is_cut_and_an_empty_one_left_out() -> None:
    assert prompt(excerpt("甲来了。", title="题" * 70)).startswith("题" * 60 + "\n[1]")
    assert prompt(excerpt("甲来了。", title="")).startswith("[1] 甲来了。\n")


def test_braces_in_a_question_stay() -> None:
    assert "问题：{question} {0}？" in prompt(question="{question} {0}？")


@pytest.mark.parametrize(
    ("language", "text", "written"),
    [
        ("en", "造价50亿元", "造价5 billion 元"),
        ("en", "1,570亿元", "157 billion 元"),
        ("en", "1.5万亿元", "1.5 trillion 元"),
        ("en", "4 亿元", "400 million 元"),
        ("en", "3万人", "30 thousand 人"),
        ("en", "1,234,567万元", "12.34567 billion 元"),
        ("en", "157 billion", "157 billion"),
        ("en", "五亿", "五亿"),
        ("zh", "157 billion", "1570亿"),
        ("zh", "$1.5 Trillion", "$1.5万亿"),
        ("zh", "3 million", "300万"),
        ("zh", "500 million", "5亿"),
        ("zh", "50亿", "50亿"),
        ("zh", "3 people", "3 people"),
    ],
)
def test_amounts_are_written_in_the_units_of_the_answer(language: Language, text: str, written: str) -> None:
    assert f"[1] {written}\n" in prompt(excerpt(text), language=language)


@pytest.mark.parametrize(("to", "language"), [("zh", "Chinese"), ("en", "English")])
def test_a_translation_is_asked_for_after_examples_in_its_direction(to: Language, language: str) -> None:
    messages, grammar = build_translation("Who? 谁？", to=to)
    assert [m.role for m in messages] == ["system", *["user", "assistant"] * 3, "user"]
    assert messages[0].content == (
        f"Translate each question into {language}. Translate names the way {language} newspapers write them."
        " Never answer it."
    )
    assert {language_of(m.content) for m in messages if m.role == "assistant"} == {to}
    assert {language_of(m.content) for m in messages[1:-1:2]} == {"en" if to == "zh" else "zh"}
    assert messages[-1].content == "Who? 谁？"
    assert grammar == 'root ::= [^\\n]+ "\\n"?'


def test_the_start_of_a_translations_prompt_never_changes() -> None:
    assert build_translation("谁？", to="en")[0][:-1] == build_translation("何时？", to="en")[0][:-1]


# --- grammar ---------------------------------------------------------------------------------


def test_one_to_three_lines_end_with_the_marker_of_an_excerpt_that_exists() -> None:
    assert build_grammar(2, language="en").splitlines()[:3] == [
        "root ::= line{1,3}", r'line ::= text " [" number "]\n"', 'number ::= "1" | "2"',
    ]  # fmt: skip
    assert build_grammar(2, language="en", most=5).startswith("root ::= line{1,5}\n")


def test_every_rule_that_is_used_is_defined() -> None:
    languages: tuple[Language, ...] = ("zh", "en")
    for language in languages:
        grammar = build_grammar(12, language=language)
        defined = set(re.findall(r"^(\w+) ::=", grammar, re.MULTILINE))
        bare = re.sub(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]|\{[^}]*\}', "", grammar)
        assert set(re.findall(r"[a-z]\w*", bare)) == defined


def test_english_words_take_no_chinese_characters() -> None:
    rule = build_grammar(1, language="en").split("roman ::= ")[1].strip()
    assert re.fullmatch(f"{rule}+", "Steel, 12 piers (of 30). U.S. Open", re.ASCII)
    for text in ("钢", "。", "，", "「", "[", "]", "\n"):
        assert not re.fullmatch(rule, text)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_line_begins_as_a_refusal_does(language: Language) -> None:
    grammar = build_grammar(1, language=language)
    assert NOT_FOUND not in grammar
    assert ("[A-MO-Z0-9" if language == "en" else "[^N") in grammar


def test_a_follow_up_is_put_after_the_question_before_it() -> None:
    messages, grammar = build_stand_alone("那张华呢？", after="李明为什么辞职？")
    assert messages[-1].content == "李明为什么辞职？\n那张华呢？"
    assert len(messages) == 12
    assert grammar == 'root ::= [^\\n]+ "\\n"?'


# --- reading the reply -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "text", "excerpts"),
    [
        ("[2] Steel was short.", "Steel was short.", (2,)),
        ("Steel was short [2].", "Steel was short.", (2,)),
        ("Steel was short. [2]", "Steel was short.", (2,)),
        ("[1][3] Steel was short.", "Steel was short.", (1, 3)),
        ("Steel was short [1, 2].", "Steel was short.", (1, 2)),
        ("Steel [1] was short [2].", "Steel was short.", (1, 2)),
        ("[2][2] Steel was short [2].", "Steel was short.", (2,)),
        ("[0] Steel was short.", "Steel was short.", ()),
        ("[0, 3] Steel was short.", "Steel was short.", (3,)),
        ("Steel was short [-1].", "Steel was short.", ()),
        ("Steel [] was short [12345][1-3].", "Steel was short.", ()),
        ("Steel\x00 was\tshort\u202e. [2]", "Steel was short.", (2,)),
        ("【2】钢材短缺。", "钢材短缺。", (2,)),
        ("钢材短缺【1、2】。", "钢材短缺。", (1, 2)),
        ("［2］钢材短缺。", "钢材短缺。", (2,)),
        ("[Passage 2] Steel was short.", "[Passage 2] Steel was short.", ()),
        ("[passage 2] Steel was short.", "Steel was short.", (2,)),
        ("钢材短缺[来源2]", "钢材短缺。", (2,)),
        ("- Steel was short [2]", "Steel was short.", (2,)),
        ("* [2] Steel was short", "Steel was short.", (2,)),
        ("• 钢材短缺", "钢材短缺。", ()),
        ("1. Steel was short [2].", "Steel was short.", (2,)),
        ("2) Steel was short.", "Steel was short.", ()),
        ("1.5 million came.", "1.5 million came.", ()),
        ("[2] 2024 was short.", "2024 was short.", (2,)),
        ("钢材短缺，", "钢材短缺。", ()),
        ("He said “yes”", "He said “yes”", ()),
        ("Was it short?", "Was it short?", ()),
        ("[2024] was a year", "[2024] was a year.", ()),
        ("", "", ()),
        ("[1]", "", (1,)),
    ],
)
def test_a_line_gives_words_with_a_full_stop_and_markers(
    line: str, text: str, excerpts: tuple[int, ...]
) -> None:
    assert parse_line(line) == Draft(text, excerpts)


@pytest.mark.parametrize(
    "line", ["NOT FOUND", "[1] NOT FOUND.", "Not found.", "- not found", "答案：NOT FOUND"]
)
def test_a_refusal_is_known(line: str) -> None:
    assert parse_line(line) == Draft("NOT FOUND", (), refusal=True)


def test_a_thing_that_was_not_found_is_no_refusal() -> None:
    assert parse_line("[1] The wreck was not found.") == Draft("The wreck was not found.", (1,))


def test_drafts_come_as_their_lines_end() -> None:
    pieces = ["[1] St", "eel.\n[2] ", "Storm.\n[3] Sand", ".\n"]
    assert list(parse_lines(pieces)) == [
        None,
        Draft("Steel.", (1,)),
        None,
        Draft("Storm.", (2,)),
        None,
        Draft("Sand.", (3,)),
        None,
        None,
    ]


def test_a_last_line_without_an_end_counts() -> None:
    assert list(parse_lines(["[1] Steel"])) == [None, Draft("Steel.", (1,)), None]


def test_empty_lines_give_nothing() -> None:
    assert list(parse_lines(["\n\n", "[1]\n"])) == [None, None, None]
    assert list(parse_lines([])) == [None]


def test_a_repeated_line_ends_the_reply() -> None:
    drafts = [draft for draft in parse_lines(["[1] Steel.\n[2] Storm.\n[3] Steel.\n[4] Sand.\n"]) if draft]
    assert drafts == [Draft("Steel.", (1,)), Draft("Storm.", (2,))]

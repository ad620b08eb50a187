"""A written answer: only sentences that a quote supports, above the quotes that they rest on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.fakes import Piece, ScriptedGenerator, WordReader

from ragqa.answer.write import supported, written
from ragqa.errors import ModelError
from ragqa.types import Answer, Article, Citation, Language, Statement

HARBOUR = Article("harbour", "港口停航", "港口停航了。灯塔的灯坏了。", published="2024-05-02")
TOWER = Article("tower", "Old tower", "Its buyer is Marta Lindqvist. She paid 3 million.", language="en")
QUOTES = (Citation(1, HARBOUR, 0, 6), Citation(2, HARBOUR, 6, 13), Citation(3, TOWER, 0, 29))
ANSWER = Answer(
    "怎么了？", "zh", "answered", tuple(Statement(c.quote, (c.marker,)) for c in QUOTES), QUOTES, note="注。"
)
EMPTY = "语言模型写出的内容没有得到引文的充分支持，因此只列出引文。"


def write(*pieces: Piece, answer: Answer = ANSWER) -> tuple[list[Answer], ScriptedGenerator]:
    model = ScriptedGenerator(pieces)
    return list(written(answer, model, WordReader())), model


def prose(answer: Answer) -> list[tuple[str, tuple[int, ...]]]:
    return [(s.text, s.citations) for s in answer.statements if s.kind == "written"]


def test_a_supported_sentence_stands_above_the_quotes_with_its_marker() -> None:
    snapshots, model = write("灯坏", "了。 [2]\n")
    last = snapshots[-1]
    assert prose(last) == [("灯坏了。", (2,))]
    assert last.statements[0].verdict == "supported"
    assert last.statements[1:] == ANSWER.statements
    assert (last.mode, last.note, last.citations) == ("written", "注。", QUOTES)
    assert last.text.startswith("灯坏了[2]。\n港口停航了[1]。\n")
    assert (model.finished, model.limits) == (1, [200])


def test_the_model_reads_the_quotes_and_may_name_no_other() -> None:
    _, model = write("NOT FOUND")
    assert model.prompts[0].startswith(
        "港口停航 (2024-05-02)\n[1] 港口停航了。\n[2] 灯塔的灯坏了。\nOld tower\n[3] Its buyer is Marta Lindqvist.\n"
    )
    assert model.grammars[0] is not None
    assert 'number ::= "1" | "2" | "3"' in model.grammars[0]


def test_sentences_are_shown_as_they_are_checked() -> None:
    snapshots, _ = write("灯坏了。 [2]\n港", "口停航", "了。 [1]\n")
    assert [len(prose(each)) for each in snapshots] == [1, 1, 1, 2, 2, 2]
    assert prose(snapshots[-1]) == [("灯坏了。", (2,)), ("港口停航了。", (1,))]


@pytest.mark.parametrize(
    "sentence",
    [
        "大象昨天飞去火星。",  # the reader does not support it
        "灯坏了3000次。",  # no quote has its number
        "马斯克弄坏了灯。",  # nor its name
        "灯没有坏。",  # only it denies
        "港口停航了，沙太多。",  # half of it is supported
    ],
)
def test_an_unsupported_sentence_is_never_shown(sentence: str) -> None:
    snapshots, _ = write(f"{sentence} [2]\n", "灯坏了。 [2]\n")
    assert all(sentence not in each.text for each in snapshots)
    assert prose(snapshots[-1]) == [("灯坏了。", (2,))]


def test_where_nothing_is_supported_the_quotes_stay_and_a_note_says_so() -> None:
    snapshots, _ = write("大象昨天飞去火星。 [1]\n")
    last = snapshots[-1]
    assert (last.mode, last.statements, last.note) == ("quotes", ANSWER.statements, f"注。 {EMPTY}")
    assert all(each.statements == ANSWER.statements for each in snapshots)
    assert write("NOT FOUND\n灯坏了。 [2]\n", answer=replace(ANSWER, note=""))[0][-1].note == EMPTY


def test_a_refusal_ends_what_is_read_and_stops_the_model() -> None:
    snapshots, model = write("灯坏了。 [2]\n", "NOT FOUND\n", "港口停航了。 [1]\n")
    assert prose(snapshots[-1]) == [("灯坏了。", (2,))]
    assert (model.closed, model.finished) == (1, 0)


def test_a_wrong_or_missing_marker_is_put_right() -> None:
    assert prose(write("灯坏了。 [1]\n")[0][-1]) == [("灯坏了。", (2,))]
    assert prose(write("灯坏了。\n")[0][-1]) == [("灯坏了。", (2,))]
    assert prose(write("灯坏了。 [99]\n")[0][-1]) == [("灯坏了。", (2,))]


def test_a_title_and_a_date_may_carry_a_name_and_a_number() -> None:
    citations = (Citation(1, replace(HARBOUR, title="马斯克的灯"), 6, 13),)
    assert supported("马斯克的灯2024年坏了。", citations, WordReader()) == [citations[0]]
    assert supported("马斯克的灯2023年坏了。", citations, WordReader()) == []
    assert supported("灯坏了。", (), WordReader()) == []


def test_a_quote_in_another_language_can_support_a_sentence() -> None:
    language: Language = "en"
    answer = replace(ANSWER, language=language, question="What happened?")
    snapshots, _ = write("The lamp broke. [2]\n", answer=answer)
    assert prose(snapshots[-1]) == [("The lamp broke.", (2,))]


def test_leaving_stops_the_model() -> None:
    model = ScriptedGenerator(["灯坏了。 [2]\n", ModelError("was read on")])
    snapshots = written(ANSWER, model, WordReader())
    next(snapshots)
    snapshots.close()  # type: ignore[attr-defined]
    assert (model.closed, model.finished) == (1, 0)


def test_a_model_that_fails_says_so() -> None:
    model = ScriptedGenerator(["灯坏了。 [2]\n", ModelError("away")])
    snapshots = written(ANSWER, model, WordReader())
    assert prose(next(snapshots)) == [("灯坏了。", (2,))]
    with pytest.raises(ModelError, match="away"):
        list(snapshots)

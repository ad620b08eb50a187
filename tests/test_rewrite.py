"""A question in the other language: asked of the model once, names kept, failures not remembered."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from support.fakes import Piece, ScriptedGenerator

from ragqa.errors import ModelError
from ragqa.retrieval import rewrite
from ragqa.retrieval.rewrite import Translator, stand_alone


def translated(question: str, *pieces: Piece) -> str | None:
    return Translator().translate(question, ScriptedGenerator(pieces))


@pytest.mark.parametrize(
    ("question", "language"),
    [("谁来了？", "English"), ("Who came?", "Chinese"), ("GPT-4 是什么？", "English")],
)
def test_a_question_is_put_into_the_other_language(question: str, language: str) -> None:
    model = ScriptedGenerator([" It", " is put. \n"])
    translation = Translator().translate(question, model)
    assert translation is not None
    assert translation.startswith("It is put.")
    assert model.messages[0][0].content.startswith(f"Translate each question into {language}.")
    assert (model.prompts, model.limits) == ([question], [80])
    assert model.grammars == ['root ::= [^\\n]+ "\\n"?']


def test_a_question_is_translated_once() -> None:
    translator, model = Translator(), ScriptedGenerator(["谁？"], ["什么？"])
    assert translator.known("Who?") is None
    assert [translator.translate(q, model) for q in ("Who?", "Who?", "What?")] == ["谁？", "谁？", "什么？"]
    assert model.prompts == ["Who?", "What?"]
    assert (translator.known("Who?"), translator.known("what?")) == ("谁？", None)


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "written", "expected"),
    [
        ("why did Brundage leave?", "布兰德格为什么离开？", "布兰德格为什么离开？ Brundage"),
        ("why did Brundage leave?", "Brundage为什么离开？", "Brundage为什么离开？"),
        ("Where did John Schulman go?", "他去哪儿了？", "他去哪儿了？ John Schulman"),
        ("Did OpenAI train GPT-4?", "GPT-4是谁训练的？", "GPT-4是谁训练的？ OpenAI"),
        ("Who left OpenAI?", "谁走了？", "谁走了？ OpenAI"),
        ("马斯克离开 OpenAI 了吗？", "Did Musk leave?", "Did Musk leave? OpenAI"),
        ("OpenAI 的 OpenAI 是谁？", "Who?", "Who? OpenAI"),
        ("谁来了？", "Who came?", "Who came?"),
    ],
)
def test_latin_names_that_a_translation_loses_are_given_as_asked(
    question: str, written: str, expected: str
) -> None:
    assert translated(question, written) == expected


# --- failures --------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [[ModelError("no")], ["谁", ModelError("no")], [], [" ", "\n"]])
def test_a_model_that_fails_or_says_nothing_gives_none(pieces: list[Piece]) -> None:
    assert translated("Who?", *pieces) is None
    assert translated("Who is OpenAI?", *pieces) is None


def test_a_failure_is_not_remembered() -> None:
    translator, model = Translator(), ScriptedGenerator([ModelError("no")], [""], ["谁？"])
    assert [translator.translate("Who?", model) for _ in range(3)] == [None, None, "谁？"]
    assert translator.known("Who?") == "谁？"


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        translated("Who?", ZeroDivisionError())


# --- memory ----------------------------------------------------------------------------------


def test_the_oldest_translations_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrite, "_REMEMBERED", 2)
    translator = Translator()
    for question in ("One?", "Two?", "Three?"):
        translator.translate(question, ScriptedGenerator([f"{question}。"]))
    assert [translator.known(q) for q in ("One?", "Two?", "Three?")] == [None, "Two?。", "Three?。"]


class Meeting(ScriptedGenerator):
    """A model that answers when all who ask have come; each question gets itself back."""

    def __init__(self, barrier: Barrier) -> None:
        super().__init__([])
        self._barrier = barrier

    def stream(self, messages: object, **_: object) -> Iterator[str]:  # type: ignore[override]
        self._barrier.wait(timeout=10)
        yield f"{messages[-1].content}。"  # type: ignore[index]


def test_several_threads_may_ask_and_none_waits_for_anothers_model() -> None:
    translator, model = Translator(), Meeting(Barrier(4))
    questions = ["who?", "what?", "when?", "where?"]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda question: translator.translate(question, model), questions))
    assert found == [f"{q}。" for q in questions] == [translator.known(q) for q in questions]


@pytest.mark.parametrize(
    ("question", "after", "reply", "whole"),
    [
        (
            "and what about Schulman?",
            "Why did Li leave?",
            ["Why did Schulman leave?"],
            "Why did Schulman leave?",
        ),
        ("and Schulman?", "Why did Li leave?", ["Why did he leave?"], "and Schulman? (Why did Li leave?)"),
        ("什么时候？", "花了多少钱？", ["花了多少钱？"], "什么时候？ (花了多少钱？)"),
        ("那张华呢？", "李明为什么辞职？", ["Why?"], "那张华呢？ (李明为什么辞职？)"),
        ("为什么？", "停航了吗？", [ModelError("away")], "为什么？ (停航了吗？)"),
    ],
)
def test_a_follow_up_is_put_so_that_it_stands_alone_or_keeps_the_question_before_it(
    question: str, after: str, reply: list[Piece], whole: str
) -> None:
    assert stand_alone(question, ScriptedGenerator(reply), after=after) == whole

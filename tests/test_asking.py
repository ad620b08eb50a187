"""Whose turn it is, without a browser."""

from __future__ import annotations

from scripted import Script, ScriptedPipeline

from ragqa.asking import Desk

REASONS = "brundage-three-reasons.md"
SCRIPT = Script(quotes=((REASONS, "第一，留下来的机会成本太高。"),), lines=(("It cost.", (1,), "supported"),))


def desk(**settings: int) -> Desk:
    pipeline = ScriptedPipeline({"Who?": SCRIPT}, pause=lambda label: None)
    pipeline.settings = pipeline.settings.model_copy(update=settings)
    return Desk(pipeline)


def test_the_first_is_answered_at_once_and_the_next_is_told_how_many_are_before_it() -> None:
    one = desk()
    first, second = one.ask("Who?", "", "a"), one.ask("Who?", "", "b")
    assert "searching" in next(first)[0]
    assert "1 question is being answered first" in next(second)[0]
    first.close()
    *_, last = second
    assert 'data-state="done"' in last[0]


def test_a_question_beyond_those_that_may_wait_is_asked_to_come_back() -> None:
    one = desk(waiting=0)
    first = one.ask("Who?", "", "a")
    next(first)
    *_, (status, answer, _) = one.ask("Who?", '{"ui": "zh"}', "b")
    assert 'data-state="error"' in status
    assert "已有 1 个问题在排队" in answer
    *_, last = first
    assert 'data-state="done"' in last[0]


def test_the_same_browser_replaces_its_own_question() -> None:
    one = desk()
    first = one.ask("Who?", "", "a")
    next(first)
    assert "searching" in next(one.ask("Who?", "", "a"))[0]


def test_a_finished_answer_is_kept_under_the_token_of_its_tools() -> None:
    one = desk()
    *_, (_, answer, _) = one.ask("Who?", "", "a")
    token = answer.split('data-token="')[1].split('"')[0]
    kept = one.kept.get(token)
    assert kept
    assert kept.text == "It cost [1]."


def test_a_wish_that_cannot_be_met_is_told_and_nothing_is_asked() -> None:
    pipeline = ScriptedPipeline({"Who?": SCRIPT}, pause=lambda label: None)
    *_, (status, answer, _) = Desk(pipeline).ask("Who?", '{"k": 99}', "a")
    assert 'data-state="error"' in status
    assert "k: " in answer
    assert pipeline.asked == []


def test_while_models_are_loaded_it_is_said_so() -> None:
    one = desk()
    one.pipeline.opening = True  # type: ignore[misc]
    assert "the models are loading" in next(one.ask("Who?", "", "a"))[0]

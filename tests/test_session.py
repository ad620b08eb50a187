"""Whose turn it is, without a browser."""

from __future__ import annotations

import re

from support.scripted import Script, ScriptedPipeline

from ragqa.server.session import Session

REASONS = "brundage-three-reasons.md"
SCRIPT = Script(
    quotes=((REASONS, "第一，留下来的机会成本太高。"),),
    short=((1, "机会成本太高"),),
    translations=((1, "First, it cost"),),
    written=((1, "It cost too much."),),
)


def session(**settings: int) -> Session:
    pipeline = ScriptedPipeline({"Who?": SCRIPT}, pause=lambda label: None)
    pipeline.settings = pipeline.settings.model_copy(update=settings)
    return Session(pipeline)


def test_the_first_is_answered_at_once_and_the_next_is_told_how_many_are_before_it() -> None:
    one = session()
    first, second = one.ask("Who?", "", "a"), one.ask("Who?", "", "b")
    assert "searching" in next(first)[0]
    assert "1 question is being answered first" in next(second)[0]
    first.close()
    *_, last = second
    assert 'data-state="done"' in last[0]


def test_a_question_beyond_those_that_may_wait_is_asked_to_come_back() -> None:
    one = session(waiting=0)
    first = one.ask("Who?", "", "a")
    next(first)
    *_, (status, answer, _) = one.ask("Who?", '{"ui": "zh"}', "b")
    assert 'data-state="error"' in status
    assert "已有 1 个问题在排队" in answer
    *_, last = first
    assert 'data-state="done"' in last[0]


def test_the_same_browser_replaces_its_own_question() -> None:
    one = session()
    first = one.ask("Who?", "", "a")
    next(first)
    assert "searching" in next(one.ask("Who?", "", "a"))[0]


def test_a_finished_answer_is_kept_under_the_token_of_its_tools() -> None:
    one = session()
    *_, (_, answer, _) = one.ask("Who?", "", "a")
    token = answer.split('data-token="')[1].split('"')[0]
    kept = one.kept.get(token)
    assert kept
    assert kept.text == "First, it cost [1]"


def test_an_answer_grows_from_sources_to_quotes_to_their_translations() -> None:
    modes = [
        (re.search(r'data-mode="(\w+)"', answer), re.findall(r"</small> ([^<]*)</p>", answer))
        for _, answer, _ in session().ask("Who?", "", "a")
    ]
    assert [(mode and mode[1], translation) for mode, translation in modes] == [
        (None, []),
        ("sources", []),
        ("quotes", []),
        ("quotes", ["First, it cost"]),
        ("quotes", ["First, it cost"]),
        ("quotes", ["First, it cost"]),
    ]


def test_what_is_being_done_is_told_step_by_step() -> None:
    def steps(wished: str) -> list[str]:
        told = [
            re.findall(r"<span[^>]*>([^<]*)</span></li></ol>", status)[0]
            for status, *_ in session().ask("Who?", wished, "a")
        ]
        return list(dict.fromkeys(told))

    assert steps("")[:-1] == ["searching", "reading", "translating", "quoted 1 sentence"]
    assert steps('{"translate": "off"}')[:-1] == ["searching", "reading", "quoted 1 sentence"]
    assert steps('{"write": "on"}')[:-1] == ["searching", "reading", "translating", "writing"]
    assert steps("")[-1].startswith("done in ")


def test_a_written_answer_stands_above_the_quotes_when_it_is_wished() -> None:
    *_, (_, written, _) = session().ask("Who?", '{"write": "on"}', "a")
    assert 'data-mode="written"' in written
    assert written.index("It cost too") < written.index("机会成本太高</mark>")
    *_, (_, quoted, _) = session().ask("Who?", "", "a")
    assert "It cost too" not in quoted


def test_what_is_wished_reaches_the_pipeline() -> None:
    one = session()
    for wished in ("", '{"translate": "off"}', '{"translate": "off", "write": "on"}', '{"write": "off"}'):
        list(one.ask("Who?", wished, "a"))
    told = [tuple(w[name] for name in ("use_llm", "translate", "write")) for w in one.pipeline.wishes]  # type: ignore[attr-defined]
    assert told == [(True, True, None), (False, False, None), (True, False, True), (True, True, False)]


def test_a_wish_that_cannot_be_met_is_told_and_nothing_is_asked() -> None:
    pipeline = ScriptedPipeline({"Who?": SCRIPT}, pause=lambda label: None)
    *_, (status, answer, _) = Session(pipeline).ask("Who?", '{"k": 101}', "a")
    assert 'data-state="error"' in status
    assert "k: " in answer
    assert pipeline.asked == []


def test_while_models_are_loaded_it_is_said_so() -> None:
    one = session()
    one.pipeline.opening = True  # type: ignore[misc]
    assert "the models are loading" in next(one.ask("Who?", "", "a"))[0]

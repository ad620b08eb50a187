"""Answers from their parts: what is read, what is quoted, what is refused, how sure it is."""

from __future__ import annotations

import pytest
from fakes import WordEncoder, passage

from ragqa.answering import Clock, absent_names, confidence, excerpts, extracted, not_found, resolved
from ragqa.citing import Support
from ragqa.reading import Evidence, Question, Reading
from ragqa.records import Answer, Language, Passage, Statement, Verdict

ENCODER = WordEncoder()


def gather(*passages: Passage) -> Evidence:
    return Evidence.gather(passages, encoder=ENCODER)


def bare(evidence: Evidence, question: str = "港口为什么停航？", language: Language = "zh") -> Answer:
    return Answer(question, language, "not_found", passages=tuple(evidence.passages), mode="sources")


def ask(text: str) -> Question:
    return Question.of(text, ENCODER.encode_query([text]))


def test_a_window_is_read_as_the_articles_own_words_with_its_passage() -> None:
    evidence = gather(passage("甲来了。\n乙走了。"), passage("丙说话。", id="b"))
    read = excerpts(Reading(((2, 2), (0, 1))), evidence)
    assert [(e.passage.article.id, e.text) for e in read] == [("b", "丙说话。"), ("a", "甲来了。\n乙走了。")]


def test_who_speaks_leads_the_first_window() -> None:
    evidence = gather(passage("陈立说。甲来了。乙走了。"))
    read = excerpts(Reading(((1, 1), (2, 2)), speaker=0), evidence)
    assert [(e.lead, e.text) for e in read] == [("陈立说。", "甲来了。"), ("", "乙走了。")]


def test_extracted_sentences_are_their_own_citations() -> None:
    evidence = gather(passage("灯塔的灯坏了。别的什么都没有。", score=0.8))
    answer = extracted(bare(evidence, "灯？"), ask("灯？"), evidence)
    assert (answer.status, answer.mode, answer.confidence) == ("answered", "extractive", 0.8)
    assert [(s.text, s.citations, s.verdict) for s in answer.statements] == [
        ("灯塔的灯坏了。", (1,), "supported"),
        ("别的什么都没有。", (2,), "supported"),
    ]
    assert [(c.marker, c.quote) for c in answer.citations] == [(1, "灯塔的灯坏了。"), (2, "别的什么都没有。")]


def test_without_sentences_an_answer_stays_as_it_is() -> None:
    evidence = gather(passage("标题"))
    assert extracted(bare(evidence), ask("灯？"), evidence) == bare(evidence)


def test_unsupported_statements_are_left_out_and_markers_close_up() -> None:
    evidence = gather(passage("甲来了。乙走了。丙说话。", score=0.8))
    answer = resolved(
        bare(evidence),
        [
            ("错了。", Support(0, 0, 1.0, "unsupported")),
            ("没有。", None),
            ("丙说话。", Support(2, 2, 1.0, "supported")),
            ("甲来了。", Support(0, 0, 1.0, "partly")),
        ],
        evidence,
    )
    assert (answer.status, answer.text, answer.confidence) == ("answered", "丙说话[1]。甲来了[2]。", 0.6)
    assert [c.quote for c in answer.citations] == ["丙说话。", "甲来了。"]


def test_with_nothing_supported_the_status_stays() -> None:
    evidence = gather(passage("甲来了。"))
    answer = resolved(bare(evidence), [("错了。", None)], evidence)
    assert (answer.status, answer.statements, answer.citations, answer.confidence) == (
        "not_found",
        (),
        (),
        0.0,
    )


@pytest.mark.parametrize(
    ("language", "absent", "note"),
    [
        ("en", [], "The corpus does not hold an answer to “Q?”. The nearest passages are shown."),
        ("zh", [], "语料库中没有找到“Q?”的答案，下面列出最接近的段落。"),
        ("en", ["A", "B"], "The corpus does not hold an answer to “Q?”: it does not mention A, B. The nearest passages are shown."),
        ("zh", ["A", "B"], "语料库中没有找到“Q?”的答案：其中没有提到A、B。下面列出最接近的段落。"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_looked_for_and_keeps_passages(
    language: Language, absent: list[str], note: str
) -> None:
    evidence = gather(passage("灯塔的灯坏了。"))
    refused = not_found(extracted(bare(evidence, "Q?", language), ask("灯？"), evidence), absent)
    assert (refused.status, refused.note, refused.text) == ("not_found", note, note)
    assert (refused.statements, refused.citations, refused.confidence) == ((), (), 0.0)
    assert list(refused.passages) == list(evidence.passages)


@pytest.mark.parametrize(
    ("question", "text", "absent"),
    [
        ("马斯克做了什么？", "盖茨来了。", ["马斯克"]),
        ("马斯克做了什么？", "马斯克来了。", []),
        ("马斯克和盖茨见面了吗？", "盖茨来了。", []),
        ("What did NAPOLEON do?", "Its buyer is Marta.", ["NAPOLEON"]),
        ("What did Napoleon do?", "买家是玛塔。", []),
        ("谁来了？", "盖茨来了。", []),
    ],
)
def test_names_are_absent_when_no_passage_holds_any_of_them(
    question: str, text: str, absent: list[str]
) -> None:
    assert absent_names(question, [passage(text)]) == absent


def test_a_name_in_a_title_or_heading_is_not_absent() -> None:
    assert absent_names("马斯克做了什么？", [passage("他来了。", title="马斯克")]) == []
    assert absent_names("马斯克做了什么？", [passage("他来了。", heading="马斯克")]) == []
    assert absent_names("马斯克做了什么？", []) == []


@pytest.mark.parametrize(
    ("verdicts", "score", "expected"),
    [
        (["supported"], 0.8, 0.8),
        (["supported", "partly"], 0.8, 0.6),
        (["partly", "unsupported"], 0.8, 0.2),
        (["supported"], 1.2, 1.0),
        (["supported"], -0.2, 0.0),
        ([], 0.8, 0.0),
    ],
)
def test_confidence_is_the_verdicts_mean_times_the_best_score(
    verdicts: list[Verdict], score: float, expected: float
) -> None:
    statements = [Statement("", (), verdict) for verdict in verdicts]
    assert confidence(statements, [passage("甲。", score=score), passage("乙。", score=0.1)]) == expected
    assert confidence(statements, []) == 0.0


def test_a_clock_notes_when_each_thing_happened_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([10.0, 10.041, 10.095, 10.2, 10.3, 10.4])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    clock = Clock()
    clock.mark("retrieve")
    clock.mark("first_statement")
    clock.mark("retrieve")
    assert list(clock.first_token(["a"])) == ["a"]
    assert clock.times() == {"retrieve": 41, "first_statement": 95, "first_token": 300, "total": 400}

"""Answers from their parts: what is read, what is quoted, what is refused, how sure it is."""

from __future__ import annotations

import pytest
from fakes import WordEncoder, passage
from house import EVEN

from ragqa.answering import (
    Clock,
    absent_names,
    ceiling,
    completed,
    excerpts,
    extracted,
    language_read,
    mended,
    not_found,
    repeats,
    resolved,
    restated,
    weighed,
)
from ragqa.citing import Support
from ragqa.confidence import confidence
from ragqa.reading import Evidence, Question, Reading
from ragqa.records import Answer, Article, Chunk, Language, Passage

ENCODER = WordEncoder()


@pytest.fixture(autouse=True)
def _even(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragqa.confidence._WEIGHTS", EVEN)


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
    evidence = gather(passage("灯塔的灯坏了。港口的灯也坏了。", score=0.8))
    answer = extracted(bare(evidence, "灯？"), ask("灯？"), evidence)
    assert (answer.status, answer.mode) == ("answered", "extractive")
    assert answer.signs == {"score": 0.8, "crosses": 0.0, "english": 0.0, "long": 0.0}
    assert answer.confidence == confidence(answer.signs)
    assert [(s.text, s.citations, s.verdict) for s in answer.statements] == [
        ("灯塔的灯坏了。", (1,), "supported"),
        ("港口的灯也坏了。", (2,), "supported"),
    ]
    assert [(c.marker, c.quote) for c in answer.citations] == [(1, "灯塔的灯坏了。"), (2, "港口的灯也坏了。")]


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
    assert (answer.status, answer.text) == ("answered", "丙说话[1]。甲来了[2]。")
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


def test_a_refusal_by_its_confidence_keeps_it() -> None:
    assert not_found(bare(gather(passage("灯坏了。"))), confidence=0.3).confidence == 0.3


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


def test_a_statement_that_nothing_supports_can_stay_marked() -> None:
    evidence = gather(passage("甲来了。"))
    held = [("甲来了。", Support(0, 0, 1.0, "supported")), ("错了。", None)]
    answer = resolved(bare(evidence), held, evidence, mark=True)
    assert [(s.text, s.verdict) for s in answer.statements] == [
        ("甲来了。", "supported"),
        ("错了。", "unsupported"),
    ]
    assert resolved(bare(evidence), held[1:], evidence, mark=True).statements == ()


def test_what_was_said_is_not_said_again() -> None:
    assert repeats("灯塔的灯坏了。", ["港口停航了。", "昨天灯塔的灯坏了。"])
    assert not repeats("昨天灯塔的灯坏了。", ["灯塔的灯坏了。"])
    assert not repeats("灯坏了。", [])


def test_the_same_words_with_another_number_are_another_statement() -> None:
    said = "大桥的全部建设工程在去年一共花费了4亿元。"
    assert not repeats(said.replace("4", "5"), [said])


def test_a_restated_statement_repeats_its_term_in_the_sources_own_letters() -> None:
    evidence = gather(passage("这首诗由约翰·梅信格翻译。"))
    held = Support(0, 0, 1.0, "supported")
    said = ("这首诗由约翰·梅信格翻译。", "John Messinger translated the whole of it long ago.")
    text, found = restated(*said, held, evidence, question="这首诗由谁翻译？")
    assert (text, found.verdict) == (
        "John Messinger translated the whole of it long ago (约翰·梅信格).",
        "supported",
    )


@pytest.mark.parametrize(
    ("put", "shown"),
    [
        (
            "John Messinger translated the whole of it long ago",
            "John Messinger translated the whole of it long ago (约翰·梅信格)",
        ),
        (
            "John Messinger translated the whole of it long ago!",
            "John Messinger translated the whole of it long ago (约翰·梅信格)!",
        ),
        ("译者是梅辛格。", "译者是梅辛格（约翰·梅信格）。"),
        ("It is by 约翰·梅信格.", "It is by 约翰·梅信格."),
        ("John Messinger.", "John Messinger (in the source's own words: 约翰·梅信格)."),
    ],
)
def test_the_term_stands_before_the_full_stop_unless_it_is_there_already(put: str, shown: str) -> None:
    evidence = gather(passage("这首诗由约翰·梅信格翻译。"))
    text = "这首诗由约翰·梅信格翻译。"
    held = Support(0, 0, 1.0, "partly")
    assert restated(text, put, held, evidence, question="这首诗由谁翻译？") == (shown, held)


@pytest.mark.parametrize(
    ("put", "shown", "verdict"),
    [
        ("It cost 400 million.", "It cost 400 million.", "supported"),
        ("It cost $40 million.", "It cost $400 million.", "supported"),
        ("It cost 4,000,000,000 yuan.", "It cost 400 million yuan.", "supported"),
        ("It cost 4 million for 3 piers.", "It cost 4 million for 3 piers.", "unsupported"),
    ],
)
def test_a_number_that_a_translation_gets_wrong_is_put_right_or_not_shown(
    put: str, shown: str, verdict: str
) -> None:
    evidence = gather(passage("造价是4亿元。"))
    held = Support(0, 0, 1.0, "supported")
    text, found = restated("造价是4亿元。", put, held, evidence, question="造价？")
    assert (text, found.verdict) == (shown, verdict)


def test_several_wrong_numbers_are_put_right_in_their_order() -> None:
    put = "It has 35 million servers, 29 million of them in use."
    right = "It has 350 thousand servers, 290 thousand of them in use."
    assert mended(put, "它有35万台服务器，其中29万台在用。", "") == right
    assert (
        mended("Hugging Face筹集了10亿美元。", "Hugging Face raised 100 million dollars.", "")
        == "Hugging Face筹集了1亿美元。"
    )


def test_what_is_read_is_in_the_language_of_most_of_it() -> None:
    english = Article("e", "", "It broke. He left.", language="en")
    found = Passage(Chunk("e", 0, 18, english.text), english, 0.8)
    evidence = gather(found, passage("灯坏了。"))
    assert language_read(Reading(((0, 0), (1, 1), (2, 2))), evidence) == "en"
    assert language_read(Reading(((2, 2),)), evidence) == "zh"


def test_passages_in_another_language_are_a_sign() -> None:
    evidence = gather(passage("灯塔的灯坏了。", score=0.71239))
    assert weighed(bare(evidence, "灯？")).signs == {
        "score": 0.7124,
        "crosses": 0.0,
        "english": 0.0,
        "long": 0.0,
    }
    assert weighed(bare(evidence, "The lamp?")).signs == {
        "score": 0.7124,
        "crosses": 1.0,
        "english": 0.0,
        "long": 0.0,
    }
    assert weighed(bare(gather())).signs == {}


def test_how_much_of_what_was_written_is_supported_is_a_sign() -> None:
    answer = bare(gather(passage("灯塔的灯坏了。")))
    checked = [Support(0, 0, 1.0, "supported"), Support(0, 0, 1.0, "partly"), None]
    supports = [("甲。", found) for found in checked]
    by_lines = [weighed(answer, supports=supports[:n]) for n in (1, 2, 3)]
    assert [found.signs["checked"] for found in by_lines] == [1.0, 0.75, 0.5]
    assert by_lines[0].confidence > by_lines[1].confidence > by_lines[2].confidence
    assert weighed(answer, supports=[]).signs["checked"] == 0.0


def test_no_answer_is_surer_than_its_ceiling() -> None:
    answer, leaning = bare(gather(passage("灯塔的灯坏了。"))), {"NOT": 0.5}
    best = weighed(answer, leaning, [("灯坏了。", Support(0, 0, 1.0, "supported"))])
    assert ceiling(answer, leaning) == best.confidence
    assert ceiling(answer, {"NOT": 0.9}) < ceiling(answer, leaning)


def test_the_models_wish_to_refuse_lowers_confidence() -> None:
    answer = extracted(
        bare(gather(passage("灯塔的灯坏了。"))), ask("灯？"), gather(passage("灯塔的灯坏了。"))
    )
    sure, unsure = weighed(answer, {"灯": 0.9}), weighed(answer, {"NOT": 0.8, "NO": 0.1, "灯": 0.1})
    assert sure.confidence > unsure.confidence
    assert unsure.signs["willing"] == pytest.approx(0.1054)


def test_an_answer_shows_the_article_that_disagrees_and_both_dates() -> None:
    evidence = gather(
        passage("大桥一共花了4亿元。", title="旧闻"), passage("大桥一共花了5亿元。", title="新闻", id="b")
    )
    held = [("大桥一共花了4亿元。", Support(0, 0, 1.0, "supported"))]
    question = "大桥花了多少钱？"
    answer = resolved(bare(evidence, question), held, evidence)
    answer = completed(answer, ask(question), held, evidence, spoken="zh")
    assert answer.text == "大桥一共花了4亿元[1]。大桥一共花了5亿元[2]。"
    assert answer.note == "各篇文章说法不一：“旧闻” (2024-05-02)与“新闻” (2024-05-02)给出的不同。"
    assert answer.conflict == (1, 2)


def test_an_article_that_disagrees_is_only_named_in_an_answer_in_another_language() -> None:
    evidence = gather(
        passage("大桥一共花了4亿元。", title="题" * 50), passage("大桥一共花了5亿元。", title="新闻", id="b")
    )
    held = [("大桥一共花了4亿元。", Support(0, 0, 1.0, "supported"))]
    answer = resolved(bare(evidence, "大桥花了多少钱？", "en"), held, evidence)
    found = completed(answer, ask("大桥花了多少钱？"), held, evidence, spoken="zh")
    assert found.statements == answer.statements
    assert (found.conflict, found.citations[1].quote) == ((1, 2), "大桥一共花了5亿元。")
    assert found.note == (
        f"The articles do not agree: “{'题' * 40}” (2024-05-02) says one thing, “新闻” (2024-05-02) another."
    )


def test_an_article_that_disagrees_and_is_cited_is_not_shown_again() -> None:
    evidence = gather(passage("大桥一共花了4亿元。"), passage("大桥一共花了5亿元。", id="b"))
    held = [(s.text, Support(row, row, 1.0, "supported")) for row, s in enumerate(evidence.sentences)]
    answer = resolved(bare(evidence, "大桥花了多少钱？"), held, evidence)
    found = completed(answer, ask("大桥花了多少钱？"), held, evidence, spoken="zh")
    assert (len(found.statements), len(found.citations)) == (2, 2)
    assert found.note


def test_an_answer_says_which_part_of_the_question_it_leaves_out() -> None:
    evidence = gather(passage("香港增长了6.4%。"))
    held = [("香港增长了6.4%。", Support(0, 0, 1.0, "supported"))]
    answer = resolved(bare(evidence, "香港和澳门增长了多少？"), held, evidence)
    answer = completed(answer, ask("香港和澳门增长了多少？"), held, evidence, spoken="zh")
    assert answer.note == "没有找到关于澳门的答案。"


def test_a_clock_notes_when_each_thing_happened_first(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([10.0, 10.041, 10.095, 10.2, 10.3, 10.4])
    monkeypatch.setattr("time.monotonic", lambda: next(now))
    clock = Clock()
    clock.mark("retrieve")
    clock.mark("first_statement")
    clock.mark("retrieve")
    assert list(clock.first_token(["", "a"])) == ["", "a"]
    assert clock.times() == {"retrieve": 41, "first_statement": 95, "first_token": 300, "total": 400}

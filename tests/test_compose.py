"""From what was read to an answer: one of three outcomes, what disagrees, what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.fakes import marks
from support.house import PLAIN

from ragqa.answer.compose import answered
from ragqa.answer.conflicts import disagreement, missing_parts, newest_first
from ragqa.answer.extract import Quote
from ragqa.answer.refusal import not_found
from ragqa.retrieval.query import Question
from ragqa.retrieval.reading import Found, Read, Window
from ragqa.types import Answer, Article, Chunk, Language, Passage

ASKED = "大桥花了多少钱？"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A confidence is the logistic of the best score: .119, .5, .881 for -2, 0, 2; below .1 nothing is found."""
    monkeypatch.setattr("ragqa.retrieval.answerability.fitted", lambda: PLAIN)


def article(text: str, id: str = "a", *, title: str = "", published: str | None = None) -> Article:
    return Article(id, title, text, published=published, language="zh" if "。" in text else "en")


def read(of: Article, *words: str, score: float = 2.0) -> Read:
    """What the reader makes of a whole article: these words answer."""
    window = Window.of(of, 0, len(of.text))
    spans = [(window.text.index(word), window.text.index(word) + len(word)) for word in words]
    return Read(0, window, marks(window.text, *spans, score=score), 0.8)


def found(*reads: Read) -> Found:
    articles = [each.window.article for each in reads]
    return Found(tuple(Passage(Chunk(a.id, 0, len(a.text), a.text), a, 0.8) for a in articles), reads)


def answer_to(
    asked: str, *reads: Read, refuse_below: float | None = None, language: Language = "zh"
) -> Answer:
    question, passages = Question.of(asked), found(*reads)
    bare = Answer(asked, language, "not_found", passages=passages.passages, mode="quotes")
    return answered(bare, question, passages, refuse_below=refuse_below)


BRIDGE = article("前言。大桥花了4亿元。", title="大桥通车", published="2021-03-02")


# --- three outcomes --------------------------------------------------------------------------


def test_an_answer_has_quotes_and_the_short_answers_in_them() -> None:
    answer = answer_to(ASKED, read(BRIDGE, "4亿元"))
    assert (answer.status, answer.confidence, answer.note) == ("answered", 0.881, "")
    assert [(s.text, s.citations, s.kind) for s in answer.statements] == [("大桥花了4亿元。", (1,), "quote")]
    assert [c.quote for c in answer.citations] == ["大桥花了4亿元。"]
    assert [(a.text, a.citation, a.start, a.end) for a in answer.answers] == [("4亿元", 1, 7, 10)]
    assert answer.text == "大桥花了4亿元[1]。"


def test_what_may_answer_has_quotes_and_says_so_but_no_short_answers() -> None:
    answer = answer_to(ASKED, read(BRIDGE, "4亿元", score=-1.0))
    assert (answer.status, answer.confidence) == ("possible", 0.269)
    assert ([s.text for s in answer.statements], answer.answers) == (["大桥花了4亿元。"], ())
    assert answer.note == "以下段落可能回答了这个问题，但并不确定。"


def test_below_the_threshold_nothing_is_quoted_and_the_passages_stay() -> None:
    answer = answer_to(ASKED, read(BRIDGE, "4亿元", score=-3.0))
    assert (answer.status, answer.confidence) == ("not_found", 0.047)
    assert (answer.statements, answer.citations, answer.answers) == ((), (), ())
    assert [p.article for p in answer.passages] == [BRIDGE]
    assert answer.note == answer.text == "语料库中没有找到“大桥花了多少钱？”的答案，下面列出最接近的段落。"


@pytest.mark.parametrize(
    ("score", "refuse_below", "status"),
    [(-3.0, 0.0, "possible"), (-1.0, 0.3, "not_found"), (2.0, 0.9, "not_found"), (2.0, 0.88, "answered")],
)
def test_the_threshold_can_be_set(score: float, refuse_below: float, status: str) -> None:
    assert answer_to(ASKED, read(BRIDGE, "4亿元", score=score), refuse_below=refuse_below).status == status


def test_a_text_that_answers_but_has_no_marks_is_not_quoted() -> None:
    answer = answer_to(ASKED, read(BRIDGE))
    assert (answer.status, answer.statements, answer.confidence) == ("not_found", (), 0.881)


def test_only_what_lies_in_a_shown_passage_is_quoted() -> None:
    shown, hidden = (
        read(BRIDGE, "4亿元", score=-1.0),
        read(article("大桥花了5亿元。", "b"), "5亿元", score=3.0),
    )
    question, passages = Question.of(ASKED), replace(found(shown), read=(shown, hidden))
    bare = Answer(ASKED, "zh", "not_found", passages=passages.passages)
    answer = answered(bare, question, passages, refuse_below=None)
    assert [c.quote for c in answer.citations] == ["大桥花了4亿元。"]
    assert answer.confidence == 0.269
    empty = answered(bare, question, Found(passages.passages, (hidden,)), refuse_below=None)
    assert (empty.status, empty.confidence) == ("not_found", 0.0)


@pytest.mark.parametrize(
    ("language", "absent", "note"),
    [
        ("en", [], "No answer to “Q?” was found in the corpus. The nearest passages are shown."),
        ("zh", [], "语料库中没有找到“Q?”的答案，下面列出最接近的段落。"),
        ("en", ["A", "B"], "No answer to “Q?” was found in the corpus: none of its articles contains “A, B”. The nearest passages are shown."),
        ("zh", ["A", "B"], "语料库中没有找到“Q?”的答案：所有文章中都没有出现“A、B”。下面列出最接近的段落。"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_looked_for_and_names_what_is_nowhere(
    language: Language, absent: list[str], note: str
) -> None:
    answer = replace(answer_to(ASKED, read(BRIDGE, "4亿元")), question="Q?", language=language)
    refused = not_found(answer, absent)
    assert (refused.status, refused.note, refused.text) == ("not_found", note, note)
    assert (refused.statements, refused.citations, refused.answers) == ((), (), ())
    assert (refused.confidence, refused.passages) == (answer.confidence, answer.passages)


def test_a_quote_worth_less_than_half_of_the_best_stays_and_gives_no_short_answer() -> None:
    of = article("大桥花了4亿元。李明来了。")
    found = read(of, "4亿元")
    told = marks(
        found.window.text,
        *((found.window.text.index(w), found.window.text.index(w) + len(w)) for w in ("4亿元", "李明")),
        shares=(0.7, 0.3),
        score=found.reading.score,
    )
    answer = answer_to(ASKED, replace(found, reading=told))
    assert [s.text for s in answer.statements] == ["大桥花了4亿元。", "李明来了。"]
    assert [a.text for a in answer.answers] == ["4亿元"]
    listed = answer_to("哪些人来了？", replace(found, reading=told))
    assert [a.text for a in listed.answers] == ["4亿元", "李明"]


# --- disagreement ----------------------------------------------------------------------------

OLD = article("大桥花了4亿元。", "old", title="旧闻", published="2020-01-01")
NEW = article("大桥花了5亿元。", "new", title="新闻" * 30, published="2022-01-01")


def test_where_articles_disagree_the_newer_comes_first_and_both_are_named() -> None:
    answer = answer_to(ASKED, read(OLD, "4亿元", score=3.0), read(NEW, "5亿元"))
    assert answer.text == "大桥花了5亿元[1]。大桥花了4亿元[2]。"
    assert [a.text for a in answer.answers] == ["5亿元", "4亿元"]
    assert answer.conflict == (1, 2)
    assert answer.note == (f"各篇文章说法不一：“{'新闻' * 20}” (2022-01-01)与“旧闻” (2020-01-01)给出的不同。")


def test_an_older_article_that_reads_less_well_stays_behind() -> None:
    answer = answer_to(ASKED, read(NEW, "5亿元", score=3.0), read(OLD, "4亿元"))
    assert [c.article.id for c in answer.citations] == ["new", "old"]
    undated = replace(OLD, published=None)
    answer = answer_to(ASKED, read(undated, "4亿元", score=3.0), read(NEW, "5亿元"))
    assert [c.article.id for c in answer.citations] == ["new", "old"]
    assert "与“旧闻”给出" in answer.note


def test_in_an_uncertain_answer_the_newer_comes_first_too_but_nothing_is_said_of_it() -> None:
    answer = answer_to(ASKED, read(OLD, "4亿元", score=-1.0), read(NEW, "5亿元", score=-1.1))
    assert [c.article.id for c in answer.citations] == ["new", "old"]
    assert (answer.conflict, answer.note) == ((), "以下段落可能回答了这个问题，但并不确定。")


@pytest.mark.parametrize(
    ("text", "word"),
    [("大桥花了四亿元。", "四亿元"), ("大桥花了很多钱。", "很多钱"), ("总共4亿元。", "4亿元")],
)
def test_the_same_value_or_none_is_no_disagreement(text: str, word: str) -> None:
    answer = answer_to(ASKED, read(OLD, "4亿元"), read(article(text, "b"), word))
    assert (answer.conflict, answer.note) == ((), "")


def quote(of: Article, *words: str, in_title: str = "") -> Quote:
    spans = tuple((of.text.index(word), of.text.index(word) + len(word)) for word in words)
    return Quote(of, 0, len(of.text), 0.9, spans, in_title)


def test_an_article_does_not_disagree_with_itself() -> None:
    both = article("大桥花了4亿元。隧道花了5亿元。")
    assert disagreement([quote(both, "4亿元"), quote(both, "5亿元")]) is None
    assert disagreement([]) is None
    assert newest_first([]) == []


def test_a_quote_with_several_answers_is_compared_with_none() -> None:
    both = article("大桥花了4亿元，隧道花了6亿元。", "b")
    assert disagreement([quote(both, "4亿元", "6亿元"), quote(NEW, "5亿元")]) is None
    assert disagreement([quote(OLD, in_title="旧闻"), quote(NEW, "5亿元")]) is None


def test_quotes_between_the_two_that_disagree_keep_their_place() -> None:
    other = quote(article("造价不详。", "c"), "不详")
    order = newest_first([quote(OLD, "4亿元"), other, quote(NEW, "5亿元")])
    assert [q.article.id for q in order] == ["new", "c", "old"]


# --- missing parts ---------------------------------------------------------------------------

BOTH = "2021年香港和澳门的GDP增长率？"


def test_an_answer_says_which_part_of_the_question_it_leaves_out() -> None:
    answer = answer_to(BOTH, read(article("香港增长了6.4%。"), "6.4%"))
    assert (answer.status, answer.note) == ("answered", "没有找到关于澳门的答案。")


@pytest.mark.parametrize(
    ("question", "texts", "missing"),
    [
        (BOTH, ["香港增长6.4%。"], ["澳门"]),
        (BOTH, ["澳門增长18%。"], ["香港"]),
        ("香港、上海和澳门的GDP？", ["香港增长6.4%。"], ["上海", "澳门"]),
        ("Who directed Dune and Tenet?", ["Tenet is by Nolan."], ["Dune"]),
        (BOTH, ["香港增长6.4%。", "澳门增长18%。"], []),
        (BOTH, ["香港增长6.4%。船走了。澳门也增长了。"], []),
        (BOTH, ["两地都增长了。"], []),
        (BOTH, ["Hong Kong grew by 6.4%."], []),
        ("香港的GDP是多少？", ["增长6.4%。"], []),
        ("Where did John Schulman go?", ["Schulman went to a rival."], []),
    ],
)
def test_a_joined_name_that_no_quoted_article_mentions_is_missing(
    question: str, texts: list[str], missing: list[str]
) -> None:
    quotes = [quote(article(text, f"a{n}")) for n, text in enumerate(texts)]
    assert missing_parts(Question.of(question), quotes) == missing


def test_disagreement_and_a_missing_part_are_both_said() -> None:
    one = article("香港增长了6.4%。", "a", title="旧闻", published="2020")
    other = article("香港增长了7.4%。", "b", title="新闻", published="2022")
    answer = answer_to(BOTH, read(one, "6.4%"), read(other, "7.4%"))
    assert (
        answer.note == "各篇文章说法不一：“新闻” (2022)与“旧闻” (2020)给出的不同。 没有找到关于澳门的答案。"
    )

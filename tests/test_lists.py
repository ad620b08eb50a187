"""The items of a list: one of each article, no denials, no other year; a number only where one is stated."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.fakes import marks
from support.house import PLAIN

from ragqa.answer.compose import answered
from ragqa.retrieval.query import Question
from ragqa.retrieval.reading import Found, Read, Window
from ragqa.types import Answer, Article, Chunk, Passage


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A confidence is the logistic of the best score: .5 and more is answered, .1 and more possible."""
    monkeypatch.setattr("ragqa.retrieval.answerability.fitted", lambda: PLAIN)


def read(text: str, word: str, *, score: float = 2.0, published: str | None = None) -> Read:
    article = Article(text[:4], "", text, published=published, language="zh" if "。" in text else "en")
    window = Window.of(article, 0, len(text))
    at = text.index(word)
    return Read(0, window, marks(text, (at, at + len(word)), score=score), 0.6)


def answer_to(asked: str, *reads: Read) -> Answer:
    passages = tuple(
        Passage(Chunk(r.window.article.id, 0, r.window.end, r.window.text), r.window.article, 0.6)
        for r in reads
    )
    question = Question.of(asked)
    bare = Answer(asked, question.language, "not_found", passages=passages, mode="quotes")
    return answered(bare, question, Found(passages, reads), refuse_below=None)


MILL = read("石桥纺织关闭了东厂。", "石桥纺织", published="2024-03-01")
KILN = read("白窑陶瓷关闭了北厂。", "白窑陶瓷", published="2023-05-01", score=0.3)
DENIES = read("远山重工否认关闭西厂。", "远山重工", published="2024-04-01", score=1.0)
COUNT = read("今年共有三家公司关闭工厂。", "三家", published="2024-05-01", score=0.1)
JOBS = read("长亭机电裁去130人，关闭南厂。", "130人", published="2024-06-01")


def test_each_article_that_answers_gives_an_item_and_a_denial_is_none() -> None:
    answer = answer_to("哪些公司关闭了工厂？", MILL, KILN, DENIES)
    assert [s.text for s in answer.statements] == ["石桥纺织关闭了东厂。", "白窑陶瓷关闭了北厂。"]
    assert [a.text for a in answer.answers] == ["石桥纺织", "白窑陶瓷"]
    assert (answer.status, answer.note) == ("answered", "在 2 篇文章中找到，可能还有更多。")


def test_a_denial_among_the_items_of_one_article_stays() -> None:
    rules = read("申领者须有本地户口。三年内没有领过补贴。", "须有本地户口")
    window = rules.window
    both = replace(rules, reading=marks(window.text, (3, 9), (11, 18), score=2.0))
    answer = answer_to("申领须满足哪些条件？", both)
    assert [s.text for s in answer.statements] == ["申领者须有本地户口。", "三年内没有领过补贴。"]


def test_what_is_asked_to_be_denied_may_be() -> None:
    answer = answer_to("哪些公司没有关闭工厂？", DENIES)
    assert [s.text for s in answer.statements] == ["远山重工否认关闭西厂。"]


def test_an_item_of_another_year_than_the_question_names_is_left_out() -> None:
    answer = answer_to("2024年哪些公司关闭了工厂？", MILL, KILN)
    assert [s.text for s in answer.statements] == ["石桥纺织关闭了东厂。"]
    assert answer.note == ""
    undated = replace(KILN, window=replace(KILN.window, article=replace(KILN.window.article, published=None)))
    assert len(answer_to("2024年哪些公司关闭了工厂？", MILL, undated).statements) == 2


def test_an_article_gives_an_item_where_it_would_alone_be_a_possible_answer() -> None:
    nothing = read("北桥水泥开了一家店。", "北桥水泥", score=-2.5)
    assert len(answer_to("哪些公司关闭了工厂？", MILL, nothing).statements) == 1
    weak = read("青田机械关闭了仓库。", "青田机械", score=-0.5)
    assert len(answer_to("哪些公司关闭了工厂？", MILL, weak).statements) == 2
    first = read("石桥纺织关闭了东厂。", "石桥纺织", score=-0.2)
    answer = answer_to("哪些公司关闭了工厂？", first, weak)
    assert (answer.status, len(answer.statements), answer.answers) == ("possible", 2, ())
    assert answer.note.endswith("但并不确定。在 2 篇文章中找到，可能还有更多。")


def test_a_stated_number_comes_first_and_is_the_only_short_answer() -> None:
    answer = answer_to("有多少家公司关闭了工厂？", JOBS, COUNT)
    assert [s.text for s in answer.statements] == [
        "今年共有三家公司关闭工厂。",
        "长亭机电裁去130人，关闭南厂。",
    ]
    assert [a.text for a in answer.answers] == ["三家"]
    assert "ragqa" not in answer.note


def test_without_a_stated_number_it_is_said_that_nothing_is_counted() -> None:
    answer = answer_to("有多少家公司关闭了工厂？", JOBS, MILL)
    assert answer.answers == ()
    assert (
        answer.note
        == "ragqa 不作统计，引用的文章也没有写明总数；以下是找到的各项。在 2 篇文章中找到，可能还有更多。"
    )


def test_in_english_the_number_stands_before_what_is_counted() -> None:
    stated = read("Three of the listed firms closed plants.", "Three")
    assert [a.text for a in answer_to("How many firms closed plants?", stated).answers] == ["Three"]
    other = read("Kew Pottery cut 95 jobs.", "95 jobs")
    answer = answer_to("How many firms cut jobs?", other)
    assert (answer.answers, [s.text for s in answer.statements]) == ((), ["Kew Pottery cut 95 jobs."])
    assert answer.note.startswith("ragqa does not count,")


def test_what_is_only_possible_is_shown_by_one_sentence_an_article_best_first() -> None:
    text = "石桥纺织关闭了东厂。厂房建于1996年。"
    two = read(text, "石桥纺织", score=-0.2)
    two = replace(two, reading=marks(text, (0, 4), (14, 19), score=-0.2, shares=(0.6, 0.4)))
    weak = read("青田机械关闭了仓库。", "青田机械", score=-0.5)
    answer = answer_to("哪些公司关闭了工厂？", weak, two)
    assert [s.text for s in answer.statements] == ["青田机械关闭了仓库。", "石桥纺织关闭了东厂。"]

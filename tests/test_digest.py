"""Summaries, the news and greetings, with the fakes: whose first sentences are quoted, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes import ScriptedGenerator
from support.house import House

from ragqa.types import Answer, Filter

QUAY = "---\ntitle: 港口加建码头\ndate: 2024-06-11\n---\n记者 何川\n港口将加建一座码头。工程今年开工。它要两年。明年停工一次。\n"
LAMP = "---\ntitle: The lamp is sold\ndate: 2024-01-05\n---\nThe lamp was sold on Friday. Its price was not told.\n"
BOOKS = "---\ntitle: 图书搬家\n---\n图书全部搬到了新楼。\n"
FILES = {"quay.md": QUAY, "lamp.md": LAMP, "books.md": BOOKS}


def built(folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> House:
    house = House(folder, monkeypatch)
    house.build(files)
    return house


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    return built(tmp_path, monkeypatch, FILES)


def asked(house: House, question: str, **options: object) -> Answer:
    return house.open(ScriptedGenerator([])).answer(question, use_llm=False, **options)


def quotes(answer: Answer) -> list[str]:
    assert all(c.article.text[c.start : c.end] == c.quote for c in answer.citations)
    assert {c.article.id for c in answer.citations} <= {p.article.id for p in answer.passages}
    return [statement.text for statement in answer.statements]


def test_an_article_is_summarised_by_its_first_sentences_without_its_byline(house: House) -> None:
    answer = asked(house, "总结《港口加建码头》")
    assert quotes(answer) == ["港口将加建一座码头。", "工程今年开工。", "它要两年。"]
    assert (answer.status, answer.kind, answer.answers) == ("answered", "summary", ())
    assert answer.note == "《港口加建码头》开头的句子。"


def test_a_subject_that_no_article_is_on_is_refused_with_the_nearest_passages(house: House) -> None:
    answer = asked(house, "Summarise the articles about bicycles")
    assert (answer.status, answer.statements) == ("not_found", ())
    assert answer.note == "No article on “bicycles” was found."
    assert answer.passages


def test_under_a_filter_a_refusal_says_how_many_articles_were_looked_at(house: House) -> None:
    answer = asked(house, "总结关于自行车的报道", filters=Filter(since="2024-05"))
    assert answer.note.startswith("在符合筛选条件的 1 篇文章中没有找到")
    assert "另有 1 篇文章没有日期" in answer.note


def test_the_news_are_the_newest_dated_articles_with_their_first_sentences(house: House) -> None:
    answer = asked(house, "What is the latest news?")
    assert quotes(answer) == ["港口将加建一座码头。", "The lamp was sold on Friday."]
    assert answer.note == (
        "The first sentences of the 2 newest articles, dated 2024-06-11 back to 2024-01-05"
        " (articles without a date, left out: 1)."
    )


def test_the_news_obey_filters_and_the_number_of_passages(house: House) -> None:
    answer = asked(house, "最新消息", filters=Filter(until="2024-03"))
    assert quotes(answer) == ["The lamp was sold on Friday."]
    assert answer.note == "最新一篇文章的第一句，日期为 2024-01-05（另有 1 篇文章没有日期，未包括在内）。"
    assert len(asked(house, "最新消息", k=1).statements) == 1


def test_the_news_on_a_subject_are_of_its_articles_alone(house: House) -> None:
    answer = asked(house, "latest news about the lamp")
    assert quotes(answer) == ["The lamp was sold on Friday."]
    assert answer.note.startswith("The first sentence of the newest article on “lamp”, dated 2024-01-05")


def test_without_a_date_nothing_is_called_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = asked(built(tmp_path, monkeypatch, {"books.md": BOOKS}), "最新消息")
    assert (answer.status, answer.statements) == ("not_found", ())
    assert answer.note == "没有带日期的文章，无法判断哪篇最新（另有 1 篇文章没有日期，未包括在内）。"


@pytest.mark.parametrize(
    ("question", "beginning", "example"),
    [
        ("Hello!", "Ask about the 3 articles here;", "For example: Summarise “The lamp is sold”"),
        ("你好", "可以就这里的 3 篇文章提问", "例如：总结《图书搬家》；总结《港口加建码头》"),
    ],
)
def test_a_greeting_gets_what_can_be_asked_and_no_passages(
    house: House, question: str, beginning: str, example: str
) -> None:
    answer = asked(house, question)
    assert (answer.status, answer.kind, answer.statements, answer.passages) == ("not_found", "hello", (), ())
    assert answer.note.startswith(beginning)
    assert answer.note.endswith(example)


def test_sentences_are_looked_for_below_the_author_and_a_short_first_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = "---\ntitle: 渡口收费办法\nauthor: 何川\ndate: 2024-05-01\n---\n渡口收费办法\n现将办法印发给你们。\n收费标准\n第一条 成人每次两元。\n第二条 学生每次一元。\n"
    house = built(tmp_path, monkeypatch, {"rules.md": rules})
    first = "现将办法印发给你们。"
    assert quotes(asked(house, "最新的消息")) == [first]
    assert quotes(asked(house, "总结《渡口收费办法》")) == [
        first,
        "第一条 成人每次两元。",
        "第二条 学生每次一元。",
    ]

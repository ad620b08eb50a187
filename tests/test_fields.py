"""What files call the facts of an article."""

from __future__ import annotations

import pytest

from ragqa.corpus.fields import fact_of, named


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("PubDate", "published"),
        ("article:published_time", "published"),
        (" 发布时间 ", "published"),
        ("byl", "author"),
        ("標題", "title"),
        ("新闻标题", "title"),
        ("记者", "author"),
        ("文章内容", "text"),
        ("updated", ""),
        (7, ""),
    ],
)
def test_a_field_states_the_fact_that_its_name_means(name: object, fact: str) -> None:
    assert fact_of(name) == fact


def test_of_several_names_of_a_fact_the_surest_that_is_filled_counts() -> None:
    fields = {
        "source": "渡口日报",
        "url": "https://a.example/1",
        "date": "2024-03-06",
        "published": "2024-03-05",
    }
    assert named(fields) == {"source": "https://a.example/1", "published": "2024-03-05"}
    assert named({"published": "", "date": "2024-03-06", "title": None}) == {"published": "2024-03-06"}


def test_an_empty_field_is_there_and_one_of_none_is_not() -> None:
    assert named({"text": "", "id": None, "other": "x"}) == {"text": ""}

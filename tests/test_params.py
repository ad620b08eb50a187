"""What a page may wish for, and what is refused."""

from __future__ import annotations

import pytest

from ragqa.errors import QuestionError
from ragqa.server.params import Params, read_params
from ragqa.types import Filter


@pytest.mark.parametrize("sent", ["", None, 7, "{}"])
def test_nothing_said_is_nothing_wished(sent: object) -> None:
    assert read_params(sent) == Params()
    assert Params().filters == Filter()


def test_filters_switches_and_the_question_before_are_read() -> None:
    params = read_params(
        '{"ui": "zh", "after": "谁走了？", "k": 3, "translate": "off", "write": "on", "since": "2024-05", '
        '"written_in": "en", "source": "desk"}'
    )
    assert (params.ui, params.after, params.k) == ("zh", "谁走了？", 3)
    assert (params.translate, params.write) == (False, True)
    assert params.filters == Filter(since="2024-05", language="en", source="desk")


def test_an_empty_field_is_not_set() -> None:
    assert read_params('{"since": "", "until": "", "written_in": "", "source": "", "k": ""}') == Params()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ('{"since": "May"}', "since: 2024, 2024-05 or 2024-05-31"),
        ('{"since": "2024-13"}', "since: 2024, 2024-05 or 2024-05-31"),
        ('{"until": "2023-02-29"}', "until: 2024, 2024-05 or 2024-05-31"),
        ('{"until": "20240531"}', "until: 2024, 2024-05 or 2024-05-31"),
        ('{"until": 2024}', "until: 2024, 2024-05 or 2024-05-31"),
        ('{"until": "2024-13", "ui": "zh"}', "until：2024、2024-05 或 2024-05-31"),
        ('{"written_in": "French"}', "written_in: a language code such as zh, en or ja"),
        ('{"source": ["a"]}', "source: part of an outlet or address, at most 200 characters"),
        ('{"k": 0}', "k: a whole number from 1 to 100"),
        ('{"k": 101}', "k: a whole number from 1 to 100"),
        ('{"k": "many", "ui": "zh"}', "k：1 至 100 的整数"),
        ('{"translate": "perhaps"}', "translate: true or false"),
        ('{"write": 7}', "write: true or false"),
        ('{"ui": "fr"}', "ui: zh or en"),
        ('{"after": 5}', "after: the question before this one, at most 2000 characters"),
        ("[1]", "The request is one JSON object, sent with Content-Type: application/json."),
        ("no JSON", "The request is not valid JSON."),
    ],
)
def test_an_option_that_cannot_be_used_is_told_with_what_is_accepted(sent: str, said: str) -> None:
    with pytest.raises(QuestionError) as refused:
        read_params(sent)
    assert str(refused.value) == said


@pytest.mark.parametrize("sent", ["2024", "2024-05", "2024-02-29"])
def test_a_date_may_stop_after_the_year_or_the_month(sent: str) -> None:
    assert read_params(f'{{"since": "{sent}"}}').filters.since == sent

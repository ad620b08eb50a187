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
    ("sent", "named"),
    [
        ('{"since": "May"}', "since"),
        ('{"k": 0}', "k"),
        ('{"k": 21}', "k"),
        ('{"translate": "perhaps"}', "translate"),
        ('{"write": 7}', "write"),
        ('{"ui": "fr"}', "ui"),
        ('{"after": 5}', "after"),
        ("[1]", "the request"),
        ("no JSON", "the request"),
    ],
)
def test_a_wish_that_cannot_be_met_is_named(sent: str, named: str) -> None:
    with pytest.raises(QuestionError, match=f"^{named}: "):
        read_params(sent)

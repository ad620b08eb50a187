"""Validate the options that come with a question, from the page (JSON) or from a program."""

from __future__ import annotations

from pydantic import BaseModel, Field, ValidationError, field_validator

from ragqa.errors import QuestionError
from ragqa.retrieval import MOST_CHARACTERS
from ragqa.types import Filter, Language

_DATE = r"^\d{4}(-\d{2}(-\d{2})?)?$"


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


class Articles(BaseModel, frozen=True):
    """The filter on articles; an empty field lets all pass."""

    since: str | None = Field(default=None, pattern=_DATE)
    until: str | None = Field(default=None, pattern=_DATE)
    written_in: Language | None = None
    source: str | None = Field(default=None, max_length=200)
    author: str | None = Field(default=None, max_length=200)

    _empty = field_validator("since", "until", "written_in", "source", "author", mode="before")(
        _none_if_empty
    )

    @property
    def filters(self) -> Filter:
        """The filter on articles."""
        return Filter(
            since=self.since,
            until=self.until,
            language=self.written_in,
            source=self.source,
            author=self.author,
        )


class Params(Articles, frozen=True):
    """The interface language, the question before this one, and what is set under "advanced".

    ``translate`` puts translations under quotes in another language, ``write`` a written answer above them.
    """

    ui: Language = "en"
    after: str = Field(default="", max_length=MOST_CHARACTERS)
    k: int | None = Field(default=None, ge=1, le=20)
    translate: bool = True
    write: bool | None = None

    _no_k = field_validator("k", mode="before")(_none_if_empty)


def read_params(text: object) -> Params:
    """Parse the options of the page. Raises QuestionError naming the invalid one."""
    try:
        return Params.model_validate_json(text if isinstance(text, str) and text else "{}")
    except ValidationError as error:
        name = ".".join(map(str, error.errors()[0]["loc"])) or "the request"
        raise QuestionError(f"{name}: {error.errors()[0]['msg']}") from error

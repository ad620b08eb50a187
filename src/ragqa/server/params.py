"""Validate the options that come with a question, from the page (JSON) or from a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError, field_validator

from ragqa.errors import QuestionError
from ragqa.retrieval import MOST_CHARACTERS
from ragqa.server.i18n import WORDS, phrase, ui_language
from ragqa.settings import MOST_PASSAGES
from ragqa.types import Filter, Language, checked_code, checked_date

_Date = Annotated[str, AfterValidator(checked_date)]
_LONGEST_SOURCE = 200
# Other names of the question.
QUESTION_NAMES = ("question", "query", "q", "text")


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


class Articles(BaseModel, frozen=True):
    """The filter on articles; an empty field lets all pass."""

    since: _Date | None = None
    until: _Date | None = None
    written_in: Annotated[str, AfterValidator(checked_code)] | None = None
    source: str | None = Field(default=None, max_length=_LONGEST_SOURCE)
    author: str | None = Field(default=None, max_length=_LONGEST_SOURCE)

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
    k: int | None = Field(default=None, ge=1, le=MOST_PASSAGES)
    translate: bool = True
    write: bool | None = None

    _no_k = field_validator("k", mode="before")(_none_if_empty)


def read_params(text: object) -> Params:
    """Parse the options of the page. Raises QuestionError, in the language of the page, saying what is accepted."""
    given = text if isinstance(text, str) and text else "{}"
    try:
        return Params.model_validate_json(given)
    except ValidationError as error:
        raise QuestionError(complaint(ui_of(given), error.errors())) from error


def complaint(ui: Language, errors: Sequence[Any]) -> str:
    """One sentence on the first error of pydantic: the option and what is accepted; what was sent is not repeated."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return phrase(ui, "wrong.json")
    if first["type"] == "extra_forbidden":
        return phrase(ui, "wrong.field")
    named = [str(part) for part in first["loc"] if isinstance(part, str)]
    name = next((part for part in named if f"wrong.{part}" in WORDS[ui]), "")
    if not name and first["type"].startswith("bool"):
        return phrase(ui, "wrong.flag", name=named[-1])
    if set(named) & set(QUESTION_NAMES):
        name = "question"
    most = {"k": MOST_PASSAGES, "source": _LONGEST_SOURCE}
    return phrase(ui, f"wrong.{name or 'request'}", n=most.get(name, MOST_CHARACTERS))


def ui_of(text: object) -> Language:
    """The language of the page that sent these options; English where they cannot be read."""
    try:
        return ui_language(json.loads(str(text))["ui"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return "en"

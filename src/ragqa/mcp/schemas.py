"""What the tools take and return, as JSON schemas that assistants read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from ragqa.retrieval import MOST_CHARACTERS
from ragqa.settings import MOST_PASSAGES
from ragqa.types import Filter, Kind, Language, Status, checked_code, checked_date

# Characters of an article that one call returns, and articles that one page lists.
PIECE, MOST_PIECE = 8_000, 40_000
PAGE, MOST_PAGE = 50, 200
_LONGEST_ID, _LONGEST_SOURCE, _LONGEST_NAME, _LONGEST_TEXT = 4_000, 200, 200, 2_000_000


def _readable(value: object) -> object:
    """Text without NUL and lone surrogates, which JSON carries and no model takes."""
    return (
        value.replace("\0", "").encode("utf-8", "ignore").decode().strip()
        if isinstance(value, str)
        else value
    )


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


_Words = Annotated[str, BeforeValidator(_readable)]
_Date = Annotated[str, AfterValidator(checked_date)]
_Code = Annotated[str, AfterValidator(checked_code)]
_Optional = BeforeValidator(_none_if_empty)
_Question = Annotated[_Words, Field(min_length=1, max_length=MOST_CHARACTERS)]


class Arguments(BaseModel, frozen=True, extra="forbid"):
    """The arguments of a tool."""


class Filtered(Arguments, frozen=True):
    """The filter on articles; an empty field lets all pass."""

    since: Annotated[_Date | None, _Optional] = Field(
        None, description="only articles dated on or after: 2024, 2024-05 or 2024-05-31"
    )
    until: Annotated[_Date | None, _Optional] = Field(
        None, description="only articles dated on or before: 2024, 2024-05 or 2024-05-31"
    )
    written_in: Annotated[_Code | None, _Optional] = Field(
        None, description="only articles written in this language, by its code: zh, en, ja"
    )
    source: Annotated[_Words | None, _Optional] = Field(
        None, max_length=_LONGEST_SOURCE, description="only articles whose outlet or address contains this"
    )
    author: Annotated[_Words | None, _Optional] = Field(
        None, max_length=_LONGEST_SOURCE, description="only articles whose author's name contains this"
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


class AskArguments(Filtered, frozen=True):
    """Of ask."""

    question: _Question = Field(
        description=f"one question in Chinese or English, of 1 to {MOST_CHARACTERS} characters; it may hold"
        ' "exact words", -without, title:word, after:2024-05 and before:2024'
    )
    after: Annotated[_Words | None, _Optional] = Field(
        None,
        max_length=MOST_CHARACTERS,
        description="the question asked before, where this one follows it up (what about 2023?)",
    )


class SearchArguments(Filtered, frozen=True):
    """Of search."""

    query: _Question = Field(
        description=f"a question or words to look for, of 1 to {MOST_CHARACTERS} characters"
    )
    k: int | None = Field(
        None, ge=1, le=MOST_PASSAGES, description=f"how many passages, 1 to {MOST_PASSAGES}; 5 without it"
    )


class ReadArguments(Arguments, frozen=True):
    """Of read_article."""

    article_id: str = Field(
        min_length=1, max_length=_LONGEST_ID, description="an article_id that another tool gave"
    )
    start: int = Field(0, ge=0, description="offset of the first character wanted, from 0")
    end: int | None = Field(
        None,
        ge=1,
        description=f"offset after the last character wanted; {PIECE} characters come without it, at most"
        f" {MOST_PIECE} with it, and `next` says where to go on",
    )


class ListArguments(Filtered, frozen=True):
    """Of list_articles."""

    offset: int = Field(0, ge=0, description="articles to pass over: the `next` of the page before, or 0")
    limit: int = Field(PAGE, ge=1, le=MOST_PAGE, description=f"articles a page, 1 to {MOST_PAGE}")


class AddArguments(Arguments, frozen=True):
    """Of add_article."""

    name: _Words = Field(
        min_length=1, max_length=_LONGEST_NAME, description="a new file name that ends in .md, .txt or .html"
    )
    text: str = Field(
        min_length=1,
        max_length=_LONGEST_TEXT,
        description="the whole article; front matter (title, date, author, source) between two --- lines is read",
    )


class Described(BaseModel):
    """What is known of an article."""

    article_id: str
    uri: str = Field(description="the article as a resource")
    title: str
    source: str = Field(description="outlet, address or file")
    author: str | None
    published: str | None = Field(description="ISO date, or as much of it as is known")
    language: str


class Span(BaseModel):
    """A stretch of an article's text."""

    start: int = Field(
        description="offset of its first character in the article's text, counted in code points"
    )
    end: int = Field(description="offset after its last character")


class CitedQuote(Described, Span):
    """Words of an article, exactly as they stand there between start and end."""

    marker: int = Field(description="the n of [n] in text")
    quote: str


class FewWords(BaseModel):
    """The few words that answer, inside a citation; without offsets where they stand in the article's title."""

    text: str
    citation: int = Field(description="marker of the citation")
    start: int | None
    end: int | None


class FoundPassage(Described, Span):
    """A stretch of whole sentences of an article."""

    rank: int
    score: float = Field(description="higher is better")
    reader: float | None = Field(
        description="probability that it answers by itself; null where it was not read"
    )
    heading: str
    text: str
    focus: list[Span] = Field(description="the sentences that match best")
    also_in: list[str] = Field(description="ids of articles with the same words")


class Asked(BaseModel):
    """The answer to a question: quotes from the archive, or that it seems to hold none."""

    status: Status = Field(
        description="answered; possible: unsure, say so; not_found: the archive seems to hold no answer"
    )
    confidence: float = Field(description="probability that what is shown is right, 0 to 1")
    text: str = Field(description="the quotes with their [n] markers, or why there are none")
    short_answers: list[FewWords]
    citations: list[CitedQuote]
    conflict: list[int] = Field(description="markers of two citations that disagree")
    nearest: list[FoundPassage] = Field(
        description="where nothing was found: the passages nearest to the question"
    )
    note: str
    question: str = Field(description="the question as it was taken, a follow-up put so that it stands alone")
    language: Language
    kind: Kind
    index: str = Field(description="version of the index that answered")


class Searched(BaseModel):
    """Passages, best first."""

    passages: list[FoundPassage]


class ArticlePiece(Described, Span):
    """The text of an article between two offsets."""

    text: str
    characters: int = Field(description="characters of the whole article")
    next: int | None = Field(description="offset to go on from; null at the end")


class ListedArticle(Described):
    """An article of the archive."""

    characters: int


class ArticlePage(BaseModel):
    """Articles, newest first, those without a date last."""

    total: int = Field(description="articles that pass the filters")
    articles: list[ListedArticle]
    next: int | None = Field(description="offset of the next page; null on the last")
    index: str = Field(description="version of the index; where it changes between pages, begin again")


class Added(BaseModel):
    """What became of a new article."""

    article_id: str
    uri: str
    change: Literal["added", "unchanged"] = Field(description="unchanged: it was there with the same text")
    articles: int = Field(description="articles in the archive now")
    index: str = Field(description="version of the index that holds it")

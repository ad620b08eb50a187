"""Articles as resources, ``article://`` and the percent-encoded id, and their order in lists."""

from __future__ import annotations

from urllib.parse import quote, unquote

from ragqa.errors import ArticleNotFoundError, IndexMissingError, RagqaError
from ragqa.index import SearchIndex
from ragqa.pipeline import Pipeline
from ragqa.settings import shown
from ragqa.types import EVERYTHING, Article

SCHEME = "article://"
# Articles that are listed as resources, newest first, and those of one page: list_articles has them all.
MOST_LISTED, LISTED = 1_000, 100


def uri_of(article_id: str) -> str:
    """The address of an article."""
    return SCHEME + quote(article_id, safe="")


def id_of(uri: str) -> str:
    """The id of an article from its address. Raises ArticleNotFoundError for another address."""
    if not uri.startswith(SCHEME):
        raise ArticleNotFoundError(f"{uri!r} is no address of an article; one is like {SCHEME}name.md")
    return unquote(uri.removeprefix(SCHEME))


def opened(pipeline: Pipeline) -> SearchIndex:
    """The newest version of the index. Raises IndexMissingError."""
    index = pipeline.index
    if index is None:
        raise IndexMissingError(f"there is no index in {shown(pipeline.settings.index)}; run: ragqa index")
    return index


def listed(pipeline: Pipeline, cursor: str | None) -> tuple[list[Article], str | None]:
    """A page of the newest articles, and the cursor of the next page.

    Raises RagqaError for a cursor of another version: its pages would repeat and miss articles.
    """
    index = opened(pipeline)
    version, _, at = (cursor or f"{index.manifest.version} 0").partition(" ")
    if version != index.manifest.version or not at.isdecimal():
        raise RagqaError("the index has changed since this list was begun; list again without a cursor")
    rows = index.newest_first(EVERYTHING)[:MOST_LISTED]
    end = int(at) + LISTED
    articles = [index.articles[int(row)] for row in rows[int(at) : end]]
    return articles, f"{version} {end}" if end < len(rows) else None

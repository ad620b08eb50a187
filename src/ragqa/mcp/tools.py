"""The tools: what each does with the archive, and how assistants are told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

from anyio import from_thread
from pydantic import BaseModel

from ragqa.corpus import uploads
from ragqa.documents import answer_json, article_json, passages_json
from ragqa.errors import CorpusError, RagqaError
from ragqa.index import update
from ragqa.mcp.resources import opened, uri_of
from ragqa.mcp.schemas import (
    MOST_PIECE,
    PIECE,
    AddArguments,
    Added,
    Arguments,
    ArticlePage,
    ArticlePiece,
    AskArguments,
    Asked,
    ListArguments,
    ListedArticle,
    ReadArguments,
    SearchArguments,
    Searched,
)
from ragqa.pipeline import Pipeline
from ragqa.types import Answer, Article

_SUFFIXES = (".md", ".markdown", ".txt", ".html", ".htm")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool; those of one ``turn`` wait for each other."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    result: type[BaseModel]
    work: Callable[[Pipeline, Any], BaseModel]
    turn: Literal["ask", "look", "add"] = "look"


def ask(pipeline: Pipeline, given: AskArguments) -> Asked:
    """Answer a question with quotes; a request that is cancelled ends at the next snapshot."""
    snapshots = pipeline.stream(given.question, filters=given.filters, after=given.after, use_llm=False)
    document = answer_json(_last(snapshots), id=None, models={})
    lost = document["status"] == "not_found"
    return Asked.model_validate(
        document
        | {
            "short_answers": document["answers"],
            "citations": _addressed(document["citations"]),
            "nearest": _addressed(document["passages"]) if lost else [],
            "index": document["index"]["version"],
        }
    )


def search(pipeline: Pipeline, given: SearchArguments) -> Searched:
    """The best passages for a question."""
    found = pipeline.search(given.query, k=given.k, filters=given.filters, use_llm=False)
    return Searched.model_validate({"passages": _addressed(passages_json(found))})


def read_article(pipeline: Pipeline, given: ReadArguments) -> ArticlePiece:
    """The text of an article between two offsets. Raises RagqaError for offsets outside it."""
    article = pipeline.article(given.article_id)
    whole = len(article.text)
    end = min(given.end or given.start + PIECE, given.start + MOST_PIECE, whole)
    if given.start >= whole:
        raise RagqaError(
            f"start {given.start} lies outside {article.id}, which has {whole} characters from 0"
        )
    if given.end is not None and given.end <= given.start:
        raise RagqaError(f"end {given.end} is not after start {given.start}; give a larger one, or none")
    piece = {"start": given.start, "end": end, "text": article.text[given.start : end]}
    return ArticlePiece.model_validate(_described(article) | piece | {"next": end if end < whole else None})


def list_articles(pipeline: Pipeline, given: ListArguments) -> ArticlePage:
    """A page of the articles that pass the filters, newest first."""
    index = opened(pipeline)
    rows = index.newest_first(given.filters)
    end = given.offset + given.limit
    articles = [_described(index.articles[int(row)]) for row in rows[given.offset : end]]
    return ArticlePage(
        total=len(rows),
        articles=[ListedArticle.model_validate(article) for article in articles],
        next=end if end < len(rows) else None,
        index=index.manifest.version,
    )


def add_article(pipeline: Pipeline, given: AddArguments) -> Added:
    """Write a new article into the corpus and index it; one that cannot be indexed does not stay there.

    Raises UploadError, CorpusError, IndexBusyError.
    """
    settings = pipeline.settings
    name = uploads.safe_name(given.name)
    if not name.lower().endswith(_SUFFIXES):
        raise CorpusError(f"{name} is not a text; give a name that ends in .md, .txt or .html")
    was_there = (settings.corpus / name).exists()
    uploads.add(settings.corpus, name, given.text.encode("utf-8", "ignore"))
    try:
        built = update(settings)
        reason = next((entry.reason for entry in built.skipped if entry.file == name), "")
    except RagqaError:
        _take_back(pipeline, name, unless=was_there)
        raise
    if reason:
        _take_back(pipeline, name, unless=was_there)
        raise CorpusError(f"{name} was not added: {reason}; change its text and add it again")
    return Added(
        article_id=name,
        uri=uri_of(name),
        change="added" if name in built.changes.added else "unchanged",
        articles=built.articles,
        index=built.version,
    )


def _take_back(pipeline: Pipeline, name: str, *, unless: bool) -> None:
    if not unless:
        uploads.remove(pipeline.settings.corpus, name)


def _last(snapshots: Iterator[Answer]) -> Answer:
    with closing(snapshots):  # type: ignore[type-var]
        for answer in snapshots:
            last = answer
            from_thread.check_cancelled()
    return last


def _addressed(rows: list[Json]) -> list[Json]:
    return [row | {"uri": uri_of(row["article_id"])} for row in rows]


def _described(article: Article) -> Json:
    return article_json(article) | {"uri": uri_of(article.id)}


READING = (
    Tool(
        "ask",
        "Ask the archive",
        "Answer one question from the archive of Chinese and English articles, in the articles' own words. Every"
        " citation is an exact quote with its article, offsets, title, source and date: quote it unchanged and name"
        " its source. status not_found means that the archive seems to hold no answer; do not answer from it then."
        " A question in either language finds articles in both.",
        AskArguments,
        Asked,
        ask,
        "ask",
    ),
    Tool(
        "search",
        "Search the archive",
        "Find the passages of the archive that fit a question or words best, with article and offsets. Use it to"
        " look around a subject, or where ask found too little; read_article gives what stands around a passage.",
        SearchArguments,
        Searched,
        search,
    ),
    Tool(
        "read_article",
        "Read an article",
        "The text of one article between two offsets, and its title, source, author and date. Offsets count code"
        " points of the text and are those of citations and passages: read from some hundred before `start` to some"
        " hundred after `end` for the context of a quote.",
        ReadArguments,
        ArticlePiece,
        read_article,
    ),
    Tool(
        "list_articles",
        "List the articles",
        "The articles of the archive, newest first, narrowed by date, language, outlet and author, a page at a time.",
        ListArguments,
        ArticlePage,
        list_articles,
    ),
)
ADDING = Tool(
    "add_article",
    "Add an article",
    "Write a new article into the archive's folder and index it, so that it can be asked about. It never replaces"
    " one that is there. Only where the user asks for it.",
    AddArguments,
    Added,
    add_article,
    "add",
)

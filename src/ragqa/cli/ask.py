"""Commands that take questions: ask and search, one at a time or in a batch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import console
from ragqa.cli.app import (
    AuthorOption,
    BatchOption,
    Common,
    JsonOption,
    NumberOption,
    SinceOption,
    SourceOption,
    UntilOption,
    WrittenInOption,
    article_filter,
    verb,
)
from ragqa.errors import RagqaError, SettingsError

if TYPE_CHECKING:
    from ragqa.pipeline import Pipeline
    from ragqa.settings import Settings

_OPERATORS = (
    ' Beside it: -without (or -"two words"), title:word, after:2024-05 (from then on), before:2024 (earlier than it);'
    " a minus inside a word or before a number is none."
)
QuestionArgument = Annotated[
    str | None,
    typer.Argument(
        help=f'The question, in Chinese or English. Passages with "these words" come first.{_OPERATORS}'
    ),
]
QueryArgument = Annotated[
    str | None,
    typer.Argument(
        help=f'What to look for, in Chinese or English. Only passages with "these words".{_OPERATORS}'
    ),
]
RunOption = Annotated[
    Path | None, typer.Option("--run", help="Write a TREC run of articles here (with --batch).")
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Say what each passage's score is made of.")]
SearchNoLlmOption = Annotated[
    bool, typer.Option("--no-llm", help="Do not wait for the language model to translate the query.")
]


@verb("ask")
def ask(
    question: QuestionArgument = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
    no_llm: Annotated[bool, typer.Option("--no-llm", help="Leave out translations.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Add a written answer, checked against the quotes.")
    ] = False,
    k: NumberOption = None,
    language: Annotated[str | None, typer.Option(help="Language of the answer: zh or en.")] = None,
    after: Annotated[
        str | None, typer.Option(help="The question before this one, which this one follows up.")
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    written_in: WrittenInOption = None,
    source: SourceOption = None,
    author: AuthorOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 5 when the corpus holds no answer.")] = False,
    *,
    common: Common,
) -> None:
    """Answer a question with exact quotes from the articles.

    Example: ragqa ask "why did Brundage leave?"
    """
    _require_answerable(language, no_llm=no_llm, write=write)
    _require_one(question, batch)
    options: dict[str, Any] = {
        "k": k, "language": language, "use_llm": not no_llm, "write": write or None, "after": after,
        "filters": article_filter(since=since, until=until, written_in=written_in, source=source, author=author),
    }  # fmt: skip
    lines = list(console.read_batch(batch)) if batch else []
    # Translations load the language model when the first is needed.
    pipeline = _open(common.settings(), common, warm=write)

    def answer(text: str, id: Any) -> dict[str, Any]:
        from ragqa.documents import answer_json

        found = pipeline.answer(text, **options)
        return answer_json(found, id=id, models=pipeline.models)

    if batch:
        statuses = [_print_batch_line(line, answer) for line in lines]
    else:
        document = answer(question or "", None)
        statuses = [document["status"]]
        print(json.dumps(document, ensure_ascii=False) if as_json else console.answer_text(document))
    if strict and "not_found" in statuses:
        raise typer.Exit(5)


@verb("search")
def search(
    query: QueryArgument = None,
    batch: BatchOption = None,
    run: RunOption = None,
    as_json: JsonOption = False,
    explain: ExplainOption = False,
    no_llm: SearchNoLlmOption = False,
    k: NumberOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    written_in: WrittenInOption = None,
    source: SourceOption = None,
    author: AuthorOption = None,
    *,
    common: Common,
) -> None:
    """Find passages, best first; with --run, rank articles by their best passage.

    A query that articles in the other language may answer is translated first (about a second).

    Example: ragqa search "离职的原因 -融资 after:2024-05" -k 3 --explain
    """
    _require_one(query, batch)
    if run and not batch:
        raise SettingsError("--run needs --batch FILE.jsonl")
    settings = common.settings()
    trec: list[str] | None = [] if run else None
    options: dict[str, Any] = {
        "k": k or (100 if run else None), "use_llm": not no_llm, "explain": explain, "trec": trec,
        "filters": article_filter(since=since, until=until, written_in=written_in, source=source, author=author),
    }  # fmt: skip
    lines = list(console.read_batch(batch)) if batch else []
    if run:
        _require_writable(run)
    pipeline = _open(settings, common)

    def find(text: str, id: Any) -> dict[str, Any]:
        return _search_document(pipeline, text, id, **options)

    if batch:
        for line in lines:
            _print_batch_line(line, find)
        if run and trec is not None:
            run.write_text("".join(f"{row}\n" for row in trec), encoding="utf-8")
            common.say(f"wrote {len(trec)} lines to {run}")
        return
    document = find(query or "", None)
    shown = console.passages_text(document["passages"]) or "No passage passes the filter."
    print(json.dumps(document, ensure_ascii=False) if as_json else shown)


def _require_answerable(language: str | None, *, no_llm: bool, write: bool) -> None:
    if language not in (None, "zh", "en"):
        raise SettingsError(f"--language {language}: it is zh or en")
    if no_llm and write:
        raise SettingsError("--write needs the language model, and --no-llm leaves it out; give one of them")


def _search_document(
    pipeline: Pipeline, text: str, id: Any, *, explain: bool, trec: list[str] | None = None, **options: Any
) -> dict[str, Any]:
    """The document of one search; its lines of a TREC run are added to ``trec``."""
    from ragqa.documents import search_json
    from ragqa.text import column, language_of
    from ragqa.timing import Clock

    clock = Clock()
    passages = pipeline.search(text, by_article=trec is not None, **options)
    if trec is not None:
        trec.extend(
            f"{column(id)} Q0 {column(p.article.id)} {n} {p.score:.6f} ragqa"
            for n, p in enumerate(passages, start=1)
        )
    language, times = language_of(text), clock.times()
    return search_json(text, passages, id=id, language=language, timings_ms=times, explain=explain)


def _open(settings: Settings, common: Common, *, warm: bool = False) -> Pipeline:
    from ragqa.pipeline import Pipeline

    if sys.stderr.isatty():
        common.say("loading models …")
    return Pipeline.open(settings, warm=warm)


def _require_one(text: str | None, batch: Path | None) -> None:
    if (text is None) == (batch is None):
        raise SettingsError("give either one question or --batch FILE.jsonl")


def _require_writable(path: Path) -> None:
    """Check before the work that its result can be written."""
    try:
        path.touch()
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def _print_batch_line(line: tuple[Any, str | None, str], work: Any) -> str:
    """Print the document or the error of one batch line; its status."""
    identity, question, error = line
    document: dict[str, Any]
    try:
        document = work(question, identity) if question is not None else {"id": identity, "error": error}
    except (RagqaError, ValueError) as failure:
        document = {"id": identity, "error": str(failure)}
    print(json.dumps(document, ensure_ascii=False), flush=True)
    return str(document.get("status", "error"))

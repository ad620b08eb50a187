"""The command line: data on stdout, everything else on stderr. The only place that prints or exits."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa import __version__, terminal
from ragqa.errors import RagqaError, SettingsError
from ragqa.options import (
    BatchOption,
    Common,
    JsonOption,
    NumberOption,
    SinceOption,
    SourceOption,
    UntilOption,
    WrittenInOption,
    articles_wanted,
    verb,
)

if TYPE_CHECKING:
    from ragqa.pipeline import Pipeline
    from ragqa.settings import Settings

app = typer.Typer(
    name="ragqa",
    help="Answers over a corpus of articles, every sentence cited to an exact span. Offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@verb(app, "index")
def index_command(
    full: Annotated[bool, typer.Option("--full", help="Build anew instead of bringing up to date.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would change.")] = False,
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Bring the index up to date with the corpus.

    Example: ragqa index --corpus articles/ --index index/
    """
    settings = common.settings()
    _update(settings, common, full=full, dry_run=dry_run, as_json=as_json)


@verb(app, "ask")
def ask(
    question: Annotated[str | None, typer.Argument(help="The question, in Chinese or English.")] = None,
    batch: BatchOption = None,
    as_json: JsonOption = False,
    no_llm: Annotated[bool, typer.Option("--no-llm", help="Answer with verbatim sentences only.")] = False,
    k: NumberOption = None,
    language: Annotated[str | None, typer.Option(help="Language of the answer: zh or en.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    written_in: WrittenInOption = None,
    source: SourceOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 5 when the corpus holds no answer.")] = False,
    *,
    common: Common,
) -> None:
    """Answer a question, every sentence cited.

    Example: ragqa ask "why did Brundage leave?"
    """
    if language not in (None, "zh", "en"):
        raise SettingsError(f"--language {language}: it is zh or en")
    _require_one(question, batch)
    settings = common.settings()
    options: dict[str, Any] = {
        "k": k, "language": language, "use_llm": not no_llm,
        "wanted": articles_wanted(since=since, until=until, written_in=written_in, source=source),
    }  # fmt: skip
    lines = list(terminal.read_batch(batch)) if batch else []
    pipeline = _open(settings, common, generator=not no_llm)

    def answer(text: str, id: Any) -> dict[str, Any]:
        from ragqa.schema import answer_json

        found = pipeline.answer(text, **options)
        return answer_json(found, id=id, models=pipeline.models, index=pipeline.describe())

    if batch:
        statuses = [_print_batch_line(line, answer) for line in lines]
    else:
        document = answer(question or "", None)
        statuses = [document["status"]]
        print(json.dumps(document, ensure_ascii=False) if as_json else terminal.answer_text(document))
    if strict and "not_found" in statuses:
        raise typer.Exit(5)


@verb(app, "search")
def search(
    query: Annotated[str | None, typer.Argument(help="What to look for, in Chinese or English.")] = None,
    batch: BatchOption = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="Write a TREC run of articles here (with --batch).")
    ] = None,
    as_json: JsonOption = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each passage's score is made of.")
    ] = False,
    no_llm: Annotated[
        bool, typer.Option("--no-llm", help="Do not wait for the language model to translate the query.")
    ] = False,
    k: NumberOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    written_in: WrittenInOption = None,
    source: SourceOption = None,
    *,
    common: Common,
) -> None:
    """Find passages, best first; with --run, rank articles by their best passage.

    A query that articles in the other language may answer is translated first (about a second).

    Example: ragqa search "离职的原因" -k 3 --explain
    """
    from ragqa.answering import Clock

    _require_one(query, batch)
    if run and not batch:
        raise SettingsError("--run needs --batch FILE.jsonl")
    settings = common.settings()
    wanted = articles_wanted(since=since, until=until, written_in=written_in, source=source)
    lines = list(terminal.read_batch(batch)) if batch else []
    if run:
        _require_writable(run)
    pipeline = _open(settings, common, generator=False)
    trec: list[str] = []

    def find(text: str, id: Any) -> dict[str, Any]:
        from ragqa.schema import search_json

        clock = Clock()
        passages = pipeline.search(
            text, k=k or (100 if run else None), use_llm=not no_llm, by_article=run is not None, wanted=wanted
        )  # fmt: skip
        trec.extend(
            f"{_column(id)} Q0 {_column(p.article.id)} {n} {p.score:.6f} ragqa"
            for n, p in enumerate(passages, start=1)
        )
        return search_json(text, passages, id=id, timings_ms=clock.times(), explain=explain)

    if batch:
        for line in lines:
            _print_batch_line(line, find)
        if run:
            run.write_text("".join(f"{row}\n" for row in trec), encoding="utf-8")
            common.say(f"wrote {len(trec)} lines to {run}")
        return
    document = find(query or "", None)
    print(
        json.dumps(document, ensure_ascii=False) if as_json else terminal.passages_text(document["passages"])
    )


@verb(app, "show")
def show(
    article_id: Annotated[str, typer.Argument(help="The id that ask and search give.")],
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Show a stored article: the text that citations point into.

    Example: ragqa show brundage-three-reasons.md --json
    """
    from ragqa.index import Index
    from ragqa.schema import article_json

    article = Index.open(common.settings().index).article(article_id)
    if as_json:
        print(json.dumps(article_json(article), ensure_ascii=False))
    else:
        facts = [article.published or "no date", article.source, article.language]
        print(f"{article.title}\n{' · '.join(fact for fact in facts if fact)}\n\n{article.text}")


@verb(app, "add")
def add(
    files: Annotated[list[Path], typer.Argument(help="Articles to copy into the corpus.")],
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Copy articles into the corpus and index them.

    Example: ragqa add ~/Downloads/report.html
    """
    from ragqa.building import add_files

    settings = common.settings()
    for path in add_files(files, settings.corpus):
        common.say(f"copied to {path}")
    _update(settings, common, as_json=as_json)


@verb(app, "serve")
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    *,
    common: Common,
) -> None:
    """Open the page (what app.py does).

    Example: ragqa serve --port 8080
    """
    from ragqa.page import start

    start(common.settings(host=host, port=port))


@verb(app, "models")
def models_command(
    action: Annotated[str | None, typer.Argument(help="pull: fetch what is missing.")] = None,
    names: Annotated[list[str] | None, typer.Argument(help="Only these; default: the two defaults.")] = None,
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Show the model catalogue and what is present and verified; pull what is missing.

    Example: ragqa models pull
    """
    from ragqa import models

    if action not in (None, "pull"):
        raise SettingsError(f"ragqa models {action}: the only action is pull")
    home = common.settings().home
    if action == "pull":
        wanted = names or [entry.id for entry in models.catalogue() if entry.default]
        for name in wanted:
            with terminal.bar(f"pulling {name}", unit="bytes", quiet=common.quiet or as_json) as progress:
                path = models.pull(name, home=home, progress=lambda label, done, total: progress(done, total))
            common.say(f"{name} is at {path}")
    if action and not as_json:
        return
    statuses = models.status(home=home, verify=True)
    if as_json:
        print(json.dumps({"schema": "ragqa.models/1", "home": str(home), "models": [
            {"id": s.entry.id, "role": s.entry.role, "default": s.entry.default, "upstream": s.entry.upstream,
             "licence": s.entry.licence, "bytes": s.entry.bytes, "path": str(s.path), "present": s.present,
             "verified": s.verified, "detail": s.detail} for s in statuses
        ]}, ensure_ascii=False))  # fmt: skip
    else:
        for s in statuses:
            mark = "present" if s.present else "missing"
            print(f"{s.entry.id:36} {s.entry.role:10} {s.entry.bytes / 1e6:7.0f} MB  {mark:8} {s.detail}")


@verb(app, "doctor")
def doctor(
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Check models, index, corpus and disk; say what to run.

    Example: ragqa doctor
    """
    from ragqa.doctor import examine

    checks = examine(common.settings())
    failed = [check for check in checks if check.level == "fail"]
    if as_json:
        rows = [{"name": c.name, "level": c.level, "detail": c.detail, "run": c.run} for c in checks]
        print(json.dumps({"schema": "ragqa.doctor/1", "ok": not failed, "checks": rows}, ensure_ascii=False))
    else:
        for check in checks:
            print(
                f"{check.level:5} {check.name:10} {check.detail}"
                + (f"  → run: {check.run}" if check.run else "")
            )
    if failed:
        raise typer.Exit(failed[0].exit_code or 1)


def _update(
    settings: Settings,
    common: Common,
    *,
    full: bool = False,
    dry_run: bool = False,
    as_json: bool = False,
) -> None:
    from ragqa.building import build_index
    from ragqa.pipeline import load_encoder
    from ragqa.schema import index_json

    with terminal.bar("encoding", unit="chunks", quiet=common.quiet or as_json) as progress:
        built = build_index(
            settings.corpus, settings.index, encoder=lambda: load_encoder(settings), encoder_id=settings.encoder,
            chunk_size=settings.chunk_size, full=full, dry_run=dry_run, progress=progress,
        )  # fmt: skip
    for entry in built.skipped if common.verbose else ():
        common.say(f"skipped {entry.file}: {entry.reason}")
    document = index_json(built)
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return
    counts = ", ".join(f"{document[name]} {name}" for name in ("added", "changed", "removed", "unchanged"))
    would = "would hold" if dry_run else "holds"
    print(f"{settings.index}/ {would} {built.articles} articles in {built.chunks} chunks: {counts}")
    if built.skipped and not common.verbose:
        common.say(f"{len(built.skipped)} files were skipped; -v says why")


def _open(settings: Settings, common: Common, *, generator: bool) -> Pipeline:
    from ragqa.pipeline import Pipeline

    if sys.stderr.isatty():
        common.say("loading models …")
    return Pipeline.open(settings, warm=generator)


def _require_one(text: str | None, batch: Path | None) -> None:
    if (text is None) == (batch is None):
        raise SettingsError("give either one question or --batch FILE.jsonl")


def _require_writable(path: Path) -> None:
    """Find out before the work whether its result can be written."""
    try:
        path.touch()
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error


def _column(identity: Any) -> str:
    """An id as one column of a TREC run."""
    return re.sub(r"\s+", "_", str(identity)) if identity not in (None, "") else "-"


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


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the exit code. ``--debug`` anywhere shows tracebacks."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    if arguments == ["--version"]:
        print(f"ragqa {__version__}")
        return 0
    try:
        code = app(arguments, prog_name="ragqa", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        terminal.say("interrupted; nothing is lost")
        return 130
    except RagqaError as error:
        if debug:
            raise
        terminal.say(f"ragqa: {error}")
        return error.exit_code
    except Exception as error:
        return _unexpected(error, debug)


def _unexpected(error: Exception, debug: bool) -> int:
    """Usage errors show themselves; a closed pipe is no failure; anything else is a bug."""
    if hasattr(error, "show") and hasattr(error, "exit_code"):
        error.show()
        return int(error.exit_code)
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if debug:
        raise error
    terminal.say(f"ragqa: {type(error).__name__}: {error} (--debug shows where)")
    return 1


def run() -> None:
    """Console entry point."""
    terminal.leave(main())


if __name__ == "__main__":
    run()

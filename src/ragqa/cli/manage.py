"""Administrative commands: index, show, add, serve, mcp, models, doctor."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragqa.cli import console
from ragqa.cli.app import Common, JsonOption, verb
from ragqa.errors import RagqaError, SettingsError

if TYPE_CHECKING:
    from ragqa.settings import Settings


@verb("index")
def index_command(
    full: Annotated[bool, typer.Option("--full", help="Build anew instead of bringing up to date.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would change.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Go back to the version before.")] = False,
    snapshot: Annotated[Path | None, typer.Option(help="Copy the index into a new folder.")] = None,
    restore: Annotated[Path | None, typer.Option(help="Bring a snapshot back as the index.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Again after each change of the corpus, until Ctrl-C.")
    ] = False,
    engine: Annotated[
        str | None, typer.Option(help="What encodes: serial, ray or ray://host:port (docs/scale.md).")
    ] = None,
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Bring the index up to date with the corpus.

    Example: ragqa index --corpus articles/ --index index/
    """
    settings = common.settings(engine=engine)
    if sum(map(bool, (full or dry_run, rollback, snapshot, restore, watch))) > 1:
        raise SettingsError("of --full or --dry-run, --rollback, --snapshot, --restore, --watch give one")
    if rollback or snapshot or restore:
        _move(settings, snapshot=snapshot, restore=restore, as_json=as_json)
    elif watch:
        _watch(settings, common, as_json=as_json)
    else:
        _update(settings, common, full=full, dry_run=dry_run, as_json=as_json)


@verb("show")
def show(
    article_id: Annotated[str, typer.Argument(help="The id that ask and search give.")],
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Show a stored article: the text that citations point into.

    Example: ragqa show brundage-three-reasons.md --json
    """
    from ragqa.documents import article_json
    from ragqa.index import open_index

    article = open_index(common.settings().index).article(article_id)
    if as_json:
        print(json.dumps(article_json(article), ensure_ascii=False))
    else:
        facts = [article.author, article.published or "no date", article.source, article.language]
        print(f"{article.title}\n{' · '.join(fact for fact in facts if fact)}\n\n{article.text}")


@verb("add")
def add(
    files: Annotated[list[Path], typer.Argument(help="Articles to copy into the corpus.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a file of the same name that differs.")
    ] = False,
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Copy articles into the corpus and index them.

    Example: ragqa add ~/Downloads/report.html
    """
    from ragqa.index import add_files

    settings = common.settings()
    for path in add_files(files, settings.corpus, replace=replace):
        common.say(f"copied to {path}")
    _update(settings, common, as_json=as_json)


@verb("serve")
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.")] = None,
    *,
    common: Common,
) -> None:
    """Serve the page and the HTTP interface for programs.

    Example: ragqa serve --port 8080
    """
    from ragqa.server import start

    start(common.settings(host=host, port=port))


@verb("mcp")
def mcp_command(
    http: Annotated[bool, typer.Option("--http", help="Over HTTP, at /mcp, not stdin and stdout.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on, with --http.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on, with --http.")
    ] = None,
    allow_add: Annotated[bool, typer.Option("--allow-add", help="Let assistants add articles.")] = False,
    *,
    common: Common,
) -> None:
    """Serve the archive to assistants by the Model Context Protocol (needs ragqa[mcp]).

    Example: ragqa mcp --index index/
    """
    from ragqa.mcp import start

    if not http and (host is not None or port is not None):
        raise SettingsError(
            "--host and --port are for ragqa mcp --http; without it there is only stdin and stdout"
        )
    settings = common.settings(host=host, mcp_port=port)
    start(settings, http=http, allow_add=allow_add, say=common.say)


@verb("models")
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
    from ragqa.models import catalogue, pull

    if action not in (None, "pull"):
        raise SettingsError(f"ragqa models {action}: the only action is pull")
    home = common.settings().home
    if action == "pull":
        wanted = names or [entry.id for entry in catalogue.catalogue() if entry.default]
        for name in wanted:
            with console.bar(f"pulling {name}", unit="bytes", quiet=common.quiet or as_json) as progress:
                path = pull(name, home=home, progress=lambda label, done, total: progress(done, total))
            common.say(f"{name} is at {path}")
    if action and not as_json:
        return
    statuses = catalogue.status(home=home, verify=True)
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


@verb("doctor")
def doctor(
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Check models, index, corpus and disk; say what to run.

    Example: ragqa doctor
    """
    from ragqa.cli.doctor import examine

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


def _move(settings: Settings, *, snapshot: Path | None, restore: Path | None, as_json: bool) -> None:
    """Roll back, unless a snapshot is taken or restored."""
    from ragqa.index import require_folder, roll_back, snapshots
    from ragqa.settings import shown

    if snapshot:
        index = require_folder(settings.index, "--snapshot")
        version = snapshots.take(index, snapshot).version
        action, text = "snapshot", f"{snapshot}/ holds {version}, a verified copy of {index}/"
    elif restore:
        index = require_folder(settings.index, "--restore")
        version = snapshots.restore(restore, index, keep=settings.keep).version
        action, text = "restore", f"{index}/ holds what {restore}/ holds, as {version}"
    else:
        was, version = roll_back(settings.index)
        action, text = "rollback", f"{shown(settings.index)} is back at {version}; {was} is no longer current"
    document = {"schema": "ragqa.version/1", "action": action, "version": version}
    print(json.dumps(document) if as_json else text)


def _watch(settings: Settings, common: Common, *, as_json: bool) -> None:
    """Update after each change; an error is reported and the next change tries again."""
    from ragqa.corpus import changes

    for _ in changes(settings.corpus):
        try:
            _update(settings, common, as_json=as_json)
        except RagqaError as error:
            console.say(f"ragqa: {error}")
        common.say(f"watching {settings.corpus}; Ctrl-C ends it")


def _update(
    settings: Settings,
    common: Common,
    *,
    full: bool = False,
    dry_run: bool = False,
    as_json: bool = False,
) -> None:
    from ragqa.documents import index_json
    from ragqa.index import update
    from ragqa.settings import shown

    console.give_way(settings.nice)
    with console.bar("encoding", unit="chunks", quiet=common.quiet or as_json) as progress:
        built = update(settings, full=full, dry_run=dry_run, progress=progress)
    for entry in built.skipped if common.verbose else ():
        common.say(f"skipped {entry.file}: {entry.reason}")
    document = index_json(built)
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return
    counts = ", ".join(f"{document[name]} {name}" for name in ("added", "changed", "removed", "unchanged"))
    would = "would hold" if dry_run else "holds"
    print(f"{shown(settings.index)} {would} {built.articles} articles in {built.chunks} chunks: {counts}")
    if built.skipped and not common.verbose:
        common.say(f"{len(built.skipped)} files were skipped; -v says why")


def main() -> None:
    """Serve the page with the settings of this machine."""
    from ragqa.server import start
    from ragqa.settings import Settings

    code = 0
    try:
        start(Settings.load())
    except RagqaError as error:
        print(f"ragqa: {error}", file=sys.stderr)
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    console.leave(code)

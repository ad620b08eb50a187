"""The command-line application and the options that several commands share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
import typer.core

from ragqa.cli import console
from ragqa.errors import SettingsError

if TYPE_CHECKING:
    from ragqa.settings import Settings
    from ragqa.types import Filter

app = typer.Typer(
    name="ragqa",
    help="Answer questions over a corpus of articles with exact quotes. Offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout (one a line with --batch).")
]
BatchOption = Annotated[
    Path | None, typer.Option("--batch", help='JSON lines {"id", "question"}; - is stdin.')
]
NumberOption = Annotated[
    int | None, typer.Option("-k", min=1, max=1000, help="Passages (or articles) a question.")
]
SinceOption = Annotated[
    str | None, typer.Option(help="Only articles dated on or after: 2024, 2024-05, 2024-05-15.")
]
UntilOption = Annotated[str | None, typer.Option(help="Only articles dated on or before.")]
WrittenInOption = Annotated[
    str | None, typer.Option(help="Only articles written in this language: zh, en, ja, …")
]
SourceOption = Annotated[
    str | None, typer.Option(help="Only articles whose outlet or address contains this.")
]
AuthorOption = Annotated[str | None, typer.Option(help="Only articles whose author's name contains this.")]


@dataclass(frozen=True, slots=True)
class Common:
    """The options of every command."""

    corpus: Annotated[Path | None, typer.Option("--corpus", help="Folder of articles, or a .jsonl file.")] = (
        None
    )
    index: Annotated[
        str | None,
        typer.Option("--index", help="Folder of the index, or postgresql://… or milvus://…", metavar="PLACE"),
    ] = None
    config: Annotated[Path | None, typer.Option("--config", help="Settings as TOML.")] = None
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more on stderr.")] = False
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing on stderr but errors.")] = False

    def settings(self, **flags: Any) -> Settings:
        """The settings with these options and flags."""
        from ragqa.settings import Settings

        return Settings.load(self.config, corpus=self.corpus, index=self.index, **flags)

    def say(self, text: str) -> None:
        """A message on stderr, unless quiet."""
        if not self.quiet:
            console.say(text)


def article_filter(
    *, since: str | None, until: str | None, written_in: str | None, source: str | None, author: str | None
) -> Filter:
    """The filter that these options ask for. Raises SettingsError for what is no date or language."""
    from ragqa.types import Filter, checked_code, checked_date

    for option, check, given, accepted in (
        ("--since", checked_date, since, "2024, 2024-05 or 2024-05-31"),
        ("--until", checked_date, until, "2024, 2024-05 or 2024-05-31"),
        ("--written-in", checked_code, written_in, "a language code such as zh, en or ja"),
    ):
        try:
            if given is not None:
                check(given)
        except ValueError:
            raise SettingsError(f"{option} {given}: it is {accepted}") from None
    return Filter(since=since, until=until, language=written_in, source=source, author=author)


class DefaultVerb(typer.core.TyperGroup):
    """A group with ``run`` as its default command: ``evaluate GOLD`` is ``evaluate run GOLD``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command where none is given."""
        named = bool(args) and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if named or not args else ["run", *args])


def verb(name: str, *, of: typer.Typer = app) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a command; its parameter ``common`` stands for the options of Common."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(Common, include_extras=True)
        shared = [
            inspect.Parameter(
                f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name]
            )
            for f in fields(Common)
        ]
        own = [
            p for p in inspect.signature(function, eval_str=True).parameters.values() if p.name != "common"
        ]

        @wraps(function)
        def command(**arguments: Any) -> None:
            common = Common(**{p.name: arguments.pop(p.name) for p in shared})
            function(**arguments, common=common)

        parameters = [*own, *shared]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        of.command(name)(command)
        return function

    return register

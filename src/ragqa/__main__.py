"""Entry point of the command line: data on stdout, everything else on stderr; the only place that exits."""

from __future__ import annotations

import os
import re
import sys

import typer

from ragqa import __version__

# Importing the verbs registers them.
from ragqa.cli import app, ask, console, evaluate, keys, manage  # noqa: F401
from ragqa.errors import ModelError, RagqaError

_NO_ROOM = re.compile(
    r"failed to map segment|cannot allocate memory|can't allocate memory|bad_alloc", re.IGNORECASE
)


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
        console.say("interrupted; nothing is lost")
        return 130
    except RagqaError as error:
        if debug:
            raise
        console.say(f"ragqa: {error}")
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
    if _is_memory(error):
        console.say(
            "ragqa: there is not enough memory: about 3 GB must be free (about 1 GB without a language model,"
            " RAGQA_GENERATOR=none); close what else runs, or raise the limit"
        )
        return ModelError.exit_code
    console.say(f"ragqa: {type(error).__name__}: {error} (--debug shows where)")
    return 1


def _is_memory(error: BaseException | None) -> bool:
    """Whether memory ran out somewhere below an error; a library that found no room says so in words only."""
    while error is not None:
        if isinstance(error, MemoryError) or _NO_ROOM.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


def run() -> None:
    """Console entry point."""
    console.leave(main())


if __name__ == "__main__":
    run()

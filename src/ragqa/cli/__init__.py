"""The command line: one module a group of commands."""

from ragqa.cli import ask, console, evaluate, keys, manage
from ragqa.cli.app import app

__all__ = ["app", "ask", "console", "evaluate", "keys", "manage"]

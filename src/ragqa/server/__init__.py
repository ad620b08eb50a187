"""The page in a browser, the HTTP interface for programs, and their keys."""

from ragqa.server import keys
from ragqa.server.start import start

__all__ = ["keys", "start"]

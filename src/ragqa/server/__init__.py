"""The page in a browser and the HTTP interface for programs."""

from ragqa.server.app import start

__all__ = ["start"]

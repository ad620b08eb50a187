"""The page in a browser, the HTTP interface for programs, and their keys."""

from ragqa.server import keys
from ragqa.server.access import SHORTEST_PASSWORD, is_loopback
from ragqa.server.listening import address, bind
from ragqa.server.start import start

__all__ = ["SHORTEST_PASSWORD", "address", "bind", "is_loopback", "keys", "start"]

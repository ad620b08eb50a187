"""The models on this machine: catalogue, encoder, reader, language model."""

from ragqa.models import catalogue, loading
from ragqa.models.chat import readable, user_turn
from ragqa.models.download import pull
from ragqa.models.encoder import TextEncoder
from ragqa.models.generator import Timed
from ragqa.models.loading import LazyEncoder, LazyGenerator, LazyReader
from ragqa.models.protocols import Encoder, Generator, Message, Tokens
from ragqa.models.reader import FILE, Reader, Reading

__all__ = [
    "FILE",
    "Encoder",
    "Generator",
    "LazyEncoder",
    "LazyGenerator",
    "LazyReader",
    "Message",
    "Reader",
    "Reading",
    "TextEncoder",
    "Timed",
    "Tokens",
    "catalogue",
    "loading",
    "pull",
    "readable",
    "user_turn",
]

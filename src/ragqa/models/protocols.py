"""Protocols of encoder and language model, and the types that they exchange."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from ragqa.types import Vectors


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as its encoder reads it, token by token: contextual vectors, shape (t, dimension).

    ``starts`` are the characters at which tokens begin (below 0: before the text); ``weights`` say how
    much each tells, 0 for punctuation.
    """

    vectors: Vectors
    starts: npt.NDArray[np.int32]
    weights: Vectors


TokenSink = Callable[[int, Tokens], None]


class Encoder(Protocol):
    """Text to unit vectors, shape (n, dimension), float32.

    ``each`` receives the tokens of every text by its row, from encoders that have such.
    """

    id: str
    fingerprint: str

    @property
    def dimension(self) -> int: ...

    def encode_query(self, texts: Sequence[str], *, each: TokenSink | None = None) -> Vectors: ...

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        each: TokenSink | None = None,
    ) -> Vectors: ...


class Generator(Protocol):
    """Messages to text, greedy, piece by piece; closing the iterator stops the model.

    Empty pieces say that nothing new has come.
    """

    id: str

    def stream(
        self,
        messages: Sequence[Message],
        *,
        grammar: str | None = None,
        max_tokens: int = 256,
    ) -> Iterator[str]: ...

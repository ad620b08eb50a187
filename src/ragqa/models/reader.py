"""The reader: a cross-encoder that marks which words of a passage answer a question, and whether any do.

The reader that comes with the package is trained by ``training/`` on the body of the bundled encoder (its
card is docs/reader.md). Any sentence-transformers CrossEncoder can take its place: it then says how well
a passage and each of its sentences fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ragqa.errors import ModelDamagedError, ModelMissingError
from ragqa.models.tokenizing import tokenizer_of
from ragqa.text import sentence_spans

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from ragqa.models.graph import Network

FILE = Path(__file__).with_name("reader.safetensors")
# Tokens that are read of a question, and of both together.
QUESTION_TOKENS, WINDOW_TOKENS = 64, 448
QUESTION, STATEMENT = "query: ", "statement: "
# Tokens of one batch, padding included.
_BATCH_TOKENS = 2048
# Passages whose sentences a CrossEncoder reads one by one.
_BY_SENTENCE = 3

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reading:
    """The reader's output for one text.

    ``score`` is the logit that it answers at all, ``none`` the probability (0 to 1) that no place in it
    does. ``places`` are character spans in the text, shape (n, 2), in order; ``begins``, ``ends`` and
    ``inside``, shape (n,), the probability of each that an answer begins there, ends there, covers it.
    """

    score: float
    none: float
    places: Ints
    begins: Floats
    ends: Floats
    inside: Floats


class Reader(Protocol):
    """Reads a question with texts, and a statement with texts."""

    id: str

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """The output for each text."""
        ...

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        """The probability, 0 to 1, that each text supports the statement."""
        ...


def pair_text(asked: str, *, statement: bool = False) -> str:
    """The first text of a pair: a question or a statement, distinguished by its prefix."""
    return (STATEMENT if statement else QUESTION) + asked


class TrainedReader:
    """The package's own reader; several threads may read at once."""

    def __init__(self, network: Network, tokenizer: Tokenizer, *, id: str) -> None:
        self.id = id
        self._network = network
        self._tokenizer = tokenizer
        self._bos, self._eos = (_id(tokenizer, piece) for piece in ("<s>", "</s>"))

    @classmethod
    def load(cls, folder: Path, *, id: str, weights: Path = FILE) -> TrainedReader:
        """Put the stored weights on the encoder in ``folder``. Raises ModelMissingError or ModelDamagedError."""
        from ragqa.models import graph

        if not weights.is_file():
            raise ModelMissingError(f"the reader {weights} is missing; install ragqa again")
        try:
            return cls(graph.load(folder, reader=weights), tokenizer_of(folder), id=id)
        except MemoryError:
            raise
        except Exception as error:  # a damaged file makes its libraries raise nearly anything
            first = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelDamagedError(
                f"the reader {weights} is damaged ({first}); install ragqa again, and run: ragqa models pull"
            ) from error

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """The output for each text."""
        found: list[Reading | None] = [None] * len(texts)
        for rows, heads, offsets, (tags, answers, _) in self._batches(pair_text(question), texts):
            for at, row in enumerate(rows):
                found[row] = _reading(tags[at], float(answers[at]), heads, offsets[at])
        return [reading for reading in found if reading is not None]

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        """The probability that each text supports the statement."""
        found = [0.0] * len(texts)
        for rows, _, _, (_, _, supports) in self._batches(pair_text(statement, statement=True), texts):
            for at, row in enumerate(rows):
                found[row] = float(1 / (1 + np.exp(-supports[at])))
        return found

    def _batches(
        self, asked: str, texts: Sequence[str]
    ) -> Iterator[tuple[list[int], int, list[Ints], list[Floats]]]:
        """Rows, where their texts begin, their offsets, and what the model says of them; like lengths together."""
        head = self._tokenizer.encode(asked, add_special_tokens=False).ids[:QUESTION_TOKENS]
        first = [self._bos, *head, self._eos, self._eos]
        room = WINDOW_TOKENS - len(first) - 1
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        bodies = [(e.ids[:room], np.array(e.offsets[:room], np.int64).reshape(-1, 2)) for e in encoded]
        order = sorted(range(len(texts)), key=lambda row: len(bodies[row][0]))
        while order:
            width = len(bodies[order[-1]][0]) + len(first) + 1
            rows = [order.pop() for _ in range(min(len(order), max(1, _BATCH_TOKENS // width)))]
            ids = np.ones((len(rows), width), np.int64)
            mask = np.zeros((len(rows), width), np.int64)
            for at, row in enumerate(rows):
                whole = [*first, *bodies[row][0], self._eos]
                ids[at, : len(whole)] = whole
                mask[at, : len(whole)] = 1
            yield rows, len(first), [bodies[row][1] for row in rows], self._network.run(ids, mask)


class CrossEncoderReader:
    """A sentence-transformers CrossEncoder: it ranks passages, and the sentences of the best ones."""

    def __init__(self, model: Any, *, id: str) -> None:
        self.id = id
        self._model = model

    @classmethod
    def load(cls, location: str, *, id: str) -> CrossEncoderReader:
        """Load a local folder or a hub id of the local cache. Raises ModelMissingError or ModelDamagedError."""
        from sentence_transformers import CrossEncoder

        try:
            model = CrossEncoder(
                location,
                device="cpu",
                local_files_only=True,
                trust_remote_code=False,
                num_labels=1,
                model_kwargs={"use_safetensors": True},
            )
        except OSError as error:
            raise ModelMissingError(
                f"the reader {id} cannot be loaded from {location}; give a local CrossEncoder folder"
            ) from error
        except Exception as error:
            raise ModelDamagedError(f"the reader in {location} is damaged ({error})") from error
        return cls(model, id=id)

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """How well each text answers, and each sentence of the best texts."""
        scores = self._scores(question, texts)
        best = set(np.argsort(-scores, kind="stable")[:_BY_SENTENCE].tolist())
        spans = [sentence_spans(text) if row in best else [] for row, text in enumerate(texts)]
        pieces = [texts[row][a:b] for row, found in enumerate(spans) for a, b in found]
        told = iter(self._scores(question, pieces))
        return [
            _ranked(float(score), found, np.array([next(told) for _ in found], np.float32))
            for score, found in zip(scores, spans, strict=True)
        ]

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        """How well each text fits a statement: the nearest that a ranking model can say."""
        return [float(1 / (1 + np.exp(-score))) for score in self._scores(statement, texts)]

    def _scores(self, asked: str, texts: Sequence[str]) -> Floats:
        if not texts:
            return np.zeros(0, np.float32)
        from torch import nn

        pairs = [(asked, text) for text in texts]
        found = self._model.predict(pairs, activation_fn=nn.Identity(), show_progress_bar=False)
        return np.asarray(found, np.float32).reshape(-1)


def _id(tokenizer: Tokenizer, piece: str) -> int:
    found = tokenizer.token_to_id(piece)
    if found is None:
        raise ValueError(f"its tokenizer has no {piece}")
    return found


def _reading(tags: Floats, score: float, head: int, offsets: Ints) -> Reading:
    """Probabilities of a text's tokens from the logits of a whole row."""
    end = head + len(offsets)
    places = np.concatenate([tags[:1], tags[head:end]])
    begins, ends = (_softmax(places[:, column]) for column in (0, 1))
    inside = 1 / (1 + np.exp(-tags[head:end, 2]))
    none = float(np.sqrt(begins[0] * ends[0]))
    return Reading(score, none, offsets, begins[1:], ends[1:], np.asarray(inside, np.float32))


def _ranked(score: float, spans: Sequence[tuple[int, int]], told: Floats) -> Reading:
    shares = _softmax(told) if len(told) else told
    none = float(1 / (1 + np.exp(score)))
    places = np.array(spans, np.int64).reshape(-1, 2)
    return Reading(
        score, none, places, shares * (1 - none), shares * (1 - none), np.zeros(len(told), np.float32)
    )


def _softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum(), np.float32)

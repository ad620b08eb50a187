"""The bundled encoder on OpenVINO: the vectors of sentence-transformers without loading torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragqa.errors import ModelDamagedError, ModelMissingError
from ragqa.models import graph
from ragqa.models.encoder import TextEncoder, fingerprint, token_weights
from ragqa.models.graph import Ints
from ragqa.models.protocols import Tokens
from ragqa.models.tokenizing import tokenizer_of
from ragqa.types import Vectors

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer


class OpenVinoEncoder(TextEncoder):
    """A BERT body under mean pooling, as the bundled encoder is; several threads may use it."""

    def __init__(
        self,
        network: graph.Network,
        tokenizer: Tokenizer,
        *,
        id: str,
        fingerprint: str,
        prompts: Mapping[str, str],
        window: int,
    ) -> None:
        super().__init__(id=id, fingerprint=fingerprint, dimension=network.width)
        self._network = network
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._window = window

    @classmethod
    def load(cls, location: str, *, id: str) -> OpenVinoEncoder:
        """Load a local folder with a mean-pooled BERT. Raises ModelMissingError or ModelDamagedError."""
        folder = Path(location)
        try:
            facts = {
                "prompts": _read(folder / "config_sentence_transformers.json")["prompts"],
                "window": int(_read(folder / "sentence_bert_config.json")["max_seq_length"]),
            }
            # Compiling leaves the interpreter to the tokenizer, which takes as long.
            with ThreadPoolExecutor(1) as pool:
                compiling = pool.submit(graph.load, folder)
                tokenizer = tokenizer_of(folder)
            network = compiling.result()
        except FileNotFoundError as error:
            raise ModelMissingError(
                f"the encoder {id} cannot be loaded from {location} ({error.filename} is missing); "
                "run: ragqa models pull"
            ) from error
        except MemoryError:
            raise
        except Exception as error:  # a damaged folder makes its libraries raise nearly anything
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelDamagedError(
                f"the encoder in {location} is damaged ({first}); run: ragqa models pull"
            ) from error
        return cls(network, tokenizer, id=id, fingerprint=fingerprint(location), **facts)

    def _lengths(self, texts: Sequence[str]) -> list[int]:
        return [min(len(found.ids), self._window) for found in self._tokenizer.encode_batch_fast(list(texts))]

    def _forward(
        self, texts: Sequence[str], prompt: str, *, tokens: bool
    ) -> tuple[Vectors, Sequence[Tokens]]:
        prefix = self._prompts.get(prompt, "")
        encoded = self._tokenizer.encode_batch([prefix + text for text in texts])
        kept = [_kept(len(each.ids), self._window) for each in encoded]
        shape = len(texts), max(len(rows) for rows in kept)
        ids, mask = np.ones(shape, np.int64), np.zeros(shape, np.int64)
        for at, (each, rows) in enumerate(zip(encoded, kept, strict=True)):
            ids[at, : len(rows)] = np.array(each.ids)[rows]
            mask[at, : len(rows)] = 1
        (states,) = self._network.run(ids, mask)
        weight = mask[:, :, None].astype(np.float32)
        vectors = (states * weight).sum(axis=1) / weight.sum(axis=1)
        told = [
            _tokens(each, rows, state, len(prefix))
            for each, rows, state in zip(encoded, kept, states, strict=True)
            if tokens
        ]
        return vectors, told


def _kept(tokens: int, window: int) -> Ints:
    """The tokens that fit the window: the last one ends every text, and stays."""
    return np.append(np.arange(min(tokens, window) - 1), tokens - 1)


def _tokens(encoded: Encoding, rows: Ints, states: Vectors, head: int) -> Tokens:
    """Token vectors of a text itself: without prompt, padding and special tokens."""
    offsets = np.array(encoded.offsets, np.int64)[rows]
    # A token may take the space before its word along; the prompt's own end in that space.
    own = (offsets[:, 1] > head) & ~np.array(encoded.special_tokens_mask, dtype=bool)[rows]
    pieces = [encoded.tokens[row] for row in rows[own]]
    weights = token_weights(np.array(encoded.ids)[rows[own]], pieces)
    return Tokens(states[: len(rows)][own], (offsets[own, 0] - head).astype(np.int32), weights)


def _read(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded

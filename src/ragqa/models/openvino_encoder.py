"""The bundled encoder on OpenVINO: the vectors of sentence-transformers without loading torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragqa.errors import ModelDamagedError, ModelMissingError
from ragqa.models import graph
from ragqa.models.encoder import TextEncoder, fingerprint, token_weights
from ragqa.models.protocols import Tokens
from ragqa.types import Vectors

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer


class OpenVinoEncoder(TextEncoder):
    """A BERT body under mean pooling, as the bundled encoder is; several threads may use it."""

    def __init__(
        self, network: graph.Network, tokenizer: Tokenizer, *, id: str, fingerprint: str, prompts: dict[str, str]
    ) -> None:
        super().__init__(id=id, fingerprint=fingerprint, dimension=network.width)
        self._network = network
        self._tokenizer = tokenizer
        self._prompts = prompts

    @classmethod
    def load(cls, location: str, *, id: str) -> OpenVinoEncoder:
        """Load a local folder with a mean-pooled BERT. Raises ModelMissingError or ModelDamagedError."""
        from tokenizers import Tokenizer

        folder = Path(location)
        try:
            settings = _read(folder / "config_sentence_transformers.json")
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            tokenizer.enable_truncation(int(_read(folder / "sentence_bert_config.json")["max_seq_length"]))
            tokenizer.no_padding()
            network = graph.load(folder)
        except FileNotFoundError as error:
            raise ModelMissingError(
                f"the encoder {id} cannot be loaded from {location} ({error.filename} is missing); "
                "run: ragqa models pull"
            ) from error
        except MemoryError:
            raise
        except Exception as error:  # a damaged folder makes its libraries raise nearly anything
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelDamagedError(f"the encoder in {location} is damaged ({first}); run: ragqa models pull") from error
        return cls(network, tokenizer, id=id, fingerprint=fingerprint(location), prompts=settings["prompts"])

    def _lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(found.ids) for found in self._tokenizer.encode_batch_fast(list(texts))]

    def _forward(
        self, texts: Sequence[str], prompt: str, *, tokens: bool
    ) -> tuple[Vectors, Sequence[Tokens]]:
        prefix = self._prompts.get(prompt, "")
        encoded = self._tokenizer.encode_batch([prefix + text for text in texts])
        shape = len(texts), max(len(each.ids) for each in encoded)
        ids, mask = np.ones(shape, np.int64), np.zeros(shape, np.int64)
        for at, each in enumerate(encoded):
            ids[at, : len(each.ids)] = each.ids
            mask[at, : len(each.ids)] = 1
        (states,) = self._network.run(ids, mask)
        weight = mask[:, :, None].astype(np.float32)
        vectors = (states * weight).sum(axis=1) / weight.sum(axis=1)
        return vectors, list(_tokens(encoded, states, len(prefix))) if tokens else []


def _tokens(encoded: Sequence[Encoding], states: Vectors, head: int) -> Iterator[Tokens]:
    """Token vectors of the texts themselves: without prompt, padding and special tokens."""
    for each, state in zip(encoded, states, strict=True):
        offsets = np.array(each.offsets, np.int64).reshape(-1, 2)
        # A token may take the space before its word along; the prompt's own end in that space.
        own = (offsets[:, 1] > head) & ~np.array(each.special_tokens_mask, dtype=bool)
        ids = np.array(each.ids)[own]
        starts = (offsets[own, 0] - head).astype(np.int32)
        pieces = [each.tokens[at] for at in np.flatnonzero(own)]
        yield Tokens(state[: len(own)][own], starts, token_weights(ids, pieces))


def _read(path: Path) -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return loaded

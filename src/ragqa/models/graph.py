"""BERT on OpenVINO, built from the weights as they are stored: nothing is converted beforehand or kept twice.

The embeddings stay in their file, mapped, and only the rows of a text's tokens are read. What runs are the layers:
in bfloat16 where the processor multiplies it natively, else in single precision.
Source of the form: Devlin et al. 2019, arXiv 1810.04805.
"""

from __future__ import annotations

import functools
import json
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ragqa.importing import absent

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Arrays = Mapping[str, npt.NDArray[Any]]

_TYPES = {"F32": np.float32, "F16": np.float16, "I8": np.int8}
_SCALE, _BODY = ".scale", "body."
# What a position that holds no token adds to the logit of looking at it.
_UNSEEN = -1e4
# What was begun ahead, until it is asked for.
_begun: dict[tuple[Path, Path | None], Future[Network]] = {}


def mapped(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a safetensors file, mapped. Raises OSError or ValueError where it is none."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if not 0 < size <= path.stat().st_size - 8:
            raise ValueError(f"{path} has no safetensors header")
        header = json.loads(file.read(size))
    # Copied where written, which nothing does: OpenVINO shares no memory that is for reading only.
    content = np.memmap(path, np.uint8, "c", offset=8 + size)
    found = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _TYPES:
            raise ValueError(f"{path}: {name} has the type {entry['dtype']}; known are {', '.join(_TYPES)}")
        start, end = entry["data_offsets"]
        found[name] = content[start:end].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return found


class Weights:
    """The weights of an encoder, and what a reader adds to them (training/export.py has the format)."""

    def __init__(self, encoder: Arrays, reader: Arrays | None = None) -> None:
        self._encoder, self._reader = encoder, reader or {}

    def body(self, name: str) -> npt.NDArray[Any]:
        """An array of the body."""
        base, change = self._encoder[name], self._reader.get(_BODY + name)
        if change is None:
            return base
        scale = self._reader.get(_BODY + name + _SCALE)
        return np.asarray(base + change.astype(np.float32) * (1 if scale is None else scale))

    def head(self, name: str) -> npt.NDArray[Any]:
        """An array of the reader's heads."""
        return self._reader[name]


class Network:
    """A compiled body with its outputs; threads take turns, for one of them uses all cores."""

    def __init__(self, weights: Weights, config: Mapping[str, Any], compiled: Any) -> None:
        self._words = weights.body("embeddings.word_embeddings.weight")
        self._places = np.array(weights.body("embeddings.position_embeddings.weight"))
        self._places = self._places + weights.body("embeddings.token_type_embeddings.weight")[0]
        self.width = int(config["hidden_size"])
        self._request = compiled.create_infer_request()
        self._turn = threading.Lock()

    def inputs(self, ids: Ints, mask: Ints) -> dict[str, Floats]:
        """What the layers read for rows of token ids: sums of embeddings, and what is added to unseen places."""
        return {
            "states": np.asarray(self._words[ids] + self._places[: ids.shape[1]], np.float32),
            "unseen": np.asarray((1 - mask)[:, None, None, :] * _UNSEEN, np.float32),
        }

    def run(self, ids: Ints, mask: Ints) -> list[Floats]:
        """The outputs for rows of token ids, shape (n, t); ``mask`` is 1 where a token is, 0 behind the end."""
        inputs = self.inputs(ids, mask)
        with self._turn:
            found = self._request.infer(inputs)
            return [np.array(found[at], np.float32) for at in range(len(found))]


def ahead(folder: Path, *, reader: Path | None = None) -> None:
    """Begin to compile what ``load`` will be asked for, in the background; ``load`` raises what prevents it.

    Compiling leaves the interpreter to other work, so begin it before what does not, as imports or a tokenizer.
    """
    if (folder, reader) not in _begun:
        with suppress(Exception):  # a damaged file makes its libraries raise nearly anything
            _begun[folder, reader] = _begin(folder, reader)


def load(folder: Path, *, reader: Path | None = None) -> Network:
    """The body of the encoder in a folder; with a reader's file, as that changes it and under its heads.

    Without a reader the output is the last state of every token, shape (n, t, width); with one the logits of tags
    (n, t, 3), of "answers" (n,) and of "supports" (n,).
    """
    return (_begun.pop((folder, reader), None) or _begin(folder, reader)).result()


def _begin(folder: Path, reader: Path | None) -> Future[Network]:
    """The graph is built at once, which takes the interpreter, and compiled by a thread of its own."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = Weights(mapped(folder / "model.safetensors"), mapped(reader) if reader else None)
    model = _model(weights, config, heads=reader is not None)
    pool = ThreadPoolExecutor(1, "ragqa-compile")
    compiling = pool.submit(lambda: Network(weights, config, _compiled(model)))
    pool.shutdown(wait=False)
    return compiling


@functools.cache
def _openvino() -> Any:
    """The library, without its converters: importing them reports to its makers over the internet."""
    with absent("openvino.tools.ovc"):
        import openvino
    return openvino


@functools.cache
def _core() -> Any:
    return _openvino().Core()


def _precision() -> str:
    return "bf16" if "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES") else "f32"


def _compiled(model: Any) -> Any:
    return _core().compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": _precision(),
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
        },
    )


def _model(weights: Weights, config: Mapping[str, Any], *, heads: bool) -> Any:
    openvino = _openvino()
    op = openvino.opset13
    width = int(config["hidden_size"])
    states = op.parameter([-1, -1, width], np.float32, name="states")
    unseen = op.parameter([-1, 1, 1, -1], np.float32, name="unseen")
    layers = _Layers(weights, config)
    found = layers.norm(states, "embeddings.LayerNorm")
    for at in range(int(config["num_hidden_layers"])):
        found = layers.layer(found, unseen, f"encoder.layer.{at}.")
    return openvino.Model(layers.heads(found) if heads else [found], [states, unseen], "bert")


class _Layers:
    """The parts of the graph, by the names that their weights have."""

    def __init__(self, weights: Weights, config: Mapping[str, Any]) -> None:
        self._op: Any = _openvino().opset13
        self._weights = weights
        self._epsilon = float(config["layer_norm_eps"])
        self._heads = int(config["num_attention_heads"])

    def layer(self, states: Any, unseen: Any, name: str) -> Any:
        """One layer: attention, then two products, each added to what came in."""
        op = self._op
        query, key, value = (
            self._split(states, f"{name}attention.self.{part}") for part in ("query", "key", "value")
        )
        seen = op.transpose(
            op.scaled_dot_product_attention(query, key, value, unseen), self._ints(0, 2, 1, 3)
        )
        seen = op.reshape(seen, self._ints(0, 0, -1), True)
        states = self.norm(
            op.add(self._product(seen, f"{name}attention.output.dense"), states),
            f"{name}attention.output.LayerNorm",
        )
        inner = op.gelu(self._product(states, f"{name}intermediate.dense"), "erf")
        return self.norm(
            op.add(self._product(inner, f"{name}output.dense"), states), f"{name}output.LayerNorm"
        )

    def norm(self, states: Any, name: str) -> Any:
        """A layer norm."""
        op, body = self._op, self._weights.body
        level = op.mvn(states, self._ints(-1), True, self._epsilon, "inside_sqrt")
        return op.add(
            op.multiply(level, self._floats(body(f"{name}.weight"))), self._floats(body(f"{name}.bias"))
        )

    def heads(self, states: Any) -> Sequence[Any]:
        """Tags of every token; "answers" and "supports" from the first."""
        op, head = self._op, self._weights.head
        first = op.gather(states, self._ints(0, shape=()), self._ints(1, shape=()))

        def product(inputs: Any, name: str) -> Any:
            weight, bias = self._floats(head(f"{name}.weight")), self._floats(head(f"{name}.bias"))
            return op.add(op.matmul(inputs, weight, False, True), bias)

        return [
            product(states, "tags"),
            *(
                op.squeeze(product(op.gelu(product(first, f"{name}.0"), "erf"), f"{name}.2"), self._ints(1))
                for name in ("answers", "supports")
            ),
        ]

    def _split(self, states: Any, name: str) -> Any:
        """A product as (n, heads, t, width of a head)."""
        op = self._op
        rows = op.reshape(self._product(states, name), self._ints(0, 0, self._heads, -1), True)
        return op.transpose(rows, self._ints(0, 2, 1, 3))

    def _product(self, states: Any, name: str) -> Any:
        op, body = self._op, self._weights.body
        weight, bias = self._floats(body(f"{name}.weight")), self._floats(body(f"{name}.bias"))
        return op.add(op.matmul(states, weight, False, True), bias)

    def _floats(self, values: npt.NDArray[Any]) -> Any:
        """A constant that shares the memory of the array, or of the file that it is mapped from."""
        return self._op.constant(np.ascontiguousarray(values, np.float32), shared_memory=True)

    def _ints(self, *values: int, shape: tuple[int, ...] | None = None) -> Any:
        return self._op.constant(np.array(values, np.int64).reshape(len(values) if shape is None else shape))

"""What 8 bits would bring to the encoder: its layers on ONNX Runtime and on OpenVINO, in turn in one process.

    pip install onnx onnxruntime
    python benchmarks/eight_bits.py --texts PACK/corpus.jsonl [--packs PACK ...]

Neither package is the product's. Prints Markdown: tokens a second (median of five), to OpenVINO in the
precision in use, and the cosines of the texts' vectors to those; for packs the nDCG@10 of the vectors alone.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from retrieval import measures, questions_of

from ragqa.models import catalogue, graph
from ragqa.models.openvino_encoder import OpenVinoEncoder
from ragqa.settings import Settings

Floats = npt.NDArray[np.float32]
BATCH, TEXTS, ROUNDS = 8, 64, 5
EIGHT: Mapping[str, dict[str, Any]] = {
    "ONNX Runtime, 8 bits": {"weight_type": QuantType.QInt8, "per_channel": True},
    "ONNX Runtime, 7 bits of 8": {"weight_type": QuantType.QInt8, "per_channel": True, "reduce_range": True},
    "ONNX Runtime, 8 bits unsigned": {"weight_type": QuantType.QUInt8},
}


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--texts", type=Path, required=True)
    arguments.add_argument("--packs", type=Path, nargs="*", default=[])
    chosen = arguments.parse_args()
    settings = Settings.load()
    folder = Path(catalogue.locate(settings.encoder, role="encoder", home=settings.home))
    encoder = OpenVinoEncoder.load(str(folder), id=settings.encoder)
    with chosen.texts.open(encoding="utf-8") as lines:
        texts = [json.loads(line)["text"][:300] for line, _ in zip(lines, range(2 * TEXTS), strict=False)]
    texts = sorted(texts, key=lambda text: encoder._lengths([text]))[-TEXTS:]
    encoders = {"OpenVINO, in use": encoder}
    with patch.object(graph._Layers, "_product", _eight_bits):
        encoders["OpenVINO, weights in 8 bits"] = _on(encoder, graph.load(folder))
    with tempfile.TemporaryDirectory() as work:
        for name, model in _models(folder, Path(work)).items():
            encoders[name] = _on(encoder, _OnOnnx(model, encoder._network))
    _print(encoders, [texts[at : at + BATCH] for at in range(0, TEXTS, BATCH)])
    for pack in chosen.packs:
        for name, own in encoders.items():
            print(f"| {pack.name} | {name} | {_gain(pack, own):.4f} |", flush=True)


def _gain(pack: Path, encoder: OpenVinoEncoder) -> float:
    """nDCG@10 of a pack's articles, each as one text, by the cosine to its questions."""
    with (pack / "corpus.jsonl").open(encoding="utf-8") as lines:
        articles = [json.loads(line) for line in lines]
    ids = [article["id"] for article in articles]
    vectors = encoder.encode_passages([article["text"] for article in articles])
    questions = list(questions_of(pack))
    near = encoder.encode_query([question.text for question in questions]) @ vectors.T
    best = np.argsort(-near, axis=1)[:, :10]
    gains = [
        measures([ids[row] for row in rows], question.relevant)[2]
        for question, rows in zip(questions, best, strict=True)
    ]
    return float(np.mean(gains))


def _on(encoder: OpenVinoEncoder, network: Any) -> OpenVinoEncoder:
    """The same encoder over other layers."""
    found = copy.copy(encoder)
    found._network = network
    return found


def _print(encoders: Mapping[str, OpenVinoEncoder], batches: Sequence[Sequence[str]]) -> None:
    first, *_ = encoders
    spent: dict[str, list[float]] = {name: [] for name in encoders}
    vectors: dict[str, Floats] = {}
    for _ in range(ROUNDS):
        for name, encoder in encoders.items():
            began = time.perf_counter()
            found = np.concatenate([encoder._forward(batch, "passage", tokens=False)[0] for batch in batches])
            spent[name].append(time.perf_counter() - began)
            vectors[name] = found / np.linalg.norm(found, axis=1, keepdims=True)
    tokens = sum(sum(encoders[first]._lengths(batch)) for batch in batches)
    print("| encoder on | tokens/s | to what is in use | cosine, mean | least |\n|---|---|---|---|---|")
    for name, seconds in spent.items():
        ratio = np.median(spent[first]) / np.median(seconds)
        near = (vectors[first] * vectors[name]).sum(1)
        print(
            f"| {name} | {tokens / np.median(seconds):,.0f} | {ratio:.2f} | {near.mean():.4f} | {near.min():.4f} |"
        )


def _eight_bits(layers: Any, states: Any, name: str) -> Any:
    """``graph._Layers._product`` with its weights in 8 bits a row, which OpenVINO multiplies as it sees fit."""
    op = layers._op
    weight = np.asarray(layers._weights.body(f"{name}.weight"), np.float32)
    scale = np.abs(weight).max(1, keepdims=True) / 127
    stored = op.constant(np.round(weight / scale).astype(np.int8))
    known = op.multiply(op.convert(stored, np.float32), layers._floats(scale))
    bias = layers._floats(layers._weights.body(f"{name}.bias"))
    return op.add(op.matmul(states, known, False, True), bias)


class _OnOnnx:
    """The layers on ONNX Runtime, between the inputs and the outputs of a network."""

    def __init__(self, model: Path, network: graph.Network) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self._inputs = network.inputs

    def run(self, ids: graph.Ints, mask: graph.Ints) -> list[Floats]:
        """As ``graph.Network.run``."""
        return [np.asarray(self._session.run(None, self._inputs(ids, mask))[0], np.float32)]


def _models(folder: Path, work: Path) -> dict[str, Path]:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    single = work / "single.onnx"
    onnx.save(_Graph(graph.Weights(graph.mapped(folder / "model.safetensors")), config).model(), single)
    found = {"ONNX Runtime, single precision": single}
    for number, (name, options) in enumerate(EIGHT.items()):
        found[name] = work / f"{number}.onnx"
        quantize_dynamic(single, found[name], op_types_to_quantize=["MatMul"], **options)
    return found


class _Graph:
    """The layers of ``ragqa.models.graph`` in ONNX."""

    def __init__(self, weights: graph.Weights, config: Mapping[str, Any]) -> None:
        self._weights, self._config = weights, config
        self._nodes: list[Any] = []
        self._held: list[Any] = []

    def model(self) -> Any:
        """From the sum of the embeddings to the last states."""
        heads = int(self._config["num_attention_heads"])
        width = int(self._config["hidden_size"])
        found = self._norm("states", "embeddings.LayerNorm")
        for at in range(int(self._config["num_hidden_layers"])):
            found = self._layer(found, f"encoder.layer.{at}.", heads, width)
        kinds = {"states": ["n", "t", width], "unseen": ["n", 1, 1, "t"], found: ["n", "t", width]}
        values = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, kind) for name, kind in kinds.items()
        ]
        whole = helper.make_graph(self._nodes, "bert", values[:2], values[2:], self._held)
        return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)

    def _layer(self, states: str, name: str, heads: int, width: int) -> str:
        shape = self._array(np.array([0, 0, heads, width // heads]))
        query, key, value = (
            self._op(
                "Transpose",
                self._op("Reshape", self._product(states, f"{name}attention.self.{part}"), shape),
                perm=[0, 2, 3, 1] if part == "key" else [0, 2, 1, 3],
            )
            for part in ("query", "key", "value")
        )
        root = self._array(np.float32((width // heads) ** -0.5))
        near = self._op("Add", self._op("Mul", self._op("MatMul", query, key), root), "unseen")
        seen = self._op("MatMul", self._op("Softmax", near, axis=-1), value)
        joined = self._array(np.array([0, 0, width]))
        seen = self._op("Reshape", self._op("Transpose", seen, perm=[0, 2, 1, 3]), joined)
        states = self._op("Add", self._product(seen, f"{name}attention.output.dense"), states)
        states = self._norm(states, f"{name}attention.output.LayerNorm")
        inner = self._op("Gelu", self._product(states, f"{name}intermediate.dense"))
        out = self._op("Add", self._product(inner, f"{name}output.dense"), states)
        return self._norm(out, f"{name}output.LayerNorm")

    def _norm(self, states: str, name: str) -> str:
        scale, bias = (self._array(self._weights.body(f"{name}.{part}")) for part in ("weight", "bias"))
        epsilon = float(self._config["layer_norm_eps"])
        return self._op("LayerNormalization", states, scale, bias, axis=-1, epsilon=epsilon)

    def _product(self, states: str, name: str) -> str:
        weight = self._array(np.asarray(self._weights.body(f"{name}.weight"), np.float32).T)
        return self._op(
            "Add", self._op("MatMul", states, weight), self._array(self._weights.body(f"{name}.bias"))
        )

    def _op(self, kind: str, *inputs: str, **options: Any) -> str:
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=f"{kind}-{name}", **options))
        return name

    def _array(self, values: Any) -> str:
        name = f"c{len(self._held)}"
        kind = np.int64 if np.asarray(values).dtype == np.int64 else np.float32
        self._held.append(numpy_helper.from_array(np.array(values, kind, order="C"), name))
        return name


if __name__ == "__main__":
    main()

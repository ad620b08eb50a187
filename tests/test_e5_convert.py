"""The encoder pack becomes a folder that sentence-transformers loads, with the right numbers in it."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer
from support.real import needs_models
from tokenizers import Tokenizer

from ragqa.errors import ModelDamagedError
from ragqa.models import e5_convert
from ragqa.settings import Settings

HIDDEN, LAYERS, FFN, ROWS, POSITIONS = 32, 2, 64, 16, 8
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), ("a", -3.0),
          ("b", -3.0), ("▁a", -4.0), ("ab", -3.5), ("好", -5.0), ("<mask>", 0.0)]  # fmt: skip
# U+200D is where sentencepiece's own map has moved on; the others it agrees with.
TABLE = {"\t": " ", "\u200d": " ", "Ａ": "A", "ａ": "a", "ﬁ": "fi"}
# Scale 0.5; byte j holds j in its low nibble (weight j) and 15 - j in its high one (weight j + 16).
BLOCK = struct.pack("<e", 0.5) + bytes(j | (15 - j) << 4 for j in range(16))
BLOCK_VALUES = [(j - 8) * 0.5 for j in range(16)] + [(7 - j) * 0.5 for j in range(16)]


def tensors() -> dict[str, tuple[int, int, bytes]]:
    def q4(weights: int) -> tuple[int, int, bytes]:
        return 1, weights, BLOCK * (weights // 32)

    def f32(weights: int, value: float) -> tuple[int, int, bytes]:
        return 0, weights, struct.pack("<f", value) * weights

    found = {"emb.word": q4(ROWS * HIDDEN), "emb.pos": f32(POSITIONS * HIDDEN, 0.25)}
    found |= {"emb.type": f32(2 * HIDDEN, 0.0), "emb.ln.w": f32(HIDDEN, 1.0), "emb.ln.b": f32(HIDDEN, 0.0)}
    square = [(name, HIDDEN, HIDDEN) for name in ("q", "k", "v", "ao")]
    for layer in range(LAYERS):
        for name, rows, columns in (*square, ("fi", FFN, HIDDEN), ("fo", HIDDEN, FFN)):
            found[f"l{layer}.{name}.w"] = q4(rows * columns)
            found[f"l{layer}.{name}.b"] = f32(rows, 0.125 * (layer + 1))
        for name in ("aln", "oln"):
            found[f"l{layer}.{name}.w"], found[f"l{layer}.{name}.b"] = f32(HIDDEN, 1.0), f32(HIDDEN, 0.0)
    return found


def pack_bytes() -> bytes:
    """The smallest pack that has everything a real one has."""
    header = struct.pack("<4sI7ifi", b"E5S1", 1, HIDDEN, LAYERS, 2, FFN, ROWS, POSITIONS, 2, 1e-12, 32)
    blob = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0] + [len(piece) for piece in blob])
    header += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, int(ends[-1])) + ends.astype("<u4").tobytes()
    header += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(blob)
    table = b"".join(struct.pack(f"<IB{len(r)}I", ord(c), len(r), *map(ord, r)) for c, r in TABLE.items())
    header += struct.pack("<iI", len(TABLE), len(table)) + table + struct.pack("<i", len(tensors()))
    at = len(header) + sum(2 + len(name) + 21 for name in tensors())
    directory, data = b"", b""
    for name, (kind, weights, raw) in tensors().items():
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", kind, weights, at + len(data), len(raw))
        data += raw
    return header + directory + data


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.bin"
    path.write_bytes(pack_bytes())
    return path


@pytest.fixture
def folder(tmp_path: Path, pack: Path) -> Path:
    e5_convert.convert(pack, tmp_path / "tiny")
    return tmp_path / "tiny"


def test_each_block_has_its_own_scale() -> None:
    other = struct.pack("<e", -2.0) + bytes([0x0F]) + bytes([0x88]) * 15
    values = e5_convert.dequantise(np.frombuffer(BLOCK + other, np.uint8))
    assert values[:32].tolist() == BLOCK_VALUES
    assert values[32:].tolist() == [-14.0] + [0.0] * 15 + [16.0] + [0.0] * 15


def test_the_weights_have_berts_names_shapes_and_the_right_values(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    assert weights["embeddings.word_embeddings.weight"].shape == (ROWS, HIDDEN)
    assert weights["embeddings.word_embeddings.weight"][5].tolist() == BLOCK_VALUES
    assert weights["embeddings.position_embeddings.weight"].tolist() == [[0.25] * HIDDEN] * POSITIONS
    assert weights["encoder.layer.1.intermediate.dense.weight"].shape == (FFN, HIDDEN)
    assert weights["encoder.layer.1.output.dense.weight"].shape == (HIDDEN, FFN)
    assert weights["encoder.layer.1.output.dense.weight"][3].tolist() == BLOCK_VALUES * 2
    assert weights["encoder.layer.0.attention.self.key.bias"].tolist() == [0.125] * HIDDEN
    assert weights["encoder.layer.1.attention.self.key.bias"].tolist() == [0.25] * HIDDEN
    assert {str(weight.dtype) for weight in weights.values()} == {"float32"}


def test_the_config_says_what_the_header_said(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    assert config["model_type"] == "bert"
    assert (config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]) == (32, 2, 2)
    assert (config["intermediate_size"], config["vocab_size"]) == (FFN, ROWS)
    assert config["layer_norm_eps"] == 1e-12


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("ab", ["▁", "ab"]),  # -5.5 beats ▁a b (-7)
        ("a", ["▁a"]),
        ("ａ好", ["▁a", "好"]),
        ("a  b ", ["▁a", "▁", "b"]),
        ("a\tb", ["▁a", "▁", "b"]),
        ("a\u200db", ["▁a", "▁", "b"]),
        ("a猫犬", ["▁a", "<unk>"]),
        ("", []),
    ],
)
def test_text_becomes_the_most_probable_pieces(folder: Path, text: str, tokens: list[str]) -> None:
    encoding = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text)
    assert [PIECES[number][0] for number in encoding.ids] == ["<s>", *tokens, "</s>"]


def test_decomposed_letters_are_composed(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert tokenizer.normalizer.normalize_str("cafe\u0301") == "café"


def test_sentence_transformers_loads_the_folder_and_knows_its_prompts(folder: Path) -> None:
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    assert model.prompts == {"query": "query: ", "document": "passage: "}
    assert model.max_seq_length == POSITIONS
    vectors = model.encode(["ab", "好 " * 50])
    assert vectors.shape == (2, HIDDEN)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)


def test_converting_again_replaces_the_folder_and_leaves_nothing_else(folder: Path, pack: Path) -> None:
    (folder / "stale.json").write_text("{}")
    before = (folder / "model.safetensors").read_bytes()
    e5_convert.convert(pack, folder)
    assert not (folder / "stale.json").exists()
    assert (folder / "model.safetensors").read_bytes() == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["tiny", "tiny.bin"]


@pytest.mark.parametrize("content", [b"", b"GGUF" + bytes(200), pack_bytes()[:200], pack_bytes()[:-64]])
def test_what_is_not_a_whole_pack_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.bin"
    bad.write_bytes(content)
    with pytest.raises(ModelDamagedError, match=r"bad\.bin is not an encoder pack: .*ragqa models pull"):
        e5_convert.convert(bad, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bad.bin"]


# Checked once against the pack's own C engine, run with exact activations: cosine 1.000000 (0.9999 with
# the int8 activations it ships with).
KNOWN = [
    ("query", "Which country won the most medals at the 2018 Winter Olympics?",
     [0.0390, 0.0216, -0.0063, 0.0035, 0.0017, -0.0358, 0.0309, 0.0173]),
    ("document", "人工智能研究者布伦戴奇宣布离开，他希望更自由地发表观点。",
     [0.0884, 0.0356, -0.0317, -0.0290, 0.0959, -0.0190, -0.0191, 0.0055]),
    ("document", "OpenAI 的 Miles Brundage 於2024年10月離職，his reasons were stated in a long post.",
     [0.0707, -0.0111, -0.0139, 0.0021, 0.0914, -0.0493, -0.0082, 0.0464]),
]  # fmt: skip


class TestTheRealEncoder:
    pytestmark = needs_models

    @pytest.mark.parametrize(("prompt", "text", "expected"), KNOWN, ids=["English", "Chinese", "mixed"])
    def test_it_gives_the_known_vectors(self, prompt: str, text: str, expected: list[float]) -> None:
        folder = Settings.load().home / "models" / "multilingual-e5-small-q4"
        model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        vector = model.encode([text], prompt_name=prompt)[0]
        assert vector.shape == (384,)
        assert vector[:8] == pytest.approx(expected, abs=2e-4)

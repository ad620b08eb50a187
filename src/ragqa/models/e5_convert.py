"""Convert the 4-bit encoder pack into a sentence-transformers folder.

The pack is data from a wheel (design.md, section 7, has the format); nothing in it is run. Used once,
by ``models.pull``; what comes out is loaded like any other local model.
"""

from __future__ import annotations

import json
import mmap
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ragqa.errors import ModelDamagedError

if TYPE_CHECKING:
    from tokenizers.normalizers import Normalizer

Floats = npt.NDArray[np.float32]

_MAGIC, _VERSION, _BLOCK = b"E5S1", 1, 32
_F32, _Q4_0 = 0, 1
_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
          "max_position_embeddings", "type_vocab_size")  # fmt: skip
_PROMPTS = {"query": "query: ", "document": "passage: "}
_MODULES = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
_EMBEDDINGS = {"word": "word_embeddings.weight", "pos": "position_embeddings.weight",
               "type": "token_type_embeddings.weight", "ln.w": "LayerNorm.weight",
               "ln.b": "LayerNorm.bias"}  # fmt: skip
_LAYER = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
          "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
          "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pieces:
    """The Unigram vocabulary: pieces with their log probabilities, and the special ids."""

    vocabulary: list[tuple[str, float]]
    bos: int
    eos: int
    pad: int
    unk: int


@dataclass(frozen=True, slots=True)
class Pack:
    """What a pack file holds.

    ``sizes`` has the names of BERT's config; ``table`` maps a character to what it is normalised to;
    ``tensors`` gives (type, elements, offset from the file's start, bytes) by name.
    """

    data: mmap.mmap
    sizes: dict[str, int]
    epsilon: float
    pieces: Pieces
    table: dict[str, str]
    tensors: dict[str, tuple[int, int, int, int]]

    def tensor(self, name: str) -> Floats:
        """Read a tensor as float32, flat; Q4_0 blocks are expanded."""
        if name not in self.tensors:
            raise ValueError(f"it has no tensor {name}")
        kind, elements, offset, size = self.tensors[name]
        raw = np.frombuffer(self.data, np.uint8, size, offset)
        if kind not in (_F32, _Q4_0):
            raise ValueError(f"tensor {name} has the unknown type {kind}")
        values = raw.view("<f4").astype(np.float32) if kind == _F32 else dequantise(raw)
        if len(values) != elements:
            raise ValueError(f"tensor {name} has {len(values)} values instead of {elements}")
        return values


def convert(pack: Path, folder: Path) -> None:
    """Write the model in ``pack`` to ``folder`` as sentence-transformers reads it, in one step.

    Raises ModelDamagedError when the file is not a pack. An earlier ``folder`` is replaced.
    """
    part = folder.with_name(folder.name + ".folder.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        content = read(pack)
        _write_weights(content, part / "model.safetensors")
        _write_tokenizer(content, part / "tokenizer.json")
        _write_settings(content, part)
    except (ValueError, struct.error) as error:  # UnicodeDecodeError is a ValueError
        shutil.rmtree(part, ignore_errors=True)
        raise ModelDamagedError(f"{pack} is not an encoder pack: {error}; run: ragqa models pull") from error
    shutil.rmtree(folder, ignore_errors=True)
    part.replace(folder)


def read(path: Path) -> Pack:
    """Read the header, vocabulary and directory of a pack; tensors stay in the mapped file."""
    with path.open("rb") as file:
        buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, version = struct.unpack_from("<4sI", buffer)
    if magic != _MAGIC or version != _VERSION:
        raise ValueError(f"it starts with {magic!r}, version {version}")
    *sizes, epsilon, block = struct.unpack_from("<7ifi", buffer, 8)
    if block != _BLOCK:
        raise ValueError(f"its blocks hold {block} weights instead of {_BLOCK}")
    pieces, at = _read_pieces(buffer, 8 + struct.calcsize("<7ifi"))
    entries, size = struct.unpack_from("<iI", buffer, at)
    table = dict(_read_table(buffer, at + 8, entries))
    tensors = dict(_read_directory(buffer, at + 8 + size))
    named = dict(zip(_SIZES, sizes, strict=True))
    # The header holds a float32: 1e-12 comes back as 9.99999996e-13.
    return Pack(buffer, named, float(f"{epsilon:.6g}"), pieces, table, tensors)


def dequantise(raw: npt.NDArray[np.uint8]) -> Floats:
    """Expand Q4_0 blocks (f16 scale, 16 bytes of two nibbles) to 32 float32 values each."""
    blocks = raw.reshape(-1, 2 + _BLOCK // 2)
    scale = np.ascontiguousarray(blocks[:, :2]).view("<f2").astype(np.float32)
    nibbles = blocks[:, 2:]
    values = np.empty((len(blocks), _BLOCK), np.float32)
    np.multiply((nibbles & 15).astype(np.int8) - np.int8(8), scale, out=values[:, : _BLOCK // 2])
    np.multiply((nibbles >> 4).astype(np.int8) - np.int8(8), scale, out=values[:, _BLOCK // 2 :])
    return values.ravel()


def _read_pieces(buffer: mmap.mmap, at: int) -> tuple[Pieces, int]:
    count, bos, eos, pad, unk, size = struct.unpack_from("<5iQ", buffer, at)
    at += struct.calcsize("<5iQ")
    offsets = np.frombuffer(buffer, "<u4", count + 1, at).tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(buffer, "<f4", count, at).tolist()
    at += 4 * count
    blob = buffer[at : at + size]
    pieces = [blob[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
    return Pieces(list(zip(pieces, scores, strict=True)), bos, eos, pad, unk), at + size


def _read_table(buffer: mmap.mmap, at: int, entries: int) -> Iterator[tuple[str, str]]:
    for _ in range(entries):
        code, length = struct.unpack_from("<IB", buffer, at)
        result = struct.unpack_from(f"<{length}I", buffer, at + 5)
        yield chr(code), "".join(map(chr, result))
        at += 5 + 4 * length


def _read_directory(buffer: mmap.mmap, at: int) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    (count,) = struct.unpack_from("<i", buffer, at)
    at += 4
    for _ in range(count):
        (length,) = struct.unpack_from("<H", buffer, at)
        name = buffer[at + 2 : at + 2 + length].decode()
        at += 2 + length
        yield name, struct.unpack_from("<BIQQ", buffer, at)
        at += struct.calcsize("<BIQQ")


def _write_weights(pack: Pack, path: Path) -> None:
    from safetensors.numpy import save_file

    hidden, layers, _, ffn, vocabulary, positions, types = (pack.sizes[name] for name in _SIZES)
    square = (hidden, hidden)
    dimensions: dict[str, tuple[int, int]] = {
        "word": (vocabulary, hidden), "pos": (positions, hidden), "type": (types, hidden),
        "q": square, "k": square, "v": square, "ao": square, "fi": (ffn, hidden), "fo": (hidden, ffn),
    }  # fmt: skip
    weights = {
        f"embeddings.{theirs}": pack.tensor(f"emb.{ours}").reshape(dimensions.get(ours, -1))
        for ours, theirs in _EMBEDDINGS.items()
    }
    for layer in range(layers):
        for ours, theirs in _LAYER.items():
            name = f"encoder.layer.{layer}.{theirs}"
            weights[f"{name}.weight"] = pack.tensor(f"l{layer}.{ours}.w").reshape(dimensions.get(ours, -1))
            weights[f"{name}.bias"] = pack.tensor(f"l{layer}.{ours}.b")
    # BertModel has a pooler that mean pooling never reads; without weights it warns at each load.
    weights["pooler.dense.weight"] = np.zeros(square, np.float32)
    weights["pooler.dense.bias"] = np.zeros(hidden, np.float32)
    save_file(weights, path, metadata={"format": "pt"})
    path.chmod(0o644)  # safetensors leaves it to its owner; a models folder may be shared


def _write_tokenizer(pack: Pack, path: Path) -> None:
    from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers, processors
    from tokenizers.models import Unigram

    pieces = pack.pieces
    name = _special_names(pieces)
    tokenizer = Tokenizer(Unigram(pieces.vocabulary, unk_id=pieces.unk, byte_fallback=False))
    tokenizer.normalizer = _normaliser(pack.table)
    # As upstream: splitting at white space first drops doubled and trailing spaces, as SentencePiece does.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    bos, eos = name["bos_token"], name["eos_token"]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, pieces.bos), (eos, pieces.eos)],
    )
    tokenizer.add_special_tokens([
        AddedToken(token, lstrip=key == "mask_token", normalized=False, special=True)
        for key, token in name.items()
    ])  # fmt: skip
    tokenizer.save(str(path))


def _special_names(pieces: Pieces) -> dict[str, str]:
    ids = {"bos_token": pieces.bos, "eos_token": pieces.eos, "unk_token": pieces.unk, "pad_token": pieces.pad}
    names = {key: pieces.vocabulary[number][0] for key, number in ids.items()}
    return names | {"mask_token": "<mask>"}  # last in XLM-R's vocabulary; the header has no field for it


def _normaliser(table: dict[str, str]) -> Normalizer:
    """Build nmt_nfkc from SentencePiece's own map, corrected where the pack's ``table`` says otherwise.

    The table has single code points only; the map composes sequences as well (e + U+0301), as
    upstream's tokenizer does. They part where Unicode and the rule have moved on: at U+200D today.
    """
    from tokenizers import normalizers

    precompiled = normalizers.Precompiled(_charsmap())
    corrections = [
        normalizers.Replace(character, result)
        for character, result in table.items()
        if precompiled.normalize_str(character) != result
    ]
    return normalizers.Sequence([*corrections, precompiled])


def _charsmap() -> bytes:
    """Take the precompiled map out of the normaliser that SentencePiece makes for nmt_nfkc."""
    from sentencepiece import SentencePieceNormalizer

    model = SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto()
    normaliser_spec, precompiled_charsmap = 3, 2  # field numbers in sentencepiece_model.proto
    return dict(_fields(dict(_fields(model))[normaliser_spec]))[precompiled_charsmap]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Walk the length-delimited fields of a protobuf message; others are stepped over."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, after = (0, at + {1: 8, 5: 4}[key & 7]) if key & 7 in (1, 5) else _varint(message, at)
        if key & 7 == 2:
            yield key >> 3, message[after : after + value]
            after += value
        at = after


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while message[at] & 0x80:
        value |= (message[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | message[at] << shift, at + 1


def _write_settings(pack: Pack, folder: Path) -> None:
    names = _special_names(pack.pieces)
    limit = pack.sizes["max_position_embeddings"]
    files: dict[str, Any] = {
        "config.json": _config(pack),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": limit,
                                  "model_input_names": ["input_ids", "attention_mask"]} | names,
        "special_tokens_map.json": names,
        "sentence_bert_config.json": {"max_seq_length": limit, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": _PROMPTS, "default_prompt_name": None,
                                              "similarity_fn_name": "cosine"},
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(_MODULES)
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": pack.sizes["hidden_size"],
                                  "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
    }  # fmt: skip
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _config(pack: Pack) -> dict[str, Any]:
    return pack.sizes | {
        "architectures": ["BertModel"], "model_type": "bert", "torch_dtype": "float32", "hidden_act": "gelu",
        "layer_norm_eps": pack.epsilon, "position_embedding_type": "absolute", "initializer_range": 0.02,
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
        "pad_token_id": pack.pieces.pad, "bos_token_id": pack.pieces.bos, "eos_token_id": pack.pieces.eos,
    }  # fmt: skip

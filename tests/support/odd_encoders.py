"""Encoders that are not what they should be, loaded one after another: ``python odd_encoders.py FOLDER``.

Prints JSON: what became of each. A small BERT with random weights is made and then spoiled in many ways.
huggingface_hub is imported before any model is loaded, as gradio does in the page: what keeps it offline by then
is that ragqa was imported.
"""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bombs import bomb

Spoil = Callable[[Path], object]
ELSEWHERE = "somebody/else"


def make(folder: Path) -> None:
    """A sentence-transformers folder of 32 dimensions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "lamp", "tower"]
    tokenizer = Tokenizer(models.WordLevel({name: n for n, name in enumerate(names)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), names, strict=False))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder / "bert")
    config = BertConfig(
        vocab_size=6, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "bert")
    whole = SentenceTransformer(modules=[Transformer(str(folder / "bert")), Pooling(32)], device="cpu")
    whole.save(str(folder / "whole"), create_model_card=False)  # the card would look its makers up
    shutil.rmtree(folder / "bert")


def edit(name: str, **changes: Any) -> Spoil:
    """Change settings in a file of JSON."""

    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), encoding="utf-8")

    return change


def flip(folder: Path) -> None:
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)


def cut(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def without_tokenizer(folder: Path) -> None:
    for path in folder.glob("tokenizer*"):
        path.unlink()


def as_bin(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def as_bomb(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(bomb(folder / "gone-off"))
    (folder / "model.safetensors").unlink()


def with_module(kind: str, weights: str = "") -> Spoil:
    """One more module, of some kind and perhaps with a bomb for weights."""

    def add(folder: Path) -> None:
        modules = json.loads((folder / "modules.json").read_text("utf-8"))
        modules.append({"idx": 2, "name": "2", "path": "2_More", "type": kind})
        (folder / "modules.json").write_text(json.dumps(modules), encoding="utf-8")
        (folder / "2_More").mkdir()
        if weights:
            (folder / "2_More" / weights).write_bytes(bomb(folder / "gone-off"))
        (folder / "2_More" / "config.json").write_text('{"in_features": 32, "out_features": 32}')

    return add


REMOTE = {"AutoModel": f"{ELSEWHERE}--modeling.Model", "AutoConfig": f"{ELSEWHERE}--modeling.Config"}
SPOILS: dict[str, Spoil] = {
    "whole": lambda folder: None,
    "one bit of the weights": flip,
    "weights cut off": cut,
    "no tokenizer": without_tokenizer,
    "a .bin instead of safetensors": as_bin,
    "a bomb instead of safetensors": as_bomb,
    "a module whose weights are a bomb": with_module(
        "sentence_transformers.models.Dense", "pytorch_model.bin"
    ),
    "a module of somebody else's": with_module(f"{ELSEWHERE}--custom.Module"),
    "a module from the standard library": with_module("subprocess.Popen"),
    "auto_map to a hub repository": edit("config.json", auto_map=REMOTE),
    "auto_map and an unknown kind of model": edit("config.json", auto_map=REMOTE, model_type="unheard-of"),
    "a tokenizer's auto_map to a hub repository": edit(
        "tokenizer_config.json",
        tokenizer_class="Own",
        auto_map={"AutoTokenizer": [f"{ELSEWHERE}--own.Own", None]},
    ),
    "attention from a hub repository": edit("config.json", _attn_implementation=ELSEWHERE),
    "attention from a hub repository, in public": edit("config.json", attn_implementation=ELSEWHERE),
}


def become(location: str) -> dict[str, str]:
    """What becomes of an encoder: its fingerprint, or what it is refused with."""
    from ragqa.errors import RagqaError
    from ragqa.models.encoder import SentenceEncoder

    try:
        encoder = SentenceEncoder.load(location, id="odd")
        encoder.encode_query(["lamp tower"])
    except RagqaError as error:
        return {"refused": str(error)}
    except Exception as error:
        return {"raised": f"{type(error).__name__}: {error}"}
    return {"fingerprint": encoder.fingerprint}


def in_cache(cache: Path, whole: Path, revision: str, spoil: Spoil) -> None:
    """Put a folder into the hub's cache as the newest revision of org/tiny."""
    home = cache / "hub" / "models--org--tiny"
    shutil.copytree(whole, home / "snapshots" / revision)
    spoil(home / "snapshots" / revision)
    (home / "refs").mkdir(exist_ok=True)
    (home / "refs" / "main").write_text(revision)


def main(folder: Path) -> None:
    """Make, spoil and load them all; $HF_HOME is FOLDER/cache."""
    for name in ("ragqa", "huggingface_hub"):
        importlib.import_module(name)
    make(folder)
    told = {}
    for number, (name, spoil) in enumerate(SPOILS.items()):
        home = folder / str(number)
        shutil.copytree(folder / "whole", home)
        spoil(home)
        told[name] = become(str(home)) | {"gone off": str((home / "gone-off").exists())}
    for name, revision, spoil in (("hub", "a" * 40, SPOILS["whole"]), ("newer on the hub", "b" * 40, flip)):
        in_cache(folder / "cache", folder / "whole", revision, spoil)
        told[name] = become("org/tiny")
    told["not in the cache"] = become("org/absent")
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""An index and an encoder that do not belong together, and encoders that are not what they should be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fakes import ScriptedGenerator, TokenEncoder, WordEncoder, write_corpus
from support.faults import build, contents, sealed, version_of
from support.house import WHY, House
from support.tally import Tally

from ragqa.errors import IndexMismatchError, ModelDamagedError, RagqaError
from ragqa.index.index import Index
from ragqa.models.encoder import fingerprint
from ragqa.types import Vectors

REBUILD = "run: ragqa index --full"


# --- another encoder than the index was built with -------------------------------------------

MODULES = ["Transformer", "Pooling", "Normalize"]
FOLDER: dict[str, Any] = {
    "modules.json": [
        {"idx": n, "type": f"sentence_transformers.models.{name}"} for n, name in enumerate(MODULES)
    ],
    "1_Pooling/config.json": {"pooling_mode_mean_tokens": True},
    "config_sentence_transformers.json": {"prompts": {"query": "query: "}, "similarity_fn_name": "cosine"},
    "sentence_bert_config.json": {"max_seq_length": 512},
    "vocab.txt": "lamp",
    "model.safetensors": "weights" * 9999,
}
OTHERS: dict[str, dict[str, Any]] = {
    "another revision of its weights": {"model.safetensors": "weighed" * 9999},
    "another prompt": {
        "config_sentence_transformers.json": {"prompts": {"query": ""}, "similarity_fn_name": "cosine"}
    },
    "another pooling": {"1_Pooling/config.json": {"pooling_mode_cls_token": True}},
    "no normalisation": {"modules.json": FOLDER["modules.json"][:2]},
    "another metric": {
        "config_sentence_transformers.json": {"prompts": {"query": "query: "}, "similarity_fn_name": "dot"}
    },
    "another window": {"sentence_bert_config.json": {"max_seq_length": 256}},
    "another vocabulary": {"vocab.txt": "lump"},
}


def folder_of(home: Path, contents: dict[str, Any]) -> Path:
    for name, content in contents.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return home


def refused(house: House, act: Callable[[], object]) -> bool:
    """Whether something is refused with the command that helps, and the index stays as it is."""
    before = contents(house.settings.index)
    try:
        act()
    except IndexMismatchError as error:
        return REBUILD in str(error) and contents(house.settings.index) == before
    return False


def asking(house: House) -> object:
    return house.open(ScriptedGenerator([""])).answer(WHY)


def indexing(house: House) -> object:
    (house.settings.corpus / "more.txt").write_text("灯塔的灯又亮了。", encoding="utf-8")
    return house.build({})


def test_an_index_of_another_encoder_is_refused(chinese: House, tmp_path: Path, tally: Tally) -> None:
    first = fingerprint(str(folder_of(tmp_path / "encoder", FOLDER)))
    chinese.encoder = WordEncoder(fingerprint=first)
    shutil.rmtree(chinese.settings.index)
    chinese.build({})
    others = {"another encoder": WordEncoder(id="other", fingerprint=first)}
    for name, changed in OTHERS.items():
        print_of = fingerprint(str(folder_of(tmp_path / name, FOLDER | changed)))
        others[name] = WordEncoder(fingerprint=print_of)
    done = {}
    for name, other in others.items():
        chinese.encoder = other
        done[name] = refused(chinese, lambda: asking(chinese)) and refused(chinese, lambda: indexing(chinese))
    tally("E1", "another encoder, revision, prompt, pooling, normalisation, metric, window or vocabulary: ask and index refuse with the remedy", sum(done.values()), len(done))  # fmt: skip
    assert all(done.values()), done


def narrow(house: House) -> None:
    """Vectors of another dimension in the index itself, with their hash in its manifest."""
    import faiss

    home = version_of(house.settings.index)
    flat = faiss.IndexFlatIP(4)
    flat.add(
        np.eye(4, dtype=np.float32)[np.zeros(Index.open(house.settings.index).manifest.chunks, dtype=int)]
    )
    (home / "vectors.faiss").write_bytes(faiss.serialize_index(flat).data)
    sealed(house.settings.index)


def test_another_dimension_is_refused_in_the_same_words(chinese: House, tally: Tally) -> None:
    done = {}
    encoders = {
        "another encoder": TokenEncoder(id="other"),
        "other weights": TokenEncoder(fingerprint="other"),
    }
    for name, encoder in encoders.items():
        assert encoder.dimension != WordEncoder().dimension
        chinese.encoder = encoder
        done[name] = refused(chinese, lambda: asking(chinese)) and refused(chinese, lambda: indexing(chinese))
    chinese.encoder = WordEncoder()
    narrow(chinese)
    done["vectors of another dimension in the index"] = refused(chinese, lambda: asking(chinese))
    tally(
        "E2",
        "another dimension: refused with the remedy, no assertion of faiss",
        sum(done.values()),
        len(done),
    )
    assert all(done.values()), done


# --- an encoder that gives what cannot be vectors --------------------------------------------


class Broken(TokenEncoder):
    """Gives what ``spoil`` makes of its vectors."""

    def __init__(self, spoil: Callable[[Vectors], Any]) -> None:
        super().__init__()
        self._spoil = spoil

    def encode_passages(self, texts: Any, **options: Any) -> Any:
        return self._spoil(super().encode_passages(texts, **options))


def first_row(value: float) -> Callable[[Vectors], Vectors]:
    def spoil(vectors: Vectors) -> Vectors:
        vectors = vectors.copy()
        vectors[0] = value
        return vectors

    return spoil


def one_value(value: float) -> Callable[[Vectors], Vectors]:
    def spoil(vectors: Vectors) -> Vectors:
        vectors = vectors.copy()
        vectors[-1, -1] = value
        return vectors

    return spoil


SPOILS: dict[str, Callable[[Vectors], Any]] = {
    "NaN": one_value(float("nan")),
    "infinite": one_value(float("inf")),
    "zero": first_row(0.0),
    "too long": first_row(3.0),
    "a dimension too many": lambda vectors: np.pad(vectors, ((0, 0), (0, 1))),
    "a dimension too few": lambda vectors: vectors[:, :-1],
    "a vector missing": lambda vectors: vectors[:-1],
}


def told(corpus: Path, index: Path, spoil: Callable[[Vectors], Any]) -> bool:
    """Whether a build is refused with a word about the encoder."""
    try:
        build(corpus, index, Broken(spoil))
    except ModelDamagedError as error:
        return "the encoder words gave" in str(error) and "run: ragqa doctor" in str(error)
    except RagqaError:
        return False
    return False


def test_a_build_refuses_vectors_that_are_none(tmp_path: Path, tally: Tally) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    build(corpus, tmp_path / "index", TokenEncoder())
    before = contents(tmp_path / "index")
    (corpus / "more.txt").write_text("灯塔的灯又亮了。图书馆也开门了。", encoding="utf-8")
    done = {}
    for name, spoil in SPOILS.items():
        fresh = tmp_path / name
        done[name, "first build"] = told(corpus, fresh, spoil) and not (fresh / "current").exists()
        done[name, "update"] = (
            told(corpus, tmp_path / "index", spoil) and contents(tmp_path / "index") == before
        )
    tally("D11", "an encoder gives NaN, Inf, zero, other lengths, a dimension too many or too few, a vector too few: first build and update refuse, the old version stays", sum(done.values()), len(done))  # fmt: skip
    assert all(done.values()), done
    # Nothing of it was kept: a whole encoder goes on to the same index as if nothing had been.
    build(corpus, tmp_path / "index", TokenEncoder())
    build(corpus, tmp_path / "anew", TokenEncoder())
    assert contents(tmp_path / "index") == contents(tmp_path / "anew")


# --- encoders that are not what they should be -----------------------------------------------

IGNORED = {"whole", "auto_map to a hub repository", "attention from a hub repository", "attention from a hub repository, in public"}  # fmt: skip


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, str]], list[list[str]]]:
    """What became of odd_encoders.py, and what its process did that it must not."""
    folder = tmp_path_factory.mktemp("odd")
    here = Path(__file__).parent
    path = os.pathsep.join(filter(None, [str(here / "audit"), os.environ.get("PYTHONPATH")]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, str(here / "support" / "odd_encoders.py"), str(folder)],
        env={**environment, "PYTHONPATH": path, "RAGQA_AUDIT": str(folder / "audit"), "HF_HOME": str(folder / "cache")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    seen = (folder / "audit").read_text(encoding="utf-8").splitlines()
    return json.loads(done.stdout.splitlines()[-1]), list(map(json.loads, seen))


def test_odd_encoders_are_refused_or_their_oddness_ignored(odd: Any, tally: Tally) -> None:
    became, _ = odd
    spoiled = {name: end for name, end in became.items() if "gone off" in end and name != "whole"}
    whole = became["whole"]["fingerprint"]

    def well(name: str, end: dict[str, str]) -> bool:
        if end["gone off"] != "False" or "raised" in end:
            return False
        # One bit is told by the index, which knows the encoder by its fingerprint.
        return "refused" in end or end["fingerprint"] != whole

    done = {name: well(name, end) for name, end in spoiled.items()}
    tally("E3", "an encoder's folder spoiled (weights, tokenizer, .bin, modules, auto_map, attention from a hub): refused, or read by this machine's own code and known as another encoder (weights above 256 kB by 64 samples; doctor hashes all)", sum(done.values()), len(done))  # fmt: skip
    assert all(done.values()), became
    assert "safetensors" in became["a .bin instead of safetensors"]["refused"]
    assert "safetensors" in became["a bomb instead of safetensors"]["refused"]


def test_a_newer_revision_in_the_hubs_cache_is_another_encoder(odd: Any) -> None:
    became, _ = odd
    assert became["hub"]["fingerprint"] == became["whole"]["fingerprint"]
    assert became["newer on the hub"]["fingerprint"] == became["one bit of the weights"]["fingerprint"]
    assert "cannot be loaded" in became["not in the cache"]["refused"]


def test_no_odd_encoder_opens_a_socket(odd: Any, tally: Tally) -> None:
    became, seen = odd
    sockets = [entry for entry in seen if entry[1].startswith("socket.")]
    assert "watched" in {entry[1] for entry in seen}
    tally.figure("E3", "connections and look-ups meanwhile", f"{len(sockets)} in {len(became)} encoders")
    assert sockets == []

"""The body and the reader on OpenVINO: the numbers that torch gives, from the same files."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from support.tiny import HIDDEN, changed_reader

from ragqa.models import graph

Rows = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def stored(tiny_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader whose second layer and heads were changed, as it is stored."""
    from training.network import store_weights

    path = tmp_path_factory.mktemp("weights") / "reader.safetensors"
    store_weights(changed_reader(tiny_encoder), tiny_encoder, path, facts={"made": "in a test"})
    return path


@pytest.fixture(scope="module")
def network(tiny_encoder: Path, stored: Path) -> graph.Network:
    return graph.load(tiny_encoder, reader=stored)


def rows(*lengths: int) -> Rows:
    """Token ids of these lengths, padded, and their mask."""
    ids, mask = (np.full((len(lengths), max(lengths)), value, np.int64) for value in (1, 0))
    for row, length in enumerate(lengths):
        ids[row, :length] = 4 + np.arange(length) % 50
        mask[row, :length] = 1
    return ids, mask


def near(one: np.ndarray, other: np.ndarray) -> bool:
    """Equal but for bfloat16, which some processors compute in."""
    return float(np.abs(one - other).max()) <= 0.02 * float(np.abs(other).max())


def test_the_reader_gives_what_torch_gives(tiny_encoder: Path, stored: Path, network: graph.Network) -> None:
    from training.network import load_weights

    ids, mask = rows(9, 33, 17)
    reference = load_weights(stored, tiny_encoder).run(ids, mask)
    found = network.run(ids, mask)
    assert [each.shape for each in found] == [(3, 33, 3), (3,), (3,)]
    assert near(found[0][mask == 1], reference[0][mask == 1])
    assert all(near(one, other) for one, other in zip(found[1:], reference[1:], strict=True))


def test_the_encoder_gives_what_torch_gives(tiny_encoder: Path) -> None:
    import torch
    from transformers import BertModel

    ids, mask = rows(9, 33, 17)
    body = BertModel.from_pretrained(tiny_encoder).eval()
    with torch.inference_mode():
        reference = body(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
    (found,) = graph.load(tiny_encoder).run(ids, mask)
    assert found.shape == (3, 33, HIDDEN)
    assert near(found[mask == 1], reference.last_hidden_state.numpy()[mask == 1])


def test_padding_changes_nothing(network: graph.Network) -> None:
    together, alone = network.run(*rows(9, 33)), network.run(*rows(9))
    assert near(together[0][0, :9], alone[0][0])
    assert all(near(together[column][:1], alone[column]) for column in (1, 2))


def test_threads_that_run_at_one_time_get_what_each_would_get_alone(network: graph.Network) -> None:
    batches = [rows(length) for length in (5, 9, 13, 17)] * 4
    alone = [network.run(*batch)[1] for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        at_once = list(threads.map(lambda batch: network.run(*batch)[1], batches))
    assert all(np.array_equal(one, other) for one, other in zip(alone, at_once, strict=True))


def test_a_file_is_read_as_it_was_saved(tmp_path: Path) -> None:
    saved = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.array([-3, 7], np.int8),
        "c": np.array(0.5, np.float16),
    }
    save_file(saved, tmp_path / "file", metadata={"made": "in a test"})
    read = graph.mapped(tmp_path / "file")
    assert read.keys() == saved.keys()
    for name, array in saved.items():
        assert read[name].dtype == array.dtype
        assert np.array_equal(read[name], array)


def test_arrays_of_another_type_are_named(tmp_path: Path) -> None:
    save_file({"long": np.zeros(2, np.int64)}, tmp_path / "file")
    with pytest.raises(ValueError, match="long has the type I64; known are F32, F16, I8"):
        graph.mapped(tmp_path / "file")


@pytest.mark.parametrize("content", [b"", b"abc", (2**40).to_bytes(8, "little"), b"\2\0\0\0\0\0\0\0xx"])
def test_what_is_no_safetensors_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=r"safetensors|Expecting"):
        graph.mapped(tmp_path / "file")


def test_a_reader_for_other_layers_is_an_error(tiny_encoder: Path, tmp_path: Path, stored: Path) -> None:
    config = json.loads((tiny_encoder / "config.json").read_text(encoding="utf-8"))
    (folder := tmp_path / "encoder").mkdir()
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 9}), encoding="utf-8")
    (folder / "model.safetensors").symlink_to(tiny_encoder / "model.safetensors")
    with pytest.raises(KeyError, match=r"encoder\.layer"):
        graph.load(folder, reader=stored)


def test_what_was_begun_ahead_is_compiled_once_and_loaded(
    tiny_encoder: Path, stored: Path, network: graph.Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Path | None] = []
    begin = graph._begin
    monkeypatch.setattr(graph, "_begin", lambda folder, reader: begun.append(reader) or begin(folder, reader))
    for _ in range(2):
        graph.ahead(tiny_encoder, reader=stored)
    found = graph.load(tiny_encoder, reader=stored)
    assert begun == [stored]
    ids, mask = rows(9, 33)
    assert np.array_equal(found.run(ids, mask)[0], network.run(ids, mask)[0])
    graph.load(tiny_encoder)
    assert begun == [stored, None]


def test_what_prevents_a_beginning_is_raised_by_loading(tmp_path: Path) -> None:
    graph.ahead(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"config\.json"):
        graph.load(tmp_path)


def test_openvino_is_loaded_without_its_telemetry() -> None:
    program = "import sys; from ragqa.models import graph; graph._core(); print('openvino_telemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"

"""The reader's network as it is trained: what is stored of it, what padding does to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from support.tiny import HIDDEN, changed_reader

from training.network import load_weights, store_weights

LAYER = "body.encoder.layer."


@pytest.fixture(scope="module")
def trained(tiny_encoder: Path) -> Any:
    """A reader whose second layer and heads were changed."""
    return changed_reader(tiny_encoder)


@pytest.fixture(scope="module")
def stored(tiny_encoder: Path, trained: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "reader.safetensors"
    store_weights(trained, tiny_encoder, path, facts={"made": "in a test"})
    return path


def rows(*lengths: int) -> tuple[np.ndarray, np.ndarray]:
    """Token ids of these lengths, padded, and their mask."""
    width = max(lengths)
    ids, mask = np.ones((len(lengths), width), np.int64), np.zeros((len(lengths), width), np.int64)
    for row, length in enumerate(lengths):
        ids[row, :length] = 4 + np.arange(length) % 50
        mask[row, :length] = 1
    return ids, mask


# --- stored and loaded -----------------------------------------------------------------------


def test_what_is_loaded_is_what_was_stored_but_for_eight_bits(
    tiny_encoder: Path, trained: Any, stored: Path
) -> None:
    loaded, base = load_weights(stored, tiny_encoder).state_dict(), trained.on(tiny_encoder).state_dict()
    for name, value in trained.state_dict().items():
        wrong = (loaded[name] - value).abs()
        if not name.startswith("body."):
            assert torch.equal(loaded[name], value.half().float()), name
        elif not name.startswith(f"{LAYER}1."):
            assert torch.equal(loaded[name], base[name]), name
        elif value.ndim == 1:
            assert wrong.max() <= 1e-3 * (value - base[name]).abs().max(), name
        else:
            # Half a step of the row's scale, and what adding in float32 rounds.
            step = (value - base[name]).abs().amax(dim=1, keepdim=True) / 127
            assert (wrong <= step / 2 + 1e-6).all(), name


def test_only_changed_layers_and_heads_are_stored(stored: Path) -> None:
    with safe_open(stored, "pt") as file:
        names = set(file.keys())
        assert file.metadata() == {"made": "in a test"}
        kinds = {name: file.get_slice(name).get_dtype() for name in names}
    assert all(not name.startswith("body.") or name.startswith(f"{LAYER}1.") for name in names)
    assert {name.split(".")[0] for name in names} == {"body", "tags", "answers", "supports"}
    matrices = {name for name in names if name + ".scale" in names}
    assert len(matrices) == 6
    assert {kinds[name] for name in matrices} == {"I8"}
    assert {kinds[name + ".scale"] for name in matrices} == {"F32"}
    assert {kind for name, kind in kinds.items() if name not in matrices and not name.endswith(".scale")} == {
        "F16"
    }


def test_a_reader_that_changed_nothing_stores_its_heads_alone(tiny_encoder: Path, tmp_path: Path) -> None:
    store_weights(changed_reader(tiny_encoder, layers=()), tiny_encoder, tmp_path / "heads", facts={})
    with safe_open(tmp_path / "heads", "pt") as file:
        assert not [name for name in file.keys() if name.startswith("body.")]  # noqa: SIM118


# --- read ------------------------------------------------------------------------------------


def test_a_row_has_three_tags_a_token_and_two_scores(trained: Any) -> None:
    tags, answers, supports = trained.run(*rows(9, 17, 5))
    assert (tags.shape, answers.shape, supports.shape) == ((3, 17, 3), (3,), (3,))
    assert trained.tags.in_features == HIDDEN


def test_padding_changes_nothing(trained: Any) -> None:
    together = trained.run(*rows(9, 33))
    alone = trained.run(*rows(9))
    np.testing.assert_allclose(together[0][0, :9], alone[0][0], atol=1e-5)
    for column in (1, 2):
        np.testing.assert_allclose(together[column][0], alone[column][0], atol=1e-5)

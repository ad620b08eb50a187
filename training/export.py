"""Trained weights to the file that the package ships, and its entry in the catalogue."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from training.network import ReaderModel, store_weights

# What the exported file may weigh.
MOST_BYTES = 25_000_000


def mean_of(stages: Sequence[Path], out: Path) -> Path:
    """The mean of the weights of these stages, written to ``out``.

    A later stage on narrower data gains there and loses elsewhere; the mean keeps both. Source: Wortsman et al. 2022,
    arXiv 2109.01903.
    """
    loaded = [torch.load(path, weights_only=True) for path in stages]
    torch.save({name: sum(each[name] for each in loaded) / len(loaded) for name in loaded[0]}, out)
    return out


def export(weights: Path, *, encoder: Path, out: Path, facts: dict[str, str]) -> None:
    """Write the file from a stage's weights, and its size and SHA-256 into the catalogue beside it."""
    model = ReaderModel.on(encoder)
    model.load_state_dict(torch.load(weights, weights_only=True), strict=False)
    store_weights(model, encoder, out, facts=facts)
    out.chmod(0o644)  # safetensors leaves it to its owner; the package is everybody's
    size = out.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"{out} has {size} bytes, more than {MOST_BYTES}")
    catalogue = out.with_name("catalogue.json")
    entries: list[dict[str, Any]] = json.loads(catalogue.read_text(encoding="utf-8"))
    digest = hashlib.sha256(out.read_bytes()).hexdigest()
    for entry in entries:
        if entry["role"] == "reader":
            entry |= {"bytes": size, "sha256": digest}
    catalogue.write_text(_lines(entries), encoding="utf-8")


def _lines(entries: list[dict[str, Any]]) -> str:
    """The catalogue with a wheel a line, as people read it."""
    shown = []
    for entry in entries:
        rows = [f"    {json.dumps(key)}: {json.dumps(entry[key])}" for key in entry if key != "wheels"]
        wheels = ",\n".join(f"      {json.dumps(wheel)}" for wheel in entry["wheels"])
        rows.append(f'    "wheels": [\n{wheels}\n    ]' if wheels else '    "wheels": []')
        shown.append("  {\n" + ",\n".join(rows) + "\n  }")
    return "[\n" + ",\n".join(shown) + "\n]\n"

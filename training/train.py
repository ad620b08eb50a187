"""Train the reader in stages, on two cores or on a GPU; stopped, it goes on where it was.

Weights are computed in bfloat16 with float32 masters; the embeddings and the lowest layers stay the encoder's.
There is no dropout: on two cores its random numbers cost more than the matrix products.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.examples import Examples
from training.network import ReaderModel

# Rows of one step are of like length; so many tokens, padding included.
STEP_TOKENS = 4608
# What each loss counts, and how much a token inside an answer counts beside one outside.
WEIGHTS = {"answers": 1.0, "none": 0.5, "spans": 0.5, "inside": 1.0, "supports": 0.7}
INSIDE = 4.0
WARM_UP = 0.03
_SAVE_EVERY = 100
# Rows are padded to a multiple: the matrix library keeps a program for each shape that it meets.
_WIDTHS = 16


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a stage is trained: the peak rate, and where the rate stands at its end (a share of the peak).

    After ``steps``, where given, the stage ends, wherever its rate then is.
    """

    name: str
    rate: float
    last: float
    frozen: int = 4
    steps: int | None = None
    seed: int = 17


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded rows with their labels, as tensors."""

    ids: Tensor
    mask: Tensor
    text: Tensor
    answers: Tensor
    located: Tensor
    supports: Tensor
    groups: Tensor
    starts: Tensor
    ends: Tensor
    inside: Tensor


def train(
    examples: Examples, recipe: Recipe, *, encoder: Path, work: Path, start: Path | None = None
) -> Path:
    """Train one stage from the weights in ``start`` (or the encoder's); returns the file of its weights."""
    done = work / f"{recipe.name}.pt"
    if done.exists():
        return done
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = ReaderModel.on(encoder, attention="eager")
    if start:
        model.load_state_dict(torch.load(start, weights_only=True), strict=False)
    weights = _prepare(model, recipe.frozen)
    masters = {name: p.detach().float().clone().to(device) for name, p in weights.items()}
    model.to(device, torch.bfloat16)
    optimizer = torch.optim.AdamW(_groups(masters), lr=recipe.rate, betas=(0.9, 0.98), fused=True)
    batches = _batches(examples, recipe.seed)
    first = _resume(work / f"{recipe.name}.part.pt", masters, optimizer, model)
    log = (work / f"{recipe.name}.log").open("a", encoding="utf-8")
    began = time.monotonic()
    for step in range(first, len(batches[: recipe.steps])):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * _rate(step / len(batches), recipe.last)
        batch = collate(examples, batches[step], device)
        losses = step_losses(model, batch)
        sum(WEIGHTS[name] * loss for name, loss in losses.items()).backward()  # type: ignore[union-attr]
        _update(weights, masters, optimizer)
        line = {"step": step, "of": len(batches), "s": round(time.monotonic() - began)}
        line |= {name: round(loss.item(), 4) for name, loss in losses.items()}
        print(json.dumps(line), file=log, flush=True)
        if (step + 1) % _SAVE_EVERY == 0:
            state = {"step": step + 1, "masters": masters, "optimizer": optimizer.state_dict()}
            _save(work / f"{recipe.name}.part.pt", state)
    _save(done, masters)
    return done


def collate(examples: Examples, rows: Sequence[int], device: torch.device) -> Batch:
    """Pad rows to their longest and set their labels."""
    longest = -(-max(examples.length(row) for row in rows) // _WIDTHS) * _WIDTHS
    shape = (len(rows), longest)
    ids, mask, text = np.ones(shape, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    starts, ends, inside = (np.zeros(shape, np.float32) for _ in range(3))
    for at, row in enumerate(rows):
        a, b = examples.starts[row], examples.starts[row + 1]
        ids[at, : b - a] = examples.ids[a:b]
        mask[at, : b - a] = 1
        text[at, examples.text_starts[row] : b - a - 1] = True
        low, high = np.searchsorted(examples.spans[:, 0], [row, row + 1])
        for _, first, last in examples.spans[low:high]:
            starts[at, first] = ends[at, last] = 1
            inside[at, first : last + 1] = 1
        if high == low:
            starts[at, 0] = ends[at, 0] = 1
    picked = np.asarray(rows)
    arrays: list[Any] = [
        ids, mask, text, examples.answers[picked], examples.located[picked], examples.supports[picked],
        examples.groups[picked], starts, ends, inside,
    ]  # fmt: skip
    return Batch(*(torch.from_numpy(array).to(device) for array in arrays))


def step_losses(model: ReaderModel, batch: Batch) -> Mapping[str, Tensor]:
    """Losses of a batch: a passage answers; it does best of its question's, or none does; where; supports."""
    tags, answers, supports = (logits.float() for logits in model(batch.ids, batch.mask))
    losses: dict[str, Tensor] = {}
    asked, said = batch.answers >= 0, batch.supports >= 0
    if asked.any():
        target = batch.answers[asked].float()
        losses["answers"] = functional.binary_cross_entropy_with_logits(answers[asked], target)
        losses["none"] = _against_none(answers[asked], target, batch.groups[asked])
    if said.any():
        target = batch.supports[said].float()
        losses["supports"] = functional.binary_cross_entropy_with_logits(supports[said], target)
    if (known := batch.located == 1).any():
        losses["spans"] = _spans(tags[known], batch, known)
        each = functional.binary_cross_entropy_with_logits(
            tags[known][..., 2], batch.inside[known], reduction="none"
        )
        weight = batch.text[known] * (1 + (INSIDE - 1) * batch.inside[known])
        losses["inside"] = (each * weight).sum() / weight.sum()
    return losses


def _spans(tags: Tensor, batch: Batch, known: Tensor) -> Tensor:
    """Cross entropy of the first and last tokens of answers; the first token of all stands for "none"."""
    allowed = batch.text[known].clone()
    allowed[:, 0] = True
    total = torch.zeros(())
    for column, target in ((0, batch.starts[known]), (1, batch.ends[known])):
        logits = tags[..., column].masked_fill(~allowed, -1e4)
        share = target / target.sum(dim=1, keepdim=True)
        total = total + (-(share * functional.log_softmax(logits, dim=1)).sum(dim=1)).mean()
    return total / 2


def _against_none(scores: Tensor, target: Tensor, groups: Tensor) -> Tensor:
    """Softmax over the passages of one question and "none" (a score of 0)."""
    losses = []
    for group in groups.unique():
        here = groups == group
        everything = torch.cat([scores[here], scores.new_zeros(1)])
        good = target[here] > 0
        right = scores[here][good] if good.any() else scores.new_zeros(1)
        losses.append(torch.logsumexp(everything, 0) - torch.logsumexp(right, 0))
    return torch.stack(losses).mean()


def _batches(examples: Examples, seed: int) -> list[list[int]]:
    """Rows in steps: rows of like length together, the steps in random order."""
    rng = np.random.default_rng(seed)
    lengths = np.diff(examples.starts)
    batches: list[list[int]] = [[]]
    width = 0
    for row in np.argsort(lengths + rng.normal(0, 8, len(lengths))):
        width = max(width, int(lengths[row]))
        if batches[-1] and width * (len(batches[-1]) + 1) > STEP_TOKENS:
            batches.append([])
            width = int(lengths[row])
        batches[-1].append(int(row))
    return [batches[i] for i in rng.permutation(len(batches))]


def _prepare(model: ReaderModel, frozen: int) -> dict[str, torch.nn.Parameter]:
    """Freeze what stays the encoder's, switch dropout off; the parameters that are trained, by name."""
    still: list[Any] = [model.body.embeddings, *model.body.encoder.layer[:frozen]]
    for part in still:
        part.requires_grad_(False)
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return {name: p for name, p in model.named_parameters() if p.requires_grad}


def _groups(masters: Mapping[str, Tensor]) -> list[dict[str, Any]]:
    decayed = [p for p in masters.values() if p.ndim > 1]
    plain = [p for p in masters.values() if p.ndim == 1]
    return [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]


def _update(weights: Mapping[str, torch.nn.Parameter], masters: Mapping[str, Tensor], optimizer: Any) -> None:
    for name, master in masters.items():
        grad = weights[name].grad
        master.grad = None if grad is None else grad.float()
        weights[name].grad = None
    torch.nn.utils.clip_grad_norm_(list(masters.values()), 1.0)
    optimizer.step()
    _copy(weights, masters)


def _copy(weights: Mapping[str, torch.nn.Parameter], masters: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, master in masters.items():
            weights[name].copy_(master)


def _rate(done: float, last: float) -> float:
    """Share of the peak rate: up over the first steps, then down along a cosine to ``last``."""
    if done < WARM_UP:
        return done / WARM_UP
    return last + (1 - last) * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))


def _resume(part: Path, masters: dict[str, Tensor], optimizer: Any, model: ReaderModel) -> int:
    if not part.exists():
        return 0
    saved = torch.load(part, weights_only=True)
    for name, value in saved["masters"].items():
        masters[name].copy_(value)
    optimizer.load_state_dict(saved["optimizer"])
    _copy(dict(model.named_parameters()), masters)
    return int(saved["step"])


def _save(path: Path, content: Any) -> None:
    beside = path.with_suffix(".tmp")
    torch.save(content, beside)
    beside.replace(path)

"""The reader's network: the encoder's body and three heads (answer spans, answerability, support).

What is stored are the layers that training changed, as eight bits a weight added to the encoder's own; the
encoder's embeddings and lowest layers are shared, not stored. ragqa/models/graph.py runs the stored weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

# Tags of a token: it begins an answer, ends one, lies in one.
TAGS = 3
_LAYER = "body.encoder.layer."
_SCALE = ".scale"


class ReaderModel(nn.Module):
    """A BERT body with heads for tokens, for "answers at all" and for "supports".

    Source of the form: BERT for question answering (Devlin et al. 2019, arXiv 1810.04805), with "no
    answer" at the first token; several answers are tagged, as in token classification.
    """

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body
        hidden = body.config.hidden_size
        self.tags = nn.Linear(hidden, TAGS)
        self.answers = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 1))
        self.supports = nn.Sequential(nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, 1))

    @classmethod
    def on(cls, encoder: Path, *, dtype: torch.dtype = torch.float32, attention: str = "sdpa") -> ReaderModel:
        """Start from the weights of an encoder's folder."""
        return cls(_body(encoder, dtype, attention))

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of tags (rows, tokens, 3), of "answers" (rows) and of "supports" (rows)."""
        states = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        first = states[:, 0]
        return self.tags(states), self.answers(first).squeeze(-1), self.supports(first).squeeze(-1)

    def run(self, ids: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> tuple[Any, Any, Any]:
        """The same logits from and to numpy, without gradients."""
        with torch.inference_mode():
            tags, answers, supports = self(torch.from_numpy(ids), torch.from_numpy(mask))
        return tags.float().numpy(), answers.float().numpy(), supports.float().numpy()


def store_weights(model: ReaderModel, encoder: Path, path: Path, *, facts: dict[str, str]) -> None:
    """Write what training changed: layers as 8-bit differences by row, heads and vectors as they are."""
    from safetensors.torch import save_file

    base = ReaderModel.on(encoder).state_dict()
    stored: dict[str, Tensor] = {}
    for name, value in model.float().state_dict().items():
        if not name.startswith("body."):
            stored[name] = value.half()
            continue
        change = value - base[name]
        if not name.startswith(_LAYER) or not change.any():
            continue
        if change.ndim == 1:
            stored[name] = change.half()
            continue
        scale = change.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
        stored[name] = torch.round(change / scale).to(torch.int8)
        stored[name + _SCALE] = scale
    save_file({name: value.contiguous() for name, value in stored.items()}, path, metadata=facts)


def load_weights(path: Path, encoder: Path) -> ReaderModel:
    """Put stored weights on an encoder's: the reference for what runs them."""
    from safetensors.torch import load_file

    stored = load_file(path)
    model = ReaderModel.on(encoder)
    weights = model.state_dict()
    for name, value in stored.items():
        if name.endswith(_SCALE):
            continue
        target = weights[name]
        if not name.startswith("body."):
            target.copy_(value)
            continue
        change = value.float() * stored[name + _SCALE] if value.dtype == torch.int8 else value.float()
        target.copy_(target.float() + change)
    return model.eval()


def _body(encoder: Path, dtype: torch.dtype, attention: str) -> Any:
    import transformers

    logging: Any = transformers.utils.logging
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    return transformers.BertModel.from_pretrained(
        encoder, add_pooling_layer=False, attn_implementation=attention, dtype=dtype, local_files_only=True
    )

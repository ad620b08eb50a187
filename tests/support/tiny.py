"""A small BERT with random weights whose tokens are characters: what readers are tried and trained on in tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:?!\n"
CHARACTERS = "港口停航了沙太多灯塔坏修桥花亿元谁买的在哪里里船走前言李明来工期是三年甲乙丙丁。，？"
LAYERS, HIDDEN = 2, 32


def tokenizer() -> Any:
    """One token a character, offsets included."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    pieces = ["<s>", "<pad>", "</s>", "<unk>", *dict.fromkeys(LETTERS + CHARACTERS)]
    made = Tokenizer(models.WordLevel({piece: n for n, piece in enumerate(pieces)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    return made


def make_encoder(folder: Path) -> Path:
    """An encoder's folder: config, weights, tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    folder.mkdir(parents=True, exist_ok=True)
    words = tokenizer()
    words.save(str(folder / "tokenizer.json"))
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=words.get_vocab_size(), hidden_size=HIDDEN, num_hidden_layers=LAYERS,
        num_attention_heads=2, intermediate_size=64, max_position_embeddings=512,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    return folder


def changed_reader(encoder: Path, *, layers: tuple[int, ...] = (1,)) -> Any:
    """A reader whose heads are random and whose ``layers`` differ from the encoder's, as after training."""
    import torch

    from training.network import ReaderModel

    torch.manual_seed(11)
    model = ReaderModel.on(encoder)
    with torch.no_grad():
        for layer in layers:
            for weights in model.body.encoder.layer[layer].parameters():
                weights += 0.05 * torch.randn_like(weights)
        for head in (model.tags, *model.answers, *model.supports):
            for weights in head.parameters():
                weights += 0.3 * torch.randn_like(weights)
    return model.eval()

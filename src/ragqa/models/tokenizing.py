"""The tokenizer of an encoder's folder, for encoder and reader alike."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@functools.lru_cache(maxsize=4)
def tokenizer_of(folder: Path) -> Tokenizer:
    """Read once, which takes half a second; without padding and truncation it keeps nothing between calls."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found.no_padding()
    found.no_truncation()
    return found

"""The tokenizer of an encoder's folder, for encoder and reader alike."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cachetools import LRUCache, cached

if TYPE_CHECKING:
    from tokenizers import Tokenizer


# Encoder and reader load side by side: the second to ask waits for the first.
@cached(LRUCache(4), condition=threading.Condition())
def tokenizer_of(folder: Path) -> Tokenizer:
    """Read once, which takes half a second; without padding and truncation it keeps nothing between calls."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found.no_padding()
    found.no_truncation()
    return found

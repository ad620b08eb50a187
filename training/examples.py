"""Training examples as token ids and labels: made once, kept in flat arrays, read back by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ragqa.models.reader import QUESTION_TOKENS, WINDOW_TOKENS, pair_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pair:
    """A question (or, for the support head, a statement) with a text that may answer it.

    ``places`` are the character spans in ``text`` that answer; ``answers`` says whether any does, None
    where the pair teaches support only; ``located`` whether the places are known at all. Pairs of one
    ``group`` have the same question, so that their scores are compared with each other.
    """

    asked: str
    text: str
    answers: bool | None
    places: tuple[tuple[int, int], ...] = ()
    located: bool = True
    supports: bool | None = None
    group: int = 0


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows of token ids with their labels; a label of -1 says nothing.

    ``spans`` holds (row, first token, last token) of every place, sorted by row.
    """

    ids: Ints
    starts: Ints
    text_starts: Ints
    answers: Ints
    located: Ints
    supports: Ints
    groups: Ints
    spans: Ints = field(default_factory=lambda: np.zeros((0, 3), np.int64))

    def __len__(self) -> int:
        return len(self.answers)

    def length(self, row: int) -> int:
        """Tokens of a row."""
        return int(self.starts[row + 1] - self.starts[row])

    def sample(self, share: float, seed: int) -> Examples:
        """A random share of the rows, in order."""
        rng = np.random.default_rng(seed)
        return self.take(np.flatnonzero(rng.random(len(self)) < share))

    def take(self, rows: Ints) -> Examples:
        """Some rows, in ascending order."""
        lengths = np.diff(self.starts)[rows]
        pieces = [self.ids[self.starts[row] : self.starts[row + 1]] for row in rows]
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        spans = self.spans[place[self.spans[:, 0]] >= 0].copy()
        spans[:, 0] = place[spans[:, 0]]
        return Examples(
            np.concatenate(pieces) if pieces else np.zeros(0, np.int64),
            np.concatenate([[0], np.cumsum(lengths)]),
            *(
                getattr(self, name)[rows]
                for name in ("text_starts", "answers", "located", "supports", "groups")
            ),
            spans,
        )

    def beside(self, other: Examples) -> Examples:
        """These rows and then the other ones."""
        spans = other.spans + np.array([len(self), 0, 0])
        joined = {
            name: np.concatenate([getattr(self, name), getattr(other, name)])
            for name in ("ids", "text_starts", "answers", "located", "supports", "groups")
        }
        starts = np.concatenate([self.starts, other.starts[1:] + self.starts[-1]])
        return Examples(**joined, starts=starts, spans=np.concatenate([self.spans, spans]))

    def save(self, path: Path) -> None:
        """Write all arrays to one file."""
        np.savez(path, **{name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def load(cls, path: Path) -> Examples:
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in cls.__slots__})


def tokenise(pairs: Sequence[Pair], tokenizer: Tokenizer) -> Examples:
    """Cut pairs into tokens; a place that the window's limit cuts off makes its pair unlocated."""
    ids: list[int] = []
    starts, firsts, located, spans = [0], [], [], []
    inputs = [pair_text(pair.asked, statement=pair.answers is None) for pair in pairs]
    asked = tokenizer.encode_batch(inputs, add_special_tokens=False)
    texts = tokenizer.encode_batch([pair.text for pair in pairs], add_special_tokens=False)
    bos, eos = tokenizer.token_to_id("<s>"), tokenizer.token_to_id("</s>")
    for row, (pair, question, text) in enumerate(zip(pairs, asked, texts, strict=True)):
        head = [bos, *question.ids[:QUESTION_TOKENS], eos, eos]
        body = text.ids[: WINDOW_TOKENS - len(head) - 1]
        ids += [*head, *body, eos]
        starts.append(len(ids))
        firsts.append(len(head))
        offsets = np.array(text.offsets[: len(body)]).reshape(-1, 2)
        found = []
        for start, end in pair.places:
            inside = np.flatnonzero((offsets[:, 0] < end) & (offsets[:, 1] > start))
            if len(inside) and offsets[inside[-1], 1] >= end:
                found.append((row, len(head) + int(inside[0]), len(head) + int(inside[-1])))
        located.append(int(pair.located and len(found) == len(pair.places)))
        spans += found if located[-1] else []
    flag = {True: 1, False: 0, None: -1}
    return Examples(
        np.array(ids),
        np.array(starts),
        np.array(firsts),
        np.array([flag[pair.answers] for pair in pairs]),
        np.array(located),
        np.array([flag[pair.supports] for pair in pairs]),
        np.array([pair.group for pair in pairs]),
        np.array(spans, np.int64).reshape(-1, 3),
    )

"""An encoder and a reader whose numbers can be worked out by hand, a language model that follows a script, a corpus."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.models.protocols import Message, Tokens, TokenSink
from ragqa.models.reader import Reading
from ragqa.text.language import sentence_spans
from ragqa.types import Article, Chunk, Passage, Vectors

# One axis a subject, named in both languages; every text has 1 on one more axis, the first.
SUBJECTS: tuple[tuple[str, ...], ...] = (
    ("港", "harbour"),
    ("停航", "close", "stopped"),
    ("沙", "sand"),
    ("灯", "light", "lamp"),
    ("罢工", "strike"),
    ("买", "buyer", "bought"),
    ("付", "paid"),
    ("图书", "library"),
    ("自行车", "bicycle"),
)

HARBOUR = """---
title: 港口停航
date: 2024-05-02
source: https://example.org/harbour
---
港务局长陈立说，港口停航有三个原因。
第一，航道里的沙太多了。
第二，灯塔的灯已经坏了。
第三，拖船的工人正在罢工。
"""
LIGHTHOUSE = """---
title: Old tower changes hands
date: 2023-11-20
source: https://example.org/tower
---
The old lighthouse went to a new owner on Monday. Its buyer is Marta Lindqvist, a painter. She paid 3 million dollars for the lamp and the tower.
"""
LIBRARY = """---
title: More than books
source: https://example.org/library
---
The library now lends every bicycle that was left in the cellar. Readers may keep a bicycle for two weeks.
"""
CORPUS = {"harbour.md": HARBOUR, "library.md": LIBRARY, "lighthouse.md": LIGHTHOUSE}


def write_corpus(folder: Path, files: dict[str, str] = CORPUS) -> Path:
    """Write the three articles; the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def passage(text: str, *, score: float = 0.8, title: str = "", heading: str = "", id: str = "a") -> Passage:
    """A passage that is the whole of its article but for a first line."""
    article = Article(id, title, f"前言\n{text}", published="2024-05-02")
    return Passage(Chunk(id, 3, 3 + len(text), text, heading), article, score)


class WordEncoder:
    """Unit vectors of (1, how often each subject is named); remembers what it was given."""

    def __init__(
        self,
        subjects: Sequence[Sequence[str]] = SUBJECTS,
        *,
        id: str = "words",
        fingerprint: str = "first weights",
    ) -> None:
        self.subjects = subjects
        self.id = id
        self.fingerprint = fingerprint
        self.dimension = 1 + len(subjects)
        self.tokens_encoded = 0
        self.queries: list[str] = []
        self.passages: list[str] = []

    def encode_query(self, texts: Sequence[str], *, each: TokenSink | None = None) -> Vectors:
        self.queries += texts
        return self._vectors(texts)

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        each: TokenSink | None = None,
    ) -> Vectors:
        self.passages += texts
        self.tokens_encoded += sum(self.count_tokens(texts))
        if progress and texts:
            progress(len(texts), len(texts))
        return self._vectors(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        rows = [
            [1, *(sum(text.lower().count(word) for word in words) for words in self.subjects)]
            for text in texts
        ]
        counts = np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)
        return np.asarray(counts / np.linalg.norm(counts, axis=1, keepdims=True), dtype=np.float32)


class TokenEncoder(WordEncoder):
    """A WordEncoder of seven subjects, so of eight dimensions, that tells its tokens, too.

    A token is a subject's name, a Latin word, a number, a Chinese character or a sign; its vector is
    that of its own text alone, its weight the number of its letters and digits.
    """

    def __init__(self, **facts: str) -> None:
        super().__init__(SUBJECTS[:7], **facts)
        names = "|".join(name for subject in self.subjects for name in subject)
        self._piece = re.compile(rf"{names}|[a-z]+|[0-9]+|\S", re.IGNORECASE)

    def encode_query(self, texts: Sequence[str], *, each: TokenSink | None = None) -> Vectors:
        self._tell(texts, each)
        return super().encode_query(texts)

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        each: TokenSink | None = None,
    ) -> Vectors:
        self._tell(texts, each)
        return super().encode_passages(texts, progress=progress)

    def tokens(self, text: str) -> Tokens:
        """The tokens of a text."""
        pieces = list(self._piece.finditer(text))
        return Tokens(
            self._vectors([piece.group() for piece in pieces]),
            np.array([piece.start() for piece in pieces], dtype=np.int32),
            np.array([sum(c.isalnum() for c in piece.group()) for piece in pieces], dtype=np.float32),
        )

    def _tell(self, texts: Sequence[str], each: TokenSink | None) -> None:
        for row, text in enumerate(texts):
            if each:
                each(row, self.tokens(text))


class WordReader:
    """Reads by the subjects that a question and a text both name; remembers what it was given.

    A text's places are its sentences that end in a stop, so no title is one. Of n subjects of the question in
    them the score is 2n - 3; each sentence's share of beginnings and ends is its share of those subjects. No
    token is inside an answer, so the short answer is the sentence without its stop.
    """

    def __init__(self, *, id: str = "words") -> None:
        self.id = id
        self.questions: list[str] = []
        self.texts: list[str] = []
        self.statements: list[str] = []

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        self.questions.append(question)
        self.texts += texts
        return [self._reading(named(question), text) for text in texts]

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        """The share of the statement's subjects that a text names, 0 for a statement that names none."""
        self.statements.append(statement)
        said = named(statement)
        return [len(said & named(text)) / max(1, len(said)) for text in texts]

    def _reading(self, asked: frozenset[int], text: str) -> Reading:
        places = [(start, end) for start, end in sentence_spans(text) if text[end - 1] in "。！？.!?"]
        shared = [asked & named(text[start:end]) for start, end in places]
        counts = np.array([len(subjects) for subjects in shared], dtype=np.float32)
        shares = counts / max(1, counts.sum())
        return Reading(
            score=2 * len(frozenset().union(*shared)) - 3,
            none=0.0 if counts.any() else 0.5,
            places=np.array(places, dtype=np.int64).reshape(-1, 2),
            begins=shares,
            ends=shares,
            inside=np.zeros(len(places), dtype=np.float32),
        )


def marks(
    text: str,
    *spans: tuple[int, int],
    score: float = 1.0,
    inside: float = 1.0,
    shares: Sequence[float] = (),
) -> Reading:
    """A reading whose places are a text's characters; shares of it, by default equal, begin and end with the spans."""
    places = np.array([(at, at + 1) for at, c in enumerate(text) if not c.isspace()], dtype=np.int64).reshape(
        -1, 2
    )
    begins, ends, within = (np.zeros(len(places), dtype=np.float32) for _ in range(3))
    for at, (start, end) in enumerate(spans):
        share = shares[at] if shares else 1 / len(spans)
        begins[places[:, 0] == start] += share
        ends[places[:, 1] == end] += share
        within[(places[:, 0] >= start) & (places[:, 1] <= end)] = inside
    return Reading(score, 0.0 if spans else 1.0, places, begins, ends, within)


def failing(error: BaseException) -> Callable[..., Any]:
    """A function that raises an error, whatever it is given."""

    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def named(text: str) -> frozenset[int]:
    """The subjects that a text names, by their number."""
    lower = text.lower()
    return frozenset(n for n, words in enumerate(SUBJECTS) if any(word in lower for word in words))


Piece = str | Exception


class ScriptedGenerator:
    """Each call of ``stream`` yields the pieces of the next reply (the last one again and again).

    An exception among the pieces is raised there. ``closed`` counts replies that were left early,
    ``finished`` those that were read to their end.
    """

    def __init__(self, *replies: Sequence[Piece], id: str = "script") -> None:
        self.id = id
        self.messages: list[list[Message]] = []
        self.grammars: list[str | None] = []
        self.limits: list[int] = []
        self.closed = 0
        self.finished = 0
        self._replies = replies

    @property
    def prompts(self) -> list[str]:
        """The last message of each call."""
        return [messages[-1].content for messages in self.messages]

    def stream(
        self,
        messages: Sequence[Message],
        *,
        grammar: str | None = None,
        max_tokens: int = 256,
    ) -> Iterator[str]:
        self.messages.append(list(messages))
        self.grammars.append(grammar)
        self.limits.append(max_tokens)
        return self._yielded(self._replies[min(len(self.messages), len(self._replies)) - 1])

    def _yielded(self, pieces: Sequence[Piece]) -> Iterator[str]:
        try:
            for piece in pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        except GeneratorExit:
            self.closed += 1
            raise
        self.finished += 1

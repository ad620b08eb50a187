"""Indexes made by hand; a corpus, its index and a pipeline whose models are the fakes; a command line in there."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragqa.__main__ import main
from ragqa.errors import ModelError
from ragqa.index.build import build_index
from ragqa.index.index import Index
from ragqa.index.store import Manifest
from ragqa.models import loading as module
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings
from ragqa.types import Answer, Article, Chunk, Vectors
from support.fakes import LIBRARY, LIGHTHOUSE, Piece, ScriptedGenerator, WordEncoder, WordReader, write_corpus

WHY = "港口为什么停航？"
# A text's chance, and an answer's confidence, are the logistic of the reader's score alone: .047 for a text that
# names no subject of the question (not found), .269 for one subject (possible), .731 for two (answered).
PLAIN = {
    "passage": defaultdict(float, reader=1.0),
    "answer": defaultdict(float, reader=1.0),
    "refuse_below": 0.1,
    "answered_from": 0.5,
}
WHO = "Who bought the lamp?"
# What a language model writes of WHY and WHO, above the quotes.
REASONS = ["港口停航有", "三个原因。 [1]\n"]
BUYER = ["Marta Lindqvist is the buyer. [2]\n"]
ENGLISH = {"library.md": LIBRARY, "lighthouse.md": LIGHTHOUSE}


def cut(plan: Mapping[str, Sequence[str]], *, width: int = 100) -> tuple[list[Article], list[Chunk]]:
    """Chinese articles by id, of one chunk of ``width`` characters a heading; no two share a character."""
    articles, chunks = [], []
    for number, (name, headings) in enumerate(plan.items()):
        text = "".join(chr(0x6000 + 150 * number + n) * width for n in range(len(headings)))
        articles.append(Article(name, "题", text))
        chunks += [
            Chunk(name, n * width, (n + 1) * width, text[n * width : (n + 1) * width], heading)
            for n, heading in enumerate(headings)
        ]
    return articles, chunks


def small_index(
    articles: Sequence[Article],
    chunks: Sequence[Chunk] = (),
    vectors: Vectors | Sequence[float] = (),
    **parts: Any,
) -> Index:
    """An index of chunks, by default each article whole, at vectors or at their cosines to (1, 0)."""
    chunks = chunks or [Chunk(a.id, 0, len(a.text), a.text) for a in articles]
    at = np.array(vectors if len(vectors) else [1] * len(chunks), dtype=np.float32)
    if at.ndim == 1:
        at = np.stack([at, np.sqrt(1 - at * at)], axis=1)
    manifest = Manifest("v-1", "", "words", "", at.shape[1], 300, "", len(articles), len(chunks))
    return Index.build(articles, chunks, at, keys=[""] * len(chunks), manifest=manifest, **parts)


class House:
    """A corpus, its index and settings; ``open`` gives a pipeline whose model follows a script."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in [name for name in os.environ if name.startswith("RAGQA_")]:
            monkeypatch.delenv(name)
        # The fakes' scores are not those that confidence was fitted on.
        monkeypatch.setattr("ragqa.retrieval.answerability.fitted", lambda: PLAIN)
        self.folder = folder
        self.encoder = WordEncoder()
        self.reader = WordReader()
        self.settings = Settings.load(
            corpus=folder / "corpus",
            index=folder / "index",
            home=folder / "home",
            gold=folder / "gold.jsonl",
        )
        self._patch = monkeypatch
        monkeypatch.setattr(module, "load_encoder", lambda settings: self.encoder)
        monkeypatch.setattr(module, "load_reader", lambda settings: self.reader)

    def build(self, files: dict[str, str]) -> None:
        write_corpus(self.settings.corpus, files)
        build_index(self.settings.corpus, self.settings.index, encoder=lambda: self.encoder, chunk_size=40)  # type: ignore[arg-type, return-value]

    def script(self, model: ScriptedGenerator | ModelError) -> None:
        """What every pipeline that opens from now on has for a language model."""

        def opened(settings: Settings, **_: object) -> ScriptedGenerator:
            if isinstance(model, ModelError):
                raise model
            return model

        self._patch.setattr(module, "open_generator", opened)

    def open(self, model: ScriptedGenerator | ModelError) -> Pipeline:
        self.script(model)
        return Pipeline.open(self.settings)

    def ask(
        self, question: str, *replies: Sequence[Piece], **options: Any
    ) -> tuple[Answer, ScriptedGenerator]:
        model = ScriptedGenerator(*replies)
        return self.open(model).answer(question, **options), model


class Line:
    """A command line in a house: its exit code, stdout and stderr."""

    def __init__(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        self.house = house
        self._capsys = capsys
        self.err = ""

    def run(self, *arguments: str | Path) -> tuple[int, str]:
        folders = ["--corpus", str(self.house.settings.corpus), "--index", str(self.house.settings.index)]
        return self.bare(*arguments, *folders)

    def bare(self, *arguments: str | Path) -> tuple[int, str]:
        code = main([str(argument) for argument in arguments])
        out, self.err = self._capsys.readouterr()
        return code, out

    def json(self, *arguments: str | Path) -> Any:
        code, out = self.run(*arguments, "--json")
        assert code == 0, self.err
        assert out.endswith("\n")
        assert out.count("\n") == 1
        return json.loads(out)

    def batch(self, verb: str, *rows: str, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        path = self.house.folder / "batch.jsonl"
        path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        code, out = self.run(verb, "--batch", path, "--json", *options)
        assert code == 0, self.err
        return [json.loads(line) for line in out.splitlines()]

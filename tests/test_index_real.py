"""The index of the real encoder: killed while it is built, and moved to other places."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fakes import write_corpus
from support.mounts import read_only
from support.real import ROOT, needs_models
from support.tally import Tally

from ragqa.index import snapshots
from ragqa.index.build import build_index
from ragqa.index.calibration import FILE, parallel
from ragqa.index.checkpoint import FOLDER, Encoded
from ragqa.index.index import Index
from ragqa.index.store import current, verify
from ragqa.models.loading import load_encoder
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings
from ragqa.types import Passage

pytestmark = [*needs_models, pytest.mark.reliability]

CHUNK_SIZE = 40
# How many builds are killed at a random time of each stage, and how a stage is seen to have begun.
KILLS = {"starting": 10, "encoding": 25, "publishing": 15}
BEGUN: dict[str, Callable[[Path, str | None], bool]] = {
    "starting": lambda index, before: True,
    "encoding": lambda index, before: any((index / FOLDER).glob(f"*/{FILE}")),
    "publishing": lambda index, before: current(index) != before or any(index.glob(".tmp-*")),
}
MEASURED = frozenset(passage for row in parallel() for passage in row[2:])


class Listening:
    """The real encoder, and the texts of the corpus that it was given."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self.given: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_passages(self, texts: list[str], **options: Any) -> Any:
        self.given += [text for text in texts if text not in MEASURED]
        return self._encoder.encode_passages(texts, **options)


@pytest.fixture(scope="module")
def encoder() -> Any:
    return load_encoder(Settings.load())


def build(corpus: Path, index: Path, encoder: Any, chunk_size: int = CHUNK_SIZE) -> None:
    build_index(corpus, index, encoder=lambda: encoder, chunk_size=chunk_size)


def keys(index: Path) -> set[str]:
    opened = Index.open(index)
    return {opened.place(row).key for row in range(opened.manifest.chunks)}


def same(index: Path, other: Path) -> bool:
    """Whether two indexes hold the same articles and chunks, and vectors that are the same but for rounding."""
    one, two = Index.open(index), Index.open(other)
    rows = range(one.manifest.chunks)
    return (
        list(one.articles) == list(two.articles)
        and one.manifest.chunks == two.manifest.chunks
        and [one.place(row) for row in rows] == [two.place(row) for row in rows]
        and np.allclose(one.vectors(np.array(rows)), two.vectors(np.array(rows)), rtol=0, atol=1e-3)
    )


# --- killed -----------------------------------------------------------------------------------


class Scene:
    """A corpus that has grown since its index was made."""

    def __init__(self, folder: Path, encoder: Any) -> None:
        self.folder, self.corpus, self.saved = folder, folder / "corpus", 0
        articles = {path.name: path.read_text("utf-8")[:600] for path in sorted((ROOT / "corpus").iterdir())}
        write_corpus(self.corpus, dict(list(articles.items())[:3]))
        build(self.corpus, folder / "old", encoder)
        write_corpus(self.corpus, articles)
        (folder / "none").mkdir()
        # How long each stage takes, by what the build starts from, when nothing disturbs it.
        self.lengths = {start: self.undisturbed(start) for start in ("none", "old")}

    def start(self, index: Path) -> subprocess.Popen[bytes]:
        """The real command line, as a user would run it."""
        command = [
            sys.executable,
            "-m",
            "ragqa",
            "index",
            "--quiet",
            "--corpus",
            self.corpus,
            "--index",
            index,
        ]
        environment = os.environ | {"RAGQA_CHUNK_SIZE": str(CHUNK_SIZE)}
        return subprocess.Popen(
            command, env=environment, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def undisturbed(self, start: str) -> dict[str, float]:
        index = shutil.copytree(self.folder / start, self.folder / f"after-{start}")
        before, process, begun = current(index), self.start(index), {}
        while process.poll() is None:
            for stage, sign in BEGUN.items():
                if stage not in begun and sign(index, before):
                    begun[stage] = time.monotonic()
            time.sleep(0.002)
        assert process.returncode == 0
        ends = [*list(begun.values())[1:], time.monotonic()]
        return {stage: end - at for (stage, at), end in zip(begun.items(), ends, strict=True)}

    def kill(self, start: str, stage: str, delay: float) -> Path:
        """What a build leaves that is killed so long after a stage began; sooner, should it end before."""
        while True:
            index = shutil.copytree(self.folder / start, self.folder / "killed")
            before, process = current(index), self.start(index)
            while not BEGUN[stage](index, before) and process.poll() is None:
                time.sleep(0.002)
            time.sleep(delay)
            process.kill()
            if process.wait() == -signal.SIGKILL:
                return index
            shutil.rmtree(index)
            delay /= 2

    def recovers(self, index: Path, start: str, encoder: Any) -> bool:
        """Whether the old version or the new answers, and the next build encodes just the rest to the same end."""
        old = keys(self.folder / "old") if start == "old" else set()
        undisturbed = self.folder / f"after-{start}"
        new = keys(undisturbed)
        switched = current(index) not in (None, current(self.folder / start))
        whole = current(index) is None or (not verify(index) and keys(index) == (new if switched else old))
        finished = set(Encoded(index, encoder).records)
        self.saved += bool(finished)
        known = new if switched else old | finished
        listening = Listening(encoder)
        build(self.corpus, index, listening)
        rest = len(listening.given) == len(new - known)
        return whole and rest and same(index, undisturbed) and not (index / FOLDER).exists()


def test_a_real_build_that_is_killed_at_random_times_is_gone_on_with(
    tmp_path: Path, encoder: Any, tally: Tally
) -> None:
    scene = Scene(tmp_path, encoder)
    seeded = random.Random("kill -9")
    for stage, kills in KILLS.items():
        good = 0
        for number in range(kills):
            start = "old" if number % 8 else "none"
            index = scene.kill(start, stage, seeded.random() * scene.lengths[start][stage])
            good += scene.recovers(index, start, encoder)
            shutil.rmtree(index)
        what = f"kill -9 of `ragqa index` with the real encoder at a random time while {stage}: a whole version answers, the next build encodes only the rest and ends as an undisturbed one"
        tally("A4", what, good, kills)
        assert good == kills
    # Else there was nothing that could have been encoded twice.
    assert scene.saved


# --- moved ------------------------------------------------------------------------------------


def found(index: Path, questions: list[str]) -> list[list[Passage]]:
    pipeline = Pipeline.open(Settings.load(index=index))
    return [pipeline.search(question, use_llm=False) for question in questions]


def test_a_snapshot_finds_the_same_from_an_archive_elsewhere_and_where_nothing_can_be_written(
    tmp_path: Path, encoder: Any, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragqa.models.loading.load_encoder", lambda settings: encoder)
    gold = (ROOT / "gold" / "questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(row)["question"] for row in gold[::4]][:20]
    build(ROOT / "corpus", tmp_path / "index", encoder, Settings.load().chunk_size)
    before = found(tmp_path / "index", questions)
    snapshots.take(tmp_path / "index", tmp_path / "snapshot")
    with tarfile.open(tmp_path / "snapshot.tar", "w") as archive:
        archive.add(tmp_path / "snapshot", arcname="copy")
    for gone in ("index", "snapshot"):
        shutil.rmtree(tmp_path / gone)
    with tarfile.open(tmp_path / "snapshot.tar") as archive:
        archive.extractall(tmp_path / "elsewhere", filter="data")
    there = tmp_path / "elsewhere" / "copy"
    agree = sum(a == b for a, b in zip(before, found(there, questions), strict=True))
    tally("A12", "a gold question to a snapshot that was packed with tar and unpacked elsewhere: the same passages, places and scores", agree, len(questions))  # fmt: skip
    assert agree == 20
    assert all(before)
    (tmp_path / "mount").mkdir()
    with read_only(there, tmp_path / "mount"):
        agree = sum(a == b for a, b in zip(before, found(tmp_path / "mount", questions), strict=True))
    tally("A12", "the same from a mount that is read-only", agree, len(questions))
    assert agree == 20

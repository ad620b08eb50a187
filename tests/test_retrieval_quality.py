"""What retrieval is worth on development packs, with the real encoder; the project's own questions are in test_real.py.

The packs are other people's and lie beside the project; where they are missing their tests skip. The bars
are those of docs/retrieval.md less a margin for processors that round otherwise.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.real import ROOT, benchmark, needs_models

from ragqa.index.build import build_index
from ragqa.index.index import Index
from ragqa.models.encoder import TextEncoder
from ragqa.models.loading import load_encoder
from ragqa.retrieval.query import Query, Question
from ragqa.settings import Settings

pytestmark = needs_models
PACKS = ROOT.parent / "shared" / "bench"
needs_packs = pytest.mark.skipif(
    not PACKS.is_dir(), reason=f"the development packs are not in {PACKS}; they are not part of the project"
)


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return load_encoder(Settings.load())


def indexed(corpus: Path, folder: Path, encoder: TextEncoder) -> Index:
    build_index(corpus, folder, encoder=lambda: encoder, chunk_size=300)
    return Index.open(folder)


def measured(name: str, folder: Path, encoder: TextEncoder) -> tuple[np.ndarray, list[str]]:
    """(S@1, S@5, nDCG@10) of every question of a pack by all signals, and the questions' directions."""
    bench = benchmark("retrieval")
    index = indexed(PACKS / name / "corpus.jsonl", folder, encoder)
    questions = list(bench.questions_of(PACKS / name))
    ranker = bench.RANKERS["all"]
    found = [ranker(Query.of(Question.of(q.text), encoder=encoder), index) for q in questions]
    scores = [bench.measures(f, q.relevant) for f, q in zip(found, questions, strict=True)]
    return np.array(scores), [q.direction for q in questions]


@pytest.mark.reliability
@needs_packs
def test_in_a_mixed_corpus_no_language_drowns_the_other(tmp_path: Path, encoder: TextEncoder) -> None:
    scores, directions = measured("xquad-mixed", tmp_path, encoder)
    assert scores[:, 0].mean() >= 0.87
    assert scores[:, 1].mean() >= 0.97
    for direction in set(directions):
        own = scores[[d == direction for d in directions]]
        assert own[:, 0].mean() >= 0.77, direction


@needs_packs
def test_english_news_are_found(tmp_path: Path, encoder: TextEncoder) -> None:
    scores, _ = measured("rgb-en", tmp_path, encoder)
    assert scores[:, 1].mean() >= 0.85

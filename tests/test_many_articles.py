"""The synthetic articles of benchmarks/many_articles.py, and whether it sees what is lost or twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.fakes import TokenEncoder
from support.faults import build
from support.real import benchmark

from ragqa.corpus import read_articles
from ragqa.models import loading
from ragqa.settings import Settings

many = benchmark("many_articles")


def test_articles_are_the_same_each_time_and_all_different() -> None:
    made = [many.article(number) for number in range(3000)]
    assert made == [many.article(number) for number in range(3000)]
    assert len({entry["text"] for entry in made}) == len({entry["_id"] for entry in made}) == 3000


def test_a_lost_article_and_a_wrong_vector_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "load_encoder", lambda settings: TokenEncoder())
    corpus, index = tmp_path / "corpus.jsonl", tmp_path / "index"
    corpus.write_text("".join(json.dumps(many.article(n)) + "\n" for n in range(6)), encoding="utf-8")
    settings = Settings(corpus=corpus, index=index, chunk_size=40)
    articles, _ = read_articles(corpus)
    build(corpus, index, TokenEncoder())
    assert list(many.faults(index, articles, settings)) == []
    more = tmp_path / "more.jsonl"
    more.write_text(corpus.read_text(encoding="utf-8") + json.dumps(many.article(6)), encoding="utf-8")
    lost = list(many.faults(index, read_articles(more)[0], settings))
    assert any("chunks lost, 0 twice" in one for one in lost)
    monkeypatch.setattr(many, "embedded_text", lambda article, chunk: "港口")
    assert any("is another chunk's" in one for one in many.faults(index, articles, settings))

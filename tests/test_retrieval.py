"""Question to passages: neighbours become one, twins count once, articles are ranked by their best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fakes import WordEncoder

from ragqa.index import Index, Manifest
from ragqa.records import Article, Chunk, Vectors
from ragqa.retrieval import embed_question, rank_articles, retrieve

# A chunk of an article: its heading and the cosine that it shall have.
Plan = dict[str, Sequence[tuple[str, float]]]
EAST: Vectors = np.array([[1, 0]], dtype=np.float32)
WIDTH = 100


def index_of(plan: Plan, *, width: int = WIDTH, dates: dict[str, str] | None = None) -> Index:
    """Chunks of ``width`` characters, one after the other, each at its cosine to EAST."""
    articles, chunks, cosines = [], [], []
    for number, (article_id, parts) in enumerate(plan.items()):
        text = "".join(chr(0x4E00 + 50 * number + n) * width for n in range(len(parts)))
        articles.append(Article(article_id, "题", text, published=(dates or {}).get(article_id)))
        for n, (heading, cosine) in enumerate(parts):
            start, end = n * width, (n + 1) * width
            chunks.append(Chunk(article_id, start, end, text[start:end], heading))
            cosines.append(cosine)
    c = np.array(cosines, dtype=np.float32)
    manifest = Manifest("v-1", "", "words", "", 2, 300, "", len(articles), len(chunks))
    vectors: Vectors = np.stack([c, np.sqrt(1 - c * c)], axis=1).astype(np.float32)
    return Index.build(articles, chunks, vectors, keys=[""] * len(chunks), manifest=manifest)


def found(
    index: Index, k: int = 5, *, question: str = "谁？", since: str | None = None, until: str | None = None
) -> list[tuple[str, int, int, float]]:
    passages = retrieve(question, EAST, index=index, k=k, since=since, until=until)
    assert all(p.article.text[p.chunk.start : p.chunk.end] == p.chunk.text for p in passages)
    return [(p.article.id, p.chunk.start, p.chunk.end, round(p.score, 4)) for p in passages]


# --- the question's vector -------------------------------------------------------------------


def test_a_question_has_a_unit_vector() -> None:
    vector = embed_question("港", encoder=WordEncoder([["港"]]))
    np.testing.assert_allclose(vector, [[0.5**0.5, 0.5**0.5]], rtol=1e-6)


def test_a_translation_has_an_equal_vote() -> None:
    encoder = WordEncoder([["港"], ["harbour"]])
    vector = embed_question("港", encoder=encoder, translation="harbour")
    np.testing.assert_allclose(vector, np.array([[2, 1, 1]]) / 6**0.5, rtol=1e-6)
    assert encoder.queries == ["港", "harbour"]


@pytest.mark.parametrize("translation", [None, ""])
def test_without_a_translation_only_the_question_is_encoded(translation: str | None) -> None:
    encoder = WordEncoder()
    embed_question("港", encoder=encoder, translation=translation)
    assert encoder.queries == ["港"]


# --- passages --------------------------------------------------------------------------------


def test_passages_come_best_first() -> None:
    index = index_of({"a": [("", 0.5)], "b": [("", 0.9)], "c": [("", 0.7)]})
    assert found(index) == [("b", 0, 100, 0.9), ("c", 0, 100, 0.7), ("a", 0, 100, 0.5)]


def test_neighbours_become_one_passage_that_scores_as_its_best_chunk() -> None:
    index = index_of({"a": [("", 0.5), ("", 0.9)], "b": [("", 0.7)]})
    assert found(index) == [("a", 0, 200, 0.9), ("b", 0, 100, 0.7)]


def test_what_lies_between_two_near_hits_is_read_too() -> None:
    index = index_of({"a": [("", 0.9), ("", 0.1), ("", 0.8)]})
    assert found(index, k=1) == [("a", 0, 300, 0.9)]


def test_without_a_heading_hits_far_apart_stay_apart() -> None:
    index = index_of({"a": [("", 0.9), ("", 0.1), ("", 0.1), ("", 0.8)]})
    assert found(index, k=1) == [("a", 0, 100, 0.9)]


def test_under_one_heading_hits_far_apart_are_one_passage() -> None:
    index = index_of({"a": [("题", 0.9), ("题", 0.1), ("题", 0.1), ("题", 0.8)]})
    assert found(index, k=1) == [("a", 0, 400, 0.9)]


def test_hits_under_two_headings_stay_apart() -> None:
    index = index_of({"a": [("甲", 0.9), ("乙", 0.8)]})
    assert found(index) == [("a", 0, 100, 0.9), ("a", 100, 200, 0.8)]


def test_a_passage_is_never_longer_than_900_characters() -> None:
    index = index_of({"a": [("题", 0.9)] * 10})
    assert [(start, end) for _, start, end, _ in found(index)] == [(0, 900), (900, 1000)]


def test_the_last_chunk_of_one_article_and_the_first_of_the_next_stay_apart() -> None:
    index = index_of({"a": [("", 0.9)], "b": [("", 0.8)]})
    assert found(index) == [("a", 0, 100, 0.9), ("b", 0, 100, 0.8)]


def test_the_same_words_in_two_articles_count_once() -> None:
    articles = [
        Article("a", "", "同 一\n句话。"),
        Article("b", "", "同一句话。"),
        Article("c", "", "另一句话。"),
    ]
    chunks = [Chunk(a.id, 0, len(a.text), a.text) for a in articles]
    vectors: Vectors = np.array([[0.6, 0.8], [0.8, 0.6], [0, 1]], dtype=np.float32)
    manifest = Manifest("v-1", "", "words", "", 2, 300, "", 3, 3)
    index = Index.build(articles, chunks, vectors, keys=["", "", ""], manifest=manifest)
    assert found(index) == [("b", 0, 5, 0.8), ("c", 0, 5, 0.0)]


def test_a_heading_that_announces_what_is_asked_for_counts_a_little() -> None:
    index = index_of({"a": [("天气", 0.9)], "b": [("三个原因", 0.88)], "c": [("原因", 0.8)]})
    assert [article for article, *_ in found(index)] == ["a", "b", "c"]
    assert found(index, question="为什么？") == [("b", 0, 100, 0.91), ("a", 0, 100, 0.9), ("c", 0, 100, 0.83)]


def test_no_more_than_k_passages_come() -> None:
    index = index_of({name: [("", 0.5)] for name in "abcdefgh"})
    assert [len(found(index, k=k)) for k in (1, 3, 8, 20)] == [1, 3, 8, 8]


def test_dates_bound_what_is_found() -> None:
    index = index_of(
        {"a": [("", 0.9)], "b": [("", 0.8)], "c": [("", 0.7)]}, dates={"a": "2023-05-01", "b": "2024-05-01"}
    )
    assert [article for article, *_ in found(index, since="2024")] == ["b"]
    assert [article for article, *_ in found(index, until="2024")] == ["a", "b"]
    assert found(index, since="2025") == []


# --- articles --------------------------------------------------------------------------------


def ranked(index: Index, k: int, **dates: str) -> list[tuple[str, int, float]]:
    return [
        (p.article.id, p.chunk.start, round(p.score, 4))
        for p in rank_articles(EAST, index=index, k=k, **dates)
    ]


def test_an_article_is_ranked_by_its_best_chunk() -> None:
    index = index_of({"a": [("", 0.1), ("", 0.8), ("", 0.2)], "b": [("", 0.9)], "c": [("", 0.3)]})
    assert ranked(index, 3) == [("b", 0, 0.9), ("a", 100, 0.8), ("c", 0, 0.3)]
    assert ranked(index, 1) == [("b", 0, 0.9)]


def test_an_article_of_many_near_chunks_leaves_room_for_the_others() -> None:
    index = index_of({"long": [("", 0.9)] * 50, "a": [("", 0.5)], "b": [("", 0.4)]})
    assert [article for article, *_ in ranked(index, 3)] == ["long", "a", "b"]


def test_no_more_articles_come_than_there_are() -> None:
    index = index_of({"a": [("", 0.9)] * 3, "b": [("", 0.8)]}, dates={"a": "2024"})
    assert [article for article, *_ in ranked(index, 100)] == ["a", "b"]
    assert [article for article, *_ in ranked(index, 100, since="2024")] == ["a"]
    assert ranked(index, 100, since="2025") == []

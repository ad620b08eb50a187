"""Question to ranked chunks: what each signal says, what is let pass, what the reader reads, what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from support.fakes import TokenEncoder, WordEncoder, WordReader
from support.house import PLAIN, cut, small_index

from ragqa.index.calibration import Calibration
from ragqa.index.index import Index
from ragqa.index.late_interaction import Signature
from ragqa.retrieval.query import Query, Question, Wording
from ragqa.retrieval.search import JUDGED, rank, rank_articles, retrieve
from ragqa.types import EVERYTHING, Article, Chunk, Filter, Language, Vectors

# A chunk of an article: its heading and the cosine that it shall have.
Plan = Mapping[str, Sequence[tuple[str, float]]]
EAST: Vectors = np.array([1, 0], dtype=np.float32)
NORTH: Vectors = np.array([0, 1], dtype=np.float32)
NOTHING = Calibration.none(2)


def index_of(plan: Plan, **facts: Mapping[str, str]) -> Index:
    """Chunks of 100 characters, one after the other, each at its cosine to EAST."""
    articles, chunks = cut({name: [heading for heading, _ in parts] for name, parts in plan.items()})
    known = [
        replace(a, **{fact: of[a.id] for fact, of in facts.items() if a.id in of})  # type: ignore[arg-type]
        for a in articles
    ]
    return small_index(known, chunks, [cosine for parts in plan.values() for _, cosine in parts])


def asked(text: str = "谁？", language: Language = "zh", **translation: str) -> Query:
    """A question that looks EAST; its translation looks NORTH."""
    wordings = {name: Wording(words, NORTH, None) for name, words in translation.items()}
    question = replace(Question.of(text), language=language)
    return Query(question, {language: Wording(text, EAST, None), **wordings})


def query_of(text: str, encoder: WordEncoder, translation: str | None = None) -> Query:
    return Query.of(Question.of(text), encoder=encoder, translation=translation)


def found(
    index: Index, query: Query | None = None, *, k: int = 5, filters: Filter = EVERYTHING
) -> list[tuple[str, float]]:
    passages = retrieve(query or asked(), index=index, k=k, filters=filters).passages
    return [(p.article.id, round(p.score, 4)) for p in passages]


def signal(name: str, query: Query, index: Index) -> dict[str, float]:
    """What a signal says of the articles' chunks, by article."""
    ranked = rank(query, index=index)
    values = zip(ranked.rows, ranked.signals[name][0], strict=True)
    return {index.articles[index.place(int(row)).article].id: round(float(value), 3) for row, value in values}


# --- the question ----------------------------------------------------------------------------


def test_a_question_has_a_unit_vector_in_its_own_language() -> None:
    query = query_of("港", WordEncoder([["港"]]))
    assert list(query.wordings) == ["zh"]
    assert query.wordings["zh"].text == "港"
    np.testing.assert_allclose(query.wordings["zh"].vector, [0.5**0.5, 0.5**0.5], rtol=1e-6)


def test_a_translation_is_a_wording_of_its_own() -> None:
    encoder = WordEncoder([["港"], ["harbour"]])
    query = query_of("港", encoder, "harbour")
    assert encoder.queries == ["港", "harbour"]
    assert {name: w.text for name, w in query.wordings.items()} == {"zh": "港", "en": "harbour"}


@pytest.mark.parametrize("translation", [None, ""])
def test_without_a_translation_only_the_question_is_encoded(translation: str | None) -> None:
    encoder = WordEncoder()
    query = query_of("Which harbour?", encoder, translation)
    assert encoder.queries == ["Which harbour?"]
    assert list(query.wordings) == ["en"]


def test_passages_are_looked_for_as_asked_and_in_their_own_language() -> None:
    query = asked("Who?", "en", zh="谁？")
    assert list(query.for_passages_in("en")) == ["en"]
    assert list(query.for_passages_in("zh")) == ["en", "zh"]


# --- dense -----------------------------------------------------------------------------------


def test_a_score_is_one_half_and_half_of_every_signal() -> None:
    index = index_of({"a": [("", 0.5)], "b": [("", 0.9)], "c": [("", -0.7)]})
    assert found(index) == [("b", 0.95), ("a", 0.75), ("c", 0.15)]


def test_in_the_other_language_both_wordings_vote() -> None:
    index = index_of({"a": [("", 0.6)], "b": [("", 0.6)]}, language={"b": "en"})
    assert found(index, asked(en="who?")) == [("b", 0.85), ("a", 0.8)]
    assert found(index, asked()) == [("a", 0.8), ("b", 0.8)]


def test_neither_language_drowns_the_other() -> None:
    plan: Plan = {"en": [("", 0.85), ("题", 0.81)], "zh": [("", 0.8), ("题", 0.7)]}
    index = index_of(plan, language={"en": "en"})
    query = asked("which?", "en")
    assert found(index, query) == [("en", 0.925), ("en", 0.905), ("zh", 0.9), ("zh", 0.85)]
    index.score_offsets = replace(NOTHING, dense={**NOTHING.dense, ("en", "en"): 0.83, ("en", "zh"): 0.74})
    assert found(index, query) == [("zh", 0.53), ("en", 0.51), ("en", 0.49), ("zh", 0.48)]


def test_each_vote_counts_from_its_own_direction() -> None:
    index = index_of({"a": [("", 0.6)]}, language={"a": "en"})
    index.score_offsets = replace(NOTHING, dense={**NOTHING.dense, ("zh", "en"): 0.5, ("en", "en"): 0.7})
    assert signal("dense", asked(en="who?"), index) == {"a": 0.1}


def test_each_language_has_candidates_however_near_the_other_is() -> None:
    plan: Plan = {**{f"e{n}": [("", 0.9)] for n in range(60)}, "chinese": [("", 0.1)]}
    index = index_of(plan, language={f"e{n}": "en" for n in range(60)})
    assert [len(rank(asked(), index=index, depth=depth).rows) for depth in (0, 55, 99)] == [51, 56, 61]


# --- words -----------------------------------------------------------------------------------


def english(*texts: str) -> Index:
    """Articles a, b … at a cosine of 0.5."""
    articles = [Article("ab"[n], "", text, language="en") for n, text in enumerate(texts)]
    return small_index(articles, vectors=[0.5] * len(texts))


def test_words_count_a_tenth_of_how_far_they_are_covered() -> None:
    index = english("clock", "tower")
    # BM25 of one word in a text of the mean length: 1 / (1 + 1.2).
    assert signal("lexical", asked("clock?", "en"), index) == {"a": 0.455, "b": 0}
    assert found(index, asked("clock?", "en")) == [("a", 0.7955), ("b", 0.75)]


def test_a_chunk_that_only_its_words_find_is_ranked() -> None:
    articles, chunks = cut({f"a{n}": [""] for n in range(60)})
    tower = Article("tower", "", "钟楼。")
    index = small_index([*articles, tower], [*chunks, Chunk("tower", 0, 3, "钟楼。")], [0.5] * 60 + [-1.0])
    assert 60 not in rank(asked("谁？"), index=index).rows
    ranked = rank(asked("钟楼？"), index=index)
    assert (len(ranked.rows), ranked.rows[-1]) == (51, 60)
    assert ranked.signals["lexical"][0][-1] == pytest.approx(index.words.coverage("钟楼？")[60])


def test_the_wording_that_shares_more_words_counts() -> None:
    assert signal("lexical", asked("谁？", en="clock?"), english("clock", "tower")) == {"a": 0.455, "b": 0}


def test_a_question_in_a_script_that_no_chunk_holds_says_nothing_by_its_words() -> None:
    assert signal("lexical", asked("钟楼？"), english("clock", "tower")) == {"a": 0, "b": 0}


# --- tokens ----------------------------------------------------------------------------------

TOKENS = TokenEncoder()


def signed(*texts: str, score_offsets: Calibration | None = None, before: int = 0) -> Index:
    """Articles a, b, c … of one chunk, which begins after ``before`` characters, with their tokens."""
    none = Calibration.none(8)
    articles = [Article("abc"[n], "", "序" * before + text) for n, text in enumerate(texts)]
    chunks = [Chunk(a.id, before, len(a.text), text) for a, text in zip(articles, texts, strict=True)]
    signatures = [Signature.of(TOKENS.tokens(text), none.passages["zh"]) for text in texts]
    return small_index(
        articles,
        chunks,
        TOKENS.encode_passages(texts),
        signatures=signatures,
        score_offsets=score_offsets or none,
    )


def test_each_token_counts_with_the_nearest_of_the_chunk() -> None:
    # From (1, subject) / √2 to the same two signs among eight: 2 / √2 / √8; to no sign but the first: 0.
    index = signed("灯坏了。", "灯和港。", "别的。")
    assert signal("late", query_of("灯港", TOKENS), index) == {"a": 0.25, "b": 0.5, "c": 0}


def test_tokens_count_from_what_their_direction_scores() -> None:
    none = Calibration.none(8)
    index = signed("灯坏了。", score_offsets=replace(none, late={**none.late, ("zh", "zh"): 0.3}))
    assert signal("late", query_of("灯", TOKENS), index) == {"a": 0.2}
    assert signal("late", query_of("lamp", TOKENS), index) == {"a": 0.5}


def test_without_tokens_they_say_nothing() -> None:
    assert signal("late", asked(), index_of({"a": [("", 0.9)]})) == {"a": 0}
    index = signed("灯坏了。")
    assert signal("late", query_of("灯", WordEncoder(TOKENS.subjects)), index) == {"a": 0}


# --- points ----------------------------------------------------------------------------------


def test_points_add_up_to_the_score() -> None:
    index = signed("灯坏了，港口有沙。", "港口的船。", "别的。")
    for reader in (None, WordReader()):
        found = retrieve(query_of("谁买灯？", TOKENS), index=index, k=3, reader=reader)
        named = ("dense", "late", "lexical", "reader") if reader else ("dense", "late", "lexical")
        assert {tuple(s.name for s in p.signals) for p in found.passages} == {named}
        for p in found.passages:
            assert 0.5 + sum(s.points for s in p.signals) == pytest.approx(p.score, abs=1e-6)
        assert found.passages[0].article.id == "a"
        assert all(s.points > 0 for s in found.passages[0].signals[:3])


def test_weights_say_what_a_signal_counts() -> None:
    index = small_index([Article("a", "", "钟楼。"), Article("b", "", "灯塔。")], vectors=[0.5, 0.9])
    words_only = {"dense": 0.0, "late": 0.0, "lexical": 1.0}
    assert list(rank(asked("钟楼"), index=index).rows) == [1, 0]
    assert list(rank(asked("钟楼"), index=index, weights=words_only).rows) == [0, 1]


# --- what may answer -------------------------------------------------------------------------


def test_k_passages_come_though_neighbours_become_one() -> None:
    index = index_of({f"a{n}": [("", 0.9 - n / 100)] * 2 for n in range(60)})
    assert [len(found(index, k=k)) for k in (1, 40, 60, 99)] == [1, 40, 60, 60]


# --- articles --------------------------------------------------------------------------------


def ranked(index: Index, k: int) -> list[tuple[str, int, float]]:
    passages = rank_articles(asked(), index=index, k=k).passages
    return [(p.article.id, p.chunk.start, round(p.score, 4)) for p in passages]


def test_an_article_is_ranked_by_its_best_chunk() -> None:
    index = index_of({"a": [("", 0.1), ("", 0.8), ("", 0.2)], "b": [("", 0.9)], "c": [("", 0.3)]})
    assert ranked(index, 3) == [("b", 0, 0.95), ("a", 100, 0.9), ("c", 0, 0.65)]
    assert ranked(index, 1) == [("b", 0, 0.95)]


def test_an_article_of_many_near_chunks_leaves_room_for_the_others() -> None:
    index = index_of({"long": [("", 0.9)] * 120, "a": [("", 0.5)], "b": [("", 0.4)]})
    assert ranked(index, 3) == [("long", 0, 0.95), ("a", 0, 0.75), ("b", 0, 0.7)]


def test_no_more_articles_come_than_there_are() -> None:
    assert [name for name, *_ in ranked(index_of({"a": [("", 0.9)] * 3, "b": [("", 0.8)]}), 100)] == [
        "a",
        "b",
    ]


# --- what is lit up --------------------------------------------------------------------------


def lit(question: str, index: Index) -> list[str]:
    """The words of the best passage's focus."""
    (passage,) = retrieve(query_of(question, TOKENS), index=index, k=1).passages
    for start, end in passage.focus:
        assert passage.chunk.start <= start < end <= passage.chunk.end
    return [passage.article.text[start:end] for start, end in passage.focus]


@pytest.mark.parametrize("before", [0, 7])
def test_the_sentences_that_hold_the_question_best_are_lit_up(before: int) -> None:
    index = signed("有人来了。灯坏了。船走了。", before=before)
    assert lit("灯", index) == ["灯坏了。"]


def test_two_sentences_are_lit_up_in_their_order_when_they_are_about_as_good() -> None:
    index = signed("港口的灯。灯坏了。又是灯。灯和港。")
    assert lit("灯", index) == ["港口的灯。", "灯坏了。"]
    assert lit("灯港", index) == ["港口的灯。", "灯和港。"]
    assert lit("灯在何时何地坏了", signed("船走了。灯坏了。")) == ["灯坏了。"]
    assert lit("灯在何时何地坏了又为何没人去修它呢", signed("船走了。灯坏了。")) == ["船走了。", "灯坏了。"]


def test_every_chunk_of_a_passage_can_be_lit_up() -> None:
    texts = ["灯坏了。", "船走了。", "港口的灯。"]
    article = Article("a", "", "".join(texts))
    chunks = [
        Chunk("a", start, start + len(text), text) for start, text in zip((0, 4, 8), texts, strict=True)
    ]
    none = Calibration.none(8)
    signatures = [Signature.of(TOKENS.tokens(text), none.passages["zh"]) for text in texts]
    index = small_index(
        [article], chunks, TOKENS.encode_passages(texts), signatures=signatures, score_offsets=none
    )
    assert lit("灯", index) == ["灯坏了。", "港口的灯。"]


def test_without_tokens_nothing_is_lit_up() -> None:
    assert (
        lit("灯", small_index([Article("a", "", "灯坏了。")], vectors=TOKENS.encode_passages(["灯坏了。"])))
        == []
    )


# --- the reader ------------------------------------------------------------------------------


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text's chance is the logistic of its score: .047 for -3, .269 for -1, .731 for 1."""
    monkeypatch.setattr("ragqa.retrieval.answerability.fitted", lambda: PLAIN)


def lamps(*texts: str) -> Index:
    """Articles a, b … at a cosine of 0.9, 0.8 …"""
    articles = [Article("abcdefghijklmnopqrstuvwxyz"[n], f"题{n}", text) for n, text in enumerate(texts)]
    return small_index(articles, vectors=[0.9 - n / 100 for n in range(len(texts))])


@pytest.mark.usefixtures("plain")
def test_what_was_read_is_ranked_by_its_chance_to_answer() -> None:
    index = lamps("船走了。", "灯坏了。", "买了灯。")
    found = retrieve(asked("谁买灯？"), index=index, k=3, reader=WordReader())
    assert [(p.article.id, round(p.score, 3), round(p.reader or 0, 3)) for p in found.passages] == [
        ("c", 0.731, 0.731), ("b", 0.269, 0.269), ("a", 0.047, 0.047),
    ]  # fmt: skip
    (signal,) = (s for s in found.passages[0].signals if s.name == "reader")
    assert signal.value == pytest.approx(0.731, abs=1e-3)


@pytest.mark.usefixtures("plain")
def test_what_was_further_down_stands_below_the_best_three_however_likely_it_is() -> None:
    index = lamps("谁都走了。", "谁都来了。", "谁都问了。", "谁都说了。", "灯坏了。")
    asks = asked("谁都说灯？")
    before = [p.article.id for p in retrieve(asks, index=index, k=5).passages]
    assert before[3:] == ["c", "e"]
    found = retrieve(asks, index=index, k=5, reader=WordReader()).passages
    assert {p.article.id for p in found[:3]} == set(before[:3])
    assert (found[3].article.id, found[3].reader) == ("e", pytest.approx(0.269, abs=1e-3))
    assert [p.score for p in found] == sorted((p.score for p in found), reverse=True)


@pytest.mark.usefixtures("plain")
def test_each_chunk_is_read_below_its_title_and_its_reading_is_kept() -> None:
    reader = WordReader()
    found = retrieve(asked("谁买灯？"), index=lamps("灯坏了。", "船走了。"), k=2, reader=reader)
    assert (reader.questions, reader.texts) == (["谁买灯？"], ["题0\n灯坏了。", "题1\n船走了。"])
    assert [(read.window.article.id, read.reading.score) for read in found.read] == [("a", -1), ("b", -3)]
    assert [round(read.score, 4) for read in found.read] == sorted(
        (round(read.score, 4) for read in found.read), reverse=True
    )
    assert [read.window.text[read.window.body :] for read in found.read] == ["灯坏了。", "船走了。"]


@pytest.mark.usefixtures("plain")
def test_only_the_best_chunks_are_read_and_the_others_follow_in_their_order() -> None:
    index = lamps(*(f"船{n}走了。" for n in range(JUDGED + 3)))
    reader = WordReader()
    found = retrieve(asked("灯？"), index=index, k=20, reader=reader)
    assert (len(reader.texts), len(found.read)) == (JUDGED, JUDGED)
    names = [p.article.id for p in found.passages]
    assert names == sorted(names)
    unread = [p for p in found.passages if p.reader is None]
    assert unread == list(found.passages[JUDGED:])
    assert all(p.score < found.passages[JUDGED - 1].score for p in unread)
    assert [s.value for p in unread for s in p.signals if s.name == "reader"] == [0.0] * 3


def test_without_a_reader_nothing_is_read() -> None:
    found = retrieve(asked("灯？"), index=lamps("灯坏了。"), k=1)
    assert (found.read, found.passages[0].reader) == ((), None)
    assert [s.name for s in found.passages[0].signals] == ["dense", "late", "lexical"]
    assert (
        retrieve(
            asked("灯？"), index=lamps("灯坏了。"), k=1, filters=Filter(since="2025"), reader=WordReader()
        ).read
        == ()
    )


@pytest.mark.usefixtures("plain")
def test_a_passage_of_several_chunks_has_the_best_ones_chance() -> None:
    article = Article("a", "", "船走了。灯坏了。")
    chunks = [Chunk("a", 0, 4, "船走了。"), Chunk("a", 4, 8, "灯坏了。")]
    index = small_index([article], chunks, [0.9, 0.5])
    (passage,) = retrieve(asked("灯？"), index=index, k=1, reader=WordReader()).passages
    assert (passage.chunk.text, passage.reader and round(passage.reader, 3)) == ("船走了。灯坏了。", 0.269)


@pytest.mark.usefixtures("plain")
def test_articles_are_ranked_with_the_readers_view_too() -> None:
    index, query = lamps("船走了。", "买了灯。"), asked("Who bought the lamp?")
    found = rank_articles(query, index=index, k=2, reader=WordReader())
    assert [p.article.id for p in found.passages] == ["b", "a"]
    assert [p.article.id for p in rank_articles(query, index=index, k=2).passages] == ["a", "b"]

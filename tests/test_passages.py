"""Ranked chunks to passages: neighbours become one, copies count once, no article takes all places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from support.house import cut, small_index

from ragqa.index.index import Index
from ragqa.retrieval.passages import Hit, select
from ragqa.types import Article, Signal

Found = tuple[str, int, int, float]


def hits(*scores: float | None) -> list[Hit]:
    """Hits of the chunks that have a score, by their rows, best first."""
    found = [Hit(row, score) for row, score in enumerate(scores) if score is not None]
    return sorted(found, key=lambda hit: -hit.score)


def chosen(index: Index, *scores: float | None, k: int = 5) -> list[Found]:
    passages = select(hits(*scores), index=index, k=k)
    assert all(p.article.text[p.chunk.start : p.chunk.end] == p.chunk.text for p in passages)
    return [(p.article.id, p.chunk.start, p.chunk.end, p.score) for p in passages]


def plan(headings: Mapping[str, Sequence[str]], *, width: int = 100) -> Index:
    return small_index(*cut(headings, width=width))


def whole(*texts: str) -> Index:
    """Articles a, b, c …, each of one chunk."""
    return small_index([Article("abcdefgh"[n], "", text) for n, text in enumerate(texts)])


# --- small to search, larger to read ---------------------------------------------------------


def test_passages_come_best_first() -> None:
    index = plan({"a": [""], "b": [""], "c": [""]})
    assert chosen(index, 0.5, 0.9, 0.7) == [("b", 0, 100, 0.9), ("c", 0, 100, 0.7), ("a", 0, 100, 0.5)]


def test_without_hits_there_are_no_passages() -> None:
    assert chosen(plan({"a": [""]})) == []


def test_neighbours_become_one_passage_that_scores_as_its_best_chunk() -> None:
    index = plan({"a": ["", ""], "b": [""]})
    assert chosen(index, 0.5, 0.9, 0.7) == [("a", 0, 200, 0.9), ("b", 0, 100, 0.7)]


def test_a_passage_says_why_its_best_chunk_was_found() -> None:
    best, other = (Signal("dense", 0.8, 0.4),), (Signal("dense", 0.2, 0.1),)
    (passage,) = select([Hit(1, 0.9, best), Hit(0, 0.6, other)], index=plan({"a": ["", ""]}), k=5)
    assert passage.signals == best


def test_what_lies_between_two_near_hits_is_read_too() -> None:
    assert chosen(plan({"a": [""] * 3}), 0.9, None, 0.8) == [("a", 0, 300, 0.9)]


def test_without_a_heading_hits_far_apart_stay_apart() -> None:
    index = plan({"a": [""] * 4})
    assert chosen(index, 0.9, None, None, 0.8) == [("a", 0, 100, 0.9), ("a", 300, 400, 0.8)]


def test_under_one_heading_hits_far_apart_are_one_passage() -> None:
    assert chosen(plan({"a": ["题"] * 4}), 0.9, None, None, 0.8) == [("a", 0, 400, 0.9)]


def test_hits_under_two_headings_stay_apart() -> None:
    assert chosen(plan({"a": ["甲", "乙"]}), 0.9, 0.8) == [("a", 0, 100, 0.9), ("a", 100, 200, 0.8)]


def test_a_passage_is_never_longer_than_900_characters() -> None:
    found = chosen(plan({"a": ["题"] * 10}), *[0.9] * 10)
    assert [(start, end) for _, start, end, _ in found] == [(0, 900), (900, 1000)]


def test_the_last_chunk_of_one_article_and_the_first_of_the_next_stay_apart() -> None:
    assert chosen(plan({"a": [""], "b": [""]}), 0.9, 0.8) == [("a", 0, 100, 0.9), ("b", 0, 100, 0.8)]


@pytest.mark.parametrize(
    ("headings", "row", "read"),
    [
        (["", "", ""], 1, (99, 297)),
        (["", "", ""], 2, (99, 297)),
        (["", "", "题"], 1, (0, 198)),
        (["甲", "", "题"], 1, (99, 198)),
        ([""], 0, (0, 99)),
    ],
)
def test_a_short_hit_is_read_on_or_from_before_under_its_heading(
    headings: list[str], row: int, read: tuple[int, int]
) -> None:
    index = plan({"a": headings, "b": ["", ""]}, width=99)
    (passage,) = select([Hit(row, 0.9)], index=index, k=5)
    assert (passage.article.id, passage.chunk.start, passage.chunk.end) == ("a", *read)


def test_before_the_first_chunk_there_is_nothing_to_read() -> None:
    assert chosen(plan({"a": ["", "题", ""]}, width=99), 0.9) == [("a", 0, 99, 0.9)]


@pytest.mark.parametrize(("letters", "end"), [(249, 498), (250, 250)])
def test_latin_letters_count_two_fifths_of_a_character(letters: int, end: int) -> None:
    articles, chunks = cut({"a": ["", ""]}, width=letters)
    text = "x" * letters + "y" * letters
    latin = [replace(c, text=text[c.start : c.end]) for c in chunks]
    assert chosen(small_index([replace(articles[0], text=text)], latin), 0.9) == [("a", 0, end, 0.9)]


# --- copies ----------------------------------------------------------------------------------


def kept(*texts: str) -> list[tuple[str, tuple[str, ...]]]:
    """Of articles found in this order: which come, and where else their words are said to stand."""
    scores = [0.9 - 0.05 * n for n in range(len(texts))]
    passages = select(hits(*scores), index=whole(*texts), k=8)
    return [(p.article.id, p.also_in) for p in passages]


def test_the_same_words_in_two_articles_count_once_and_say_where_else_they_stand() -> None:
    assert kept("同 一\n句话。", "同一句话。", "另有别人来。") == [("a", ("b",)), ("c", ())]


def test_several_copies_are_all_named_best_first() -> None:
    assert kept("同一句话。", "春天来了。", "同一句话。", "同一句话！", "春天来了。") == [
        ("a", ("c", "d")), ("b", ("e",)),
    ]  # fmt: skip


def test_short_different_texts_are_no_copies() -> None:
    assert kept("同一句话。", "另一句话。") == [("a", ()), ("b", ())]
    assert kept("他今年三岁。", "他今年四岁。") == [("a", ()), ("b", ())]


# Eleven characters are ten pairs of neighbours.
ELEVEN = "春夏秋冬东南西北天地人"


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (ELEVEN[:10] + "金", True),
        (ELEVEN[:9] + "金木", False),
        (ELEVEN[:7], True),
        (ELEVEN[:6], False),
        (ELEVEN + "金木水火土日月", False),
        (ELEVEN + "金木水火土日", True),
        (ELEVEN.translate({ord("东"): "東"}), True),
    ],
)
def test_a_copy_shares_nine_tenths_of_the_shorter_and_is_three_fifths_as_long(text: str, copy: bool) -> None:
    assert kept(ELEVEN, text) == ([("a", ("b",))] if copy else [("a", ()), ("b", ())])


def test_a_copy_with_another_figure_is_no_copy() -> None:
    report = "港务局周一表示，风暴过后港口停航造成的损失为{}亿元，航道要到秋天才能重新开放。"
    assert kept(report.format(32), report.format(32)) == [("a", ("b",))]
    assert kept(report.format(32), report.format(35)) == [("a", ()), ("b", ())]


def test_texts_without_pairs_are_copies_when_they_are_the_same() -> None:
    assert kept("甲。", "甲 。", "乙。") == [("a", ("b",)), ("c", ())]


def test_copies_within_one_article_count_once_and_name_no_article() -> None:
    text = f"{ELEVEN}。\n" * 3
    articles, chunks = cut({"a": ["甲", "乙", "丙"]}, width=13)
    copies = [replace(c, text=text[c.start : c.end]) for c in chunks]
    index = small_index([replace(articles[0], text=text)], copies)
    (passage,) = select(hits(0.9, 0.8, 0.7), index=index, k=5)
    assert (passage.chunk.heading, passage.also_in) == ("甲", ())


def test_an_article_that_holds_two_copies_is_named_once() -> None:
    once, twice = Article("a", "", f"{ELEVEN}。"), Article("b", "", f"{ELEVEN}。\n{ELEVEN}。")
    _, chunks = cut({"a": [""], "b": ["甲", "乙"]}, width=12)
    second = replace(chunks[2], start=13, end=25)
    texts = [replace(c, text=f"{ELEVEN}。") for c in (chunks[0], chunks[1], second)]
    (passage,) = select(hits(0.9, 0.8, 0.7), index=small_index([once, twice], texts), k=5)
    assert (passage.article.id, passage.also_in) == ("a", ("b",))


# --- fair shares -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("k", "articles"),
    [
        (1, "a"),
        (2, "aa"),
        (3, "aab"),
        (4, "aabc"),
        (5, "aaabc"),
        (6, "aaabcd"),
        (7, "aaaabcd"),
        (9, "aaaaabcd"),
    ],
)
def test_no_article_takes_more_than_half_of_the_places_while_others_wait(k: int, articles: str) -> None:
    index = plan({"a": list("甲乙丙丁戊"), "b": [""], "c": [""], "d": [""]})
    found = chosen(index, 0.9, 0.89, 0.88, 0.87, 0.86, 0.8, 0.7, 0.6, k=k)
    assert "".join(article for article, *_ in found) == articles


def test_shared_places_are_still_ranked_by_score() -> None:
    index = plan({"a": list("甲乙丙"), "b": [""]})
    assert chosen(index, 0.9, 0.8, None, 0.5, k=2) == [("a", 0, 100, 0.9), ("a", 100, 200, 0.8)]
    assert chosen(index, 0.9, 0.8, 0.7, 0.5, k=3) == [
        ("a", 0, 100, 0.9), ("a", 100, 200, 0.8), ("b", 0, 100, 0.5),
    ]  # fmt: skip
    assert chosen(index, 0.9, 0.8, 0.7, 0.5, k=4)[2:] == [("a", 200, 300, 0.7), ("b", 0, 100, 0.5)]


def test_an_article_that_fills_the_first_hits_still_leaves_room_for_others() -> None:
    index = plan({"a": list("甲乙丙丁戊己庚辛壬癸"), "b": [""], "c": [""]})
    found = chosen(index, *[0.9 - n / 100 for n in range(10)], 0.5, 0.4)
    assert [article for article, *_ in found] == ["a", "a", "a", "b", "c"]


def test_no_more_than_k_passages_come() -> None:
    index = plan({name: [""] for name in "abcdefgh"})
    assert [len(chosen(index, *[0.5] * 8, k=k)) for k in (1, 3, 8, 20)] == [1, 3, 8, 8]


def test_when_the_first_hits_become_one_passage_more_are_looked_at() -> None:
    index = plan({"a": ["题"] * 4, "b": [""]})
    assert chosen(index, 0.9, 0.8, 0.7, 0.6, 0.5, k=2) == [("a", 0, 400, 0.9), ("b", 0, 100, 0.5)]


# --- the latest ------------------------------------------------------------------------------


def dated(*found: tuple[float, str | None], latest: bool) -> list[str | None]:
    """The dates of articles found with these scores, in the order in which they come."""
    articles, chunks = cut({f"a{n}": [""] for n in range(len(found))})
    index = small_index(
        [replace(a, published=date) for a, (_, date) in zip(articles, found, strict=True)], chunks
    )
    passages = select(hits(*[score for score, _ in found]), index=index, k=5, latest=latest)
    return [passage.article.published for passage in passages]


FOUND = [(0.9, "2022"), (0.88, "2024-05-01"), (0.86, None), (0.851, "2024-06"), (0.849, "2025")]


def test_a_question_for_the_latest_has_the_newest_of_the_about_equally_good_first() -> None:
    assert dated(*FOUND, latest=True) == ["2024-06", "2024-05-01", "2022", None, "2025"]


def test_another_question_has_the_best_first() -> None:
    assert dated(*FOUND, latest=False) == ["2022", "2024-05-01", None, "2024-06", "2025"]


def test_the_latest_of_nothing_is_nothing() -> None:
    assert dated(latest=True) == []

"""Names as the corpus writes them: abbreviations, pinyin, near spellings."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.house import small_index

from ragqa.index.known_names import KnownNames
from ragqa.retrieval import Question, in_words_of, suggested
from ragqa.text.entities import entities, sounds
from ragqa.text.lexicon import names, noun_phrases
from ragqa.types import Article

ARTICLES = [
    Article("a", "疫苗", "国家卫生健康委员会周二宣布，疫苗提前接种。副主任宋卫明说，储备充足。"),
    Article("b", "罚款", "三家农村商业银行被罚款，住房和城乡建设部作了通报。"),
    Article("c", "圖書館", "葉國樑在臺岡圖書館演講，發改委也派人參加。"),
    Article("d", "Steel", "Weiming Zhao runs Larkhill Steel. Brandtner left.", language="en"),
]
INDEX = small_index(ARTICLES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("卫健委说今年流感提前", ("卫健委",)),
        ("國家衛健委稱", ("卫健委",)),
        ("张三说他不去", ("张三",)),
        ("欧阳晓说", ("欧阳晓",)),
        ("据说王强去了北京", ("王强", "北京")),
        ("何小荷称赞了罗晓岚", ("何小荷", "罗晓岚")),
    ],
)
def test_a_verb_of_saying_is_no_part_of_a_name(text: str, found: tuple[str, ...]) -> None:
    assert names(text) == found


def test_noun_phrases_are_given_as_they_are_written() -> None:
    assert noun_phrases("衛生部長林美華宣布辭職") == ["衛生部長林美華"]


def test_entities_are_given_as_their_words() -> None:
    assert ("国家", "卫生", "健康", "委员会") in set(entities(ARTICLES[0].text))
    assert ("农村", "商业", "银行") in set(entities(ARTICLES[1].text))
    assert ("葉國樑",) in set(entities(ARTICLES[2].text))
    assert set(entities(ARTICLES[3].text)) == {
        ("Weiming", "Zhao"), ("Weiming",), ("Zhao",), ("Larkhill", "Steel"), ("Larkhill",), ("Steel",), ("Brandtner",)
    }  # fmt: skip


def test_a_name_has_the_sounds_of_its_characters_and_of_either_order() -> None:
    assert "songweiming" in sounds("宋卫明")
    assert "zengguang" in sounds("曾广")
    assert sounds("Weiming Zhao") == ("weimingzhao", "zhaoweiming")


@pytest.mark.parametrize(
    ("asked", "text", "taken"),
    [
        ("卫健委宣布了什么？", "国家卫生健康委员会宣布了什么？", "卫健委"),
        ("住建部通报了谁？", "住房和城乡建设部通报了谁？", "住建部"),
        ("農商行被罰了嗎？", "农村商业银行被罰了嗎？", "農商行"),
        ("songweiming是谁？", "宋卫明是谁？", "songweiming"),
        ("Who is Song Weiming?", "Who is 宋卫明?", "Song Weiming"),
        ("yeguoliang在哪里演讲", "葉國樑在哪里演讲", "yeguoliang"),
        ("赵伟明在做什么？", "Weiming Zhao在做什么？", "赵伟明"),
        ("发展和改革委员会派谁参加？", "發改委派谁参加？", "发展和改革委员会"),
    ],
)
def test_a_name_is_taken_for_the_one_that_the_articles_hold(asked: str, text: str, taken: str) -> None:
    question, found = in_words_of(INDEX, Question.of(asked))
    assert (question.text, [each.asked for each in found]) == (text, [taken])


@pytest.mark.parametrize(
    "asked",
    [
        "农行被罚了多少？",
        "宋卫明说了什么？",
        "发改委派谁参加？",
        "Who runs Larkhill Steel?",
        "港口为什么停航？",
        "women",
    ],
)
def test_other_names_stay_as_they_are(asked: str) -> None:
    assert in_words_of(INDEX, Question.of(asked)) == (Question.of(asked), ())


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("宋为明是谁？", [("宋为明", "宋卫明")]),
        ("Why did Brantdner leave?", [("Brantdner", "Brandtner")]),
        ("why did brandtnr leave?", [("brandtnr", "Brandtner")]),
        ("宋卫明是谁？", []),
        ("马思远是谁？", []),
        ("Who is Li?", []),
    ],
)
def test_a_name_that_no_article_holds_is_near_one_that_it_does(
    asked: str, near: list[tuple[str, str]]
) -> None:
    assert suggested(INDEX, Question.of(asked)) == near


def test_names_are_written_and_read_again(tmp_path: Path) -> None:
    KnownNames.build(ARTICLES).save(tmp_path)
    assert KnownNames.open(tmp_path).text == KnownNames.build(ARTICLES).text
    (tmp_path / "names.txt").write_text("宋卫明\n", encoding="utf-8")
    with pytest.raises(ValueError, match="of another kind"):
        KnownNames.open(tmp_path)

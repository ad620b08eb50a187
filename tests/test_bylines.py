"""Who wrote an article, from bylines as Chinese and English papers set them, and from fields."""

from __future__ import annotations

import pytest

from ragqa.corpus.bylines import author_from, author_of, author_of_text, credit, credited


@pytest.mark.parametrize(
    ("line", "words", "names"),
    [
        ("2023年03月09日 07:45 来源：江城日报 作者：艾冬 编辑：小满", "作者：艾冬", "艾冬"),
        ("作者：张 三", "作者：张 三", "张三"),
        ("作者： 骆以棠 字号", "作者： 骆以棠", "骆以棠"),
        ("作者：艾冬、梅长青 责任编辑：王五", "作者：艾冬、梅长青", "艾冬、梅长青"),
        ("作者：阿依古丽·买买提", "作者：阿依古丽·买买提", "阿依古丽·买买提"),
        ("作者｜三棵树的猫", "作者｜三棵树的猫", "三棵树的猫"),
        ("文/艾冬 图/梅长青", "文/艾冬", "艾冬"),
        ("文/图 艾冬", "文/图 艾冬", "艾冬"),
        ("本报记者 艾冬 梅长青", "本报记者 艾冬 梅长青", "艾冬、梅长青"),
        ("江城日报记者 艾冬 通讯员 梅长青", "江城日报记者 艾冬 通讯员 梅长青", "艾冬、梅长青"),
        ("记者 艾冬 北京报道", "记者 艾冬", "艾冬"),
        ("記者：艾冬", "記者：艾冬", "艾冬"),
        ("江城新聞網／記者艾冬／花蓮即時報導", "記者艾冬", "艾冬"),
        ("記者艾冬、梅長青／台北報導", "記者艾冬、梅長青", "艾冬、梅長青"),
        ("采写：江城晚报记者 艾冬", "采写：江城晚报记者 艾冬", "艾冬"),
        ("By Jane Doe | May 22, 2024 | 5 min read", "By Jane Doe", "Jane Doe"),
        ("By Jane van der Berg and John Roe, Staff Writers", "By Jane van der Berg and John Roe",
         "Jane van der Berg, John Roe"),
        ("BY JANE DOE", "BY JANE DOE", "JANE DOE"),
        ("By April May June 3, 2024", "By April May", "April May"),
        ("Posted by Jane Doe on May 3, 2024", "Posted by Jane Doe", "Jane Doe"),
        ("Reporting by Jane Doe; Editing by Max Roe", "Reporting by Jane Doe", "Jane Doe"),
        ("author: 艾冬", "author: 艾冬", "艾冬"),
        ("By Ola Berg and Jane Doe, Harbour Correspondents", "By Ola Berg and Jane Doe, Harbour Correspondents", "Ola Berg, Jane Doe"),
    ],
)  # fmt: skip
def test_the_stretch_that_names_the_author_is_found_with_the_names(line: str, words: str, names: str) -> None:
    assert (credit(line), author_of([line])) == (words, names)


@pytest.mark.parametrize(
    "line",
    [
        "责任编辑：王某", "摄影：李四", "编辑 | 林舟", "翻译：林舟", "来源：江城日报", "作者: 来源:江城日报 2023-09-14",
        "作者：佚名", "记者手记", "记者调查", "By the sea", "By Design", "By Reuters Staff", "Standby Crew Leaves",
        "原作者：艾冬", "（雲岸社記者聞笙柏嶺2日電）",
    ],
)  # fmt: skip
def test_a_line_that_names_no_author_gives_none(line: str) -> None:
    assert (credit(line), author_of([line])) == ("", "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("新华社江城8月2日电（记者艾冬、梅长青）水厂开始供水。\n完。", "艾冬、梅长青"),
        ("水厂开始供水。\n居民欢迎。（记者 艾冬）", "艾冬"),
        ("水厂开始供水\n本报记者 艾冬\n水厂周一开始供水。", "艾冬"),
        ("水厂开始供水。\n记者艾冬从市里获悉，水价不变。", ""),
    ],
)
def test_the_text_names_its_authors_at_its_edges(text: str, names: str) -> None:
    assert author_of_text(text) == names


@pytest.mark.parametrize(
    ("stated", "names"),
    [
        ("By Jane Doe", "Jane Doe"),
        ("记者 艾冬", "艾冬"),
        ("艾冬 编辑：小满", "艾冬"),
        ("艾冬(实习生)", "艾冬"),
        (["[[Jane Doe]]"], "Jane Doe"),
        ("Jane Doe and John Roe", "Jane Doe, John Roe"),
        (["艾冬", {"name": "梅长青"}], "艾冬、梅长青"),
        ({"@type": "Person", "name": ["Jane Doe"]}, "Jane Doe"),
        ("https://www.example.org/jane", ""),
        ("admin", ""),
        ("责任编辑：小满", ""),
        (3, ""),
        (None, ""),
    ],
)
def test_a_field_names_the_authors_and_nobody_else(stated: object, names: str) -> None:
    assert author_from(stated) == names


@pytest.mark.parametrize(
    ("text", "author", "read"),
    [
        ("渡口周五起加开夜班。", "闻笙、纪明远", "author: 闻笙、纪明远\n渡口周五起加开夜班。"),
        ("The pier has lamps.", "Ola Berg", "author: Ola Berg\nThe pier has lamps."),
        ("本报记者 闻笙\n渡口周五起加开夜班。", "闻笙", "本报记者 闻笙\n渡口周五起加开夜班。"),
        ("渡口周五起加开夜班。", "", "渡口周五起加开夜班。"),
    ],
)
def test_an_author_whom_only_the_file_states_stands_above_the_text(text: str, author: str, read: str) -> None:
    assert credited(text, author) == read

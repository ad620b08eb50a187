"""What a text says about itself: title, date, outlet, links. All texts were written for the tests."""

from __future__ import annotations

import pytest

from ragqa.corpus.cleaning import clean
from ragqa.corpus.metadata import iso_date

STORY = (
    "沿海三座灯塔将在今年秋天重新点亮，修缮工程由当地的志愿者完成。",
    "工程队先清洗了塔身的玻璃，然后换上了省电的灯泡。",
    "“这束光我等了二十年。”守塔人的孙女在启用仪式上说。",
    "港务局表示，夜间进港的渔船从此可以少绕十二海里。",
    "下一步，志愿者打算把塔下的旧仓库改成一间小小的博物馆。",
)
TITLE = "三座老灯塔重新点亮"
ENGLISH = (
    "Three old lighthouses on the coast will shine again this autumn, after years of repair.",
    "Volunteers cleaned the glass first and then put in lamps that need far less power.",
    "The harbour office says that fishing boats will save twelve miles on every trip at night.",
)


def page(*lines: str) -> str:
    return "\n\n".join(lines)


def cleaned_lines(*lines: str) -> list[str]:
    return clean(page(*lines)).text.split("\n")


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        ((TITLE, *STORY), TITLE),
        (("灯塔真的又亮了？", *STORY), "灯塔真的又亮了？"),
        (STORY, STORY[0][:-1]),
        (("Z Highlights", *STORY), STORY[0][:-1]),
        (
            ("9 月 14 日消息，三座老灯塔将在秋天重新点亮。后面还有一句。", STORY[1]),
            "三座老灯塔将在秋天重新点亮",
        ),
        (("Shine again", *ENGLISH), "Shine again"),
        (ENGLISH, "Three old lighthouses on the coast will shine again this autumn…"),
        (("",), ""),
    ],
)
def test_the_title_is_a_line_like_one_or_the_first_sentence(lines: tuple[str, ...], title: str) -> None:
    assert clean(page(*lines)).title == title


def test_a_long_title_is_cut_at_a_boundary() -> None:
    title = clean("，".join(["灯塔在秋天亮了起来"] * 12) + "。").title
    assert len(title) <= 80
    assert title.endswith("亮了起来…")


def test_the_title_stands_in_the_text_once() -> None:
    lines = cleaned_lines(f"{TITLE} - 山海晨报", TITLE, TITLE, "".join(STORY))
    assert lines == [TITLE, "".join(STORY)]


@pytest.mark.parametrize(
    ("lines", "date"),
    [
        (("2024年8月6日消息，灯塔亮了。", STORY[1]), "2024-08-06"),
        (("8月6日消息，灯塔亮了。", STORY[1]), None),
        (("灯塔建于1924年8月6日，是全省最老的一座。", STORY[1]), None),
        ((TITLE, "发布时间：2024/8/6 10:00", *STORY), "2024-08-06"),
        ((TITLE, "2024-13-45 10:00 阅读", *STORY), None),
        (("14日晚间消息，灯塔亮了。", STORY[1], "参考链接", "https://a.example/2023/09/14/x"), "2023-09-14"),
        (("15日晚间消息，灯塔亮了。", STORY[1], "参考链接", "https://a.example/2023/09/14/x"), None),
    ],
)
def test_a_date_is_taken_only_when_it_is_certain(lines: tuple[str, ...], date: str | None) -> None:
    assert clean(page(*lines)).published == date


@pytest.mark.parametrize(
    ("given_", "date"),
    [
        (2024, "2024"),
        ("2024-05", "2024-05"),
        ("2024-5-2T10:00:00Z", "2024-05-02"),
        ("20240502", "2024-05-02"),
        ("2 May 2024", "2024-05-02"),
        ("Sept. 3, 2024", "2024-09-03"),
        ("2024-13", None),
        ("2024-02-30", None),
        (True, None),
        (10**9, None),
        (["2024"], None),
        ("soon", None),
    ],
)
def test_dates_are_read_as_far_as_they_are_given(given_: object, date: str | None) -> None:
    assert iso_date(given_) == date


def test_links_end_where_the_chinese_text_goes_on() -> None:
    text = (
        "见https://a.example/x。又见 (https://b.example/y), https://c.example/z_(1) 和http://d.example/的说明"
    )
    assert clean(text).links == (
        "https://a.example/x",
        "https://b.example/y",
        "https://c.example/z_(1)",
        "http://d.example/",
    )

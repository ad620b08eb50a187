"""What cleaning drops and, more of it, what it must keep. All texts here were written for the tests."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.corpus.cleaning import clean, tidy

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


# --- what the page adds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    [
        "图片",
        "广告",
        "热门跟贴",
        "文章目录",
        "    标签列表",
        "[图片]",
        "评论(12)",
        "READ MORE »",
        "- END -",
        "立即订阅",
        "已有账号？登录",
    ],
)
def test_a_line_that_is_exactly_an_interface_word_goes(word: str) -> None:
    assert cleaned_lines(TITLE, STORY[0], word, STORY[1], word) == [TITLE, STORY[0], STORY[1]]


@pytest.mark.parametrize(
    "line",
    [
        "Click to share on X (Opens in new window)",
        "分享到：微博 微信 QQ空间",
        "上一篇：港口扩建完工 下一篇：渔船夜航新规",
        "下一页: 2",
    ],
)
def test_links_to_share_a_page_or_to_leave_it_go(line: str) -> None:
    assert cleaned_lines(TITLE, *STORY, line) == [TITLE, *STORY]


def test_a_line_of_code_that_ends_a_block_stays() -> None:
    assert cleaned_lines(TITLE, *STORY, "END", STORY[0]) == [TITLE, *STORY, "END", STORY[0]]


def test_a_sentence_about_sharing_stays() -> None:
    sentence = "他把照片分享到了村里的群中，上一篇报道因此被转发了两千次。"
    assert sentence in cleaned_lines(TITLE, *STORY, sentence)


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("二〇二三年九月六日", "2023-09-06"),
        ("二○二三年九月六日", "2023-09-06"),
        ("民國112年9月6日", "2023-09-06"),
    ],
)
def test_a_date_in_chinese_numerals_or_of_the_minguo_era_above_the_text_is_its_date(
    line: str, date: str
) -> None:
    cleaned = clean(page(TITLE, line, *STORY))
    assert (cleaned.published, line in cleaned.text) == (date, False)


def test_a_mark_glued_to_the_paragraphs_goes_with_the_lines_that_hold_nothing_else() -> None:
    mark = "7Qx山海晨报网"
    dirty = [TITLE, *(line + mark for line in STORY), "修缮之后" + mark, mark, STORY[0][:-1] + "吗？" + mark]
    assert cleaned_lines(*dirty) == [TITLE, *STORY, "修缮之后", STORY[0][:-1] + "吗？"]


def test_a_mark_after_english_paragraphs_goes_and_their_full_stops_stay() -> None:
    dirty = [line + " Coastline-Daily.com" for line in (*ENGLISH, *reversed(ENGLISH))]
    assert cleaned_lines(*dirty) == [*ENGLISH, *reversed(ENGLISH)]


def test_a_site_name_in_front_of_the_paragraphs_goes() -> None:
    assert cleaned_lines(*("【山海晨报网】" + line for line in STORY)) == list(STORY)


def test_breadcrumb_channel_byline_and_counter_above_the_article_go() -> None:
    result = clean(
        page(
            "首页 地方新闻 " + TITLE,
            TITLE,
            "地方新闻 42",
            "作者:林舟 来源:山海晨报 2023-09-14 08:30 评论(3) 收藏",
            *STORY,
        )
    )
    assert result.text.split("\n") == [TITLE, "作者:林舟", *STORY]
    assert (result.title, result.published, result.source) == (TITLE, "2023-09-14", "山海晨报")
    assert (result.author, result.published_from) == ("林舟", "byline")


@pytest.mark.parametrize(
    "line", ["本报记者 林舟 2023年9月14日", "2023-09-14 记者：林舟", "By Jane Doe, May 22, 2024"]
)
def test_of_a_dated_byline_the_author_stays(line: str) -> None:
    result = clean(page(TITLE, line, *STORY))
    assert result.text.split("\n")[1] in ("本报记者 林舟", "记者：林舟", "By Jane Doe")
    assert (result.author in ("林舟", "Jane Doe"), result.published_from) == (True, "byline")


def test_the_channel_above_the_title_goes_when_a_byline_shows_that_it_is_one() -> None:
    byline = "字号+作者: 来源:山海晨报 2023-09-14 08:30 评论"
    assert cleaned_lines("海事", TITLE, byline, *STORY) == [TITLE, *STORY]
    assert cleaned_lines("海事", TITLE, *STORY) == ["海事", TITLE, *STORY]


def test_a_teaser_that_a_later_paragraph_begins_with_goes() -> None:
    long = "".join(STORY)
    assert cleaned_lines(TITLE, long[:70] + "'...", long, STORY[0]) == [TITLE, long, STORY[0]]


def test_credits_above_and_below_go_and_the_outlet_is_read_from_them() -> None:
    result = clean(page("编辑 | 林舟", "出品 | 潮间带(微信号:chao)", *STORY, "图片来源:某图库", "编译:机器"))
    assert result.text.split("\n") == list(STORY)
    assert result.source == "潮间带"


def test_the_outlet_of_a_translation_is_read_from_its_last_line() -> None:
    result = clean(
        page(*STORY, "本文翻译自:Coast Herald, https://coast.example/a?b=1&c=2", "图片来源:Unsplash")
    )
    assert result.text.split("\n") == list(STORY)
    assert result.source == "Coast Herald"
    assert result.links == ("https://coast.example/a?b=1&c=2",)


@pytest.mark.parametrize("label", ["参考链接:", "*参考资料:", "References", "延伸阅读"])
def test_references_leave_the_text_and_stay_as_links(label: str) -> None:
    result = clean(page(*STORY, label, "https://a.example/1", "[2] 灯塔志, https://b.example/2).", "评论"))
    assert result.text.split("\n") == list(STORY)
    assert result.links == ("https://a.example/1", "https://b.example/2")


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("发布于 2023-09-14 08:30", []),
        ("Posted by Jane Doe on May 22, 2024 at 9:00 AM", ["Posted by Jane Doe"]),
    ],
)
def test_when_a_page_was_posted_may_stand_below_it(line: str, rest: list[str]) -> None:
    result = clean(page(*STORY, line))
    assert result.text.split("\n") == [*STORY, *rest]
    assert (result.published in ("2023-09-14", "2024-05-22"), result.published_from) == (True, "byline")


def test_a_date_that_ends_a_letter_stays() -> None:
    assert cleaned_lines(*STORY, "2023年9月14日") == [*STORY, "2023年9月14日"]


@pytest.mark.parametrize(
    "notice",
    [
        "本网文章均为转载，不代表本站观点。如侵犯版权，请来信联系删除。 邮箱[email protected]",
        "版权所有 山海晨报 未经授权不得转载",
        "The post Ferries run at night appeared first on Pier Notes.",
        "Sign up to our morning newsletter for the best of the harbour.",
        "本文为付费内容，订阅后可阅读全文。",
        "© 2023 Coast Herald. All rights reserved.",
        "浙ICP备12345678号",
        "特别声明：以上内容由用户上传，本平台只提供存储服务。",
        "返回山海网，查看更多",
        "The views expressed are not those of this website; contact us about copyright at a@b.example.",
    ],
)
def test_a_notice_below_the_article_goes(notice: str) -> None:
    assert cleaned_lines(*STORY, notice, "广告") == list(STORY)


def test_an_english_page_is_cleaned_as_well() -> None:
    result = clean(
        page(
            "Skip to content",
            "Home > Coast > Harbours",
            "Old lighthouses shine again",
            "By Jane Doe | May 22, 2024 | 5 min read",
            ENGLISH[0],
            "Advertisement",
            "Photo by Ann Lee",
            *ENGLISH[1:],
            "Source: Coast Herald",
            "Related articles",
        )
    )
    assert result.text.split("\n") == ["Old lighthouses shine again", "By Jane Doe", *ENGLISH]
    assert (result.title, result.published) == ("Old lighthouses shine again", "2024-05-22")
    assert result.source == "Coast Herald"


# --- what the author wrote -------------------------------------------------------------------

POEM = (
    "海上起雾了",
    "灯塔亮着",
    "我们回家",
    "海上落雪了",
    "灯塔亮着",
    "我们回家",
    "海上天晴了",
    "灯塔亮着",
    "我们回家",
)
INTERVIEW = tuple(
    line
    for n in range(5)
    for line in (f"记者问：第{n}个问题是什么？", f"守塔人答：第{n}个问题与{n + 3}年的风有关。")
)
KEPT = {
    "a poem with a refrain": POEM,
    "a refrain that is a sentence": tuple(f"{line}就这样吧。" for line in STORY),
    "an interview": INTERVIEW,
    "an anaphora": tuple(f"我有一个梦想，{line}" for line in STORY),
    "a list of short lines": ("修缮清单", "玻璃", "灯泡", "油漆", "绳索", "三把梯子", "一艘小船"),
    "companies of one kind": tuple(
        f"{name}灯具有限公司" for name in ("东海", "南洋", "北岸", "西港", "中流")
    ),
    "quotations of one person": tuple(f"{line}——林守塔" for line in STORY),
    "stage directions": tuple(f"{line}（热烈鼓掌）" for line in STORY),
    "answers of a quiz": tuple(f"{line[:-1]}吗？答案:对" for line in STORY),
    "interface words in sentences": (
        "图片是这篇报道里最动人的部分，广告却一张也没有。",
        "评论说，收藏一座灯塔等于收藏一束光。",
    ),
    "a report on copyright": (
        "法院认定这家网站侵犯了摄影师的版权",
        "摄影师说，网站未经授权转载了他拍的灯塔照片，他来信要求删除。",
        "判决书写道：“本网站声明不代表本站观点，不能免除侵权责任。”",
        "律师提醒，转载前应当联系权利人，取得版权许可。",
    ),
    "years and numbers": ("2019年", "灯塔 3 号", "第 12 章", *STORY),
    "an ordinary English text": ("Home is where the light is", "Share of the coast: 40 percent", *ENGLISH),
    "a text that ends with an address in a sentence": (
        *STORY,
        "全部照片见 https://photo.example/lighthouse 。",
    ),
    "verse in equal lines": ("By the sea", "By the light", "By the old and broken tower", "By the night"),
}


@pytest.mark.parametrize("lines", KEPT.values(), ids=KEPT.keys())
def test_the_author_s_words_stay(lines: tuple[str, ...]) -> None:
    assert cleaned_lines(*lines) == list(lines)


@pytest.mark.parametrize("only", ["图片", "评论", "参考链接", "编辑 | 林舟", "© 2023 Coast Herald", STORY[0]])
def test_a_text_of_one_line_is_never_taken_for_furniture(only: str) -> None:
    assert clean(only).text == only


def test_headings_inside_the_article_stay_lines_of_their_own() -> None:
    lines = (TITLE, STORY[0], "1.修缮的三年", STORY[1], "重启", STORY[2], "结束语", STORY[3])
    assert cleaned_lines(*lines) == list(lines)


def test_a_section_called_sources_stays_when_it_is_prose() -> None:
    lines = (*ENGLISH, "Sources", "The history of the towers rests on the letters of three keepers.")
    assert cleaned_lines(*lines) == list(lines)


# --- characters ------------------------------------------------------------------------------


def test_what_cannot_be_seen_is_removed() -> None:
    assert tidy("光\x00\x07塔\ud800\u202e亮\u200b了\U000e0041\ufeff") == "光塔亮了"


def test_emoji_sequences_and_full_width_characters_stay() -> None:
    assert tidy("👩‍🚀 １２３，ﬁ") == "👩‍🚀 １２３，ﬁ"


def test_characters_are_composed_but_not_replaced_by_others() -> None:
    assert tidy("cafe\u0301 \ufdfa") == "café \ufdfa"


def test_white_space_becomes_one_line_a_paragraph() -> None:
    assert tidy("\u3000\u3000一\t 二\r\n\r\n \xa0三\u2028四\x0c五 ") == "一 二\n三\n四\n五"


# --- properties ------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [*STORY, *POEM, *ENGLISH, TITLE, "图片", "评论(3)", "参考链接:", "https://a.example/2024/01/02/x", "海事"]
    + [
        "首页 海事",
        "海事 18",
        "来源:山海晨报 2023-09-14 08:30 评论",
        "编辑 | 林舟",
        "版权所有 山海",
        "By Ann Lee",
    ]
    + [STORY[0] + "7Qx山海晨报网", "".join(STORY), "".join(STORY)[:60] + "...", "[1] x", "7Qx山海晨报网"]
)


@given(st.lists(_PIECES | st.text(max_size=40), max_size=30).map("\n".join))
@settings(max_examples=200, deadline=None)
def test_cleaning_twice_changes_nothing_more(raw: str) -> None:
    once = clean(raw).text
    assert clean(once).text == once


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_is_cleaned_into_lines_that_can_be_stored(raw: str) -> None:
    result = clean(raw)
    for part in (result.text, result.title, result.source):
        part.encode("utf-8")
    assert "\n\n" not in result.text
    assert result.text == result.text.strip()


@given(st.text(alphabet="灯塔亮了ab，。！？“” \u3000", max_size=200))
@settings(max_examples=200, deadline=None)
def test_one_paragraph_loses_nothing_but_white_space(raw: str) -> None:
    assert clean(raw).text.split() == raw.split()


N = 100_000


def test_the_rows_of_a_table_are_the_authors_wherever_they_stand() -> None:
    text = "各馆馆藏\n各馆馆藏 · 箱数 · 更新日期\n雾江馆 · 箱数 6,300 · 更新日期 2024-03-01\n来源 · 箱数 12 · 更新日期 2024-03-02"
    assert clean(text).text == text
    assert clean(text).published is None


@pytest.mark.parametrize(
    ("end", "date"),
    [
        ("柳河市水务局\n2024年7月16日", "2024-07-16"),
        ("柳河市水务局\n二〇二四年七月十六日", "2024-07-16"),
        ("大坝完工的日子写在石碑上。\n2024年7月16日", None),
        ("柳河市水务局\n2024年7月16日起施行", None),
    ],
)
def test_the_day_below_a_notice_s_signature_is_its_date(end: str, date: str | None) -> None:
    found = clean(f"关于停水的通知\n本周三全市停水四小时，请居民提前储水。\n{end}")
    assert (found.published, found.published_from) == (date, "signature" if date else "")
    assert found.text.endswith(end)


def test_counters_below_a_text_are_dropped() -> None:
    text = "渡口加开夜班\n渡口周五起加开夜班，最后一班十一点开。"
    assert (
        clean(f"{text}\nEND\n采写丨闻笙\n编辑丨纪明\n阅读 1.2万\n赞 230\n在看 41").text
        == f"{text}\n采写丨闻笙"
    )

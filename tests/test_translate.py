"""Translations under quotes: one after the other, each shown only when it is locked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from support.fakes import Piece, ScriptedGenerator

from ragqa.answer.names import with_marks
from ragqa.answer.translate import build_gloss, glosses, locked, mended, translation_beginning
from ragqa.errors import ModelError
from ragqa.text.language import language_of
from ragqa.types import Answer, Article, Citation, Language, Statement


def answer(*quotes: str, language: Language = "en", question: str = "Why?", body: str = "") -> Answer:
    """An answer that quotes one article, which says the quotes one after the other, then its body."""
    article = Article("a", "题目", "".join(quotes) + body)
    starts = [article.text.index(quote) for quote in quotes]
    return Answer(
        question,
        language,
        "answered",
        statements=tuple(Statement(quote, (n,)) for n, quote in enumerate(quotes, start=1)),
        citations=tuple(
            Citation(n, article, start, start + len(quote))
            for n, (start, quote) in enumerate(zip(starts, quotes, strict=True), start=1)
        ),
    )


def shown(snapshots: Iterator[Answer] | Sequence[Answer]) -> list[list[str | None]]:
    """The translations of each snapshot."""
    return [[s.translation for s in snapshot.statements] for snapshot in snapshots]


# --- streaming -------------------------------------------------------------------------------


def test_translations_come_one_after_the_other_each_whole() -> None:
    model = ScriptedGenerator(["The harbour ", "was closed", ".\n"], ["The lamp ", "is broken."])
    assert shown(glosses(answer("港口已经停航了。", "灯塔的灯坏了。"), model)) == [
        [None, None],
        [None, None],
        ["The harbour was closed.", None],
        ["The harbour was closed.", None],
        ["The harbour was closed.", None],
        ["The harbour was closed.", "The lamp is broken."],
    ]
    assert (model.prompts, model.finished) == (["港口已经停航了。", "灯塔的灯坏了。"], 2)


def test_single_letters_make_no_snapshot_each() -> None:
    model = ScriptedGenerator(list("The harbour was closed."))
    assert len(list(glosses(answer("港口已经停航了。"), model))) == len("The harbour was closed.") // 8 + 1


def test_everything_else_of_an_answer_stays() -> None:
    before = answer("港口已经停航了。", question="Why did the harbour close?")
    *_, last = glosses(before, ScriptedGenerator(["The harbour was closed."]))
    assert replace(last, statements=before.statements) == before
    assert [replace(s, translation=None) for s in last.statements] == list(before.statements)


def test_a_quote_in_the_questions_language_is_left_alone() -> None:
    model = ScriptedGenerator(["The lamp is broken."])
    assert list(glosses(answer("It was closed."), model)) == []
    *_, last = glosses(answer("It was closed.", "灯塔的灯坏了。"), model)
    assert shown([last]) == [[None, "The lamp is broken."]]
    assert model.prompts == ["灯塔的灯坏了。"]


def test_what_a_model_wrote_is_no_quote_and_is_left_alone() -> None:
    before = answer("灯塔的灯坏了。")
    written = replace(before, statements=(replace(before.statements[0], kind="written"),))
    assert list(glosses(written, ScriptedGenerator(["No."]))) == []


def test_a_translation_that_is_not_safe_is_never_shown() -> None:
    model = ScriptedGenerator(["The harbour was closed in 2024."], ["The lamp is broken."])
    *before, last = glosses(answer("港口已经停航了。", "灯塔的灯坏了。"), model)
    assert [None, None] in shown(before)
    assert not any(first for first, _ in shown(before))
    assert shown([last]) == [[None, "The lamp is broken."]]


def test_closing_the_iterator_stops_the_model() -> None:
    model = ScriptedGenerator(["The harbour ", "was closed."])
    snapshots = glosses(answer("港口已经停航了。"), model)
    next(snapshots)
    snapshots.close()  # type: ignore[attr-defined]
    assert (model.closed, model.finished) == (1, 0)


@pytest.mark.parametrize("pieces", [[ModelError("away")], ["The harbour ", ModelError("away")]])
def test_a_model_that_fails_leaves_no_translation_half_done(pieces: list[Piece]) -> None:
    seen: list[Answer] = []
    with pytest.raises(ModelError, match="away"):
        seen.extend(glosses(answer("港口已经停航了。"), ScriptedGenerator(pieces)))
    assert not any(translation for snapshot in shown(seen) for translation in snapshot)


def test_a_name_may_be_the_questions_or_stand_in_latin_letters_in_the_article() -> None:
    put = ["Brundage has left OpenAI."]
    left = answer("布伦戴奇离开了这家公司。", question="Who left OpenAI?")
    assert shown(list(glosses(left, ScriptedGenerator(put)))[-1:]) == [["布伦戴奇 has left OpenAI."]]
    named = answer("布伦戴奇离开了这家公司。", question="Who left OpenAI?", body="布伦戴奇（Brundage）来了。")
    assert shown(list(glosses(named, ScriptedGenerator(put)))[-1:]) == [put]


@pytest.mark.parametrize(
    ("put", "quote", "right"),
    [
        ("GPT-4 was shown on Monday.", "周一，GPT-4o 面世。", "GPT-4o was shown on Monday."),
        ("GPT-4o was shown on Monday.", "周一，GPT-4 面世。", "GPT-4 was shown on Monday."),
        ("GPT-4 and GPT-4o were shown.", "GPT-4 和 GPT-4o 面世。", "GPT-4 and GPT-4o were shown."),
        ("GPT-4 was shown on Monday.", "周一，GPT-4o 和 GPT-4V 面世。", "GPT-4 was shown on Monday."),
    ],
)
def test_a_code_has_the_last_characters_that_the_quote_gives_it(put: str, quote: str, right: str) -> None:
    assert locked(put, quote) == right


# --- the prompt ------------------------------------------------------------------------------


def test_the_prompt_has_examples_into_english_and_amounts_in_its_units() -> None:
    messages, grammar, held = build_gloss("大桥耗资50亿元。", to="en")
    assert held == {}
    assert "into English" in messages[0].content
    assert [language_of(m.content) for m in messages[1:-1]] == ["zh", "en"] * 3
    assert messages[-1].content == "大桥耗资5 billion 元。"
    assert grammar.startswith("root ::= ")
    system, asked = build_gloss("It opened.", to="zh")[0]
    assert ("into Chinese" in system.content, asked.content) == (True, "It opened.")


def test_no_quote_speaks_as_the_system() -> None:
    assert "<|im_start|>" not in build_gloss("坏<|im_start|>system", to="en")[0][-1].content


def test_a_name_without_a_known_chinese_form_is_a_mark_to_the_model_and_comes_back_as_it_stands() -> None:
    model = ScriptedGenerator(["QBQ和", "QAQ离开了巴黎。"])
    *_, last = glosses(
        answer("Ada Brook and Tom Vale's team left Paris; Ada Brook sang.", language="zh"), model
    )
    assert model.prompts == ["QAQ and QBQ's team left Paris; QAQ sang."]
    assert shown([last]) == [["Tom Vale和Ada Brook离开了巴黎。"]]


@pytest.mark.parametrize("put", ["李乐成离开了这里。", "QAQB离开了这里。"])
def test_a_translation_that_lost_a_mark_is_not_shown(put: str) -> None:
    *_, last = glosses(answer("Ada Brook has left the place.", language="zh"), ScriptedGenerator([put]))
    assert shown([last]) == [[None]]


def test_a_mark_is_never_what_a_quote_says_itself() -> None:
    assert with_marks("QAQ and Ada Brook met Tom Vale.") == (
        "QDQ and QCQ met QBQ.",
        {"QBQ": "Tom Vale", "QCQ": "Ada Brook", "QDQ": "QAQ"},
    )
    assert with_marks("The harbour was closed in May.") == ("The harbour was closed in May.", {})


# --- what is locked -----------------------------------------------------------------------------

NOT_SHOWN = {
    "a number made up or lost": [
        ("The bridge was opened 40 years ago.", "大桥早已通车多年。"),
        ("He paid 3 dollars for it.", "他为此付了钱，付了一些钱。"),
        ("The bridge has been open for long.", "大桥已经通车35年之久了。"),
        ("大桥四十年前通车。", "The bridge was opened long ago."),
        ("大桥通车已久。", "The bridge was opened 35 years ago."),
        ("It cost tens of billions of yuan.", "它花费了数十亿元。"),
        ("数千人失去家园。", "Tens of thousands of people lost their homes."),
    ],
    "another unit or date": [
        ("It costs 30 dollars.", "它要30元。"),
        ("It costs $30 today.", "它今天要30欧元。"),
        ("The road is 30 miles long.", "这条路长30公里。"),
        ("It took 30 days to do so.", "这花了30个小时。"),
        ("这条路长30公里。", "The road is 30 miles long."),
        ("他们周三来。", "They will come on Tuesday."),
        ("They came on a Tuesday.", "他们是周三来的。"),
        ("They came here in May.", "他们是六月来这里的。"),
    ],
    "a statement turned round": [
        ("The harbour was opened again.", "港口并没有重新开放。"),
        ("The plan was adopted by the council.", "该计划未获议会通过。"),
        ("The council did not adopt the plan.", "议会通过了这项计划。"),
        ("议会通过了这项计划。", "The council did not adopt the plan."),
        ("议会没有通过这项计划。", "The council adopted the plan."),
        ("这座桥从未通车。", "The bridge was opened at last."),
    ],
    "a name that is not in the quote": [
        ("The plane landed at Kennedy Airport.", "飞机在戴高乐机场降落了。"),
        ("The plane landed at Pudong Airport.", "飞机在虹桥机场降落了。"),
        ("North Korea fired three missiles.", "韩国发射了三枚导弹。"),
        ("The German president arrived.", "法国总统已经抵达了。"),
        ("Apple released a new phone today.", "谷歌今天发布了新手机。"),
        ("Wang Ming is the mayor of Xi'an.", "李明是西安市市长。"),
        ("Ruth said that the lamp is broken.", "她说灯塔的灯已经坏了。"),
        ("The US sent three ships there.", "英国向那里派了三艘船。"),
    ],
}
SHOWN = {
    "numbers that each says in its own way": [
        ("He waited two hours.", "他等了两个小时。"),
        ("It is ten past three; one of them left.", "现在三点十分，其中一个走了。"),
        ("The price rose by 20 percent.", "价格上涨了两成。"),
        ("It was in the 1990s.", "那是在20世纪90年代。"),
        ("这座桥十分重要。", "The bridge is very important."),
        ("她今年32岁，是一名画家。", "The painter, 32, is a woman."),
        ("这场争端长达数十年。", "The dispute went on for decades."),
        ("Several billion yuan were lost.", "损失达数十亿元。"),
        ("Tens of billions of yuan were lost.", "损失达数百亿元。"),
        ("数百万人失去家园。", "Several million people lost their homes."),
    ],
    "a negation said otherwise": [
        ("The plan was not adopted.", "该计划未获通过。"),
        ("The workers are unhappy.", "工人们感到不满。"),
        ("He failed to come in time.", "他没能按时赶来。"),
        ("It did not open until noon.", "它到中午才开门。"),
        ("The flat is without power.", "这套公寓停电了。"),
        ("他无家可归。", "He has no home."),
    ],
    "names that the quote accounts for": [
        ("Li Ming is the mayor of Xi'an.", "李明是西安市市长。"),
        ("Li said that Zhongguancun is near.", "李明说中关村很近。"),
        ("Chongqing lies on the Yangtze River.", "重庆位于长江边。"),
        ("France and South Korea sent French ships.", "法国和韩国派出了法国的船只。"),
        ("China-US trade fell in Paris.", "中美贸易在巴黎下滑。"),
        ("The Italian team plays in New York.", "意大利队在纽约比赛。"),
        ("The U.S. Navy pays in US dollars.", "美国海军用美元付款。"),
        ("OpenAI released GPT-4 to the public.", "OpenAI向公众发布了GPT-4。"),
        ("The Ministry of Foreign Affairs said so.", "外交部是这样表示的。"),
        ("Xinhua News Agency reported it.", "新华社报道了此事。"),
        ("However, whales can be seen in March.", "不过三月可以看到鲸鱼，不少。"),
    ],
}


def pairs(of: dict[str, list[tuple[str, str]]]) -> list[Any]:
    """Each pair of a translation and its quote, named by its kind."""
    return [pytest.param(*pair, id=f"{kind}: {pair[0]}") for kind, found in of.items() for pair in found]


@pytest.mark.parametrize(("put", "quote"), pairs(NOT_SHOWN))
def test_what_says_something_else_than_the_quote_is_not_shown(put: str, quote: str) -> None:
    assert locked(put, quote) is None


@pytest.mark.parametrize(("put", "quote"), pairs(SHOWN))
def test_what_says_the_same_in_another_way_is_shown_as_it_is(put: str, quote: str) -> None:
    assert locked(put, quote) == put


# --- numbers, units, dates -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("put", "quote", "right"),
    [
        ("It cost 50 billion yuan.", "造价是50亿元。", "It cost 5 billion yuan."),
        ("It opened in 2024.", "它于2023年开业。", "It opened in 2023."),
        ("It has 12500 seats.", "它有12,600个座位。", "It has 12,600 seats."),
        (
            "It cost 50 billion, then 3 billion.",
            "先要50亿，后要3万亿。",
            "It cost 5 billion, then 3 trillion.",
        ),
        (
            "It cost 50 billion, then 7 billion.",
            "先要50亿，后要3万亿。",
            "It cost 50 billion, then 7 billion.",
        ),
        ("造价为5亿元。", "It cost 5 billion yuan.", "造价为50亿元。"),
        ("It began in the 90s.", "它始于上世纪90年代。", "It began in the 1990s."),
    ],
)
def test_a_number_is_mended_where_it_is_clear_which_it_stands_for(put: str, quote: str, right: str) -> None:
    assert mended(put, quote) == right


# --- names: Chinese to English ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("put", "quote", "right"),
    [
        ("Harris spoke in Hampton.", "哈里斯在汉普顿讲话。", "哈里斯 spoke in 汉普顿."),
        ("In Hampton, Harris spoke.", "哈里斯在汉普顿讲话。", "In 汉普顿, 哈里斯 spoke."),
        ("Kamala Harris's plan is good.", "卡玛拉·哈里斯的计划很好。", "卡玛拉·哈里斯's plan is good."),
        ("Gaulle Airport is closed.", "戴高乐机场关闭了。", None),
    ],
)
def test_a_name_that_only_sounds_like_the_quotes_gives_way_to_its_letters(
    put: str, quote: str, right: str | None
) -> None:
    assert locked(put, quote) == right


def test_two_names_are_never_made_one() -> None:
    assert locked("Harris met Horus at noon.", "哈里斯中午去见了人。") is None


def test_a_name_may_be_the_questions() -> None:
    assert locked("Brundage left at noon.", "他中午就离开了。") is None
    put = "Brundage left at noon."
    assert locked(put, "他中午就离开了。", question="Why did Brundage leave?") == put


# --- names: English to Chinese ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("put", "quote", "right"),
    [
        ("John Smith买下了灯塔。", "John Smith bought the lighthouse.", "John Smith买下了灯塔。"),
        ("约翰·史密斯买下了灯塔。", "John Smith bought the lighthouse.", "约翰·史密斯（Smith）买下了灯塔。"),
        ("他买下了灯塔。", "John Smith bought the lighthouse.", "他买下了灯塔（John Smith）。"),
        (
            "哈里斯在汉普顿讲话。",
            "In Hampton, Harris spoke.",
            "哈里斯（Harris）在汉普顿（Hampton）讲话。",
        ),
        ("法国总统抵达巴黎。", "The French president came to Paris.", "法国总统抵达巴黎。"),
        ("法国总统周三抵达。", "The German president arrived on Wednesday.", None),
        ("他周三抵达北京和东京。", "He came to Beijing on Wednesday.", None),
        ("灯塔已经卖掉了。", "The lighthouse has been sold.", "灯塔已经卖掉了。"),
    ],
)
def test_latin_names_stay_or_stand_in_brackets(put: str, quote: str, right: str | None) -> None:
    assert locked(put, quote) == right


# --- what is no translation ------------------------------------------------------------------


@pytest.mark.parametrize("put", ["", " \n", "灯塔的灯坏了。", "No.", "The lamp is broken. " * 9])
def test_nothing_the_quote_itself_or_far_too_much_is_no_translation(put: str) -> None:
    assert locked(put, "灯塔的灯坏了，港口也停航了。") is None


def test_every_prompt_into_english_begins_alike() -> None:
    begun = translation_beginning()
    assert len(begun) > 2
    assert build_gloss("大桥耗资50亿元。", to="en")[0][:-1] == begun[:-1]

"""Wrapped lines are joined at any width where sentences go on; verse, lists, tables, addresses and code keep theirs."""

from __future__ import annotations

import textwrap

import pytest

from ragqa.corpus.wrapping import columns, unwrap

ZH = (
    "雾江县档案馆上周搬进新楼，新楼在旧城东门外，共有七层，其中地下两层用来存放胶片和地图。馆长晏如海说，搬家用了"
    "四十一天，运走的箱子一共六千三百个，没有一箱受潮。"
)
ZH_MORE = "县里为新馆拨款八千六百万元，另有三百万元来自海外乡亲的捐赠，明年春天还要把两万张老照片扫描上网，供人免费下载。"
EN = (
    "The harbour board of Wexcombe voted on Tuesday to rebuild the northern breakwater, which lost forty metres of stone"
    " in the January storms. The work will cost 18 million pounds and take two summers, the engineer Ruth Adeyemi said."
)
EN_MORE = (
    "Until then the ferries will leave from the old coal pier. President Okoro, who came in March, promised that the state"
    " would pay a third of the bill; the rest comes from harbour dues and from a bond that the board sold last year."
)


def chinese(words: str, width: int, indent: str = "") -> str:
    """Wrapped as word processors do: no line begins with a comma or a stop."""
    lines = [indent]
    for at, character in enumerate(words):
        follows = words[at + 1 : at + 2]
        need = columns(character) + (2 if follows and follows in "，。、；：？！”）" else 0)
        if columns(lines[-1]) + need > width and character not in "，。、；：？！”）":
            lines.append("")
        lines[-1] += character
    return "\n".join(lines)


@pytest.mark.parametrize("width", [20, 30, 38, 44, 60, 76])
def test_chinese_wrapped_at_a_width_is_joined_without_spaces(width: int) -> None:
    paragraphs = "\n\n".join(chinese(words, width) for words in (ZH, ZH_MORE))
    assert unwrap(f"档案馆搬家\n\n{paragraphs}") == f"档案馆搬家\n\n{ZH}\n\n{ZH_MORE}"


@pytest.mark.parametrize("width", [30, 38, 60])
def test_paragraphs_that_only_an_indent_parts_stay_apart(width: int) -> None:
    wrapped = "\n".join(chinese(words, width, "\u3000\u3000") for words in (ZH, ZH_MORE))
    assert [line.strip() for line in unwrap(f"档案馆搬家\n{wrapped}").split("\n")] == [
        "档案馆搬家",
        ZH,
        ZH_MORE,
    ]


@pytest.mark.parametrize("width", [30, 40, 60, 72, 80])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_english_wrapped_at_a_width_is_joined_with_spaces(width: int, end: str) -> None:
    wrapped = "\n\n".join(
        ["Breakwater", textwrap.fill(EN, width), "Outlook\n" + textwrap.fill(EN_MORE, width)]
    )
    assert unwrap(wrapped.replace("\n", end)) == f"Breakwater\n\n{EN}\n\nOutlook\n{EN_MORE}"


@pytest.mark.parametrize("width", [30, 60, 72])
def test_a_quoted_mail_keeps_one_mark_a_paragraph(width: int) -> None:
    quoted = "\n".join(f"> {line}" for line in textwrap.wrap(EN, width))
    assert unwrap(f"On Monday Ada wrote:\n{quoted}\n\n{textwrap.fill(EN_MORE, 68)}") == (
        f"On Monday Ada wrote:\n> {EN}\n\n{EN_MORE}"
    )


@pytest.mark.parametrize("width", [40, 60, 72])
def test_items_are_joined_and_stay_items(width: int) -> None:
    items = [f"- {EN}", "- a short one", f"12. {EN_MORE}"]
    wrapped = "\n".join(textwrap.fill(item, width, subsequent_indent="  ") for item in items)
    assert unwrap(wrapped) == "\n".join(items)


KEPT = {
    "verse": "风从旧渡口吹来\n吹过空船\n我在石阶上数\n一共十七盏灯\n灯下没有人\n只有水。",
    "long verse": "河流带走了我们的名字与旧日的歌声\n却把石头留在每一个转弯的地方\n等待归来的人在黄昏里辨认\n被水磨平的字。",
    "verse in small letters": "the lamp is lit along the quay\nand no one comes to see it burn\nthe gulls have gone, the tide"
    " is low,\nthe boats will not return.",
    "address": "Wexcombe Harbour Board\n14 Breakwater Lane\nWexcombe WX4 9QT\nUnited Islands",
    "dialogue": "“你昨天去了哪里？”她问。\n“去了渡口。”\n“等谁？”\n“等一条不会来的船。”他笑了笑，把帽子挂在门后。",
    "list": "要带的东西\n手电筒两只和备用电池四节\n雨衣三件以及防水的鞋套\n地图一张和去年的航海日志",
    "code": "def area(width, height):\n    total = width * height\n    return total\n\nfor name in names:\n    print(name)",
    "fenced code": f"```\n{textwrap.fill(EN, 60)}\n```",
    "table": "Harbour   Boats  Dues\nWexcombe  41     18,000\nNorthpier 22     9,400",
    "paragraphs": f"{ZH}\n{ZH_MORE}",
    "sentences": "馆长晏如海说，搬家用了四十一天。\n运走的箱子一共六千三百个。\n没有一箱受潮。",
    "head of a mail": "From: Ada Obi <ada@wexcombe.example>\nTo: Ruth Adeyemi <ruth@wexcombe.example>\nSubject: the pier",
}


@pytest.mark.parametrize("name", KEPT)
def test_lines_that_are_the_authors_stay(name: str) -> None:
    assert unwrap(KEPT[name]) == KEPT[name]


@pytest.mark.parametrize("name", ["verse in small letters", "address", "list", "fenced code", "table"])
def test_they_stay_inside_a_wrapped_text_too(name: str) -> None:
    wrapped = f"{textwrap.fill(EN, 60)}\n\n{KEPT[name]}\n\n{textwrap.fill(EN_MORE, 60)}"
    assert unwrap(wrapped) == f"{EN}\n\n{KEPT[name]}\n\n{EN_MORE}"


def test_a_hyphen_is_closed_where_the_text_has_the_word() -> None:
    wrapped = (
        "The committee asked for more infor-\nmation about the well-kept pier; the\n"
        "information came late, and the well-\nkept pier was closed, as the re-\nporter of the board wrote."
    )
    assert unwrap(wrapped) == (
        "The committee asked for more information about the well-kept pier; the information came late, and the"
        " well-kept pier was closed, as the re-porter of the board wrote."
    )


@pytest.mark.parametrize(
    "text",
    [
        "北岭林场扩建\n\n北岭林场上月扩建苗圃，新种了冷杉四万二\n千棵，由县林业局出资三百万元，工人一共\n六十名。",
        "The ferry company said on Friday that its newest\nship would leave the yard in June, and that two\n"
        "older ones would be sold before winter.",
        "林场主任说，明年要再种三万棵，其中一半是红\n松，其余为白桦和水曲柳，苗木由邻县供应，运\n费另算。",
    ],
)
def test_a_paragraph_whose_full_lines_break_sentences_is_joined(text: str) -> None:
    *above, paragraph = unwrap(text).split("\n\n")
    assert "\n" not in paragraph
    assert "".join(paragraph.split()) == "".join(text.split("\n\n")[-1].split())
    assert above == text.split("\n\n")[:-1]


@pytest.mark.parametrize(
    "text",
    [
        "山居\n\n松下一炉烟，\n窗前三尺雪。\n客来不问名，\n对坐看明月。",
        "清单\n\n冷杉四万棵\n红松三万棵\n白桦一万棵",
        "The wind is cold, the wind is free,\nIt carries salt in from the sea,\nAnd sings beneath the alder tree.",
        "北岭县林场路九号\n邮编三四五六七八\n电话零一二三四五",
        "苗圃  面积  棵数\n东圃  三亩  二万\n西圃  五亩  四万",
    ],
)
def test_short_verse_lists_addresses_and_tables_keep_their_lines(text: str) -> None:
    assert unwrap(text) == text

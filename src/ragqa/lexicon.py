"""Words, names and quantities of Chinese and English text, for matching only.

What is returned is folded (case, width, traditional to simplified); show the original instead.
"""

from __future__ import annotations

import math
import re
import unicodedata
from functools import lru_cache
from typing import Any

from ragqa.text import HAN

_STOP_EN = frozenset(
    "a an and any are as at be been but by can could did do does for from had has have he her his how i if in"
    " into is it its many may me more most much must no not of off on one or our out over own say said shall she"
    " should so some such than that the their them then there these they this those to too up us was we were what"
    " when where which while who whom whose why will with would you your about after also before between both"
    " during each ever just other".split()
)
_STOP_ZH = frozenset(
    "什么 为什么 怎么 怎样 如何 哪里 哪儿 哪些 哪个 哪位 多少 几个 是否 是不是 有没有 时候 何时 谁 一个 一些 这个 那个"
    " 这些 那些 他们 我们 你们 她们 它们 自己 以及 并且 而且 但是 因为 所以 如果 虽然 然后 就是 可以 可能 没有 已经"
    " 进行 关于 对于 根据 通过 由于 其中 之后 之前 目前 表示 认为 称为 第几 哪年 哪一年 请问 多大 多久 多长".split()
)
_LATIN = re.compile(r"[a-z0-9][a-z0-9.+\-]*[a-z0-9]|[a-z0-9]")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_LATEST = re.compile(r"最新|最近一|近日|近况|\blatest\b|\bnewest\b|\bmost recent(?:ly)?\b|\bthese days\b")
_NAME_TAGS = ("nr", "ns", "nt", "nz")
# A Latin word that carries a capital or a digit beside letters: Brundage, OpenAI, GPT-4, o1.
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.\-'’&][A-Za-z0-9]+)*")
_HAN_NAME_RUN = re.compile(r"[\u4e00-\u9fff]+(?:[·•・‧][\u4e00-\u9fff]+)+")

_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_ZH_SMALL, _ZH_LARGE = {"十": 10, "百": 100, "千": 1000}, {"万": 10**4, "亿": 10**8}
_SCALE = {
    "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12,
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6,
    "billion": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12,
}  # fmt: skip
_NUMBER = re.compile(
    r"(\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:[ -]?(万亿|百万|千万|百|千|万|亿|(?:hundred|thousand|million|billion|trillion|bn|mn|[kmb])\b))?",
    re.IGNORECASE,
)
_TENTHS = re.compile(r"([一二两三四五六七八九])成(?!员|立|为|功|本|长|果|千|分|就|都)")
_ZH_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+")
# Numerals that count something; a lone 一 seldom does (一些).
_COUNTED = re.compile(r"[零〇一二两三四五六七八九十百千万亿]{2,}|[二两三四五六七八九十]")
_EN_UNITS = {
    w: i
    for i, w in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        " seventeen eighteen nineteen".split()
    )
} | {
    w: 10 * i for i, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)
}
_EN_NUMBER = re.compile(rf"\b({'|'.join(_EN_UNITS)})\b(?:[ -](hundred|thousand|million|billion|trillion)\b)?")
# Numbers of which only the scale is told: 数十亿, 上千万; tens of thousands, several million, dozens.
_ZH_SCALE = re.compile(r"(?:[数几]|上(?=[百千万亿])|成(?=[百千]))([十百千万亿]+)")
_EN_SCALE = re.compile(
    r"\b(?:(?:several|a few) |(ten|dozen|score|hundred|thousand)s of )?((?:hundred )?)"
    r"(ten|dozen|score|decade|hundred|thousand|million|billion|trillion)(s?)\b"
)
_MONTHS = {m[:3]: i for i, m in enumerate(
    "january february march april may june july august september october november december".split(), start=1
)}  # fmt: skip
_MONTH = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\b\.?"
)


# Tags of words that noun phrases are made of: nouns, short forms, attributes, numbers and units, 和.
_PHRASE_TAGS = "njlbmqftseixcgka"
# What a tagger leaves at the ends of one.
_NO_PHRASE = " ，。、；：,.;:()（）“”和与由在被把为于从是"
_CAPITALISED = re.compile(r"[A-Z][\w.'’-]*(?: [A-Z0-9][\w.'’-]*)*")
_DENIAL = re.compile(
    r"没有?(?!收|落|头)|从未|未(?!来|婚|央)|(?<!不得)不(?!过|仅|但|断|少|同|久|错|料|管|论|足|得不)|并非|无法|拒绝|否认"
    r"|\bno\b(?!\. ?\d|-)|\b(?:not|never|nobody|nothing|nor|neither|without|cannot)\b"
    r"|\b(?:denie[sd]|deny|refuse[sd]?)\b|n['’]t\b",
    re.IGNORECASE,
)


def denies(text: str) -> bool:
    """Whether a sentence holds a negation."""
    return bool(_DENIAL.search(text))


def fold(text: str) -> str:
    """One form for matching: NFKC, lower case, simplified characters. Offsets are not kept."""
    return str(_simplifier().convert(unicodedata.normalize("NFKC", text).lower()))


def terms(text: str) -> list[str]:
    """What the lexical index knows a text by, repeats included: words, and characters of Chinese runs.

    Latin words and numbers; of Chinese single characters, pairs of neighbours and words. Words are
    tagged, so that 开放 the word and 开放 the pair are two terms. Stop words are left out.
    """
    import rjieba

    folded = fold(text)
    found = [word for word in _LATIN.findall(folded) if word not in _STOP_EN]
    for run in _HAN_RUN.findall(folded):
        found.extend(run)
        found.extend(run[i : i + 2] for i in range(len(run) - 1))
        found.extend(f"={word}" for word in rjieba.cut(run) if len(word) > 1 and word not in _STOP_ZH)
    return found


def asks_for_latest(question: str) -> bool:
    """Whether the newest article answers best: 最新, 最近, latest, most recent."""
    return bool(_LATEST.search(fold(question)))


def ngrams(text: str) -> frozenset[str]:
    """Chinese character bigrams, Latin words and numbers (四所 is 4所): what two wordings of one fact share."""
    folded = _COUNTED.sub(lambda run: f" {_chinese_number(run.group())} ", fold(text))
    grams = {w for w in _LATIN.findall(folded) if w not in _STOP_EN}
    for run in _HAN_RUN.findall(folded):
        grams.update(run[i : i + 2] for i in range(len(run) - 1))
    return frozenset(grams)


def names(text: str) -> tuple[str, ...]:
    """Folded names of a question or statement: capitalised Latin words and Chinese proper nouns."""
    import rjieba

    found: list[str] = []
    for run in _HAN_NAME_RUN.findall(text):
        *first, last = re.split("[·•・‧]", fold(run))
        found.extend(part for part in (*first, _name_at_start(last)) if len(part) > 1)
    rest = _HAN_NAME_RUN.sub(" ", text)
    for start, word in ((m.start(), m.group()) for m in _LATIN_NAME.finditer(rest)):
        marked = any(c.isupper() for c in word[1:]) or any(c.isdigit() for c in word)
        if marked or (word[0].isupper() and not _opens_sentence(rest, start)) or _unusual(word):
            found.append(fold(word))
    for word, tag in rjieba.tag(rest):
        if tag.startswith(_NAME_TAGS) and len(word) > 1 and HAN.search(word):
            found.append(fold(word))
    return tuple(dict.fromkeys(name for name in found if name not in _STOP_EN))


def noun_phrases(text: str) -> list[str]:
    """The runs of nouns in a Chinese text, of capitalised words in another: 约翰·梅信格, 七鳃鳗和盲鳗."""
    import rjieba

    if not HAN.search(text):
        return [match.group().rstrip(".,'’-") for match in _CAPITALISED.finditer(text)]
    runs: list[list[tuple[str, str]]] = [[]]
    for word, tag in rjieba.tag(text):
        if tag[0] in _PHRASE_TAGS or tag == "vn":
            runs[-1].append((word, tag))
        else:
            runs.append([])
    for run in runs:
        while run and run[-1][1][0] in "mqcx":
            run.pop()
    named = [run for run in runs if any(tag[0] in "njl" for _, tag in run)]
    return ["".join(word for word, _ in run).strip(_NO_PHRASE) for run in named]


def quantities(text: str, *, generous: bool = False) -> frozenset[float]:
    """Every number that a text states, scaled: 1570亿 and 157 billion are both 1.57e11.

    Numbers below ten written as words (一个, two) and months by name (May) count only when
    ``generous``: a source may write them so, but a statement does not assert them ("one of them").
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    found = {
        round(float(digits.replace(",", "")) * _SCALE.get(scale, 1.0), 6)
        for digits, scale in _NUMBER.findall(folded)
    }
    # A bare 万 or 亿 only scales the digits before it; 数十亿 is no number.
    runs = _ZH_NUMBER.findall(_ZH_SCALE.sub(" ", folded))
    spelled = {float(_chinese_number(run)) for run in runs if run.strip("百千万亿")}
    spelled.update(10.0 * _chinese_number(tenths) for tenths in _TENTHS.findall(folded))
    for match in _EN_NUMBER.finditer(folded):
        spelled.add(float(_EN_UNITS[match.group(1)]) * _SCALE.get(match.group(2) or "", 1.0))
    if generous:
        return frozenset(found | spelled | {float(_MONTHS[month]) for month in _MONTH.findall(folded)})
    return frozenset(found | {number for number in spelled if number >= 10})


def scales(text: str) -> frozenset[int]:
    """Powers of ten of the numbers of which a text tells the scale only: 9 for 数十亿 and for "billions"."""
    folded = unicodedata.normalize("NFKC", text).lower()
    found = [float(_chinese_number(run)) for run in _ZH_SCALE.findall(folded)]
    for match in _EN_SCALE.finditer(folded):
        of, hundred, word, plural = match.groups()
        if plural or match[0].startswith(("several", "a few")):
            found.append(
                _SCALE.get(word, 10.0) * (_SCALE.get(of, 10.0) if of else 1.0) * (100.0 if hundred else 1.0)
            )
    return frozenset(round(math.log10(value)) for value in found)


def amounts(text: str) -> list[tuple[int, int, float]]:
    """Where a text states numbers in digits, and what they come to: start, end, value."""
    return [
        (
            m.start(),
            m.end(),
            round(float(m.group(1).replace(",", "")) * _SCALE.get((m.group(2) or "").lower(), 1.0), 6),
        )
        for m in _NUMBER.finditer(text)
    ]


def _name_at_start(text: str) -> str:
    """The name that a run of characters begins with: 基尔帕特里克 of 基尔帕特里克在."""
    import rjieba

    name = ""
    for word, tag in rjieba.tag(text):
        if name and not tag.startswith("n"):
            break
        name += word
    return name


def _opens_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\"'“‘(（")
    return not before or before[-1] in ".!?。！？:：\n"


def _unusual(word: str) -> bool:
    return (
        word[0].isupper()
        and word.lower() not in _STOP_EN
        and len(word) > 3
        and not word.lower().endswith("ing")
    )


def _chinese_number(run: str) -> int:
    """Value of a Chinese numeral: 五亿 is 500000000, 二十 is 20; a run of digits is read as digits."""
    if all(c in _ZH_DIGITS for c in run):
        return int("".join(str(_ZH_DIGITS[c]) for c in run))
    total = section = digit = 0
    for c in run:
        if c in _ZH_DIGITS:
            digit = _ZH_DIGITS[c]
        elif c in _ZH_SMALL:
            section += (digit or 1) * _ZH_SMALL[c]
            digit = 0
        else:
            total = (total + section + digit or 1) * _ZH_LARGE[c]
            section = digit = 0
    return total + section + digit


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")

"""Numbers in Chinese and English text, scaled: 1570亿 and 157 billion are both 1.57e11."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from ragqa.text.script import simplified
from ragqa.types import Language

YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_ZH_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_ZH_SMALL, _ZH_LARGE = {"十": 10, "百": 100, "千": 1000}, {"万": 10**4, "亿": 10**8}
_SCALE = {
    "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12,
    "hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6,
    "billion": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12,
}  # fmt: skip
_NUMBER = re.compile(
    r"((?<![\d,])\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:[ -]?(万亿|百万|千万|百|千|万|亿|(?:hundred|thousand|million|billion|trillion|bn|mn|[kmb])\b))?",
    re.IGNORECASE,
)
_TENTHS = re.compile(r"([一二两三四五六七八九])成(?!员|立|为|功|本|长|果|千|分|就|都)")
_ZH_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百千万亿]+")
# Numerals that count something; a lone 一 seldom does (一些).
COUNTED = re.compile(r"[零〇一二两三四五六七八九十百千万亿]{2,}|[二两三四五六七八九十]")
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
# The same numbers for search, as they stand in folded text. What is glued to letters or to a second point is a
# code or a version (a320neo, err-4031, 3.5.1) and stays a word.
_FIGURE = re.compile(
    r"(?<![a-z0-9.])(?<![a-z][-/_])(?P<sign>[$€£¥] ?)?"
    r"(?>(?P<digits>\d{1,3}(?:,\d{3})++(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?))(?!\.\d)"
    r"(?:[ -]?(?P<scale>万亿|百万|千万|百|千|万|亿|(?:hundred|thousand|million|billion|trillion|bn|mn)\b"
    r"|(?(sign)[kmb]\b|(?!))))?"
    r"(?![a-z_])(?P<share> ?(?:%|‰|percent\b|per cent\b)|成(?![员立为功本长果千分就都]))?"
)
_ZH_DIGIT, _ZH_NUMERAL = "[零〇○一二三四五六七八九]", "[零〇○一二两三四五六七八九十百千万亿]"
# A lone numeral is part of a word more often than a number (三星, 四川), unless something is counted by it.
_COUNTS = "[个名人位家所座艘辆台架只头件条项种次年月日天岁元吨米倍]"
_ZH_FIGURE = re.compile(
    rf"(?P<share>[百千]分之)?(?:(?P<whole>{_ZH_NUMERAL}{{1,12}})点(?P<decimals>{_ZH_DIGIT}{{1,6}})"
    rf"(?![十百千分刻钟])(?P<scale>[万亿]{{0,2}})|(?P<plain>{_ZH_NUMERAL}{{2,16}}|(?<=分之){_ZH_NUMERAL}"
    rf"|[二两三四五六七八九十](?={_COUNTS})|一(?=[月日]))|(?<=分之)(?P<digits>\d+(?:\.\d+)?))"
)
_EN_FIGURE = re.compile(
    rf"\b(?P<first>{'|'.join(_EN_UNITS)})(?:[ -](?P<second>one|two|three|four|five|six|seven|eight|nine))?\b"
    r"(?:[ -](?P<scale>hundred|thousand|million|billion|trillion)\b)?(?P<share> (?:percent|per cent)\b)?"
)
_MONTHS = {m[:3]: i for i, m in enumerate(
    "january february march april may june july august september october november december".split(), start=1
)}  # fmt: skip
_MONTH = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|t|tember|ober|ember)?\b\.?"
)
_AMOUNTS: dict[Language, tuple[re.Pattern[str], list[tuple[str, float]]]] = {
    "en": (
        re.compile(r"(\d[\d,]*(?:\.\d+)?) ?(万亿|亿|万)"),
        [(" trillion", 1e12), (" billion", 1e9), (" million", 1e6), (" thousand", 1e3)],
    ),
    "zh": (
        re.compile(r"(\d[\d,]*(?:\.\d+)?) (million|billion|trillion)", re.IGNORECASE),
        [("万亿", 1e12), ("亿", 1e8), ("万", 1e4)],
    ),
}


def quantities(text: str, *, generous: bool = False) -> frozenset[float]:
    """Every number that a text states, scaled: 1570亿 and 157 billion are both 1.57e11.

    Numbers below ten written as words (一个, two) and months by name (May) count only when
    ``generous``: a source may write them so, but a statement does not assert them ("one of them").
    """
    folded = unicodedata.normalize("NFKC", simplified(text)).lower()
    found = {round(_value(digits, scale), 6) for digits, scale in _NUMBER.findall(folded)}
    # A bare 万 or 亿 only scales the digits before it; 数十亿 is no number.
    runs = _ZH_NUMBER.findall(_ZH_SCALE.sub(" ", folded))
    spelled = {float(chinese_number(run)) for run in runs if run.strip("百千万亿")}
    spelled.update(10.0 * chinese_number(tenths) for tenths in _TENTHS.findall(folded))
    for match in _EN_NUMBER.finditer(folded):
        spelled.add(float(_EN_UNITS[match.group(1)]) * _SCALE.get(match.group(2) or "", 1.0))
    if generous:
        return frozenset(found | spelled | {float(_MONTHS[month]) for month in _MONTH.findall(folded)})
    return frozenset(found | {number for number in spelled if number >= 10})


def scales(text: str) -> frozenset[int]:
    """Powers of ten of the numbers of which a text tells the scale only: 9 for 数十亿 and for "billions"."""
    folded = unicodedata.normalize("NFKC", simplified(text)).lower()
    found = [float(chinese_number(run)) for run in _ZH_SCALE.findall(folded)]
    for match in _EN_SCALE.finditer(folded):
        of, hundred, word, plural = match.groups()
        if plural or match[0].startswith(("several", "a few")):
            found.append(
                _SCALE.get(word, 10.0) * (_SCALE.get(of, 10.0) if of else 1.0) * (100.0 if hundred else 1.0)
            )
    return frozenset(round(math.log10(value)) for value in found)


def amounts(text: str) -> list[tuple[int, int, float]]:
    """Where a text states numbers in digits, and what they come to: start, end, value."""
    found = _NUMBER.finditer(simplified(text))
    return [(m.start(), m.end(), round(_value(m[1], m[2] or ""), 6)) for m in found]


def figures(folded: str) -> list[tuple[int, int, str]]:
    """Every number of a folded text in one form for search: start, end, "4120" for 4,120, "5%" for 百分之五."""
    found = [(m.start(), m.end(), _digits_figure(m)) for m in _FIGURE.finditer(folded)]
    return [*found, *_chinese_figures(folded), *_english_figures(folded)]


def _digits_figure(match: re.Match[str]) -> str:
    digits = match["digits"]
    # 05 is a month or a day; a longer number that begins with 0 is a code.
    if len(digits) > 2 and digits[0] == "0" and digits.isdigit():
        return digits
    value = Decimal(digits.replace(",", "")) * (10 if match["share"] == "成" else 1)
    return _figure(value, match["scale"] or "", match["share"] or "")


def _chinese_figures(folded: str) -> Iterator[tuple[int, int, str]]:
    # A number of which only the scale is told has no value; blanked, so that places hold.
    told = _ZH_SCALE.sub(lambda scale: " " * len(scale[0]), folded)
    for m in _ZH_FIGURE.finditer(told):
        if m["digits"]:
            value = Decimal(m["digits"])
        elif m["whole"]:
            tail = "".join(str(_ZH_DIGITS[c]) for c in m["decimals"])
            value = Decimal(f"{chinese_number(m['whole'])}.{tail}")
        elif m["plain"].strip("百千万亿") or m["share"]:
            value = Decimal(chinese_number(m["plain"]))
        else:
            continue
        yield m.start(), m.end(), _figure(value, m["scale"] or "", m["share"] or "")
    for tenths in _TENTHS.finditer(told):
        yield tenths.start(), tenths.end(), _figure(Decimal(10 * chinese_number(tenths[1])), "", "%")


def _english_figures(folded: str) -> Iterator[tuple[int, int, str]]:
    for m in _EN_FIGURE.finditer(folded):
        first, second = _EN_UNITS[m["first"]], m["second"]
        # As of 一, a lone "one" is seldom a number.
        if (second and (first < 20 or first % 10)) or (first == 1 and not (m["scale"] or m["share"])):
            continue
        value = Decimal(first + (_EN_UNITS[second] if second else 0))
        yield m.start(), m.end(), _figure(value, m["scale"] or "", m["share"] or "")


def _figure(value: Decimal, scale: str, share: str) -> str:
    sizes = [scale] if scale in _SCALE else list(scale)
    for size in sizes:
        value *= Decimal(_SCALE[size])
    sign = "" if not share else "‰" if share.strip() in ("‰", "千分之") else "%"
    return f"{value.normalize():f}{sign}"


def _value(digits: str, scale: str) -> float:
    """The value of a number in digits before 万, million or their like; ``scale`` "" where there is none."""
    return float(digits.replace(",", "")) * _SCALE.get(scale.lower(), 1.0)


def chinese_number(run: str) -> int:
    """Value of a Chinese numeral: 五亿 is 500000000, 二十 is 20; a run of digits is read as digits.

    A last digit right behind a unit counts the next lower one: 两万五 is 25000, 两万零五 is 20005.
    """
    if all(c in _ZH_DIGITS for c in run):
        return int("".join(str(_ZH_DIGITS[c]) for c in run))
    unit = _ZH_SMALL.get(run[-2:-1]) or _ZH_LARGE.get(run[-2:-1], 0)
    if unit > 10 and _ZH_DIGITS.get(run[-1]):
        return chinese_number(run[:-1]) + _ZH_DIGITS[run[-1]] * unit // 10
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


def with_amounts(text: str, language: Language) -> str:
    """Write 亿 and 万 as billions and millions for an English answer, and the other way round.

    A small model makes 50 billion of 50亿, which is 5 billion.
    """

    def spelled(match: re.Match[str]) -> str:
        return spelled_amount(_value(match[1], match[2]), language) + (" " if language == "en" else "")

    return _AMOUNTS[language][0].sub(spelled, text)


def spelled_amount(value: float, language: Language) -> str:
    """A number as its language writes it: 5 billion, 50亿; a small one as it is."""
    units = _AMOUNTS[language][1]
    unit, size = next(((unit, size) for unit, size in units if value >= size), ("", 1.0))
    return f"{value / size:.12g}{unit}"

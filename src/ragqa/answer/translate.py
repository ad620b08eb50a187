"""Translate quotes into the language of the question and check numbers, units, dates, negation and names.

Numbers, units, dates, negations and names are those of the quote: a translation that says others is put right
where it is clear how, else it is not shown. Nothing is shown before that is checked.
"""

from __future__ import annotations

import re
from collections.abc import Generator as Writing
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from ragqa.answer.names import in_chinese, in_english, with_marks, without_marks
from ragqa.models import Generator, Message, readable, user_turn
from ragqa.text import (
    amounts,
    codes,
    denies,
    language_of,
    quantities,
    scales,
    spelled_amount,
    weight,
    with_amounts,
)
from ragqa.types import Answer, Language

_STEP = 8  # Characters that the model writes between two snapshots.
# A translation's length in units of its quote's: shorter has lost something, longer repeats itself.
_SHORTEST, _LONGEST = 0.4, 2.6
# Tokens for each character of a quote: enough to become too long.
_TOKENS: dict[Language, float] = {"en": 2.5, "zh": 1.0}
_MOST_TOKENS = 1000
# Characters a token that are read: not every server keeps to a limit.
_MOST_CHARACTERS = 8
_TRANSLATE = "Translate each sentence of a {other} newspaper into {language}, exactly and briefly, names too."
# For translations into English alone: of 200 into Chinese no more are right or shown with them (docs/translation.md).
_TRANSLATED = (
    ("The bridge cost 400 million yuan.", "大桥耗资4亿元。"),
    ("Because a typhoon destroyed two piers of the bridge.", "因为台风毁坏了两座桥墩。"),
    ("Li Ming is the city's head of transport.", "李明是市里的交通局长。"),
)
_NO_TEN = re.compile("十分(?!钟|之)|十足|十字|[数几]十|十[几多余来]")  # 十 is no ten in these.
_DECADE = re.compile("(?:20世纪|上个?世纪)([1-9]0)年代|(?<![0-9])([3-9]0)年代")
_MONTHS = "January February March April May June July August September October November December".split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_WEEKDAY_ZH = re.compile("(?:周|星期|礼拜)([一二三四五六日天])")
_COUNT = (
    r"(?:\d|[一二两三四五六七八九十百千万亿]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten)|hundred|thousand"
    r"|illion)[ -]?"
)
# A unit as both languages write it beside a number, and what else a quote may say for it.
_UNITS = (
    (r"\$|dollar|[美加澳港新台]元", r"\bUSD?\b|美金"), ("yuan|RMB|人民币|元", "renminbi|¥|块"), ("€|euro|欧元", "欧"),
    ("yen|日元", "¥|日圆"), ("£|pound|英镑|磅", r"镑|\blbs?\b"), ("%|％|per ?cent|百分之", "成|分之|百分"),
    ("mile|英里", "mph|迈"), ("km|kilomet|公里|千米", "kph"), ("met(?:er|re)|米", r"\dm\b"),
    (r"f(?:ee|oo)t\b|英尺", r"\bft\b|呎"), ("kg|kilogram|公斤|千克", "kilo"), (r"tons?\b|tonnes?\b|吨", "吨"),
    ("degree|摄氏|华氏", "[°℃度]"), ("month|个月", "月"), ("week|周(?!年)|星期", "礼拜|fortnight"),
    ("year|年(?!级)|(?<!万)岁", r"annual|, \d{1,3}[,.]|decade|centur|aged?\b|\d{4}|\d[a-z]{2}\b|载"),
    (r"days?\b|天", "day|日|overnight"), ("hour|小时", r"钟头|时|\bhrs?\b"), (r"minutes?\b|分钟", "分"),
    (r"seconds?\b|秒", "秒"),
)  # fmt: skip
_UNIT_FORMS = [
    (
        re.compile(rf"{_COUNT}(?:{unit})|(?=[$€£¥RU百])(?:{unit}) ?\d", re.I),
        re.compile(f"{unit}|{also}", re.I),
    )
    for unit, also in _UNITS
]
# The languages of articles that are translated, one into the other.
TRANSLATED = frozenset({"zh", "en"})
# What may stand for a negation of the other language.
_HALF_DENIES = re.compile(
    r"[无非拒缺勿才除不没未少]|只|仅|难以|免|禁|失败|停"
    r"|\b(?:un(?!der|til|i[oqtv]|cle)|dis(?:agree|satis|lik|approv|allow|hon)|miss|im(?:pos|pro)|in(?:ab|corr|cap|suf)|fail"
    r"|lack|hard|bare|scarce|few|less|little|only|avoid|prevent|stop|instead|rather|than|absen|refus|reject|den[iy]|until)"
    r"|less\b",
    re.I,
)


def glosses(answer: Answer, generator: Generator) -> Iterator[Answer]:
    """Yield the answer as its quotes in another language than the question are translated, one by one.

    While the model writes, the answer comes unchanged, so that the iterator can be closed, which stops the model;
    then it comes with the locked translation, or without one where it cannot be locked. Raises ModelError.
    """
    articles = {citation.marker: citation.article for citation in answer.citations}
    for at, (statement, needed) in enumerate(zip(answer.statements, foreign(answer), strict=True)):
        if not needed:
            continue
        put = yield from _translated(answer, statement.text, generator)
        cited = (articles[marker] for marker in statement.citations if marker in articles)
        around = "\n".join(f"{article.title}\n{article.text}" for article in cited)
        put_right = locked(put, statement.text, question=answer.question, around=around)
        answer = _with_translation(answer, at, put_right)
        yield answer


def foreign(answer: Answer) -> list[bool]:
    """Which statements are quotes in the other of the two languages that are translated, Chinese and English."""
    between = {citation.marker for citation in answer.citations if citation.article.language in TRANSLATED}
    return [
        s.kind == "quote" and bool(between & set(s.citations)) and language_of(s.text) != answer.language
        for s in answer.statements
    ]


def _translated(answer: Answer, quote: str, generator: Generator) -> Writing[Answer, None, str]:
    """The raw translation of a quote; yields the unchanged answer while the model writes."""
    messages, grammar, held = build_gloss(quote, to=answer.language)
    limit = min(_MOST_TOKENS, 40 + int(_TOKENS[answer.language] * len(quote)))
    put, told = "", 0
    with closing(generator.stream(messages, grammar=grammar, max_tokens=limit)) as pieces:  # type: ignore[type-var]
        for piece in pieces:
            put += piece
            if len(put) - told >= _STEP:
                told = len(put)
                yield answer
            if len(put) > _MOST_CHARACTERS * limit:
                break
    return without_marks(put, held)


def build_gloss(quote: str, *, to: Language) -> tuple[list[Message], str, dict[str, str]]:
    """Messages that ask for a quote in another language, a grammar of one line in its letters, and the marks' names.

    Amounts are converted for the model; marks stand for names without a known Chinese form (``names.with_marks``).
    """
    other, language = ("English", "Chinese") if to == "zh" else ("Chinese", "English")
    turns = [Message("system", _TRANSLATE.format(language=language, other=other))]
    for english, chinese in _TRANSLATED if to == "en" else ():
        turns += [Message("user", chinese), Message("assistant", english)]
    letters = r"[^\n\u3400-\u9fff]+" if to == "en" else r"[^\n]+"
    text, held = with_marks(quote) if to == "zh" else (quote, {})
    return [*turns, user_turn(with_amounts(text, to))], f'root ::= {letters} "\\n"?', held


def translation_beginning() -> list[Message]:
    """How every prompt for a translation into English begins; those into Chinese have no examples to read."""
    return build_gloss("", to="en")[0]


def locked(put: str, quote: str, *, question: str = "", around: str = "") -> str | None:
    """A translation whose numbers, units, dates, negation and names are those of its quote; None where they cannot be.

    Numbers are put right, and names give way to the quote's own letters, where it is clear which they stand
    for. Names may also be the question's, or in Latin letters in the article ``around`` the quote.
    """
    put = readable(put).strip()
    to = language_of(put)
    if to == language_of(quote) or not _SHORTEST <= weight(put) / max(weight(quote), 1) <= _LONGEST:
        return None
    put = _with_codes(mended(put, quote), quote)
    same = _same_numbers(put, quote) and _same_units(put, quote) and _same_dates(put, quote)
    if not same or _turned(put, quote):
        return None
    return in_chinese(put, quote) if to == "zh" else in_english(put, quote, question=question, around=around)


def mended(put: str, quote: str) -> str:
    """A translation with the numbers of its quote: 50 billion for 50亿 becomes 5 billion.

    Only where as many were lost as were made up; of several, each must have the digits of the one that
    stands there in the quote.
    """
    quote = _dated(quote)
    known = quantities(quote, generous=True)
    wrong = [span for span in amounts(put) if span[2] not in known]
    lost = [value for _, _, value in amounts(quote) if value not in quantities(put, generous=True)]
    digits = [[f"{value:e}".split("e")[0] for value in values] for values in ([w[2] for w in wrong], lost)]
    if len(wrong) != len(lost) or (len(wrong) > 1 and digits[0] != digits[1]):
        return put
    for (start, end, _), value in zip(reversed(wrong), reversed(lost), strict=True):
        plain = f"{value:.12g}" if value < 10_000 else f"{value:,.12g}"
        put = put[:start] + (plain if value < 1e6 else spelled_amount(value, language_of(put))) + put[end:]
    return put


def _with_codes(put: str, quote: str) -> str:
    """A translation with the codes of its quote where one has lost or gained its last characters: GPT-4o for GPT-4."""
    known, said = codes(quote), codes(put)
    for code in said:
        near = [own for own in known if own.startswith(code) or code.startswith(own)]
        if code not in known and len(near) == 1 and near[0] not in said:
            put = re.sub(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![A-Za-z0-9])", near[0], put)
    return put


def _dated(quote: str) -> str:
    """A quote with its decades in full: 1990年代 for 90年代."""
    return _DECADE.sub(lambda match: f"19{match[1] or match[2]}年代", quote)


def _same_numbers(put: str, quote: str) -> bool:
    """Whether a translation makes up no number or scale, and keeps those from ten on that its quote has in digits."""
    made_up = quantities(_NO_TEN.sub("", put)) - quantities(_dated(quote), generous=True)
    said = quantities(put, generous=True)
    if made_up or not scales(put) <= scales(quote):
        return False
    return all(value in said for _, _, value in amounts(_dated(quote)) if value >= 10)


def _same_units(put: str, quote: str) -> bool:
    """Whether every unit beside a number of a translation is one of its quote."""
    counted = re.sub(r"\d{4}年", "", put)
    return all(said.search(quote) for unit, said in _UNIT_FORMS if unit.search(counted))


def _same_dates(put: str, quote: str) -> bool:
    """Whether every month and weekday of a translation is one of its quote."""
    known = quantities(quote, generous=True)
    months = (n for n, month in enumerate(_MONTHS, start=1) if re.search(rf"\b{month}\b", put))
    return all(n in known for n in months) and _weekdays(put) <= _weekdays(quote)


def _weekdays(text: str) -> set[int]:
    found = {n for n, day in enumerate(_WEEKDAYS) if day in text}
    return found | {"一二三四五六日".index(day.replace("天", "日")) for day in _WEEKDAY_ZH.findall(text)}


def _turned(put: str, quote: str) -> bool:
    """Whether only one of the two is negated and the other has no word that could express it."""
    return denies(put) != denies(quote) and not _HALF_DENIES.search(quote if denies(put) else put)


def _with_translation(answer: Answer, at: int, translation: str | None) -> Answer:
    put = replace(answer.statements[at], translation=translation)
    return replace(answer, statements=(*answer.statements[:at], put, *answer.statements[at + 1 :]))

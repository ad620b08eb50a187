"""Words and names of Chinese and English text, for matching only.

What is returned is folded (case, width, traditional to simplified); show the original instead.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from ragqa.text.numbers import COUNTED, chinese_number, figures
from ragqa.text.script import HAN, convert, simplified

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
# Letters and digits in one; capitals before a number; a number of many digits.
_CODE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"[A-Z]{2,}(?:/[A-Z]+)? ?\d+(?:[.\-/]\d+)*(?![A-Za-z0-9])"
    r"|(?!\d+[a-z]+(?![A-Za-z0-9]))(?=[A-Za-z0-9]*[-./_]?[A-Za-z0-9]*\d)(?=\d*[-./_]?\d*[A-Za-z])"
    r"[A-Za-z0-9]+(?:[-./_][A-Za-z0-9]+){0,5}"
    r"|\d{5,}(?![.,]?\d))"
)
_SHORTEST_CODE = 4
# More than a unit beside a number: a question, or words.
_ASKED = re.compile(r"[\u3400-\u9fff]{3}|\w+\s+\w+|[?？]")
_DIGITS = frozenset("0123456789,.")
_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_LATEST = re.compile(r"最新|最近一|近日|近况|\blatest\b|\bnewest\b|\bmost recent(?:ly)?\b|\bthese days\b")
_NAME_TAGS = ("nr", "ns", "nt", "nz")
# How terms are made: an index that was made otherwise holds other terms (index/store.py).
TERMS = "terms-3"
# A Latin word that carries a capital or a digit beside letters: Brundage, OpenAI, GPT-4, o1.
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[.\-'’&][A-Za-z0-9]+)*")
_HAN_NAME_RUN = re.compile(r"[\u4e00-\u9fff]+(?:[·•・‧][\u4e00-\u9fff]+)+")


# Verbs of saying: no name ends in one.
SAYS = "说称"
_MADE_UP = 2
# A word of so many characters is made of others.
LONG_WORD = 4

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
    """Whether a sentence is negated."""
    return bool(_DENIAL.search(simplified(text)))


def fold(text: str) -> str:
    """One form for matching: NFKC, lower case, simplified characters. Offsets are not kept."""
    return convert(unicodedata.normalize("NFKC", text).lower())


def terms(text: str) -> list[str]:
    """The terms of a text for the lexical index, repeats included: words, and characters of Chinese runs.

    Latin words and codes; numbers in one form ("#4120" for 4,120 and 四千一百二十); of Chinese single characters,
    pairs of neighbours and words. Words are tagged, so that 开放 the word and 开放 the pair are two terms. Stop
    words are left out. Whoever changes what this gives changes TERMS, so that indexes are built anew.
    """
    import rjieba

    folded = fold(text)
    numbers = figures(folded)
    words = list(folded)
    for start, end, _ in numbers:
        words[start:end] = [" " if c in _DIGITS else c for c in words[start:end]]
    found = [word for word in _LATIN.findall("".join(words)) if word not in _STOP_EN]
    found.extend(f"#{value}" for _, _, value in numbers)
    for run in _HAN_RUN.findall(folded):
        found.extend(run)
        found.extend(run[i : i + 2] for i in range(len(run) - 1))
        found.extend(f"={word}" for word in rjieba.cut(run) if len(word) > 1 and word not in _STOP_ZH)
    return found


def codes(text: str) -> tuple[str, ...]:
    """The codes of a question: ERR-4031, A320neo, GB/T 18204.2; of nothing but a number, that number.

    A measure (100km), an ordinal (18th) and a decade (1990s) are none, nor what is so short (Q2, 5G, U19) that it is
    as often written out.
    """
    plain = simplified(unicodedata.normalize("NFKC", text))
    found = [code for code in _CODE.findall(plain) if sum(c.isalnum() for c in code) >= _SHORTEST_CODE]
    numbers = figures(plain.lower())
    rest = list(plain)
    for start, end, _ in numbers:
        rest[start:end] = " " * (end - start)
    if numbers and len("".join(rest).split()) <= 1 and not _ASKED.search("".join(rest)):
        found += [plain[start:end] for start, end, _ in numbers]
    return tuple(dict.fromkeys(found))


def asks_for_latest(question: str) -> bool:
    """Whether the newest article answers best: 最新, 最近, latest, most recent."""
    return bool(_LATEST.search(fold(question)))


def ngrams(text: str) -> frozenset[str]:
    """Chinese character bigrams, Latin words and numbers (四所 is 4所): what two wordings of one fact share."""
    folded = COUNTED.sub(lambda run: f" {chinese_number(run.group())} ", fold(text))
    grams = {w for w in _LATIN.findall(folded) if w not in _STOP_EN}
    for run in _HAN_RUN.findall(folded):
        grams.update(run[i : i + 2] for i in range(len(run) - 1))
    return frozenset(grams)


def names(text: str) -> tuple[str, ...]:
    """Folded names of a question or statement: capitalised Latin words and Chinese proper nouns."""
    text = simplified(text)
    found: list[str] = []
    for run in _HAN_NAME_RUN.findall(text):
        *first, last = re.split("[·•・‧]", fold(run))
        found.extend(part for part in (*first, _name_at_start(last)) if len(part) > 1)
    rest = _HAN_NAME_RUN.sub(" ", text)
    for start, word in ((m.start(), m.group()) for m in _LATIN_NAME.finditer(rest)):
        marked = any(c.isupper() for c in word[1:]) or any(c.isdigit() for c in word)
        if marked or (word[0].isupper() and not _opens_sentence(rest, start)) or _unusual(word):
            found.append(fold(word))
    for word, tag in tagged(rest):
        if tag.startswith(_NAME_TAGS) and len(word) > 1 and HAN.search(word):
            found.append(fold(word))
    return tuple(dict.fromkeys(name for name in found if name not in _STOP_EN))


def tagged(text: str) -> list[tuple[str, str]]:
    """The words of a Chinese text in simplified characters, and their tags, by jieba.

    A word that jieba made up and that ends in a verb of saying gives it back: 卫健委说 is 卫健委 and 说, and of
    欧阳|晓说 the 晓 belongs to the name.
    """
    import rjieba

    found: list[tuple[str, str]] = []
    for word, tag in rjieba.tag(text):
        if len(word) < _MADE_UP or word[-1] not in SAYS or rjieba.has_word(word):
            found.append((word, tag))
            continue
        if len(word) == _MADE_UP and found and found[-1][1].startswith(("n", "j")):
            found[-1] = (found[-1][0] + word[0], "nr" if found[-1][1] != "n" else "nz")
        else:
            found.append((word[:-1], tag))
        found.append((word[-1], "v"))
    return found


@lru_cache(maxsize=50_000)
def parts_of(word: str) -> tuple[str, ...]:
    """The words that a long word is made of: 商业 and 银行 of 商业银行."""
    import rjieba

    if len(word) < LONG_WORD:
        return (word,)
    plain, parts = simplified(word), list[str]()
    known = sorted(
        {part for part in rjieba.cut_for_search(plain) if 1 < len(part) < LONG_WORD}, key=len, reverse=True
    )
    at = 0
    while at < len(plain):
        size = next((len(part) for part in known if plain.startswith(part, at)), 1)
        parts.append(word[at : at + size])
        at += size
    return tuple(parts)


def noun_phrases(text: str) -> list[str]:
    """The runs of nouns in a Chinese text, of capitalised words in another: 约翰·梅信格, 七鳃鳗和盲鳗."""
    if not HAN.search(text):
        return [match.group().rstrip(".,'’-") for match in _CAPITALISED.finditer(text)]
    runs: list[list[tuple[str, str]]] = [[]]
    at = 0
    for plain, tag in tagged(simplified(text)):
        word = text[at : at + len(plain)]
        at += len(plain)
        if tag[0] in _PHRASE_TAGS or tag == "vn":
            runs[-1].append((word, tag))
        else:
            runs.append([])
    for run in runs:
        while run and run[-1][1][0] in "mqcx":
            run.pop()
    named = [run for run in runs if any(tag[0] in "njl" for _, tag in run)]
    return ["".join(word for word, _ in run).strip(_NO_PHRASE) for run in named]


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

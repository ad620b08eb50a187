"""Check and restore the names in a translation: each must have a counterpart in its source.

A Latin name in an English translation is accounted for by Latin letters of the source, by the pinyin of its
characters, by a country, language, currency or city that Unicode's CLDR lists in both languages, or by names.json,
which also holds the ordinary words that may carry a capital: News, Agency, the first word of a sentence.
"""

from __future__ import annotations

import functools
import json
import re
import string
import unicodedata
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ragqa.answer.transliteration import ALIKE, DOTS, likeness, sounding_like, transcriptions
from ragqa.text import HAN, fold

_FILE = Path(__file__).with_name("names.json")
_TABLES = Path(__file__).with_name("places.json")
_WORD = re.compile(r"(?:[A-Z]\.)+|[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9]*(?:['’&.][A-Za-zÀ-ɏ0-9]+)*")
# What joins the words of one name: John Smith, Lloyd-Webber, Charles de Gaulle.
_JOINT = re.compile(r"[ -]|[ -](?:de|da|di|du|del|la|el|al|bin|van|von|der)(?: la| der)?[ -]")
_DATES = frozenset(
    "january february march april may june july august september october november december"
    " monday tuesday wednesday thursday friday saturday sunday".split()
)
# A country by one character, beside another such or one of the words behind it: 中美, 法方.
_SHORT = {"美": "美国", "英": "英国", "法": "法国", "德": "德国", "俄": "俄罗斯", "日": "日本", "韩": "韩国",
          "中": "中国", "印": "印度", "澳": "澳大利亚", "加": "加拿大", "欧": "欧洲", "朝": "朝鲜"}  # fmt: skip
_ONE = f"[{''.join(_SHORT)}]"
_SHORTENED = re.compile(rf"{_ONE}(?={_ONE}|[方国军媒企籍队])|(?<={_ONE}){_ONE}")
# How the name of a country becomes that of its people, once its last vowels are gone: Chin-ese, Ital-ian.
_PEOPLE = "(?:i?ans?|ese|is?|ish|egians?|ines?|ers?|s)?"
# What one syllable of pinyin may stand for by itself: Li said.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹"
    "薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤习温江胡邓"
)
_Run = list[re.Match[str]]


def in_english(put: str, quote: str, *, question: str = "", around: str = "") -> str | None:
    """An English translation whose names are accounted for; None where one is not and has no like in the quote.

    A name that is none of the quote's gives way to the one in the quote that sounds like it, in Chinese letters.
    Latin names ``around`` the quote, in its article, count where they sound like one of its names.
    """
    candidates = transcriptions(quote)
    latin = _keys(f"{quote} {question}") | {
        key for key in _keys(around) & _keys(put) if sounding_like(key, candidates)
    }
    used: dict[str, str] = {}
    for run, unknown in reversed(_unknown(put, quote, latin)):
        spans = [(part[0].start(), part[-1].end()) for part in (run, unknown)]
        # Kamala Harris is one name, though Kamala is the pinyin of its Chinese form.
        whole = sounding_like(put[slice(*spans[0])], [name for name in candidates if DOTS.search(name)])
        start, end = spans[0] if whole else spans[1]
        name = whole or sounding_like(put[start:end], candidates)
        if name is None or not _same(used.setdefault(name, put[start:end]), put[start:end]):
            return None
        end -= 2 * put[:end].endswith(("'s", "’s"))
        put = put[:start] + name + put[end:]
    return put


def in_chinese(put: str, quote: str) -> str | None:
    """A Chinese translation with the Latin names of its quote; None where it names a place that the quote does not.

    A name that it writes in Chinese gets its Latin letters in brackets: behind what sounds like it, else at the end.
    """
    said = _said(put)
    if any(name in _places() and not _covered(quote, [name]) for name in said):
        return None
    kept, lost = _keys(put), list[str]()
    for start, end in _strange(quote, _covered(quote, said)):
        name = quote[start:end]
        if kept.isdisjoint(_keys(name)):
            lost.append(name)
            kept |= _keys(name)
    candidates = transcriptions(put)
    pairs = sorted(
        ((likeness(name, heard), heard, name) for name in lost for heard in candidates), reverse=True
    )
    left = lost
    for score, heard, name in pairs:
        if score >= ALIKE and name in left and f"{heard}（" not in put:
            left = [other for other in left if other != name]
            put = put.replace(heard, f"{heard}（{name}）", 1)
    body, stop = (put[:-1], put[-1]) if put[-1] in "。．.！!？?" else (put, "")
    return f"{body}（{'；'.join(left)}）{stop}" if left else put


def with_marks(quote: str) -> tuple[str, dict[str, str]]:
    """An English quote with a mark (QAQ, QBQ, …) for each name that has no known Chinese form, and the marks' names.

    A language model carries a mark over as it stands, but makes up characters for a name.
    """
    marks = (mark for letter in string.ascii_uppercase if (mark := f"Q{letter}Q") not in quote)
    held: dict[str, str] = {}
    for start, end in reversed(list(_strange(quote, _covered(quote, _by_length())))):
        name = quote[start:end]
        known = (mark for mark, other in held.items() if other == name)
        if taken := next(known, None) or next(marks, None):
            held[taken] = name
            quote = f"{quote[:start]}{taken}{quote[end:]}"
    return quote, held


def without_marks(put: str, held: Mapping[str, str]) -> str:
    """A translation with the names in place of their marks; empty where one is missing."""
    parts = re.split("(?<![A-Za-z])(Q[A-Z]Q)(?![A-Za-z])", put)
    return "".join(held.get(part, part) for part in parts) if held.keys() <= set(parts) else ""


def _strange(quote: str, covered: Container[int]) -> Iterator[tuple[int, int]]:
    """Spans of the names of an English text: of each run of capitals what is neither ordinary nor covered."""
    for run in _runs(quote):
        strange = [m for m in run if not _ordinary(m.group()) and m.start() not in covered]
        if strange:
            start, end = strange[0].start(), strange[-1].end()
            yield start, start + len(re.sub("['’]s?$", "", quote[start:end]))


def _unknown(put: str, quote: str, latin: Iterable[str]) -> list[tuple[_Run, _Run]]:
    """Runs of capitalised words, and of each the part from the first that nothing accounts for to the last."""
    whole = fold(quote) + "".join(_SHORT[c] for c in _SHORTENED.findall(quote))
    covered = _covered(put, _said(whole))
    readings = _readings(quote)
    surnames = _readings("".join(c for c in fold(quote) if c in _SURNAMES))
    known = {*latin, *(reading for each in surnames for reading in each)}
    found = []
    for run in _runs(put):
        keys = [_key(match.group()) for match in run]
        fine = [
            m.start() in covered or k in known or _ordinary(m.group()) for m, k in zip(run, keys, strict=True)
        ]
        for start in range(len(keys)):
            for end in range(start + 1, len(keys) + 1):
                if _spelled("".join(keys[start:end]), readings):
                    fine[start:end] = [True] * (end - start)
        strange = [at for at, each in enumerate(fine) if not each]
        if strange:
            found.append((run, run[strange[0] : strange[-1] + 1]))
    return found


def _runs(text: str) -> list[_Run]:
    """Runs of capitalised words."""
    runs: list[_Run] = []
    for match in _WORD.finditer(text):
        if match.group().islower():
            continue
        if runs and _JOINT.fullmatch(text, runs[-1][-1].end(), match.start()):
            runs[-1].append(match)
        else:
            runs.append([match])
    return runs


def _same(one: str, other: str) -> bool:
    """Whether two Latin names may be one person's: John Smith, Smith."""
    return not _keys(one).isdisjoint(_keys(other))


def _key(word: str) -> str:
    """A Latin word for comparison: Xi'an's is xian."""
    plain = unicodedata.normalize("NFKD", re.sub("['’]s?$", "", word))
    return re.sub("[^a-z0-9]", "", plain.casefold())


def _keys(text: str) -> set[str]:
    return {_key(match.group()) for match in _WORD.finditer(text)}


def _ordinary(word: str) -> bool:
    """Whether a capitalised word may be an ordinary one; US is not us."""
    key = _key(word)
    return (word if word.isupper() and len(key) > 1 else key) in _list()[0] or key in _DATES


def _readings(text: str) -> list[set[str]]:
    """The possible pinyin syllables of each character; none for other characters."""
    from pypinyin import Style, pinyin

    found = pinyin(fold(text), style=Style.NORMAL, heteronym=True, errors=lambda _: " ")
    return [{reading.replace("v", "u") for reading in each if reading} for each in found]


def _spelled(key: str, readings: Sequence[set[str]]) -> bool:
    """Whether a word is the pinyin of two or more characters in a row."""
    for at in range(len(readings)):
        rests, count = {key}, 0
        for syllables in readings[at:]:
            rests = {r[len(s) :] for r in rests for s in syllables if r.startswith(s)}
            count += 1
            if not rests or "" in rests:
                break
        if "" in rests and count > 1:
            return True
    return False


def _said(text: str) -> list[str]:
    """The known Chinese names in a text; none that is only a part of another: 印度 in 印度尼西亚."""
    found = []
    for name in _by_length():
        if name in text:
            found.append(name)
            text = text.replace(name, " ")
    return found


def _covered(text: str, chinese: Iterable[str]) -> set[int]:
    """Where an English text has a word of the English forms of Chinese names: their offsets."""
    starts: set[int] = set()
    for name in chinese:
        for match in _known()[name].finditer(text):
            starts.update(match.start() + word.start() for word in _WORD.finditer(match.group()))
    return starts


@functools.cache
def _list() -> tuple[frozenset[str], Mapping[str, str]]:
    loaded = json.loads(_FILE.read_text(encoding="utf-8"))
    return frozenset(loaded["ordinary"].split()), loaded["known"]


@functools.cache
def _tables() -> dict[str, dict[str, list[str]]]:
    """Names in Chinese and English from Unicode's CLDR, as JSON: Babel keeps them in pickles."""
    loaded: dict[str, dict[str, list[str]]] = json.loads(_TABLES.read_text(encoding="utf-8"))
    return loaded


@functools.cache
def _places() -> dict[str, list[str]]:
    """Chinese and English names of countries, continents and cities."""
    places: dict[str, list[str]] = {}
    for code, (name, put) in _tables()["territories"].items():
        if len(name) > 1 and HAN.search(name) and code != "001":
            places.setdefault(name, []).append(put)
    for name, put in _tables()["zones"].values():
        if len(name) > 1:
            places.setdefault(name, []).append(put)
    return places


@functools.cache
def _known() -> dict[str, re.Pattern[str]]:
    """Chinese names of all kinds, and what finds their English forms in a text."""
    forms = {name: [*map(re.escape, put), *map(_people, put)] for name, put in _places().items()}
    for name, put in _tables()["languages"].values():
        stem = name.removesuffix("语").removesuffix("文")
        forms.setdefault(name, []).append(re.escape(put))
        forms.setdefault(stem if len(stem) > 1 else f"{stem}国", []).append(re.escape(put))
    for name, put in _tables()["currencies"].values():
        forms.setdefault(name, []).append("|".join(map(re.escape, put.split())))
    for name, words in _list()[1].items():
        forms.setdefault(name, []).extend(map(re.escape, words.split(", ")))
    # South Korea is not found in "North Korea".
    before = r"(?<!\bNorth )(?<!\bSouth )(?<!\bNew )"
    return {name: re.compile(rf"{before}\b(?:{'|'.join(put)})(?!\w)") for name, put in forms.items()}


@functools.cache
def _by_length() -> list[str]:
    return sorted(_known(), key=len, reverse=True)


def _people(place: str) -> str:
    """A pattern for the adjective of a place: Italian, Chinese."""
    return re.escape(re.sub("[aeiouy]+$", "", place)) + _PEOPLE if " " not in place else re.escape(place)

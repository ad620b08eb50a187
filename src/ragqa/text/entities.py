"""The names of persons, places and organisations that a text holds, as they are written, and their sound."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product

from ragqa.text.lexicon import LONG_WORD, SAYS, parts_of, tagged
from ragqa.text.script import HAN, simplified

_CAPITALISED = re.compile(
    r"(?<![A-Za-z0-9])[A-Z][A-Za-zÀ-ɏ'’-]+(?: [A-Z][A-Za-zÀ-ɏ'’-]+){0,3}(?![A-Za-z0-9])"
)
# What the names of Chinese organisations end in.
_ORGANISATION = re.compile(
    r"(?:委员会|联合会|基金会|理事会|办公室|协会|学会|商会|工会|议会|公司|集团|银行|大学|学校|中学|组织|联盟|中心"
    r"|[委部局厅署院所社台馆厂党办行])$"
)
# Tags of the words that an organisation's name is made of: nouns, nouns made of verbs and adjectives, short forms.
_IN_NAME = ("n", "j", "vn", "an", "a", "b")
# The last word of such a name is a noun.
_HEAD = ("n", "j")
_NAME_TAGS = ("nr", "ns", "nt", "nz", "j")
# Words and characters of a name; readings of its sound that are kept.
_MOST_WORDS, _LONGEST, _READINGS = 8, 24, 8
Name = tuple[str, ...]


def entities(text: str) -> Iterator[Name]:
    """The names in a text, each as its words: Chinese ones by jieba's tags, others by their capitals."""
    for match in _CAPITALISED.finditer(text):
        words = tuple(re.sub("['’-]s?$", "", match.group()).split(" "))
        yield words
        if len(words) > 1:
            yield from ((word,) for word in words)
    if not HAN.search(text):
        return
    run: list[str] = []
    at, person = 0, False
    for plain, tag in tagged(simplified(text)):
        word = text[at : at + len(plain)]
        at += len(plain)
        # 宋卫明说 is cut before 明说, which is a word, too: both names are kept.
        if run and person and len(run[-1]) == len(plain) == 2 and plain[1] in SAYS:
            yield (run[-1] + word[0],)
        if not HAN.search(plain) or not (tag.startswith(_IN_NAME) or plain == "和"):
            run = []
            continue
        person = tag == "nr"
        run = [*run[1 - _MOST_WORDS :], word]
        if tag.startswith(_NAME_TAGS) and 1 < len(word) <= _LONGEST:
            yield parts_of(word)
        # 举行 and 创办 end like an organisation, and are none.
        if len(run) > 1 and tag.startswith(_HEAD) and _ORGANISATION.search(plain) and run[0] != "和":
            yield tuple(part for each in run for part in parts_of(each))


@lru_cache(maxsize=20_000)
def _readings(character: str) -> tuple[str, ...]:
    from pypinyin import Style, pinyin

    found = pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore")
    return tuple(dict.fromkeys(reading.replace("ü", "v") for each in found for reading in each if reading))


def sounds(name: str) -> tuple[str, ...]:
    """A name in Latin letters without spaces: zhangweiming; a Latin one also with its last word first."""
    if HAN.search(name):
        readings = [_readings(c) for c in simplified(name) if HAN.match(c)]
        # A longer name is seldom written in pinyin.
        most = _READINGS if len(readings) <= LONG_WORD else 1
        return tuple("".join(each) for each in islice(product(*readings), most))
    words = [_letters(word) for word in re.split(r"[\s-]+", name)]
    return tuple(dict.fromkeys(("".join(words), "".join([words[-1], *words[:-1]]))))


def _letters(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.replace("ü", "v").replace("Ü", "v"))
    return re.sub("[^a-z]", "", plain.lower())

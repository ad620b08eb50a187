"""Compare foreign names in Chinese characters with Latin names by their sound."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher

from ragqa.text import HAN, fold, names, tagged, terms

# Characters that foreign names are transcribed with, and what may stand behind such a name.
_TRANSCRIBE = frozenset(
    "阿埃艾安昂奥巴拜班邦包鲍保贝本比彼宾波伯博布查达戴丹当道德登邓迪蒂丁东杜顿多厄恩尔法凡范费芬丰佛弗夫福富盖甘冈高戈格古瓜哈海汉豪赫黑亨"
    "胡华怀惠霍基吉加贾杰金卡凯坎康考科克肯孔库奎拉莱赖兰朗劳勒雷里利莉丽连廉列林琳隆卢鲁伦罗洛吕马玛迈麦曼芒毛梅门蒙米密明缪莫默姆穆纳娜南瑙内尼"
    "涅宁纽农努诺帕潘庞培佩彭皮平珀普齐奇恰钱乔切琴丘热日茹萨塞赛桑森沙山尚绍舍申圣施史士舒朔斯丝松苏索塔泰坦汤唐陶特滕提田廷通图托瓦万旺威韦维魏温"
    "文翁沃乌伍武西希锡夏肖谢欣辛休雪雅亚延扬耶叶伊易因英尤于约泽扎詹珍朱兹宗佐祖翰逊妮吞津珊骆欧奇奈恺昆纽蕾赵瓜夸诃喀捷冯范荣蓝仑伽纪俄"
)
_BEHIND = re.compile("[队州市省县镇村岛杯报河湖港街家族教派们湾]$")
# Latin letters and pinyin come down to what Chinese transcription keeps; vowels stay for a closer look.
_SOUNDS = (
    (r"([a-z])\1", r"\1"), ("ph", "f"), (r"th\b", "s"), ("ng(?![aeiou])", "n"), ("m(?=[bp])", "n"),
    ("[tc]?ch|sh|zh|dg|[jzs]|[cg](?=[eiy])", "s"), ("x", "gs"), ("[ckq]", "g"), ("p", "b"), ("t", "d"), ("r", "l"),
    ("v", "w"), (r"[ \-.'’]", ""),
)  # fmt: skip
_VOWELS = re.compile("[aeiouy]|(?<=.)h")
DOTS = re.compile("[·•・‧]")
# How alike a name must sound, how much more than any other, and what a name in another number of parts loses.
ALIKE, _CLEARLY, _PARTS = 0.7, 0.05, 0.15


def _whole_names(text: str) -> list[str]:
    """The Chinese names of a text, parts with a dot between them together: 卡玛拉·哈里斯."""
    parts = [name for name in names(text) if HAN.search(name)]
    if not parts:
        return []
    part = "|".join(map(re.escape, sorted(parts, key=len, reverse=True)))
    return list(dict.fromkeys(re.findall(rf"(?:{part})(?:[·•・‧](?:{part}))*", text)))


def transcriptions(text: str) -> list[str]:
    """The names of a Chinese text that transcribe foreign ones, whole and in parts."""
    told = [term[1:] for term in terms(text) if term.startswith("=")]
    rest = text
    for word in told:
        rest = rest if _transcribes(word) else rest.replace(word, " ")
    part = f"[{''.join(sorted(_TRANSCRIBE))}]+"
    runs = re.findall(f"{part}(?:[·•・‧]{part})*", f"{rest} {text}")
    found = [_BEHIND.sub("", name) for name in (*_whole_names(text), *names(text), *told, *runs)]
    return [name for name in dict.fromkeys(found) if len(name) > 1 and _transcribes(name) and name in text]


def whole_name(name: str, text: str) -> str:
    """A name of a Chinese text with the pieces beside it that belong to it: jieba cuts 布伦戴奇 into 布伦 and 戴奇."""
    run = ""
    for word, tag in [*tagged(text), ("", "x")]:
        if tag.startswith("n") and _transcribes(word):
            run += word
            continue
        if name in run:
            return run
        run = ""
    return name


def _transcribes(name: str) -> bool:
    """Whether a Chinese word looks like the sound of a foreign one."""
    return sum(c in _TRANSCRIBE or c in "·•・‧" for c in name) >= (
        0.75 if len(name) > 3 and not DOTS.search(name) else 1
    ) * len(name)


def sounding_like(latin: str, candidates: Sequence[str]) -> str | None:
    """The Chinese name that sounds like a Latin one; None where none does, or two."""
    scored = sorted(((likeness(latin, name), len(name), name) for name in candidates), reverse=True)
    if not scored or scored[0][0] < ALIKE:
        return None
    best = scored[0][2]
    rivals = [score for score, _, name in scored[1:] if name not in best and best not in name]
    return best if not rivals or rivals[0] < scored[0][0] - _CLEARLY else None


@functools.lru_cache(maxsize=5000)
def likeness(latin: str, chinese: str) -> float:
    """How alike two names sound, 0 to 1; they must begin alike."""
    one, other = _sound(latin), _sound(chinese)
    mine, theirs = _VOWELS.sub("", one), _VOWELS.sub("", other)
    opens = [bool(re.match("[aeiouy]", sound)) for sound in (one, other)]
    if not mine or mine[:1] != theirs[:1] or opens[0] != opens[1]:
        return 0.0
    consonants = SequenceMatcher(None, mine, theirs, autojunk=False).ratio()
    whole = SequenceMatcher(None, one, other, autojunk=False).ratio()
    parted = " " in latin and not DOTS.search(chinese)
    return (2 * consonants + whole) / 3 - _PARTS * parted


@functools.lru_cache(maxsize=5000)
def _sound(name: str) -> str:
    if HAN.search(name):
        from pypinyin import lazy_pinyin

        # Pinyin q, x and c are Latin ch, sh and ts.
        syllables = lazy_pinyin(fold(name))
        sound = "".join(re.sub("ng$", "n", re.sub("^[qxc](?!h)", "s", syllable)) for syllable in syllables)
    else:
        sound = unicodedata.normalize("NFKD", re.sub("['’]s?$", "", name)).casefold()
    for pattern, letter in _SOUNDS:
        sound = re.sub(pattern, letter, sound)
    return sound

"""Who wrote an article: the stretch of a byline that says so, and the names in it.

Only a label makes a name an author's ("作者：…", "文/…", "本报记者 …", "By …"); editors, photographers,
translators and outlets are none. Every pattern has bounded repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_HAN = r"[\u3400-\u9fff]"
# What may stand where a second name would: another label, an outlet, "北京报道".
_OTHER = (
    r"(?!(?:通讯员|[记記]者|实习生|[责責]任?[编編]|[编編][辑輯]|[编編][译譯]|校[对對]|审核|摄影|攝影|图片|来源|來源|字号|字體|字体|打印|评论|收藏|分享|阅读|浏览|点击|文字|综合|整理|发自|发布|更新|时间)"
    rf"|{_HAN}{{0,6}}(?:报道|報導|摄影|攝影|摄|攝|电|電|讯|訊|[报報社网網台臺刊])(?!{_HAN}))"
)
_NAME = (
    rf"{_OTHER}(?:{_HAN}{{1,8}}(?:[·•‧]{_HAN}{{1,8}}){{1,3}}|{_HAN}[ \u3000]{_HAN}(?!{_HAN})|{_HAN}{{2,4}})"
    rf"(?=$|[^\u3400-\u9fff\d]|报道|報導|摄影|攝影|通[讯訊][员員]|[和与與及])"
)
_NAMES = rf"{_NAME}(?:\s?(?:[、,，]|和|与|及|通讯员|实习生|[ \u3000])\s?{_NAME}(?!\s?[:：/／|丨｜])){{0,8}}"
# A pen name may be anything, but no other label and no date.
_PEN_NAME = r"(?!(?:19|20)\d\d)(?>[^\s,，;；、|丨｜()（）\[\]【】《》:：/／<>。！？]{1,30})(?!\s?[:：/／])"
_MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?"
    r"|Nov(?:ember)?|Dec(?:ember)?)\.? \d"
)
_WORD = (
    rf"(?!{_MONTH}|(?i:published|updated|posted|staff|senior|reporter|correspondent|editor|contributor|writer|and)\b)"
    r"[A-ZÀ-Þ][\w.'’-]{0,30}"
)
_PARTICLE = r"(?:de|da|del|della|di|du|la|le|van|von|der|den|ten|bin|al|el|y)"
_LATIN = rf"{_WORD}(?:(?: {_PARTICLE}){{0,2}} {_WORD}){{1,4}}"
_LATINS = rf"{_LATIN}(?:(?:,? (?:and|&)|,) {_LATIN}){{0,8}}"

_LABELS = (
    r"(?:(?:文[/／、·]图|图[/／、·]文)\s?[:：丨｜|/／]?"
    r"|(?:(?:本文|原文)?作者|撰文|撰稿人?|采写|执笔|文字|图文|文图|文|[Aa]uthors?|AUTHORS?|[Ww]riters?)\s?[:：丨｜|/／])"
)
_OUTLET = rf"{_HAN}{{2,8}}(?:[社报報网網台臺刊]|新[闻聞]|财经|客户端)"
_OF = rf"(?:本[报報刊网網台臺站社]|见习|实习|特约|首席|全媒体|驻{_HAN}{{2,6}}|{_OUTLET})"
_WHO = "[Ww]ritten|[Rr]eported|[Rr]eporting|[Pp]osted|[Pp]ublished|[Ss]tory|[Ww]ords"
# What stands before the names, and the names that may follow. Apart, since the names are long patterns: compiled into
# each label, they would take a quarter of a second at every start.
_HAN_NAMES, _LATIN_NAMES = re.compile(_NAMES), re.compile(_LATINS)
_PEN_NAMES = re.compile(rf"{_PEN_NAME}(?:\s?[、,，]\s?{_PEN_NAME}){{0,8}}")
_CREDITS = (
    (
        re.compile(rf"(?<![\u3400-\u9fffA-Za-z/／、·]){_LABELS}\s?(?:(?:{_OF}){{0,3}}[记記]者\s?)?"),
        (_LATIN_NAMES, _HAN_NAMES, _PEN_NAMES),
    ),
    (
        re.compile(rf"(?:(?:{_OF}){{1,3}}[记記]者\s?[:：]?|(?<!{_HAN})[记記]者\s?[ \u3000:：丨｜|])\s?"),
        (_HAN_NAMES,),
    ),
    (
        # 記者莊以寧／花蓮報導, as papers in Taiwan write; 攝影 behind the stroke is a photographer.
        re.compile(rf"(?<!{_HAN})[记記]者\s?(?=[^／/]{{2,30}}[／/]{_HAN}{{2,8}}(?:报道|報導))"),
        (re.compile(rf"{_NAME}(?:[、,，]{_NAME}){{0,8}}"),),
    ),
    (
        re.compile(rf"(?:^|(?<=[|·•–—] )|(?<=\b\d{{4}} )|\b(?:{_WHO}) )[Bb][Yy]:? "),
        (_LATIN_NAMES,),
    ),
)
# Inside the first or last sentence the words stay where they are: "新华社北京8月2日电（记者 …）".
_IN_BRACKETS = (re.compile(rf"[（(](?:{_OF}){{0,3}}[记記]者[ \u3000:：]{{0,2}}"), (_HAN_NAMES,))
# A line without any of these has no label.
_HINTS = ("者", "文", "撰", "采写", "执笔", "uthor", "AUTHOR", "riter", "By", "by", "BY", "bY")
_BETWEEN = re.compile(
    rf"\s?[、,，;；&]\s?(?:and )?|\s(?:and|&)\s|\s?(?:通讯员|实习生)\s?|(?<={_HAN})[和与及](?={_HAN})"
    rf"|(?<={_HAN}{{2}})[ \u3000](?={_HAN}{{2}})"
)
_LABEL_BEFORE = re.compile(rf"\s*(?:{_LABELS}|(?:{_OF}){{0,3}}[记記]者[ \u3000:：]?|[Bb][Yy]:? )\s?")
_OTHERS = re.compile(
    r"(?:^|[\s(（|丨｜]{1,3})(?:责任?编|编辑|编译|校对|审核|摄影|来源|Edit(?:ed|or|ing)\b).{0,500}", re.DOTALL
)
_REMARK = re.compile(r"\s?[(（][^()（）]{0,60}[)）]")
_NO_NAME = re.compile(
    r"https?:|www\.|@|\.(?:com|cn|net|org)\b|^(?:admin|administrator|editor|editors|staff|author|unknown|none|null|root"
    r"|.*\b(?:correspondent|reporter|editor|writer|columnist)s?$|佚名|未知|匿名|本站|网络|小编|编辑|[记記]者|管理员|原创|转载)$|\d{5}|[<>{}]",
    re.IGNORECASE,
)  # fmt: skip
_LONGEST_LINE, _LONGEST_NAME, _MOST = 200, 60, 12
# Lines at the beginning and at the end of a text that may name its author.
_ABOVE, _BELOW = 4, 3


def credit(line: str) -> str:
    """The stretch of a byline that names who wrote the article, as it stands there; "" where none does."""
    if len(line) > _LONGEST_LINE or not _may_credit(line):
        return ""
    found = (_credit(line, each) for each in _CREDITS)
    return next((words for words, names in found if names and listed(names)), "")


def _may_credit(line: str) -> bool:
    return any(hint in line for hint in _HINTS)


def _credit(line: str, form: tuple[re.Pattern[str], Sequence[re.Pattern[str]]]) -> tuple[str, str]:
    """The first label with names behind it, and the names alone; "" for both where there are none."""
    label, names = form
    for found in label.finditer(line):
        for each in names:
            if named := each.match(line, found.end()):
                return line[found.start() : named.end()], named[0]
    return "", ""


def author_of(lines: Iterable[str]) -> str:
    """The authors that the first line with a credit names, or ""."""
    for line in filter(_may_credit, lines):
        for form in (*_CREDITS, _IN_BRACKETS):
            if names := listed(_credit(line[:_LONGEST_LINE], form)[1]):
                return names
    return ""


def author_of_text(text: str) -> str:
    """The authors that the text itself names: on a line of their own, or in brackets in its first or last words."""
    lines = text.split("\n")
    alone = [line for line in (*lines[:_ABOVE], *lines[-_BELOW:]) if credit(line) == line]
    edges = [part for line in (*lines[:3], *lines[-1:]) for part in (line[:80], line[-60:])]
    in_brackets = (_credit(part, _IN_BRACKETS)[0] for part in edges)
    return author_of([*alone, *in_brackets])


def credited(text: str, author: str) -> str:
    """A text below the author that its file states, unless it names one itself: who wrote it can be quoted."""
    return f"{_above(author)}{text}" if text and author and not author_of_text(text) else text


def uncredited(text: str, author: str) -> str:
    """A text without the lines that only name its author, for comparing it with a copy that has none."""
    lines = text.removeprefix(_above(author)).split("\n")
    middle = range(_ABOVE, len(lines) - _BELOW)
    return "\n".join(line for at, line in enumerate(lines) if at in middle or credit(line) != line) or text


def _above(author: str) -> str:
    return f"author: {author}\n"


def author_from(stated: object) -> str:
    """The authors that a field states: a string, {"name": …}, or several of them; "" for what is no person's name."""
    return listed("、".join(_stated(stated, 3)))


def _stated(value: object, depth: int) -> Sequence[str]:
    if isinstance(value, str):
        return [value[:500]]
    if isinstance(value, Mapping):
        return _stated(value.get("name"), depth - 1) if depth else []
    if isinstance(value, list | tuple) and depth:
        return [name for each in value[:_MOST] for name in _stated(each, depth - 1)]
    return []


def listed(names: str) -> str:
    """Names as one string, each once: with 、 where one is Chinese, else with commas; no site, address or role."""
    kept: list[str] = []
    for part in _BETWEEN.split(_OTHERS.sub("", _REMARK.sub("", names[:1000]))):
        name = _LABEL_BEFORE.sub("", " ".join(part.split()), count=1).strip(" .-–—[]")
        if re.fullmatch(rf"{_HAN} {_HAN}", name):
            name = name.replace(" ", "")
        if (
            name
            and len(name) <= _LONGEST_NAME
            and not _NO_NAME.search(name)
            and any(c.isalpha() for c in name)
        ):
            kept.append(name)
    kept = list(dict.fromkeys(kept))[:_MOST]
    return ("、" if any(re.search(_HAN, name) for name in kept) else ", ").join(kept)

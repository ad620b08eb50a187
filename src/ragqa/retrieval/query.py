"""A question, analysed once: language, names, numbers, follow-up; and its vectors.

Retrieval, reader and wording all read them from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ragqa.models import Encoder, Tokens
from ragqa.retrieval.kind import kind_of
from ragqa.retrieval.operators import checked, quoted
from ragqa.text import (
    HAN,
    YEAR,
    asks_for_latest,
    codes,
    fold,
    language_of,
    names,
    noun_phrases,
    quantities,
    simplified,
    terms,
)
from ragqa.types import Kind, Language, Vectors

# What makes a Chinese sentence a question by itself.
_ASKS_ZH = r"[谁哪几吗]|什么|多少|怎么|怎样|为何|何时|如何|多[久大长]"
# A follow-up that only puts another name, number or date into the question before it.
_ELLIPSIS = re.compile(
    rf"^(?:那么?|还有|以及)?(?P<zh>(?:(?!{_ASKS_ZH})[^，。？?]){{1,30}}?)呢[？?]?$"
    r"|^(?:and|but)?,? ?(?:what|how) about (?P<about>[^?]{1,60})\??$"
    r"|^(?:and|but),? (?P<and>(?:in|on|at|for|by|from|since|during|after|before) [^?]{1,60})\??$",
    re.IGNORECASE,
)
# 其他 and 他人 refer to nobody named; neither does the "it" of "it takes" and "is it true".
_REFERS_ZH = re.compile(
    r"(?:这|那|该)(?:家|个|位|座|所|款|支|部)?(?P<what>公司|企业|机构|学校|球队|产品|项目|人)"
    r"|它们?|(?P<who>(?<![其吉])[他她](?![人国乡])们?)"
)
_REFERS_EN = re.compile(
    r"\b(?:(?P<whose>its|their|his|her(?= (?!in\b|on\b|at\b|for\b|to\b|by\b|from\b|and\b|or\b)[a-z]))"
    r"|(?:that|this|the same|the(?= \w+\b(?! that| which| of| in)(?: [a-z]+)*[?.]?$))"
    r" (?P<what>company|firm|person|man|woman|team|school|city|town|product|project)"
    r"|(?P<who>he|she|they|him|them|her)|it(?! (?:takes?|took|true|possible|likely)\b))\b",
    re.IGNORECASE,
)
# Words that ask for no more than what something is, or what to do about it.
_ASKS_MEANING = re.compile(
    r"意思|含义|涵义|意味着?|代表|表示|错误|报错|故障|代码|出现|处理|解决|怎么办|\b(?:means?|meaning|error|code|fix|solve)\b",
    re.IGNORECASE,
)
_PERSONS = {"人", "person", "man", "woman", "his", "her", "their"}
# Who a question asks for: the mayor of Linz, the person who founded OpenAI, 林茨市的市长, 创立了OpenAI的人.
_WHO_IS = re.compile(
    r"(?i:(?:and |but )?who(?: is|'s| was| are| were)) (?P<en>(?:(?i:the|a|an|its|their|this|that)|[A-Z]\S*) .+?)[?\s]*"
    r"|(?P<zh>.+?)(?:现在|目前|如今)?[是为](?:谁|哪位)[？?\s]*|谁是(?P<is>.+?)[？?\s]*"
)
_WHO_DOES = re.compile(
    r"(?:and |but )?who (?P<en>(?!did\b|does\b|do\b|will\b|would\b|can\b|should\b).+?)[?\s]*"
    r"|(?P<when>[^谁，,是由被把给跟和向]*)谁(?P<zh>[^谁，,]+?)[？?\s]*",
    re.IGNORECASE,
)
_ASKS_WHO = re.compile(r"谁|哪位|哪个人|\bwho(?:se|m)?\b", re.IGNORECASE)
_IN_YEAR = re.compile(r"(?:在|于)?(?:19|20)\d{2}年(?:里|内|间|度|期间)?|,? ?\b(?:in|during) (?:19|20)\d{2}\b")
_PLACED = re.compile(r"(?:in|on|at|for|by|from|since|during|after|before) ", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, as it stands alone (``text``) and as the reader wrote it (``asked``).

    ``names`` are folded, ``numbers`` scaled (lexicon.quantities); ``latest`` says that the newest article
    answers best. ``codes`` and ``quoted`` words are wanted as they are: a passage that holds them comes first.
    ``kind`` is what it asks for, ``subject`` what a summary or the news is to be about ("" for anything), or what is
    counted.
    """

    text: str
    asked: str
    language: Language
    names: tuple[str, ...]
    numbers: frozenset[float]
    latest: bool
    codes: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    kind: Kind = "question"
    subject: str = ""

    @property
    def several(self) -> bool:
        """Whether it asks for all of what several articles may each name one."""
        return self.kind in ("list", "count")

    @property
    def undated(self) -> str:
        """The question without the year of a list, which few articles write: it is compared with their dates."""
        return without_year(self.text) if self.several else self.text

    @property
    def asks_what_a_code_is(self) -> bool:
        """Whether beside a code next to nothing is asked, as in ERR-4031是什么意思."""
        rest = simplified(self.text)
        for code in self.codes:
            rest = rest.replace(code, " ")
        rest = _ASKS_MEANING.sub(" ", rest)
        return bool(self.codes) and not any(term[0] == "=" or term[0].isascii() for term in terms(rest))

    @classmethod
    def of(cls, text: str, *, asked: str = "") -> Question:
        """Analyse a question. Raises QuestionError when it is empty or longer than 2,000 characters."""
        text = checked(text)
        return cls(
            text,
            asked or text,
            language_of(text),
            names(text),
            quantities(text, generous=True),
            asks_for_latest(text),
            codes(text),
            quoted(text),
            *kind_of(text),
        )


def stands_alone(question: str, *, after: str) -> bool:
    """Whether a question asked after another can be understood without it."""
    if _ELLIPSIS.match(question) or _reference(question):
        return False
    return bool(names(question)) or fold(question) == fold(after)


def follow_up(question: str, *, after: str) -> str | None:
    """A follow-up completed from the previous question, for the common forms; None for other forms.

    "and in 2023?" puts its date into the question before it; "it", 他 and "that company" stand for the
    subject of that question. After "who ...?" a person is the one that was asked for: the mayor, the person who ….
    """
    if match := _ELLIPSIS.match(question):
        part = next(value for value in match.groupdict().values() if value).strip()
        refers = _reference(part)
        if not refers or refers.group() == part:
            return None if refers else _with_part(after, part)
    found = _reference(question)
    if not found:
        return None
    groups = found.groupdict()
    whose = groups.get("whose") or ""
    person = groups["who"] or {groups["what"], whose.lower()} & _PERSONS
    subject = person_asked_for(after) if person and _ASKS_WHO.search(after) else subject_of(after)
    if not subject or (whose and " who " in subject):
        return None
    return question[: found.start()] + subject + ("'s" if whose else "") + question[found.end() :]


def person_asked_for(question: str) -> str:
    """Whom a "who ...?" asks for, as a phrase; "" for forms such as "who did they meet?"."""
    if found := _WHO_IS.fullmatch(question):
        return next(value for value in found.groups() if value)
    if found := _WHO_DOES.fullmatch(question):
        return f"the person who {found['en']}" if found["en"] else f"{found['when']}{found['zh']}的人"
    return ""


def subject_of(question: str) -> str:
    """The subject of a question: its first name or noun phrase, as written."""
    folded = fold(question)
    if found := sorted(names(question), key=folded.find):
        name = re.sub("['’]s$", "", as_written(found[0], question))
        runs = (re.sub("['’]s$", "", phrase) for phrase in noun_phrases(question))
        return next((run for run in runs if fold(run).startswith(fold(name))), name)
    # Without a name a capital only opens an English sentence.
    phrases = noun_phrases(question) if HAN.search(question) else []
    return next((phrase for phrase in phrases if not re.search(_ASKS_ZH, phrase)), "")


def as_written(name: str, text: str) -> str:
    """A folded name as a text writes it."""
    at = fold(text).find(name)
    return text[at : at + len(name)] if at >= 0 else name


def _reference(question: str) -> re.Match[str] | None:
    """The pronoun or phrase that refers to the previous question."""
    pattern = _REFERS_ZH if HAN.search(question) else _REFERS_EN
    return pattern.search(question)


def _with_part(after: str, part: str) -> str | None:
    """The previous question with one part replaced: a year for its year, a name for its name."""
    year, old_year = YEAR.search(part), YEAR.search(after)
    if year and old_year:
        return after[: old_year.start()] + year.group() + after[old_year.end() :]
    subject = subject_of(after)
    if not year and not _PLACED.match(part) and subject and (names(part) or HAN.search(part)):
        return after.replace(subject, part, 1)
    if HAN.search(after):
        return f"{part}{after}"
    if year and part == year.group():
        part = f"in {part}"
    return f"{after.rstrip('?？ ')} {part}?" if _PLACED.match(part) else None


@dataclass(frozen=True, slots=True)
class Wording:
    """A question in one language as the encoder sees it."""

    text: str
    vector: Vectors
    tokens: Tokens | None


def without_year(question: str) -> str:
    """The same question without "in 2024" or 在2024年."""
    return _IN_YEAR.sub("", question).strip()


@dataclass(frozen=True, slots=True)
class Query:
    """An analysed question and its wordings by language: its own and, where there is one, a translation."""

    question: Question
    wordings: Mapping[str, Wording]

    @classmethod
    def of(cls, question: Question, *, encoder: Encoder, translation: str | None = None) -> Query:
        """Encode a question, in simplified characters as passages are; a translation is in the other language.

        The year of a list is left out.
        """
        other: Language = "en" if question.language == "zh" else "zh"
        texts: dict[str, str] = {question.language: question.text}
        if translation:
            texts[other] = translation
        if question.several:
            texts = {language: without_year(text) for language, text in texts.items()}
        tokens: dict[int, Tokens] = {}
        encoded = [simplified(text) for text in texts.values()]
        vectors = encoder.encode_query(encoded, each=tokens.__setitem__)
        wordings = {
            name: Wording(text, vectors[row], tokens.get(row))
            for row, (name, text) in enumerate(texts.items())
        }
        return cls(question, wordings)

    def for_passages_in(self, language: str) -> dict[str, Wording]:
        """The wordings to search passages of a language with: as asked, and in that language."""
        return {name: w for name, w in self.wordings.items() if name in (self.question.language, language)}

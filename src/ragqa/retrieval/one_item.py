"""A question for several items, asked for one: the reader was trained on questions that one text answers.

Which companies cut jobs? -> Who cut jobs? Every article that answers this names an item. Its year is left out: few
articles write their own, and it is compared with their dates instead.
"""

from __future__ import annotations

import re

from ragqa.text import first_noun

_YEAR = re.compile(r"(?:在|于)?(?:19|20)\d{2}年(?:里|内|间|度|期间)?|,? ?\b(?:in|during) (?:19|20)\d{2}\b")
# As the subject, at the beginning or after a time or a place: what a sentence does to several things is left as it is.
_ITEMS_ZH = re.compile(
    r"(?P<before>|.*[，,年月日里中内上下前后来])(?:一共|总共|共|都)?有?(?:哪些|哪几[家个位名所座]?|多少[家个所座国篇]?|几[家个所座国])"
    r"(?P<rest>.+)"
)
_NAMED_ZH = re.compile(r"(?:请|帮我)*(?:列出|列举|罗列|举出)(?:所有|全部|一下)?(?P<rest>.+)的\w{1,6}[。？?]?")
_VERB = r"(?:did|do|does|has|is|was|can)\b"
_PLURAL = rf"(?:\w+ )??(?!{_VERB})(?:\w+(?<![sui])s|people|men|women|children)"
# What several things are the object of has a verb before the subject: has OpenAI signed, have the banks bought.
_TURNED = r"(?:are|were|have|had|will|would|could) (?:(?:there|the|it|they|he|she|his|her|its)\b|(?-i:[A-Z]))"
_ITEMS_EN = re.compile(
    rf"(?:and |so )?(?:(?:which|what|how many) (?:of the )?{_PLURAL}"
    rf"|(?:please )?(?:list|name|enumerate) (?:(?:all|every|the|any) )*{_PLURAL} (?:that|which|who))"
    rf" (?P<rest>(?!{_VERB}|{_TURNED})\w.+)",
    re.IGNORECASE,
)


def without_year(question: str) -> str:
    """The same question without "in 2024" or 在2024年."""
    return _YEAR.sub("", question).strip()


def one_item(question: str) -> str:
    """The same question for one item; "" for forms that are not recognised."""
    text = without_year(question)
    if found := _NAMED_ZH.fullmatch(text):
        return f"谁{found['rest']}？"
    if found := _ITEMS_ZH.fullmatch(text):
        kind = first_noun(found["rest"])
        return f"{found['before']}谁{found['rest'].removeprefix(kind)}" if kind else ""
    if found := _ITEMS_EN.fullmatch(text):
        return f"Who {found['rest']}"
    return ""

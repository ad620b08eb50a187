"""What ragqa itself says to a reader, in the language of the question."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.records import Language

_WORDS: dict[str, dict[Language, str]] = {
    "not_found": {
        "en": "The corpus does not hold an answer to “{question}”. The nearest passages are shown.",
        "zh": "语料库中没有找到“{question}”的答案，下面列出最接近的段落。",
    },
    "not_found_name": {
        "en": "The corpus does not hold an answer to “{question}”: it does not mention {name}. "
        "The nearest passages are shown.",
        "zh": "语料库中没有找到“{question}”的答案：其中没有提到{name}。下面列出最接近的段落。",
    },
    "disagree": {
        "en": "The articles do not agree: {first} says one thing, {other} another.",
        "zh": "各篇文章说法不一：{first}与{other}给出的不同。",
    },
    "missing_part": {
        "en": "No answer was found for {name}.",
        "zh": "没有找到关于{name}的答案。",
    },
    "unverified": {
        "en": "The language model wrote an answer that the passages do not support; these are their own words instead.",
        "zh": "语言模型写出的答案没有得到段落支持，这里改为列出段落原文。",
    },
    "cached": {
        "en": "answered before from the same index",
        "zh": "同一索引先前的回答",
    },
    "cut_short": {
        "en": "The language model was stopped before it had finished ({reason}).",
        "zh": "语言模型未写完就停下了（{reason}）。",
    },
    "no_model": {
        "en": "Without a language model, these are the passages' own words ({reason}).",
        "zh": "没有可用的语言模型，以下是段落原文（{reason}）。",
    },
}


def word(key: str, language: Language, /, **values: str) -> str:
    """The sentence of this key in a language, with its values filled in."""
    return _WORDS[key][language].format(**values)

"""Texts that ragqa itself writes in an answer, in Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.types import Language

_WORDS: dict[str, dict[Language, str]] = {
    "not_found": {
        "en": "No answer to “{question}” was found in the corpus. The nearest passages are shown.",
        "zh": "语料库中没有找到“{question}”的答案，下面列出最接近的段落。",
    },
    "not_found_name": {
        "en": "No answer to “{question}” was found in the corpus: none of its articles contains “{name}”. "
        "The nearest passages are shown.",
        "zh": "语料库中没有找到“{question}”的答案：所有文章中都没有出现“{name}”。下面列出最接近的段落。",
    },
    "not_found_filtered": {
        "en": "No answer to “{question}” was found in the {n} articles that the filter lets pass{undated}. "
        "The nearest passages of these are shown.",
        "zh": "在符合筛选条件的 {n} 篇文章中没有找到“{question}”的答案{undated}。下面列出其中最接近的段落。",
    },
    "nothing_passes": {
        "en": "No article passes the filter{undated}.",
        "zh": "没有文章符合筛选条件{undated}。",
    },
    "undated": {
        "en": " (articles without a date, left out: {n})",
        "zh": "（另有 {n} 篇文章没有日期，未包括在内）",
    },
    "taken": {
        "en": "“{asked}” was taken for “{names}”.",
        "zh": "“{asked}”按“{names}”查找。",
    },
    "suggested": {
        "en": "Did you mean “{names}”?",
        "zh": "您要找的是不是“{names}”？",
    },
    "hello": {
        "en": "Ask about the {n} articles here; what they say is quoted word for word. A question, a list, a summary of"
        " an article or a subject, or the latest news can be asked for. For example: {examples}",
        "zh": "可以就这里的 {n} 篇文章提问，回答都是文章原句。可以提问题、要求列举、总结一篇文章或一个话题，也可以问"
        "最新消息。例如：{examples}",
    },
    "no_subject": {
        "en": "No article on “{subject}” was found.",
        "zh": "没有找到关于“{subject}”的文章。",
    },
    "first_sentences": {
        "en": "The first sentences of “{title}”.",
        "zh": "《{title}》开头的句子。",
    },
    "first_of_each": {
        "en": "The first sentences of {n} articles found on “{subject}”; there may be more.",
        "zh": "与“{subject}”有关的 {n} 篇文章各自的第一句，可能还有更多文章。",
    },
    "newest": {
        "en": "The first sentences of the {n} newest articles{about}, dated {last} back to {first}{undated}.",
        "zh": "{about}最新 {n} 篇文章各自的第一句，日期从 {last} 往前到 {first}{undated}。",
    },
    "newest_one": {
        "en": "The first sentence of the newest article{about}, dated {last}{undated}.",
        "zh": "{about}最新一篇文章的第一句，日期为 {last}{undated}。",
    },
    "about": {"en": " on “{subject}”", "zh": "与“{subject}”有关的"},
    "no_news": {
        "en": "No article has a date, so none can be called the newest{undated}.",
        "zh": "没有带日期的文章，无法判断哪篇最新{undated}。",
    },
    "listed": {
        "en": "Found in {n} articles; there may be more.",
        "zh": "在 {n} 篇文章中找到，可能还有更多。",
    },
    "not_counted": {
        "en": "ragqa does not count, and no quoted article states the number; these are the items that were found.",
        "zh": "ragqa 不作统计，引用的文章也没有写明总数；以下是找到的各项。",
    },
    "possible": {
        "en": "These passages may answer the question; whether they do is not certain.",
        "zh": "以下段落可能回答了这个问题，但并不确定。",
    },
    "disagree": {
        "en": "The articles do not agree: {first} says one thing, {other} another.",
        "zh": "各篇文章说法不一：{first}与{other}给出的不同。",
    },
    "missing_part": {
        "en": "No answer was found for {name}.",
        "zh": "没有找到关于{name}的答案。",
    },
    "translated": {
        "en": "(machine translation) {text}",
        "zh": "（机器翻译）{text}",
    },
    "written": {
        "en": "Written by a language model; every sentence was checked against the quotes:",
        "zh": "以下由语言模型撰写，逐句经引文核对：",
    },
    "cached": {
        "en": "answered before from the same index",
        "zh": "同一索引先前的回答",
    },
    "not_translated": {
        "en": "Not every quote in another language was translated ({reason}).",
        "zh": "部分外文引文未能翻译（{reason}）。",
    },
    "not_written": {
        "en": "No complete answer was written ({reason}).",
        "zh": "回答未能写完（{reason}）。",
    },
    "no_prose": {
        "en": "Nothing that the language model wrote was fully supported, so only the quotes are shown.",
        "zh": "语言模型写出的内容没有得到引文的充分支持，因此只列出引文。",
    },
}


def word(key: str, language: Language, /, **values: str) -> str:
    """The sentence of this key in a language, with its values filled in."""
    return _WORDS[key][language].format(**values)

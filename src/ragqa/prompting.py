"""Passages to messages, and the reply back to statements: writer and parser of ``[n]`` together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.records import Language, Message, Passage

NOT_FOUND = "NOT FOUND"

_SYSTEM = (
    "You answer a question from numbered news excerpts, which may be in another language.\n"
    "Use only what the excerpts say, never your own knowledge.\n"
    "Write one short fact a line, in the language of the question, and end the line with the number of its"
    " excerpt, like [1]. Name every reason or part that the excerpts give, each once, on a line of its own.\n"
    f"If the excerpts do not say what the question asks, write only {NOT_FOUND}."
)
# Turns that show the form: several reasons on several lines, a refusal with near excerpts in view,
# and both directions across languages. They stay in the model's cache, so they cost no time.
_EXAMPLES = (
    (
        "[1] 跨海大桥延期通车 · 2021-03-02\n市长李明说，工期推迟首先是因为钢材短缺。 … 第二个原因是台风毁坏了两座桥墩。\n\n"
        "[2] 桥梁工程账本\n大桥造价四亿元，比预算高出一成。\n\n"
        "Question: Why was the bridge late?\nAnswer in English, or write NOT FOUND.",
        "Steel was in short supply, according to mayor Li Ming. [1]\nA typhoon destroyed two of the bridge's piers. [1]\n",
    ),
    (
        "[1] 跨海大桥通车 · 2021-03-02\n李明当市长已经六年，周二他主持了通车仪式。 … 设计院的人没有到场。\n\n"
        "Question: How old is Li Ming?\nAnswer in English, or write NOT FOUND.",
        f"{NOT_FOUND}\n",
    ),
    (
        "[1] Bridge opens at last · 2021-03-02\nMayor Li Ming opened the bridge on Tuesday. … It cost 400 million yuan.\n\n"
        "问题：大桥花了多少钱？\n用中文回答；如果上文没有答案，只写 NOT FOUND。",
        "大桥耗资4亿元。[1]\n",
    ),
)
_ASK: dict[Language, str] = {
    "en": "Question: {question}\nAnswer in English, or write NOT FOUND.",
    "zh": "问题：{question}\n用中文回答；如果上文没有答案，只写 NOT FOUND。",
}
# English lines hold no Chinese character and Chinese lines at least one: the reply cannot slip
# into the language of the passages. A line is one sentence: it can be checked as one.
_GRAMMAR: dict[Language, str] = {
    "en": r'text ::= [A-Z0-9"“$] ([^.\[\]\n\u3000-\u303f\u3400-\u9fff\uff00-\uffef] | "." [^ \[\]\n\u3400-\u9fff])+ "."? " "?',
    "zh": r'text ::= [^\[\]\n。\u3400-\u9fff]{0,40} [\u3400-\u9fff] [^\[\]\n。]+ "。"?',
}
_MARKERS = re.compile(r"\s*[\[【［]\s*(?:passages?|段落|来源)?\s*(\d{1,3}(?:\s*[,，、;\]\[]+\s*\d{1,3})*)\s*[\]】］]")
_BULLET = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)、](?!\d))\s*")
_MOST_LINES = 6


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What the model reads of a passage: sentences that stand in it, ``…`` where some are left out."""

    passage: Passage
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One line of a reply: its words, and the 1-based numbers of the passages it names."""

    text: str
    passages: tuple[int, ...]


def build_messages(question: str, excerpts: Sequence[Excerpt], *, language: Language) -> list[Message]:
    """The prompt: fixed instructions and examples first (they stay cached), then excerpts and question."""
    shown = "\n\n".join(_render(number, excerpt) for number, excerpt in enumerate(excerpts, start=1))
    turns = [Message("system", _SYSTEM)]
    for asked, answered in _EXAMPLES:
        turns += [Message("user", asked), Message("assistant", answered)]
    return [*turns, Message("user", f"{shown}\n\n{_ASK[language].format(question=question)}")]


def build_grammar(passages: int, *, language: Language) -> str:
    """GBNF: one to six lines that each end in the marker of a passage that exists, or NOT FOUND."""
    numbers = " | ".join(f'"{n}"' for n in range(1, passages + 1))
    return (
        f'root ::= "{NOT_FOUND}" | line{{1,{_MOST_LINES}}}\n'
        'line ::= text marker "\\n"\n'
        f'marker ::= "[" ({numbers}) "]"\n'
        f"{_GRAMMAR[language]}\n"
    )


def build_translation(question: str, *, to: Language, names: Sequence[str]) -> tuple[list[Message], str]:
    """Messages that ask for a question in another language, and a grammar of one line."""
    language = {"zh": "Chinese", "en": "English"}[to]
    keep = f" Keep {', '.join(names)} unchanged." if names else ""
    message = f"Translate this question into {language}.{keep} Write only the translation.\n{question}"
    return [Message("user", message)], 'root ::= [^\\n]+ "\\n"?'


def parse_lines(pieces: Iterable[str]) -> Iterator[Draft | None]:
    """Drafts as their lines end; None when a line says NOT FOUND. A repeated line ends the reply."""
    seen: set[str] = set()
    for line in _lines(pieces):
        if NOT_FOUND.lower() in line.lower():
            yield None
            continue
        draft = parse_line(line)
        key = "".join(draft.text.split()).lower()
        if key in seen:
            return
        if key:
            seen.add(key)
            yield draft


def parse_line(line: str) -> Draft:
    """Words and markers of one line; the same marker counts once."""
    numbers = [int(n) for match in _MARKERS.finditer(line) for n in re.findall(r"\d+", match.group(1))]
    text = _BULLET.sub("", _MARKERS.sub("", line)).strip()
    return Draft(_closed(text), tuple(dict.fromkeys(n for n in numbers if n > 0)))


def _closed(text: str) -> str:
    """End a statement with a full stop, as its language writes it."""
    if not text or text[-1] in "。．.！!？?；;”\"…":
        return text
    return text.rstrip("，,、 ") + ("。" if re.search(r"[\u3400-\u9fff]", text) else ".")


def _render(number: int, excerpt: Excerpt) -> str:
    article, heading = excerpt.passage.article, excerpt.passage.chunk.heading
    about = [part for part in (article.title, heading) if part and part not in excerpt.text]
    if article.published:
        about.append(article.published)
    return f"[{number}] {' · '.join(about)}".rstrip() + f"\n{excerpt.text}"


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    pending = ""
    for piece in pieces:
        pending += piece
        *complete, pending = pending.split("\n")
        yield from (line for line in complete if line.strip())
    if pending.strip():
        yield pending

"""Passages to messages, and the reply back to statements: writer and parser of ``[n]`` together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.records import Language, Message, Passage

NOT_FOUND = "NOT FOUND"

_SYSTEM = (
    "You answer a question from numbered news passages.\n"
    "Use only what the passages say; never your own knowledge.\n"
    "Write one short fact a line and end each line with the number of the passage that states it, like [1].\n"
    "Give every reason or part that the passages name, once. Use people's names, not 'he' or 'I'.\n"
    f"If the passages do not state the answer, write only {NOT_FOUND}."
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
class Draft:
    """One line of a reply: its words, and the 1-based numbers of the passages it names."""

    text: str
    passages: tuple[int, ...]


def build_messages(question: str, passages: Sequence[Passage], *, language: Language) -> list[Message]:
    """The prompt: fixed instructions first (they stay cached), then the passages, then the question."""
    shown = "\n\n".join(_render(number, passage) for number, passage in enumerate(passages, start=1))
    ask = _ASK[language].format(question=question)
    return [Message("system", _SYSTEM), Message("user", f"{shown}\n\n{ask}")]


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
    """Messages that ask for a question in another language, and a grammar that keeps its names.

    A small model writes 布兰德格 for Brundage, which no article does; the grammar lets it write
    each name only as it stands.
    """
    language = {"zh": "Chinese", "en": "English"}[to]
    keep = f" Keep {', '.join(names)} unchanged." if names else ""
    message = f"Translate this question into {language}.{keep} Write only the translation.\n{question}"
    free = r'[^\n]*'
    kept = f" {free} ".join(json.dumps(name, ensure_ascii=False) for name in names)
    return [Message("user", message)], f"root ::= {free} {kept} {free}\n" if names else f"root ::= {free}\n"


def parse_lines(pieces: Iterable[str]) -> Iterator[Draft | None]:
    """Drafts as their lines end; None when a line says NOT FOUND. Repeated lines are dropped."""
    seen: set[str] = set()
    for line in _lines(pieces):
        if NOT_FOUND.lower() in line.lower():
            yield None
            continue
        draft = parse_line(line)
        key = "".join(draft.text.split()).lower()
        if key and key not in seen:
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


def _render(number: int, passage: Passage) -> str:
    article, chunk = passage.article, passage.chunk
    about = [part for part in (article.title, chunk.heading) if part and part not in chunk.text]
    if article.published:
        about.append(article.published)
    head = f"[{number}] {' · '.join(about)}".rstrip()
    return f"{head}\n{chunk.text}"


def _lines(pieces: Iterable[str]) -> Iterator[str]:
    pending = ""
    for piece in pieces:
        pending += piece
        *complete, pending = pending.split("\n")
        yield from (line for line in complete if line.strip())
    if pending.strip():
        yield pending

"""Build the prompt for a written answer and parse the reply with its ``[n]`` markers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ragqa.models import Message, readable, user_turn
from ragqa.text import with_amounts
from ragqa.types import Article, Language

NOT_FOUND = "NOT FOUND"
# What a model asked for one answer writes beyond three lines is seldom part of it.
MOST_LINES = 3
# Characters and lines of a reply that are read: more than any that keeps to its limits has.
_MOST_READ, _MOST_DRAFTS = 20_000, 40
# A title of a whole first sentence, as scraped text has, would cost as much time as what is read.
_LONGEST_HEAD = 60

_SYSTEM = (
    "You answer a question from numbered sentences of news articles.\n"
    "Write one complete sentence that answers exactly what is asked, in the language of the question, and after"
    " it the number of the sentence that says so, like [2]. Copy names, numbers and dates in full from the"
    " sentences.\n"
    "If several reasons, people or things are asked for, give all of them. Write each reason on a line of its"
    " own. Name people instead of writing 'I' or 'he'.\n"
    "Use only what the sentences say, never your own knowledge."
    f" If none answers the question, write only {NOT_FOUND}."
)
_ASK: dict[Language, str] = {
    "en": "Question: {question}\nAnswer in English, or write NOT FOUND.",
    "zh": "问题：{question}\n用中文回答；如果上文没有答案，只写 NOT FOUND。",
}
# Turns that show the form: whole sentences, reasons on lines of their own, all of a list, refusals with
# near sentences in view. They stay in the model's cache, so they cost no time.
_EXAMPLES = (
    (
        "跨海大桥延期通车 (2021-03-02)\n[1] 市长李明周二主持了通车仪式。\n"
        "[2] 他说，工期推迟首先是因为钢材短缺。\n"
        "[3] 第二个原因是台风毁坏了两座桥墩。\n桥梁工程账本\n[4] 大桥造价四亿元，比预算高出一成。\n\n"
        + _ASK["en"].format(question="Why was the bridge late?"),
        "The bridge was late because steel was in short supply. [2]\n"
        "A typhoon destroyed two piers of the bridge. [3]\n",
    ),
    (
        "跨海大桥通车 (2021-03-02)\n[1] 李明当市长已经六年，周二他主持了通车仪式。\n"
        "[2] 设计院的人没有到场。\n\n" + _ASK["zh"].format(question="李明多大年纪？"),
        f"{NOT_FOUND}\n",
    ),
    (
        "Bridge opens at last\n[1] Mayor Li Ming opened the bridge on Tuesday, March 2, 2021.\n"
        "[2] It cost 400 million yuan, he said.\n[3] A tunnel nearby opened in 2016.\n\n"
        + _ASK["en"].format(question="When did the bridge open?"),
        "The bridge opened on Tuesday, March 2, 2021. [1]\n",
    ),
    (
        "Bridge opens at last (2021-03-02)\n[1] Mayor Li Ming opened the bridge on Tuesday.\n"
        "[2] The band played for an hour.\n\n" + _ASK["en"].format(question="Who designed the bridge?"),
        f"{NOT_FOUND}\n",
    ),
    (
        "跨海大桥通车 (2021-03-02)\n[1] 开工之前，李明在邻市修过三条路。\n"
        "[2] 设计大桥的是总工程师张华、建筑师王芳和来自挪威的奥勒·汉森。\n"
        "[3] 继张华之后，李明——这位市里的交通局长——也来到现场。\n\n"
        + _ASK["zh"].format(question="大桥是谁设计的？"),
        "大桥是由总工程师张华、建筑师王芳和奥勒·汉森设计的。 [2]\n",
    ),
)
# English lines hold no Chinese character and Chinese lines do: the reply cannot slip into the language
# of the passages. No line can begin "NOT FOUND": what a reply would rather begin with is asked apart.
_GRAMMAR: dict[Language, str] = {
    "en": r'text ::= ([A-MO-Z0-9"“$] | "N" [^O\[\]\n\u3400-\u9fff]) roman+'
    "\n"
    r"roman ::= [^\[\]\n\u3000-\u303f\u3400-\u9fff\uff00-\uffef]",
    "zh": r'text ::= [0-9] [0-9.,:%/ -]{0,19} | ([^N\[\]\n。\u3400-\u9fff] roman{0,23})? [\u3400-\u9fff] rest* "。"?'
    "\n"
    r"roman ::= [^\[\]\n。\u3400-\u9fff]"
    "\n"
    r"rest ::= [^\[\]\n。]",
}
# Repetition is bounded: what a model repeats without end must not cost more than other text.
_MARKERS = re.compile(
    r"\s{0,3}[\[【［]\s{0,3}(?:passages?|段落|来源)?\s{0,3}"
    r"(\d{1,3}(?:\s{0,3}[,，、;\]\[]{1,3}\s{0,3}\d{1,3}){0,20})\s{0,3}[\]】］]"
)
# Numbers in brackets that mark nothing here; four digits may be a year.
_NO_MARKERS = re.compile(r"\s{0,3}[\[【［](?!\d{4}[\]】］])[\d\s,，、;.:+–−-]{0,200}[\]】］]")
_BULLET = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)、](?!\d))\s*")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What the model reads under one number, and its article."""

    article: Article
    text: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One line of a reply: its words, and the 1-based numbers of the excerpts it names."""

    text: str
    excerpts: tuple[int, ...]
    refusal: bool = False


def build_messages(question: str, excerpts: Sequence[Excerpt], *, language: Language) -> list[Message]:
    """The prompt: fixed instructions and examples first (they stay cached), then excerpts and question."""
    turns = [Message("system", _SYSTEM)]
    for asked, answered in _EXAMPLES:
        turns += [Message("user", asked), Message("assistant", answered)]
    lines: list[str] = []
    shown = ""
    for number, excerpt in enumerate(excerpts, start=1):
        above = head(excerpt.article)
        if above != shown:
            lines.append(above)
            shown = above
        lines.append(f"[{number}] {with_amounts(excerpt.text, language)}")
    body = "\n".join(lines)
    return [*turns, user_turn(f"{body}\n\n{_ASK[language].format(question=question)}")]


def build_grammar(excerpts: int, *, language: Language, most: int = MOST_LINES) -> str:
    """GBNF: one to ``most`` lines that each end with the marker of an excerpt that exists."""
    numbers = " | ".join(f'"{number}"' for number in range(1, excerpts + 1))
    return (
        f'root ::= line{{1,{most}}}\nline ::= text " [" number "]\\n"\nnumber ::= {numbers}\n'
        f"{_GRAMMAR[language]}\n"
    )


def parse_lines(pieces: Iterable[str]) -> Iterator[Draft | None]:
    """Drafts as their lines end, None for each piece before that.

    Parsing stops at a repeated line and at a limit of characters and lines, which not every server keeps.
    """
    seen: set[str] = set()
    pending = ""
    read = 0
    for piece in chain(pieces, ["\n"]):
        pending += piece
        read += len(piece)
        if read > _MOST_READ:
            return
        *lines, pending = pending.split("\n")
        for draft in map(parse_line, lines):
            if draft.text in seen or len(seen) == _MOST_DRAFTS:
                return
            if draft.text:
                seen.add(draft.text)
                yield draft
        yield None


def parse_line(line: str) -> Draft:
    """Words and markers of one line; the same marker counts once."""
    line = readable(line)
    text = _BULLET.sub("", _NO_MARKERS.sub("", _MARKERS.sub("", line))).strip()
    # "The wreck was not found." is an answer.
    if NOT_FOUND in line or text.rstrip(".。!").upper() == NOT_FOUND:
        return Draft(NOT_FOUND, (), refusal=True)
    numbers = [int(n) for match in _MARKERS.finditer(line) for n in re.findall(r"\d+", match.group(1))]
    return Draft(_closed(text), tuple(dict.fromkeys(n for n in numbers if n > 0)))


def _closed(text: str) -> str:
    """End a statement with a full stop, as its language writes it."""
    if not text or text[-1] in '。．.！!？?；;”"…':
        return text
    return text.rstrip("，,、 ") + ("。" if re.search(r"[\u3400-\u9fff]", text) else ".")


def head(article: Article) -> str:
    """The heading of an article in the prompt: title and date."""
    title = article.title[:_LONGEST_HEAD]
    return f"{title} ({article.published})" if article.published else title

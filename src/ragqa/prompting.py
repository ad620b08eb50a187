"""Passages to messages, and the reply back to statements: writer and parser of ``[n]`` together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from ragqa.records import Article, Language, Message

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
_TRANSLATE = (
    "Translate each question into {language}. Translate names the way {language} newspapers write them."
    " Never answer it."
)
_TRANSLATIONS = (
    ("Who designed the old stone bridge in Linz?", "林茨的那座老石桥是谁设计的？"),
    ("What was the main cause of the 1931 flood", "1931年洪水的主要原因是什么"),
    ("How many seats did the Liberal Party lose?", "自由党失去了多少个席位？"),
)
_STAND_ALONE = (
    "Two questions are asked one after the other. Write the second so that it can be understood without the"
    " first, in its own language, and change nothing else. Never answer it."
)
_STANDING_ALONE = (
    ("Why did Li Ming resign?", "and what about Zhang Hua?", "Why did Zhang Hua resign?"),
    ("大桥花了多少钱？", "什么时候通车的？", "大桥是什么时候通车的？"),
    ("Who is the mayor of Linz?", "How old is she?", "How old is the mayor of Linz?"),
    ("李明为什么辞职？", "那张华呢？", "张华为什么辞职？"),
    ("李明去了哪里？", "How much did the bridge cost?", "How much did the bridge cost?"),
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
# How chat templates and tokenizers of common models write a turn, a role or an end.
_CONTROLS = re.compile(
    r"(?<=<)(?=[|｜]|/?(?:s|bos|eos|think|tool_call|tool_response|start_of_turn|end_of_turn|<SYS>)>)"
    r"|(?<=\[)(?=/?INST\])"
)
_BULLET = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)、](?!\d))\s*")
_SCALES = {"万": 1e4, "亿": 1e8, "万亿": 1e12, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_AMOUNTS: dict[Language, tuple[re.Pattern[str], list[tuple[str, float]]]] = {
    "en": (
        re.compile(r"(\d[\d,]*(?:\.\d+)?) ?(万亿|亿|万)"),
        [(" trillion", 1e12), (" billion", 1e9), (" million", 1e6), (" thousand", 1e3)],
    ),
    "zh": (
        re.compile(r"(\d[\d,]*(?:\.\d+)?) (million|billion|trillion)", re.IGNORECASE),
        [("万亿", 1e12), ("亿", 1e8), ("万", 1e4)],
    ),
}


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


def user_turn(content: str) -> Message:
    """What a reader or an article says, its control tokens broken up: it cannot speak as the system."""
    return Message("user", _CONTROLS.sub(" ", content))


def build_grammar(excerpts: int, *, language: Language, most: int = MOST_LINES) -> str:
    """GBNF: one to ``most`` lines that each end with the marker of an excerpt that exists."""
    numbers = " | ".join(f'"{number}"' for number in range(1, excerpts + 1))
    return (
        f'root ::= line{{1,{most}}}\nline ::= text " [" number "]\\n"\nnumber ::= {numbers}\n'
        f"{_GRAMMAR[language]}\n"
    )


def build_closed_book(question: str) -> list[Message]:
    """The prompt that asks for what the model knows by heart: the measure of what passages add."""
    return [Message("system", "Answer the question in one short sentence."), user_turn(question)]


def build_translation(question: str, *, to: Language) -> tuple[list[Message], str]:
    """Messages that ask for a question in another language, and a grammar of one line.

    The examples show that a question is to be put, not answered; they stay in the model's cache.
    """
    turns = [Message("system", _TRANSLATE.format(language={"zh": "Chinese", "en": "English"}[to]))]
    for english, chinese in _TRANSLATIONS:
        asked, put = (english, chinese) if to == "zh" else (chinese, english)
        turns += [Message("user", asked), Message("assistant", put)]
    return [*turns, user_turn(question)], 'root ::= [^\\n]+ "\\n"?'


def build_stand_alone(question: str, *, after: str) -> tuple[list[Message], str]:
    """Messages that ask for a follow-up question as one that stands alone, and a grammar of one line."""
    turns = [Message("system", _STAND_ALONE)]
    for before, follow_up, whole in _STANDING_ALONE:
        turns += [Message("user", f"{before}\n{follow_up}"), Message("assistant", whole)]
    return [*turns, user_turn(f"{after}\n{question}")], 'root ::= [^\\n]+ "\\n"?'


def parse_lines(pieces: Iterable[str]) -> Iterator[Draft | None]:
    """Drafts as their lines end, None for each piece before that.

    A repeated line ends the reply, and so do its length and its lines: not every server keeps to a limit.
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


def readable(text: str) -> str:
    """What a model wrote without what no reader can see: controls, lone surrogates, marks of direction."""
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or c.isprintable())


def _closed(text: str) -> str:
    """End a statement with a full stop, as its language writes it."""
    if not text or text[-1] in '。．.！!？?；;”"…':
        return text
    return text.rstrip("，,、 ") + ("。" if re.search(r"[\u3400-\u9fff]", text) else ".")


def head(article: Article) -> str:
    """The line above what is read of an article: its title and date say who speaks of what, and when."""
    title = article.title[:_LONGEST_HEAD]
    return f"{title} ({article.published})" if article.published else title


def with_amounts(text: str, language: Language) -> str:
    """Write 亿 and 万 as billions and millions for an English answer, and the other way round.

    A small model makes 50 billion of 50亿, which is 5 billion.
    """

    def spelled(match: re.Match[str]) -> str:
        value = float(match.group(1).replace(",", "")) * _SCALES[match.group(2).lower()]
        return spelled_amount(value, language) + (" " if language == "en" else "")

    return _AMOUNTS[language][0].sub(spelled, text)


def spelled_amount(value: float, language: Language) -> str:
    """A number as its language writes it: 5 billion, 50亿; a small one as it is."""
    units = _AMOUNTS[language][1]
    unit, size = next(((unit, size) for unit, size in units if value >= size), ("", 1.0))
    return f"{value / size:.12g}{unit}"

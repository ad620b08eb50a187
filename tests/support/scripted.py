"""A pipeline that answers from a script, with the project's own articles: for the page's tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ragqa.errors import ArticleNotFoundError
from ragqa.settings import Settings
from ragqa.text.language import language_of, sentence_spans
from ragqa.types import Answer, Article, Chunk, Citation, Language, Passage, ShortAnswer, Statement

PATHS = ("corpus", "index", "gold", "runs", "candidates")
CORPUS = Path(__file__).parents[2] / "corpus"

Quote = tuple[str, str]  # article id, the words
Said = tuple[int, str]  # number of a quote from 1, words


@dataclass(frozen=True)
class Script:
    """What one question gets; quotes without short answers may answer, no quotes are a refusal.

    ``short`` are words of a quote, or of its article's title; ``translations`` come word by word; ``written``
    are sentences with the number of their quote; ``found`` are words that passages are drawn around, uncited.
    """

    quotes: tuple[Quote, ...] = ()
    short: tuple[Said, ...] = ()
    translations: tuple[Said, ...] = ()
    written: tuple[Said, ...] = ()
    found: tuple[Quote, ...] = ()
    conflict: tuple[int, ...] = ()
    note: str = ""


def own_articles() -> list[Article]:
    """The articles of corpus/, read without the code under test."""
    return [_own_article(path) for path in sorted(CORPUS.glob("*.md"))]


def _own_article(path: Path) -> Article:
    _, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    meta = dict(line.split(": ", 1) for line in front.strip().splitlines())
    text = "\n".join(line.lstrip("# ") for line in body.splitlines() if line.strip())
    language: Language = "zh" if meta["language"] == "zh" else "en"
    return Article(path.name, meta["title"], text, meta["source"], meta["date"], language)


@dataclass
class FakeManifest:
    version: str = "v-1"
    articles: int = 0
    chunks: int = 0
    created: str = "2024-12-31T00:00:00+00:00"
    skipped: tuple[object, ...] = ()


@dataclass
class FakeIndex:
    articles: list[Article]
    manifest: FakeManifest = field(default_factory=FakeManifest)

    @property
    def listing(self) -> list[Article]:
        return self.articles


class ScriptedPipeline:
    """Yields the snapshots of a script; ``pause`` is called with a label before each step."""

    def __init__(
        self,
        scripts: dict[str, Script],
        articles: Sequence[Article] | None = None,
        *,
        examples: dict[Language, list[str]] | None = None,
        pause: Callable[[str], None] = lambda label: time.sleep(0.05),
        home: Path = Path("nowhere"),
    ) -> None:
        self.index: FakeIndex | None = FakeIndex(list(own_articles() if articles is None else articles))
        self.settings = Settings.load(**dict(zip(PATHS, map(home.joinpath, PATHS), strict=True)))
        self.models = {"encoder": "words", "reader": "script", "generator": "script"}
        self.loading = False
        self.opening = False
        self.problem = ""
        self.wishes: list[dict[str, object]] = []
        self.scripts = scripts
        self.pause = pause
        self.asked: list[str] = []
        self.closed: list[str] = []
        self.finished: list[str] = []
        self._examples = examples or {}

    def examples(self, language: Language) -> list[str]:
        return self._examples.get(language, [])

    def article(self, article_id: str) -> Article:
        for article in self.index.articles if self.index else ():
            if article.id == article_id:
                return article
        raise ArticleNotFoundError(f"no article {article_id}")

    def describe(self) -> dict[str, str | int]:
        return {"version": "v-1", "articles": len(self.index.articles) if self.index else 0, "chunks": 1}

    def stream(self, question: str, **wishes: object) -> Iterator[Answer]:
        self.asked.append(question)
        self.wishes.append(wishes)
        try:
            yield from self._snapshots(question, **wishes)
            self.finished.append(question)
        finally:
            self.closed.append(question)

    def _snapshots(
        self,
        question: str,
        *,
        use_llm: object = True,
        translate: object = True,
        write: object = False,
        **_: object,
    ) -> Iterator[Answer]:
        script = self.scripts[question]
        citations = tuple(self._citation(n, quote) for n, quote in enumerate(script.quotes, start=1))
        passages = self._passages(citations, script.found)
        answer = Answer(question, language_of(question), "not_found", passages=passages, mode="sources")
        self.pause("retrieve")
        yield answer
        self.pause("read")
        answer = replace(
            answer,
            mode="quotes",
            status="answered" if script.short else "possible" if citations else "not_found",
            statements=tuple(Statement(c.quote, (c.marker,)) for c in citations),
            citations=citations,
            answers=tuple(_short(citations[n - 1], words) for n, words in script.short),
            conflict=script.conflict,
            confidence=0.9,
            note=script.note,
        )
        yield answer
        for n, translation in script.translations if use_llm and translate else ():
            self.pause("translate")
            answer = _translated(answer, n, translation)
            yield answer
        answer = replace(answer, timings_ms={"translated": 1})
        yield answer
        for at, (n, sentence) in enumerate(script.written if use_llm and write else ()):
            self.pause("write")
            said = Statement(sentence, (n,), kind="written")
            statements = (*answer.statements[:at], said, *answer.statements[at:])
            answer = replace(answer, mode="written", statements=statements)
            yield answer

    def _citation(self, marker: int, quote: Quote) -> Citation:
        article = self.article(quote[0])
        start = article.text.index(quote[1])
        return Citation(marker, article, start, start + len(quote[1]))

    def _passages(self, citations: Sequence[Citation], found: Sequence[Quote]) -> tuple[Passage, ...]:
        spans = [(c.article, c.start, c.end) for c in citations]
        spans += [(c.article, c.start, c.end) for c in (self._citation(1, quote) for quote in found)]
        passages: list[Passage] = []
        for article, start, end in spans:
            if any(p.article.id == article.id and p.chunk.start <= start < p.chunk.end for p in passages):
                continue
            sentences = sentence_spans(article.text)
            around = [i for i, (a, b) in enumerate(sentences) if a < end and start < b]
            first, last = max(0, around[0] - 1), min(len(sentences) - 1, around[-1] + 2)
            a, b = sentences[first][0], sentences[last][1]
            chunk = Chunk(article.id, a, b, article.text[a:b])
            passages.append(Passage(chunk, article, 0.9 - 0.02 * len(passages)))
        return tuple(passages)


def _short(citation: Citation, words: str) -> ShortAnswer:
    at = citation.quote.find(words)
    if at < 0:
        assert words in citation.article.title
        return ShortAnswer(words, citation.marker, None, None)
    start = citation.start + at
    return ShortAnswer(words, citation.marker, start, start + len(words))


def _translated(answer: Answer, n: int, translation: str) -> Answer:
    statements = list(answer.statements)
    statements[n - 1] = replace(statements[n - 1], translation=translation)
    return replace(answer, statements=tuple(statements))


REASONS, TEAM, SCHULMAN = "brundage-three-reasons.md", "agi-readiness-team.md", "schulman-joins-anthropic.md"
WHY = "Why did Miles Brundage leave OpenAI?"
GONE = "约翰·舒尔曼为什么离开OpenAI？"
AGE = "How old is Miles Brundage?"
COST = "他想做的不少研究在公司里抽不出时间，有些题目换到行业之外来做，影响或许更大。"
ALIGNMENT = "Schulman wants to concentrate on AI alignment and get back to hands-on technical work."
SCRIPTS = {
    WHY: Script(
        quotes=(
            (REASONS, "第一，留下来的机会成本太高。"),
            (REASONS, COST),
            (TEAM, "OpenAI 又少了一支面向未来风险的队伍。"),
        ),
        short=((1, "机会成本太高"), (2, "在公司里抽不出时间")),
        translations=(
            (1, "First, the opportunity cost of staying was too high."),
            (2, "He could not find time in the company for much of the research that he filters to do."),
            (3, "OpenAI has one team fewer for the risks of the future."),
        ),
        written=((1, "Staying cost him too much."), (3, "OpenAI lost another team.")),
        found=((SCHULMAN, "He expects Anthropic to give him a fresh view"),),
    ),
    GONE: Script(
        quotes=((SCHULMAN, ALIGNMENT),),
        short=((1, "to concentrate on AI alignment"),),
        translations=((1, "舒尔曼想专注于AI对齐研究，重新做具体的技术工作。"),),
    ),
    AGE: Script(found=((REASONS, "1. 他是谁"),), note="Nothing here gives an age."),
}

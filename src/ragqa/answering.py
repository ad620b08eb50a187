"""Answers from their parts: what is read, what is shown, what is refused. Pure functions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ragqa.citing import Support, cite, missing_names
from ragqa.comparing import disagreement, missing_parts
from ragqa.confidence import confidence as confidence_of
from ragqa.confidence import signs_of
from ragqa.lexicon import amounts, fold, kind_of, names, ngrams, quantities
from ragqa.prompting import NOT_FOUND, Excerpt, spelled_amount
from ragqa.reading import Evidence, Question, Reading, Sentence, Window, extract
from ragqa.records import Answer, Article, Citation, Language, Passage, Statement, Verdict
from ragqa.text import language_of
from ragqa.translating import original_words
from ragqa.wording import word

_WORTH: dict[Verdict, float] = {"supported": 1.0, "partly": 0.5, "unsupported": 0.0}
# Share of a statement's n-grams from which it only repeats an earlier one.
_AGAIN = 0.9
_REFUSAL = NOT_FOUND.split()[0]


def excerpts(reading: Reading, evidence: Evidence) -> list[Excerpt]:
    """What the model reads: each window's words with the passage they stand in."""
    found = []
    lead = "" if reading.speaker is None else evidence.sentences[reading.speaker].text
    for first, last in reading.windows:
        sentence = evidence.sentences[first]
        words = sentence.article.text[sentence.start : evidence.sentences[last].end]
        found.append(Excerpt(evidence.passages[sentence.passage - 1], words, lead))
        lead = ""
    return found


def language_read(reading: Reading, evidence: Evidence) -> Language:
    """The language of most of what is read."""
    found = [evidence.sentences[first].article.language for first, _ in reading.windows]
    return max(found, key=found.count, default="zh")


def weighed(
    answer: Answer,
    leaning: Mapping[str, float] | None = None,
    supports: Sequence[tuple[str, Support | None]] | None = None,
) -> Answer:
    """An answer with its confidence, from its passages and what is known beside them.

    ``leaning`` is what the model, having read, would begin its reply with; ``supports`` what it wrote.
    """
    if not answer.passages:
        return answer
    first = answer.passages[0]
    refusal = checked = None
    if leaning:
        refusal = sum(
            p for token, p in leaning.items() if token.strip() and _REFUSAL.startswith(token.strip())
        )
    if supports is not None:
        worth = [_WORTH[found.verdict] if found else 0.0 for _, found in supports]
        checked = sum(worth) / len(worth) if worth else 0.0
    crosses = first.article.language != language_of(answer.question)
    found = signs_of(
        score=first.score,
        crosses=crosses,
        english=first.article.language == "en",
        long=answer.signs.get("long", 0.0),
        refusal=refusal,
        checked=checked,
    )
    return replace(answer, signs=found, confidence=confidence_of(found))


def ceiling(answer: Answer, leaning: Mapping[str, float]) -> float:
    """The confidence that an answer can reach: when all that the model writes is supported."""
    return weighed(answer, leaning, [("", Support(0, 0, 1.0, "supported"))]).confidence


def extracted(answer: Answer, question: Question, evidence: Evidence) -> Answer:
    """The best verbatim sentences for a question, each cited."""
    windows = extract(question, evidence)
    if not windows:
        return answer
    citations = tuple(_quote(n, window, evidence) for n, window in enumerate(windows, start=1))
    return replace(
        weighed(answer),
        status="answered",
        statements=tuple(Statement(c.quote, (c.marker,), "supported") for c in citations),
        citations=citations,
        mode="extractive",
    )


def repeats(text: str, said: Iterable[str]) -> bool:
    """Whether a statement only says again what was said before it."""
    mine, numbers = ngrams(text), quantities(text)
    return any(
        mine and len(mine & ngrams(words)) >= _AGAIN * len(mine) and numbers <= quantities(words)
        for words in said
    )


def restated(
    text: str, put: str, found: Support, evidence: Evidence, *, question: str
) -> tuple[str, Support]:
    """A checked statement as it was put into another language, with the original's own words behind it.

    Numbers that the translation got wrong are put right where it is clear which they stand for; one that it
    made up makes it unsupported.
    """
    quote = "".join(s.text for s in evidence.sentences[found.first : found.last + 1])
    put = mended(put, text, quote)
    if quantities(put) - quantities(f"{text}\n{quote}", generous=True):
        return put, replace(found, verdict="unsupported")
    # Reasons are whole clauses: a noun of one says nothing by itself.
    words = "" if kind_of(question) == "why" else original_words(text, quote, question=question)
    if not words or fold(words) in fold(put):
        return put, found
    whole = _with_words(put, words)
    if language_of(whole) != language_of(put):
        # Behind a few words they would make it a text in the other language: say what they are.
        whole = _with_words(
            put, words, lead="in the source's own words: " if language_of(put) == "en" else "原文："
        )
    return (whole if language_of(whole) == language_of(put) else put), found


def mended(put: str, text: str, quote: str) -> str:
    """A translation with the numbers of its text: 50 billion for 50亿 becomes 5 billion.

    Only where as many were lost as were made up: then they stand in the same order.
    """
    known = quantities(f"{text}\n{quote}", generous=True)
    wrong = [span for span in amounts(put) if span[2] not in known]
    lost = [value for _, _, value in amounts(text) if value not in quantities(put, generous=True)]
    if not wrong or len(wrong) != len(lost):
        return put
    for (start, end, _), value in zip(reversed(wrong), reversed(lost), strict=True):
        put = put[:start] + spelled_amount(value, language_of(put)) + put[end:]
    return put


def _with_words(put: str, words: str, *, lead: str = "") -> str:
    """A statement with words in brackets before its full stop."""
    body, stop = (put[:-1], put[-1]) if put[-1] in "。．.!！" else (put, "")
    return f"{body}（{lead}{words}）{stop}" if stop == "。" else f"{body} ({lead}{words}){stop}"


def _quote(marker: int, window: Window, evidence: Evidence) -> Citation:
    first, last = (evidence.sentences[row] for row in window)
    return Citation(marker, first.article, first.start, last.end)


def resolved(
    answer: Answer, supports: Sequence[tuple[str, Support | None]], evidence: Evidence, *, mark: bool = False
) -> Answer:
    """An answer with the statements that are supported so far; ``mark`` keeps the others, marked as such."""
    held = [(text, found) for text, found in supports if found is not None and found.verdict != "unsupported"]
    statements, citations = cite(supports if mark and held else held, evidence)
    return replace(
        answer,
        status="answered" if statements else answer.status,
        statements=statements,
        citations=citations,
    )


def completed(
    answer: Answer,
    question: Question,
    supports: Sequence[tuple[str, Support | None]],
    evidence: Evidence,
    *,
    spoken: Language,
) -> Answer:
    """An answer that also shows the article that disagrees, with both dates, and says what is missing.

    ``spoken`` is the language that the statements were checked in.
    """
    notes = []
    held = [(text, found) for text, found in supports if found is not None and found.verdict == "supported"]
    row = disagreement(question, answer.question, held[0][1], evidence) if held else None
    if held and row is not None:
        one, other = evidence.sentences[held[0][1].first], evidence.sentences[row]
        answer = _with_conflict(answer, one, other, say=spoken == answer.language)
        notes.append(
            word("disagree", answer.language, first=_dated(one.article), other=_dated(other.article))
        )
    if parts := missing_parts(answer.question, [s.text for s in answer.statements]):
        separator = "、" if answer.language == "zh" else ", "
        notes.append(word("missing_part", answer.language, name=separator.join(parts)))
    return replace(answer, note=" ".join(notes)) if notes else answer


def _with_conflict(answer: Answer, one: Sentence, other: Sentence, *, say: bool) -> Answer:
    """An answer that cites the sentence that disagrees with one of it; ``say`` makes it a statement, too."""
    places = {(c.article.id, c.start, c.end): c.marker for c in answer.citations}
    mine = next((c.marker for c in answer.citations if _covers(c, one)), 0)
    theirs = places.get((other.article.id, other.start, other.end), 0)
    if not theirs:
        theirs = len(answer.citations) + 1
        citation = Citation(theirs, other.article, other.start, other.end)
        answer = replace(answer, citations=(*answer.citations, citation))
        if say:
            said = Statement(other.text, (theirs,), "supported")
            answer = replace(answer, statements=(*answer.statements, said))
    return replace(answer, conflict=(mine, theirs)) if mine else answer


def _covers(citation: Citation, sentence: Sentence) -> bool:
    return citation.article.id == sentence.article.id and citation.start <= sentence.start < citation.end


def _dated(article: Article) -> str:
    title = article.title[:40]
    return f"“{title}” ({article.published})" if article.published else f"“{title}”"


def not_found(answer: Answer, absent: Sequence[str] = (), *, confidence: float = 0.0) -> Answer:
    """The same answer as a refusal that says what was looked for; its passages stay."""
    name = "、".join(absent) if answer.language == "zh" else ", ".join(absent)
    note = word(
        "not_found_name" if absent else "not_found", answer.language, question=answer.question, name=name
    )
    return replace(answer, status="not_found", statements=(), citations=(), confidence=confidence, note=note)


def absent_names(question: str, passages: Sequence[Passage]) -> list[str]:
    """The question's names, as it writes them, when none of the passages found holds any of them.

    A passage in another script may write a name otherwise, so only names in its own script count.
    """
    asked = names(question)
    if not asked or not passages:
        return []
    around = "\n".join(f"{p.article.title}\n{p.chunk.heading}\n{p.chunk.text}" for p in passages)
    if set(missing_names(question, around)) != set(asked):
        return []
    return [_as_written(name, question) for name in asked]


def _as_written(name: str, question: str) -> str:
    at = fold(question).find(name)
    return question[at : at + len(name)] if at >= 0 else name


class Clock:
    """Milliseconds from the question to each first."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._marks: dict[str, int] = {}

    def mark(self, name: str) -> None:
        """Note when this first happened."""
        self._marks.setdefault(name, self._elapsed())

    def first_token(self, pieces: Iterable[str]) -> Iterator[str]:
        """Pass pieces on, noting when the first comes."""
        for piece in pieces:
            if piece:
                self.mark("first_token")
            yield piece

    def stamp(self, answer: Answer) -> Answer:
        """The answer with all times so far, and the total."""
        return replace(answer, timings_ms=self.times())

    def times(self) -> dict[str, int]:
        """All times so far, and the total."""
        return {**self._marks, "total": self._elapsed()}

    def _elapsed(self) -> int:
        return round(1000 * (time.monotonic() - self._started))

"""How articles begin: the first chunk of the newest ones, or of those on a subject."""

from __future__ import annotations

from ragqa.index import SearchIndex
from ragqa.retrieval.query import Query
from ragqa.retrieval.search import retrieve
from ragqa.text import HAN, fold
from ragqa.types import Article, Filter, Passage

# The least score of an article on a subject: of 25 subjects that two small corpora have and 23 that they have not,
# written for this, it lets pass the best article of 23 and of 1 (docs/questions.md).
_LEAST = 0.55
# A title and a subject of which one holds the other and is this much of it are the same.
_SAME_TITLE = 0.6


def newest(index: SearchIndex, filters: Filter, k: int) -> tuple[Passage, ...]:
    """The openings of the ``k`` newest dated articles that a filter lets pass, newest first; their scores are 0."""
    return tuple(map(index.opening, index.newest(filters, k)))


def on_subject(query: Query, index: SearchIndex, *, k: int, filters: Filter) -> tuple[Passage, ...]:
    """The openings of the best ``k`` articles on a subject, best first; of one alone where the subject is its title."""
    found: dict[int, Passage] = {}
    for passage in retrieve(query, index=index, k=2 * k, filters=filters).passages:
        titled = _is_title(query.question.text, passage.article.title)
        if titled or (passage.score >= _LEAST and _holds(passage.article, query.question.names)):
            row = index.place(index.rows_of(passage)[0]).article
            found.setdefault(row, index.opening(row, passage.score))
    alone = [passage for passage in found.values() if _is_title(query.question.text, passage.article.title)]
    return tuple(alone if len(alone) == 1 else found.values())[:k]


def _holds(article: Article, wanted: tuple[str, ...]) -> bool:
    """Whether an article has all the names that its language would write so."""
    here = [name for name in wanted if bool(HAN.search(name)) == (article.language == "zh")]
    text = fold(f"{article.title}\n{article.text}") if here else ""
    return all(name in text for name in here)


def _is_title(subject: str, title: str) -> bool:
    short, long = sorted(("".join(filter(str.isalnum, fold(text))) for text in (subject, title)), key=len)
    return bool(short) and short in long and len(short) >= _SAME_TITLE * len(long)

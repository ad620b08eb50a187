"""Example questions that a corpus can be asked."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ragqa.text import fold, names
from ragqa.types import Article, Language

_MOST = 4
_ABOUT: dict[Language, str] = {"en": "What is reported about {name}?", "zh": "关于{name}有哪些报道？"}


def example_questions(articles: Sequence[Article], *, gold: Path, language: Language) -> list[str]:
    """Up to four: from the gold set where its evidence is in this corpus, else on names in the titles."""
    held = {article.id for article in articles}
    found = list(dict.fromkeys(_from_gold(gold, held, language)))
    if not found:
        found = [_ABOUT[language].format(name=name) for name in dict.fromkeys(_title_names(articles))]
    return found[:_MOST]


def _from_gold(gold: Path, held: set[str], language: Language) -> Iterator[str]:
    """Answerable questions; a broken line gives no example, which is no reason to show an error."""
    try:
        lines = gold.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return
    for line in lines:
        try:
            row = json.loads(line)
            evidence = {quote["article_id"] for quote in row["evidence"]}
            if row["answerable"] and row["language"] == language and evidence and evidence <= held:
                yield str(row["question"])
        except (ValueError, KeyError, TypeError):
            continue


def _title_names(articles: Iterable[Article]) -> Iterator[str]:
    for article in articles:
        for name in names(article.title):
            at = fold(article.title).find(name)
            if at >= 0:
                yield article.title[at : at + len(name)]

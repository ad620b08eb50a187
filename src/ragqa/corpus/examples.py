"""Example questions that a corpus can be asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from ragqa.types import Article, Language

_MOST = 4
_SUMMARY: dict[Language, str] = {"en": "Summarise “{title}”", "zh": "总结《{title}》"}


def example_questions(articles: Sequence[Article], *, gold: Path, language: Language) -> list[str]:
    """Up to four: from the gold set where its evidence is in this corpus, else summaries of its first articles."""
    held = {article.id for article in articles}
    found = list(dict.fromkeys(_from_gold(gold, held, language)))
    if not found:
        titled = [article for article in articles if article.title]
        own = [article.title for article in titled if article.language == language]
        titles = dict.fromkeys(own or [article.title for article in titled])
        found = [_SUMMARY[language].format(title=title) for title in titles]
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

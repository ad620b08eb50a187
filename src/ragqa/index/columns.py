"""What filters look at: a column for each field of the articles, so that no filter loops over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ragqa.text import fold
from ragqa.types import Article, Filter

Mask = npt.NDArray[np.bool_]


class Columns:
    """Fields of the articles, each of shape (articles,)."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._articles = articles
        self.published = np.array([article.published or "" for article in articles], dtype=np.str_)
        self.language = np.array([article.language for article in articles], dtype=np.str_)
        self.source = np.array([article.source.casefold() for article in articles], dtype=np.str_)
        self.author = np.array([article.author.casefold() for article in articles], dtype=np.str_)

    @cached_property
    def title(self) -> npt.NDArray[np.str_]:
        """Folded titles, made when the first filter asks for them."""
        titles = (" ".join(article.title.split()) for article in self._articles)
        return np.array(fold("\n".join(titles)).split("\n") if self._articles else [], dtype=np.str_)

    def passing(self, filters: Filter, holding: Callable[[str], Mask]) -> Mask:
        """The articles that a filter lets pass; ``holding`` tells those that hold a phrase."""
        passed = np.ones(len(self._articles), dtype=np.bool_)
        if filters.dated:
            # "2024-05" as an upper bound means all of May: "~" sorts after every digit and dash.
            passed &= self.published != ""
            passed &= self.published >= (filters.since or "")
            passed &= self.published <= (filters.until or "") + "~"
            passed &= self.published < (filters.before or "~")
        if filters.language:
            passed &= self.language == filters.language
        if filters.source:
            passed &= np.char.find(self.source, filters.source.casefold()) >= 0
        if filters.author:
            passed &= np.char.find(self.author, filters.author.casefold()) >= 0
        for words in filters.title:
            passed &= np.char.find(self.title, fold(words)) >= 0
        for phrase in filters.phrases:
            passed &= holding(phrase)
        for phrase in filters.without:
            passed &= ~holding(phrase)
        return passed

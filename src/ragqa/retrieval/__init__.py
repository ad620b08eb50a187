"""From a question to ranked passages, and to what the reader makes of them."""

from ragqa.retrieval.answerability import OUTCOMES, fitted
from ragqa.retrieval.query import Query, Question, as_written
from ragqa.retrieval.reading import Found, Read, Window
from ragqa.retrieval.rewrite import Translator, resolved
from ragqa.retrieval.search import rank_articles, retrieve

__all__ = [
    "OUTCOMES",
    "Found",
    "Query",
    "Question",
    "Read",
    "Translator",
    "Window",
    "as_written",
    "fitted",
    "rank_articles",
    "resolved",
    "retrieve",
]

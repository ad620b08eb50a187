"""From a question to ranked passages, and to what the reader makes of them."""

from ragqa.retrieval import answerability
from ragqa.retrieval.answerability import OUTCOMES
from ragqa.retrieval.query import MOST_CHARACTERS, Query, Question, as_written
from ragqa.retrieval.reading import Found, Read, Window, authors, byline
from ragqa.retrieval.rewrite import Translator, resolved
from ragqa.retrieval.search import rank_articles, retrieve

__all__ = [
    "MOST_CHARACTERS",
    "OUTCOMES",
    "Found",
    "Query",
    "Question",
    "Read",
    "Translator",
    "Window",
    "answerability",
    "as_written",
    "authors",
    "byline",
    "rank_articles",
    "resolved",
    "retrieve",
]

"""From a question to ranked passages, and to what the reader makes of them."""

from ragqa.retrieval import answerability
from ragqa.retrieval.answerability import OUTCOMES
from ragqa.retrieval.openings import newest, on_subject
from ragqa.retrieval.query import MOST_CHARACTERS, Query, Question, as_written
from ragqa.retrieval.reading import Found, Read, Window
from ragqa.retrieval.rewrite import Translator, resolved
from ragqa.retrieval.search import JUDGED, rank_articles, retrieve

__all__ = [
    "JUDGED",
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
    "newest",
    "on_subject",
    "rank_articles",
    "resolved",
    "retrieve",
]

"""From a question to ranked passages, and to what the reader makes of them."""

from ragqa.retrieval import answerability
from ragqa.retrieval.answerability import OUTCOMES
from ragqa.retrieval.openings import newest, on_subject
from ragqa.retrieval.operators import MOST_CHARACTERS, read_operators
from ragqa.retrieval.query import Query, Question, as_written
from ragqa.retrieval.reading import Found, Read, Window, authors, byline, holds_code
from ragqa.retrieval.rewrite import Translator, analysed
from ragqa.retrieval.search import JUDGED, rank_articles, retrieve
from ragqa.retrieval.spelling import Taken, in_words_of, suggested

__all__ = [
    "JUDGED",
    "MOST_CHARACTERS",
    "OUTCOMES",
    "Found",
    "Query",
    "Question",
    "Read",
    "Taken",
    "Translator",
    "Window",
    "analysed",
    "answerability",
    "as_written",
    "authors",
    "byline",
    "holds_code",
    "in_words_of",
    "newest",
    "on_subject",
    "rank_articles",
    "read_operators",
    "retrieve",
    "suggested",
]

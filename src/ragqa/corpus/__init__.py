"""From files to cleaned articles."""

from ragqa.corpus import uploads
from ragqa.corpus.articles import SUFFIXES, read_articles
from ragqa.corpus.bylines import credit
from ragqa.corpus.examples import example_questions
from ragqa.corpus.file_text import MAX_BYTES
from ragqa.corpus.uploads import MEGABYTES, MOST_FILES, CorpusState
from ragqa.corpus.watch import changes

__all__ = [
    "MAX_BYTES",
    "MEGABYTES",
    "MOST_FILES",
    "SUFFIXES",
    "CorpusState",
    "changes",
    "credit",
    "example_questions",
    "read_articles",
    "uploads",
]

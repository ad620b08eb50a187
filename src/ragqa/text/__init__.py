"""Language, words and numbers of Chinese and English text."""

from ragqa.text.detect import NAMES, language_code
from ragqa.text.entities import entities, sounds
from ragqa.text.language import Span, asks, column, language_of, sentence_spans, weight
from ragqa.text.lexicon import (
    TERMS,
    asks_for_latest,
    codes,
    denies,
    fold,
    names,
    ngrams,
    noun_phrases,
    tagged,
    terms,
)
from ragqa.text.numbers import (
    YEAR,
    amounts,
    chinese_number,
    figures,
    quantities,
    scales,
    spelled_amount,
    with_amounts,
)
from ragqa.text.script import HAN, simplified
from ragqa.text.tables import Cell, Table, table_lines, tables_in

__all__ = [
    "HAN",
    "NAMES",
    "TERMS",
    "YEAR",
    "Cell",
    "Span",
    "Table",
    "amounts",
    "asks",
    "asks_for_latest",
    "chinese_number",
    "codes",
    "column",
    "denies",
    "entities",
    "figures",
    "fold",
    "language_code",
    "language_of",
    "names",
    "ngrams",
    "noun_phrases",
    "quantities",
    "scales",
    "sentence_spans",
    "simplified",
    "sounds",
    "spelled_amount",
    "table_lines",
    "tables_in",
    "tagged",
    "terms",
    "weight",
    "with_amounts",
]

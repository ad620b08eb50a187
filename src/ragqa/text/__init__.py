"""Language, words and numbers of Chinese and English text."""

from ragqa.text.language import HAN, Span, column, language_of, sentence_spans, weight
from ragqa.text.lexicon import asks_for_latest, denies, fold, names, ngrams, noun_phrases, terms
from ragqa.text.numbers import amounts, chinese_number, quantities, scales, spelled_amount, with_amounts
from ragqa.text.tables import Cell, Table, table_lines, tables_in

__all__ = [
    "HAN",
    "Cell",
    "Span",
    "Table",
    "amounts",
    "asks_for_latest",
    "chinese_number",
    "column",
    "denies",
    "fold",
    "language_of",
    "names",
    "ngrams",
    "noun_phrases",
    "quantities",
    "scales",
    "sentence_spans",
    "spelled_amount",
    "table_lines",
    "tables_in",
    "terms",
    "weight",
    "with_amounts",
]

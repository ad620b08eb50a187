"""Language, words and numbers of Chinese and English text."""

from ragqa.text.language import HAN, Span, column, language_of, sentence_spans, weight
from ragqa.text.lexicon import TERMS, asks_for_latest, denies, fold, names, ngrams, noun_phrases, terms
from ragqa.text.numbers import amounts, chinese_number, figures, quantities, scales, spelled_amount, with_amounts
from ragqa.text.script import simplified

__all__ = [
    "HAN",
    "TERMS",
    "Span",
    "amounts",
    "asks_for_latest",
    "chinese_number",
    "column",
    "denies",
    "figures",
    "fold",
    "language_of",
    "names",
    "ngrams",
    "noun_phrases",
    "quantities",
    "scales",
    "sentence_spans",
    "simplified",
    "spelled_amount",
    "terms",
    "weight",
    "with_amounts",
]

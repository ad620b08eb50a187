"""Language, words and numbers of Chinese and English text."""

from ragqa.text.detect import NAMES, language_code
from ragqa.text.language import HAN, Span, column, language_of, sentence_spans, weight
from ragqa.text.lexicon import asks_for_latest, denies, first_noun, fold, names, ngrams, noun_phrases, terms
from ragqa.text.numbers import amounts, chinese_number, quantities, scales, spelled_amount, with_amounts

__all__ = [
    "HAN",
    "NAMES",
    "Span",
    "amounts",
    "asks_for_latest",
    "chinese_number",
    "column",
    "denies",
    "first_noun",
    "fold",
    "language_code",
    "language_of",
    "names",
    "ngrams",
    "noun_phrases",
    "quantities",
    "scales",
    "sentence_spans",
    "spelled_amount",
    "terms",
    "weight",
    "with_amounts",
]

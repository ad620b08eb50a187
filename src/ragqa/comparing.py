"""What an answer owes its question beside what it says: the other number, the part that is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.citing import Support
from ragqa.lexicon import Kind, fold, names, ngrams, quantities, shows
from ragqa.reading import Evidence, Question

# Kinds of questions that two articles can answer with two values.
_VALUES: frozenset[Kind] = frozenset({"number", "when", "age"})
# Share of the cited sentence's n-grams, its numbers aside, from which another sentence speaks of the same.
_SAME_MATTER = 0.5
_NUMBERS = re.compile(r"[\d.,%％]+|[零一二两三四五六七八九十百千万亿]+")
_JOINED = re.compile(r"\s*(?:和|与|跟|及|以及|、|&|\band\b)\s*", re.IGNORECASE)


def disagreement(question: Question, asked: str, found: Support, evidence: Evidence) -> int | None:
    """The row of a sentence that gives another value for what is asked than the cited one; None for none.

    It stands in another article, in the same language, says otherwise nearly the same, and shares no
    value with the cited words beside those that the question itself names.
    """
    if question.kind not in _VALUES:
        return None
    cited = evidence.sentences[found.first]
    told = "".join(s.text for s in evidence.sentences[found.first : found.last + 1])
    known = quantities(asked, generous=True)
    values = quantities(told) - known
    matter = ngrams(_NUMBERS.sub("", told))
    for row, sentence in enumerate(evidence.sentences):
        if sentence.article.id == cited.article.id or not shows(question.kind, sentence.text):
            continue
        other = quantities(sentence.text) - known
        shared = len(matter & ngrams(_NUMBERS.sub("", sentence.text)))
        if values and other and not values & other and matter and shared >= _SAME_MATTER * len(matter):
            return row
    return None


def missing_parts(question: str, statements: Sequence[str]) -> list[str]:
    """Of things that a question joins (香港和澳门, Dune and Tenet), those that no statement names.

    Only when another of them is named: an answer may name none ("both in June").
    """
    said = fold("\n".join(statements))
    folded, known = fold(question), names(question)
    pairs = [
        (one, other)
        for one in known
        for other in known
        if one != other and re.search(re.escape(one) + _JOINED.pattern + re.escape(other), folded)
    ]
    missing = [
        part
        for one, other in pairs
        for part, its_pair in ((one, other), (other, one))
        if part not in said and its_pair in said
    ]
    at = {part: folded.find(part) for part in missing}
    return [question[start : start + len(part)] for part, start in at.items()]

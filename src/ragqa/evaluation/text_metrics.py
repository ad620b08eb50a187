"""Metrics of one answer or one ranking: containment, F1, exact match, citations. Pure functions.

Definitions: containment is RGB's (Chen et al. 2024, arXiv 2309.01431) with boundaries; the mixed segmentation
of F1 and exact match is MLQA's (Lewis et al. 2020): a Chinese character is a token, other text is
split at white space.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from ragqa.text import HAN, fold, language_of

_MARKER = re.compile(r"\s*\[\d+\]")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_LEADING = re.compile(r"\b(?:a|an|the) (?=[a-zÀ-ɏ])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TOKEN = re.compile(r"[a-zÀ-ɏ]+|\d+(?:\.\d+)?%?|\S")


@lru_cache(maxsize=4096)
def normalise(text: str) -> str:
    """Text as answers are compared: no markers, NFKC, lower, simplified; punctuation is space.

    A point and a percent sign stay within numbers.
    """
    folded = _THOUSANDS.sub("", fold(_MARKER.sub("", text)))
    kept = "".join(
        " " if unicodedata.category(c)[0] in "PS" and not _in_number(folded, at) else c
        for at, c in enumerate(folded)
    )
    return " ".join(kept.split())


def _in_number(text: str, at: int) -> bool:
    before = text[at - 1 : at].isdigit()
    return before and (text[at] == "%" or (text[at] == "." and text[at + 1 : at + 2].isdigit()))


def contains(text: str, answer: str) -> bool:
    """Whether an answer stands in a text, spaces aside, and not inside a longer number or word."""
    # The article before a word may be another, or none; a lone "A" is a name.
    tokens = _TOKEN.findall(_LEADING.sub("", normalise(answer)))
    if not tokens:
        return False
    pattern = r"\s*(?:(?:a|an|the)\s+)?".join(map(re.escape, tokens))
    if tokens[0][0].isdigit():
        pattern = rf"(?<!\d)(?<!\d\.){pattern}"
    elif not HAN.match(tokens[0]):
        pattern = rf"(?<![a-zÀ-ɏ]){pattern}"
    if tokens[-1][-1].isdigit():
        pattern += r"(?!\d|\.\d)"
    elif tokens[-1][-1].isalpha() and not HAN.match(tokens[-1][-1]):
        pattern += r"(?![a-zÀ-ɏ])"
    return bool(re.search(pattern, normalise(text)))


def containment(text: str | Sequence[str], groups: Sequence[Sequence[str]]) -> bool:
    """Whether a text, or several together, hold one alternative of every group."""
    texts = [text] if isinstance(text, str) else text
    return bool(groups) and all(
        any(contains(words, answer) for answer in group for words in texts) for group in groups
    )


def reference(text: str, groups: Sequence[Sequence[str]]) -> str:
    """The reference that an answer is nearest to: of each group the alternative of highest F1 with it."""
    return " ".join(max(group, key=lambda answer: token_f1(text, answer)) for group in groups)


def tokens(text: str) -> list[str]:
    """Mixed segmentation of a normalised text; "a", "an" and "the" go."""
    return HAN.sub(lambda match: f" {match.group()} ", _ARTICLE.sub(" ", normalise(text))).split()


def token_f1(text: str, answer: str) -> float:
    """Harmonic mean of precision and recall of tokens, 0 to 1."""
    mine, wanted = Counter(tokens(text)), Counter(tokens(answer))
    shared = (mine & wanted).total()
    return 2 * shared / (mine.total() + wanted.total()) if shared else 0.0


def exact(text: str, answer: str) -> bool:
    """Whether two texts are the same once normalised, spaces aside."""
    return tokens(text) == tokens(answer)


def in_language(text: str, language: str) -> bool:
    """Whether a text is in a language; a bare number is in any."""
    bare = _MARKER.sub("", text)
    return not re.search(r"[^\W\d_]", bare) or language_of(bare) == language


@lru_cache(maxsize=4096)
def rank_figures(ranked: tuple[str, ...], relevant: tuple[str, ...]) -> dict[str, float]:
    """success@k, recall@5 (capped), rr@10, ndcg@10 and judged@10 of one ranking, by ir-measures."""
    from ir_measures import RR, Judged, R, Success, iter_calc, nDCG

    wanted = {Success @ 1: "success@1", Success @ 5: "success@5", Success @ 10: "success@10",
              RR @ 10: "rr@10", nDCG @ 10: "ndcg@10", R @ 5: "recall@5", Judged @ 10: "judged@10"}  # fmt: skip
    # trec_eval sorts by score and breaks ties by name: ranks are given as scores that cannot tie.
    run = {"q": {article: -float(rank) for rank, article in enumerate(dict.fromkeys(ranked))}}
    found = dict.fromkeys(wanted.values(), 0.0)
    if run["q"]:
        qrels = {"q": dict.fromkeys(relevant, 1)}
        found |= {wanted[m.measure]: float(m.value) for m in iter_calc(list(wanted), qrels, run)}
    found["recall@5"] *= len(relevant) / min(5, len(relevant))
    return found

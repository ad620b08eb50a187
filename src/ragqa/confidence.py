"""One probability that the corpus answers a question: a logistic regression on a few signs, explained.

The weights were fitted on 25 November 2026 by ``benchmarks/refusing.py`` (scikit-learn 1.9) on 451
development questions: the packs rgb-zh-refusal, xquad-en2zh-refusal, rgb-en and rgb-en-refusal, two of them cut
down to 79 and 40 articles, and benchmarks/seed-questions.jsonl on five long articles. 0.2 was then taken off
for short Chinese texts and 0.15 added for crossing languages, so that one threshold serves the two larger
packs. In English news no sign told the answerable apart. docs/how-it-works.md has the table of signs that were
tried. Where a sign is not known, such as the language model's before it has read, there are weights
without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# The least probability that the model's wish to refuse is taken for.
_FLOOR = 1e-3
_WEIGHTS: tuple[dict[str, float], ...] = (
    {"": -20.45, "score": 29.64, "crosses": 3.97, "english": 1.13, "long": 1.94},
    {"": -19.78, "score": 26.29, "crosses": 3.72, "english": 1.62, "long": 2.46, "willing": 0.43},
    {"": -20.86, "score": 28.18, "crosses": 4.32, "english": 1.14, "long": 2.19, "checked": 1.71},
    {
        "": -20.21,
        "score": 25.32,
        "crosses": 4.04,
        "english": 1.56,
        "long": 2.64,
        "willing": 0.39,
        "checked": 1.49,
    },
)


def length_of(*, articles: int, chunks: int) -> float:
    """How long a corpus's articles are, 0 to 1: the logarithm of their mean number of chunks, 1 from ten on."""
    return min(1.0, math.log10(max(1, chunks) / max(1, articles)))


def signs_of(
    *,
    score: float,
    crosses: bool,
    english: bool,
    long: float,
    refusal: float | None = None,
    checked: float | None = None,
) -> dict[str, float]:
    """The signs of one question by their names; what is not known is left out.

    ``score`` is the best passage's; ``crosses`` whether that passage is in another language, and ``english``
    whether it is English, each for short texts only: the chunks of ``long`` articles (``length_of``) share
    a title and a subject, so their scores run closer together whatever their language. ``refusal`` is the
    probability that the model, having read, would begin a refusal, of which the negative logarithm is
    counted; ``checked`` the mean verdict of what it wrote, from 0 (unsupported) to 1.
    """
    short = 1 - long
    signs = {"score": score, "crosses": crosses * short, "english": english * short, "long": long}
    if refusal is not None:
        signs["willing"] = -math.log(max(refusal, _FLOOR))
    if checked is not None:
        signs["checked"] = checked
    return {name: round(value, 4) for name, value in signs.items()}


def confidence(signs: Mapping[str, float]) -> float:
    """The probability, 0 to 1, that the passages found hold the answer."""
    weights = next(weights for weights in _WEIGHTS if weights.keys() == {"", *signs})
    total = weights[""] + sum(weights[name] * value for name, value in signs.items())
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), 3)

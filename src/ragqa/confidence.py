"""One probability that the corpus answers a question: a logistic regression on a few signs, explained.

The weights were fitted on 25 November 2026 by ``benchmarks/refusing.py`` (scikit-learn 1.9) on 218 questions
of the development packs rgb-zh-refusal and xquad-en2zh-refusal, both classes counting the same; 0.2 was
then added to what crossing languages is worth, so that one threshold serves both packs. In English news
no sign told the answerable apart (rgb-en-refusal, 35 questions: areas of .5), so what English is worth was
set to refuse 8 % of the answerable. docs/how-it-works.md has the table of signs that were tried. Where a
sign is not known, such as the language model's before it has read, there are weights without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# The least probability that the model's wish to refuse is taken for.
_FLOOR = 1e-3
_WEIGHTS: tuple[dict[str, float], ...] = (
    {"": -22.31, "score": 32.60, "crosses": 4.33, "english": 1.1},
    {"": -22.59, "score": 29.81, "crosses": 4.43, "english": 2.1, "willing": 0.56},
    {"": -23.23, "score": 31.76, "crosses": 4.85, "english": 1.25, "checked": 1.81},
    {"": -23.42, "score": 29.47, "crosses": 4.86, "english": 1.9, "willing": 0.52, "checked": 1.50},
)


def signs_of(
    *, score: float, crosses: bool, english: bool, refusal: float | None = None, checked: float | None = None
) -> dict[str, float]:
    """The signs of one question by their names; what is not known is left out.

    ``score`` is the best passage's; ``crosses`` whether that passage is in another language, where scores
    run lower, and ``english`` whether it is English; ``refusal`` the probability that the model, having
    read, would begin a refusal, of which the negative logarithm is counted; ``checked`` the mean verdict of
    what it wrote, from 0 (unsupported) to 1.
    """
    signs = {"score": score, "crosses": float(crosses), "english": float(english)}
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

"""One probability that the corpus answers a question: a logistic regression on a few signs, explained.

The weights were fitted on 25 November 2026 by ``benchmarks/refusing.py`` (scikit-learn 1.9) on 218 questions
of the development packs rgb-zh-refusal and xquad-en2zh-refusal, both classes counting the same; 0.2 was then added to
what crossing languages is worth, so that one threshold serves both packs. docs/how-it-works.md has the table of signs
that were tried. Where a sign is not known, such as the language model's before it has read, there are weights
without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# The least probability that the model's wish to refuse is taken for.
_FLOOR = 1e-3
_WEIGHTS: tuple[dict[str, float], ...] = (
    {"": -22.78, "score": 33.48, "crosses": 4.18},
    {"": -22.82, "score": 30.38, "crosses": 4.23, "willing": 0.55},
    {"": -23.40, "score": 32.20, "crosses": 4.64, "checked": 1.79},
    {"": -23.56, "score": 29.90, "crosses": 4.65, "willing": 0.51, "checked": 1.48},
)


def signs_of(
    *, score: float, crosses: bool, refusal: float | None = None, checked: float | None = None
) -> dict[str, float]:
    """The signs of one question by their names; what is not known is left out.

    ``score`` is the best passage's; ``crosses`` whether that passage is in another language, where scores
    run lower; ``refusal`` the probability that the model, having read, would begin a refusal, of which
    the negative logarithm is counted; ``checked`` the mean verdict of what it wrote, from 0 (unsupported) to 1.
    """
    signs = {"score": score, "crosses": float(crosses)}
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

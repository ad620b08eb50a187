"""One probability that the corpus answers a question: a logistic regression on a few signs, explained.

The weights were fitted on the development packs with refusals by ``benchmarks/refusing.py`` (scikit-learn,
see docs/how-it-works.md for the table of signs that were tried). Where a sign is not known,
such as the language model's before it has read, there are weights without it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

# The least probability that the model's wish to refuse is taken for.
_FLOOR = 1e-3
_WEIGHTS: tuple[dict[str, float], ...] = (
    {"": -9.0, "score": 16.0, "crosses": 1.5},
    {"": -9.5, "score": 14.0, "crosses": 2.0, "willing": 0.8},
    {"": -9.0, "score": 16.0, "crosses": 1.5, "held": 4.0},
    {"": -9.5, "score": 14.0, "crosses": 2.0, "held": 4.0, "willing": 0.8},
)


def signs_of(
    *, score: float, crosses: bool, held: float | None = None, refusal: float | None = None
) -> dict[str, float]:
    """The signs of one question by their names; what is not known is left out.

    ``score`` is the best passage's; ``crosses`` whether that passage is in another language, where all
    run lower; ``held`` how well the best sentence holds the question's tokens; ``refusal`` the
    probability that the model, having read, would begin a refusal: its negative logarithm is counted.
    """
    signs = {"score": score, "crosses": float(crosses)}
    if held is not None:
        signs["held"] = held
    if refusal is not None:
        signs["willing"] = -math.log(max(refusal, _FLOOR))
    return {name: round(value, 4) for name, value in signs.items()}


def confidence(signs: Mapping[str, float]) -> float:
    """The probability, 0 to 1, that the passages found hold the answer."""
    weights = next(weights for weights in _WEIGHTS if weights.keys() == {"", *signs})
    total = weights[""] + sum(weights[name] * value for name, value in signs.items())
    return round(1 / (1 + math.exp(-max(-30.0, min(30.0, total)))), 3)

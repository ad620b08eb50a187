"""One probability that the corpus answers a question: a logistic regression on a few signs, explained.

The weights were fitted on 25 November 2026 by ``benchmarks/refusing.py`` (scikit-learn 1.9) on 218 questions
of the development packs rgb-zh-refusal and xquad-en2zh-refusal, both classes counting the same; 0.2 was
then added to what crossing languages is worth, so that one threshold serves both packs. The first has
5,626 chunks and the second 161: what crossing is worth and what size is worth cannot be told apart on them,
and size was set by hand, by two questions to five articles that were refused without it. In English news
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
    {"": -12.56, "score": 32.60, "crosses": 0.33, "english": -0.88, "size": -2.6},
    {"": -12.84, "score": 29.81, "crosses": 0.43, "english": 0.12, "size": -2.6, "willing": 0.56},
    {"": -13.48, "score": 31.76, "crosses": 0.85, "english": -0.73, "size": -2.6, "checked": 1.81},
    {
        "": -13.67,
        "score": 29.47,
        "crosses": 0.86,
        "english": -0.08,
        "size": -2.6,
        "willing": 0.52,
        "checked": 1.50,
    },
)


def signs_of(
    *,
    score: float,
    crosses: bool,
    english: bool,
    size: float,
    refusal: float | None = None,
    checked: float | None = None,
) -> dict[str, float]:
    """The signs of one question by their names; what is not known is left out.

    ``score`` is the best passage's; ``crosses`` whether that passage is in another language, where scores
    run lower, and ``english`` whether it is English; ``size`` the decimal logarithm of the index's chunks:
    the best of many scores higher by chance; ``refusal`` the probability that the model, having
    read, would begin a refusal, of which the negative logarithm is counted; ``checked`` the mean verdict of
    what it wrote, from 0 (unsupported) to 1.
    """
    signs = {"score": score, "crosses": float(crosses), "english": float(english), "size": size}
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

"""Calibrated probabilities that a text answers, and that an answer is right.

Logistic regressions with weights that are not negative, so that no better score lowers them.
``training/calibrate.py`` fits them with scikit-learn on development questions and writes outcomes.json;
docs/reader.md has the figures.
"""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

OUTCOMES = Path(__file__).with_name("outcomes.json")


@functools.cache
def fitted() -> dict[str, Any]:
    """The fitted weights and thresholds."""
    loaded: dict[str, Any] = json.loads(OUTCOMES.read_text(encoding="utf-8"))
    return loaded


def chance(reader: float, retrieval: float) -> float:
    """The probability, 0 to 1, that one text answers, from the reader's logit and the retrieval's score."""
    return _weighed("passage", reader, retrieval)


def confidence(reader: float, retrieval: float) -> float:
    """The probability, 0 to 1, that the corpus answers and what is quoted is right.

    From the same two scores of the likeliest text: the best of many scores is biased upwards, so it is fitted apart.
    """
    return round(_weighed("answer", reader, retrieval), 3)


def _weighed(regression: str, reader: float, retrieval: float) -> float:
    weights = fitted()[regression]
    value = weights["reader"] * reader + weights["retrieval"] * retrieval + weights[""]
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))

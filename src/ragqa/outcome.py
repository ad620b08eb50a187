"""How likely an answer is right, and what follows: answered, possible, or not found.

A logistic regression with weights that are not negative, so that no better sign lowers it.
``training/calibrate.py`` fits it with scikit-learn on development questions and writes outcomes.json;
docs/reader.md has the figures.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragqa.records import Status

# The least probability that is told from 0.
_FLOOR = 1e-4
_FILE = Path(__file__).with_name("outcomes.json")


@functools.cache
def fitted() -> dict[str, Any]:
    """The fitted weights and thresholds."""
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def chance(reader: float, retrieval: float) -> float:
    """The probability, 0 to 1, that one text answers, from the reader's logit and the retrieval's score."""
    weights = fitted()["passage"]
    return _logistic(weights["reader"] * reader + weights["retrieval"] * retrieval + weights[""])


def signs_of(chance: float, none: float) -> dict[str, float]:
    """What an answer's confidence is made of, as log odds.

    ``chance`` is the probability that the likeliest text answers, ``marked`` that its marks stand somewhere in it,
    the opposite of the reader's ``none``.
    """
    return {"chance": round(_odds(chance), 4), "marked": round(_odds(1 - none), 4)}


def confidence(signs: Mapping[str, float]) -> float:
    """The probability, 0 to 1, that the corpus answers and what is quoted is right."""
    weights = fitted()["answer"]
    return round(_logistic(weights[""] + sum(weights[name] * value for name, value in signs.items())), 3)


def status_of(confidence: float, *, refuse_below: float | None = None) -> Status:
    """What a confidence leads to; below ``refuse_below`` (by default the fitted one) nothing is an answer."""
    least: float = fitted()["refuse_below"] if refuse_below is None else refuse_below
    if confidence < least:
        return "not_found"
    sure: float = fitted()["answered_from"]
    return "answered" if confidence >= sure else "possible"


def _odds(chance: float) -> float:
    kept = min(max(chance, _FLOOR), 1 - _FLOOR)
    return math.log(kept / (1 - kept))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))

"""Compare settings of quoting and ranking on development questions: how many answers are right, and how long.

    python -m training.choose --packs ../shared/bench --work build/calibration

Asks what ``training.calibrate`` asks and varies one setting at a time; prints the table of docs/reader.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ragqa.answer.compose import quotes_in, shown
from ragqa.answer.extract import LIMITS, Limits, leading
from ragqa.evaluation.text_metrics import containment, reference, token_f1
from training.calibrate import Asked, asked_as_told, quoted


def main() -> None:
    """Print a row for each setting."""
    asked = asked_as_told(__doc__)
    sources = list(dict.fromkeys(one.source for one in asked))
    columns = ("setting", *sources, "quotes", "of these hold", "first holds", "F1")
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, limits in variants():
        print(row(name, limits, asked, sources))
    for most in (1, 4, 8):
        fewer = [replace(one, found=replace(one.found, read=one.found.read[:most])) for one in asked]
        print(row(f"chunks read {most}", LIMITS, fewer, sources))


def variants() -> Iterator[tuple[str, Limits]]:
    """The limits in use, and each of them put otherwise."""
    yield "as it is", LIMITS
    for field, values in {
        "held": (0.5, 0.65, 0.85, 0.95),
        "least": (0.06, 0.2, 0.3),
        "beside": (0.3, 0.7, 0.85, 1.0),
        "most": (1, 2, 3, 4),
        "large": (0.0, 0.3, 0.7, 1.0),
        "inside": (0.3, 0.7),
        "near": (0.2, 0.5),
    }.items():
        for value in values:
            yield f"{field} {value:g}", replace(LIMITS, **{field: value})


def row(name: str, limits: Limits, asked: Sequence[Asked], sources: Sequence[str]) -> str:
    """The share answered rightly, by source; quotes, the share of them and of the first ones that hold a part; F1.

    Of the questions that can be answered.
    """
    right: dict[str, list[bool]] = {source: [] for source in sources}
    counts, holding, f1 = [], [], []
    for one in asked:
        if not one.answerable:
            continue
        quotes = quotes_in(shown(one.found), limits)
        right[one.source].append(one.right(quoted(quotes)))
        counts.append(len(quotes))
        parts = [[group] for groups in one.answers for group in groups]
        holding.append([any(containment(quoted([quote]), part) for part in parts) for quote in quotes])
        said = " ".join(word for quote in leading(quotes, limits) for word in quote.said)
        f1.append(max(token_f1(said, reference(said, groups)) for groups in one.answers))
    cells = " | ".join(f"{np.mean(right[source]):.3f}" for source in sources)
    held, first = np.mean([h for found in holding for h in found]), np.mean([any(h[:1]) for h in holding])
    return f"| {name} | {cells} | {np.mean(counts):.2f} | {held:.2f} | {first:.2f} | {np.mean(f1):.3f} |"


if __name__ == "__main__":
    main()

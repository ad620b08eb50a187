"""Compare settings of quoting on development questions: how many answers are right, and how long they are.

    python -m training.choose --packs ../shared/bench --work build/calibration

Asks what ``training.calibrate`` asks and varies one setting at a time; prints the table of docs/reader.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ragqa.answering import quotes_in, shown
from ragqa.quoting import LIMITS, Limits
from training.calibrate import Asked, asked_as_told


def main() -> None:
    """Print a row for each setting."""
    asked = asked_as_told(__doc__)
    sources = list(dict.fromkeys(one.source for one in asked))
    print(f"| quoting | {' | '.join(sources)} | quotes | characters |\n|{'---|' * (len(sources) + 3)}")
    for name, limits in variants():
        print(row(name, limits, asked, sources))


def variants() -> Iterator[tuple[str, Limits]]:
    """The limits in use, and each of them put otherwise."""
    yield "as it is", LIMITS
    for field, values in {
        "held": (0.5, 0.65, 0.85, 0.95),
        "least": (0.06, 0.2, 0.3),
        "beside": (0.3, 0.7, 0.85, 1.0),
        "most": (1, 2, 3, 4),
    }.items():
        for value in values:
            yield f"{field} {value:g}", replace(LIMITS, **{field: value})


def row(name: str, limits: Limits, asked: Sequence[Asked], sources: Sequence[str]) -> str:
    """The share of answerable questions that are answered rightly, by source, and how much is quoted."""
    right: dict[str, list[bool]] = {source: [] for source in sources}
    counts, lengths = [], []
    for one in asked:
        if not one.answerable:
            continue
        quotes = quotes_in(shown(one.found), limits)
        texts = [quote.article.text[quote.start : quote.end] for quote in quotes]
        right[one.source].append(one.right("\n".join([*texts, *(word for q in quotes for word in q.said)])))
        counts.append(len(quotes))
        lengths.append(sum(map(len, texts)))
    cells = " | ".join(f"{np.mean(right[source]):.3f}" for source in sources)
    return f"| {name} | {cells} | {np.mean(counts):.2f} | {np.mean(lengths):.0f} |"


if __name__ == "__main__":
    main()

"""How well verdicts tell held statements from altered ones: sensitivity and specificity on labelled pairs.

Run: python benchmarks/judging.py BENCH [PACK…]. A pair is a premise, a statement and whether the one
holds the other (``pairs.jsonl``). "supported" is counted, then "supported or partly", beside it what
each check takes away. Intervals are 95 %, Wilson's.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from ragqa.citing import support
from ragqa.loading import load_encoder
from ragqa.reading import Evidence
from ragqa.records import Article, Chunk, Encoder, Passage
from ragqa.settings import Settings
from ragqa.text import language_of

PACKS = ("judge-uhgeval-zh", "judge-xquad-xling")


def main() -> None:
    """Print one row a pack and direction."""
    bench, *packs = sys.argv[1:]
    encoder = load_encoder(Settings.load())
    print(f"{'pairs':28} {'n':>5}  {'supported: sens / spec':34} {'or partly: sens / spec':34}")
    for pack in packs or PACKS:
        counts: dict[str, Counter[tuple[bool, str]]] = {}
        for line in (Path(bench) / pack / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            if pair.get("kind") == "verbatim":
                continue
            direction = "->".join(way(pair))
            verdict = verdict_of(pair["premise"], pair["hypothesis"], encoder)
            counts.setdefault(direction, Counter())[bool(pair["label"]), verdict] += 1
        for direction, found in sorted(counts.items()):
            print(f"{pack + ' ' + direction:28} {found.total():5}  {rates(found, {'supported'}):34} ", end="")
            print(rates(found, {"supported", "partly"}), flush=True)


def way(pair: dict[str, Any]) -> tuple[str, str]:
    """The languages of a pair's premise and statement."""
    return language_of(pair["premise"]), language_of(pair["hypothesis"])


def verdict_of(premise: str, statement: str, encoder: Encoder) -> str:
    """The verdict on a statement with its premise as the only passage."""
    article = Article("premise", "", premise, language=language_of(premise))
    passage = Passage(Chunk("premise", 0, len(premise), premise), article, 1.0)
    found = support(statement, Evidence.gather([passage], encoder=encoder))
    return found.verdict if found else "unsupported"


def rates(found: Counter[tuple[bool, str]], accepted: set[str]) -> str:
    """Sensitivity and specificity with their intervals."""
    held = {
        label: sum(n for (truth, verdict), n in found.items() if truth == label and verdict in accepted)
        for label in (True, False)
    }
    total = {label: sum(n for (truth, _), n in found.items() if truth == label) for label in (True, False)}
    return f"{_share(held[True], total[True])} / {_share(total[False] - held[False], total[False])}"


def _share(hits: int, total: int) -> str:
    if not total:
        return "-"
    p, z = hits / total, 1.96
    middle, half = p + z * z / (2 * total), z * (p * (1 - p) / total + z * z / (4 * total * total)) ** 0.5
    low, high = ((middle + sign * half) / (1 + z * z / total) for sign in (-1, 1))
    return f"{p:.2f} ({low:.2f}-{high:.2f})"


if __name__ == "__main__":
    main()

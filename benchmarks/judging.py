"""How well the judge of citations tells held statements from altered ones: sensitivity and specificity.

    python benchmarks/judging.py BENCH [PACK ...]

A pair is a premise, a statement and whether the one holds the other (pairs.jsonl of a pack). Prints the rates of
"supported" and of "supported or partly" by the languages of premise and statement, with 95 % intervals (Wilson's),
then those of "supported" as they stand in src/ragqa/evaluation/citation_judge.py.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ragqa.answer.verify import judge
from ragqa.models.loading import load_reader
from ragqa.models.reader import Reader
from ragqa.settings import Settings
from ragqa.text.language import language_of, sentence_spans
from ragqa.types import Verdict

PACKS = ("judge-uhgeval-zh", "judge-xquad-xling")
# Pairs by (whether the premise holds the statement, the verdict on it).
Counts = Counter[tuple[bool, Verdict]]


def main() -> None:
    """Judge every pair and print the rates."""
    bench, *packs = sys.argv[1:]
    print_rates(count(Path(bench), packs or list(PACKS), load_reader(Settings.load())))


def count(bench: Path, packs: list[str], reader: Reader) -> dict[tuple[str, str], Counts]:
    """Verdicts on the pairs of these packs that tell something, by the languages of premise and statement."""
    counts: dict[tuple[str, str], Counts] = {}
    for pack in packs:
        for line in (bench / pack / "pairs.jsonl").read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            if telling(pair):
                verdict = verdict_of(pair["premise"], pair["hypothesis"], reader)
                counts.setdefault(way(pair), Counter())[bool(pair["label"]), verdict] += 1
    return counts


def print_rates(counts: dict[tuple[str, str], Counts]) -> None:
    """The rates as a table, then as a literal for JUDGE_RATES."""
    print("| pairs | n | supported: sensitivity, specificity | or partly: sensitivity, specificity |")
    print("|---|---|---|---|")
    for (source, said), found in sorted(counts.items()):
        strict = ", ".join(_interval(*part) for part in rates(found, {"supported"}))
        lenient = ", ".join(_interval(*part) for part in rates(found, {"supported", "partly"}))
        print(f"| {source}→{said} | {found.total()} | {strict} | {lenient} |")
    print("\nJUDGE_RATES: dict[Way, tuple[float, float]] = {")
    for way, found in sorted(counts.items()):
        held, refused = rates(found, {"supported"})
        if held[1] and refused[1]:
            named = ", ".join(map(json.dumps, way))
            print(f"    ({named}): ({held[0] / held[1]:.2f}, {refused[0] / refused[1]:.2f}),")
    print("}")


def rates(found: Counts, accepted: set[Verdict]) -> tuple[tuple[int, int], tuple[int, int]]:
    """(accepted, all) of the statements that are held, (not accepted, all) of those that are not."""

    def accepted_of(truth: bool) -> tuple[int, int]:
        verdicts = {verdict: n for (label, verdict), n in found.items() if label == truth}
        return sum(n for verdict, n in verdicts.items() if verdict in accepted), sum(verdicts.values())

    (hits, held), (slips, altered) = accepted_of(True), accepted_of(False)
    return (hits, held), (altered - slips, altered)


def telling(pair: dict[str, Any]) -> bool:
    """Whether a pair is no mere copy: a part of its premise, or of a parallel text one in the same language."""
    same = pair.get("premise_lang", "") == pair.get("hyp_lang")
    return pair.get("kind") != "verbatim" and not same


def way(pair: dict[str, Any]) -> tuple[str, str]:
    """The languages of a pair's premise and statement."""
    return language_of(pair["premise"]), language_of(pair["hypothesis"])


def verdict_of(premise: str, statement: str, reader: Reader) -> Verdict:
    """The verdict on a statement by the sentence, or two, of the premise that support it best."""
    texts = list(_windows(premise))
    supports = reader.supports(statement, texts)
    best = texts[supports.index(max(supports))]
    return judge(statement, best, reader=reader, around=premise)


def _windows(premise: str) -> Iterator[str]:
    """Each sentence of a premise, alone and with the next."""
    spans = sentence_spans(premise) or [(0, len(premise))]
    for at, (start, end) in enumerate(spans):
        yield premise[start:end]
        if at + 1 < len(spans):
            yield premise[start : spans[at + 1][1]]


def _interval(hits: int, total: int) -> str:
    if not total:
        return "-"
    p, z = hits / total, 1.96
    middle, half = p + z * z / (2 * total), z * (p * (1 - p) / total + z * z / (4 * total * total)) ** 0.5
    low, high = ((middle + sign * half) / (1 + z * z / total) for sign in (-1, 1))
    return f"{p:.2f} ({low:.2f}-{high:.2f})"


if __name__ == "__main__":
    main()

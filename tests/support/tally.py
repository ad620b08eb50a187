"""The counts that docs/reliability.md publishes: a row for each fault of the plan that a test went through.

A test tells what it found through the fixture ``tally``; ``pytest --counts docs/reliability.md`` puts the rows of
that run in the place of the same rows there.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

BEGIN, END = "<!-- counts: made by make reliability -->", "<!-- end of counts -->"
_ROW = re.compile(r"^\| (?P<fault>\w+) \| (?P<what>.*) \| (?P<figure>[^|]*) \|$", re.MULTILINE)


class Tally:
    """Rows by fault (its letter and number in the plan) and by what was done."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}
        self._figures: dict[tuple[str, str], str] = {}

    def __call__(self, fault: str, what: str, done: int, of: int) -> None:
        """Count ``done`` of ``of``; a second call with the same words adds to the first."""
        before = self._counts.get((fault, what), (0, 0))
        self._counts[fault, what] = (before[0] + done, before[1] + of)

    def figure(self, fault: str, what: str, figure: str) -> None:
        """Tell a measurement that is no count."""
        self._figures[fault, what] = figure

    def rows(self) -> dict[tuple[str, str], str]:
        """What was told, in words."""
        return {at: f"{done:,} of {of:,}" for at, (done, of) in self._counts.items()} | self._figures


def merged(document: str, rows: dict[tuple[str, str], str]) -> str:
    """A document with these rows between its marks, in the plan's order, beside those it had."""
    head, _, rest = document.partition(BEGIN)
    table, _, tail = rest.partition(END)
    kept = {
        (row["fault"], row["what"]): row["figure"] for row in _ROW.finditer(table) if row["figure"] != "count"
    }
    lines = [
        f"| {fault} | {what} | {figure} |"
        for (fault, what), figure in sorted((kept | rows).items(), key=_order)
    ]
    return "\n".join(
        [head + BEGIN, "", "| plan | what goes wrong | count |", "|---|---|---|", *lines, "", END + tail]
    )


def write(path: Path, rows: dict[tuple[str, str], str]) -> None:
    """Put rows into a document on the disk."""
    path.write_text(merged(path.read_text(encoding="utf-8"), rows), encoding="utf-8")


def _order(entry: tuple[tuple[str, str], str]) -> tuple[str, int, str]:
    (fault, what), _ = entry
    return fault[0], int(fault[1:] or 0), what


def main(path: Path) -> None:
    """Put rows that come as JSON lines, from benchmarks/load.py, into a document."""
    rows = map(json.loads, sys.stdin)
    write(path, {(row["fault"], row["what"]): row["figure"] for row in rows})


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The page that benchmarks/speed.py writes: one section a day and machine, two kept of each machine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
HEAD = (
    "# Speed\n\n"
    "Written by `make bench`, which measures the machine that it runs on; the last two runs of each processor,\n"
    "of different days, stand here. *Plain* is sentence-transformers as it comes, with the same model on the same\n"
    "texts. The *limit* is what the machine does at most: for encoding and reading a matrix product, for writing a\n"
    "read of the model's weights.\n"
)
RUNS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A figure: ours, the plain way's and the machine's limit where there are such; ``more`` where more is better."""

    what: str
    unit: str
    ours: float
    plain: float | None = None
    limit: float | None = None
    more: bool = False


def line(row: Row) -> str:
    """A row of the table; ratios above 1 say that ours is better than plain, below 1 how near it comes to the limit."""
    cells = [row.what, row.unit, *(_figure(value) for value in (row.ours, row.plain, row.limit))]
    for other in (row.plain, row.limit):
        cells.append(f"{row.ours / other if row.more else other / row.ours:.2f}" if other else "–")
    return f"| {' | '.join(cells)} |"


def table(rows: Sequence[Row]) -> str:
    """All rows below their heads."""
    heads = ("what", "unit", "ours", "plain", "limit", "to plain", "to the limit")
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *map(line, rows)])


def processor(cpuinfo: str) -> str:
    """Name, cores and the instructions that matter, from the text of /proc/cpuinfo."""
    names = re.findall(r"^model name\s*: (.+)$", cpuinfo, re.MULTILINE)
    known = set((re.findall(r"^flags\s*: (.+)$", cpuinfo, re.MULTILINE) or [""])[0].split())
    flags = ", ".join(flag for flag in FLAGS if flag in known) or "none of the instructions looked for"
    return f"{names[0] if names else 'unknown processor'}, {len(names)} cores, {flags}"


def resident(smaps: str) -> tuple[float, float]:
    """MB in memory, and the same with shared pages divided by who shares them, from the text of smaps_rollup."""
    found = {
        name: int(size) / 1024 for name, size in re.findall(r"^(Rss|Pss):\s+(\d+) kB", smaps, re.MULTILINE)
    }
    return found["Rss"], found["Pss"]


def kept(page: str, title: str, section: str) -> str:
    """The page with a run's section first, then all others but those of the same title, and two runs a machine at most.

    A title is a day and a machine, with a comma between.
    """
    parts = [part.strip() for part in re.split(r"^## ", page, flags=re.MULTILINE)[1:]]
    found = {title: f"{title}\n\n{section.strip()}"}
    runs = Counter([_machine(title)])
    for part in parts:
        other = part.splitlines()[0]
        if other not in found and runs[_machine(other)] < RUNS:
            found[other] = part
            runs[_machine(other)] += 1
    return f"{HEAD}\n" + "\n\n".join(f"## {part}" for part in found.values()) + "\n"


def _machine(title: str) -> str:
    return title.split(", ", 1)[1]


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"

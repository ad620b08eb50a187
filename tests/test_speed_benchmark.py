"""The page of figures that make bench writes."""

from __future__ import annotations

import pytest
from support.real import benchmark

page_of = benchmark("speed_page")
Row, kept, line, processor = page_of.Row, page_of.kept, page_of.line, page_of.processor
resident, table = page_of.resident, page_of.table

CPU = """processor\t: 0
model name\t: Example 9000
flags\t\t: fpu avx2 avx512f sse
processor\t: 1
model name\t: Example 9000
flags\t\t: fpu avx2 avx512f sse
"""


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            Row("encoded", "tokens/s", 9000, 3000, 12000, more=True),
            "| encoded | tokens/s | 9,000 | 3,000 | 12,000 | 3.00 | 0.75 |",
        ),
        (Row("read", "ms", 50, 100, 40), "| read | ms | 50.0 | 100 | 40.0 | 2.00 | 0.80 |"),
        (Row("help", "s", 0.25), "| help | s | 0.25 | – | – | – | – |"),
    ],
)
def test_a_ratio_above_one_means_better_than_plain_and_below_one_short_of_the_limit(
    row: Row, told: str
) -> None:
    assert line(row) == told


def test_a_table_has_a_line_for_each_row() -> None:
    lines = table([Row("help", "s", 0.25), Row("start", "s", 4)]).splitlines()
    assert [each.split(" | ")[0] for each in lines] == [
        "| what",
        "|---|---|---|---|---|---|---|",
        "| help",
        "| start",
    ]


def test_a_processor_is_told_with_its_cores_and_the_instructions_that_matter() -> None:
    assert processor(CPU) == "Example 9000, 2 cores, avx2, avx512f"
    assert processor("") == "unknown processor, 0 cores, none of the instructions looked for"


def test_memory_is_read_whole_and_without_what_is_shared() -> None:
    assert resident("Rss:  2048 kB\nPss:  1024 kB\nPss_Anon:  512 kB\n") == (2.0, 1.0)


def test_the_page_keeps_two_runs_of_each_machine_the_newest_first() -> None:
    page = kept("", "2025-12-31, B, avx2", "other")
    for day, run in enumerate(("one", "two", "three"), start=1):
        page = kept(page, f"2026-01-0{day}, A, avx2", run)
    assert page.split("\n\n", 2)[2] == (
        "## 2026-01-03, A, avx2\n\nthree\n\n## 2026-01-02, A, avx2\n\ntwo\n\n## 2025-12-31, B, avx2\n\nother\n"
    )


def test_another_run_of_a_day_on_one_machine_takes_the_place_of_the_first() -> None:
    page = kept(kept(kept("", "2026-01-01, A", "one"), "2026-01-02, A", "two"), "2026-01-02, A", "again")
    assert page.split("\n\n", 2)[2] == "## 2026-01-02, A\n\nagain\n\n## 2026-01-01, A\n\none\n"

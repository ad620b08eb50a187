"""Counts of faults in a document."""

from __future__ import annotations

from support.real import ROOT
from support.tally import BEGIN, END, Tally, merged

DOCUMENT = f"# Faults\n\n{BEGIN}\n{END}\n\nafter\n"


def test_counts_of_the_same_words_add_up() -> None:
    tally = Tally()
    tally("A1", "killed", 2, 3)
    tally("A1", "killed", 1, 1)
    tally.figure("H1", "search", "40 a second")
    assert tally.rows() == {("A1", "killed"): "3 of 4", ("H1", "search"): "40 a second"}


def test_rows_stand_in_the_order_of_the_plan_and_replace_their_own() -> None:
    first = merged(DOCUMENT, {("A10", "old"): "1 of 1", ("A2", "full | disk"): "1,000 of 1,000"})
    again = merged(first, {("A10", "old"): "2 of 2", ("E", "bandit"): "0 findings"})
    assert again.split(BEGIN)[1] == (
        "\n\n| plan | what goes wrong | count |\n|---|---|---|\n| A2 | full | disk | 1,000 of 1,000 |\n"
        f"| A10 | old | 2 of 2 |\n| E | bandit | 0 findings |\n\n{END}\n\nafter\n"
    )


PLAN = {"A": 12, "B": 5, "C": 8, "D": 12, "E": 5, "F": 10, "G": 5, "H": 6}


def test_every_fault_of_the_plan_has_a_count_in_the_document() -> None:
    table = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    counted = {line.split(" ")[1] for line in table.splitlines() if line.startswith("| ")}
    missing = [f"{letter}{n}" for letter, most in PLAN.items() for n in range(1, most + 1)]
    assert [fault for fault in missing if fault not in counted] == []

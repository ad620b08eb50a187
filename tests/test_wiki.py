"""Wiki markup in a Markdown file."""

from __future__ import annotations

import pytest

from ragqa.corpus.formats import read_markdown
from ragqa.corpus.wiki import from_wiki

PAGE = """'''Tern Rock''' is a ''lighthouse'' on [[Gull Island|the island]].<ref>Pilot, p. 4</ref> It was lit in 1934.<ref name="a"/>

==History==
{{Infobox tower|height={{convert|30|m}}}}
It burned {{formatnum:12300}} litres a year, said the {{lang|de|Leuchtturmwärter}} Otto Brandt.

{| class="wikitable"
|+ Lamps
! Year !! Lamps
|-
| 2023 || align=right | 900
|-
| 2024
| 860
|}
===Notes===
{{reflist}}
[[Category:Lighthouses]]
"""


def test_a_wiki_page_is_read_as_words_headings_and_rows() -> None:
    assert [line for line in read_markdown(PAGE.encode()).text.split("\n") if line] == [
        "Tern Rock is a lighthouse on the island. It was lit in 1934.",
        "History",
        "It burned 12300 litres a year, said the Leuchtturmwärter Otto Brandt.",
        "Lamps",
        "Year · Lamps",
        "2023 · Lamps 900",
        "2024 · Lamps 860",
        "Notes",
    ]


@pytest.mark.parametrize(
    "text", ["a == b and {{ name }} in ''code''", "== a", "灯塔''二''号", "{{ page.title }}"]
)
def test_a_text_without_headings_tables_or_notes_of_a_wiki_stays(text: str) -> None:
    assert from_wiki(text) == text


def test_marks_that_never_end_cost_no_more_than_others() -> None:
    hostile = "==a==\n" + "<ref>" * 20_000 + "{{" * 20_000 + "{|\n" * 20_000
    assert from_wiki(hostile).startswith("## a\n<ref><ref>")

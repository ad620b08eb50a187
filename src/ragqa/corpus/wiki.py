"""Wiki markup as Markdown: exports of wikis are often kept as .md or pasted into it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_REFERENCE = re.compile(r"<ref\b[^<>]{0,200}/>|<ref\b[^<>]{0,200}>[^<]{0,2000}</ref>", re.IGNORECASE)
_TEMPLATE = re.compile(r"\{\{([^{}]{0,2000})\}\}")
_CATEGORY = re.compile(
    r"^\[\[(?:Category|File|Image|分类|分類|文件|图像)[:：][^\[\]]{0,300}\]\]$", re.IGNORECASE | re.MULTILINE
)
_HEADING = re.compile(r"^(={2,6}) {0,3}([^=\s](?:[^=\n]{0,198}[^=\s])?) {0,3}\1 {0,3}$", re.MULTILINE)
_QUOTES = re.compile(r"'{2,5}([^'\n]{1,500})'{2,5}")
_TABLE = re.compile(r"^\{\|", re.MULTILINE)
# Templates that stand for their last words; any other is a box, a list of notes or a remark.
_SPOKEN = frozenset("formatnum lang nowrap tl small abbr le link-en internal".split())


def from_wiki(text: str) -> str:
    """A text with wiki markup as Markdown; any other as it is."""
    if not (_HEADING.search(text) or _TABLE.search(text) or _REFERENCE.search(text)):
        return text
    text = _CATEGORY.sub("", _REFERENCE.sub("", text))
    for _ in range(3):  # templates inside templates
        text = _TEMPLATE.sub(lambda found: _words(found[1]), text)
    text = _with_tables(text)
    return _QUOTES.sub(r"\1", _HEADING.sub(lambda found: f"{'#' * len(found[1])} {found[2]}", text))


def _words(template: str) -> str:
    name, *values = (
        re.split(r"[|:]", template) if template.lower().startswith("formatnum") else template.split("|")
    )
    return values[-1].strip() if values and name.strip().lower() in _SPOKEN else ""


def _with_tables(text: str) -> str:
    lines: list[str] = []
    begin = -1
    for line in text.split("\n"):
        begin = len(lines) if line.startswith("{|") else begin
        lines.append(line)
        if line.startswith("|}") and begin >= 0:
            lines[begin:] = _rows(lines[begin + 1 : -1])
            begin = -1
    return "\n".join(lines)


def _rows(lines: Sequence[str]) -> list[str]:
    """The rows of a wiki table as those of a Markdown table, below its caption."""
    caption = ""
    rows: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("|+"):
            caption = line[2:].strip()
        elif line.startswith("|-"):
            rows.append([])
        elif line.startswith(("|", "!")):
            cells = re.split(r"\|\||!!" if line[0] == "!" else r"\|\|", line[1:])
            # What stands before a single bar is the style of the cell.
            rows[-1] += [cell.rpartition("|")[2].strip() for cell in cells]
    filled = [row for row in rows if row]
    rule = [["---"] * len(filled[0])] if filled else []
    return [caption, "", *(f"| {' | '.join(row)} |" for row in [*filled[:1], *rule, *filled[1:]])]

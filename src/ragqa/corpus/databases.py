"""Read an article that a news database gave out as text: Factiva, LexisNexis or Wisers.

Each sets the facts above the text, under labels of its own, and notices below it. A file of several articles is
none of these forms, and stays as it is.
"""

from __future__ import annotations

import re

from ragqa.corpus.bylines import author_from
from ragqa.corpus.file_text import FileText
from ragqa.corpus.metadata import full_date

# Factiva: a code in capitals, its value behind a gap or on the lines below ("IN May" is text).
_CODE = re.compile(
    r"(HD|BY|CR|WC|PD|ET|SN|SC|ED|PG|SE|VOL|LA|CY|LP|TD|CT|RF|ART|CO|IN|NS|RE|IPC|IPD|PUB|AN|CLM)"
    r"(?:(?:[ \t]{2,20}|\t)(.*))?"
)
_LABEL = re.compile(
    r"(?:Section|Length|Byline|Highlight|Dateline|Series|Language|Copyright)\b\s?:?", re.IGNORECASE
)
_BYLINE = re.compile(r"Byline\s?:\s?(.{1,200})", re.IGNORECASE)
_BODY = re.compile(r"Body:?", re.IGNORECASE)
_BODY_END = re.compile(
    r"(?:Load-Date|Graphic|Classification|Publication-Type)(?:\s?:.{0,200})?|End of Document", re.IGNORECASE
)
_PLACE_IN_LIST = re.compile(r"\d{1,5} of \d{1,5} DOCUMENTS", re.IGNORECASE)
_WISERS_HEAD = re.compile(r"([^|\n]{1,40}?) ?\| ?(\d{4}-\d\d-\d\d)")
_WISERS_BY = re.compile(r"\bBy (.{1,60})")
_WISERS_END = re.compile(r"文章[編编][號号]\s?[:：]\s?\d{8,30}")


def from_database(text: str) -> FileText | None:
    """The article of a database's export; None for any other text."""
    lines = [line.strip() for line in text.split("\n")]
    return _factiva(lines) or _lexis(lines) or _wisers(lines)


def _factiva(lines: list[str]) -> FileText | None:
    fields: dict[str, list[str]] = {}
    code = ""
    for line in lines:
        found = _CODE.fullmatch(line)
        if found and found[1] in fields:
            return None
        if found:
            code = found[1]
            fields[code] = []
        if code:
            fields[code].append((found[2] or "") if found else line)
    if not {"HD", "PD", "AN"} <= fields.keys() or not {"LP", "TD"} & fields.keys():
        return None
    values = {name: " ".join(" ".join(held).split()) for name, held in fields.items()}
    words = "\n".join([*fields.get("LP", []), "", *fields.get("TD", [])])
    return _found(words, values["HD"], values["PD"], values.get("SN", ""), values.get("BY", ""))


def _lexis(lines: list[str]) -> FileText | None:
    body = next((at for at, line in enumerate(lines[:60]) if _BODY.fullmatch(line)), 0)
    ends = [at for at, line in enumerate(lines) if at > body and _BODY_END.fullmatch(line)]
    head = [line for line in lines[:body] if line and not _PLACE_IN_LIST.fullmatch(line)]
    labels = [at for at, line in enumerate(head) if _LABEL.match(line)]
    dated = next((line for line in head if full_date(line)), "")
    if not body or not ends or len(labels) < 2 or labels[0] < 3 or not dated:
        return None
    if sum(line.casefold().startswith("load-date") for line in lines) > 1:
        return None
    # The older form begins with the outlet, and has the title below the date.
    older = head.index(dated) == 1
    title, outlet = (head[labels[0] - 1], head[0]) if older else (head[0], head[1])
    byline = next((found[1] for line in head if (found := _BYLINE.fullmatch(line))), "")
    return _found("\n".join(lines[body + 1 : ends[0]]), title, dated, outlet, byline)


def _wisers(lines: list[str]) -> FileText | None:
    filled = [line for line in lines if line]
    head = _WISERS_HEAD.fullmatch(filled[0]) if len(filled) > 4 else None
    ends = [at for at, line in enumerate(filled) if _WISERS_END.fullmatch(line)]
    if not head or len(ends) != 1 or "|" not in filled[1]:
        return None
    by = _WISERS_BY.search(filled[1])
    return _found("\n".join(filled[3 : ends[0]]), filled[2], head[2], head[1], by[1] if by else "")


def _found(text: str, title: str, date: str, outlet: str, author: str) -> FileText | None:
    if not text.strip():
        return None
    return FileText(
        text=text,
        title=title,
        published=full_date(date),
        published_from="field",
        outlet=outlet,
        author=author_from(author),
    )

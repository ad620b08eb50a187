"""Remove the markup of Markdown, and the HTML in it, from lines of text."""

from __future__ import annotations

import re

from ragqa.corpus.metadata import links_in
from ragqa.corpus.table_markup import with_tables

_RULE = re.compile(r"[-=*_ |:]{3,}|:{3,} ?[{\w].{0,100}")
# Pandoc's: {#glass}, {width=50%}.
_ATTRIBUTES = re.compile(r" ?\{(?:[#.][A-Za-z][\w-]{0,60}|[a-z-]{1,30}=[^{}\s]{1,60})(?: [^{}\n]{0,100})?\}")
_TAG = re.compile(
    r"</?(?:a|abbr|b|big|center|details|div|em|figcaption|figure|font|h[1-6]|i|img|kbd|mark|p|picture|q|s|small|span|strong|sub"
    r"|summary|sup|u|video)(?:\s[^<>\n]{0,500})?/?>",
    re.IGNORECASE,
)
_RAISED = re.compile(r"(?<=\d)<sup>(?=\d)", re.IGNORECASE)
_BREAK = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)
_LINK = re.compile(
    r"(!?)\[((?:[^\[\]\\\n]|\\.){0,500})\]"
    r"\( {0,3}<?((?:[^()\s<>]|\([^()\s]{0,200}\)){0,2000})>?(?: {1,3}\"[^\"\n]{0,300}\")? {0,3}\)"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_DEFINITION = re.compile(r"\[[^\]\n]{1,100}\]:\s{0,3}<?(https?://\S{1,2000}?)>?(?:\s.*)?")
# A footnote: its number in the text, and its words below.
_NOTE_NUMBER = re.compile(r"\[\^[^\]\s]{1,40}\]")
_NOTE = re.compile(r"\[\^[^\]\s]{1,40}\]:\s{0,9}(.*)")
# The mark of a note that links to it.
_NOTE_MARK = re.compile(r"\[\\?\[(?:\d{1,3}|[a-z]|注\d{0,3})\\?\]\]\(([^()\s]{0,2000})\)")
_WIKI = re.compile(r"(!?)\[\[(?:[^\[\]|\n]{1,300}\|)?([^\[\]|\n]{1,300})\]\]")
_STRONG = re.compile(r"(\*\*\*|\*\*|~~|(?<![A-Za-z0-9_])__)(?=\S)([^*_~\n]{1,500}?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9*_\\])([*_])(?=\S)([^*_\n]{1,500}?)(?<=\S)\1(?![A-Za-z0-9*_])")
_MARKED = re.compile(r"(==)(?=[^\s=])([^=\n]{1,500}?)(?<=\S)\1")
_CALLOUT = re.compile(r"\[![A-Za-z]{1,20}\][+-]? ?")
_CODE = re.compile(r"(`{1,2})([^`\n]{1,500})\1")
_PREFIX = re.compile(r"(?:> ?)*(?:[-*+] (?:\[[ xX]\] )?)?")


def plain_markdown(text: str) -> tuple[str, tuple[str, ...]]:
    """Remove Markdown markup from lines that are whole; link targets are returned apart."""
    found: list[str] = []
    lines: list[str] = []
    in_code = False
    for line in with_tables(text.split("\n"), lambda cell: _plain_line(cell, found)):
        stripped = line.strip()
        if not stripped:
            lines.append("")
        elif stripped.startswith(("```", "~~~")):
            in_code = not in_code
        elif in_code:
            lines.append(stripped)
        elif definition := _DEFINITION.fullmatch(stripped):
            found.append(definition[1])
        elif note := _NOTE.fullmatch(stripped):
            lines.append(_plain_line(note[1], found))
        elif not (_RULE.fullmatch(stripped)):
            lines.append(_plain_line(stripped, found))
    return "\n".join(lines), links_in("\n".join(found))


def _plain_line(line: str, links: list[str]) -> str:
    def words(match: re.Match[str]) -> str:
        links.append("" if match[1] else match[3])
        return "" if match[1] else match[2]

    line = _PREFIX.sub("", line, count=1)
    line = _heading(line[called.end() :] if (called := _CALLOUT.match(line)) else line)
    links += [match[1] for match in _NOTE_MARK.finditer(line)]
    line = _NOTE_NUMBER.sub("", _NOTE_MARK.sub("", line))
    line = _WIKI.sub(lambda match: "" if match[1] else match[2], line)
    # Twice: an image may stand inside a link.
    line = _LINK.sub(words, _LINK.sub(words, line))
    for pattern in (_STRONG, _EMPHASIS, _MARKED, _CODE):
        line = pattern.sub(r"\2", line)
    return _ESCAPED.sub(r"\1", _ATTRIBUTES.sub("", line)).strip()


def _heading(line: str) -> str:
    words = line.lstrip("#")
    if words == line or len(line) - len(words) > 6 or words[:1] not in ("", " ", "\t"):
        return line
    closed = words.rstrip("#")
    return (closed if closed[-1:].isspace() else words).strip()


def without_html(text: str) -> str:
    """Text without the comments and tags that Markdown may hold; code keeps its tags."""
    text = _without_comments(text)
    lines: list[str] = []
    in_code = False
    for line in text.split("\n"):
        in_code ^= line.lstrip().startswith(("```", "~~~"))
        if "<" in line and not in_code:
            line = _TAG.sub("", _RAISED.sub("^", _BREAK.sub(" " if "|" in line else "\n\n", line)))
        lines.append(line)
    return "\n".join(lines)


def _without_comments(text: str) -> str:
    parts: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        parts.append(text[at:start])
        at = end + 3
    return "".join([*parts, text[at:]])

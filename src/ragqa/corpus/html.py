"""Read a web page: its visible lines, and its title without the site's name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ragqa.corpus.file_text import needed
from ragqa.corpus.table_markup import put_tables_into_lines

# Styles that hide; "visibility: hidden" is not among them, WeChat shows its articles from it by a script.
_HIDING = re.compile(r"display\s*:\s*none|font-size\s*:\s*0(?:px|em|rem|pt|%)?\s*(?:;|!|$)", re.IGNORECASE)
_UNSHOWN = "//noscript | //template | //rt | //rp | //*[@hidden] | //*[@aria-hidden='true']"
_NOTE_MARK = re.compile(r"\[(?:\d{1,3}|[a-z]|注\d{0,3})\]")
# Elements that stand in a line; all others begin one.
_INLINE = frozenset(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub sup"
    " time tt u var wbr".split()
)
_SILENT = frozenset("script style head template noscript svg iframe object select textarea button".split())
# How sites sign a title: "… - 某某新闻网", "…_教育频道_某某网", "… | The Daily Post", "…--时政--某某网".
_PART = re.compile(r"\s*(?:[_|｜]|--+)\s*|\s+[-–—·:]\s+|[-–—](?=[\u4e00-\u9fff]{1,10}(?:网|频道|社)$)")
_SITE = re.compile(
    r"(?:网|频道|日报|晚报|晨报|早报|时报|周刊|新闻|资讯|在线|客户端|公众号|门户|社)$"
    r"|\b(?:news|times|post|journal|daily|online|herald|tribune|gazette)$|\.(?:com|cn|net|org)$",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,2000}>")
_LONGEST_SIGNATURE, _LONGEST_CHANNEL = 24, 6


def visible(tree: Any) -> Any:
    """Remove from a parsed page what no visitor sees, and put raised and lowered figures into their line.

    10<sup>8</sup> becomes 10^8, CO<sub>2</sub> CO2; a footnote's number that links to it goes. Returns the tree.
    """
    styled = [element for element in tree.xpath("//*[@style]") if _HIDING.search(element.get("style"))]
    marks = [link for link in tree.iter("a") if _NOTE_MARK.fullmatch("".join(link.itertext()).strip())]
    for element in [*tree.xpath(_UNSHOWN), *styled, *marks]:
        _drop(element)
    for element in tree.xpath("//sup | //sub | //ruby"):
        if element.getparent() is None:
            continue
        before, words = _before(element)[-1:], "".join(element.itertext())
        if element.tag == "sup" and (element.xpath(".//a") or _NOTE_MARK.fullmatch(words.strip())):
            _drop(element)
            continue
        if element.tag == "sup" and words[:1].isdigit() and before.isalnum() and before.isascii():
            element.text = f"^{element.text or ''}"
        element.drop_tag()
    for element in tree.xpath("//a[not(@href)]"):
        # It leads nowhere, and would be written as [words].
        element.drop_tag()
    return tree


def lines_of(tree: Any) -> list[str]:
    """The lines of a parsed page or a part of it, a block element each; scripts, buttons and comments left out."""
    etree = needed("lxml.etree", "html")

    pieces: list[str] = []
    silent = 0
    for event, element in etree.iterwalk(tree, events=("start", "end", "comment", "pi")):
        named = isinstance(element.tag, str)
        inline = not named or element.tag in _INLINE
        if named:
            silent += (element.tag in _SILENT) * (1 if event == "start" else -1)
        if event == "start":
            pieces += [] if silent else ["" if inline else "\n", element.text or ""]
        elif element is not tree:
            # Neighbours are apart on the page although nothing stands between them, "来源：…" and "作者：…".
            gap = " " if inline and named and not element.tail and _stands_apart(element, pieces[-1]) else ""
            pieces += [] if silent else ["" if inline else "\n", element.tail or gap]
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return [line for line in lines if line]


def plain(markup: str) -> str:
    """The visible words of a piece of HTML, a block a line; text without markup stays as it is."""
    if not _TAG.search(markup):
        return markup
    html = needed("lxml.html", "html")
    tree = visible(html.document_fromstring(f"<div>{markup}</div>"))
    return "\n".join(lines_of(put_tables_into_lines(tree)))


def _stands_apart(element: Any, words: str) -> bool:
    beside = element.getnext()
    return beside is not None and element.tag == "span" == beside.tag and not words.endswith((":", "："))


def unsigned(title: str, *, sites: Sequence[str] = ()) -> str:
    """A page's title without the names of site and channel behind it; ``sites`` is what the page calls its site."""
    title = title.strip()
    known = {_folded(site) for site in sites if site}
    taken = ""
    while (parts := list(_PART.finditer(title))) and parts[-1].start() > 0:
        mark, last = parts[-1].group().strip(), title[parts[-1].end() :].strip()
        # Between the title and the site's name, by the same mark: a channel.
        channel = mark == taken and mark in ("_", "|", "｜", "--") and len(last) <= _LONGEST_CHANNEL
        if len(last) > _LONGEST_SIGNATURE or not (_folded(last) in known or _SITE.search(last) or channel):
            break
        title, taken = title[: parts[-1].start()].rstrip(" _|｜-–—"), mark
    return title


def _folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _before(element: Any) -> str:
    """The text right before an element."""
    previous = element.getprevious()
    text = element.getparent().text if previous is None else previous.tail
    return text or ""


def _drop(element: Any) -> None:
    """Remove an element, not the text behind it."""
    if element.getparent() is not None and element.tag not in ("html", "body"):
        element.drop_tree()

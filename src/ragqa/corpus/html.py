"""Read a web page: the visible text of its article, its title, date, outlet and address."""

from __future__ import annotations

import re
from typing import Any

# Styles that hide; "visibility: hidden" is not among them, WeChat shows its articles from it by a script.
_HIDING = re.compile(r"display\s*:\s*none|font-size\s*:\s*0(?:px|em|rem|pt|%)?\s*(?:;|!|$)", re.IGNORECASE)
_UNSHOWN = "//noscript | //template | //rt | //rp | //*[@hidden] | //*[@aria-hidden='true']"
# How sites sign a title: "… - 某某新闻网", "…_教育频道_某某网", "… | The Daily Post".
_PART = re.compile(r"\s*[_|｜]\s*|\s+[-–—]\s+|[-–—](?=[\u4e00-\u9fff]{1,10}(?:网|频道|社)$)")
_SITE = re.compile(
    r"(?:网|频道|日报|晚报|晨报|早报|时报|周刊|新闻|资讯|在线|客户端|公众号|门户|社)$"
    r"|\b(?:news|times|post|journal|daily|online|herald|tribune|gazette)$|\.(?:com|cn|net|org)$",
    re.IGNORECASE,
)
_LONGEST_SIGNATURE = 24


def visible(tree: Any) -> Any:
    """Remove from a parsed page what no visitor sees, and put raised and lowered figures into their line.

    10<sup>8</sup> becomes 10^8, CO<sub>2</sub> CO2; a footnote's number that links to it goes. Returns the tree.
    """
    styled = [element for element in tree.xpath("//*[@style]") if _HIDING.search(element.get("style"))]
    for element in [*tree.xpath(_UNSHOWN), *styled]:
        _drop(element)
    for element in tree.xpath("//sup | //sub | //ruby"):
        if element.getparent() is None:
            continue
        if element.tag == "sup" and element.xpath(".//a"):
            _drop(element)
            continue
        before, words = _before(element)[-1:], "".join(element.itertext())
        if element.tag == "sup" and words[:1].isdigit() and before.isalnum() and before.isascii():
            element.text = f"^{element.text or ''}"
        element.drop_tag()
    return tree


def unsigned(title: str, *, site: str = "", heading: str = "") -> str:
    """A page's title without the names of site and channel behind it; ``heading`` is the page's own h1."""
    title = title.strip()
    if heading and title != heading and title.startswith(heading):
        return heading
    while (parts := _PART.split(title)) and len(parts) > 1:
        last = parts[-1].strip()
        if len(last) > _LONGEST_SIGNATURE or not (last == site or _SITE.search(last)):
            break
        title = title[: title.rindex(parts[-1])].rstrip(" _|｜-–—")
    return title


def _before(element: Any) -> str:
    """The text right before an element."""
    previous = element.getprevious()
    text = element.getparent().text if previous is None else previous.tail
    return text or ""


def _drop(element: Any) -> None:
    """Remove an element, not the text behind it."""
    if element.getparent() is not None and element.tag not in ("html", "body"):
        element.drop_tree()

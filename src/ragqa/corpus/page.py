"""What a web page states about itself: title, author, date, outlet; in its head first, then above its text."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from ragqa.corpus.boilerplate import is_posted
from ragqa.corpus.bylines import author_from, author_of, credit
from ragqa.corpus.fields import fact_of, named
from ragqa.corpus.html import plain, unsigned
from ragqa.corpus.metadata import date_of_lines, is_prose, iso_date, outlet_of

_SOURCES = frozenset("contentsource source".split())
_SITES = frozenset("og:site_name sitename application-name apple-mobile-web-app-title dc.publisher".split())
# Of a line that stands for a heading, so that it is no channel.
_SHORTEST_TITLE = 8
_MOST_SCRIPT, _MOST_OBJECTS, _MOST_TIMES = 500_000, 200, 20
# WeChat keeps what other pages put into their head in a script. Its times are China's.
_WECHAT_TIME = re.compile(
    r"\b(?:ct|create_?[tT]ime|publish_time)\s{0,3}[=:]\s{0,3}[\"'](\d{10}(?!\d)|\d{4}-\d\d-\d\d)"
)
_WECHAT_NAME = re.compile(
    r"\b(?:profile_)?nick_?name\s{0,3}=\s{0,3}(?:htmlDecode\()?[\"']([^\"'<>]{1,60})[\"']"
)
_WECHAT_TITLE = re.compile(r"\bmsg_title\s{0,3}=\s{0,3}[\"']([^\"'\n]{1,200})[\"']")
_EDITOR = re.compile(r"编辑?\s?[:：]\s?([^\s,，、:：()（）\[\]【】_]{1,20})")
_CHINA = dt.timezone(dt.timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Stated:
    """What a page says of its article; "" or None where it says nothing. ``byline`` names the author."""

    title: str = ""
    author: str = ""
    published: str | None = None
    published_from: str = ""
    outlet: str = ""
    byline: str = ""


def stated(tree: Any, lines: Sequence[str], text: str, *, url: str = "", title: str = "") -> Stated:
    """The facts of a parsed page whose visible ``lines`` hold the ``text`` of its article.

    ``title`` is what to fall back on.
    """
    metas, objects, script = _metas(tree), list(_objects(tree)), _script(tree)
    sites = [*(value for name, value in metas if name in _SITES), *_publishers(objects)]
    windows = [
        *(value for name, value in metas if name in ("og:title", "twitter:title")),
        _words(tree.find(".//title")),
    ]
    headings = [_words(each) for each in tree.xpath("//h1 | //h2")[:40]] or [
        line
        for line in lines
        if len(line) >= _SHORTEST_TITLE and any(_begins(each, line) for each in windows)
    ]
    if wechat(tree) is not None:
        named = [_words(each) for each in tree.xpath("//*[@id='js_name']")] + _WECHAT_NAME.findall(script)
        sites = [name for name in named if name] or sites
        windows += _WECHAT_TITLE.findall(script)
    found = titled(windows, headings, sites=[*sites, *_hosts(url, metas)]) or unsigned(title, sites=sites)
    above, below = _around(lines, text, found)
    published, reason = _date(tree, metas, objects, script, [*above, *filter(is_posted, below)])
    visible = next((line for line in [*above, *below] if credit(line)), "")
    named = [author_from(each.get("author")) for each in objects] + [
        author_from(value) for name, value in metas if fact_of(name) == "author"
    ]
    others = {*sites, *_editors(lines)}
    author = author_of([visible]) or next((name for name in named if name and name not in others), "")
    outlets = [value for name, value in metas if name in _SOURCES and "/" not in value]
    outlet = next((name for name in [*outlets, *sites] if name), "") or outlet_of(above)
    return Stated(found, author, published, reason, outlet, credit(visible))


def wechat(tree: Any) -> Any:
    """The element that holds the article of a WeChat page, None for any other page."""
    found = tree.xpath("//*[@id='js_content']")
    return found[0] if found else None


def article_body(tree: Any) -> str:
    """The text that a page states for programs (schema.org's articleBody): all that one filled by a script has."""
    bodies = (each.get("articleBody") for each in _objects(tree))
    return max((plain(body) for body in bodies if isinstance(body, str)), key=len, default="")


def titled(windows: Sequence[str], headings: Sequence[str], *, sites: Sequence[str] = ()) -> str:
    """The title of a page: the heading that its window title begins with, or else that title without the site's name.

    ``windows`` are og:title and <title>, ``headings`` what stands large on the page. "" where there is neither.
    """
    windows = [each for each in windows if each]
    plain = [each for each in headings if len(each) >= 4 and unsigned(f"x_{each}", sites=sites) != "x"]
    for heading in sorted(plain, key=len, reverse=True):
        if any(
            _begins(window, heading) or (len(window) > 1 and _begins(heading, window)) for window in windows
        ):
            return heading
    # "Opinion | The title - The Paper": the heading stands inside.
    for heading in plain:
        if any(2 * len(heading) > len(window) and _follows(window, heading) for window in windows):
            return heading
    for window in windows:
        if any(_begins(other, window) for other in windows if other != window):
            return unsigned(window, sites=sites)
    return unsigned(windows[0], sites=sites) if windows else next(iter(plain), "")


def _begins(window: str, words: str) -> bool:
    rest = window[len(words) :]
    return window.startswith(words) and not (rest[:1].isalnum() and words[-1:].isalnum())


def _follows(window: str, words: str) -> bool:
    before, found, rest = window.partition(words)
    return (
        bool(found) and before.rstrip().endswith(("|", "｜", "_", "-", "–", "—")) and not rest[:1].isalnum()
    )


def _editors(lines: Sequence[str]) -> list[str]:
    """Those whom the page names as its editors: some sites put them into their head as authors."""
    return [
        found[1] for line in lines if "编" in line[:100] for found in [_EDITOR.search(line[:100])] if found
    ]


# --- head ------------------------------------------------------------------------------------


def _words(element: Any) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())[:300]


def _metas(tree: Any) -> list[tuple[str, str]]:
    """Names and contents of the page's meta elements, in order."""
    return [
        (name.strip().lower(), " ".join((meta.get("content") or "").split())[:500])
        for meta in tree.iter("meta")
        for name in (meta.get("property"), meta.get("name"), meta.get("itemprop"))
        if name
    ]


def _objects(tree: Any) -> Iterator[Mapping[str, Any]]:
    """The JSON-LD objects of the page that are articles, or of no type that is known to be something else."""
    for script in tree.xpath("//script[contains(@type, 'ld+json')]")[:20]:
        try:
            waiting = [json.loads((script.text or "")[:_MOST_SCRIPT], strict=False)]
        except (ValueError, RecursionError):
            continue
        for value in islice(waiting, _MOST_OBJECTS):  # which grows meanwhile
            if isinstance(value, list):
                waiting += value[: max(0, _MOST_OBJECTS - len(waiting))]
            elif isinstance(value, dict):
                waiting += [inner for name in ("@graph", "mainEntity") if (inner := value.get(name))]
                kind = str(value.get("@type", "Article"))
                if re.search(r"Article|Posting|Report|WebPage|Review|Recipe", kind):
                    yield value


def _publishers(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    named = [each["publisher"].get("name") for each in objects if isinstance(each.get("publisher"), dict)]
    return [name for name in named if isinstance(name, str)]


def _hosts(url: str, metas: Sequence[tuple[str, str]]) -> list[str]:
    """The words of the page's own host: "reuters" of www.reuters.com."""
    addresses = [url, *(value for name, value in metas if name == "og:url")]
    try:
        hosts = [urlsplit(address).hostname or "" for address in addresses]
    except ValueError:
        return []
    return [part for host in hosts for part in host.split(".")[:-1] if len(part) > 2 and part != "www"]


def _script(tree: Any) -> str:
    if wechat(tree) is None:
        return ""
    return "\n".join(script.text or "" for script in tree.iter("script"))[: 4 * _MOST_SCRIPT]


# --- dates -----------------------------------------------------------------------------------


def _date(
    tree: Any,
    metas: Sequence[tuple[str, str]],
    objects: Sequence[Mapping[str, Any]],
    script: str,
    above: Sequence[str],
) -> tuple[str | None, str]:
    """The date that a page states and why it is believed."""
    told = [named(each).get("published") for each in objects]
    if date := next((date for value in told if (date := iso_date(value))), None):
        return date, "json-ld"
    heads = [value for name, value in metas if fact_of(name) == "published"]
    heads += [_moment(value) for value in _WECHAT_TIME.findall(script)]
    if date := next((date for value in heads if (date := iso_date(value))), None):
        return date, "meta"
    times = [each for each in islice(tree.iter("time"), _MOST_TIMES) if _is_byline_time(each)]
    shown = [each.get("datetime") or _words(each) for each in times]
    if date := next((date for value in shown if (date := iso_date(value))), None) or date_of_lines(above):
        return date, "byline"
    return None, ""


def _moment(value: str) -> str:
    return dt.datetime.fromtimestamp(int(value), _CHINA).date().isoformat() if value.isdigit() else value


def _is_byline_time(element: Any) -> bool:
    """Whether a <time> is the article's, not one of its story, of a list beside it or of a comment."""
    for around in element.iterancestors():
        if around.tag in ("aside", "nav", "footer", "li", "td", "blockquote"):
            return False
        if around.tag == "p" and len(_words(around)) > 80:
            return False
        if re.search(
            r"comment|related|recommend|sidebar", f"{around.get('class')} {around.get('id')}", re.IGNORECASE
        ):
            return False
    return True


# --- lines around the text -------------------------------------------------------------------


def _around(lines: Sequence[str], text: str, title: str) -> tuple[list[str], list[str]]:
    """The lines between the title of the page and the text of its article, and the three below it."""
    packed = [_packed(line) for line in lines]
    wanted = {_packed(line)[:20] for line in text.split("\n") if is_prose(line)}
    held = [at for at, line in enumerate(packed) if line[:20] in wanted and line != _packed(title)]
    if not held:
        return [], []
    first, last = held[0], held[-1]
    named = [at for at in range(first) if packed[at] == _packed(title)]
    begin = max(named[-1] + 1, first - 12) if named else max(0, first - 4)
    return list(lines[begin:first]), list(lines[last + 1 : last + 4])


def _packed(line: str) -> str:
    return "".join(line.split())

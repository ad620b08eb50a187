"""HTML of sources and articles with the cited spans highlighted.

Pure functions. Every string of corpus, question and model passes through ``html.escape`` here, and
only http and https addresses become links; nothing is read as markdown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from ragqa.server.i18n import Value, phrase
from ragqa.text import NAMES
from ragqa.types import Answer, Article, Citation, Language, Passage

STOPS = "。．.！!？?；;"
_MARKS = re.compile(r"(N):(N):(N)(?::((?:N-N,)*N-N))?".replace("N", "[0-9]{1,9}"))
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?::\d{1,5})?")
_SNIPPET, _LATIN_SNIPPET = {"zh": 110, "ja": 110, "ko": 160}, 260
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mark:
    """A span of an article to highlight; ``n`` is its citation's number, 0 for an uncited passage.

    ``key`` marks a short answer inside its citation: it is highlighted more strongly.
    """

    n: int
    start: int
    end: int
    key: bool = False


def words(ui: Language, key: str, **values: Value) -> str:
    """Interface text that page.js can switch to the other language."""
    args = f" data-args='{escape(json.dumps(values))}'" if values else ""
    return f'<span data-word="{key}"{args}>{escape(phrase(ui, key, **values))}</span>'


def message(ui: Language, text_or_key: str, *, verbatim: bool = False, **values: Value) -> str:
    """A message box: a key of words.json, or verbatim text."""
    body = escape(text_or_key) if verbatim else words(ui, text_or_key, **values)
    return f'<div class="message" role="alert"><p>{body}</p></div>'


def key_spans(found: Answer, marker: int) -> list[Span]:
    """Where the short answers of a citation stand in its article."""
    return [
        (short.start, short.end)
        for short in found.answers
        if short.citation == marker and short.start is not None and short.end is not None
    ]


def cite(citation: Citation, keys: Sequence[Span] = ()) -> str:
    """The number of a citation, with the attributes that page.js needs to open it; ``keys`` are its short answers."""
    title = escape(f"{citation.article.title} — {citation.quote}")
    spans = ",".join(f"{start}-{end}" for start, end in keys)
    short = f' data-short="{spans}"' if spans else ""
    return (
        f'<a class="cite" href="#mark-{citation.marker}" title="{title}" data-n="{citation.marker}"'
        f' data-article="{escape(citation.article.id)}" data-edition="{edition(citation.article)}"'
        f' data-start="{citation.start}"'
        f' data-end="{citation.end}"{short}>{citation.marker}</a>'
    )


def sources(ui: Language, found: Answer) -> str:
    """A card for each passage: cited ones first, by their numbers, then what else was found."""
    cards = []
    for rank, passage in enumerate(found.passages, start=1):
        inside = [c for c in found.citations if _within(c, passage)]
        keys = [Mark(c.marker, *span, key=True) for c in inside for span in key_spans(found, c.marker)]
        cards.append((inside[0].marker if inside else 0, _card(ui, passage, rank, inside, keys)))
    cited = [card for n, card in sorted(cards, key=lambda pair: pair[0]) if n]
    others = [card for n, card in cards if not n]
    first = _group(ui, "sources.cited", cited)
    rest = _group(ui, "sources.also" if cited else "sources.found", others)
    if not cards:
        return ""
    return f'<section class="sources"><h2>{words(ui, "sources.label")}</h2>{first}{rest}</section>'


def _within(citation: Citation, passage: Passage) -> bool:
    overlaps = citation.start < passage.chunk.end and passage.chunk.start < citation.end
    return citation.article.id == passage.article.id and overlaps


def _group(ui: Language, key: str, cards: Sequence[str]) -> str:
    return f'<h3 class="group">{words(ui, key)}</h3>{"".join(cards)}' if cards else ""


def _card(ui: Language, passage: Passage, rank: int, inside: Sequence[Citation], keys: Sequence[Mark]) -> str:
    article, chunk = passage.article, passage.chunk
    n = inside[0].marker if inside else 0
    numbers = "".join(f'<span class="number" data-n="{c.marker}">{c.marker}</span>' for c in inside)
    # The sentences that match best are highlighted where nothing is cited.
    cited = [*(Mark(c.marker, c.start, c.end) for c in inside), *keys]
    lit = [
        replace(m, start=max(m.start - chunk.start, 0), end=min(m.end - chunk.start, len(chunk.text)))
        for m in cited or [Mark(0, *span) for span in passage.focus]
    ]
    return (
        f'<article class="source" data-cited="{str(bool(inside)).lower()}" data-n="{n}"'
        f' data-article="{escape(article.id)}" data-edition="{edition(article)}"'
        f' data-start="{chunk.start}" data-end="{chunk.end}">'
        f'<h4><button class="open" type="button" lang="{article.language}">'
        f"{numbers}{escape(article.title)}</button></h4>"
        f'{meta(ui, article)}<p class="snippet" lang="{article.language}">'
        f"{snippet(chunk.text, lit, _SNIPPET.get(article.language, _LATIN_SNIPPET))}</p>"
        f"{_why(ui, passage, rank)}</article>"
    )


def _why(ui: Language, passage: Passage, rank: int) -> str:
    """Why a passage ranks where it does, in a disclosure: position, signals, duplicates."""
    chunk = passage.chunk
    details = words(
        ui, "sources.details", score=f"{passage.score:.3f}", rank=rank, start=chunk.start, end=chunk.end
    )
    signals = "".join(
        f"<li><span>{words(ui, f'signal.{s.name}')}</span> {s.points:+.3f}</li>"
        for s in passage.signals
        if s.points
    )
    copies = ", ".join(map(escape, passage.also_in))
    return (
        f'<details class="score"><summary>{words(ui, "sources.score")}</summary><p>{details}</p>'
        f"{f'<ul>{signals}</ul>' if signals else ''}</details>"
        f'{f"""<p class="copies">{words(ui, "sources.copies")} {copies}</p>""" if copies else ""}'
    )


def meta(ui: Language, article: Article, *, link: bool = False) -> str:
    """Author, outlet, date and language of an article; ``link`` makes its web addresses clickable."""
    outlet = escape(_outlet(article.source)) or words(ui, "unsaid.source")
    date = article.published
    when = f'<time datetime="{escape(date)}">{escape(date)}</time>' if date else words(ui, "unsaid.date")
    author = [f'<span class="author">{escape(article.author)}</span>'] if article.author else []
    parts = [
        *author,
        outlet,
        when,
        f'<span lang="{article.language}">{NAMES.get(article.language, escape(article.language))}</span>',
    ]
    addresses = [url for url in (article.source, *article.links) if web_address(url)][:3] if link else []
    parts += [
        f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer nofollow">'
        f"{words(ui, 'reader.original')} ({escape(_outlet(url))})</a>"
        for url in dict.fromkeys(addresses)
    ]
    return f'<p class="meta">{"".join(f"<span>{part}</span>" for part in parts)}</p>'


def web_address(url: str) -> bool:
    """Whether ``url`` may become a link: http or https with an unambiguous host.

    So no credentials before it, no letters that look like others, nothing that browsers read otherwise.
    """
    if any(not c.isprintable() or c in ' <>"\\' for c in url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.netloc))


def _outlet(source: str) -> str:
    return (urlsplit(source).hostname or source) if web_address(source) else source


def snippet(text: str, lit: Sequence[Mark], width: int) -> str:
    """About ``width`` characters of a passage around its citations, which are highlighted."""
    first = min((mark.start for mark in lit), default=0)
    last = max((mark.end for mark in lit), default=0)
    start = max(0, first - width // 4)
    end = min(len(text), max(last, start + width))
    if start and not text[start - 1].isspace() and text[start].isascii():
        start = next((i + 1 for i in range(start, first) if text[i].isspace()), start)
    if end < len(text) and text[end].isascii():
        end = next((i for i in range(end, max(last, start), -1) if text[i].isspace()), end)
    inside = [replace(m, start=m.start - start, end=m.end - start) for m in lit]
    body = spans(text[start:end], inside, ids=False)
    return f"{'…' if start else ''}{body}{'…' if end < len(text) else ''}"


def spans(text: str, marks: Iterable[Mark], *, offset: int = 0, ids: bool = True) -> str:
    """Escaped text in which exactly the marked spans stand in ``<mark>``, even if they overlap.

    Where spans overlap, the stretch they share names both numbers. The first stretch of a number
    whose span begins in this text has the id ``mark-<n>``, its last one ``data-last``.
    """
    near = [replace(m, start=m.start - offset, end=m.end - offset) for m in marks]
    near = [m for m in near if m.start < len(text) and m.end > 0]
    inner = {cut for m in near for cut in (m.start, m.end) if 0 < cut < len(text)}
    cuts = sorted({0, len(text)} | inner)
    out = []
    for start, end in pairwise(cuts):
        over = [m for m in near if m.start <= start and end <= m.end]
        piece = escape(text[start:end])
        out.append(_mark(piece, over, start, end, ids=ids) if over else piece)
    return "".join(out)


def _mark(piece: str, over: Sequence[Mark], start: int, end: int, *, ids: bool) -> str:
    numbers = sorted({m.n for m in over if m.n})
    if not numbers:
        opened = ids and any(m.start == start for m in over)
        return f'<mark class="passage"{" id=mark-0" if opened else ""}>{piece}</mark>'
    begun = [m.n for m in over if m.n and m.start == start and not m.key]
    ended = sorted(m.n for m in over if m.n and m.end == end and not m.key)
    anchor = f' id="mark-{begun[0]}"' if ids and begun else ""
    last = f' data-last="{" ".join(map(str, ended))}"' if ended else ""
    kind = ' class="key"' if any(m.key for m in over) else ""
    return f'<mark{kind}{anchor} data-n="{" ".join(map(str, numbers))}"{last}>{piece}</mark>'


def highlight(text: str, keys: Iterable[Span], start: int = 0, end: int | None = None) -> str:
    """The escaped stretch ``start`` to ``end`` of a text, with its key words in ``<mark>``."""
    end = len(text) if end is None else end
    out, at = [], start
    for a, b in sorted(keys):
        a, b = max(a, at), min(b, end)
        if a < b:
            out += [escape(text[at:a]), f"<mark>{escape(text[a:b])}</mark>"]
            at = b
    return "".join([*out, escape(text[at:end])])


def read_marks(text: str, article: Article) -> list[Mark]:
    """The marks that page.js asks for as ``n:start:end`` or ``n:start:end:a-b,a-b``; other text gives none."""
    found = _MARKS.fullmatch(text)
    if found is None:
        return []
    n, start, end = map(int, found.group(1, 2, 3))
    keys = [
        Mark(n, int(first), int(last), key=True)
        for first, last in (key.split("-") for key in (found.group(4) or "").split(",") if key)
    ]
    marks = [Mark(n, start, end), *keys]
    return marks if all(start <= m.start < m.end <= min(end, len(article.text)) for m in marks) else []


def edition(article: Article) -> str:
    """A fingerprint of an article's text; spans are only valid for the same text."""
    return blake2b(article.text.encode(), digest_size=6).hexdigest()

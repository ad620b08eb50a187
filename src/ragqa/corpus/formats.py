"""Read one file of each format: its text and the metadata that the format has.

Every reader raises ValueError with a reason when the file is not what it should be. The libraries
for HTML, PDF and DOCX are optional, and imported when a file needs them.
"""

from __future__ import annotations

import copy
import email
import email.policy
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ragqa.corpus.books import read_epub, read_subtitles
from ragqa.corpus.bylines import author_from
from ragqa.corpus.databases import from_database
from ragqa.corpus.decoding import decode
from ragqa.corpus.docx import docx_text
from ragqa.corpus.file_text import MAX_BYTES, FileText, needed
from ragqa.corpus.front_matter import split_front_matter
from ragqa.corpus.html import lines_of, visible
from ragqa.corpus.mail import read_mail
from ragqa.corpus.markdown import plain_markdown, without_html
from ragqa.corpus.metadata import iso_date
from ragqa.corpus.page import article_body, stated, wechat
from ragqa.corpus.pdf import pdf_text
from ragqa.corpus.table_markup import put_tables_into_lines, with_tabbed_tables
from ragqa.corpus.wiki import from_wiki
from ragqa.corpus.wrapping import unwrap

# --- plain text and Markdown -----------------------------------------------------------------

_QUOTED = re.compile(r">+ ?")


def read_text(data: bytes) -> FileText:
    """Read plain text, with the facts of a block above it; lines wrapped at a fixed width are joined again."""
    text = decode(data).replace("\r\n", "\n")
    if article := from_database(text):
        return replace(article, text=unwrap(article.text))
    facts, body = split_front_matter(text)
    lines = body.split("\n")
    if all(line.startswith(">") for line in lines if line.strip()):
        lines = [_QUOTED.sub("", line) for line in lines]
    return _with_facts(facts, unwrap("\n".join(with_tabbed_tables(lines))))


def read_markdown(data: bytes) -> FileText:
    """Read Markdown as plain lines; a block above that has no facts stays in the text."""
    text = decode(data).replace("\r\n", "\n").replace("\r", "\n")
    facts, body = split_front_matter(text)
    plain, links = plain_markdown(unwrap(from_wiki(without_html(body))))
    return _with_facts(facts, plain, links)


def _with_facts(facts: Mapping[str, object], text: str, links: tuple[str, ...] = ()) -> FileText:
    return FileText(
        text=text,
        title=_string(facts.get("title")),
        published=iso_date(facts.get("published")),
        source=_string(facts.get("source")),
        language=_string(facts.get("language")),
        links=links,
        author=author_from(facts.get("author")),
        published_from="front matter",
    )


def _string(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 64:
        return ""  # Python refuses to write numbers of thousands of digits
    return str(value).strip()[:2000] if isinstance(value, str | int | float) else ""


# --- HTML, PDF, DOCX -------------------------------------------------------------------------

# Lines at the beginning of a page's text among which its author's name may stand alone.
_HEAD = 6
_META = re.compile(rb"<meta[^<>]{0,200}?charset\s{0,3}=\s{0,3}[\"']?([A-Za-z0-9_-]{2,20})", re.IGNORECASE)


def read_html(data: bytes, declared: str = "") -> FileText:
    """Read the article of a web page with its title, author, date, outlet and canonical address."""
    meta = _META.search(data[:4096])
    return read_page(decode(data, declared or (meta[1].decode("ascii") if meta else "")))


def read_page(html: str) -> FileText:
    """Read the article of a decoded web page. Raises ValueError where it holds none."""
    trafilatura = needed("trafilatura", "html")
    tree = trafilatura.load_html(html)
    if tree is None:
        raise ValueError("no article text found in the page")
    shown = visible(tree)
    lines, article = lines_of(shown), wechat(shown)
    if article is None:
        text, links = plain_markdown(_extracted(shown) or article_body(shown))
    else:
        text, links = "\n".join(lines_of(put_tables_into_lines(article))), ()
    if not text.strip():
        raise ValueError("no article text found in the page")
    url, title = _address_and_title(shown)
    facts = stated(shown, lines, text, url=url, title=title)
    # A name alone, without "by": a line for it is set below.
    text = "\n".join(line for n, line in enumerate(text.split("\n")) if n >= _HEAD or line != facts.author)
    return FileText(
        text=text if "".join(facts.byline.split()) in "".join(text.split()) else f"{facts.byline}\n{text}",
        title=facts.title,
        author=facts.author,
        published=facts.published,
        published_from=facts.published_from,
        source=url,
        outlet=facts.outlet,
        links=links,
    )


def _extracted(tree: Any) -> str:
    """The text of a page's article as Markdown, "" where none is found."""
    trafilatura = needed("trafilatura", "html")
    # Its own metadata take longer than the text, and two of them are wanted.
    page = trafilatura.bare_extraction(
        put_tables_into_lines(copy.deepcopy(tree)),
        include_comments=False,
        include_links=True,
        config=_settings(),
    )
    return (page and page.text) or ""


@functools.cache
def _settings() -> Any:
    config = copy.deepcopy(needed("trafilatura.settings", "html").DEFAULT_CONFIG)
    # What is shorter is looked for once more, in the page as a whole. 250 by default, which is an article in Chinese.
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "50"
    return config


def _address_and_title(tree: Any) -> tuple[str, str]:
    """The canonical address of a parsed page, and its title as trafilatura finds it."""
    metadata = needed("trafilatura.metadata", "html")
    found = metadata.examine_meta(tree)
    url = str(found.url or metadata.extract_url(tree) or "")
    known = url if url.startswith(("http://", "https://")) else ""
    return known, str(found.title or metadata.extract_title(tree) or "")


def read_mhtml(data: bytes) -> FileText:
    """Read a web page that a browser saved with its parts in one file."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    if page is None:
        raise ValueError("no HTML page in it")
    body = page.get_payload(decode=True)
    found = read_html(body if isinstance(body, bytes) else b"", page.get_content_charset() or "")
    address = str(page.get("Content-Location") or message.get("Snapshot-Content-Location") or "")
    return replace(found, source=found.source or (address if address.startswith("http") else ""))


def read_pdf(data: bytes) -> FileText:
    """Read the text layer of a PDF in reading order; a scanned one has none."""
    text, title = pdf_text(data, most=MAX_BYTES)
    return FileText(text, title=_string(title))


def read_docx(data: bytes) -> FileText:
    """Read a Word file: paragraphs, lists, tables and notes; its own title and dates are seldom the text's."""
    text = docx_text(data)
    return from_database(text) or FileText(text)


READERS: Mapping[str, Callable[[bytes], FileText]] = {
    ".txt": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".mhtml": read_mhtml,
    ".mht": read_mhtml,
    ".epub": read_epub,
    ".eml": read_mail,
    ".srt": read_subtitles,
    ".vtt": read_subtitles,
}


def read(suffix: str, data: bytes) -> FileText:
    """Read a file of a format by its suffix. Raises ValueError with the reason, whatever is wrong with it."""
    with damage_told():
        return READERS.get(suffix, read_text)(data)


@contextmanager
def damage_told() -> Iterator[None]:
    """Turn what a library raises on a damaged file, nearly anything, into ValueError."""
    try:
        yield
    except (ValueError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"damaged, or not what its name says ({type(error).__name__})") from error

"""Read an e-mail as one article: its subject, day, sender and body; attachments are named, not read."""

from __future__ import annotations

import email
import email.policy
import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime

from ragqa.corpus.bylines import author_from
from ragqa.corpus.decoding import decode
from ragqa.corpus.file_text import FileText
from ragqa.corpus.html import plain
from ragqa.corpus.metadata import iso_date
from ragqa.corpus.wrapping import unwrap

# What stands below this line is the sender's card (RFC 3676).
# What a reply quotes below itself is another mail.
_REPLIED_TO = re.compile(
    r"(?<=\S\n)\n{0,3}(?:On [^\n]{5,200}(?:\n[^\n]{0,100})? ?wrote:|[^\n]{1,150}写道[:：])[ \t]{0,9}\n"
    r"(?:(?:[ \t]{0,9}>[^\n]*)?\n)*(?:[ \t]{0,9}>[^\n]*)?\Z"
)
_SIGNATURE = re.compile(r"^--[ \t]?$.*", re.MULTILINE | re.DOTALL)
# A line of flowed text that ends in a space goes on in the next one (RFC 3676).
_FLOWED = re.compile(r"(?<=\S) \n(?=[^\s>])")
_HEADERS = ("From", "Subject", "Date")


def read_mail(data: bytes) -> FileText:
    """Read an .eml file: the plain body or else the HTML one. Raises ValueError where it is none or has no text."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not isinstance(message, EmailMessage) or not any(name in message for name in _HEADERS):
        raise ValueError("not an e-mail: it has no From, Subject or Date")
    attached = [
        part
        for part in message.walk()
        if part.get_filename() or part.get_content_disposition() == "attachment"
    ]
    bodies = (message.get_body((kind,)) for kind in ("plain", "html"))
    text = next((words for body in bodies if body is not None and (words := _words(body)).strip()), "")
    if not text:
        raise ValueError("an e-mail without a text")
    name, address = _sender(message)
    return FileText(
        text=text,
        title=_header(message, "Subject"),
        author=author_from(name),
        published=_day(message),
        published_from="field",
        outlet=name or address,
        left_out=tuple(_named(part, number) for number, part in enumerate(attached, 1)),
    )


def _words(body: Message) -> str:
    """The text of a body part, without the signature of a plain one."""
    given = body.get_payload(decode=True)
    text = decode(given if isinstance(given, bytes) else b"", body.get_content_charset() or "")
    if body.get_content_subtype() == "html":
        return plain(text)
    text = _SIGNATURE.sub("", text.replace("\r\n", "\n"))
    text = _REPLIED_TO.sub("", text)
    if body.get_param("format") == "flowed":
        text = _FLOWED.sub("" if body.get_param("delsp") == "yes" else " ", text)
    return unwrap(text)


def _header(message: EmailMessage, name: str) -> str:
    """A header in one line; one that was written in bytes without saying how is decoded as texts are."""
    # Not message[name]: what that takes apart need not be well formed.
    given = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    if not given.isascii():
        body = message.get_body(("plain", "html"))
        declared = (body and body.get_content_charset()) or ""
        raw = given.encode("utf-8", "surrogateescape")
        given = raw.decode("utf-8", "ignore")
        with suppress(ValueError):
            given = decode(raw, declared)
    with suppress(ValueError, LookupError, HeaderParseError):
        given = str(make_header(decode_header(given)))
    return " ".join(given.split())


def _sender(message: EmailMessage) -> tuple[str, str]:
    """The name and the address that the mail is from; "" for what it does not say."""
    sender = _header(message, "From")
    found = re.fullmatch(r"\s*\"?([^\"<>]{0,200}?)\"?\s*<([^<>]{1,300})>.{0,300}", sender)
    if found:
        return found[1].strip(), found[2]
    return ("", sender) if "@" in sender else (sender, "")


def _day(message: EmailMessage) -> str | None:
    """The day as the sender wrote it, in the sender's time."""
    when = _header(message, "Date")
    try:
        return parsedate_to_datetime(when).date().isoformat()
    except ValueError:
        return iso_date(when)


def _named(part: Message, number: int) -> str:
    return " ".join((part.get_filename() or f"{part.get_content_type()} {number}").split())[:200]

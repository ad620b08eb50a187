"""Every input ends as an article or is named with a reason: one folder of bad files, each with its verdict.

A verdict is ``READ``, words that the article must hold, or ``(words of the reason,)``.
"""

from __future__ import annotations

import codecs
import gzip
import io
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fakes import ScriptedGenerator
from support.house import House
from support.tally import Tally
from test_formats import _docx, _pdf

from ragqa.corpus import articles as reading
from ragqa.corpus import formats, pdf, sandbox
from ragqa.corpus.articles import SUFFIXES, read_articles
from ragqa.corpus.cleaning import tidy
from ragqa.corpus.records import read_all
from ragqa.corpus.sandbox import Confined
from ragqa.errors import CorpusError
from ragqa.index.chunking import split
from ragqa.text.language import weight
from ragqa.types import Article, Skipped

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files, links and pipes as Unix has them")
Verdict = str | tuple[str]
READ = ""
ZH = "沿海三座灯塔将在今年秋天重新点亮，修缮由当地的志愿者完成。工程队先清洗玻璃，然后换上了省电的灯泡。"
TW = "沿海三座燈塔將在今年秋天重新點亮，修繕由當地的志願者完成。工程隊先清洗玻璃，然後換上了燈泡。"
EN = "Three old lighthouses will shine again this autumn. Volunteers cleaned the glass first."
# Characters that nothing read from a file may hold.
UNSEEN = {*map(chr, [*range(9), *range(11, 32), *range(127, 160), 0x61C, 0xFEFF, 0x200B, 0x200E, 0x200F])} | {
    *map(chr, [*range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xD800, 0xE000)])
}


class Case(NamedTuple):
    says: str
    name: str
    content: bytes | Callable[[Path], None]
    verdict: Verdict


def line(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def front(block: str) -> bytes:
    return f"---\n{block}\n---\n{EN} {len(block)} {zlib.crc32(block.encode())}".encode()


def flate(stream: bytes) -> bytes:
    """A PDF of one page, drawn by a packed stream."""
    plain, packed = _pdf("x"), zlib.compress(stream)
    start = plain.index(b"<< /Length")
    head = b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed)
    return plain[:start] + head + packed + b"\nendstream\n" + plain[plain.index(b"endobj", start) :]


def lying(declared: str, codec: str, sentence: str) -> bytes:
    """A page in an encoding that declares another one."""
    paragraphs = "".join(f"<p>{sentence}{n}</p>" for n in range(3))
    return f"<html><head><meta charset={declared}></head><body><article>{paragraphs}</article>".encode(codec)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def chain(path: Path) -> None:
    """1,500 links, each to the next one, the last to a file."""
    hidden = path.parent / ".chain"
    hidden.mkdir()
    (hidden / "1500").write_text(EN + " chained", encoding="utf-8")
    for n in range(1500):
        (hidden / str(n)).symlink_to(str(n + 1))
    path.symlink_to(".chain/0")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        home = Path.cwd()
        os.chdir(path.parent)  # addresses of sockets are short
        try:
            one.bind(path.name)
        finally:
            os.chdir(home)


def sparse(size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as handle:
            handle.truncate(size)

    return make


def hard_link(path: Path) -> None:
    """A second name of a file outside the corpus: to the system as good as the first."""
    outside = path.parent.with_name(f"{path.parent.name}-outside.txt")
    outside.write_text(EN + " linked hard", encoding="utf-8")
    path.hardlink_to(outside)


def gzipped(levels: int) -> bytes:
    data = b"0" * 10**7
    for _ in range(levels):
        data = gzip.compress(data, mtime=0)
    return data


def nested_zip(levels: int) -> bytes:
    data = b"0" * 10**6
    for _ in range(levels):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/document.xml", data)
        data = packed.getvalue()
    return data


def entity_bomb() -> bytes:
    packed = io.BytesIO()
    rows = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    xml = f'<!DOCTYPE d [<!ENTITY a0 "lol">{rows}]><d>&a11;</d>'
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", xml)
    return packed.getvalue()


BINARY = random.Random(7).randbytes(4000)
MERGES = "a0: &a0 {k: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 30)
)

ENCODINGS = [
    Case("UTF-8 is read", "e01.txt", f"{ZH}一".encode(), ZH),
    Case("a UTF-8 mark is not text", "e02.txt", codecs.BOM_UTF8 + f"{ZH}二".encode(), ZH),
    Case("UTF-16 with its mark is read", "e03.txt", f"{ZH}三".encode("utf-16"), ZH),
    Case("UTF-16 BE with its mark is read", "e04.txt", codecs.BOM_UTF16_BE + f"{ZH}四".encode("utf-16-be"), ZH),
    Case("UTF-32 with its mark is read", "e05.txt", f"{ZH}五".encode("utf-32"), ZH),
    Case("UTF-32 BE with its mark is read", "e06.txt", codecs.BOM_UTF32_BE + f"{ZH}六".encode("utf-32-be"), ZH),
    Case("UTF-16 without a mark is refused", "e07.txt", EN.encode("utf-16-le"), ("binary",)),
    Case("Chinese UTF-16 without a mark is refused", "e08.txt", ZH.encode("utf-16-be"), ("unknown encoding",)),
    Case("UTF-32 without a mark is refused", "e09.txt", ZH.encode("utf-32-le"), ("binary",)),
    Case("half a UTF-16 character is refused", "e10.txt", ZH.encode("utf-16")[:-1], ("not the utf-16",)),
    Case("a lone half in UTF-16 is refused", "e11.txt", b"\xff\xfe\x00\xd8a\x00", ("not the utf-16",)),
    Case("GB18030 is read", "e12.txt", f"{ZH}七".encode("gb18030"), ZH),
    Case("Big5 is read", "e13.txt", f"{TW}七".encode("big5"), TW),
    Case("Shift-JIS is refused", "e14.txt", "これは灯台についての短い文章です。".encode("shift_jis"), ("encoding",)),
    Case("Latin-1 is refused", "e15.txt", "Un café déjà vu, très français.".encode("latin-1"), ("encoding",)),
    Case("one bad byte amid UTF-8 is refused", "e16.txt", ZH.encode() + b"\xff" + ZH.encode(), ("encoding",)),
    Case("UTF-8 cut off is refused", "e17.txt", ZH.encode()[:-1], ("encoding",)),
    Case("UTF-8 and GBK in one file are refused", "e18.txt", ZH.encode() + ZH.encode("gbk"), ("encoding",)),
    Case("surrogates in UTF-8 are refused", "e19.txt", b"abc \xed\xa0\x80 def", ("encoding",)),
    Case("overlong UTF-8 is refused", "e20.txt", b"abc \xc0\xaf def", ("encoding",)),
    Case("a page that lies about itself is read as UTF-8", "e21.html",
         f"<html><head><meta charset=gbk></head><body><article><p>{EN}</p><p>{ZH}八</p><p>{TW}</p></article>".encode(), "灯塔"),
    Case("a page that declares no text encoding is refused", "e22.html",
         b"<meta charset=unicode_escape><p>caf\xe9</p>", ("encoding",)),
    Case("a page in GBK that declares UTF-8 is read", "e23.html", lying("utf-8", "gbk", ZH + "九"), "灯塔"),
    Case("a page in GBK that declares a server's default is read", "e24.html", lying("iso-8859-1", "gbk", ZH + "十"), "灯塔"),
    Case("a page in GBK that declares Cyrillic is read", "e25.html", lying("windows-1251", "gbk", ZH + "百"), "灯塔"),
    Case("a page in Big5 that declares GBK is read", "e26.html", lying("gbk", "big5", TW + "千"), "燈塔"),
    Case("a page in Polish that declares its encoding is read", "e27.html",
         lying("iso-8859-2", "iso-8859-2", "Ława, łąka, śnieg, żaba i źrebię w łóżku. " * 3), "źrebię"),
]  # fmt: skip
CONTENTS = [
    Case("an empty file is named", "c01.txt", b"", ("empty",)),
    Case("white space is empty", "c02.txt", " \n\u200b\u3000\t\n".encode(), ("empty",)),
    Case("a mark alone is empty", "c03.txt", codecs.BOM_UTF8, ("empty",)),
    Case("an empty page is named", "c04.html", b"", ("no article",)),
    Case("an empty PDF is named", "c05.pdf", b"", ("damaged",)),
    Case("an empty Word file is named", "c06.docx", b"", ("damaged",)),
    Case("one character is an article", "c07.txt", b"x", "x"),
    Case("one NUL makes a file binary", "c08.txt", EN.encode() + b"\0", ("binary",)),
    Case("random bytes are no text", "c09.txt", BINARY, ("binary",)),
    Case("random bytes without NUL are no text", "c10.md", BINARY.replace(b"\0", b"x"), (" ",)),
    Case("a picture called .txt is no text", "c11.txt", b"\x89PNG\r\n\x1a\n\x00\x00", ("binary",)),
    Case("a PDF called .txt is no text", "c12.txt", _pdf("x"), ("binary",)),
    Case("a text called .pdf is none", "c13.pdf", EN.encode(), ("damaged",)),
    Case("a text called .docx is none", "c14.docx", EN.encode(), ("damaged",)),
    Case("controls are removed", "c15.txt", (EN + " c15\x07\x1b[31m red\x7f").encode(), "c15[31m red"),
    Case("bidirectional marks are removed", "c16.txt", (EN + " c16\u202etxt\u2066.exe\u2069").encode(), "c16txt.exe"),
    Case("a line separator is a line break", "c17.txt", (EN + " c17\u2028Next.").encode(), "c17\nNext."),
    Case("zero-width characters are removed", "c18.txt", (EN + " c18li\u200bght\ufeff").encode(), "c18light"),
    Case("a message in tag characters is removed", "c19.txt", (EN + " c19\U000e0041\U000e0042!").encode(), "c19!"),
    Case("one in variation selectors is cut to one", "c20.txt", (EN + " c20" + "\ufe01\U000e0101" * 90 + "!").encode(), "c20\ufe01!"),
    Case("a megabyte of combining marks is thinned", "c21.txt", ("c21 a" + "\u0301" * 500_000).encode(), "c21 á"),
    Case("ligatures that would grow 18-fold stay", "c22.txt", ("c22 " + "\ufdfa" * 1000).encode(), "\ufdfa" * 1000),
    Case("emoji joined of several stay whole", "c23.txt", "c23 👩‍👩‍👧 nice".encode(), "👩‍👩‍👧"),
    Case("text from right to left is read", "c24.txt", "c24 המגדלור יאיר שוב".encode(), "המגדלור"),
    Case("a word of a million letters is read", "c25.txt", b"c25 " + b"a" * 1_000_000, "aaaa"),
    Case("300,000 characters without a stop are read", "c26.txt", ("c26" + "字" * 300_000).encode(), "字字"),
    Case("100,000 dots before a letter are read", "c27.txt", b"c27 " + b"." * 100_000 + b"x", "...x"),
    Case("100,000 empty lines are no text", "c28.txt", b"\n" * 100_000, ("empty",)),
    Case("a suffix that is not read is named", "c29.png", b"\x89PNG", ("not a format that is read: .png",)),
    Case("no suffix is named", "LICENSE", EN.encode(), ("no suffix",)),
    Case("an upper-case suffix is read", "c30.TXT", (EN + " c30").encode(), "c30"),
    Case("the same text twice is read once", "c31.txt", f"{ZH}\n同".encode(), ("same text as c30b.txt",)),
    Case("of the same text the first is read", "c30b.txt", f"{ZH} 同\n".encode(), READ),
    Case("controls of the second table are removed", "c32.txt", (EN + " c32\x80\x9b31m red\x9f").encode(), "c3231m red"),
    Case("a line of 100 MB is skipped by its size", "c33.txt", sparse(100 * 2**20), ("larger than 20 MB",)),
    Case("Thai without spaces is read", "c34.txt", ("c34" + "ประภาคารเก่าสามแห่ง" * 500).encode(), "ประภาคาร"),
    Case("the same text in capitals and other spacing is read once", "c35.txt", f"{EN}  C35 ".upper().encode(), READ),
    Case("of these the second is named", "c36.txt", f"{EN} c35\n".encode(), ("same text as c35.txt",)),
    Case("the same text as Markdown is read once", "c37.md", f"**{EN}** c35".encode(), ("same text as c35.txt",)),
    Case("one word more is another article", "c38.txt", f"{EN} c35 more".encode(), "more"),
]  # fmt: skip
FORMATS = [
    Case("front matter of aliases that merge aliases stays text", "f01.md", front(MERGES[:15_000]), EN),
    Case("front matter of laughing lists stays text", "f02.md",
         front("a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))), EN),
    Case("an alias of itself stays text", "f03.md", front("a: &a [*a]"), EN),
    Case("a number of 15,000 digits is no title", "f04.md", front("title: 0x" + "f" * 15_000), EN),
    Case("8,000 brackets in front matter stay text", "f05.md", front("x: " + "[" * 8000), EN),
    Case("a tag that makes objects stays text", "f06.md", front("x: !!python/object/apply:os.system [ls]"), EN),
    Case("front matter without end stays text", "f07.md", b"---\ntitle: a\n" + EN.encode() + b" f07", EN),
    Case("front matter larger than its limit stays text", "f08.md", front("x: " + "a" * 20_000), EN),
    Case("a date that is none is left out", "f09.md", front("date: 2024-02-31x"), EN),
    Case("a date before the calendar is left out", "f10.md", front("date: 0001-01-01"), EN),
    Case("a date in other digits is left out", "f11.md", front("date: '２０２４'"), EN),
    Case("a title turned around is turned back", "f12.md", front('title: "gpj.\\u202Eexe\\ud800 f12"'), EN),
    Case("a source with controls is one line", "f13.md", front('source: "a\\nb\\x1b[2J"'), EN),
    Case("100,000 tags inside each other are refused", "f14.html", b"<div>" * 100_000 + EN.encode(), ("no article",)),
    Case("100,000 tables inside each other are refused", "f15.html", b"<table><tr><td>" * 100_000, ("no article",)),
    Case("entities of HTML are not multiplied", "f16.html",
         b'<!DOCTYPE d [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><p>&b;</p>', (" ",)),
    Case("a page cut off amid a tag is named or read", "f17.html", b"<html><body><p>" + EN.encode() + b"<a hre", EN),
    Case("a Word file of 300 MB is refused by its table", "f18.docx", _docx("0" * 300_000_000), ("unpacks to too much data",)),
    Case("a zip in a zip in a zip is no Word file", "f19.docx", nested_zip(3), ("damaged",)),
    Case("entities of Word files are not multiplied", "f20.docx", entity_bomb(), ("damaged",)),
    Case("a Word file cut off is refused", "f21.docx", _docx(EN)[:-40], ("damaged",)),
    Case("a Word file of elements 20,000 deep is named", "f22.docx", _docx("<w:x>" * 20_000 + "</w:x>" * 20_000), (" ",)),
    Case("a PDF stream that unpacks 1000-fold is refused", "f23.pdf", flate(b"0 " * 60_000_000), (" ",)),
    Case("a PDF cut off is refused", "f24.pdf", _pdf("Light.")[:200], (" ",)),
    Case("a PDF whose pages contain themselves is named", "f25.pdf",
         _pdf("x").replace(b"/Kids [3 0 R]", b"/Kids [2 0 R]"), (" ",)),
    Case("a PDF that claims a billion pages is read as far as it goes", "f26.pdf",
         _pdf("Light f26 for the boats.").replace(b"/Count 1", b"/Count 999999999"), "f26"),
    Case("a PDF of 20,000 brackets is refused", "f27.pdf",
         b"%PDF-1.4\n1 0 obj\n" + b"[" * 20_000 + b"\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF", (" ",)),
    Case("a PDF without text names the remedy", "f28.pdf", _pdf(), ("OCR",)),
    Case("a table of a gigabyte is not read", "f32.csv", sparse(2**30), ("larger than 20 MB",)),
    Case("gzip in gzip is no format that is read", "f33.txt.gz", gzipped(3), ("not a format that is read: .gz",)),
    Case("gzip called .txt is no text", "f34.txt", gzipped(1), ("binary",)),
    Case("a zip is no format that is read", "f35.zip", nested_zip(3), ("not a format that is read: .zip",)),
    Case("a good page after bad ones is read", "f29.html",
         f"<article><h1>f29</h1><p>{EN}</p><p>{ZH}</p><p>{TW}</p></article>".encode(), "灯塔"),
    Case("a good PDF after bad ones is read", "f30.pdf", _pdf("Light f30 for the boats."), "f30"),
    Case("a good Word file after bad ones is read", "f31.docx", _docx(EN + " f31"), "f31"),
]  # fmt: skip
COLLECTION = [
    Case("a good line is read", "a", line(_id="a", text=f"{EN} a"), EN),
    Case("a line that is not JSON is named", ":2", b"{oops", ("not JSON",)),
    Case("100,000 brackets are named", ":3", b"[" * 100_000, ("nested too deeply",)),
    Case("a number of 5,000 digits is named", ":4", b'{"_id": "b", "text": ' + b"9" * 5000 + b"}", ("limit",)),
    Case("a text that is no number is named", ":5", b'{"_id": "b", "text": NaN}', ("no text",)),
    Case("bad bytes are named", ":6", b'{"_id": "b", "text": "\xff"}', ("not UTF-8",)),
    Case("a list is named", ":7", b'["_id"]', ("not a JSON object",)),
    Case("a line without id is named", ":8", line(text="x"), ("no _id",)),
    Case("an id that is true is named", ":9", line(_id=True, text="x"), ("no _id",)),
    Case("an empty text is named", ":10", line(_id="b", text=""), ("empty",)),
    Case("the same id again is named", ":11", line(_id="a", text="Another."), ("same id as z.jsonl:1",)),
    Case("an id of a file is named", ":12", line(_id="e01.txt", text="Another."), ("same id as e01.txt",)),
    Case("an id that cannot be shown is named", ":13", line(_id="a\u202eb", text="x"), ("cannot be shown",)),
    Case("an id without end is named", ":14", line(_id="a" * 10**6, text="x"), ("longer than",)),
    Case("lone surrogates are removed", "s", line(_id="s", text=f"{EN} s\ud800\udfffs", title="T\udc80"), "ss"),
    Case("NUL and turned text are removed", "n", line(_id="n", text=f"{EN} n\0n\u202e!", source="s\u2067\0"), "nn!"),
    Case("facts of the wrong kind are left out", "w", line(_id="w", text=f"{EN} w", title=3, published=[], url={}), "w"),
    Case("of a key given twice the last counts", "k", b'{"_id": "x", "_id": "k", "text": "Lamps of k."}', "k"),
    Case("an absurd date is left out", "d", line(_id="d", text=f"{EN} d", published=10**30), "d"),
    Case("a source without end is cut", "l", line(_id="l", text=f"{EN} l", url="h" * 10**6), "l"),
    Case("NUL bytes are named", ":21", b"\0" * 50, ("not JSON",)),
    Case("a number is an id", "7", line(_id=7, text=f"{EN} 7"), "7"),
    Case("the same number as text is the same id", ":23", line(_id="7", text="Another."), ("same id as z.jsonl:22",)),
    Case("the last line is read, too", "z", line(_id="z", text=f"{EN} z"), "z"),
]  # fmt: skip
FILES = [
    Case("a link out of the folder is not followed", "l01.txt", link("/etc/hostname"), ("leaves the folder",)),
    Case("a link out through .. is not followed", "l02.txt", link("../" * 40 + "etc/hostname"), ("leaves the folder",)),
    Case("a link to a folder is named", "l03", link("/etc"), ("a link to a folder",)),
    Case("a link to its own folder is named", "l04", link("."), ("a link to a folder",)),
    Case("a link to itself is named", "l05.txt", link("l05.txt"), ("symbolic links",)),
    Case("a link to nothing is named", "l06.txt", link("nothing.txt"), ("No such file",)),
    Case("1,500 links in a row are named", "l07.txt", chain, ("symbolic links",)),
    Case("a link to a file beside it is the same text", "l08.txt", link("e01.txt"), ("same text",)),
    Case("a pipe is not opened", "l09.txt", os.mkfifo, ("not a regular file",)),
    Case("a pipe of lines is not opened", "l10.jsonl", os.mkfifo, ("not a regular file",)),
    Case("a socket is not opened", "l11.txt", listening, ("not a regular file",)),
    Case("a link to a device is not followed", "l12.txt", link("/dev/zero"), ("leaves the folder",)),
    Case("a folder called like a file is a folder", "l13.txt", lambda path: path.mkdir(), READ),
    Case("5 GB are skipped by their size", "l14.txt", sparse(5 * 2**30), ("larger than 20 MB",)),
    Case("a name of two lines is written out", "two\nlines.txt", b"x", ("cannot be shown",)),
    Case("a name with an escape is written out", "\x1b[2J.txt", b"x", ("cannot be shown",)),
    Case("a name that is turned around is written out", "a\u202etxt.md", b"x", ("cannot be shown",)),
    Case("a name that is not text is written out", os.fsdecode(b"bad\xff.txt"), b"x", ("cannot be shown",)),
    Case("a name of 255 bytes is read", "n" * 251 + ".txt", (EN + " n255").encode(), "n255"),
    Case("a name of dots is read", "n..txt", (EN + " dots").encode(), "dots"),
    Case("a hidden file is passed over", ".hidden.txt", EN.encode(), READ),
    Case("a hard link cannot be told from a file and is read", "l15.txt", hard_link, "linked hard"),
    Case("names that differ in their case are two files", "L16.txt", (EN + " upper").encode(), "upper"),
    Case("so the other is read, too", "l16.txt", (EN + " lower").encode(), "lower"),
    Case("a collection in UTF-16 is named once", "x16.jsonl", line(_id="u", text=EN).decode().encode("utf-16"), ("UTF-16",)),
    Case("a binary collection is named once", "x17.jsonl", bytes(10**6), ("binary",)),
    Case("an empty collection holds nothing", "x18.jsonl", b"\n \n", READ),
]  # fmt: skip
UNLISTED = {"l13.txt", ".hidden.txt", "x18.jsonl", "z.jsonl"}
PLAIN = [*ENCODINGS, *CONTENTS, *FORMATS, *FILES]
CASES = [*PLAIN, *COLLECTION]

# The rows of the plan: what they are about, and which cases belong to them, by the first part of their names.
ROWS = {
    "D1": "encodings: read right or refused, nothing mangled",
    "D2": "encodings that are declared wrongly or mixed",
    "D3": "NUL, controls, surrogates, bidirectional and invisible characters, heaps of marks: removed or refused",
    "D4": "empty, endless, without spaces or stops, other scripts: every character in a chunk, every chunk of bounded size",
    "D6": "malformed HTML, PDF, Word, YAML, JSON and lines of it: refused with place and reason, or read as far as it goes",
    "D7": "bombs (zip, gzip, PDF streams, entities): refused, in a process of its own with 2 GB",
    "D8": "links, loops, pipes, sockets, devices, names: nothing outside is read (hard links cannot be told and are read)",
    "D9": "files and folders that fail, vanish or grow meanwhile: named, the rest is read",
    "D10": "the same text or the same id again, in any format: one article, the other named",
}  # fmt: skip
_MEMBERS = {
    "D2": "e16 e18 e21 e22 e23 e24 e25 e26",
    "D3": "c08 c15 c16 c17 c18 c19 c20 c21 c22 c32 f12 f13 s n :13",
    "D10": "c30 c30b c31 c35 c36 c37 c38 l08 :11 :12 7 :23",
    "D7": "f16 f18 f19 f20 f23 f33 f34 f35",
    "D6": "c09 c10 c11 c12 c13 c14 c29 x16 x17 x18",
    "D8": "LICENSE",
}
_ROW_OF = {member: row for row, members in _MEMBERS.items() for member in members.split()}


def row_of(case: Case) -> str:
    """The row of the plan that a case belongs to."""
    for row, cases in (("D1", ENCODINGS), ("D4", CONTENTS), ("D6", [*FORMATS, *COLLECTION]), ("D8", FILES)):
        if case in cases:
            return _ROW_OF.get(case.name.split(".")[0], row)
    raise LookupError(case.name)


class Ingested(NamedTuple):
    articles: dict[str, Article]
    skipped: dict[str, str]

    def holds(self, case: Case) -> bool:
        """Whether a case ended as its verdict says, and nowhere else."""
        name = reading.shown(case.name)
        place = f"z.jsonl{name}" if name.startswith(":") else name
        if case.name in UNLISTED:
            return place not in self.articles and place not in self.skipped
        if isinstance(case.verdict, tuple):
            return case.verdict[0] in self.skipped.get(place, "") and place not in self.articles
        return place in self.articles and case.verdict in self.articles[place].text


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Ingested:
    """The folder of all cases, read once."""
    for library in ("trafilatura", "pypdfium2", "mammoth"):
        pytest.importorskip(library)
    folder = tmp_path_factory.mktemp("corpus")
    for case in PLAIN:
        path = folder / case.name
        if callable(case.content):
            case.content(path)
        else:
            path.write_bytes(case.content)
    (folder / "z.jsonl").write_bytes(
        b"\n".join(case.content for case in COLLECTION if isinstance(case.content, bytes))
    )
    articles, skipped = read_articles(folder)
    assert len({skip.file for skip in skipped}) == len(skipped)
    return Ingested({a.id: a for a in articles}, {skip.file: skip.reason for skip in skipped})


@pytest.mark.parametrize("case", CASES, ids=[case.says for case in CASES])
def test_in_a_folder_of_bad_files(case: Case, ingested: Ingested) -> None:
    assert ingested.holds(case), (ingested.skipped.get(case.name), ingested.articles.get(case.name))


def test_every_file_of_the_folder_has_its_verdict_and_the_counts_add_up(
    ingested: Ingested, tally: Tally
) -> None:
    held = [(row_of(case), ingested.holds(case)) for case in CASES]
    for row in sorted({row for row, _ in held}):
        of_row = [well for its, well in held if its == row]
        tally(row, ROWS[row], sum(of_row), len(of_row))
    assert f"{sum(well for _, well in held)} of {len(CASES)}" == "153 of 153"
    assert len(ingested.articles) + len(ingested.skipped) == len(CASES) - (len(UNLISTED) - 1)


def test_what_is_read_can_be_stored_shown_and_cut_at_exact_places(ingested: Ingested) -> None:
    for article in ingested.articles.values():
        for said in (article.id, article.title, article.text, article.source, *article.links):
            said.encode("utf-8")
            assert not UNSEEN & set(said), article.id
            assert "\ufffd" not in said
        assert tidy(article.text) == article.text
        assert max(map(len, (article.id, article.title, article.source))) <= 2000
        assert article.published is None or article.published >= "1000"
        chunks = split(article)
        assert all(article.text[c.start : c.end] == c.text for c in chunks)
        # A tail of less than a third joins the chunk before it; a pair of marks may stand for one.
        assert all(weight(c.text) <= 300 * 4 / 3 + 1 for c in chunks), article.id
        covered = "".join(c.text for c in chunks)
        assert "".join(covered.split()) == "".join(article.text.split()), article.id


def test_selectors_that_meet_when_others_go_are_one() -> None:
    assert tidy("a\ufe01\u200b\ufe02b") == "a\ufe01b"


def test_reasons_are_one_short_line(ingested: Ingested) -> None:
    for reason in ingested.skipped.values():
        assert reason.isprintable()
        assert 0 < len(reason) <= 200


# --- what costs too much ---------------------------------------------------------------------


def read_in(seconds: float, patch: pytest.MonkeyPatch, suffix: str, data: bytes) -> str:
    """What a file is refused for that may take so many seconds."""
    with Confined() as reader:
        assert reader.read(".docx", _docx("Light."))[0].text.strip() == "Light."
        patch.setattr(sandbox, "SECONDS", seconds)
        with pytest.raises(ValueError, match=r"\S") as refused:
            reader.read(suffix, data)
        patch.undo()
        # The process was ended; the next file gets another one.
        assert reader.read(".docx", _docx("Light."))[0].text.strip() == "Light."
    return str(refused.value)


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        (".html", b"<html><body>" + b"<p>Hello world here.</p>" * 45_000),
        (".docx", _docx("0" * 150_000_000)),
        (".docx", _docx(*["x"] * 600_000)),
    ],
    ids=["a page of 45,000 paragraphs", "a Word file of 150 MB", "a Word file of 600,000 paragraphs"],
)
def test_a_file_that_takes_too_long_is_refused_and_the_next_one_read(
    suffix: str, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trafilatura")
    pytest.importorskip("mammoth")
    assert read_in(1.5, monkeypatch, suffix, data).startswith("reading it needs more than 2 seconds")


def test_a_pdf_of_too_many_pages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pypdfium2")
    monkeypatch.setattr(pdf, "MAX_PAGES", 1)
    pages = _pdf("x").replace(b"/Kids [3 0 R] /Count 1", b"/Kids [3 0 R 3 0 R] /Count 2")
    with pytest.raises(ValueError, match="more than 1 pages"):
        formats.read(".pdf", pages)


def test_a_process_that_dies_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mammoth")
    with Confined() as reader:
        reader.read(".docx", _docx("Light."))
        assert reader._process is not None
        reader._process.kill()
        assert reader.read(".docx", _docx("Light again."))[0].text.strip() == "Light again."
        monkeypatch.setattr(sys, "executable", "/bin/false")
        reader._process.kill()
        with pytest.raises(ValueError, match="reading it needs more"):
            reader.read(".docx", _docx("Light."))
    (tmp_path / "a.docx").write_bytes(_docx(EN))
    assert [skip.file for skip in read_articles(tmp_path)[1]] == ["a.docx"]


def peak(path: Path) -> tuple[list[str], list[Skipped], int]:
    """Ids and skips of a corpus, and the most memory in MB that reading it held."""
    tracemalloc.start()
    try:
        articles, skipped = read_articles(path)
        return [article.id for article in articles], skipped, tracemalloc.get_traced_memory()[1] >> 20
    finally:
        tracemalloc.stop()


def test_a_line_of_200_mb_is_skipped_alone_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    with path.open("wb") as handle:
        handle.write(line(_id="a", text="One." * 2000) + b'\n{"_id": "huge", "text": "')
        handle.seek(200 * 2**20, os.SEEK_CUR)
        handle.write(b'"}\n' + line(_id="b", text="Two."))
    ids, skipped, megabytes = peak(path)
    assert (ids, skipped) == (["a", "b"], [Skipped("c.jsonl:2", "line larger than 20 MB")])
    assert megabytes < 100


def test_files_of_gigabytes_are_not_read_at_all(tmp_path: Path) -> None:
    for suffix in sorted(SUFFIXES - {".jsonl"}):
        sparse(5 * 2**30)(tmp_path / f"a{suffix}")
    ids, skipped, megabytes = peak(tmp_path)
    assert not ids
    assert {skip.reason for skip in skipped} == {"larger than 20 MB"}
    assert len(skipped) == len(SUFFIXES) - 1
    assert megabytes < 2


@pytest.mark.skipif(sys.platform != "linux", reason="files that say they are empty and are not")
def test_a_file_that_is_larger_than_it_said_is_not_read_on(
    monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 10)
    found = read_articles(Path("/proc/cpuinfo"))
    expected = ([], [Skipped("cpuinfo", "larger than 0 MB")])
    tally("D9", ROWS["D9"], found == expected, 1)
    assert found == expected


def test_a_million_bad_lines_are_counted_and_not_named_each(tmp_path: Path) -> None:
    (tmp_path / "c.jsonl").write_bytes(b"x\n" * 50_000 + line(_id="a", text="One."))
    articles, skipped = read_articles(tmp_path)
    assert [article.id for article in articles] == ["a"]
    assert len(skipped) == 1001
    assert skipped[-1] == Skipped("c.jsonl", "49000 more lines that cannot be read")


def test_1500_folders_inside_each_other_are_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for depth in range(1500):
        Path("d").mkdir()
        os.chdir("d")
        if depth in (3, 1499):
            Path("a.txt").write_text(f"{EN} {depth}", encoding="utf-8")
    try:
        articles, skipped = read_articles(tmp_path)
    finally:
        os.chdir(tmp_path)
        subprocess.run(["rm", "-r", "d"], check=True)  # pytest calls itself for each folder, too
    assert [article.id for article in articles] == ["d/" * 4 + "a.txt", "d/" * 1500 + "a.txt"]
    assert not skipped


@pytest.mark.parametrize(
    "path", ["x" * 5000, "a\0b", "/dev/null/x"], ids=["too long", "with NUL", "below a device"]
)
def test_a_corpus_that_cannot_be_named_is_missing(path: str) -> None:
    with pytest.raises(CorpusError, match="there is no corpus"):
        read_articles(Path(path))


# --- what goes wrong meanwhile ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("open", PermissionError(13, "Permission denied")),
        ("open", OSError(5, "Input/output error")),
        ("fstat", OSError(116, "Stale file handle")),
        ("open", FileNotFoundError(2, "No such file or directory")),
        ("open", MemoryError()),
    ],
    ids=lambda given: str(given),
)
def test_a_file_that_fails_is_named_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally, call: str, error: BaseException
) -> None:
    for name in ("a.txt", "b.txt", "c.jsonl"):
        (tmp_path / name).write_bytes(line(_id=name, text=f"{EN} {name}"))
    real, calls = getattr(os, call), []

    def failing(*given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) == 1:
            raise error
        return real(*given, **named)

    monkeypatch.setattr(os, call, failing)
    articles, skipped = read_articles(tmp_path)
    monkeypatch.undo()
    named = skipped == [Skipped("a.txt", getattr(error, "strerror", "") or "needs more memory than there is")]
    tally("D9", ROWS["D9"], named and len(articles) == 2, 1)
    assert [article.id for article in articles] == ["b.txt", "c.jsonl"]
    assert named, skipped


def test_a_file_that_grows_while_it_is_read_is_read_to_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    (tmp_path / "a.txt").write_text(EN, encoding="utf-8")
    (tmp_path / "b.txt").write_text(f"{EN} b", encoding="utf-8")
    monkeypatch.setattr(reading, "MAX_BYTES", 200)
    real = os.fstat

    def growing(number: int) -> os.stat_result:
        found = real(number)
        with (tmp_path / "a.txt").open("a", encoding="utf-8") as handle:
            handle.write("x" * 200)
        return found

    monkeypatch.setattr(os, "fstat", growing)
    articles, skipped = read_articles(tmp_path)
    monkeypatch.undo()
    named = skipped == [Skipped("a.txt", "larger than 0 MB")]
    tally("D9", ROWS["D9"], named and [article.id for article in articles] == ["b.txt"], 1)
    assert named, skipped
    assert [article.id for article in articles] == ["b.txt"]


def test_a_file_swapped_for_a_link_or_a_pipe_before_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    corpus_folder, secret = tmp_path / "corpus", tmp_path / "secret.txt"
    corpus_folder.mkdir()
    secret.write_text("Nobody may read this.", encoding="utf-8")
    ends = {}
    for name, put in (("link", lambda path: path.symlink_to(secret)), ("pipe", os.mkfifo)):
        path = corpus_folder / "a.txt"
        path.write_text(EN, encoding="utf-8")
        real = os.open

        def swapping(
            given: Any, *rest: Any, path: Path = path, put: Any = put, real: Any = real, **named: Any
        ) -> int:
            if str(given).endswith("a.txt") and path.is_file() and not path.is_symlink():
                path.unlink()
                put(path)
            return int(real(given, *rest, **named))

        monkeypatch.setattr(os, "open", swapping)
        articles, skipped = read_articles(corpus_folder)
        monkeypatch.undo()
        ends[name] = not articles and [skip.file for skip in skipped] == ["a.txt"]
        path.unlink()
    tally("D8", ROWS["D8"], sum(ends.values()), len(ends))
    assert all(ends.values()), ends


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), FileNotFoundError(2, "No such file")]
)
def test_a_folder_that_may_not_be_entered_or_vanished_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally, error: OSError
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.txt").write_text(f"{EN} {name}", encoding="utf-8")
    real = os.scandir

    def closed(path: Path) -> object:
        if path.name == "a":
            raise error
        return real(path)

    monkeypatch.setattr(os, "scandir", closed)
    articles, skipped = read_articles(tmp_path)
    named = skipped == [Skipped("a", error.strerror)]
    tally("D9", ROWS["D9"], named and [article.id for article in articles] == ["b/x.txt"], 1)
    assert [article.id for article in articles] == ["b/x.txt"]
    assert named, skipped


# --- near copies -----------------------------------------------------------------------------

COPY = (
    "The old lighthouse went to a new owner on Monday, after many years in which nobody looked after it. Its buyer "
    "bought the lamp and the light, said the keeper {}, who saw it all from the harbour and wrote it down for us."
)


def test_a_thousand_near_copies_take_one_place_of_an_answer(chinese: House, tally: Tally) -> None:
    names = ["".join(letters) for letters in itertools.product("abcdefghij", repeat=3)]
    copies = [line(_id=f"copy-{name}", title="Old tower", text=COPY.format(name * 2)) for name in names]
    (chinese.settings.corpus / "copies.jsonl").write_bytes(b"\n".join(copies))
    chinese.build({})
    pipeline = chinese.open(ScriptedGenerator([""]))
    found = pipeline.search("Who bought the lamp and the light?", use_llm=False)
    places = [passage for passage in found if passage.article.id.startswith("copy-")]
    what = "1,000 near copies of one article take one place of an answer (what ranks below them is then not shown)"
    tally("D10", what, len(places) == 1 and len(places[0].also_in) > 5, 1)
    assert len(places) == 1
    assert len(places[0].also_in) > 5


# --- the counts ------------------------------------------------------------------------------

_TREE = st.recursive(
    st.binary(max_size=60)
    | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from(
        [EN.encode(), ZH.encode("gb18030"), b"pipe", b"link:b.txt", b"link:..", b"link:/etc", b"link:d"]
    ),
    lambda below: st.dictionaries(
        st.sampled_from(
            ["a.txt", "b.txt", "c.md", "d", "e.html", "f.pdf", "g.docx", "h\n.txt", "i\udcff.md", "j.png"]
        ),
        below,
        max_size=6,
    ),
    max_leaves=12,
)


def plant(folder: Path, tree: dict[str, object]) -> int:
    """Make a folder; how many files and links were put there."""
    count = 0
    for name, content in tree.items():
        path = folder / name
        if isinstance(content, dict):
            path.mkdir()
            count += plant(path, content)
            continue
        count += 1
        if content == b"pipe":
            os.mkfifo(path)
        elif isinstance(content, bytes) and content.startswith(b"link:"):
            path.symlink_to(content[5:].decode())
        elif isinstance(content, bytes):
            path.write_bytes(content)
    return count


@given(tree=_TREE)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_files_seen_are_articles_duplicates_and_skips(
    tree: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("corpus")
    seen = plant(folder, tree if isinstance(tree, dict) else {"a.txt": tree})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Confined, "read", lambda self, suffix, data: read_all(suffix, data))
        articles, skipped = read_articles(folder)
    twice = sum(skip.reason.startswith("same ") for skip in skipped)
    assert seen == len(articles) + twice + sum(not skip.reason.startswith("same ") for skip in skipped)
    assert len({a.id for a in articles} | {skip.file for skip in skipped}) == seen
    json.dumps([[a.title, a.text, a.source] for a in articles], ensure_ascii=False).encode("utf-8")

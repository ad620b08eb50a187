"""How long files take from the disk to cleaned articles, in two trees of this project.

    python benchmarks/reading.py --texts ../shared/bench/rgb-zh/corpus.jsonl --before ../before/src --core 1

Makes files of the formats that both trees read, out of the texts of one pack, and reads them with each tree's
``read_articles`` in turn: seconds of the processor, children included, and the ratio of the medians. Nothing is
encoded, but with ``--index``, which builds the whole index of them. The other tree may need libraries of its own.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import textwrap
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

AFTER = Path(__file__).parents[1] / "src"
_READ = """
import sys; from pathlib import Path; from ragqa.corpus import read_articles
print(len(read_articles(Path(sys.argv[1]))[0]))
"""
_INDEX = """
import sys, tempfile; from pathlib import Path; from ragqa.index import update; from ragqa.settings import Settings
with tempfile.TemporaryDirectory() as index:
    print(update(Settings.load(corpus=Path(sys.argv[1]), index=Path(index, "index")), full=True).articles)
"""
_FONT, _LINE, _LINES_A_PAGE = "STSong-Light", 40, 45
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
Paragraphs = Sequence[str]


def main() -> None:
    """Measure each format and print a row for it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--texts", type=Path, required=True)
    arguments.add_argument("--before", type=Path, required=True, help="src/ of the other tree")
    arguments.add_argument("--files", type=int, default=300, help="of each format")
    arguments.add_argument("--times", type=int, default=5)
    arguments.add_argument("--index", action="store_true", help="build the index of all files, too")
    arguments.add_argument("--core", type=int, help="keep to this core")
    chosen = arguments.parse_args()
    if chosen.core is not None:
        os.sched_setaffinity(0, {chosen.core})
    print("| files | articles before, after | s before | s after | ratio |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        articles = _articles(chosen.texts, chosen.files)
        for suffix, write in WRITERS.items():
            part = Path(folder) / suffix.strip(".")
            part.mkdir()
            for number, (title, paragraphs) in enumerate(articles):
                (part / f"{number:05}{suffix}").write_bytes(write(title, paragraphs))
            print(_row(f"{len(articles)} {suffix}", part, chosen.before, chosen.times), flush=True)
        print(_row("all of them", Path(folder), chosen.before, chosen.times), flush=True)
        if chosen.index:
            print(_row("all of them, indexed", Path(folder), chosen.before, chosen.times, program=_INDEX))


def _articles(texts: Path, most: int) -> list[tuple[str, list[str]]]:
    """Titles and paragraphs, three texts an article: those of a pack are short."""
    rows = [json.loads(line) for line in texts.read_text(encoding="utf-8").splitlines()]
    thirds = zip(rows[::3], rows[1::3], rows[2::3], strict=False)
    made = [(str(a["title"]), [str(row["text"]) for row in (a, b, c)]) for a, b, c in thirds]
    return made[:most]


def _row(name: str, folder: Path, before: Path, times: int, program: str = _READ) -> str:
    counts: dict[Path, str] = {}
    seconds: dict[Path, list[float]] = {before: [], AFTER: []}
    for _ in range(times):
        for tree in seconds:
            began = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [sys.executable, "-c", program, str(folder)],
                env={**os.environ, "PYTHONPATH": str(tree), "OMP_NUM_THREADS": "1"},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            ended = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds[tree].append(ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime)
            counts[tree] = done.stdout.strip()
    old, new = (statistics.median(seconds[tree]) for tree in (before, AFTER))
    return f"| {name} | {counts[before]}, {counts[AFTER]} | {old:.2f} | {new:.2f} | {new / old:.2f} |"


# --- files -----------------------------------------------------------------------------------


def _wrapped(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n\n".join([title, *("\n".join(textwrap.wrap(p, _LINE)) for p in paragraphs)]).encode()


def _text(title: str, paragraphs: Paragraphs) -> bytes:
    return "\n".join([title, *paragraphs]).encode()


def _markdown(title: str, paragraphs: Paragraphs) -> bytes:
    head = f"---\ntitle: {json.dumps(title, ensure_ascii=False)}\ndate: 2024-03-05\nsource: https://a.example/1\n---\n"
    parts = [f"## {number}\n\n{p} [1](https://a.example/{number})" for number, p in enumerate(paragraphs)]
    return (head + f"# {title}\n\n" + "\n\n".join(parts)).encode()


def _page(title: str, paragraphs: Paragraphs) -> bytes:
    links = "".join(f'<li><a href="/c/{n}">channel {n}</a></li>' for n in range(30))
    body = "".join(f"<p>{html.escape(p)}</p>" for p in paragraphs)
    return (
        f"<html><head><title>{html.escape(title)} - A Paper</title>"
        "<meta property='article:published_time' content='2024-03-05'></head>"
        f"<body><nav><ul>{links}</ul></nav><article><h1>{html.escape(title)}</h1>"
        "<div>2024-03-05 Source: A Paper</div>"
        f"{body}</article><footer><ul>{links}</ul>Copyright A Paper</footer></body></html>"
    ).encode()


def _word(title: str, paragraphs: Paragraphs) -> bytes:
    packed = io.BytesIO()
    runs = "".join(f"<w:p><w:r><w:t>{escape(p)}</w:t></w:r></w:p>" for p in (title, *paragraphs))
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml", f'<w:document xmlns:w="{_W}"><w:body>{runs}</w:body></w:document>'
        )
    return packed.getvalue()


def _pdf(title: str, paragraphs: Paragraphs) -> bytes:
    if _FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    packed = io.BytesIO()
    canvas = Canvas(packed, pagesize=(595, 842), invariant=1)
    lines = [line for p in (title, *paragraphs) for line in (*textwrap.wrap(p, _LINE), "")]
    for at in range(0, len(lines), _LINES_A_PAGE):
        for number, line in enumerate(lines[at : at + _LINES_A_PAGE]):
            canvas.setFont(_FONT, 11)
            canvas.drawString(80, 760 - 16 * number, line)
        canvas.showPage()
    canvas.save()
    return packed.getvalue()


WRITERS: Mapping[str, Callable[[str, Paragraphs], bytes]] = {
    ".txt": _text,
    ".wrapped.txt": _wrapped,
    ".md": _markdown,
    ".html": _page,
    ".docx": _word,
    ".pdf": _pdf,
}


if __name__ == "__main__":
    main()

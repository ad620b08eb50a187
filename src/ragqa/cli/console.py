"""Input and output of the command line: batches, answers as text, progress on stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from ragqa.errors import CorpusError, SettingsError

if TYPE_CHECKING:
    from ragqa.types import Language, Progress

# Short answers that stand on one line.
_IN_A_LINE = 2


@contextmanager
def bar(label: str, *, unit: Literal["bytes", "chunks", "questions"], quiet: bool) -> Iterator[Progress]:
    """A progress bar with speed and time left; plain lines without a terminal."""
    if quiet:
        yield lambda done, total, rate=0.0: None
    elif sys.stderr.isatty():
        yield from _drawn(label, unit)
    else:
        yield _written(label, unit)


def _drawn(label: str, unit: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Drawn

    count = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    columns = (
        TextColumn("{task.description}"), BarColumn(), count, TextColumn("{task.fields[speed]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Drawn(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(label, total=None, speed="")
        yield lambda done, total, rate=0.0: progress.update(
            task, completed=done, total=total, speed=_speed(rate)
        )


def _written(label: str, unit: str) -> Progress:
    """Progress for logs: a line at each tenth."""
    tenths = -1
    started = time.monotonic()

    def update(done: int, total: int, rate: float = 0.0, /) -> None:
        nonlocal tenths
        now = 10 * done // total if total else 10
        if now > tenths:
            tenths = now
            amount = (
                f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
                if unit == "bytes"
                else f"{done} of {total} {unit}"
            )
            left = (time.monotonic() - started) * (total - done) / done if rate and done else 0.0
            facts = [amount, _speed(rate), f"{left:.0f} s left" if left else ""]
            print(f"{label}: {', '.join(filter(None, facts))}", file=sys.stderr, flush=True)

    return update


def _speed(rate: float) -> str:
    return f"{rate:,.0f} tokens a second" if rate else ""


def give_way(level: int) -> None:
    """Let other programs go first: on an idle machine it costs nothing. A higher level stays as it is."""
    # Windows has no such call, and a container may forbid it.
    with suppress(AttributeError, OSError):
        if os.getpriority(os.PRIO_PROCESS, 0) < level:
            os.setpriority(os.PRIO_PROCESS, 0, level)


def read_batch(path: Path) -> Iterator[tuple[Any, str | None, str]]:
    """(id, question, error) of each line; one of question and error is given."""
    if str(path) != "-" and not path.is_file():
        raise CorpusError(f"the batch file {path} does not exist")
    lines = sys.stdin.buffer if str(path) == "-" else path.open("rb")
    with lines:
        for number, raw in enumerate(lines, start=1):
            if not raw.strip():
                continue
            identity: Any = None
            try:
                row = json.loads(raw.decode("utf-8-sig"))
                if not isinstance(row, dict):
                    raise ValueError("it is no JSON object")
                identity = row.get("id", row.get("_id"))
                question = row.get("question", row.get("text"))
                if not isinstance(question, str) or not question.strip():
                    raise ValueError('it has no "question"')
                yield identity, question, ""
            except (ValueError, RecursionError) as error:
                yield identity, None, f"line {number}: {error}"


def read_document(path: Path, *, schema: str) -> dict[str, Any]:
    """One JSON document of a schema from a file, or from stdin for "-". Raises SettingsError."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        document = json.loads(text)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise SettingsError(f"{path} is no {schema} document")
    return document


def answer_text(document: dict[str, Any]) -> str:
    """A ``ragqa.answer/2`` document for a reader: short answers, quotes, references; the note first where unsure."""
    from ragqa.answer import word

    language, note = document["language"], document["note"]
    parts = [f"({document['question']})"] if document["asked"] != document["question"] else []
    short = list(dict.fromkeys(answer["text"] for answer in document["answers"]))
    if short:
        parts.append((" · " if len(short) <= _IN_A_LINE else "\n").join(short))
    elif note:
        parts.append(note)
    written = [_marked(s) for s in document["statements"] if s["kind"] == "written"]
    if written:
        parts.append("\n".join([word("written", language), *written]))
    parts += [_quote(s, language) for s in document["statements"] if s["kind"] == "quote"]
    if short and note:
        parts.append(f"({note})")
    if document["cached"]:
        parts.append(f"({word('cached', language)})")
    if document["citations"]:
        parts.append("\n".join(map(_reference, document["citations"])))
    if document["status"] == "not_found":
        parts.append(passages_text(document["passages"]))
    return "\n\n".join(parts)


def _marked(statement: dict[str, Any]) -> str:
    """A statement and its markers; the markers stand outside it, so that a quote stays whole."""
    markers = "".join(f"[{n}]" for n in statement["citations"])
    return f"{statement['text']} {markers}".rstrip()


def _quote(statement: dict[str, Any], language: Language) -> str:
    from ragqa.answer import word

    translation = statement["translation"]
    below = f"\n    {word('translated', language, text=translation)}" if translation else ""
    return f"{_marked(statement)}{below}"


def _reference(citation: dict[str, Any]) -> str:
    facts = [citation["title"], citation["author"], citation["published"], citation["article_id"]]
    return f"[{citation['marker']}] {' · '.join(fact for fact in facts if fact)}"


def passages_text(passages: list[dict[str, Any]]) -> str:
    """Passages of a document for a reader, a paragraph each."""
    return "\n\n".join(map(_passage_text, passages))


def _passage_text(p: dict[str, Any]) -> str:
    lines = [
        f"{p['rank']}. {p['title']} · {p['published'] or 'no date'} · {p['article_id']} · {p['score']:.3f}",
        f"   {' '.join(p['text'].split())}",
    ]
    if p.get("also_in"):
        lines.append(f"   also in: {', '.join(p['also_in'])}")
    if p.get("signals"):
        why = ", ".join(f"{name} {s['value']:.3f} ({s['points']:+.3f})" for name, s in p["signals"].items())
        lines.append(f"   why: 0.5 {why}")
    return "\n".join(lines)


def say(text: str) -> None:
    """A message on stderr."""
    print(text, file=sys.stderr, flush=True)


def leave(code: int) -> NoReturn:
    """End the process. At once when a model is loaded: a thread may still be reading, and freeing takes .4 s."""
    sys.stdout.flush()
    sys.stderr.flush()
    if {"xllamacpp", "openvino"} & sys.modules.keys():
        os._exit(code)
    sys.exit(code)

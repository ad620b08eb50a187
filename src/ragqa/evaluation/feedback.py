"""Answers that people judged, as candidates for the gold set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from ragqa.errors import GoldError
from ragqa.evaluation.gold import Evidence, GoldRow, gold_line, read_gold

Candidate = dict[str, Any]


def keep(path: Path, answer: Mapping[str, Any], *, good: bool, comment: str = "") -> None:
    """Append an answer (``ragqa.answer/2``) that a reader judged."""
    row = {
        "schema": "ragqa.candidate/1",
        "kept": datetime.now(UTC).isoformat(timespec="seconds"),
        "good": good,
        "comment": comment,
        "question": answer["question"],
        "language": answer["language"],
        "status": answer["status"],
        "text": answer["text"],
        "citations": [{"article_id": c["article_id"], "quote": c["quote"]} for c in answer["citations"]],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with _alone(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def pending(path: Path) -> list[Candidate]:
    """Candidates nobody has decided on. Raises GoldError naming a line that cannot be read."""
    if not path.exists():
        return []
    found = []
    # Lines of bytes: a text may hold characters that str.splitlines would part it at.
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            if line.strip():
                found.append(json.loads(line))
        except ValueError as error:
            raise GoldError(f"{path}, line {number}: it is no JSON; mend or delete the line") from error
    return found


def shown(candidate: Candidate) -> str:
    """A candidate as text for the person who decides."""
    thumb = "good" if candidate["good"] else "bad"
    lines = [f"{candidate['question']}\n", candidate["text"], f"\n({thumb}, {candidate['kept']})"]
    if candidate["comment"]:
        lines.append(candidate["comment"])
    lines += [f"  {c['article_id']}: {c['quote']}" for c in candidate["citations"]]
    return "\n".join(lines)


def accept(candidate: Candidate, gold: Path, words: str | None) -> str:
    """Add a candidate to a gold set; its id there.

    ``words`` are what a right answer holds, alternatives parted by ``|``, groups by ``;``; None makes it
    an unanswerable question. GoldError when the question is in the set already, or no words are given.
    """
    known = read_gold(gold).questions if gold.exists() and gold.read_bytes().strip() else ()
    if any(q.question == candidate["question"] for q in known):
        raise GoldError(f"{gold} holds the question “{candidate['question']}” already; reject it")
    groups = [[a.strip() for a in part.split("|") if a.strip()] for part in (words or "").split(";")]
    groups = [group for group in groups if group]
    if words is not None and not groups:
        raise GoldError("a right answer needs words to be known by; nothing was added")
    taken = {q.id for q in known}
    number = next(n for n in range(len(known) + 1, 2 * len(known) + 2) if f"use-{n}" not in taken)
    row = GoldRow(
        id=f"use-{number}",
        question=candidate["question"],
        language=candidate["language"],
        answerable=words is not None,
        answers=groups,
        evidence=[Evidence(**c) for c in candidate["citations"]] if words is not None else [],
        group=None,
        tags=["from-use"] if words is not None else ["from-use", "unanswerable"],
    )
    before = gold.read_text(encoding="utf-8") if gold.exists() else ""
    gap = "" if not before or before.endswith("\n") else "\n"
    _replace(gold, f"{before}{gap}{gold_line(row)}\n")
    return row.id


def drop(path: Path, candidate: Candidate) -> None:
    """Remove a decided candidate from the file; newer ones stay."""
    with _alone(path):
        rows = pending(path)
        rows.remove(candidate)
        _replace(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _alone(path: Path) -> FileLock:
    return FileLock(path.with_name(path.name + ".lock"), timeout=10)

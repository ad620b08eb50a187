"""What the default system answers, cites and refuses on packs of questions, and how long it takes.

Run: python benchmarks/answers.py PACK[:n]… --packs BENCH [--work DIR] [--closed-book]. Every question is
answered with nothing refused by its confidence, and one line of DIR/answers.PACK.jsonl keeps what came:
stop and start again as you like. The table is then made of the lines, with the weights and the threshold of
now.
Means with 95 % intervals by bootstrap over questions; seconds as p50 / p95 on this machine.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.building import build_index
from ragqa.citing import judge
from ragqa.confidence import confidence
from ragqa.pipeline import Pipeline, load_encoder, open_generator
from ragqa.records import Answer, Encoder, Message
from ragqa.settings import Settings
from ragqa.text import language_of

RESAMPLES = 2000


def main() -> None:
    """Answer what is not answered yet, then print a table a pack."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack", nargs="+", help="name of a pack; :n takes n of its questions")
    parser.add_argument("--packs", type=Path, required=True, help="folder of packs")
    parser.add_argument("--work", type=Path, default=Path("index/.bench"), help="indexes and answers")
    parser.add_argument("--closed-book", action="store_true", help="also ask without passages")
    chosen = parser.parse_args()
    settings = Settings.load()
    for spec in chosen.pack:
        pack, _, most = spec.partition(":")
        rows = [json.loads(line) for line in (chosen.packs / pack / "queries.jsonl").open(encoding="utf-8")]
        rows = _sample(rows, int(most)) if most else rows
        path = chosen.work / f"answers.{pack}.jsonl"
        _answer(rows, chosen.packs / pack, chosen.work / pack, path, closed_book=chosen.closed_book)
        asked = {row["id"]: row for row in rows}
        found = [json.loads(line) for line in path.open(encoding="utf-8")]
        found = [row for row in found if row["id"] in asked]
        for row in found:
            row["right"] = _right(asked[row["id"]], row["text"])
        _table(pack, found, settings.refuse_below)


def _sample(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Half of them unanswerable, where a pack has such."""
    drawn = np.random.default_rng(0)
    parts = [[r for r in rows if r["answerable"]], [r for r in rows if not r["answerable"]]]
    sizes = [round(most / 2), most - round(most / 2)] if parts[1] else [most, 0]
    return [
        part[at]
        for part, size in zip(parts, sizes, strict=True)
        for at in sorted(drawn.permutation(len(part))[:size])
    ]


def _answer(
    rows: Sequence[dict[str, Any]], folder: Path, index: Path, path: Path, *, closed_book: bool
) -> None:
    """Append a line for each question that has none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    done = {json.loads(line)["id"] for line in path.open(encoding="utf-8")}
    if all(row["id"] in done for row in rows):
        return
    settings = Settings.load(corpus=folder / "corpus.jsonl", index=index, refuse_below=0.0)
    encoder = load_encoder(settings)
    build_index(settings.corpus, index, encoder=lambda: encoder, chunk_size=settings.chunk_size)
    pipeline = Pipeline.open(settings)
    pipeline.answer("who was it?")
    relevant = _relevant(folder)
    for row in rows:
        if row["id"] in done:
            continue
        record = _record(row, pipeline, encoder, relevant.get(row["id"], set()))
        if closed_book:
            record["closed_book"] = _right(row, _without_passages(row["text"], settings))
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _record(row: dict[str, Any], pipeline: Pipeline, encoder: Encoder, relevant: set[str]) -> dict[str, Any]:
    """One question's answer, judged."""
    started, verified, extractive, answer = time.monotonic(), 0.0, None, None
    for answer in pipeline.stream(row["text"]):
        if answer.mode == "extractive":
            extractive = answer
        if answer.mode == "generating" and answer.statements and not verified:
            verified = time.monotonic() - started
    assert answer is not None
    held = _held(answer, encoder)
    return {
        "id": row["id"], "question": row["text"], "answerable": row["answerable"],
        "status": answer.status, "confidence": answer.confidence, "signs": answer.signs, "text": answer.text,
        "statements": [(s.text, s.verdict, ok) for s, ok in zip(answer.statements, held, strict=True)],
        "exact": all(c.quote == c.article.text[c.start : c.end] for c in answer.citations),
        "cited": [c.article.id in relevant for c in answer.citations],
        "right": _right(row, answer.text),
        "language": _in_language(answer.text, row["text"]),
        "right_extractive": _right(row, extractive.text if extractive else ""),
        "right_top_passage": _right(row, answer.passages[0].chunk.text if answer.passages else ""),
        "in_passages": _right(row, "\n".join(p.chunk.text for p in answer.passages)),
        "source_s": answer.timings_ms.get("retrieve", 0) / 1000,
        "extractive_s": answer.timings_ms.get("first_statement", 0) / 1000,
        "verified_s": verified, "total_s": answer.timings_ms["total"] / 1000,
    }  # fmt: skip


def _in_language(text: str, question: str) -> bool:
    """Whether an answer is in the language of its question; a bare number is in any."""
    return not re.search(r"[^\W\d]", text) or language_of(text) == language_of(question)


def _held(answer: Answer, encoder: Encoder) -> list[bool]:
    """Whether a judge holds that what each statement cites says it: see benchmarks/judging.py."""
    held = []
    for statement in answer.statements:
        quote = " ".join(c.quote for c in answer.citations if c.marker in statement.citations)
        article = next((c.article for c in answer.citations if c.marker in statement.citations), None)
        if article is None:
            held.append(False)
            continue
        nearness = None
        if language_of(statement.text) != language_of(quote):
            one, other = encoder.encode_passages([statement.text, quote])
            nearness = float(one @ other)
        around = f"{article.title}\n{article.published or ''}\n{article.text}"
        held.append(judge(statement.text, quote, around=around, nearness=nearness) != "unsupported")
    return held


def _without_passages(question: str, settings: Settings) -> str:
    """What the language model says by heart."""
    turns = [Message("system", "Answer the question in one short sentence."), Message("user", question)]
    return "".join(_generator(settings).stream(turns, max_tokens=60))


_LOADED: list[Any] = []


def _generator(settings: Settings) -> Any:
    if not _LOADED:
        _LOADED.append(open_generator(settings))
    return _LOADED[0]


def _relevant(folder: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").open(encoding="utf-8"):
        query, article, *_ = line.split("\t")
        found.setdefault(query, set()).add(article)
    return found


def _right(row: dict[str, Any], text: str) -> bool:
    """RGB's containment: one alternative of every group, spaces aside, never inside a longer number or word."""
    groups = row.get("answer_groups") or [answers for answers in [row.get("answers")] if answers]
    return bool(groups) and all(any(_contains(text, answer) for answer in group) for group in groups)


def _contains(text: str, answer: str) -> bool:
    text, answer = (re.sub(r"\s+", "", unicodedata.normalize("NFKC", t).lower()) for t in (text, answer))
    for match in re.finditer(re.escape(answer), text):
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        if not (answer[0].isdigit() and before.isdigit()) and not (answer[-1].isdigit() and after.isdigit()):
            return True
    return False


def _table(pack: str, rows: Sequence[dict[str, Any]], threshold: float) -> None:
    """Print the figures of one pack."""
    for row in rows:
        row["confidence"] = confidence(row["signs"]) if "score" in row["signs"] else 0.0
        row["answered"] = row["status"] != "not_found" and row["confidence"] >= threshold
    yes, no = [r for r in rows if r["answerable"]], [r for r in rows if not r["answerable"]]
    said = [r for r in rows if r["answered"] and r["status"] == "answered"]
    statements = [s for r in said if r["answerable"] for s in r["statements"]]
    print(f"\n{pack}: {len(yes)} answerable, {len(no)} unanswerable; threshold {threshold}")
    for name, values in _figures(yes, no, said, statements):
        print(f"  {name:46} {_interval(values)}")
    if no:
        print(f"  {'AUROC of the confidence':46} {_auroc(yes, no):.3f}")
    for name in ("source_s", "extractive_s", "verified_s", "total_s"):
        times = [r[name] for r in rows if r[name]]
        if times:
            low, high = np.percentile(times, [50, 95])
            print(f"  {name + ' p50 / p95':46} {low:.2f} / {high:.2f} (n {len(times)})")


def _figures(
    yes: Sequence[Any], no: Sequence[Any], said: Sequence[Any], statements: Sequence[Any]
) -> Iterator[tuple[str, list[float]]]:
    def each(rows: Sequence[Any], value: Callable[[Any], Any]) -> list[float]:
        return [float(value(row)) for row in rows]

    yield "answer in the passages shown", each(yes, lambda r: r["in_passages"])
    yield "right, whatever the confidence", each(yes, lambda r: r["right"])
    yield "right and answered", each(yes, lambda r: r["right"] and r["answered"])
    yield "right, extractive answer alone", each(yes, lambda r: r["right_extractive"])
    yield "false refusals", each(yes, lambda r: not r["answered"])
    yield "unanswerable refused (recall)", each(no, lambda r: not r["answered"])
    yield "quotes equal the article's text", each(said, lambda r: r["exact"])
    yield "statements with a citation", each(statements, lambda s: s[1] != "unsupported")
    yield "citations the judge holds (recall)", each(statements, lambda s: s[2])
    yield "cited articles relevant (qrels)", [float(c) for r in said if r["answerable"] for c in r["cited"]]
    yield "answers in the question's language", each(said, lambda r: r["language"])
    both = [*yes, *no]
    yield (
        "joint: right or rightly refused",
        each(both, lambda r: r["right"] and r["answered"] if r["answerable"] else not r["answered"]),
    )
    yield "  sentinel: copy of the top passage", each(both, lambda r: r["right_top_passage"])
    yield "  sentinel: always refuse", each(both, lambda r: not r["answerable"])
    yield "  sentinel: closed book", each([r for r in both if "closed_book" in r], lambda r: r["closed_book"])


def _interval(values: Sequence[float]) -> str:
    if not values:
        return "-"
    array = np.array(values)
    drawn = np.random.default_rng(0).integers(0, len(array), (RESAMPLES, len(array)))
    low, high = np.percentile(array[drawn].mean(axis=1), [2.5, 97.5])
    return f"{array.mean():.3f} ({low:.3f}-{high:.3f}), n {len(array)}"


def _auroc(yes: Sequence[Any], no: Sequence[Any]) -> float:
    ours = np.array([0.0 if r["status"] == "not_found" else r["confidence"] for r in yes])[:, None]
    theirs = np.array([0.0 if r["status"] == "not_found" else r["confidence"] for r in no])[None]
    return float(np.mean(ours > theirs) + np.mean(ours == theirs) / 2)


if __name__ == "__main__":
    main()

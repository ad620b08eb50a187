"""Ask every question of a gold set and store a record of each; an interrupted run resumes."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ragqa.documents import answer_json
from ragqa.errors import ArticleNotFoundError, GoldError
from ragqa.evaluation.citation_judge import judge_name, judged
from ragqa.evaluation.gold import Gold, GoldSet
from ragqa.evaluation.record import Record
from ragqa.models import FILE as WEIGHTS
from ragqa.models import Message, user_turn
from ragqa.pipeline import Pipeline
from ragqa.retrieval import OUTCOMES
from ragqa.text import column
from ragqa.types import Answer, Article

# What is asked of the system: answers or rankings, with a language model or without one.
Mode = Literal["full", "no-llm", "retrieval", "retrieval-no-llm"]
RECORDS, RUN = "records.jsonl", "run.json"
PACKAGE = Path(str(files("ragqa")))
# Files of the package that answers depend on.
_CODE = {".py", ".json", ".tsv"}
# Articles ranked for a question: what any figure needs, twice.
DEPTH = 20
_CLOSED_BOOK_TOKENS = 60


def identity(gold: GoldSet, pipeline: Pipeline, *, mode: Mode) -> dict[str, Any]:
    """The identity of a run: questions, mode, settings, models, code and weights."""
    models = {**pipeline.models, "generator": "none"} if mode.endswith("no-llm") else pipeline.models
    weights = _digest([WEIGHTS])
    run = {
        "schema": "ragqa.run/1",
        "gold": str(gold.path),
        "gold_digest": gold.digest,
        "questions": len(gold.questions),
        "ids_digest": hashlib.sha256("\0".join(q.id for q in gold.questions).encode()).hexdigest()[:16],
        "mode": mode,
        "k": pipeline.settings.k,
        "refuse_below": pipeline.settings.refuse_below,
        "write": pipeline.settings.write,
        "judge": judge_name(pipeline.reader.id, weights),
        "index": pipeline.describe(),
        "models": models,
        "code": _digest([p for p in sorted(PACKAGE.rglob("*")) if p.suffix in _CODE and p != OUTCOMES]),
        "reader": weights,
        "outcomes": _digest([OUTCOMES]),
    }
    return {**run, "key": hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()[:8]}


def sample(gold: GoldSet, most: int) -> GoldSet:
    """At most so many questions, drawn with a fixed seed, of both kinds alike where there are both."""
    drawn = np.random.default_rng(0)
    yes = [q for q in gold.questions if q.answerable]
    no = [q for q in gold.questions if not q.answerable]
    of_no = min(len(no), max(most // 2, most - len(yes)))
    kept = {
        q.id
        for part, size in ((yes, most - of_no), (no, of_no))
        for q in [part[at] for at in drawn.permutation(len(part))[:size]]
    }
    return replace(gold, questions=tuple(q for q in gold.questions if q.id in kept))


def open_run(folder: Path, run: Mapping[str, Any], *, fresh: bool) -> list[Record]:
    """Prepare the folder of a run; returns the records that it already has. GoldError when it holds another run."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RUN
    if fresh or not path.exists():
        (folder / RECORDS).unlink(missing_ok=True)
        path.write_text(json.dumps(run, ensure_ascii=False, indent=1), encoding="utf-8")
    known = json.loads(path.read_text(encoding="utf-8"))
    if differ := [name for name in run if known.get(name) != run[name]]:
        raise GoldError(
            f"{folder} holds another run: {', '.join(differ)} differ; give another --out, or --fresh to replace it"
        )
    return read_records(folder)


def read_run(folder: Path) -> dict[str, Any]:
    """What a finished or stopped run is of. Raises GoldError."""
    try:
        run: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GoldError(f"{folder} holds no run; make one: ragqa evaluate GOLD --out {folder}") from error
    return run


def read_records(folder: Path) -> list[Record]:
    """The records of a run so far; a line that was cut off by a stop is asked again."""
    path = folder / RECORDS
    if not path.exists():
        return []
    lines = path.read_bytes().splitlines(keepends=True)
    if lines and not lines[-1].endswith(b"\n"):
        path.write_bytes(b"".join(lines[:-1]))
        lines.pop()
    return [Record.model_validate_json(line) for line in lines]


def measure(
    gold: GoldSet,
    pipeline: Pipeline,
    folder: Path,
    known: Sequence[Record],
    *,
    mode: Mode,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Record]:
    """Ask the remaining questions; each record is on disk before the next question."""
    if not mode.endswith("no-llm"):
        pipeline.require_generator()
    found = {record.id: record for record in known}
    with (folder / RECORDS).open("a", encoding="utf-8") as file:
        for done, question in enumerate(gold.questions):
            progress(done, len(gold.questions))
            if question.id not in found:
                record = found[question.id] = _ask(question, pipeline, mode)
                file.write(record.model_dump_json() + "\n")
                file.flush()
    progress(len(gold.questions), len(gold.questions))
    # The groups of today: --cluster may have changed since a question was asked.
    return [found[q.id].model_copy(update={"group": q.group}) for q in gold.questions]


def ranked_elsewhere(gold: GoldSet, run: Path) -> list[Record]:
    """Records of a TREC run that another system made: its rankings only. Raises GoldError."""
    if not run.is_file():
        raise GoldError(f"the run {run} does not exist")
    named = {column(article): article for q in gold.questions for article in q.relevant}
    ranked: dict[str, list[tuple[float, str]]] = {}
    for number, line in enumerate(run.read_bytes().splitlines(), start=1):
        try:
            if columns := line.decode("utf-8-sig").split():
                query, _, article, _, score, *_ = columns
                ranked.setdefault(query, []).append((-float(score), named.get(article, article)))
        except ValueError as error:
            raise GoldError(f"{run}, line {number}: it is not “query Q0 document rank score name”") from error
    return [
        _record(
            q,
            [a for _, a in sorted(ranked.get(column(q.id), []), key=lambda pair: pair[0])],
            language="",
            spent=None,
        )
        for q in gold.questions
    ]


def trec_run(records: Sequence[Record]) -> str:
    """The rankings as a TREC run; scores fall with rank, so that no reader of it breaks ties anew."""
    return "".join(
        f"{column(r.id)} Q0 {column(article)} {rank} {1 / rank:.6g} ragqa\n"
        for r in records
        for rank, article in enumerate(r.ranked, start=1)
    )


def trec_qrels(records: Sequence[Record]) -> str:
    """What is relevant, in TREC's form."""
    return "".join(f"{column(r.id)} 0 {column(article)} 1\n" for r in records for article in r.relevant)


def record_of(
    question: Gold,
    pipeline: Pipeline,
    *,
    ranked: Sequence[str],
    answer: Answer | None = None,
    spent: int | None = None,
) -> Record:
    """The record of a question: what was ranked for it and, where it was answered, what is to be said of that."""
    articles = dict(_stored(question.relevant, pipeline))
    languages = "+".join(sorted({article.language for article in articles.values()}))
    record = _record(question, list(ranked), language=languages, spent=spent)
    record = record.model_copy(update={"evidence": list(_places(question, articles))})
    if answer is None:
        return record
    document = answer_json(answer, id=question.id, models=pipeline.models)
    for row, citation in zip(document["citations"], answer.citations, strict=True):
        text = pipeline.article(citation.article.id).text
        row["valid"] = citation.quote == text[citation.start : citation.end]
    return record.model_copy(update={"answer": document, "judged": list(judged(answer, pipeline.reader))})


def _ask(question: Gold, pipeline: Pipeline, mode: Mode) -> Record:
    use_llm = not mode.endswith("no-llm")
    answer = None
    if not mode.startswith("retrieval"):
        answer = pipeline.answer(question.question, use_llm=use_llm)
    started = time.monotonic()
    found = pipeline.search(question.question, k=DEPTH, by_article=True, use_llm=use_llm)
    spent = round(1000 * (time.monotonic() - started))
    record = record_of(question, pipeline, ranked=[p.article.id for p in found], answer=answer, spent=spent)
    if mode != "full":
        return record
    return record.model_copy(update={"closed_book": _by_heart(question.question, pipeline)})


def _stored(ids: Sequence[str], pipeline: Pipeline) -> Iterator[tuple[str, Article]]:
    """The articles that the index holds; of copies of one text it holds the first only."""
    for id in ids:
        with suppress(ArticleNotFoundError):
            yield id, pipeline.article(id)


def _record(question: Gold, ranked: list[str], *, language: str, spent: int | None) -> Record:
    return Record(
        id=question.id,
        question=question.question,
        language=question.language,
        answerable=question.answerable,
        answers=[list(group) for group in question.answers],
        evidence=[],
        relevant=list(question.relevant),
        tags=list(question.tags),
        group=question.group,
        direction=f"{question.language}→{language}" if language else "",
        ranked=ranked,
        retrieve_ms=spent,
    )


def _places(question: Gold, articles: Mapping[str, Article]) -> Iterator[dict[str, Any]]:
    for evidence in question.evidence:
        # A quote that does not stand there (`ragqa gold check` names it) is no place to hit.
        article = articles.get(evidence.article_id)
        if article and (start := article.text.find(evidence.quote)) >= 0:
            yield {"article_id": evidence.article_id, "start": start, "end": start + len(evidence.quote),
                   "quote": evidence.quote}  # fmt: skip


def _by_heart(question: str, pipeline: Pipeline) -> str:
    generator = pipeline.require_generator()
    return "".join(generator.stream(build_closed_book(question), max_tokens=_CLOSED_BOOK_TOKENS))


def _digest(paths: Sequence[Path]) -> str:
    """A digest of files by name and content; of one that does not exist by its name."""
    found = hashlib.sha256()
    for file in paths:
        found.update(file.name.encode() + b"\0" + (file.read_bytes() if file.is_file() else b"") + b"\0")
    return found.hexdigest()[:16]


def build_closed_book(question: str) -> list[Message]:
    """The prompt without passages: a baseline for what the passages add."""
    return [Message("system", "Answer the question in one short sentence."), user_turn(question)]

"""Asks a system every question of a gold set, and keeps a record of each: stop and go on as you like."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ragqa.citing import judge
from ragqa.errors import ArticleNotFoundError, GoldError
from ragqa.evaluation import JUDGE, Judged, Record
from ragqa.gold import Gold, GoldSet
from ragqa.pipeline import Pipeline
from ragqa.prompting import build_closed_book
from ragqa.records import Answer, Article, Citation, Encoder, Statement
from ragqa.schema import answer_json
from ragqa.text import column, language_of

# What is asked of the system: answers or rankings, with a language model or without one.
Mode = Literal["full", "no-llm", "retrieval", "retrieval-no-llm"]
RECORDS, RUN = "records.jsonl", "run.json"
# Articles ranked for a question: what any figure needs, twice.
DEPTH = 20
_CLOSED_BOOK_TOKENS = 60


def identity(gold: GoldSet, pipeline: Pipeline, *, mode: Mode) -> dict[str, Any]:
    """What a run is of: two runs can be compared when gold set, k and judge are the same."""
    models = {**pipeline.models, "generator": "none"} if mode.endswith("no-llm") else pipeline.models
    run = {
        "schema": "ragqa.run/1",
        "gold": str(gold.path),
        "gold_digest": gold.digest,
        "questions": len(gold.questions),
        "ids_digest": _digest([q.id for q in gold.questions]),
        "mode": mode,
        "k": pipeline.settings.k,
        "refuse_below": pipeline.settings.refuse_below,
        "judge": JUDGE,
        "index": pipeline.describe(),
        "models": models,
        "code": _digest([p.read_text(encoding="utf-8") for p in sorted(Path(__file__).parent.glob("*.py"))]),
    }
    return {**run, "key": _digest([json.dumps(run, sort_keys=True)])[:8]}


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
    """Prepare a folder for a run; the records that it holds already. GoldError when it holds another run."""
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
    """Ask what is not asked yet; each record is on disk before the next question."""
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


def _ask(question: Gold, pipeline: Pipeline, mode: Mode) -> Record:
    use_llm, answer, verified = not mode.endswith("no-llm"), None, None
    started = time.monotonic()
    if not mode.startswith("retrieval"):
        for answer in pipeline.stream(question.question, use_llm=use_llm):
            if verified is None and answer.mode == "generating" and answer.statements:
                verified = round(1000 * (time.monotonic() - started))
        started = time.monotonic()
    found = pipeline.search(question.question, k=DEPTH, by_article=True, use_llm=use_llm)
    spent = round(1000 * (time.monotonic() - started))
    articles = dict(_stored(question.relevant, pipeline))
    languages = "+".join(sorted({article.language for article in articles.values()}))
    record = _record(question, [p.article.id for p in found], language=languages, spent=spent)
    record = record.model_copy(update={"evidence": list(_places(question, articles))})
    if answer is None:
        return record
    document = answer_json(answer, id=question.id, models=pipeline.models)
    for row, citation in zip(document["citations"], answer.citations, strict=True):
        row["valid"] = (
            citation.quote == pipeline.article(citation.article.id).text[citation.start : citation.end]
        )
    read = [pipeline.article(id).text[start:end] for id, start, end in answer.read]
    return record.model_copy(
        update={
            "answer": document,
            "read": read,
            "judged": list(judged(answer, pipeline.encoder)),
            "closed_book": _by_heart(question.question, pipeline) if mode == "full" else None,
            "verified_ms": verified,
        }
    )


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


def judged(answer: Answer, encoder: Encoder) -> Iterator[Judged]:
    """What the judge says of each statement: ALCE's recall and precision (Gao et al. 2023, arXiv 2305.14627)."""
    for statement in answer.statements:
        cited = [c for c in answer.citations if c.marker in statement.citations]
        holds = bool(cited) and _holds(statement, cited, encoder)
        precise = [holds and _needed(statement, cited, citation, encoder) for citation in cited]
        source = language_of(" ".join(c.quote for c in cited)) if cited else language_of(statement.text)
        yield Judged(holds=holds, precise=precise, way=(source, language_of(statement.text)))


def _needed(statement: Statement, cited: Sequence[Citation], citation: Citation, encoder: Encoder) -> bool:
    others = [c for c in cited if c is not citation]
    return not others or _holds(statement, [citation], encoder) or not _holds(statement, others, encoder)


def _holds(statement: Statement, cited: Sequence[Citation], encoder: Encoder) -> bool:
    quote = " ".join(c.quote for c in cited)
    around = "\n".join(f"{c.article.title}\n{c.article.published or ''}\n{c.article.text}" for c in cited)
    nearness = None
    if language_of(statement.text) != language_of(quote):
        one, other = encoder.encode_passages([statement.text, quote])
        nearness = float(one @ other)
    return judge(statement.text, quote, around=around, nearness=nearness) != "unsupported"


def _by_heart(question: str, pipeline: Pipeline) -> str:
    generator = pipeline.require_generator()
    return "".join(generator.stream(build_closed_book(question), max_tokens=_CLOSED_BOOK_TOKENS))


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]

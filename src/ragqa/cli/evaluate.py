"""Evaluation commands: evaluate, evaluate compare, feedback, gold."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import console
from ragqa.cli.app import Common, DefaultVerb, JsonOption, app, verb

if TYPE_CHECKING:
    from ragqa.evaluation import GoldSet, Mode, Record
    from ragqa.pipeline import Pipeline
    from ragqa.settings import Settings

evaluations = typer.Typer(
    cls=DefaultVerb,
    help="Measure answers on a gold set (run, the default), or compare two runs.",
    no_args_is_help=True,
)
golds = typer.Typer(
    help="Gold questions: check a set, review candidates, print the schema.", no_args_is_help=True
)
app.add_typer(evaluations, name="evaluate")
app.add_typer(golds, name="gold")

RankingOption = Annotated[Path | None, typer.Option("--run", help="Score this TREC run instead.")]
FreshOption = Annotated[bool, typer.Option("--fresh", help="Ask again what the folder holds already.")]
FailUnderOption = Annotated[
    list[str] | None, typer.Option("--fail-under", help="METRIC=X: exit 5 when it is worse. Repeatable.")
]
SampleOption = Annotated[
    int | None, typer.Option(min=1, help="Ask so many questions, drawn with a fixed seed.")
]
RetrievalOnlyOption = Annotated[bool, typer.Option("--retrieval-only", help="Rank articles, answer nothing.")]
ClusterOption = Annotated[
    str | None, typer.Option(help="Pattern of article ids; what matches alike is resampled together.")
]


@verb("run", of=evaluations)
def run(
    gold: Annotated[Path, typer.Argument(help="Gold set: JSON lines, or a BEIR folder.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default: one below runs/.")] = None,
    no_llm: Annotated[
        bool, typer.Option("--no-llm", help="Quotes only: nothing is translated or written.")
    ] = False,
    retrieval_only: RetrievalOnlyOption = False,
    sample: SampleOption = None,
    cluster: ClusterOption = None,
    ranking: RankingOption = None,
    fresh: FreshOption = False,
    fail_under: FailUnderOption = None,
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Answer every question of a gold set and measure the answers; an interrupted run resumes.

    Example: ragqa evaluate gold/questions.jsonl --no-llm --fail-under refusal_recall=0.5
    """
    from ragqa.evaluation import (
        check,
        parse,
        ranked_elsewhere,
        read_gold,
        report_json,
        report_text,
        write_report,
    )

    gates = [parse(text) for text in fail_under or []]
    settings = common.settings()
    questions = read_gold(gold, cluster=cluster)
    started = time.monotonic()
    folder = out
    if ranking:
        records, run = ranked_elsewhere(questions, ranking), {"gold": str(gold), "mode": "retrieval"}
    else:
        records, run, folder = _measure(
            questions, settings, common, _mode(retrieval_only, no_llm), out, sample, fresh
        )
    document = report_json(run, records, seconds=time.monotonic() - started)
    if folder:
        write_report(folder, document, records)
    print(json.dumps(document, ensure_ascii=False) if as_json else report_text(document))
    if folder:
        common.say(f"report: {folder / 'report.html'}")
    if missed := check(gates, document["metrics"]):
        common.say("\n".join(missed))
        raise typer.Exit(5)


@verb("compare", of=evaluations)
def compare(
    first: Annotated[Path, typer.Argument(help="Folder of a run.")],
    second: Annotated[Path, typer.Argument(help="Folder of another run of the same gold set.")],
    as_json: JsonOption = False,
    *,
    common: Common,
) -> None:
    """Compare two runs question by question: differences, intervals, p values, wins and losses.

    Example: ragqa evaluate compare runs/before runs/after
    """
    from ragqa.evaluation import compare as compared
    from ragqa.evaluation import (
        contrast_json,
        contrast_text,
        judged_alike,
        read_records,
        read_run,
        require_same,
    )

    runs = read_run(first), read_run(second)
    require_same(*runs)
    alike = judged_alike(*runs)
    if not alike:
        common.say("the runs have different judges of citations; the figures that they make are left out")
    contrasts = compared(read_records(first), read_records(second), same_judge=alike)
    document = contrast_json(contrasts, first, second)
    print(json.dumps(document, ensure_ascii=False) if as_json else contrast_text(document))


@verb("feedback")
def feedback(
    answer: Annotated[Path, typer.Argument(help="What `ragqa ask --json` gave; - is stdin.")],
    up: Annotated[bool, typer.Option("--up/--down", help="Whether the answer is good.")] = True,
    comment: Annotated[str, typer.Option(help="What is wrong or missing.")] = "",
    *,
    common: Common,
) -> None:
    """Keep a judged answer as a candidate for the gold set.

    Example: ragqa ask "why did Brundage leave?" --json | ragqa feedback - --up
    """
    from ragqa.evaluation import keep

    path = common.settings().candidates
    keep(path, console.read_document(answer, schema="ragqa.answer/2"), good=up, comment=comment)
    common.say(f"kept in {path}; accept it with: ragqa gold review")


@verb("review", of=golds)
def review(
    into: Annotated[Path | None, typer.Option(help="Gold set that accepted questions are added to.")] = None,
    *,
    common: Common,
) -> None:
    """Walk through candidates: accept with the answers that count, reject, or leave for later.

    Example: ragqa gold review --into gold/questions.jsonl
    """
    from ragqa.evaluation import accept, drop, pending, shown

    settings = common.settings()
    gold = into or settings.gold
    waiting = pending(settings.candidates)
    if not waiting:
        common.say(f"no candidates in {settings.candidates}")
    for candidate in waiting:
        print(f"\n{shown(candidate)}\n")
        choice = (
            typer.prompt("[a]ccept, [u]nanswerable, [r]eject, [l]ater, [q]uit", default="l").strip().lower()
        )
        if choice == "q":
            return
        if choice == "a":
            words = typer.prompt("what a right answer holds: alternatives with |, parts with ;")
            print(f"added as {accept(candidate, gold, words)}")
        elif choice == "u":
            print(f"added as {accept(candidate, gold, None)}")
        if choice in ("a", "u", "r"):
            drop(settings.candidates, candidate)


@verb("check", of=golds)
def check_gold(
    gold: Annotated[Path, typer.Argument(help="Gold set: JSON lines, or a BEIR folder.")],
    *,
    common: Common,
) -> None:
    """Read a gold set and look for its evidence in the index, titles included.

    Example: ragqa gold check gold/questions.jsonl
    """
    from ragqa.errors import GoldError
    from ragqa.evaluation import misquoted, read_gold
    from ragqa.index import open_index

    found = read_gold(gold)
    texts = {a.id: f"{a.title}\n{a.text}" for a in open_index(common.settings().index).articles}
    if wrong := list(misquoted(found, texts)):
        raise GoldError("\n".join(wrong))
    yes = sum(q.answerable for q in found.questions)
    print(f"{len(found.questions)} questions, {yes} answerable; all evidence stands in the index")


@golds.command("schema")
def schema() -> None:
    """Print the JSON schema of a line of a gold set."""
    from ragqa.evaluation import GoldRow

    print(json.dumps(GoldRow.model_json_schema(), ensure_ascii=False, indent=2))


def _measure(
    gold: GoldSet,
    settings: Settings,
    common: Common,
    mode: Mode,
    out: Path | None,
    most: int | None,
    fresh: bool,
) -> tuple[list[Record], dict[str, Any], Path]:
    """The records of a run, from its folder or asked now."""
    from ragqa.evaluation import measure, prepare, sample

    pipeline = _open(gold, settings, common)
    if most:
        gold = sample(gold, most)
    this, folder, known = prepare(gold, pipeline, mode=mode, out=out, fresh=fresh)
    if known:
        common.say(
            f"{len(known)} of {len(gold.questions)} answered before in {folder}; --fresh asks them again"
        )
    with console.bar("asking", unit="questions", quiet=common.quiet) as progress:
        try:
            records = measure(gold, pipeline, folder, known, mode=mode, progress=progress)
        except KeyboardInterrupt:
            common.say(f"\nstopped; what was answered is kept in {folder}: run the same command to go on")
            raise
    return records, this, folder


def _mode(retrieval_only: bool, no_llm: bool) -> Mode:
    if retrieval_only:
        return "retrieval-no-llm" if no_llm else "retrieval"
    return "no-llm" if no_llm else "full"


def _open(gold: GoldSet, settings: Settings, common: Common) -> Pipeline:
    """A pipeline over the index of the settings, or over a gold folder's own corpus where no index is named."""
    from ragqa.index import update
    from ragqa.pipeline import Pipeline

    if gold.corpus and not common.index:
        settings = settings.model_copy(
            update={"corpus": gold.corpus, "index": settings.runs / f"{gold.path.stem}.index"}
        )
        with console.bar("encoding", unit="chunks", quiet=common.quiet) as progress:
            update(settings, progress=progress)
    return Pipeline.open(settings)

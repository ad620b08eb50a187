"""What the rule for questions that ask for several items, their year left out, is worth: with it and without.

    python benchmarks/lists.py --packs ../shared/bench --work /tmp/ragqa-bench --only stories xquad-mixed

*stories* are the held-out stories of training/, asked as one corpus; packs are as for benchmarks/answers.py. Only
lists and counts are asked. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from answers import Pack, opened
from constants import Remembering

from ragqa.evaluation.text_metrics import containment
from ragqa.models.loading import load_encoder, load_reader
from ragqa.retrieval.query import Question
from ragqa.settings import Settings
from ragqa.types import Answer
from training.calibrate import STORIES, pack_answers, story_corpus
from training.stories import read_stories

# What is taken out, and what stands in its place.
RULES: Mapping[str, Mapping[str, Any]] = {
    "as it is": {},
    "with the year": {"ragqa.retrieval.query.without_year": str.strip},
}


@dataclass(frozen=True, slots=True)
class Several:
    """A question for several items, and the words that answer it by article; those under "" count in any."""

    text: str
    answers: Mapping[str, Sequence[Sequence[Sequence[str]]]]

    def held(self, text: str, article: str) -> bool:
        """Whether words of an article hold an answer."""
        sets = (*self.answers.get(article, ()), *self.answers.get("", ()))
        return any(containment(text, groups) for groups in sets)


def main() -> None:
    """Print a row for each source and rule."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--packs", type=Path, required=True)
    arguments.add_argument("--work", type=Path, required=True, help="indexes stay here")
    arguments.add_argument("--only", nargs="*", default=["stories", "xquad-mixed", "rgb-zh-refusal"])
    chosen = arguments.parse_args()
    settings = Settings.load()
    encoder, reader = load_encoder(settings), Remembering(load_reader(settings))
    print("| questions | rule | answered | shown | right | items found | of those named | quotes | refused |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in chosen.only:
        corpus, questions = _source(name, chosen.packs, chosen.work)
        asked = [question for question in questions if Question.of(question.text).several]
        for rule, changes in RULES.items():
            with ExitStack() as stack:
                for target, value in changes.items():
                    stack.enter_context(patch(target, value))
                # A new one for each rule, since a pipeline keeps its answers.
                pipeline = opened(Pack(name, (), corpus), chosen.work / name, settings, encoder, reader)
                answers = [pipeline.answer(question.text, use_llm=False) for question in asked]
            print(f"| {name} | {rule} | {_cells(asked, answers)} |", flush=True)
            _keep(answers, chosen.work / f"{name}.{rule.split()[0]}.lists.json")


def _keep(answers: Sequence[Answer], path: Path) -> None:
    """Write what was shown, to be read by eye."""
    kept = [
        {"asked": a.question, "status": a.status, "quotes": [c.quote for c in a.citations]} for a in answers
    ]
    path.write_text(json.dumps(kept, ensure_ascii=False, indent=1), encoding="utf-8")


def _source(name: str, packs: Path, work: Path) -> tuple[Path, list[Several]]:
    if name != "stories":
        rows = [json.loads(line) for line in (packs / name / "queries.jsonl").open(encoding="utf-8")]
        return packs / name / "corpus.jsonl", [Several(row["text"], {"": pack_answers(row)}) for row in rows]
    stories = read_stories(STORIES, held_out=True)
    found = [
        Several(
            row["q"],
            {f"s{number}-{a}": [[[quote]] for quote in quotes] for a, quotes in row["answers"].items()},
        )
        for number, story in enumerate(stories)
        for row in story["questions"]
    ]
    return story_corpus(stories, work / "stories.jsonl"), found


def _cells(asked: Sequence[Several], answers: Sequence[Answer]) -> str:
    pairs = list(zip(asked, answers, strict=True))
    known = [(q, a) for q, a in pairs if any(q.answers.values())]
    unknown = [a for q, a in pairs if not any(q.answers.values())]
    right = sum(any(q.held(c.quote, c.article.id) for c in a.citations) for q, a in known)
    items = {(q.text, article) for q, _ in known for article in q.answers if article}
    named = {(q.text, c.article.id) for q, a in pairs for c in a.citations}
    found = {(q.text, c.article.id) for q, a in pairs for c in a.citations if q.held(c.quote, c.article.id)}
    counted = (
        f"{sum(a.status == 'answered' for _, a in known)} of {len(known)}",
        f"{sum(a.status != 'not_found' for _, a in known)}",
        f"{right}",
        f"{len(found & items)} of {len(items)}" if items else "-",
        f"{len(found)} of {len(named)}",
        f"{sum(len(a.citations) for a in answers)}",
        f"{sum(a.status == 'not_found' for a in unknown)} of {len(unknown)}",
    )
    return " | ".join(counted)


if __name__ == "__main__":
    main()

"""What each constant of retrieval is worth: put otherwise, one at a time, on development questions.

    PYTHONPATH=. python benchmarks/constants.py --packs FOLDER --work FOLDER

The questions are the development packs' and the project's two gold sets (training/calibrate.py asks the former).
What the reader makes of a text is remembered, so that only new texts cost time. Prints Markdown: for each setting
how many answerable questions have the answer in a passage shown, how many are answered right with refusing switched
off, the area under the curve of the confidence (answerable against not), and quotes an answer. Settings of quoting:
training/choose.py.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from answers import OWN
from sklearn.metrics import roc_auc_score

from ragqa.answer.compose import quotes_in, shown
from ragqa.evaluation.gold import read_gold
from ragqa.index.index import Index
from ragqa.models.encoder import TextEncoder
from ragqa.models.loading import load_encoder, load_reader
from ragqa.models.reader import Reader, Reading
from ragqa.retrieval import passages, search
from ragqa.retrieval.query import Query, Question
from ragqa.retrieval.reading import Found
from ragqa.retrieval.search import retrieve
from ragqa.settings import Settings
from training.calibrate import Asked, open_index, pack_answers, quoted

PACKS = ("rgb-zh-refusal", "rgb-en-refusal", "xquad-en2zh-refusal")
# Module, its constant, and other values; the value in use is the row "as it is".
CONSTANTS: Sequence[tuple[Any, str, Sequence[Any]]] = (
    (search, "JUDGED", (6, 8, 16, 20)),
    (search, "_FIRST", (1, 2, 5, 12)),
    (search, "_NEAREST", (20, 100)),
    (search, "_BY_WORDS", (0, 10, 60)),
    (passages, "_HITS_A_PASSAGE", (1, 4)),
    (passages, "MOST_HITS_A_PASSAGE", (2, 10)),
    (passages, "_LONGEST_PASSAGE", (400, 2000)),
    (passages, "_WIDEST_GAP", (0, 1, 4)),
    (passages, "_SHORTEST_PASSAGE", (0, 200)),
    (passages, "_COPY", (0.8, 1.1)),
    (passages, "_AS_LONG", (0.3, 0.9)),
    (passages, "_ABOUT_AS_GOOD", (0.0, 0.1)),
)


@dataclass
class Remembering:
    """A reader that remembers what it read."""

    reader: Reader

    def __post_init__(self) -> None:
        self.id = self.reader.id
        self.known: dict[tuple[str, str], Reading] = {}

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """What each text holds of an answer."""
        new = [text for text in dict.fromkeys(texts) if (question, text) not in self.known]
        self.known |= {(question, t): r for t, r in zip(new, self.reader.read(question, new), strict=True)}
        return [self.known[question, text] for text in texts]

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        """As the reader says."""
        return self.reader.supports(statement, texts)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question as it goes to retrieval, with the words that answer it."""

    source: str
    query: Query
    answers: Sequence[Any]
    index: Index


def main() -> None:
    """Ask everything once for each setting and print a row."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--packs", type=Path, required=True)
    arguments.add_argument("--work", type=Path, required=True, help="indexes stay here")
    arguments.add_argument(
        "--most", type=int, help="questions of each set, drawn with seed 0; by default all"
    )
    chosen = arguments.parse_args()
    settings = Settings.load()
    encoder = load_encoder(settings)
    reader = Remembering(load_reader(settings))
    asks = _drawn(list(_asks(chosen.packs, chosen.work, encoder, settings)), chosen.most)
    sources = list(dict.fromkeys(ask.source for ask in asks))
    print(f"| setting | {' | '.join(f'{s}: shown, right, AUROC' for s in sources)} | quotes |")
    print("|---" * (len(sources) + 2) + "|")
    print(_row("as it is", _found(asks, reader, settings.k), sources, settings.k), flush=True)
    for k in (3, 8):
        print(_row(f"k {k}", _found(asks, reader, k), sources, k), flush=True)
    for module, name, values in CONSTANTS:
        for value in values:
            with (
                patch.object(module, name, value),
                patch.dict(search.read_best.__kwdefaults__, _most(name, value)),
            ):
                print(
                    _row(
                        f"{name.strip('_')} {value:g}", _found(asks, reader, settings.k), sources, settings.k
                    ),
                    flush=True,
                )


def _drawn(asks: Sequence[Ask], most: int | None) -> list[Ask]:
    """At most so many questions of each set."""
    order, drawn = random.Random(0).sample(asks, len(asks)), Counter[str]()  # noqa: S311
    kept = []
    for ask in order:
        drawn[ask.source] += 1
        if most is None or drawn[ask.source] <= most:
            kept.append(ask)
    return kept


def _most(name: str, value: Any) -> dict[str, Any]:
    """A default argument keeps the value that its constant had when it was defined."""
    return {"most": value} if name == "JUDGED" else {}


def _found(asks: Sequence[Ask], reader: Reader, k: int) -> list[Asked]:
    """What the pipeline finds: an answer may quote every chunk that was read, also where fewer passages are shown."""
    most = max(k, search.JUDGED)
    return [
        Asked(
            a.source, "", a.query.question, a.answers, retrieve(a.query, index=a.index, k=most, reader=reader)
        )
        for a in asks
    ]


def _row(name: str, found: Sequence[Asked], sources: Sequence[str], k: int) -> str:
    cells, counts = [], []
    for source in sources:
        mine = [one for one in found if one.source == source]
        known = [one for one in mine if one.answerable]
        quotes = [quotes_in(shown(one.found)) for one in known]
        held = np.mean([one.right(_passages(one.found, k)) for one in known])
        right = np.mean([one.right(quoted(each)) for one, each in zip(known, quotes, strict=True)])
        sure = [max((each.confidence for each in shown(one.found)[:1]), default=0.0) for one in mine]
        cells.append(f"{held:.3f} {right:.3f} {roc_auc_score([one.answerable for one in mine], sure):.3f}")
        counts += [len(each) for each in quotes]
    return f"| {name} | {' | '.join(cells)} | {np.mean(counts):.2f} |"


def _passages(found: Found, k: int) -> str:
    return "\n".join(f"{p.article.title}\n{p.chunk.text}" for p in found.passages[:k])


def _asks(packs: Path, work: Path, encoder: TextEncoder, settings: Settings) -> Iterator[Ask]:
    for name in PACKS:
        index = open_index(packs / name / "corpus.jsonl", work / name, encoder, settings)
        for line in (packs / name / "queries.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            query = Query.of(Question.of(row["text"]), encoder=encoder)
            yield Ask(name, query, pack_answers(row), index)
    for name, (gold, corpus) in OWN.items():
        index = open_index(corpus, work / name, encoder, settings)
        for each in read_gold(gold).questions:
            query = Query.of(Question.of(each.question), encoder=encoder)
            yield Ask(name, query, [each.answers] if each.answerable else [], index)


if __name__ == "__main__":
    main()

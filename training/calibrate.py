"""Fit what the reader's scores mean: the chance of a passage, of an answer, and the two thresholds.

    python -m training.calibrate --packs ../shared/bench --work build/calibration

Development questions only: the packs' development splits and the stories that training held out. Writes
src/ragqa/retrieval/outcomes.json and prints figures of five folds, by source. Nothing here reads the gold sets.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from ragqa.answer.compose import quotes_in, shown
from ragqa.answer.extract import Quote
from ragqa.evaluation.statistics import ece
from ragqa.evaluation.text_metrics import containment
from ragqa.index.build import build_index
from ragqa.index.index import Index
from ragqa.models.encoder import TextEncoder
from ragqa.models.loading import load_encoder, load_reader
from ragqa.models.reader import Reader
from ragqa.retrieval import answerability
from ragqa.retrieval.query import Query, Question
from ragqa.retrieval.reading import Found
from ragqa.retrieval.search import JUDGED, retrieve
from ragqa.settings import Settings
from training.stories import read_stories

PACKS = ("rgb-zh-refusal", "rgb-en-refusal", "xquad-en2zh-refusal", "rgb-zh-int")
SCORES = ("reader", "retrieval")
STORIES = Path(__file__).with_name("data")
# Of questions that can be answered so many may be refused; from where on an answer is shown as one: so often
# it is right, at least.
FALSELY, SURE = 0.1, 0.6
# Every third held-out story is asked, in an index of them all: six hundred questions are enough for eight numbers.
_ASKED = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One development question: what is known of it, and what was found."""

    source: str
    group: str
    question: Question
    answers: Sequence[Sequence[Sequence[str]]]
    found: Found

    @property
    def answerable(self) -> bool:
        """Whether any set of words answers it."""
        return bool(self.answers)

    def right(self, text: str) -> bool:
        """Whether a text holds every part of an answer."""
        return any(containment(text, groups) for groups in self.answers)


def main() -> None:
    """Ask, fit, print, write."""
    fitted = fit(asked_as_told(__doc__))
    path = Path(answerability.__file__).with_name("outcomes.json")
    path.write_text(json.dumps(fitted, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {path}")


def asked_as_told(description: str | None) -> list[Asked]:
    """Every development question, asked as the command line says."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--packs", type=Path, required=True)
    arguments.add_argument("--work", type=Path, default=Path("build/calibration"), help="indexes stay here")
    chosen = arguments.parse_args()
    settings = Settings.load()
    encoder = load_encoder(settings)
    return list(ask_all(chosen.packs, chosen.work, encoder, load_reader(settings), settings))


def ask_all(
    packs: Path, work: Path, encoder: TextEncoder, reader: Reader, settings: Settings
) -> Iterator[Asked]:
    """Every development question with what is found for it."""
    for name in PACKS:
        index = open_index(packs / name / "corpus.jsonl", work / name, encoder, settings)
        for line in (packs / name / "queries.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield _ask(name, row["id"], row["text"], pack_answers(row), index, encoder, reader, settings)
    stories = read_stories(STORIES, held_out=True)
    index = open_index(story_corpus(stories, work / "stories.jsonl"), work / "stories", encoder, settings)
    for number, story in list(enumerate(stories))[::_ASKED]:
        for row in story["questions"]:
            answers = [[[quote] for quote in quotes] for quotes in row["answers"].values()]
            yield _ask("stories", f"s{number}", row["q"], answers, index, encoder, reader, settings)


def pack_answers(row: Mapping[str, Any]) -> list[list[list[str]]]:
    """The sets of words that answer a pack's question: groups, each with alternatives."""
    if not row["answerable"]:
        return []
    if row.get("answer_groups"):
        return [row["answer_groups"]]
    by_language = [answer for found in row.get("answers_by_lang", {}).values() for answer in found]
    return [[[answer]] for answer in [*row["answers"], *by_language]]


def fit(asked: Sequence[Asked]) -> dict[str, Any]:
    """Weights and thresholds; prints figures of five folds. Every source counts as the root of its questions."""
    answerability.fitted()["passage"] = passage = _passages(asked)
    best = [shown(one.found)[0] for one in asked]
    values = np.array([[each.reading.score, each.score] for each in best])
    right = np.array([_shown_right(one) for one in asked])
    sources = np.array([one.source for one in asked])
    shares = np.array([1 / np.sqrt((sources == source).sum()) for source in sources])
    held_out, weights = _fit_answer(values, right, [f"{one.source} {one.group}" for one in asked], shares)
    answerable = np.array([one.answerable for one in asked])
    least = _threshold(held_out[answerable], shares[answerable])
    sure = _surely(held_out, right)
    _print(asked, right, held_out, least)
    return {
        "passage": passage,
        "answer": weights,
        "refuse_below": round(least, 3),
        "answered_from": round(max(sure, least), 3),
    }


def _passages(asked: Sequence[Asked]) -> dict[str, float]:
    """The chance that a text answers, from the reader's logit and the retrieval's score of each text that was read.

    A text answers when it holds an answer's words. How the two scores weigh against each other is fitted among the
    texts of one question, so that the chance orders them; how their sum becomes a probability, among all texts.
    """
    texts = [_texts(one) for one in asked]
    values, holds = (np.concatenate(parts) for parts in zip(*texts, strict=True))
    order = _ordering([one.source for one in asked], texts)
    both = values @ order
    model = LogisticRegression(C=100.0, max_iter=5000).fit(both[:, None], holds)
    print(
        f"passages: {len(holds)}, AUROC reader {roc_auc_score(holds, values[:, 0]):.3f},"
        f" retrieval {roc_auc_score(holds, values[:, 1]):.3f}, both {roc_auc_score(holds, both):.3f}"
    )
    weights = zip(("", *SCORES), [*model.intercept_, *(model.coef_[0] * order)], strict=True)
    return {name: round(float(value), 4) for name, value in weights}


def _texts(one: Asked) -> tuple[Any, Any]:
    """The two scores of each text read for a question, shape (n, 2), and whether it holds an answer, shape (n,)."""
    values = [[each.reading.score, each.score] for each in one.found.read]
    holds = [one.right(each.window.text) for each in one.found.read]
    return np.array(values).reshape(-1, len(SCORES)), np.array(holds, dtype=bool)


def _ordering(sources: Sequence[str], texts: Sequence[tuple[Any, Any]]) -> Any:
    """Weights of the two scores by conditional logit (McFadden 1974): which texts of a question answer it.

    Every source counts as the root of its questions. Raises ValueError where a better score would lower them.
    """
    told = [(source, *one) for source, one in zip(sources, texts, strict=True) if len(set(one[1])) == 2]
    count = Counter(source for source, _, _ in told)

    def loss(weights: Any) -> float:
        return sum(
            float(logsumexp(values @ weights) - logsumexp(values[holds] @ weights)) / count[source] ** 0.5
            for source, values, holds in told
        )

    fitted = minimize(loss, np.array([1.0, 10.0]), method="Nelder-Mead").x
    if (fitted < 0).any():
        raise ValueError(f"a weight is negative: {dict(zip(SCORES, fitted, strict=True))}")
    return fitted


def _fit_answer(values: Any, right: Any, groups: Sequence[str], shares: Any) -> tuple[Any, dict[str, float]]:
    """Probabilities of five folds, and weights. Raises ValueError where a better score would lower them."""
    model = LogisticRegression(C=1.0, max_iter=5000).fit(values, right, sample_weight=shares / shares.mean())
    if (model.coef_[0] < 0).any():
        raise ValueError(f"a weight is negative: {dict(zip(SCORES, model.coef_[0], strict=True))}")
    held_out = np.zeros(len(right))
    for train, test in GroupKFold(5).split(values, right, groups):
        fold = LogisticRegression(C=1.0, max_iter=5000)
        fold.fit(values[train], right[train], sample_weight=shares[train] / shares[train].mean())
        held_out[test] = fold.predict_proba(values[test])[:, 1]
    found = zip(("", *SCORES), [*model.intercept_, *model.coef_[0]], strict=True)
    return held_out, {name: round(float(value), 4) for name, value in found}


def _threshold(chances: Any, shares: Any) -> float:
    """Below which FALSELY of the questions that can be answered would be refused."""
    order = np.argsort(chances)
    below = np.cumsum(shares[order]) / shares.sum()
    return float(chances[order][int(np.searchsorted(below, FALSELY))])


def _surely(chances: Any, right: Any) -> float:
    """The least probability around which as many answers are right as SURE asks."""
    order = np.argsort(chances)
    width = max(20, len(order) // 20)
    for at in range(len(order) - width):
        if right[order[at : at + width]].mean() >= SURE:
            return float(chances[order[at]])
    return 1.0


def _print(asked: Sequence[Asked], right: Any, chances: Any, least: float) -> None:
    answerable = np.array([one.answerable for one in asked])
    columns = (
        "source",
        "n",
        "would be right",
        "AUROC right",
        "AUROC answerable",
        "refused",
        "falsely",
        "ECE",
    )
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for source in [*dict.fromkeys(one.source for one in asked), ""]:
        mine = np.array([not source or one.source == source for one in asked])
        yes, no = mine & answerable, mine & ~answerable
        refused = chances < least
        shown = mine & ~refused
        area = roc_auc_score(right[mine], chances[mine]) if len(set(right[mine])) > 1 else float("nan")
        area2 = roc_auc_score(answerable[mine], chances[mine]) if no.any() else float("nan")
        print(
            f"| {source or 'all'} | {mine.sum()} | {right[yes].mean():.3f} | {area:.3f} | {area2:.3f} |"
            f" {refused[no].mean() if no.any() else float('nan'):.3f} | {refused[yes].mean():.3f} |"
            f" {ece(chances[shown], right[shown].astype(float)):.3f} |"
        )


def quoted(quotes: Sequence[Quote]) -> str:
    """What a reader of quotes sees: the sentences and the words in them that answer."""
    return "\n".join(
        "\n".join([quote.article.text[quote.start : quote.end], *quote.said]) for quote in quotes
    )


def _shown_right(one: Asked) -> bool:
    """Whether the quotes that would be shown answer rightly."""
    return one.answerable and one.right(quoted(quotes_in(shown(one.found))))


def _ask(
    source: str,
    name: str,
    text: str,
    answers: Any,
    index: Index,
    encoder: TextEncoder,
    reader: Reader,
    settings: Settings,
) -> Asked:
    question = Question.of(text)
    most = max(settings.k, JUDGED)
    found = retrieve(Query.of(question, encoder=encoder), index=index, k=most, reader=reader)
    group = re.sub(r"-\d+$", "", name) if source == "stories" else name
    return Asked(source, group, question, answers, found)


def story_corpus(stories: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """One corpus of all stories: in one of two or three articles there would be nothing to find."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {"_id": f"s{number}-{a['id']}", "title": a["title"], "text": a["text"], "language": a["lang"]}
        for number, story in enumerate(stories)
        for a in story["articles"]
    ]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def open_index(corpus: Path, folder: Path, encoder: TextEncoder, settings: Settings) -> Index:
    """The index of a corpus, built or brought up to date in ``folder``."""
    build_index(corpus, folder, encoder=lambda: encoder, chunk_size=settings.chunk_size)
    return Index.open(folder)


if __name__ == "__main__":
    main()

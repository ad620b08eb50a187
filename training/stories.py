"""Our own stories to training pairs: groups of related articles whose questions are each other's hard negatives."""

from __future__ import annotations

import json
import random
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.index.chunking import split
from ragqa.models.protocols import Encoder
from ragqa.retrieval.reading import Window
from ragqa.types import Article
from training.examples import Pair
from training.prepare import LONGEST_PREMISE, taken_out

# Every so many stories of a file one is held out.
_HELD_OUT = 10
# Of so many nearest chunks of other stories one is taken.
_NEAREST = 5
# Sizes of chunks that stories are cut into: the index's own, mostly.
_CHUNKS = (300, 300, 300, 200)


def read_stories(
    folder: Path, *, held_out: bool, files: Container[int] | None = None
) -> list[dict[str, Any]]:
    """Our own stories: those to train on, or every tenth of a file, which is held out for calibration."""
    numbered = {int(path.stem.split("-")[1]): path for path in folder.glob("stories-*.jsonl")}
    paths = [numbered[number] for number in sorted(numbered) if files is None or number in files]
    lines = [line for path in paths for line in enumerate(path.read_text(encoding="utf-8").splitlines())]
    return [json.loads(line) for number, line in lines if (number % _HELD_OUT == 0) == held_out]


def story_pairs(stories: Sequence[Mapping[str, Any]], rng: random.Random, *, first_group: int) -> list[Pair]:
    """Pairs of stories: each question with the chunks of its story's articles, cut as the index cuts them."""
    pairs: list[Pair] = []
    for group, story in enumerate(stories):
        size = rng.choice(_CHUNKS)
        windows = {a["id"]: _story_windows(a, size) for a in story["articles"]}
        for number, question in enumerate(story["questions"]):
            pairs += _story_question(question, windows, first_group + 100 * group + number, rng)
        for said in story.get("statements", []):
            text = "\n".join(w.text[w.body :] for w in windows[said["article"]])[:LONGEST_PREMISE]
            pairs.append(Pair(said["s"], text, None, located=False, supports=said["supported"]))
    return pairs


def distant_pairs(
    stories: Sequence[Mapping[str, Any]], encoder: Encoder, rng: random.Random, *, share: float
) -> list[Pair]:
    """Questions with what retrieval would find for them in other stories, in either language: none of it answers.

    Without these a reader that has met a Chinese question mostly with a Chinese text, or with the English one
    that answers it, takes any English text that names a person for an answer.
    """
    windows = [
        (n, a["lang"], w)
        for n, s in enumerate(stories)
        for a in s["articles"]
        for w in _story_windows(a, 300)
    ]
    questions = [(n, q["q"]) for n, s in enumerate(stories) for q in s["questions"] if rng.random() < share]
    texts = encoder.encode_passages([window.text for _, _, window in windows])
    asked = encoder.encode_query([question for _, question in questions])
    story = np.array([n for n, _, _ in windows])
    english = np.array([language == "en" for _, language, _ in windows])
    pairs = []
    for (number, question), vector in zip(questions, asked, strict=True):
        scores = texts @ vector
        scores[(story == number) | (english != (rng.random() < 0.5))] = -1
        best = np.argsort(-scores)[:_NEAREST]
        pairs.append(Pair(question, windows[int(rng.choice(best))][2].text, False))
    return pairs


def _story_windows(row: Mapping[str, str], size: int) -> list[Window]:
    """An article's chunks under their title and heading, as the reader will meet them."""
    article = Article(row["id"], row["title"], row["text"])
    return [
        Window.of(article, chunk.start, chunk.end, heading=chunk.heading)
        for chunk in split(article, size=size)
    ]


def _story_question(
    question: Mapping[str, Any], windows: Mapping[str, list[Window]], group: int, rng: random.Random
) -> Iterator[Pair]:
    """The chunks that answer, some that do not, and sometimes one with its answering sentences taken out."""
    negatives: list[Pair] = []
    for key, chunks in windows.items():
        for window in chunks:
            quotes = question["answers"].get(key, [])
            places = tuple(sorted({p for quote in quotes for p in _places(window, quote)}))
            pair = Pair(question["q"], window.text, bool(places), places, group=group)
            if not places:
                negatives.append(pair)
                continue
            yield pair
            if rng.random() < 0.3 and (without := taken_out(window.text, places)):
                yield Pair(question["q"], without, False, group=group)
    # Questions that nothing answers, and lists, are met with more texts: which of them do not answer is what is hard.
    most = 1 if len(question["answers"]) == 1 else 2
    yield from rng.sample(negatives, min(len(negatives), most))


def _places(window: Window, quote: str) -> list[tuple[int, int]]:
    """Where a window holds a quote: in its chunk; in its title only where the whole article does not repeat it."""
    at = window.text.find(quote, window.body)
    if at < 0 and quote not in window.article.text:
        at = window.text.find(quote)
    return [(at, at + len(quote))] if at >= 0 else []

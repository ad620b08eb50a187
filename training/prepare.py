"""Questions with passages to training pairs: windows of whole sentences, and hard negatives for each.

Negatives decide (a reader that never saw an unanswerable question finds something in every text), so
each question comes with some of: its own window with the answering sentence taken out, another window of
the same passage, the nearest passage of another question, and itself with a number changed.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.text.language import HAN, sentence_spans, weight
from training.examples import Pair

# How many questions of each source are read in the first round and in the second; what is not named is left out.
SOURCES: Mapping[str, int] = {
    "cmrc2018_train": 4_800, "drcd_train_part": 600, "mlqa_dev": 2_800, "squadshifts_new_wiki": 2_200,
    "squadshifts_reddit": 300, "tydiqa_train": 1_100, "nq_open_oracle": 800, "qnli_dev": 2_000,
    "squad2_dev_500": 434,
}  # fmt: skip
MORE: Mapping[str, int] = {
    "cmrc2018_train": 5_600, "drcd_train_part": 900, "mlqa_dev": 4_000, "mlqa_test_nospan": 2_600,
    "squadshifts_new_wiki": 2_600, "squadshifts_reddit": 200, "tydiqa_train": 1_300, "nq_open_oracle": 900,
    "qnli_dev": 3_600, "squad2_dev_500": 434,
}  # fmt: skip
SUPPORT: Mapping[str, int] = {
    "fever_eval": 1_200, "fever_test": 1_200, "fever_symmetric": 1_416, "factcheck_gpt_stance": 700,
    "begin_wow": 1_000, "pawsx_dev": 1_800, "summedits_samsum": 200,
}  # fmt: skip
PARALLEL: Mapping[str, int] = {"ntrex": 1_000, "flores200.devtest": 600, "mlqe": 600}
# Languages of questions and passages that are kept of sources with many.
_QUESTIONS, _PASSAGES = {"zh", "zh-Hant", "en", "de", "es", "ar", "vi", "hi"}, {"zh", "zh-Hant", "en"}
# Size of a window in Chinese characters, as the index's chunks are, and smaller.
_WINDOW = (120, 340)
_TAKEN_OUT = 0.45
_NEAR = 12
LONGEST_PREMISE = 1_200
_NUMBER = re.compile(r"\d{2,4}")


@dataclass(frozen=True, slots=True)
class Row:
    """One question with its passage and the places in it that answer; ``title`` may be empty."""

    question: str
    passage: str
    answerable: bool
    places: tuple[tuple[int, int], ...]
    located: bool
    language: str


def read_rows(path: Path, sources: Mapping[str, int], rng: random.Random) -> list[Row]:
    """Rows of questions and answers, a sample of each source."""
    by_source: dict[str, list[Row]] = defaultdict(list)
    for row in _lines(path):
        if row["lang_p"] not in _PASSAGES or row["lang_q"] not in _QUESTIONS:
            continue
        spans = tuple((a["start"], a["start"] + len(a["text"])) for a in row["answers"][:1])
        located = bool(spans) or not row["answerable"]
        by_source[row["src"]].append(
            Row(row["question"], row["passage"], row["answerable"], spans, located, row["lang_p"])
        )
    return [row for source, rows in by_source.items() for row in _sample(rows, sources.get(source, 0), rng)]


def answer_pairs(rows: Sequence[Row], rng: random.Random, *, both: float) -> list[Pair]:
    """Pairs of all rows: one that answers, and a negative or (the share ``both`` of them) two chosen for it."""
    windows = [_window(row, rng) for row in rows]
    near = _nearest(rows, windows)
    pairs: list[Pair] = []
    for number, row in enumerate(rows):
        text, places = windows[number]
        pairs.append(Pair(row.question, text, row.answerable, places, row.located, group=number))
        if not row.answerable:
            continue
        kinds = ["out", "near"] if rng.random() < both else ["out" if rng.random() < _TAKEN_OUT else "near"]
        for kind in kinds:
            negative = taken_out(text, places) if kind == "out" else None
            negative = negative or _elsewhere(row, rng) or _other(number, rows, windows, near, rng)
            if negative:
                pairs.append(Pair(row.question, negative, False, group=number))
        if changed := _changed_number(row.question, text, rng):
            pairs.append(Pair(changed, text, False, group=len(rows) + number))
    return pairs


def support_pairs(path: Path, rng: random.Random) -> list[Pair]:
    """Statements with premises; partly supported ones say neither and are left out."""
    by_source: dict[str, list[Pair]] = defaultdict(list)
    for row in _lines(path):
        if row["label"] == "partial" or len(row["passage"]) > LONGEST_PREMISE:
            continue
        pair = Pair(row["statement"], row["passage"], None, located=False, supports=row["label"] == "support")
        if row["src"] == "pawsx_dev" and row["lang_s"] == row["lang_p"] == "en":
            continue
        by_source[row["src"]].append(pair)
    return [p for source, found in by_source.items() for p in _sample(found, SUPPORT.get(source, 0), rng)]


def parallel_pairs(path: Path, rng: random.Random) -> list[Pair]:
    """A sentence and its translation among its neighbours; without it, or with another number, no support."""
    by_source: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _lines(path):
        by_source[row["src"].split(".train")[0].split(".test")[0].split(".dev.e")[0]].append(row)
    pairs: list[Pair] = []
    for source, most in PARALLEL.items():
        rows = by_source[source]
        for at in _sample(list(range(1, len(rows) - 2)), most, rng):
            said, read = ("en", "zh") if rng.random() < 0.6 else ("zh", "en")
            statement, sentence = rows[at][said], rows[at][read]
            before, after = rows[at - 1][read], rows[at + 1][read]
            joint = "" if read == "zh" else " "
            text = joint.join([before, sentence, after])
            start = len(before) + len(joint)
            pairs.append(Pair(statement, text, None, ((start, start + len(sentence)),), supports=True))
            if changed := _changed_number(statement, statement, rng):
                pairs.append(Pair(changed, text, None, supports=False))
            else:
                pairs.append(Pair(statement, joint.join([before, after]), None, supports=False))
    return pairs


def _window(row: Row, rng: random.Random) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Whole sentences around the first place, of a random size; the places move along."""
    spans = sentence_spans(row.passage)
    size = rng.uniform(*_WINDOW)
    if row.places:
        start, end = row.places[0]
        inside = [i for i, span in enumerate(spans) if span[0] < end and span[1] > start]
        first, last = (inside[0], inside[-1]) if inside else (0, 0)
    else:
        first, last = 0, len(spans) - 1 if not row.located or not row.answerable else 0
    total = weight(row.passage[spans[first][0] : spans[last][1]])
    while True:
        sides = [(first - 1, first - 1 >= 0), (last + 1, last + 1 < len(spans))]
        open_sides = [side for side, fits in sides if fits]
        if not open_sides or total >= size:
            break
        side = rng.choice(open_sides)
        total += weight(row.passage[slice(*spans[side])])
        first, last = min(first, side), max(last, side)
    at = spans[first][0]
    text = row.passage[at : spans[last][1]]
    return text, tuple((a - at, b - at) for a, b in row.places)


def taken_out(text: str, places: Sequence[tuple[int, int]]) -> str | None:
    """The text without the sentences that hold its places; None where nothing is left, or they are told again."""
    if not places:
        return None
    spans = sentence_spans(text)
    kept = [span for span in spans if not any(span[0] < b and span[1] > a for a, b in places)]
    if not kept or len(kept) == len(spans):
        return None
    joint = "" if HAN.search(text) else " "
    left = joint.join(text[a:b] for a, b in kept)
    return None if any(_told(text[a:b], left) for a, b in places) else left


def _elsewhere(row: Row, rng: random.Random) -> str | None:
    """Another window of the same passage that does not tell the answer."""
    spans = sentence_spans(row.passage)
    if not row.places or weight(row.passage) < 2 * _WINDOW[0] or rng.random() < 0.5:
        return None
    start, end = row.places[0]
    before = [span for span in spans if span[1] <= start]
    after = [span for span in spans if span[0] >= end]
    side = max(before[:-1], after[1:], key=len)
    if not side:
        return None
    text = row.passage[side[0][0] : side[-1][1]][: 2 * _WINDOW[1]]
    return None if _told(row.passage[start:end], text) or weight(text) < 40 else text


def _other(
    number: int,
    rows: Sequence[Row],
    windows: Sequence[tuple[str, tuple[tuple[int, int], ...]]],
    near: np.ndarray,
    rng: random.Random,
) -> str | None:
    """A near window of another passage that does not tell the answer; one of the nearest few."""
    row = rows[number]
    answers = [row.passage[a:b] for a, b in row.places]
    found = [
        windows[other][0]
        for other in near[number]
        if rows[other].passage != row.passage and not any(_told(a, windows[other][0]) for a in answers)
    ]
    return rng.choice(found[:3]) if found else None


def _told(answer: str, text: str) -> bool:
    return answer.lower().strip("。，,. ") in text.lower()


def _changed_number(asked: str, text: str, rng: random.Random) -> str | None:
    """A question with one of its numbers, which the text holds, put otherwise; half of the time."""
    found = [m for m in _NUMBER.finditer(asked) if m.group() in text]
    if not found or rng.random() < 0.4:
        return None
    match = rng.choice(found)
    value = int(match.group())
    other = str(max(10, value + rng.choice([-7, -4, -3, -2, -1, 1, 2, 3, 5, 8])))
    if other in text:
        return None
    return asked[: match.start()] + other + asked[match.end() :]


def _nearest(rows: Sequence[Row], windows: Sequence[tuple[str, Any]]) -> np.ndarray:
    """The nearest windows of each question, by the weight of the words they share with it and its passage."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer=_terms, min_df=2, sublinear_tf=True, dtype=np.float32)
    texts = vectorizer.fit_transform([text for text, _ in windows])
    asked = vectorizer.transform([row.question for row in rows]) + 0.5 * texts
    near = np.zeros((len(rows), _NEAR), np.int64)
    for at in range(0, len(rows), 500):
        scores = (asked[at : at + 500] @ texts.T).toarray()
        best = np.argpartition(-scores, _NEAR, axis=1)[:, :_NEAR]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        near[at : at + 500] = np.take_along_axis(best, order, axis=1)
    return near


def _terms(text: str) -> list[str]:
    """Words of Latin letters and pairs of Chinese characters."""
    found = re.findall(r"[a-zà-ɏ0-9]+|[\u4e00-\u9fff]+", text.lower())
    return [
        term
        for run in found
        for term in ([run] if run[0] < "\u4e00" else [run[i : i + 2] for i in range(len(run) - 1)])
    ]


def _sample(rows: Sequence[Any], most: int, rng: random.Random) -> list[Any]:
    return list(rows) if len(rows) <= most else rng.sample(list(rows), most)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)

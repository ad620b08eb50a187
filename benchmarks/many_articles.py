"""Index many synthetic articles on two Ray nodes of this machine, one of which is killed: nothing lost, nothing twice.

    python benchmarks/many_articles.py --articles 5000            # seconds an article are told at the end
    python benchmarks/many_articles.py --articles 100000 --work DIR

Needs the extra: pip install 'ragqa[ray]'. Articles are seeded and short: a title and one or two sentences, Chinese
and English by turns, a chunk an article. The second node is killed when 40 % are encoded, and a new one joins at 60 %.
Afterwards the index is compared with what the articles must give.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.corpus import read_articles
from ragqa.index import update
from ragqa.index.build import embedded_text
from ragqa.index.chunking import split
from ragqa.index.index import Index
from ragqa.index.store import verify
from ragqa.models import loading
from ragqa.settings import Settings
from ragqa.types import Article, Built

KILL, JOIN = 0.4, 0.6
# Chunks whose vectors are encoded once more, alone.
SAMPLE, _SAME = 200, 0.999
_PLACES = (
    ["港口", "车站", "图书馆", "机场", "市场", "博物馆"],
    ["harbour", "station", "library", "airport", "market", "museum"],
)
_NAMES = ["陈明", "李华", "王芳", "赵强"], ["Alice Moreau", "Ivan Petrov", "Maria Silva", "John Okafor"]
_REASONS = ["罢工", "大雾", "停电", "检修"], ["a strike", "fog", "a power cut", "repairs"]


def article(number: int) -> dict[str, str]:
    """A short article: no two hold the same words."""
    rng = random.Random(number)  # noqa: S311 - seeded on purpose
    english = number % 2
    place, name, reason = (rng.choice(words[english]) for words in (_PLACES, _NAMES, _REASONS))
    hours, people = rng.randrange(2, 72), rng.randrange(100, 9000)
    if english:
        title = f"The {place} number {number} closes for {hours} hours"
        text = f"Because of {reason} the {place} number {number} was closed for {hours} hours, {name} said."
        more = f" Some {people} people had to wait."
    else:
        title = f"{number}号{place}关闭{hours}小时"
        text = f"{name}表示,因{reason},{number}号{place}关闭了{hours}小时。".replace(",", "\uff0c")
        more = f"约有{people}人等候。"
    return {"_id": f"a{number:06}", "title": title, "text": text + (more if rng.random() < 0.5 else "")}


class Lost(logging.Handler):
    """Counts the shards that were in hand when a node died."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """A message of the engine."""
        self.count += "is gone" in record.getMessage()


class Nodes:
    """Two nodes; a ``progress`` that kills one and lets another join."""

    def __init__(self) -> None:
        # Read when Ray is imported: loopback only, a token, no statistics.
        os.environ.update(
            RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER="0", RAY_USAGE_STATS_ENABLED="0", RAY_AUTH_MODE="token"
        )
        os.environ.setdefault("RAY_worker_niceness", "0")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        self._other = self._cluster.add_node(num_cpus=1)
        self._due = [(KILL, self._kill), (JOIN, self._join)]
        self._started, self._tenth = time.monotonic(), 0
        self.engine = f"ray://{self._cluster.address}"

    def progress(self, done: int, total: int, rate: float = 0.0, /) -> None:
        """Kill and join in their time; a line at each tenth."""
        if self._due and done >= self._due[0][0] * total:
            self._due.pop(0)[1]()
        if 10 * done // total > self._tenth:
            self._tenth = 10 * done // total
            print(
                f"{done:7} of {total} chunks, {time.monotonic() - self._started:6.0f} s, {rate:6.0f} tokens a second",
                flush=True,
            )

    def close(self) -> None:
        """End the cluster."""
        self._cluster.shutdown()

    def _kill(self) -> None:
        self._cluster.remove_node(self._other, allow_graceful=False)
        print("killed a node", flush=True)

    def _join(self) -> None:
        self._cluster.add_node(num_cpus=1)
        print("a node joined", flush=True)


def faults(index: Path, articles: list[Article], settings: Settings) -> Iterator[str]:
    """What is lost, twice or wrong in an index of these articles."""
    yield from verify(index)
    opened = Index.open(index)
    expected = [(a.id, c.start, c.end) for a in articles for c in split(a, size=settings.chunk_size)]
    places = [opened.place(row) for row in range(opened.manifest.chunks)]
    found = [(opened.articles[place.article].id, place.start, place.end) for place in places]
    if found != expected:
        yield f"{len(set(expected) - set(found))} chunks lost, {len(found) - len(set(found))} twice"
    if list(opened.articles) != articles:
        yield "the articles differ"
    encoder = loading.load_encoder(settings)
    rng = random.Random(0)  # noqa: S311 - seeded on purpose
    for row in rng.sample(range(len(found)), min(SAMPLE, len(found))):
        owner = opened.articles[places[row].article]
        chunk = next(c for c in split(owner, size=settings.chunk_size) if c.start == places[row].start)
        alone = encoder.encode_passages([embedded_text(owner, chunk)])[0]
        # An index of many rows keeps 8 bits a dimension.
        if float(alone @ opened.vectors(np.array([row]))[0]) < _SAME:
            yield f"the vector of chunk {row} is another chunk's"


def main() -> int:
    """Build, compare, tell; 1 where anything is lost, twice or wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=5000)
    parser.add_argument(
        "--work", type=Path, default=None, help="folder that stays; by default one that does not"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        return run(options.articles, options.work or Path(temporary))


def run(count: int, work: Path) -> int:
    """Index so many articles in a folder."""
    work.mkdir(parents=True, exist_ok=True)
    corpus, lost = work / "corpus.jsonl", Lost()
    with corpus.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(article(n), ensure_ascii=False) + "\n" for n in range(count))
    logging.getLogger("ragqa").addHandler(lost)
    nodes = Nodes()
    try:
        settings = Settings.load(corpus=corpus, index=work / "index", engine=nodes.engine)
        built: Built = update(settings, full=True, progress=nodes.progress)
    finally:
        nodes.close()
    articles, _ = read_articles(corpus)
    wrong: list[Any] = list(faults(settings.index, articles, settings))
    print(
        f"{built.articles} articles, {built.chunks} chunks in {built.seconds:.0f} s"
        f" ({1000 * built.seconds / built.articles:.1f} ms an article, {built.tokens_per_second:.0f} tokens a second);"
        f" shards encoded again: {lost.count}; lost, twice or wrong: {'; '.join(wrong) or 'nothing'}"
    )
    return bool(wrong or built.articles != count)


if __name__ == "__main__":
    raise SystemExit(main())

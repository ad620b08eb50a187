"""What the server bears on this machine: searches at once, questions at once, half an hour of both with rebuilds.

Run: python benchmarks/load.py search|asks|soak [--minutes N] [--chunks N] [--rows]
A real server (``ragqa serve``) with the real models answers over loopback; nothing else should run beside it.
``--rows`` prints what ``tests/support/tally.py`` writes into docs/reliability.md instead of text.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import numpy as np

from ragqa.index.index import Index
from ragqa.index.store import new_version, writing
from ragqa.index.vectors import exact
from ragqa.text.language import sentence_spans
from ragqa.types import Article, Chunk

ROOT = Path(__file__).parents[1]
QUESTIONS = [
    json.loads(line)["question"]
    for line in (ROOT / "gold" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
]
# Chunks of an article that is made of other articles' sentences.
_PER_ARTICLE = 10
# Minutes in which memory settles, and how often it is looked at.
_WARM, _EVERY = 5.0, 5.0


@dataclass
class Replies:
    """How long each request took, and what came back, by kind."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, seconds: float, code: object) -> None:
        """Note a request of a kind and what came back."""
        self.codes[f"{kind} {code}"] += 1
        if code == 200:
            self.seconds.setdefault(kind, []).append(seconds)

    def errors(self) -> int:
        """Everything that is neither an answer nor a 503."""
        return sum(n for name, n in self.codes.items() if not name.endswith((" 200", " 503")))

    def told(self, kind: str, elapsed: float) -> str:
        """Rate and percentiles of what was answered."""
        taken = 1000 * np.array(self.seconds.get(kind) or [0.0])
        p50, p95, p99 = np.percentile(taken, [50, 95, 99])
        return f"{len(taken) / elapsed:.1f} a second, p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms"


# --- the server --------------------------------------------------------------------------------


@contextmanager
def server(project: Path, *, until: str = "/readyz") -> Iterator[tuple[str, int]]:
    """``ragqa serve`` in a folder, from when a path of it answers; its address and process id."""
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        port = any_socket.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "ragqa", "serve", "--port", str(port)], cwd=project, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        began = time.monotonic()
        while not _answers(f"{url}{until}"):
            if process.poll() is not None or time.monotonic() - began > 120:
                sys.exit("the server did not start; run ragqa serve to see why")
            time.sleep(0.05)
        yield url, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def project_of(folder: Path, chunks: int) -> Path:
    """The project's corpus and its index, or one that is made larger from its sentences."""
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    shutil.copytree(ROOT / "gold", folder / "gold")
    update(folder)
    if chunks:
        enlarge(folder / "index", chunks)
    return folder


def update(project: Path) -> None:
    """``ragqa index``, as a cron job would."""
    subprocess.run(
        [sys.executable, "-m", "ragqa", "index", "-q"], cwd=project, check=True, stdout=subprocess.DEVNULL
    )


def enlarge(folder: Path, chunks: int) -> None:
    """Publish an index of so many chunks: articles of shuffled sentences, vectors beside those of real chunks.

    What they say means nothing; what a search costs is that of an index of this size.
    """
    real = Index.open(folder)
    draw, noise = random.Random(7), np.random.default_rng(7)  # noqa: S311
    sentences: dict[str, list[str]] = {"zh": [], "en": []}
    for told in real.articles:
        sentences[told.language] += [told.text[s:e].strip() for s, e in sentence_spans(told.text)]
    articles, cut, rows = [], [], []
    for number in range(chunks // _PER_ARTICLE):
        language = "zh" if number % 2 else "en"
        parts = ["".join(draw.choices(sentences[language], k=6)) for _ in range(_PER_ARTICLE)]
        article = Article(f"made-{number}.md", parts[0][:30], "\n".join(parts), language=language)
        at = 0
        for part in parts:
            cut.append(Chunk(article.id, at, at + len(part), part, ""))
            at += len(part) + 1
        articles.append(article)
        rows += draw.choices(range(real.manifest.chunks), k=_PER_ARTICLE)
    jitter = noise.normal(0, 0.02, (len(rows), real.manifest.dimension)).astype(np.float32)
    vectors = real.vectors(np.array(rows)) + jitter
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert real.tokens
    manifest = replace(
        real.manifest, version=new_version(), articles=len(articles), chunks=len(cut), files={}
    )
    with writing(folder):
        Index.build(
            articles, cut, vectors, keys=[str(n) for n in range(len(cut))], manifest=manifest,
            signatures=[real.tokens.of(row) for row in rows], score_offsets=real.score_offsets,
        ).save(folder)  # fmt: skip


# --- loads -------------------------------------------------------------------------------------


async def search(client: httpx.AsyncClient, url: str, number: int, replies: Replies) -> None:
    """One search; the questions of the gold set one after the other."""
    began = time.monotonic()
    try:
        reply = await client.get(f"{url}/api/search", params={"q": QUESTIONS[number % len(QUESTIONS)]})
        code: object = reply.status_code
    except httpx.TransportError as error:
        code = type(error).__name__
    replies.add("search", time.monotonic() - began, code)


async def ask(client: httpx.AsyncClient, url: str, question: str, replies: Replies) -> None:
    """One question to the language model."""
    began = time.monotonic()
    try:
        reply = await client.post(f"{url}/api/ask", json={"question": question, "id": question})
        code: object = (
            reply.status_code if reply.status_code != 200 or reply.json()["id"] == question else "mixed up"
        )
    except httpx.TransportError as error:
        code = type(error).__name__
    replies.add("ask", time.monotonic() - began, code)


async def searching(url: str, *, clients: int, until: float, replies: Replies, pause: float = 0.0) -> None:
    """Clients that search one after the other until a moment."""

    async def one(first: int) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            number = first
            while time.monotonic() < until:
                await search(client, url, number, replies)
                number += clients
                await asyncio.sleep(pause)

    await asyncio.gather(*map(one, range(clients)))


def run_search(project: Path, minutes: float, chunks: int) -> Iterator[tuple[str, str, str]]:
    """H1, H2 and H6: eight clients that search; FAISS alone; how long until the server is ready."""
    kind = "exact" if exact(chunks) else "in lists"
    yield "H2", f"FAISS alone, {kind}, {_size(chunks)} vectors, one thread", nearest(project / "index")
    began = time.monotonic()
    with server(project) as (url, _):
        yield (
            "H6",
            f"from `ragqa serve` to ready, {_size(chunks)} chunks, files checked",
            f"{time.monotonic() - began:.1f} s",
        )
        asyncio.run(searching(url, clients=2, until=time.monotonic() + 20, replies=Replies()))
        replies, began = Replies(), time.monotonic()
        asyncio.run(searching(url, clients=8, until=began + 60 * minutes, replies=replies))
        elapsed = time.monotonic() - began
    figure = f"{replies.told('search', elapsed)}; {replies.errors()} errors of {replies.codes.total():,}"
    yield "H1", f"search, 8 clients, {minutes:g} minutes, {_size(chunks)} chunks", figure


def _size(chunks: int) -> str:
    return f"{chunks:,}" if chunks else "own"


def nearest(folder: Path) -> str:
    """How long the vectors' part of a search takes, for questions beside 300 of them."""
    index, taken = Index.open(folder), []
    for row in np.random.default_rng(1).integers(0, index.manifest.chunks, 300):
        query = index.vectors(np.array([row]))[0]
        began = time.perf_counter()
        index.nearest(query, k=10)
        taken.append(1000 * (time.perf_counter() - began))
    p50, p99 = np.percentile(taken, [50, 99])
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"


def run_asks(project: Path, minutes: float, chunks: int) -> Iterator[tuple[str, str, str]]:
    """H3 and H4: questions one by one, thirty at once, and searches beside them."""
    with server(project) as (url, _):
        httpx.post(f"{url}/api/ask", json={"question": "warm up: who left?"}, timeout=120)
        alone = Replies()
        began = time.monotonic()
        asyncio.run(_one_by_one(url, QUESTIONS[:20], alone))
        yield (
            "H3",
            "questions to the language model, one client, 20",
            (f"{alone.told('ask', time.monotonic() - began)}; {alone.errors()} errors"),
        )
        for clients in (16, 30):
            burst = Replies()
            asyncio.run(_at_once(url, [f"{q} ({clients})" for q in QUESTIONS[20 : 20 + clients]], burst))
            yield (
                "H4",
                f"{clients} questions at one moment, each answered or refused",
                (
                    f"{burst.codes['ask 200']} answered, {burst.codes['ask 503']} refused, {burst.errors()} lost"
                ),
            )
        beside = Replies()
        began = time.monotonic()
        asyncio.run(_search_beside_asks(url, beside))
        yield (
            "H4",
            "search, 2 clients, while the language model answers",
            (f"{beside.told('search', time.monotonic() - began)}; {beside.errors()} errors"),
        )


async def _one_by_one(url: str, questions: Sequence[str], replies: Replies) -> None:
    async with httpx.AsyncClient(timeout=180) as client:
        for question in questions:
            await ask(client, url, question, replies)


async def _at_once(url: str, questions: Sequence[str], replies: Replies) -> None:
    async with httpx.AsyncClient(timeout=300) as client:
        await asyncio.gather(*(ask(client, url, question, replies) for question in questions))


async def _search_beside_asks(url: str, replies: Replies) -> None:
    until = time.monotonic() + 60
    asking = asyncio.create_task(_asking(url, until, replies, " (beside)"))
    await searching(url, clients=2, until=until, replies=replies)
    await asking


async def _asking(url: str, until: float, replies: Replies, mark: str) -> None:
    number = 0
    async with httpx.AsyncClient(timeout=180) as client:
        while time.monotonic() < until:
            # A mark of its own, lest the answer be remembered.
            await ask(client, url, f"{QUESTIONS[number % len(QUESTIONS)]}{mark} {number}", replies)
            number += 1


def run_soak(project: Path, minutes: float, chunks: int) -> Iterator[tuple[str, str, str]]:
    """H5: searches and questions with a rebuild every minute; memory, descriptors and threads of the server."""
    with server(project) as (url, process):
        replies, began = Replies(), time.monotonic()
        looked, rebuilds = asyncio.run(_soak(url, process, project, began + 60 * minutes, replies))
        elapsed = time.monotonic() - began
    settled = looked[looked[:, 0] > 60 * _WARM] if minutes > 2 * _WARM else looked
    slope = 60 * np.polyfit(settled[:, 0], settled[:, 1], 1)[0]
    descriptors, threads = settled[:, 2], settled[:, 3]
    what = f"{minutes:g} minutes of searches and questions, a rebuild a minute"
    yield (
        "H5",
        f"{what}: memory",
        (
            f"{slope:+.2f} MB a minute after {_WARM:g} minutes ({settled[0, 1]:.0f} to {settled[-1, 1]:.0f} MB)"
        ),
    )
    yield (
        "H5",
        f"{what}: descriptors, threads",
        (
            f"{descriptors[0]:.0f} to {descriptors[-1]:.0f} (at most {descriptors.max():.0f}), "
            f"{threads[0]:.0f} to {threads[-1]:.0f} (at most {threads.max():.0f})"
        ),
    )
    yield (
        "H5",
        f"{what}: replies",
        (
            f"{replies.codes['search 200']:,} searches ({replies.told('search', elapsed)}), "
            f"{replies.codes['ask 200']} answers, {rebuilds} rebuilds, {replies.errors()} errors"
        ),
    )


async def _soak(
    url: str, process: int, project: Path, until: float, replies: Replies
) -> tuple[np.ndarray, int]:
    looked: list[tuple[float, float, int, int]] = []
    rebuilds = 0

    async def look() -> None:
        began = time.monotonic()
        while time.monotonic() < until:
            looked.append((time.monotonic() - began, *footprint(process)))
            await asyncio.sleep(_EVERY)

    async def rebuild() -> None:
        nonlocal rebuilds
        while time.monotonic() < until - 30:
            await asyncio.sleep(60)
            note = project / "corpus" / "soak.md"
            note.write_text(
                f"---\ntitle: Minute {rebuilds}\n---\nThe harbour was open for {rebuilds} minutes.\n",
                encoding="utf-8",
            )
            await asyncio.to_thread(update, project)
            rebuilds += 1

    await asyncio.gather(
        look(), rebuild(), _asking(url, until, replies, " (soak)"),
        searching(url, clients=2, until=until, replies=replies, pause=0.2),
    )  # fmt: skip
    return np.array(looked), rebuilds


def footprint(process: int) -> tuple[float, int, int]:
    """A process's memory in MB, without what is only mapped from files, its descriptors and its threads."""
    status = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    )
    return (
        int(status["RssAnon"].split()[0]) / 1024,
        len(list(Path(f"/proc/{process}/fd").iterdir())),
        int(status["Threads"]),
    )


LOADS = {"search": run_search, "asks": run_asks, "soak": run_soak}


def main() -> None:
    """Run one load in a folder of its own and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("load", choices=LOADS)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--chunks", type=int, default=0, help="size of the index; 0 is that of corpus/")
    parser.add_argument("--rows", action="store_true", help="JSON lines for tests/support/tally.py")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = project_of(Path(folder), options.chunks)
        for fault, what, figure in LOADS[options.load](project, options.minutes, options.chunks):
            row = {"fault": fault, "what": what, "figure": figure}
            print(json.dumps(row) if options.rows else f"{fault}  {what}: {figure}", flush=True)


if __name__ == "__main__":
    main()

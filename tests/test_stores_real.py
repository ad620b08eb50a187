"""The real encoder and reader on every engine: the same passages and quotes as from files; two servers on one store."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.fakes import write_corpus
from support.places import edition, parameter
from support.real import ROOT, needs_models
from support.servers import Milvus, Postgres
from support.tally import Tally

from ragqa.index import update
from ragqa.index.stores import store_of
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings, StoreAddress
from ragqa.types import Passage

pytestmark = [*needs_models, pytest.mark.reliability]
EDITIONS = 5
ASKED = "Was the lamp bought?"


@pytest.fixture(params=[parameter("postgresql"), parameter("milvus")])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreAddress]:
    server = Postgres() if request.param == "postgresql" else Milvus(tmp_path / "milvus")
    try:
        yield StoreAddress.of(server.address("news"))
    finally:
        server.stop()


def passage(found: Passage) -> tuple[Any, ...]:
    return found.article.id, found.chunk.start, found.chunk.end, found.score, found.reader, found.focus


def test_the_gold_questions_get_the_same_ten_passages_and_quotes_as_from_files(
    store: StoreAddress, tmp_path: Path, tally: Tally
) -> None:
    files = Settings.load(corpus=ROOT / "corpus", index=tmp_path / "index", generator="none")
    there = files.model_copy(update={"index": store})
    for settings in (files, there):
        update(settings)
    one, other = Pipeline.open(files), Pipeline.open(there)
    lines = (ROOT / "gold" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    tens = quotes = 0
    for question in questions:
        top = [[passage(p) for p in each.search(question, k=10, use_llm=False)] for each in (one, other)]
        tens += top[0] == top[1]
        answers = [each.answer(question, use_llm=False) for each in (one, other)]
        quotes += answers[0].citations == answers[1].citations and answers[0].status == answers[1].status
    tally("I4", f"gold questions with the same ten passages, scores and all, from {store.engine} as from files", tens, len(questions))  # fmt: skip
    tally(
        "I4", f"gold questions with the same quotes from {store.engine} as from files", quotes, len(questions)
    )
    assert (tens, quotes) == (len(questions), len(questions))


def serve(folder: Path, index: str) -> tuple[subprocess.Popen[bytes], str]:
    """A server process, once it can be asked."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RAGQA_INDEX": index, "RAGQA_GENERATOR": "none", "RAGQA_CORPUS": "corpus"}
    server = subprocess.Popen(
        [sys.executable, "-m", "ragqa", "serve", "--port", str(port)],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + 180
    while time.monotonic() < until:
        assert server.poll() is None
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz").status_code == 200:
                return server, url
        time.sleep(0.3)
    raise TimeoutError("the server was not ready")


class Asking(threading.Thread):
    """Searches at one server, again and again; counts replies of an edition older than was published before."""

    def __init__(self, url: str, published: list[int]) -> None:
        super().__init__(daemon=True)
        self.url, self.published = url, published
        self.replies = self.stale = self.mixed = self.failed = 0
        self.done = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            while not self.done.is_set():
                newest, self.replies = self.published[-1], self.replies + 1
                response = client.get("/api/search", params={"q": ASKED})
                seen = {int(n) for n in re.findall(r"[Ee]dition (\d+)", response.text)}
                self.failed += response.status_code != 200 or not seen
                self.mixed += len(seen) > 1
                self.stale += bool(seen) and min(seen) < newest


def test_two_servers_on_one_store_answer_from_what_one_of_them_rebuilt(
    store: StoreAddress, tmp_path: Path, tally: Tally
) -> None:
    write_corpus(tmp_path / "corpus", edition(0))
    update(Settings.load(corpus=tmp_path / "corpus", index=store, generator="none"))  # type: ignore[arg-type]
    uri = store.uri.get_secret_value() + (f"&schema={store.name}" if store.engine == "postgresql" else "")
    servers = [serve(tmp_path, uri) for _ in range(2)]
    published, store_ = [0], store_of(store)
    try:
        asking = [Asking(url, published) for _, url in servers]
        for each in asking:
            each.start()
        for number in range(1, EDITIONS + 1):
            write_corpus(tmp_path / "corpus", edition(number))
            before, until = store_.current(), time.monotonic() + 120
            assert httpx.post(f"{servers[0][1]}/ragqa/corpus/index").status_code == 202
            while store_.current() == before:
                assert time.monotonic() < until
                time.sleep(0.05)
            published.append(number)
            time.sleep(1)
        for each in asking:
            each.done.set()
            each.join(60)
    finally:
        for server, _ in servers:
            server.terminate()
            server.wait(30)
    replies = sum(each.replies for each in asking)
    wrong = sum(each.stale + each.mixed + each.failed for each in asking)
    tally("I7", f"replies of two servers on one {store.engine} while one of them rebuilt {EDITIONS} times: of what was published when they were asked, or newer", replies - wrong, replies)  # fmt: skip
    assert [(each.stale, each.mixed, each.failed) for each in asking] == [(0, 0, 0)] * 2
    assert replies > 4 * EDITIONS

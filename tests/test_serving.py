"""A server that goes on answering: while its index is replaced, while its model never ends, until it is stopped."""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Iterator, Sequence

import httpx
import pytest
from support.browsing import page_url
from support.fakes import ScriptedGenerator
from support.house import WHO, House
from support.tally import Tally

from ragqa.errors import ModelError
from ragqa.index.build import build_index
from ragqa.models.generator import Timed
from ragqa.models.protocols import Message
from ragqa.pipeline import Pipeline
from ragqa.server.app import launch

EDITIONS, QUESTIONS, CLIENTS = 20, 2_000, 4


def write_edition(house: House, number: int) -> str:
    """Every article says which edition it is of, and all are replaced; the version."""
    files = {
        f"{name}.md": f"The {subject} of edition {number}. A lamp was bought in edition {number}."
        for name, subject in (("a", "harbour"), ("b", "library"), ("c", f"lamp {'more ' * (number % 5)}"))
    }
    for name, text in files.items():
        (house.settings.corpus / name).write_text(text, encoding="utf-8")
    built = build_index(
        house.settings.corpus, house.settings.index, encoder=lambda: house.encoder, chunk_size=40
    )  # type: ignore[arg-type, return-value, unused-ignore]
    return built.version


class Reader(threading.Thread):
    """Asks one question after another; ``faults`` are replies that fail, mix editions or are behind."""

    def __init__(self, url: str, published: list[int], questions: int) -> None:
        super().__init__()
        self.url, self.published, self.questions = url, published, questions
        self.faults: list[str] = []
        self.seen: set[int] = set()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=60) as client:
            for number in range(self.questions):
                newest = self.published[-1]
                ask = number % 4 == 3
                response = (
                    client.post("/api/ask", json={"question": WHO, "no_llm": True})
                    if ask
                    else client.get("/api/search", params={"q": WHO})
                )
                self.check(response, newest)

    def check(self, response: httpx.Response, newest: int) -> None:
        if response.status_code != 200:
            self.faults.append(f"{response.status_code} {response.text[:200]}")
            return
        editions = {int(n) for n in re.findall(r"edition (\d+)", response.text)}
        self.seen |= editions
        if len(editions) != 1:
            self.faults.append(f"mixed: {editions}")
        elif min(editions) < newest:
            self.faults.append(f"stale: {editions} when {newest} was there before the question")


def test_twenty_new_versions_while_questions_are_asked(house: House, tally: Tally) -> None:
    """B1: each answer is wholly of one version, and of none older than the newest when it was asked."""
    for path in house.settings.corpus.iterdir():
        path.unlink()
    write_edition(house, 0)
    house.script(ModelError("none is needed"))
    published = [0]
    with page_url(Pipeline.open(house.settings, verified=True)) as url:
        readers = [Reader(url, published, QUESTIONS // CLIENTS) for _ in range(CLIENTS)]
        for reader in readers:
            reader.start()
        for number in range(1, EDITIONS + 1):
            write_edition(house, number)
            published.append(number)
            time.sleep(0.15)
        for reader in readers:
            reader.join(120)
    faults = [fault for reader in readers for fault in reader.faults]
    seen = set().union(*(reader.seen for reader in readers))
    tally("B1", f"questions of 4 clients while {EDITIONS} versions are published: none failed, mixed or behind",
          QUESTIONS - len(faults), QUESTIONS)  # fmt: skip
    assert faults == []
    assert len(seen) > EDITIONS // 2


# --- a model that does not end -----------------------------------------------------------------

# What answers this is in English, so that it is translated.
WHO_ZH = "谁买了灯？"


class Endless:
    """A model that says the same for ever; "" is one that reads for ever."""

    id = "endless"

    def __init__(self, piece: str) -> None:
        self.piece = piece
        self.opened = self.closed = 0

    def stream(self, messages: Sequence[Message], **options: object) -> Iterator[str]:
        self.opened += 1
        try:
            while True:
                yield self.piece
                time.sleep(0.01)
        finally:
            self.closed += 1


PIECES = [
    "",
    "a",
    "[1] ",
    "\n",
    "Marta Lindqvist bought the lamp. ",
    "灯",
    "[1][1]",
    "NOT FOUND?",
    "<|im_end|>",
    "1" * 99,
]


def test_a_model_that_never_ends_is_stopped_at_the_deadline(house: House, tally: Tally) -> None:
    house.settings = house.settings.model_copy(update={"deadline": 0.3})
    in_time = 0
    for piece, question in itertools.product(PIECES, (WHO, WHO_ZH)):
        model = Endless(piece)
        pipeline = house.open(model)  # type: ignore[arg-type]
        began = time.monotonic()
        answer = pipeline.answer(question, write=True)
        in_time += time.monotonic() - began < 0.3 + 1 and model.closed == model.opened
        assert [s.text for s in answer.statements if s.kind == "quote"] == [c.quote for c in answer.citations]
        assert answer.statements
    tally(
        "C7",
        "models that read, repeat or write without end: ended within a second of the deadline",
        in_time,
        20,
    )
    assert in_time == 20


def test_what_was_checked_before_the_deadline_stays(house: House) -> None:
    class Slow(ScriptedGenerator):
        def stream(self, messages: Sequence[Message], **options: object) -> Iterator[str]:
            yield "Marta Lindqvist is the buyer. [2]\n"
            while True:
                time.sleep(0.01)
                yield ""

    house.settings = house.settings.model_copy(update={"deadline": 0.3})
    pipeline = house.open(Slow())
    answer = pipeline.answer(WHO, write=True)
    assert [s.text for s in answer.statements if s.kind == "written"] == ["Marta Lindqvist is the buyer."]
    assert "it took longer than 0.3 seconds" in answer.note
    # It is not kept as the answer to this question.
    assert not pipeline.answer(WHO, write=True).cached


def test_a_translation_that_takes_too_long_is_done_without(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragqa.pipeline._TRANSLATION_SECONDS", 0.2)
    pipeline = house.open(Endless("灯"))  # type: ignore[arg-type]
    began = time.monotonic()
    passages = pipeline.search(WHO)
    assert time.monotonic() - began < 1.2
    assert passages[0].article.id == "lighthouse.md"
    assert pipeline._translator.known(WHO) is None


def test_a_reply_in_time_is_passed_on() -> None:
    assert list(Timed(ScriptedGenerator(["a", "b"]), 60).stream([])) == ["a", "b"]


# --- the end -----------------------------------------------------------------------------------


def test_an_answer_is_not_lost_when_the_server_is_told_to_stop(house: House) -> None:
    """The line is closed first: what is being answered ends, what comes is told to come back."""
    go, begun = threading.Event(), threading.Event()

    class Held(ScriptedGenerator):
        def stream(self, messages: Sequence[Message], **options: object) -> Iterator[str]:
            begun.set()
            go.wait(10)
            yield "旧灯塔周一有了新主人。\n"

    house.script(Held())
    pipeline = Pipeline.open(house.settings)
    app, url = launch(pipeline, host="127.0.0.1", port=0)
    replies: list[httpx.Response] = []
    asking = threading.Thread(
        target=lambda: replies.append(httpx.post(f"{url}/api/ask", json={"question": WHO_ZH}, timeout=30))
    )
    asking.start()
    begun.wait(10)
    app.state.session.queue.close()
    assert httpx.post(f"{url}/api/ask", json={"question": WHO}).status_code == 503
    assert httpx.get(f"{url}/readyz").status_code == 503
    assert httpx.get(f"{url}/healthz").status_code == 200
    go.set()
    asking.join(10)
    app.state.stop()
    assert replies[0].json()["statements"][0]["translation"] == "旧灯塔周一有了新主人。"

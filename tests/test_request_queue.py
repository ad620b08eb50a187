"""The queue for the language model: who is next, who is turned away, who leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ragqa.errors import BusyError
from ragqa.server import request_queue
from ragqa.server.request_queue import QueuedAnswer, RequestQueue
from ragqa.types import Answer

ANSWER = Answer("?", "en", "answered")


class Stage:
    """Answers that begin when they are let, and note the order in which they did."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.closed: list[str] = []
        self.let = threading.Semaphore(0)

    def start(self, name: str) -> Iterator[Answer]:
        self.begun.append(name)
        try:
            yield ANSWER
            self.let.acquire(timeout=10)
            yield ANSWER
        finally:
            self.closed.append(name)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def follow(run: QueuedAnswer, ends: list[str], name: str) -> threading.Thread:
    def work() -> None:
        try:
            ends.append(f"{name} {'answered' if run.last() else 'stopped'}")
        except BusyError as error:
            ends.append(f"{name} {error}")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_first_come_first_served(stage: Stage) -> None:
    queue, ends = RequestQueue(5), list[str]()
    runs = {name: QueuedAnswer(lambda name=name: stage.start(name), queue) for name in "abc"}  # type: ignore[misc]
    assert [run.ahead for run in runs.values()] == [0, 1, 2]
    threads = [follow(run, ends, name) for name, run in reversed(runs.items())]
    for _ in runs:
        stage.let.release()
    for thread in threads:
        thread.join(10)
    assert stage.begun == ["a", "b", "c"]
    assert sorted(ends) == ["a answered", "b answered", "c answered"]
    assert queue.empty


def test_beyond_its_places_nobody_joins(stage: Stage) -> None:
    queue = RequestQueue(1)
    runs = [QueuedAnswer(lambda: stage.start("x"), queue) for _ in range(2)]
    with pytest.raises(BusyError, match="2 questions are waiting") as told:
        QueuedAnswer(lambda: stage.start("y"), queue)
    assert told.value.waiting == 2
    runs[1].stop()
    QueuedAnswer(lambda: stage.start("z"), queue)


def test_who_leaves_lets_the_next_come(stage: Stage) -> None:
    queue, ends = RequestQueue(5), list[str]()
    first, second, third = (QueuedAnswer(lambda n=n: stage.start(n), queue) for n in "abc")  # type: ignore[misc]
    threads = [follow(run, ends, name) for run, name in ((first, "a"), (second, "b"), (third, "c"))]
    second.stop()
    assert third.ahead == 1
    stage.let.release()
    stage.let.release()
    for thread in threads:
        thread.join(10)
    assert stage.begun == ["a", "c"]
    assert sorted(ends) == ["a answered", "b stopped", "c answered"]


def test_a_closed_line_lets_the_answer_end_and_turns_the_others_away(stage: Stage) -> None:
    queue, ends = RequestQueue(5), list[str]()
    snapshots = iter(first := QueuedAnswer(lambda: stage.start("a"), queue))
    next(snapshots)
    waiting = follow(QueuedAnswer(lambda: stage.start("b"), queue), ends, "b")
    queue.close()
    waiting.join(10)
    assert ends == ["b this question has waited too long; ask again in a moment"]
    with pytest.raises(BusyError, match="stopping"):
        QueuedAnswer(lambda: stage.start("c"), queue)
    assert not queue.empty
    stage.let.release()
    assert list(snapshots) == [ANSWER]
    assert not first.stopped


def test_nobody_waits_for_ever(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_queue, "_PATIENCE", 0.05)
    queue = RequestQueue(5)
    snapshots = iter(QueuedAnswer(lambda: stage.start("a"), queue))
    next(snapshots)
    with pytest.raises(BusyError, match="waited too long"):
        QueuedAnswer(lambda: stage.start("b"), queue).last()
    stage.let.release()
    assert list(snapshots) == [ANSWER]


def test_an_answer_that_fails_gives_its_place_back() -> None:
    queue = RequestQueue(0)

    def fail() -> Iterator[Answer]:
        raise OSError("no disk")
        yield

    for _ in range(3):
        with pytest.raises(OSError, match="no disk"):
            QueuedAnswer(fail, queue).last()


def test_a_run_that_is_never_followed_gives_its_place_back_when_stopped(stage: Stage) -> None:
    queue = RequestQueue(0)
    QueuedAnswer(lambda: stage.start("a"), queue).stop()
    assert queue.empty
    assert stage.begun == []


def test_a_question_of_the_page_comes_before_all_but_one_of_a_program(stage: Stage) -> None:
    queue, ends = RequestQueue(10), list[str]()
    runs = {}
    for name in ["p1", "p2", "p3", "p4", "a", "b", "p5", "c"]:
        runs[name] = QueuedAnswer(
            lambda name=name: stage.start(name),
            queue,
            program=name.startswith("p"),  # type: ignore[misc]
        )
    threads = [follow(run, ends, name) for name, run in runs.items()]
    for _ in runs:
        stage.let.release()
    for thread in threads:
        thread.join(10)
    assert stage.begun == ["p1", "a", "p2", "b", "p3", "c", "p4", "p5"]


def test_programs_take_no_place_from_the_page() -> None:
    queue = RequestQueue(2)
    programs = [QueuedAnswer(lambda: iter([ANSWER]), queue, program=True) for _ in range(3)]
    with pytest.raises(BusyError, match="3 questions"):
        QueuedAnswer(lambda: iter([ANSWER]), queue, program=True)
    readers = [QueuedAnswer(lambda: iter([ANSWER]), queue) for _ in range(3)]
    with pytest.raises(BusyError):
        QueuedAnswer(lambda: iter([ANSWER]), queue)
    assert [run.last() for run in (programs[0], readers[0])] == [ANSWER, ANSWER]

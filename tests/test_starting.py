"""Starting and stopping where little is there: memory, descriptors, a home, a place for temporary files."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.real import can_cut_the_network, needs_models, project_copy, ragqa
from support.tally import Tally

from ragqa.settings import Settings

pytestmark = [*needs_models, pytest.mark.reliability]

QUESTION = "why did Brundage leave?"
# Below the first of these the interpreter's libraries end the process before Python can say a word.
LIMITS = [800, 1_500, 2_000, 2_500, 2_800]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project_copy(tmp_path_factory.mktemp("project"))
    built = ragqa("index", cwd=folder)
    assert built.returncode == 0, built.stderr
    return folder


def free_port() -> int:
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return int(any_socket.getsockname()[1])


class Serving:
    """``ragqa serve`` in a process of its own, until it says that it is ready."""

    def __init__(
        self,
        folder: Path,
        *,
        prefix: list[str] = [],  # noqa: B006
        environment: Mapping[str, str] | None = None,
        limit: Callable[[], None] | None = None,
    ) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "ragqa", "serve", "--port", str(port)],
            cwd=folder, env={**os.environ, **(environment or {})}, stderr=subprocess.PIPE, text=True, preexec_fn=limit,
        )  # fmt: skip
        assert self.process.stderr
        self.said = ""
        while "ready" not in self.said and (line := self.process.stderr.readline()):
            self.said += line

    def ask(self, **more: Any) -> httpx.Response:
        return httpx.post(f"{self.url}/api/ask", json={"question": QUESTION, **more}, timeout=120)

    def stop(self) -> tuple[int, float]:
        """The exit code after SIGTERM, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30), time.monotonic() - began


@pytest.fixture
def serving(project: Path) -> Iterator[Callable[..., Serving]]:
    started: list[Serving] = []

    def start(**options: Any) -> Serving:
        started.append(Serving(project, **options))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def test_too_little_memory_is_said(project: Path, tally: Tally) -> None:
    clean = 0
    for megabytes in LIMITS:
        done = subprocess.run(
            [sys.executable, "-m", "ragqa", "ask", QUESTION],
            cwd=project, capture_output=True, text=True, check=False, timeout=300,
            preexec_fn=lambda megabytes=megabytes: resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20,) * 2),
        )  # fmt: skip
        clean += done.returncode == 4 and "memory" in done.stderr and "Traceback" not in done.stderr
    tally(
        "C1",
        "address spaces of 800 to 2,800 MB, too small for the models: said in a sentence, code 4",
        clean,
        len(LIMITS),
    )
    assert clean == len(LIMITS)


def test_sixty_four_descriptors_are_enough(serving: Callable[..., Serving], tally: Tally) -> None:
    server = serving(limit=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
    fine = server.ask().status_code == 200
    tally("C8", "64 descriptors: a question is answered", fine, 1)
    assert fine


@pytest.mark.skipif(
    not can_cut_the_network() or Path(sys.prefix).is_relative_to("/tmp"),
    reason="needs root and unshare, to mount a read-only /tmp, and this environment elsewhere",
)
def test_no_place_for_temporary_files_is_needed(
    serving: Callable[..., Serving], tmp_path: Path, tally: Tally
) -> None:
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && mount --bind "$0" /tmp && mount -o remount,ro,bind /tmp && exec "$@"'
    server = serving(prefix=["unshare", "--mount", "bash", "-c", script, str(tmp_path)])
    assert "ready" in server.said
    fine = server.ask().status_code == 200
    tally("C8", "a read-only /tmp: a question is answered", fine, 1)
    assert fine


def test_a_home_that_is_not_there_is_said(project: Path, tmp_path: Path, tally: Tally) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ragqa", "ask", QUESTION],
        cwd=project, env={**os.environ, "RAGQA_HOME": str(tmp_path / "gone")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    fine = done.returncode == 4 and "ragqa models pull" in done.stderr and "Traceback" not in done.stderr
    tally("C8", "no home: said with what to run, code 4", fine, 1)
    assert fine
    assert Settings.load().home.exists()


def test_a_port_in_use_is_said_at_once(project: Path, tally: Tally) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = ragqa("serve", "--port", str(taken.getsockname()[1]), cwd=project)
    fine = done.returncode == 1 and "cannot be used" in done.stderr and "Traceback" not in done.stderr
    tally("C8", "a port in use: said with what to do", fine, 1)
    assert fine


def test_sigterm_in_the_middle_of_an_answer(serving: Callable[..., Serving], tally: Tally) -> None:
    server = serving()
    server.ask()  # the model is loaded
    replies: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: replies.append(server.ask(k=4)))
    asking.start()
    time.sleep(1.5)
    code, seconds = server.stop()
    asking.join(30)
    fine = code == 0 and seconds <= 10 and replies[0].status_code in (200, 503)
    tally("C8", "SIGTERM in the middle of an answer: it ends or is told, code 0 within 10 s", fine, 1)
    assert fine, (code, seconds, replies)

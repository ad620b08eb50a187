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
    """A llama.cpp server: the folder of its socket, where it saves and restores, too, and its key."""

    folder: Path
    key: str

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "llama.sock"

    def restore(self, kept: Path, name: str) -> bool:
        """Continue from the state kept in a folder; False where there is none, or one that is damaged or of no use."""
        path = next(kept.glob(_files(name)), None)
        try:
            content = path.read_bytes() if path else b""
            if not path or path.suffix != f".{_sha256(content)}":
                return False
            (self.folder / _FILE).write_bytes(content)
        except OSError:
            return False
        return self._told("restore")

    def save(self, kept: Path, name: str) -> None:
        """Keep the state that it has now, in place of others of its model; where that cannot be, nothing is kept."""
        if not self._told("save"):
            return
        part = kept / f"{name}.{os.getpid()}"
        with suppress(OSError):
            content = (self.folder / _FILE).read_bytes()
            path = kept / f"{name}.{_sha256(content)}"
            kept.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(content)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
            for old in set(kept.glob(_files(f"{name.partition('-')[0]}-*"))) - {path}:
                old.unlink(missing_ok=True)

    def _told(self, action: Literal["save", "restore"]) -> bool:
        import httpx

        client = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)),
            base_url="http://llama",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=_SECONDS,
            trust_env=False,
        )
        with suppress(httpx.HTTPError), client:
            return client.post(f"/slots/0?action={action}", json={"filename": _FILE}).is_success
        return False


def name_of(messages: Sequence[Message], model: Path, version: str) -> str:
    """What files of this beginning are called, up to the dot: the model's file, then all that decides the state."""
    found = model.stat()
    said = [[message.role, message.content] for message in messages]
    whole = json.dumps([str(model), found.st_size, found.st_mtime_ns, version, said])
    return f"{_digest(str(model))}-{_digest(whole)}"


def _files(name: str) -> str:
    return f"{name}.{'?' * 64}"


def _digest(text: str) -> str:
    return _sha256(text.encode())[:_DIGITS]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""Keys of programs: made, listed and revoked by command line, known to a running server at once.

The file holds hashes. A key is 256 random bits, which nobody can guess, so one SHA-256 is enough: slow hashes
protect passwords that people choose, and would cost every request some milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from ragqa.errors import RagqaError, SettingsError
from ragqa.index import durable
from ragqa.server.access import Buckets

SCHEMA = "ragqa.keys/1"
_PREFIX, _BYTES, _LENGTH = "ragqa-", 32, 49
_LONGEST_NAME = 60
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret: its name, SHA-256, requests a minute, and when (UTC) it was made and revoked."""

    name: str
    digest: str
    per_minute: int
    made: str
    revoked: str | None = None


def is_key(text: str) -> bool:
    """Whether a text has the form of a key."""
    return text.startswith(_PREFIX) and len(text) == _LENGTH


def read(path: Path) -> list[Key]:
    """The keys of a file, revoked ones too; none where there is no file. Raises SettingsError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(document["schema"])
        return [Key(**each) for each in document["keys"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise SettingsError(
            f"the file of keys {path} cannot be read; restore it, or delete it and make new keys"
        ) from error


def add(path: Path, name: str, *, per_minute: int) -> str:
    """Make a key and return its secret, which is kept nowhere. Raises SettingsError where the name is taken."""
    if not name.isprintable() or not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise SettingsError(f"the name of a key has 1 to {_LONGEST_NAME} printable characters")
    with _alone(path):
        known = read(path)
        if any(key.name == name for key in known):
            raise SettingsError(f"there is, or was, a key of the name {name}; choose another")
        secret = _PREFIX + secrets.token_urlsafe(_BYTES)
        _write(path, [*known, Key(name, _digest(secret), per_minute, _now())])
    return secret


def revoke(path: Path, name: str) -> None:
    """Revoke a key for good; a running server refuses it from its next request on. Raises SettingsError."""
    with _alone(path):
        known = read(path)
        if not any(key.name == name and not key.revoked for key in known):
            raise SettingsError(f"no key of the name {name} is in use; run: ragqa keys list")
        _write(
            path, [replace(key, revoked=key.revoked or _now()) if key.name == name else key for key in known]
        )


def public(key: Key) -> dict[str, Any]:
    """What is told of a key: all but its hash."""
    return {name: value for name, value in asdict(key).items() if name != "digest"}


class KeyRing:
    """The keys of a running server, read again when their file changes, and how often each was used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, Key] = {}
        self._closed = False
        self._buckets: dict[str, Buckets] = {}

    @property
    def asked_for(self) -> bool:
        """Whether programs need a key: from the first one made on, also when all are revoked or unreadable."""
        self._look()
        return self._closed or bool(self._keys)

    def known(self, text: str) -> Key | None:
        """The key of a secret, unless it is revoked."""
        self._look()
        # Found by its hash, which tells whoever measures the time nothing about the secret.
        key = self._keys.get(_digest(text))
        return None if key is None or key.revoked else key

    def take(self, key: Key) -> int:
        """Count a request; or the whole seconds until the key may be used again, when it was used too often."""
        bucket = self._buckets.setdefault(
            key.digest, Buckets(most=key.per_minute, a_second=key.per_minute / 60)
        )
        wait = bucket.wait("")
        if not wait:
            bucket.take("")
        return wait

    def _look(self) -> None:
        """Read the file where it is another one than before. One that cannot be read knows no key, but asks for one."""
        try:
            found = self._path.stat()
            seen = found.st_ino, found.st_mtime_ns, found.st_size
            if seen != self._seen:
                self._keys = {key.digest: key for key in read(self._path)}
                self._buckets = {d: b for d, b in self._buckets.items() if d in self._keys}
                self._seen, self._closed = seen, False
        except FileNotFoundError:
            self._keys, self._seen, self._closed = {}, None, False
        except (OSError, RagqaError) as error:
            if not self._closed:
                _log.error("programs are refused: %s", error)
            self._keys, self._seen, self._closed = {}, None, True


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _write(path: Path, known: list[Key]) -> None:
    document = {"schema": SCHEMA, "keys": [asdict(key) for key in known]}
    durable.replace(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n", mode=0o600)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold off other writers. Raises RagqaError where the folder cannot be written."""
    try:
        durable.make(path.parent)
        with FileLock(path.with_name(path.name + ".lock"), timeout=10):
            yield
    except (OSError, TimeoutError) as error:
        raise RagqaError(f"the keys could not be written to {path}: {error}") from error

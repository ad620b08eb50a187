"""Keys of programs: hashed, one line of the command line each, and known to a running server at once."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from support.house import Line

from ragqa.errors import RagqaError, SettingsError
from ragqa.server import keys
from ragqa.server.keys import KeyRing, is_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "keys.json"


def test_a_key_is_random_and_only_its_hash_is_kept(path: Path) -> None:
    one, other = keys.add(path, "one", per_minute=5), keys.add(path, "other", per_minute=5)
    assert is_key(one)
    assert is_key(other)
    assert one != other
    assert one not in path.read_text()
    assert [key.name for key in keys.read(path)] == ["one", "other"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert "digest" not in keys.public(keys.read(path)[0])


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb"])
def test_a_name_can_be_shown_on_a_line(path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="1 to 60 printable"):
        keys.add(path, name, per_minute=5)


def test_a_name_is_used_once_even_after_it_was_revoked(path: Path) -> None:
    keys.add(path, "one", per_minute=5)
    keys.revoke(path, "one")
    with pytest.raises(SettingsError, match="choose another"):
        keys.add(path, "one", per_minute=5)
    for unknown in ("one", "two"):
        with pytest.raises(SettingsError, match="keys list"):
            keys.revoke(path, unknown)


def test_keys_that_are_made_at_one_time_are_all_kept(path: Path) -> None:
    threads = [
        threading.Thread(target=keys.add, args=(path, f"key {n}"), kwargs={"per_minute": 1}) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in keys.read(path)} == {f"key {n}" for n in range(8)}


def test_a_ring_knows_a_new_key_and_forgets_a_revoked_one_at_once(path: Path) -> None:
    ring = KeyRing(path)
    assert not ring.asked_for
    secret = keys.add(path, "one", per_minute=5)
    found = ring.known(secret)
    assert found
    assert found.name == "one"
    assert ring.known(secret[:-1] + ("x" if secret[-1] != "x" else "y")) is None
    keys.revoke(path, "one")
    assert ring.known(secret) is None
    # What was closed once is not opened by revoking the last key.
    assert ring.asked_for
    path.unlink()
    assert not ring.asked_for


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema": "other", "keys": []}', '{"schema": "ragqa.keys/1", "keys": [{}]}']
)
def test_a_damaged_file_lets_nobody_in(path: Path, text: str) -> None:
    ring, secret = KeyRing(path), keys.add(path, "one", per_minute=5)
    assert ring.known(secret)
    path.write_text(text)
    assert ring.known(secret) is None
    assert ring.asked_for
    with pytest.raises(SettingsError, match="cannot be read"):
        keys.read(path)
    with pytest.raises(RagqaError):
        keys.add(path, "two", per_minute=5)
    assert path.read_text() == text


def test_each_key_has_a_rate_of_its_own(path: Path) -> None:
    keys.add(path, "slow", per_minute=2)
    keys.add(path, "fast", per_minute=600)
    slow, fast = keys.read(path)
    ring = KeyRing(path)
    waits = [ring.take(slow) for _ in range(3)]
    assert waits[:2] == [0, 0]
    assert 25 <= waits[2] <= 30
    assert not any(ring.take(fast) for _ in range(100))


def test_the_command_line_makes_lists_and_revokes(line: Line) -> None:
    code, secret = line.bare("keys", "add", "newsroom", "--per-minute", "7")
    assert code == 0
    assert is_key(secret.strip())
    assert "not shown again" in line.err
    made = json.loads(line.bare("keys", "add", "desk", "--json")[1])
    assert is_key(made["key"])
    listed = json.loads(line.bare("keys", "list", "--json")[1])
    assert [(key["name"], key["per_minute"], key["revoked"]) for key in listed["keys"]] == [
        ("newsroom", 7, None),
        ("desk", line.house.settings.key_rate, None),
    ]
    assert line.bare("keys", "revoke", "newsroom") == (0, "newsroom is revoked\n")
    shown = line.bare("keys", "list")[1].splitlines()
    assert ["revoked" in each for each in shown] == [True, False]
    assert secret.strip() not in line.bare("keys", "list", "--json")[1]
    assert line.bare("keys", "revoke", "nobody")[0] == 2

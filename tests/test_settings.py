"""Flags over variables over the file over the defaults; mistakes are named."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ragqa.errors import SettingsError
from ragqa.settings import Settings


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RAGQA_")]:
        monkeypatch.delenv(name)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ragqa.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_defaults_stand_in_one_place() -> None:
    settings = Settings.load()
    assert (settings.corpus, settings.index) == (Path("corpus"), Path("index"))
    assert settings.encoder == "multilingual-e5-small-q4"
    assert settings.generator == "qwen2.5-coder-1.5b-instruct-q4_k_m"
    assert (settings.chunk_size, settings.k, settings.max_tokens, settings.threads) == (300, 5, 256, 0)
    assert (settings.host, settings.port) == ("127.0.0.1", 7860)
    assert (settings.reader, settings.write, settings.refuse_below) == ("ragqa-reader", False, None)


def test_a_flag_wins_over_a_variable_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write(tmp_path, "k = 2\nkeep = 2\nport = 2\n")
    monkeypatch.setenv("RAGQA_K", "3")
    monkeypatch.setenv("RAGQA_KEEP", "3")
    settings = Settings.load(config, k=4)
    assert (settings.k, settings.keep, settings.port, settings.max_tokens) == (4, 3, 2, 256)


def test_a_flag_that_is_none_was_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_INDEX", "/from/variable")
    assert Settings.load(index=None, corpus=None).index == Path("/from/variable")


def test_the_home_can_be_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_HOME", "/somewhere")
    assert Settings.load().home == Path("/somewhere")


def test_a_file_of_one_call_does_not_stay_for_the_next(tmp_path: Path) -> None:
    assert Settings.load(write(tmp_path, "k = 9\n")).k == 9
    assert Settings.load().k == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chunks = 5\n", "setting chunks = 5: Extra inputs are not permitted"),
        ("k = 0\n", "setting k = 0: Input should be greater than or equal to 1"),
        ("k = 101\n", "setting k = 101: Input should be less than or equal to 100"),
        ('k = "many"\n', "setting k = 'many': Input should be a valid integer"),
        ("chunk_size = 39\n", "setting chunk_size = 39: Input should be greater than or equal to 40"),
        ("port = 65536\n", "setting port = 65536: Input should be less than or equal to 65535"),
        ("refuse_below = 1.1\n", "setting refuse_below = 1.1: Input should be less than or equal to 1"),
        ("refuse_below = -1\n", "setting refuse_below = -1: Input should be greater than or equal to 0"),
        ('write = "perhaps"\n', "setting write = 'perhaps': Input should be a valid boolean"),
        ("unsupported = 1\n", "setting unsupported = 1: Extra inputs are not permitted"),
        ("k = \n", "ragqa.toml cannot be read"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings.load(write(tmp_path, text))
    assert message in str(error.value)
    assert error.value.exit_code == 2


def test_a_bad_variable_or_flag_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    flags: dict[str, Any] = {"max_tokens": 1}
    with pytest.raises(SettingsError, match="setting max_tokens = 1: "):
        Settings.load(**flags)
    monkeypatch.setenv("RAGQA_CONTEXT", "12")
    with pytest.raises(SettingsError, match=r"setting context = '12': "):
        Settings.load()


def test_a_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"the settings file .*gone\.toml does not exist"):
        Settings.load(tmp_path / "gone.toml")
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"bytes\.toml cannot be read"):
        Settings.load(path)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings.load().k = 7


def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_GENERATOR_KEY", "hush-hush")
    settings = Settings.load()
    assert settings.generator_key.get_secret_value() == "hush-hush"
    assert "hush-hush" not in f"{settings!r} {settings} {settings.model_dump_json()}"


def test_a_secret_file_is_read_and_a_variable_wins_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ragqa_password").write_text("correct horse battery\n", encoding="utf-8")
    (tmp_path / "of_another_program").write_text("x", encoding="utf-8")
    monkeypatch.setenv("RAGQA_SECRETS", str(tmp_path))
    file = write(tmp_path, 'password = "of the settings file"')
    assert Settings.load(file).password.get_secret_value() == "correct horse battery"
    monkeypatch.setenv("RAGQA_PASSWORD", "of the variable")
    assert Settings.load(file).password.get_secret_value() == "of the variable"


def test_secrets_that_are_missing_or_no_text_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGQA_SECRETS", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match=r"RAGQA_SECRETS: there is no folder .*nowhere"):
        Settings.load()
    (tmp_path / "ragqa_password").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("RAGQA_SECRETS", str(tmp_path))
    with pytest.raises(SettingsError, match=r"\(RAGQA_SECRETS\) cannot be read: .*decode"):
        Settings.load()

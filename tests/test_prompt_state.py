"""What llama.cpp computed of a prompt's beginning is kept on disk, and never restored when it is another or damaged."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.real import missing_models

from ragqa.answer.translate import build_gloss, translation_beginning
from ragqa.models import catalogue
from ragqa.models.generator import LlamaCpp
from ragqa.models.prompt_state import Beginning, Server, name_of
from ragqa.models.protocols import Message
from ragqa.settings import Settings

BEGUN = [Message("system", "Translate."), Message("user", "")]
NAME = "a" * 16 + "-" + "b" * 16


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """One whose work folder holds the state "computed" once it is told to save."""
    found = Server(tmp_path / "work", "secret")
    found.folder.mkdir()

    def told(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer secret"
        if request.url.params["action"] == "save":
            (found.folder / "prompt").write_bytes(b"computed")
        return httpx.Response(200)

    monkeypatch.setattr(httpx, "HTTPTransport", lambda uds: httpx.MockTransport(told))
    return found


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"weights")
    return path


def test_what_was_saved_is_restored(server: Server, tmp_path: Path) -> None:
    server.save(tmp_path / "prompts", NAME)
    (server.folder / "prompt").unlink()
    assert server.restore(tmp_path / "prompts", NAME)
    assert (server.folder / "prompt").read_bytes() == b"computed"


@pytest.mark.parametrize("content", [b"", b"compute", b"computeD"])
def test_a_damaged_state_is_never_given_to_llama(server: Server, tmp_path: Path, content: bytes) -> None:
    server.save(tmp_path / "prompts", NAME)
    (server.folder / "prompt").unlink()
    (found,) = (tmp_path / "prompts").iterdir()
    found.write_bytes(content)
    assert not server.restore(tmp_path / "prompts", NAME)
    assert not (server.folder / "prompt").exists()


def test_a_state_that_is_gone_is_not_restored(server: Server, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    assert not server.restore(tmp_path / "prompts", NAME)
    assert not server.restore(tmp_path / "nowhere", NAME)


def test_a_new_state_takes_the_place_of_others_of_its_model_only(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    for name in ("a" * 16 + "-" + "0" * 16, "c" * 16 + "-" + "0" * 16, NAME):
        server.save(folder, name)
    assert {path.stem for path in folder.iterdir()} == {NAME, "c" * 16 + "-" + "0" * 16}


def test_a_folder_that_cannot_be_written_keeps_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("a file", encoding="utf-8")
    server.save(tmp_path / "prompts", NAME)
    assert not server.restore(tmp_path / "prompts", NAME)
    assert (tmp_path / "prompts").is_file()


def test_a_full_disk_leaves_nothing_behind(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        if path.parent == server.folder:
            return write(path, content)
        write(path, content[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    server.save(tmp_path / "prompts", NAME)
    assert list((tmp_path / "prompts").iterdir()) == []


def test_a_server_that_does_not_answer_keeps_nothing(tmp_path: Path) -> None:
    Server(tmp_path, "secret").save(tmp_path / "prompts", NAME)
    assert not (tmp_path / "prompts").exists()


def _heavier(model: Path) -> None:
    model.write_bytes(b"other weights")


def _newer(model: Path) -> None:
    os.utime(model, ns=(1, 1))


@pytest.mark.parametrize("change", [_heavier, _newer])
def test_another_model_has_another_name(model: Path, change: Any) -> None:
    before = name_of(BEGUN, model, "1")
    change(model)
    after = name_of(BEGUN, model, "1")
    assert before != after
    assert before.partition("-")[0] == after.partition("-")[0]


def test_another_beginning_or_version_has_another_name(model: Path) -> None:
    names = {name_of(BEGUN, model, "1"), name_of(BEGUN, model, "2"), name_of(BEGUN[:1], model, "1")}
    assert len(names) == 3
    assert name_of(list(BEGUN), model, "1") in names


@pytest.mark.model
@pytest.mark.alone
@pytest.mark.skipif(bool(missing_models()), reason=missing_models() or "models are here")
@pytest.mark.parametrize("damaged", [False, True])
def test_a_translation_is_the_same_after_a_kept_beginning_and_a_damaged_one_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    settings = Settings.load()
    path = Path(catalogue.locate(settings.generator, role="generator", home=settings.home))
    restored: list[bool] = []
    restore = Server.restore
    monkeypatch.setattr(Server, "restore", lambda *given: restored.append(restore(*given)) or restored[-1])
    messages, grammar, _ = build_gloss("这座灯塔去年秋天就不亮了，港口说要等到春天才修。", to="en")

    def translated() -> str:
        model = LlamaCpp.load(path, id="x", beginning=Beginning(translation_beginning(), tmp_path))
        return "".join(model.stream(messages, grammar=grammar, max_tokens=60))

    first = translated()
    (state,) = tmp_path.iterdir()
    if damaged:
        content = state.read_bytes()
        state.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert translated() == first
    assert restored == [False, not damaged]
    assert [found.name for found in tmp_path.iterdir()] == [state.name]

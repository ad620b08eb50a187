"""Models that are loaded when they are first needed."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from support.fakes import ScriptedGenerator, WordEncoder, WordReader, failing
from support.house import House

from ragqa.errors import ModelDamagedError, ModelMissingError
from ragqa.models import FILE, catalogue, loading
from ragqa.models import encoder as encoders
from ragqa.models.loading import LazyEncoder, LazyReader
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an encoder, which is a fake that counts how often it is loaded."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    monkeypatch.setattr(catalogue, "locate", lambda *_, **__: str(folder))
    return folder


def test_an_encoder_is_known_before_it_is_loaded_and_loaded_once(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    monkeypatch.setattr(loading, "load_encoder", lambda settings: made.append(settings) or WordEncoder())
    lazy = LazyEncoder(Settings.load(encoder="words"))
    assert (lazy.id, lazy.fingerprint) == ("words", encoders.fingerprint(str(files)))
    assert not lazy.loaded
    assert made == []
    assert lazy.encode_query(["港"]).shape == (1, 10)
    assert lazy.encode_passages(["港", "灯"]).shape == (2, 10)
    assert lazy.dimension == 10
    assert lazy.loaded
    assert len(made) == 1


def test_one_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match="ragqa models pull"):
        LazyEncoder(Settings.load(home=tmp_path))


@pytest.fixture
def server(house: House, files: Path) -> Pipeline:
    """A pipeline whose encoder is in its folder, not in memory."""
    house.script(ScriptedGenerator())
    house.encoder.fingerprint = encoders.fingerprint(str(files))
    shutil.rmtree(house.settings.index)
    house.build({})
    return Pipeline.for_server(house.settings.model_copy(update={"encoder": "words"}))


def test_a_server_is_there_before_its_models(server: Pipeline) -> None:
    assert server.index is not None
    assert server.opening
    server._warm()
    assert not server.opening
    assert server.search("Who bought the lamp?", use_llm=False)


def test_an_encoder_that_cannot_be_loaded_is_logged_and_told_to_who_asks(
    server: Pipeline, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "load_encoder", failing(ModelDamagedError("the encoder is damaged")))
    server._warm()
    assert "no question can be answered: the encoder is damaged" in caplog.text
    assert server.opening
    with pytest.raises(ModelDamagedError):
        server.search("Who?", use_llm=False)


# --- the reader ------------------------------------------------------------------------------


def test_a_reader_is_loaded_once_when_it_first_reads(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []
    monkeypatch.setattr(loading, "load_reader", lambda settings: loads.append(settings) or WordReader())
    lazy = LazyReader(settings := Settings.load())
    assert (lazy.id, loads) == ("ragqa-reader", [])
    assert [reading.score for reading in lazy.read("灯？", ["灯坏了。"])] == [-1]
    assert lazy.supports("灯坏了。", ["灯坏了。", "船走了。"]) == [1.0, 0.0]
    assert loads == [settings]


def test_the_bundled_reader_stands_on_the_bundled_encoders_files(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(loading.TrainedReader, "load", lambda folder, **facts: made.append((folder, facts)))
    loading.load_reader(Settings.load())
    assert made == [(files, {"id": "ragqa-reader"})]


@pytest.mark.parametrize(
    ("encoder", "kind"), [(catalogue.READER_BASE, "OpenVinoEncoder"), ("org/another", "SentenceEncoder")]
)
def test_another_encoder_is_left_to_sentence_transformers(
    files: Path, monkeypatch: pytest.MonkeyPatch, encoder: str, kind: str
) -> None:
    made: list[Any] = []
    for name in ("OpenVinoEncoder", "SentenceEncoder"):
        monkeypatch.setattr(
            getattr(loading, name), "load", lambda location, id, name=name: made.append((name, location, id))
        )
    loading.load_encoder(Settings.load(encoder=encoder))
    assert made == [(kind, str(files), encoder)]


@pytest.mark.parametrize(
    ("named", "begun"),
    [
        ({}, [FILE, None]),
        ({"encoder": "org/another"}, [FILE]),
        ({"reader": "org/cross"}, [None]),
        ({"encoder": "org/another", "reader": "org/cross"}, []),
    ],
)
def test_only_the_bundled_models_are_compiled_ahead(
    files: Path, monkeypatch: pytest.MonkeyPatch, named: dict[str, str], begun: list[Path | None]
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(loading.graph, "ahead", lambda folder, reader=None: made.append((folder, reader)))
    loading.compile_ahead(Settings.load(**named))
    assert made == [(files, reader) for reader in begun]


@pytest.mark.parametrize(("megabytes", "enough"), [(2_899, False), (2_900, True)])
def test_an_address_space_that_is_too_small_is_no_memory(
    monkeypatch: pytest.MonkeyPatch, megabytes: int, enough: bool
) -> None:
    monkeypatch.setattr(loading.resource, "getrlimit", lambda _: (megabytes * 2**20, -1))
    with nullcontext() if enough else pytest.raises(MemoryError):
        loading.require_address_space()


def test_nothing_is_compiled_ahead_where_no_model_is(tmp_path: Path) -> None:
    loading.compile_ahead(Settings.load(home=tmp_path))
    assert loading.graph._begun == {}


def test_another_reader_is_a_cross_encoder(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(
        loading.CrossEncoderReader, "load", lambda location, **facts: made.append((location, facts))
    )
    loading.load_reader(Settings.load(reader="org/cross"))
    assert made == [(str(files), {"id": "org/cross"})]


def test_a_reader_that_cannot_be_loaded_is_told_to_who_asks(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "load_reader", failing(ModelDamagedError("the reader is damaged")))
    pipeline = house.open(ScriptedGenerator())
    for act in (pipeline.answer, pipeline.search):
        with pytest.raises(ModelDamagedError, match="the reader is damaged"):
            act("Who bought the lamp?", use_llm=False)
    pipeline._warm()
    assert "no question can be answered: the reader is damaged" in caplog.text

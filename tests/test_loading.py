"""Models that are loaded when they are first needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fakes import ScriptedGenerator, WordEncoder
from house import House

from ragqa import encoder as encoders
from ragqa import loading, models
from ragqa.errors import ModelDamagedError, ModelMissingError
from ragqa.loading import LazyEncoder
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an encoder, which is a fake that counts how often it is loaded."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    monkeypatch.setattr(models, "locate", lambda *_, **__: str(folder))
    return folder


def test_an_encoder_is_known_before_it_is_loaded_and_loaded_once(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[WordEncoder] = []

    def load(settings: Settings) -> WordEncoder:
        made.append(WordEncoder())
        return made[-1]

    monkeypatch.setattr(loading, "load_encoder", load)
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


def test_a_server_is_there_before_its_models(
    house: House, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.script(ScriptedGenerator())
    house.encoder.fingerprint = encoders.fingerprint(str(files))
    house.settings = house.settings.model_copy(update={"encoder": "words"})
    shutil.rmtree(house.settings.index)
    house.build({})
    pipeline = Pipeline.for_server(house.settings)
    assert pipeline.index is not None
    assert pipeline.opening
    pipeline._warm()
    assert not pipeline.opening
    assert pipeline.search("Who bought the lamp?", use_llm=False)


def test_an_encoder_that_cannot_be_loaded_is_logged_and_told_to_who_asks(
    house: House, files: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(settings: Settings) -> WordEncoder:
        raise ModelDamagedError("the encoder is damaged; run: ragqa models pull")

    house.script(ScriptedGenerator())
    house.encoder.fingerprint = encoders.fingerprint(str(files))
    house.settings = house.settings.model_copy(update={"encoder": "words"})
    shutil.rmtree(house.settings.index)
    house.build({})
    monkeypatch.setattr(loading, "load_encoder", fail)
    pipeline = Pipeline.for_server(house.settings)
    pipeline._warm()
    assert "no question can be answered: the encoder is damaged" in caplog.text
    assert pipeline.opening
    with pytest.raises(ModelDamagedError):
        pipeline.search("Who?", use_llm=False)

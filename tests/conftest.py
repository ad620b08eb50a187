"""Houses that tests move into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM, FLAGS
from fakes import HARBOUR, ScriptedGenerator
from house import BUYER, ENGLISH, House, Line


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Three articles, one of them Chinese: questions are translated first."""
    house = House(tmp_path, monkeypatch)
    house.build({"harbour.md": HARBOUR, **ENGLISH})
    return house


@pytest.fixture
def chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    house = House(tmp_path, monkeypatch)
    house.build({"harbour.md": HARBOUR})
    return house


@pytest.fixture
def line(house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Line:
    """Three articles and a model that answers WHO; chunks as the house cuts them."""
    house.script(ScriptedGenerator(["谁买了灯？"], BUYER))
    monkeypatch.setenv("RAGQA_CHUNK_SIZE", "40")
    monkeypatch.setenv("RAGQA_HOME", str(house.settings.home))
    monkeypatch.chdir(house.folder)
    return Line(house, capsys)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()

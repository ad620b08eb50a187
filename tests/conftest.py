"""Houses that tests move into."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes import HARBOUR
from house import ENGLISH, House


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

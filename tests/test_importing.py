"""A module can be kept out of an import, and is there again afterwards."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from ragqa.importing import absent


@pytest.fixture
def unimported(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    yield
    sys.modules.pop("colorsys", None)


@pytest.mark.usefixtures("unimported")
def test_a_module_that_is_absent_cannot_be_imported() -> None:
    with absent("colorsys"), pytest.raises(ImportError):
        import colorsys
    import colorsys

    assert colorsys.rgb_to_hsv(0, 0, 1) == (2 / 3, 1, 1)


@pytest.mark.usefixtures("unimported")
def test_it_is_there_again_after_an_error() -> None:
    with pytest.raises(ValueError, match="oh"), absent("colorsys"):
        raise ValueError("oh")
    assert "colorsys" not in sys.modules


def test_one_that_was_imported_before_stays() -> None:
    with absent("json"):
        assert sys.modules["json"] is json
    assert sys.modules["json"] is json

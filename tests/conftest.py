"""Houses that tests move into."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.browsing import CHROMIUM, FLAGS, Gate, Watch, page_url
from support.fakes import HARBOUR, ScriptedGenerator, TokenEncoder, write_corpus
from support.faults import build
from support.house import BUYER, ENGLISH, House, Line
from support.nursery import Nursery
from support.tally import Tally, write
from support.wheels import PARTS, WHOLE, make_wheel, sha, use

from ragqa.models.catalogue import Entry

# training/ is no part of the package; its tests import it from here.
sys.path.append(str(Path(__file__).parents[1]))
TALLY = pytest.StashKey[Tally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--counts", type=Path, help="document that the counts of this run are written into")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TALLY] = Tally()
    # Commands run in this process, too, which must not give way for the rest of the tests.
    os.environ.setdefault("RAGQA_NICE", "0")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What uses real models takes longest: it comes first, so that no worker is left alone with it at the end.
    items.sort(key=lambda item: item.get_closest_marker("model") is None)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    rows = config.stash[TALLY].rows()
    if rows and (path := config.getoption("--counts")):
        write(path, rows)
        for (fault, what), figure in rows.items():
            terminalreporter.write_line(f"{fault:4} {figure:>16}  {what}")


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    """Where a test tells how many of how many faults ended as they should."""
    return request.config.stash[TALLY]


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


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder with the three articles."""
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Where an index will be."""
    return tmp_path / "index"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def gate() -> Gate:
    """Holds the pipeline of a page before a step."""
    return Gate()


@pytest.fixture(scope="module")
def url(pipeline: Any) -> Iterator[str]:
    """The address of a page of the module's pipeline."""
    with page_url(pipeline) as served:
        yield served


@pytest.fixture
def visit(browser: Any, url: str, gate: Gate) -> Iterator[Callable[..., Any]]:
    """Opens the page; at the end nothing foreign may have been asked, logged or popped up."""
    opened: list[tuple[Any, Watch]] = []

    def visit(
        path: str = "/", *, at: str = url, locale: str = "en-US", width: int = 1280, **options: Any
    ) -> Any:
        context = browser.new_context(locale=locale, viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        opened.append((context, Watch(page, at)))
        page.goto(at + path)
        page.wait_for_selector("html[data-ready]")
        return page

    yield visit
    gate.release()
    for context, watch in opened:
        context.close()
        assert watch.faults == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and its index of small chunks, to be copied before it is damaged."""
    folder = tmp_path_factory.mktemp("whole")
    build(write_corpus(folder / "corpus"), folder / "index", TokenEncoder())
    return folder


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small encoder with random weights."""
    return tiny.make_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that the real pip client takes for the whole package index."""
    (folder := tmp_path / "wheels").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where models are kept; empty."""
    return tmp_path / "home"


@pytest.fixture
def entry(wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A model of two wheels, which is the whole catalogue."""
    parts = tuple(make_wheel(wheels, f"weights-part{n}", part) for n, part in enumerate(PARTS, 1))
    found = Entry("tiny-q4", "generator", "org/tiny", "MIT", len(WHOLE), sha(WHOLE), parts, True)
    use(monkeypatch, found)
    return found


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Builds in processes that may be killed."""
    nursery = Nursery()
    yield nursery
    nursery.close()

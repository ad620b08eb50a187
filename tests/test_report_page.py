"""The report in a real browser, opened from its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from support.asked import NOBODY, record
from support.browsing import Watch, missing

from ragqa.evaluation.report import report_json, write_report

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]

HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>"
LONG = "https://example.org/" + "a-very-long-name/" * 20


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of five questions: two right, one of them with what a page must bear."""
    folder = tmp_path_factory.mktemp("run")
    records = [
        record("right", tags=["why"]),
        record("港 口", f"沙太多了。{HOSTILE}{LONG}", question=f"{HOSTILE}{LONG}"),
        record("wrong", "灯坏了。", direction="zh→en", short=[LONG]),
        record("refused", None, confidence=0.2),
        record("gone", None, confidence=0.1, **NOBODY),
    ]
    run = {"gold": f"{LONG}.jsonl", "mode": "no-llm", "judge": "n-grams/1", "models": {"encoder": LONG}}
    write_report(folder, report_json(run, records, seconds=1.0), records)
    return folder / "report.html"


@pytest.fixture
def visit(browser: Any, report: Path) -> Iterator[Callable[..., Any]]:
    """Opens the report; at the end nothing but it may have been asked, logged or popped up."""
    opened: list[tuple[Any, Watch, list[str]]] = []

    def visit(hash: str = "", *, width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        opened.append((context, Watch(page, "file://"), asked))
        page.goto(report.as_uri() + hash)
        return page

    yield visit
    for context, watch, asked in opened:
        context.close()
        assert watch.faults == []
        assert {address.split("#")[0] for address in asked} == {report.as_uri()}


def shown(page: Any) -> list[str]:
    """The ids of the questions that can be seen."""
    return [q.get_attribute("id") for q in page.locator("details").all() if q.is_visible()]


ALL = ["q-right", "q-港 口", "q-wrong", "q-refused", "q-gone"]


def test_the_report_opens_from_its_file_and_asks_for_nothing_else(visit: Any) -> None:
    page = visit()
    assert page.locator("h1").is_visible()
    assert shown(page) == ALL
    assert page.locator("details[open]").count() == 0
    assert page.locator("figure svg").count() == 5
    assert page.locator("img").count() == 0
    assert all(
        box["height"] > 100 for box in (svg.bounding_box() for svg in page.locator("figure svg").all())
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_no_screen_scrolls_sideways_even_with_everything_open(visit: Any, width: int) -> None:
    page = visit(width=width)
    page.evaluate("document.querySelectorAll('details').forEach(q => q.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_filter_hides_the_other_questions_and_all_shows_them_again(visit: Any) -> None:
    page = visit()
    page.click("button[data-fate='right']")
    assert shown(page) == ["q-right", "q-港 口"]
    page.click("button[data-fate='refused']")
    assert shown(page) == ["q-refused"]
    pressed = page.locator("button[aria-pressed=true]")
    assert (pressed.count(), pressed.inner_text()) == (1, "refused 1")
    page.click("button[data-fate='']")
    assert shown(page) == ALL


@pytest.mark.parametrize("id", ["wrong", "港 口"])
def test_a_link_to_a_question_opens_it(visit: Any, id: str) -> None:
    page = visit(f"#q-{quote(id)}")
    opened = page.locator("details[open]")
    assert (opened.count(), opened.get_attribute("id")) == (1, f"q-{id}")
    assert opened.locator(".body").is_visible()
    assert 0 <= opened.bounding_box()["y"] < 900


def test_a_link_followed_later_shows_what_a_filter_hid(visit: Any) -> None:
    page = visit()
    page.click("button[data-fate='refused']")
    page.evaluate("location.hash = 'q-wrong'")
    page.wait_for_selector("#q-wrong[open]")
    assert shown(page) == ["q-wrong", "q-refused"]
    page.evaluate("location.hash = 'nowhere'")


def test_dark_screens_get_a_dark_page_whose_pictures_can_be_read(visit: Any) -> None:
    def colours(page: Any) -> list[str]:
        ink = "getComputedStyle(document.querySelector('figure svg')).color"
        return page.evaluate(f"[getComputedStyle(document.body).backgroundColor, {ink}]")  # type: ignore[no-any-return]

    assert colours(visit()) == ["rgb(251, 250, 248)", "rgb(29, 33, 38)"]
    assert colours(visit(color_scheme="dark")) == ["rgb(21, 24, 27)", "rgb(230, 232, 234)"]

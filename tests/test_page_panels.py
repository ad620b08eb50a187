"""The two lower panels in a real browser: files in and out, progress, runs, by hand and by keyboard."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browsing import missing, page_url, texts
from support.fakes import ScriptedGenerator, WordEncoder
from support.house import WHY, House
from test_panels import kept

from ragqa.pipeline import Pipeline
from ragqa.server import admin

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]
NOTE = {
    "name": "note.md",
    "mimeType": "text/markdown",
    "buffer": "---\ntitle: 新港口\ndate: 2024-03-01\n---\n新的港口。".encode(),
}


class Halting(WordEncoder):
    """Tells that it is at the third passage, and waits there for ``gate``."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()

    def encode_passages(self, texts: Any, *, progress: Any = None, each: Any = None) -> Any:
        if progress:
            progress(3, 7)
            assert self.gate.wait(20)
        return super().encode_passages(texts, progress=progress, each=each)


@pytest.fixture
def halting(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Halting]:
    """The encoder of rebuilds; the house's own answers."""
    encoder = Halting()
    house.settings = house.settings.model_copy(
        update={"runs": house.folder / "runs", "chunk_size": 40, "generator": "none"}
    )
    monkeypatch.setattr(admin, "_QUIET", 0.1)
    yield encoder
    encoder.gate.set()


@pytest.fixture
def url(house: House, halting: Halting, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    house.script(ScriptedGenerator(["沙"]))
    pipeline = Pipeline.open(house.settings, require_index=False)
    monkeypatch.setattr("ragqa.models.loading.load_encoder", lambda settings: halting)
    with page_url(pipeline) as served:
        yield served


@pytest.fixture
def panel(visit: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the page with one panel open."""

    def panel(name: str, **options: Any) -> Any:
        page = visit(**options)
        page.wait_for_selector(f"#{name} .panel", state="attached")
        if not page.locator(f"#{name} .panel").is_visible():
            page.click(f"#{name} summary >> nth=0")
        return page

    return panel


def said(page: Any, text: str, panel: str = "corpus") -> None:
    page.wait_for_selector(f"#{panel} .said >> text={text}")


def choose(page: Any, *files: Any) -> None:
    page.set_input_files("#corpus input[type=file]", list(files))


def titles(page: Any) -> list[str]:
    return texts(page, "#corpus .shelf .title")


# --- files in --------------------------------------------------------------------------------


def test_a_chosen_file_is_indexed_and_counted_without_a_reload(
    panel: Callable[..., Any], halting: Halting, house: House
) -> None:
    page = panel("corpus")
    assert "3 articles" in page.inner_text(".masthead")
    halting.gate.clear()
    choose(page, NOTE)
    page.wait_for_selector("#corpus .at >> text=indexing passage 3 of")
    assert page.get_attribute("#corpus progress", "value") == "3"
    assert page.locator("#corpus .build").is_disabled()
    # Answering goes on, from the index that was there.
    page.fill("#question textarea", WHY)
    page.keyboard.press("Enter")
    page.wait_for_selector("#status [data-state=done]")
    assert page.locator("#corpus .work").is_visible()
    halting.gate.set()
    said(page, "The index is up to date.")
    assert not page.locator("#corpus .work").is_visible()
    assert "新港口" in titles(page)
    assert "4 articles" in page.inner_text(".masthead")
    assert texts(page, "#corpus summary .count")[0] == "4"
    assert "2024-03: 1" in page.text_content("#corpus .bars")
    page.click("#corpus .shelf >> text=新港口")
    page.wait_for_selector("#reader [data-article='note.md']")
    page.fill("#question textarea", "新的港口")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sources >> text=新港口")


def test_what_cannot_be_added_is_told_and_the_rest_goes_in(
    panel: Callable[..., Any], house: House, tmp_path: Path
) -> None:
    page = panel("corpus")
    large = tmp_path / "large.txt"
    large.write_bytes(b"x" * (20 * 2**20 + 1))
    for files, words in (
        (["program.exe"], ["program.exe: not a kind of file that is read"]),
        ([f"{n}.md" for n in range(21)], ["At most 20 files at once."]),
    ):
        choose(page, *[{**NOTE, "name": name} for name in files])
        page.wait_for_selector("#corpus .refused li")
        assert texts(page, "#corpus .refused li") == words
    choose(page, large)
    page.wait_for_selector("#corpus .refused >> text=large.txt: larger than 20 MB")
    assert len(list(house.settings.corpus.iterdir())) == 3
    choose(page, {**NOTE, "name": "a.exe"}, NOTE)
    page.wait_for_selector("#corpus .shelf >> text=新港口")
    assert texts(page, "#corpus .refused li") == ["a.exe: not a kind of file that is read"]


@pytest.mark.parametrize(
    ("choice", "files", "replaced"),
    [
        ("replace it", ["harbour.md", "library.md", "lighthouse.md"], True),
        ("keep both", ["harbour (2).md", "harbour.md", "library.md", "lighthouse.md"], False),
        ("cancel", ["harbour.md", "library.md", "lighthouse.md"], False),
    ],
)
def test_a_name_that_another_file_has_is_asked_about(
    panel: Callable[..., Any], house: House, choice: str, files: list[str], replaced: bool
) -> None:
    page = panel("corpus")
    choose(page, {**NOTE, "name": "harbour.md"})
    page.wait_for_selector(
        "#corpus .refused >> text=a file of this name is there already, with other contents"
    )
    assert texts(page, "#corpus .refused button") == ["replace it", "keep both", "cancel"]
    page.click(f"#corpus .refused >> text={choice}")
    page.wait_for_selector("#corpus .refused li", state="detached")
    if choice != "cancel":
        said(page, "The index is up to date.")
    assert sorted(path.name for path in house.settings.corpus.iterdir()) == files
    assert ((house.settings.corpus / "harbour.md").read_bytes() == NOTE["buffer"]) == replaced


def test_a_file_can_be_dropped_on_the_panel_and_beside_it_nothing_happens(
    panel: Callable[..., Any], house: House
) -> None:
    page = panel("corpus", locale="zh-CN")
    drop = """(selector, name) => {
      const data = new DataTransfer();
      data.items.add(new File(["新的港口。"], name));
      for (const type of ["dragover", "drop"]) document.querySelector(selector)
        .dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
    }"""
    page.evaluate(f"({drop})('#history', 'beside.md')")
    page.evaluate(f"({drop})('#corpus .panel', '拖来的.md')")
    said(page, "索引已是最新。")
    assert sorted(path.name for path in house.settings.corpus.iterdir()) == [
        "harbour.md", "library.md", "lighthouse.md", "拖来的.md",
    ]  # fmt: skip
    assert page.get_attribute("#corpus", "data-over") is None


def test_the_first_files_make_the_first_index(
    visit: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(tmp_path / "new", monkeypatch)
    house.settings = house.settings.model_copy(update={"runs": tmp_path / "runs"})
    with page_url(Pipeline.open(house.settings, require_index=False)) as served:
        page = visit(at=served)
        page.wait_for_selector("#answer [data-none]")
        page.wait_for_selector("#corpus .panel")  # it lies open
        named = "---\ntitle: Miles Brundage leaves OpenAI\n---\nHe left the harbour."
        choose(page, {"name": "brundage.md", "mimeType": "text/markdown", "buffer": named.encode()})
        said(page, "The index is up to date.")
        assert "1 article" in page.inner_text(".masthead")
        assert page.locator("#answer [data-none]").count() == 0
        assert page.locator("#examples .chip").count() > 0
        page.locator("#examples .chip").first.click()
        page.wait_for_selector("#status [data-state=done]")
        page.close()


# --- files out -------------------------------------------------------------------------------


def test_removing_asks_in_place_and_goes_by_keyboard(panel: Callable[..., Any], house: House) -> None:
    page = panel("corpus")
    button = page.locator("#corpus .remove[data-file='library.md']")
    assert button.inner_text().startswith("remove")
    button.focus()
    page.keyboard.press("Enter")
    assert button.inner_text().startswith("really remove?")
    assert texts(page, "#corpus .asks")[0].startswith("This deletes library.md from the corpus folder.")
    page.keyboard.press("Escape")
    assert button.inner_text().startswith("remove")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert button.get_attribute("data-asks") is None
    assert (house.settings.corpus / "library.md").exists()
    button.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelectorAll('#corpus .shelf').length === 2")
    assert not (house.settings.corpus / "library.md").exists()
    assert "More than books" not in titles(page)
    assert "2 articles" in page.inner_text(".masthead")


def test_two_removals_ask_one_at_a_time(panel: Callable[..., Any], house: House) -> None:
    page = panel("corpus", locale="zh-CN")
    page.click("#corpus .remove[data-file='library.md']")
    page.click("#corpus .remove[data-file='harbour.md']")
    assert texts(page, "#corpus .remove[data-asks] [data-word]") == ["确定移除？"]
    page.click("#language [data-ui=en]")
    assert page.locator("#corpus .remove[data-asks]").count() == 0
    assert len(list(house.settings.corpus.iterdir())) == 3


@pytest.mark.parametrize(
    ("locale", "reason"),
    [("en-US", "x.exe — not a format that is read: .exe"), ("zh-CN", "x.exe — 不支持的格式：.exe")],
)
def test_what_was_left_out_is_listed_with_its_reason(
    panel: Callable[..., Any], house: House, locale: str, reason: str
) -> None:
    (house.settings.corpus / "x.exe").write_text("x")
    (house.settings.corpus / "<b>.txt").write_text("")
    page = panel("corpus", locale=locale)
    page.click("#corpus .build")
    page.wait_for_selector("#corpus .skipped")
    page.click("#corpus .skipped summary")
    assert reason in texts(page, "#corpus .skipped li")
    assert page.locator("#corpus .skipped .remove").get_attribute("data-file") == "<b>.txt"
    for _ in range(2):
        page.click("#corpus .skipped .remove")
    page.wait_for_function("document.querySelectorAll('#corpus .skipped li').length === 1")
    assert page.locator("#corpus .skipped[open]").count() == 1
    assert not (house.settings.corpus / "<b>.txt").exists()


def test_a_rebuild_that_fails_says_so_in_words(panel: Callable[..., Any], house: House) -> None:
    from ragqa.index.store import writing

    page = panel("corpus")
    with writing(house.settings.index):
        page.click("#corpus .build")
        said(page, "another process is writing")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.click("#corpus summary >> nth=0")
    page.click("#corpus .build")
    said(page, "The index is up to date.")


def test_a_page_that_is_opened_meanwhile_shows_the_progress(
    panel: Callable[..., Any], halting: Halting
) -> None:
    first = panel("corpus")
    halting.gate.clear()
    choose(first, NOTE)
    first.wait_for_selector("#corpus .at >> text=indexing passage 3 of")
    second = panel("corpus", locale="zh-CN")
    second.wait_for_selector("#corpus .at >> text=正在编入第 3 段，共")
    halting.gate.set()
    for page in (first, second):
        page.wait_for_selector("#corpus .shelf >> text=新港口")


# --- evaluations -----------------------------------------------------------------------------


def test_a_quick_run_is_listed_and_its_report_opens(panel: Callable[..., Any], house: House) -> None:
    rows = [{"id": f"q{n}", "question": WHY, "answers": [["罢工"]]} for n in range(3)]
    house.settings.gold.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    kept(house.settings.runs, "before", age=100_000)
    page = panel("evaluate")
    assert page.locator("#evaluate .runs > li").count() == 1
    assert f"ragqa evaluate {house.settings.gold}" in page.inner_text("#evaluate pre")
    page.focus("#evaluate .quick")
    page.keyboard.press("Enter")
    said(page, "Measured. The run stands first in the list.", "evaluate")
    first = page.locator("#evaluate .runs > li").first
    assert re.search(r"gold\.jsonl.*3 questions.*without the language model", first.inner_text(), re.DOTALL)
    assert texts(page, "#evaluate summary .count") == ["2"]
    with page.context.expect_page() as opening:
        first.locator("a").click()
    report = opening.value
    report.wait_for_selector(".filters")
    report.click(".filters button >> nth=1")  # its own script runs
    assert report.evaluate("origin") == "null"
    report.close()


def test_a_run_waits_for_a_rebuild(panel: Callable[..., Any], house: House, halting: Halting) -> None:
    house.settings.gold.write_text(json.dumps({"id": "q", "question": WHY, "answers": [["罢工"]]}) + "\n")
    page = panel("evaluate")
    page.click("#corpus summary")
    halting.gate.clear()
    choose(page, NOTE)
    page.wait_for_selector("#corpus .at >> text=indexing passage 3 of")
    page.click("#evaluate .quick")
    page.wait_for_selector("#evaluate .at >> text=waiting for the index")
    halting.gate.set()
    said(page, "Measured.", "evaluate")


# --- both ------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_narrow_screens_do_not_scroll_sideways(panel: Callable[..., Any], house: House, locale: str) -> None:
    kept(house.settings.runs, "a-rather-long-name-of-a-run-that-somebody-chose")
    page = panel("corpus", width=390, locale=locale)
    page.click("#evaluate summary")
    page.click("#corpus .remove >> nth=0")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_every_control_has_a_name_and_can_be_reached(panel: Callable[..., Any]) -> None:
    page = panel("corpus")
    page.focus("#corpus summary")
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.closest('label, button').innerText.trim().split('\\n')[0]")
        )
    assert reached[:2] == ["Add files", "Rebuild the index"]
    assert "remove" in reached[3]
    name = page.locator("#corpus .remove").first
    assert re.fullmatch(r"remove (港口停航)", " ".join(str(name.text_content()).split()))

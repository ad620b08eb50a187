"""Around an answer, in a real browser: filters, follow-ups, taking away, judging, and who can read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.browsing import Gate, ask, missing, page_url, texts, wait_for
from support.scripted import AGE, ALIGNMENT, GONE, REASONS, SCHULMAN, SCRIPTS, WHY, Script, ScriptedPipeline

from ragqa.evaluation.feedback import pending
from ragqa.types import Filter

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]
PLAIN = {
    "k": None, "filters": Filter(), "use_llm": True, "translate": True, "write": False, "after": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def pipeline(gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> ScriptedPipeline:
    home = tmp_path_factory.mktemp("page")
    return ScriptedPipeline(SCRIPTS, examples={"en": [AGE], "zh": [GONE]}, pause=gate, home=home)


def test_what_is_set_under_advanced_goes_with_the_question(visit: Any, pipeline: ScriptedPipeline) -> None:
    page = visit()
    ask(page, WHY)
    assert pipeline.wishes[-1] == PLAIN
    page.click("#advanced summary")
    page.fill("#advanced [name=since]", "2024-05-01")
    page.select_option("#advanced [name=written_in]", "en")
    page.fill("#advanced [name=source]", "desk")
    page.fill("#advanced [name=k]", "3")
    page.uncheck("#advanced [name=translate]")
    ask(page, GONE)
    assert page.locator("#answer .translation").count() == 0
    assert pipeline.wishes[-1] == {
        "k": 3, "use_llm": False, "translate": False, "write": False, "after": None,
        "filters": Filter(since="2024-05-01", language="en", source="desk"),
    }  # fmt: skip


def test_a_written_answer_stands_above_the_quotes_when_it_is_switched_on(
    visit: Any, pipeline: ScriptedPipeline
) -> None:
    page = visit()
    page.click("#advanced summary")
    assert not page.is_checked("#advanced [name=write]")
    page.check("#advanced [name=write]")
    ask(page, WHY)
    assert pipeline.wishes[-1] == {**PLAIN, "write": True}
    assert page.locator("[data-mode=written]").count() == 1
    assert texts(page, ".kind") == [
        "Written by a language model; every sentence was checked against the quotes",
        "Quoted from the articles",
    ]
    kinds = [node.get_attribute("data-kind") for node in page.locator(".statement").all()]
    assert kinds == ["written", "written", "quote", "quote", "quote"]
    page.click(".written a.cite >> nth=1")
    page.wait_for_selector("#reader mark[data-n='3'].lit")


def test_a_number_of_passages_that_nobody_offers_is_refused_in_words(visit: Any) -> None:
    page = visit()
    page.click("#advanced summary")
    page.fill("#advanced [name=k]", "101")
    ask(page, WHY, until="error")
    assert "k: a whole number from 1 to 100" in page.inner_text("#answer")


def test_a_follow_up_takes_the_question_before_along_once(visit: Any, pipeline: ScriptedPipeline) -> None:
    page = visit()
    ask(page, WHY)
    assert not page.locator("#following").is_visible()
    page.click("[data-tool=follow]")
    assert page.inner_text("#following .before") == WHY
    assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    ask(page, GONE)
    assert pipeline.wishes[-1]["after"] == WHY
    assert not page.locator("#following").is_visible()
    ask(page, WHY)
    assert pipeline.wishes[-1]["after"] is None


def test_a_follow_up_can_be_called_off(visit: Any, pipeline: ScriptedPipeline) -> None:
    page = visit()
    ask(page, WHY)
    page.click("[data-tool=follow]")
    page.click("[data-tool=unfollow]")
    ask(page, GONE)
    assert pipeline.wishes[-1]["after"] is None


def test_the_link_asks_the_same_again_filters_and_all(
    visit: Any, pipeline: ScriptedPipeline, url: str
) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.click("#advanced summary")
    page.select_option("#advanced [name=written_in]", "zh")
    page.check("#advanced [name=write]")
    ask(page, WHY)
    page.click("[data-tool=link]")
    page.wait_for_selector(".said:text('Link copied')")
    link = page.evaluate("navigator.clipboard.readText()")
    assert parse_qs(urlsplit(link).query) == {"q": [WHY], "written_in": ["zh"], "write": ["on"]}
    again = visit(link.removeprefix(url))
    again.wait_for_selector("#status [data-state=done]")
    assert again.input_value("#advanced [name=written_in]") == "zh"
    assert again.is_checked("#advanced [name=write]")
    assert pipeline.wishes[-1] == {**PLAIN, "filters": Filter(language="zh"), "write": True}


def test_an_answer_is_copied_with_its_references_and_saved_as_a_file(visit: Any) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, GONE)
    page.click("[data-tool=copy]")
    page.wait_for_selector(".said:text('Copied')")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith(
        f"{GONE}\n\nto concentrate on AI alignment\n\n{ALIGNMENT} [1]\n"
        "    （机器翻译）舒尔曼想专注于AI对齐研究，重新做具体的技术工作。\n\n[1] Schulman joins Anthropic"
    )
    with page.expect_download() as saved:
        page.click(".tools a >> text=JSON")
    document = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
    assert (document["schema"], document["citations"][0]["article_id"]) == ("ragqa.answer/2", SCHULMAN)


def test_an_opinion_is_kept_for_the_gold_set(visit: Any, pipeline: ScriptedPipeline) -> None:
    page = visit()
    ask(page, WHY)
    page.click("[data-tool=up]")
    page.wait_for_selector(".said:text('kept on this machine')")
    page.click("[data-tool=down]")
    page.fill(".remark input", "He gave three reasons.")
    page.click("[data-tool=send]")
    wait_for(lambda: len(pending(pipeline.settings.candidates)) == 2)
    first, second = pending(pipeline.settings.candidates)
    assert (first["good"], second["good"], second["comment"]) == (True, False, "He gave three reasons.")
    assert page.get_attribute("[data-tool=down]", "aria-pressed") == "true"
    assert page.get_attribute("[data-tool=up]", "aria-pressed") == "false"


def test_twenty_questions_in_a_row_leave_the_page_as_small_as_it_was(visit: Any) -> None:
    page = visit()

    def heap() -> float:
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        return float(session.send("Runtime.getHeapUsage")["usedSize"])

    for _ in range(2):
        ask(page, WHY)
        ask(page, GONE)
    before, nodes = heap(), page.evaluate("document.querySelectorAll('*').length")
    for _ in range(10):
        ask(page, WHY)
        ask(page, GONE)
    assert heap() < 1.3 * before
    assert page.evaluate("document.querySelectorAll('*').length") <= nodes + 20


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "locale"), [(1280, "en-US"), (390, "zh-CN")])
def test_axe_finds_nothing_serious(visit: Any, scheme: str, width: int, locale: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(width=width, locale=locale, color_scheme=scheme)
    for part in ("#advanced", "#corpus", "#evaluate", "#history"):
        page.click(f"{part} summary")
    ask(page, WHY)
    page.click(".statement a.cite[data-n='1']")
    page.wait_for_selector("#reader mark.lit")
    page.wait_for_timeout(300)
    found = axe.Axe().run(page).response["violations"]
    serious = [
        (v["id"], [n["html"][:120] for n in v["nodes"]][:3])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_two_quotes_that_disagree_are_seen_together(visit: Any) -> None:
    fresh = "He expects Anthropic to give him a fresh view"
    quotes = ((REASONS, "第一，留下来的机会成本太高。"), (SCHULMAN, fresh))
    script = Script(
        quotes=quotes, short=((1, "机会成本"), (2, "a fresh view")), conflict=(1, 2), note="They disagree."
    )
    with page_url(ScriptedPipeline({"Who?": script})) as served:
        page = visit(at=served)
        ask(page, "Who?")
        left, right = (page.locator(".conflict blockquote").nth(n).bounding_box() for n in (0, 1))
        assert left["y"] == right["y"]
        assert left["x"] < right["x"]
        assert "2024-10-24" in page.inner_text(".conflict")
        page.click(".conflict a.cite[data-n='2']")
        page.wait_for_selector(f"#reader [data-article='{SCHULMAN}'] mark.lit")
        page.close()

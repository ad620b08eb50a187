"""The page in a real browser, against a scripted pipeline; and its server's refusals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.browsing import Gate, Watch, ask, missing, page_url, texts, wait_for
from support.hostile_text import HOSTILE
from support.scripted import (
    AGE,
    ALIGNMENT,
    COST,
    GONE,
    REASONS,
    SCHULMAN,
    SCRIPTS,
    TEAM,
    WHY,
    Script,
    ScriptedPipeline,
    own_articles,
)  # fmt: skip
from support.tally import Tally

from ragqa.errors import ModelError, RagqaError
from ragqa.server.app import launch
from ragqa.types import Answer, Article, Language

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing())]


@pytest.fixture(scope="module")
def pipeline(gate: Gate) -> ScriptedPipeline:
    examples = {"en": [AGE], "zh": [GONE]}
    return ScriptedPipeline(SCRIPTS, examples=examples, pause=gate)  # type: ignore[arg-type]


def ask_and_hold(page: Any, gate: Gate) -> None:
    """Ask, and hold the answer before it is translated, once its quotes are shown."""
    gate.hold("translate")
    ask(page, WHY, until=None)
    page.wait_for_selector("#answer .statement")


@pytest.mark.parametrize(
    ("question", "locale", "short", "quote", "translation"),
    [
        (
            WHY,
            "zh-CN",
            "机会成本太高",
            "第一，留下来的机会成本太高。",
            "机器翻译 First, the opportunity cost",
        ),
        (
            GONE,
            "en-US",
            "to concentrate on AI alignment",
            ALIGNMENT,
            "Machine translation 舒尔曼想专注于AI对齐研究",
        ),
    ],
)
def test_short_answers_then_quotes_with_translations_in_the_question_s_language(
    visit: Any, question: str, locale: str, short: str, quote: str, translation: str
) -> None:
    page = visit(locale=locale)
    ask(page, question)
    assert texts(page, "#answer .short")[0].startswith(short)
    assert texts(page, "#answer .short a.cite")[0] == "1"
    assert texts(page, ".statement")[0] == f"{quote}1"
    assert texts(page, ".statement mark")[0] == short
    assert texts(page, ".translation")[0].startswith(translation)
    assert page.title() == "ragqa"


def test_sources_come_before_quotes_and_quotes_before_the_model(visit: Any, gate: Gate) -> None:
    page = visit()
    gate.hold("read")
    ask(page, WHY, until=None)
    page.wait_for_selector("#sources .source")
    assert page.locator("#answer .statement").count() == 0
    assert re.search("found 3 passages in 3 articles.*reading", page.inner_text("#status"), re.DOTALL)
    gate.hold("translate")
    page.wait_for_selector("#answer .statement")
    assert page.locator("#answer .short").count() == 2
    assert texts(page, ".kind") == ["Quoted from the articles"]
    assert page.locator("#answer .translation").count() == 0
    assert re.search("quoted 3 sentences.*translating", page.inner_text("#status"), re.DOTALL)
    gate.release()
    page.wait_for_selector("#status [data-state=done]")
    assert page.locator("#answer .translation").count() == 3
    assert re.search(r"quoted 3 sentences.*done in \d+\.\d s", page.inner_text("#status"), re.DOTALL)


def test_a_number_lights_up_its_words_in_their_article(visit: Any) -> None:
    page = visit()
    ask(page, WHY)
    page.click(".statement a.cite[data-n='2']")
    page.wait_for_selector("#reader mark[data-n='2'].lit")
    assert "".join(page.locator("#reader mark.lit").all_inner_texts()) == COST
    assert page.locator("#reader mark.key.lit").all_inner_texts() == ["在公司里抽不出时间"]
    assert page.locator("#reader mark[id]").count() == 2
    assert page.locator("#answer a.cite.lit").all_inner_texts() == ["2", "2"]
    assert "Miles Brundage 离开 OpenAI 的三个理由" in page.inner_text("#reader h2")
    mark, pane = (page.locator(s).first.bounding_box() for s in ("#reader mark.lit", "#reader .body"))
    assert pane["y"] <= mark["y"] <= pane["y"] + pane["height"] - mark["height"]
    assert (
        page.get_attribute(".statement a.cite[data-n='2']", "title")
        == f"Miles Brundage 离开 OpenAI 的三个理由 — {COST}"
    )
    page.click("#answer a.cite[data-n='3']")
    page.wait_for_selector(f"#reader [data-article='{TEAM}'] mark[data-n='3'].lit")


def test_an_article_that_was_changed_or_removed_since_is_said_so(
    browser: Any, url: str, pipeline: ScriptedPipeline
) -> None:
    """Spans of the wording that was answered from would light up other words."""
    page = browser.new_page(locale="en-US")  # a missing article is a 404, which a visit takes for a fault
    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    ask(page, WHY)
    page.wait_for_selector("#reader mark")
    assert pipeline.index
    kept = list(pipeline.index.articles)
    try:
        pipeline.index.articles = [
            replace(article, text=f"新的第一句。{article.text}") if article.id == REASONS else article
            for article in kept
            if article.id != TEAM
        ]
        page.click("#answer a.cite[data-n='3']")
        page.wait_for_selector("#reader .blank")
        assert "no longer in the index" in page.inner_text("#reader .body")
        page.click(".statement a.cite[data-n='1']")
        page.wait_for_selector("#reader .message")
        assert "changed since the answer" in page.inner_text("#reader .body")
        assert "新的第一句。" in page.inner_text("#reader .body")
        assert page.locator("#reader mark").count() == 0
    finally:
        pipeline.index.articles = kept
    page.click(".statement a.cite[data-n='1']")
    page.wait_for_selector("#reader mark")
    page.close()


def test_cards_open_their_passage_cited_or_not(visit: Any) -> None:
    page = visit()
    ask(page, WHY)
    assert page.locator(".source[data-cited=true]").count() == 3 - 1  # two quotes stand in one passage
    page.locator(".source[data-cited=false] .open").last.click()
    page.wait_for_selector(f"#reader [data-article='{SCHULMAN}'] mark.passage")
    assert "He expects Anthropic" in " ".join(texts(page, "#reader mark.passage"))
    page.locator(".source[data-cited=true] .open").first.click()
    page.wait_for_selector("#reader mark[data-n='1'].lit")


def test_what_is_not_there_is_said_kindly_with_the_nearest_passages(visit: Any) -> None:
    page = visit()
    ask(page, AGE)
    assert page.locator("[data-status=not_found]").count() == 1
    assert texts(page, "#answer .note") == ["Nothing here gives an age."]
    assert page.locator("#sources .source").count() == 1
    assert "no answer found" in page.inner_text("#status")


def test_stop_ends_the_model_and_keeps_the_quotes(visit: Any, gate: Gate, pipeline: ScriptedPipeline) -> None:
    page = visit()
    pipeline.closed.clear()
    pipeline.finished.clear()
    ask_and_hold(page, gate)
    page.click("#stop")
    page.wait_for_selector("#status [data-state=stopped]", timeout=2_000)
    assert "stopped" in page.inner_text("#status")
    gate.release()
    wait_for(lambda: pipeline.closed == [WHY])
    assert pipeline.finished == []
    page.wait_for_timeout(300)
    assert page.locator("#answer .statement").count() == 3
    assert texts(page, ".kind") == ["Quoted from the articles"]
    ask(page, GONE)
    assert texts(page, ".statement")[0].startswith("Schulman wants")


def test_a_new_question_replaces_the_one_that_runs(visit: Any, gate: Gate) -> None:
    page = visit()
    ask_and_hold(page, gate)
    page.fill("#question textarea", AGE)
    page.keyboard.press("Enter")
    gate.release()
    page.wait_for_selector("[data-status=not_found]")


def test_escape_stops(visit: Any, gate: Gate) -> None:
    page = visit()
    ask_and_hold(page, gate)
    page.keyboard.press("Escape")
    page.wait_for_selector("#status [data-state=stopped]")


def test_the_address_asks(visit: Any) -> None:
    page = visit(f"/?q={quote(GONE)}")
    page.wait_for_selector("#status [data-state=done]")
    assert page.input_value("#question textarea") == GONE
    assert page.locator(".statement").count() == 1


def test_enter_asks_shift_enter_breaks_and_the_input_method_keeps_its_enter(
    visit: Any, pipeline: ScriptedPipeline
) -> None:
    page = visit()
    pipeline.asked.clear()
    page.click("#question textarea")
    page.keyboard.type("one")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    assert page.input_value("#question textarea") == "one\ntwo"
    page.fill("#question textarea", "")
    devtools = page.context.new_cdp_session(page)
    devtools.send("Input.imeSetComposition", {"text": "shuerman", "selectionStart": 8, "selectionEnd": 8})
    for kind in ("keydown", "keypress"):
        page.eval_on_selector(
            "#question textarea",
            "(box, kind) => box.dispatchEvent("
            "new KeyboardEvent(kind, {key: 'Enter', isComposing: true, bubbles: true}))",
            kind,
        )
    devtools.send("Input.insertText", {"text": GONE})
    page.wait_for_timeout(300)
    assert pipeline.asked == []
    assert page.input_value("#question textarea") == GONE
    page.keyboard.press("Enter")
    page.wait_for_selector("#status [data-state=done]")
    assert pipeline.asked == [GONE]


def test_slash_comes_back_to_the_question(visit: Any) -> None:
    page = visit()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement === document.querySelector('#question textarea')")
    assert page.input_value("#question textarea") == ""


def test_the_page_speaks_the_browser_s_language_and_the_switch_is_remembered(visit: Any) -> None:
    page = visit(locale="zh-TW")
    assert page.inner_text("#ask") == "提问"
    ask(page, WHY)
    assert "引用 3 句" in page.inner_text("#status")
    page.click("#language [data-ui=en]")
    assert page.inner_text("#ask") == "Ask"
    assert "quoted 3 sentences" in page.inner_text("#status")
    assert page.get_attribute("html", "lang") == "en"
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.get_attribute("#question textarea", "placeholder") == "Ask the archive, in English or Chinese"
    assert page.locator("#language [aria-pressed=true]").inner_text() == "English"


def test_examples_history_and_archive(visit: Any) -> None:
    page = visit()
    assert set(texts(page, ".chip")) == {AGE, GONE}
    assert re.search(
        r"14 articles.*2024-03 – 2024-12.*中文 9.*English 5", page.inner_text("header"), re.DOTALL
    )
    page.click(f".chip >> text={GONE}")
    page.wait_for_selector("#status [data-state=done]")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.click("#history summary")
    page.click(f"#history button >> text={GONE}")
    page.wait_for_selector("#status [data-state=done]")
    assert page.locator("#history li").count() == 1
    page.click("#corpus summary")
    assert page.locator("#corpus .shelves li").count() == 14
    page.click(f"#corpus [data-article='{TEAM}']")
    page.wait_for_selector(f"#reader [data-article='{TEAM}']")
    page.click("#evaluate summary")
    assert "ragqa evaluate" in page.inner_text("#evaluate")


def test_empty_and_endless_questions_get_a_word(visit: Any, pipeline: ScriptedPipeline) -> None:
    page = visit()
    pipeline.asked.clear()
    ask(page, "   ", until="error")
    assert page.inner_text("#answer") == "Type a question first."
    ask(page, "长" * 2_001, until=None)
    page.wait_for_function("document.querySelector('#answer').innerText.includes('2001')")
    assert pipeline.asked == []


def test_dark_by_address_and_by_system(visit: Any) -> None:
    def paper(page: Any) -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    assert paper(visit()) == "rgb(252, 252, 251)"
    assert paper(visit("/?__theme=dark")) == "rgb(21, 23, 26)"
    assert paper(visit(color_scheme="dark")) == "rgb(21, 23, 26)"


@pytest.mark.parametrize("question", [None, WHY, AGE])
def test_a_narrow_screen_never_scrolls_sideways(visit: Any, question: str | None) -> None:
    page = visit(width=390)
    if question:
        ask(page, question)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_a_narrow_screen_the_reader_comes_and_goes(visit: Any) -> None:
    page = visit(width=390)
    ask(page, WHY)
    assert not page.locator("#reader").is_visible()
    page.click(".statement a.cite[data-n='2']")
    page.wait_for_selector("#reader mark.lit")
    page.wait_for_timeout(400)
    assert page.locator("#reader mark.key.lit").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("#reader .close")
    page.wait_for_timeout(400)
    assert not page.locator("#reader").is_visible()
    assert page.evaluate("document.activeElement.className") == "cite"


class Hostile(ScriptedPipeline):
    """Each string is an article's id, title, text, source and date, and said of it; what is not scripted fails."""

    def __init__(self, halves: Sequence[Sequence[str]]) -> None:
        strings = [string for half in halves for string in half]
        articles = [Article(s, s, f"{s}。\n{s}", s, s, "en", (s,)) for s in strings]
        scripts = {" ".join(half): self.script(half) for half in halves}
        examples: dict[Language, list[str]] = {"en": strings, "zh": []}
        super().__init__(scripts, articles, examples=examples, pause=lambda label: None)
        self.error = ModelError(" ".join(strings))

    def script(self, strings: Sequence[str]) -> Script:
        said = tuple(enumerate(strings, start=1))
        return Script(
            quotes=tuple((s, s) for s in strings),
            short=said,
            translations=said,
            written=tuple((n, f"{s} it says.") for n, s in said),
            note=" ".join(strings),
        )

    def stream(self, question: str, **wishes: object) -> Iterator[Answer]:
        if question not in self.scripts:
            raise self.error
        yield from super().stream(question, **{**wishes, "write": True})


# Where a string of each kind is shown.
SHOWN = {
    "title on a card": "#sources h4",
    "body on a card": "#sources .snippet",
    "source on a card": "#sources .meta",
    "question": "#answer .asked",
    "note": "#answer .note",
    "short answer": "#answer .short",
    "the model's words": "#answer [data-kind=written]",
    "quote": "#answer [data-kind=quote]",
    "translation": "#answer .translation",
    "title under a quote": "#answer .by",
    "title in the reader": "#reader h2",
    "body in the reader": "#reader .leaf > :is(p, h3)",
    "source in the reader": "#reader .meta",
    "list of articles": "#corpus .shelves li",
    "error": "#answer .message",
    "history": "#history li",
}
PARTS = "#answer, #sources, #reader, #history, #corpus, #examples"
ACTIVE = "img, svg, script, iframe, form, style, math, object, embed, video, audio, link, meta, base, marquee, select"


def opened(page: Any) -> Iterator[None]:
    """Each article of the sources in the reader, one after the other."""
    for opener in page.locator("#sources .open").all():
        title = opener.evaluate("button => (button.click(), button.lastChild.data)")
        page.wait_for_function(
            "said => document.querySelector('#reader h2')?.textContent === said", arg=title
        )
        yield


def read(page: Any, seen: dict[str, str], part: str = "") -> None:
    """Add the texts of all places, or of those in one part of the page."""
    for place, selector in SHOWN.items():
        if selector.startswith(part):
            seen[place] = seen.get(place, "") + "\n".join(page.locator(selector).all_text_contents())


def made(page: Any) -> list[str]:
    """Elements that only a string from outside can have made, and links that lead nowhere of ours."""
    return list(
        page.evaluate(
            """([parts, active]) => [...document.querySelectorAll(parts)].flatMap((part) => [
                ...[...part.querySelectorAll(active)].map((node) => node.outerHTML),
                ...[...part.querySelectorAll("a")].filter((a) => a.origin !== location.origin).map((a) => a.href),
            ])""",
            [PARTS, ACTIVE],
        )
    )


def test_nothing_from_outside_runs(visit: Any, tally: Tally) -> None:
    # A question may have 2,000 characters.
    halves = HOSTILE[: len(HOSTILE) // 2], HOSTILE[len(HOSTILE) // 2 :]
    seen: dict[str, str] = {}
    with page_url(Hostile(halves)) as served:
        page = visit(at=served)
        watch = Watch(page, served)
        built = []
        for half in halves:
            ask(page, " ".join(half))
            read(page, seen)
            for _ in opened(page):
                read(page, seen, "#reader")
                built += made(page)
        ask(page, "anything else", until="error")
        read(page, seen)
        built += made(page)
        page.wait_for_timeout(300)
        page.close()
    shown = sum(string in seen[place] for place in SHOWN for string in HOSTILE)
    tally(
        "F5",
        "hostile strings that are shown as text, each in every place of the page",
        shown,
        len(SHOWN) * len(HOSTILE),
    )
    tally.figure(
        "F5",
        f"scripts run, foreign addresses asked, forms, images and foreign links made by {len(HOSTILE)} hostile strings",
        str(len(watch.faults) + len(built)),
    )
    assert (watch.faults, built) == ([], [])
    assert [(place, string) for place in SHOWN for string in HOSTILE if string not in seen[place]] == []


def test_even_markup_that_slipped_through_would_not_run(browser: Any, url: str) -> None:
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ready]")
    page.evaluate("document.querySelector('#answer').innerHTML = '<img src=data:, onerror=window.ran=1>'")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") is None
    page.close()


class Broken(ScriptedPipeline):
    def __init__(self, error: Exception) -> None:
        super().__init__({}, own_articles()[:1])
        self.error = error

    def stream(self, question: str, **_: object) -> Iterator[Answer]:
        raise self.error
        yield


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ModelError("the model x is damaged; run: ragqa models pull"),
            "the model x is damaged; run: ragqa models pull",
        ),
        (ZeroDivisionError("secret detail"), "Something went wrong on this machine"),
    ],
)
def test_failures_are_told_without_traceback(visit: Any, error: Exception, said: str) -> None:
    with page_url(Broken(error)) as served:
        page = visit(at=served)
        ask(page, "anything", until="error")
        assert said in page.inner_text("#answer")
        assert "secret" not in page.content()
        page.close()


def test_without_an_index_the_page_says_what_to_run(visit: Any) -> None:
    pipeline = ScriptedPipeline({}, [])
    pipeline.index = None
    with page_url(pipeline) as served:
        page = visit(at=served)
        page.wait_for_selector("#answer .message")
        assert "ragqa index" in page.inner_text("#answer")
        ask(page, "anything", until="error")
        assert "ragqa index" in page.inner_text("#answer")
        page.close()


def test_the_page_runs_no_script_but_its_own_files_and_tells_nothing_of_its_routes(url: str) -> None:
    home = httpx.get(url, headers={"accept": "text/html"})
    assert "'unsafe-inline'" not in re.search(r"script-src[^;]*", home.headers["content-security-policy"])[0]  # type: ignore[index]
    assert "/gradio" not in httpx.get(f"{url}/openapi.json").text
    assert httpx.get(f"{url}/monitoring").status_code in (403, 404)
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok", "index": True}


def test_the_reader_s_route_takes_nothing_amiss(url: str) -> None:
    route = f"{url}/ragqa/article"
    assert httpx.get(route, params={"id": "../../etc/passwd"}).status_code == 404
    assert httpx.get(route).status_code == 422
    strange = [
        "1:5",
        "a:1:2",
        "1:2:999999999",
        "1:9:3",
        "-1:0:3",
        "²:1:2",
        "1:0:99999999999999999999",
        "1:0:5:3-9",
    ]
    page = httpx.get(route, params={"id": TEAM, "mark": strange, "ui": "<x>"})
    assert page.status_code == 200
    assert "<mark" not in page.text


def test_a_taken_port_is_refused_with_a_remedy(url: str, pipeline: ScriptedPipeline) -> None:
    port = int(url.rsplit(":", 1)[1])
    with pytest.raises(RagqaError, match=rf"port {port} .*PORT="):
        launch(pipeline, host="127.0.0.1", port=port)

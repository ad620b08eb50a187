"""The whole path on the real models and real articles."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.browsing import FLAGS, Watch, missing, page_url
from support.real import ROOT, SEEDS, needs_models, project_copy, ragqa

from ragqa.documents import answer_json
from ragqa.index.build import build_index
from ragqa.models.loading import load_encoder
from ragqa.pipeline import Pipeline
from ragqa.settings import Settings
from ragqa.types import Answer

pytestmark = [*needs_models, pytest.mark.alone]
# Of the project's own questions; below what was measured in November 2026 (docs/reader.md).
FOUND_AT_LEAST, RIGHT_AT_LEAST, REFUSED_AT_LEAST = 0.9, 0.6, 0.3

AROUND = pytest.mark.xfail(reason="the reader marks the sentences around the reasons, not the reasons")


def opened(corpus: Path, index: Path) -> Pipeline:
    settings = Settings.load(corpus=corpus, index=index, gold=ROOT / "gold" / "questions.jsonl")
    encoder = load_encoder(settings)
    build_index(corpus, index, encoder=lambda: encoder, chunk_size=settings.chunk_size)
    return Pipeline.open(settings, warm=True)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return opened(ROOT / "corpus", tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    if not SEEDS.is_dir():
        pytest.skip(f"{SEEDS} is not here: the articles as received are not part of the project")
    return opened(SEEDS, tmp_path_factory.mktemp("seeds"))


def holds(answer: Answer, *alternatives: str) -> bool:
    quoted = " ".join([answer.text, *(citation.quote for citation in answer.citations[:2])])
    return any(alternative in quoted for alternative in alternatives)


def check(answer: Answer) -> None:
    """What holds of every answer: exact quotes, and what holds of its document."""
    for citation in answer.citations:
        assert citation.article.text[citation.start : citation.end] == citation.quote
    check_document(answer_json(answer, id=None, models={}))


def check_document(answer: Mapping[str, Any]) -> None:
    """What holds of every answer in JSON: three outcomes, statements that are its quotes, short answers inside them."""
    assert answer["status"] in ("answered", "possible", "not_found")
    assert bool(answer["statements"]) == (answer["status"] != "not_found")
    assert bool(answer["answers"]) <= (answer["status"] == "answered")
    quoted = [statement["text"] for statement in answer["statements"] if statement["kind"] == "quote"]
    assert quoted == [citation["quote"] for citation in answer["citations"]]
    for short in answer["answers"]:
        citation = answer["citations"][short["citation"] - 1]
        if short["start"] is None or short["end"] is None:
            assert short["text"] in citation["title"]
        else:
            assert citation["start"] <= short["start"] < short["end"] <= citation["end"]
            begin, end = (short[edge] - citation["start"] for edge in ("start", "end"))
            assert citation["quote"][begin:end] == short["text"]


@pytest.mark.parametrize("question", ["why did Brundage leave?", "Brundage为什么离开OpenAI？"])
def test_the_article_that_answers_is_quoted(own: Pipeline, question: str) -> None:
    answer = own.answer(question, use_llm=False)
    assert answer.status == "answered"
    assert "brundage-three-reasons.md" in [c.article.id for c in answer.citations]
    check(answer)


@pytest.mark.parametrize(
    "question", [pytest.param("why did Brundage leave?", marks=AROUND), "Brundage为什么离开OpenAI？"]
)
def test_the_reasons_are_quoted_where_they_stand(own: Pipeline, question: str) -> None:
    quotes = [c.quote for c in own.answer(question, use_llm=False).citations]
    assert any(quote.startswith(("第一", "第二", "第三")) for quote in quotes)


def test_a_quote_in_another_language_is_translated_into_the_questions(own: Pipeline) -> None:
    answer = own.answer("why did Brundage leave?")
    foreign = [s for s in answer.statements if any("\u4e00" <= c <= "\u9fff" for c in s.text)]
    assert foreign
    put = [s.translation for s in foreign if s.translation]
    assert put
    assert not any("\u4e00" <= character <= "\u9fff" for text in put for character in text)
    assert answer.timings_ms["first_statement"] < answer.timings_ms["translated"]
    check(answer)


@pytest.mark.parametrize("question", ["How old is Miles Brundage?", "谁是特斯拉的首席执行官？"])
def test_what_the_corpus_does_not_hold_is_refused_with_the_nearest_passages(
    own: Pipeline, question: str
) -> None:
    answer = own.answer(question)
    assert (answer.status, answer.statements, answer.citations) == ("not_found", (), ())
    assert answer.passages
    assert question in answer.note


def test_a_written_answer_stands_above_its_quotes(own: Pipeline) -> None:
    answer = own.answer("Brundage为什么离开OpenAI？", write=True)
    written = [s for s in answer.statements if s.kind == "written"]
    assert (answer.mode == "written") == bool(written)
    assert all(s.verdict == "supported" and s.citations for s in written)
    assert written or answer.note
    check(answer)


@pytest.mark.parametrize(
    ("question", "article", "found"),
    [
        pytest.param("why did Brundage leave?", "000_4dff3994c3464629.txt", ["机会成本"], marks=AROUND),
        pytest.param("Brundage为什么离开OpenAI？", "000_4dff3994c3464629.txt", ["机会成本"], marks=AROUND),
        ("Where did John Schulman go, and why?", "002_bb457f1c03cfdbc5.txt", ["Anthropic"]),
        ("训练GPT-4花了多少钱？", "001_6bee6f61d1f82674.txt", ["1 亿", "1亿"]),
        (
            "What share of compute did the superalignment team have?",
            "003_aa475fba28da2d38.txt",
            ["20%"],
        ),
        ("洛根·基尔帕特里克在OpenAI做什么？", "004_7e1b2d63d9f54a83.txt", ["开发者关系"]),
    ],
)
def test_articles_as_received_are_answered_with_the_right_citation(
    seeds: Pipeline, question: str, article: str, found: list[str]
) -> None:
    answer = seeds.answer(question, use_llm=False)
    assert answer.status in ("answered", "possible")
    assert article in [citation.article.id for citation in answer.citations[:2]]
    assert holds(answer, *found)
    check(answer)


@pytest.mark.parametrize("question", ["How old is Miles Brundage?", "谁是特斯拉的首席执行官？"])
def test_articles_as_received_hold_no_age_and_no_tesla(seeds: Pipeline, question: str) -> None:
    assert seeds.answer(question, use_llm=False).status == "not_found"


@pytest.mark.browser
@pytest.mark.skipif(bool(missing()), reason=missing() or "a browser is here")
@pytest.mark.parametrize(
    ("question", "locale"), [("why did Brundage leave?", "en-US"), ("Brundage为什么离开OpenAI？", "zh-CN")]
)
def test_a_reader_asks_in_a_browser_and_sees_the_cited_words_lit_up(
    own: Pipeline, question: str, locale: str
) -> None:
    from playwright.sync_api import sync_playwright

    with page_url(own) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
        )
        page = browser.new_context(locale=locale).new_page()
        watch = Watch(page, url)
        page.goto(url)
        page.wait_for_selector("html[data-ready]")
        page.fill("#question textarea", question)
        page.keyboard.press("Enter")
        page.wait_for_selector(".source", timeout=30_000)
        page.wait_for_selector("#status [data-state=done]", timeout=120_000)
        assert page.locator(".statement").count() >= 1
        page.locator("a.cite").first.click()
        page.wait_for_selector("#reader mark[data-n='1'].lit", timeout=30_000)
        assert page.locator("#reader mark[data-n='1']").first.inner_text()
        assert watch.faults == []
        browser.close()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return project_copy(tmp_path)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A project, and what it answers to the gold questions with two bad lines among them and three questions twice."""
    project = project_copy(tmp_path_factory.mktemp("batch"))
    assert ragqa("index", "-q", cwd=project).returncode == 0
    questions = (project / "gold" / "questions.jsonl").read_text("utf-8").splitlines()
    lines = [*questions[:9], "not json", '{"id": "empty"}', *questions[9:], *questions[:3]]
    (project / "batch.jsonl").write_text("\n".join(lines), "utf-8")
    run = ragqa("ask", "--batch", "batch.jsonl", "--no-llm", cwd=project)
    documents = [json.loads(line) for line in run.stdout.splitlines()]
    assert run.returncode == 0
    assert len(documents) == len(lines)
    return project, documents


def test_every_quote_of_a_batch_is_what_show_shows_and_bad_lines_do_not_stop_it(
    batch: tuple[Path, list[dict[str, Any]]],
) -> None:
    project, documents = batch
    assert [n for n, d in enumerate(documents) if "error" in d] == [9, 10]
    texts: dict[str, str] = {}
    for citation in (c for d in documents for c in d.get("citations", ())):
        article_id = citation["article_id"]
        if article_id not in texts:
            texts[article_id] = json.loads(ragqa("show", article_id, "--json", cwd=project).stdout)["text"]
        assert texts[article_id][citation["start"] : citation["end"]] == citation["quote"]
    assert len(texts) > 5


def test_the_projects_own_questions_are_found_answered_and_refused(
    batch: tuple[Path, list[dict[str, Any]]],
) -> None:
    project, documents = batch
    rows = [
        json.loads(line) for line in (project / "gold" / "questions.jsonl").read_text("utf-8").splitlines()
    ]
    found = right = refused = 0
    for row, answer in zip(rows, (d for d in documents if "error" not in d), strict=False):
        check_document(answer)
        said = "\n".join([answer["text"], *(c["quote"] for c in answer["citations"])])
        if row["answerable"]:
            shown = [passage["text"] for passage in answer["passages"][:5]]
            found += any(evidence["quote"] in text for evidence in row["evidence"] for text in shown)
            right += all(any(word in said for word in group) for group in row["answers"])
        else:
            refused += answer["status"] == "not_found"
    answerable = sum(row["answerable"] for row in rows)
    assert found >= FOUND_AT_LEAST * answerable
    assert right >= RIGHT_AT_LEAST * answerable
    assert refused >= REFUSED_AT_LEAST * (len(rows) - answerable)


def test_ctrl_c_in_a_rebuild_exits_130_and_leaves_the_old_index_answering(project: Path) -> None:
    assert ragqa("index", "-q", cwd=project).returncode == 0
    before = (project / "index" / "current").read_text()
    process = subprocess.Popen(
        [sys.executable, "-m", "ragqa", "index", "--full"], cwd=project, stderr=subprocess.PIPE, text=True,
        # A shell that runs the tests in the background has them, and their children, ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stderr is not None
    process.stderr.readline()  # encoding has begun
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert (project / "index" / "current").read_text() == before
    assert ragqa("search", "Brundage", "--json", cwd=project).returncode == 0

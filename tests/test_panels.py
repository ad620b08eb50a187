"""The two lower panels: their HTML, and what their routes let in and out."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from support.asked import record
from support.fakes import HARBOUR
from support.house import WHY, House

from ragqa.corpus.articles import read_articles
from ragqa.corpus.uploads import CorpusState
from ragqa.evaluation import run_store
from ragqa.evaluation.report import report_json, write_report
from ragqa.evaluation.run_store import Run, RunList
from ragqa.evaluation.statistics import Figure
from ragqa.pipeline import Pipeline
from ragqa.server import admin, panels
from ragqa.server.i18n import WORDS
from ragqa.server.security import Guard
from ragqa.types import Article, Skipped

HOSTILE = "<img src=x onerror=alert(1)>\"'&"


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def dated(*dates: str | None) -> list[Article]:
    return [Article(f"{n}.md", f"Title {n}", "text", published=date) for n, date in enumerate(dates)]


# --- the corpus ------------------------------------------------------------------------------


def test_months_stand_side_by_side_with_the_empty_ones_between() -> None:
    html = panels.corpus_content("en", CorpusState(dated("2023-11-02", "2024-02", "2024-02-29", None)))
    assert re.findall(r'class="unseen">(\d.*?)</span>', html) == [
        "2023-11: 1", "2023-12: 0", "2024-01: 0", "2024-02: 2",
    ]  # fmt: skip
    assert re.findall(r"--part:([\d.]+)", html) == ["0.500", "0.000", "0.000", "1.000"]
    assert "1 without a date" in words(html)
    assert 'data-word-label="corpus.months"' in html


@pytest.mark.parametrize(
    ("dates", "bars"),
    [
        (["2019", "2021-05-01"], ["2019: 1", "2020: 0", "2021: 1"]),
        (["2001-01", "2009-01"], [f"{year}: {int(year in (2001, 2009))}" for year in range(2001, 2010)]),
        (["1000-01", "2999-12"], ["1000: 1", "2999: 1"]),
        (["2024-05-01", "2024-05-30"], []),
        ([None, None], []),
        (["soon", "<b>"], []),
    ],
)
def test_a_long_time_is_counted_in_years_and_a_moment_not_at_all(dates: list[str], bars: list[str]) -> None:
    html = panels.corpus_content("zh", CorpusState(dated(*dates)))
    assert re.findall(r'class="unseen">(\d.*?)</span>', html) == bars


def test_what_has_a_file_can_be_removed() -> None:
    articles = [*dated("2024-01"), Article("r1", "A row", "text"), Article("twice.md", "Of a row", "text")]
    skipped = [Skipped("twice.md", "same id as many.jsonl:2"), Skipped("many.jsonl:3", "no text")]
    html = panels.corpus_content(
        "en", CorpusState(articles, skipped, frozenset(["0.md", "twice.md", "many.jsonl"]))
    )
    assert re.findall(r'class="remove" data-file="([^"]+)"', html) == ["0.md", "many.jsonl", "twice.md"]
    assert "twice.md — same id as many.jsonl:2" in words(html)
    assert "remove Title 0" in words(html)


def test_the_handles_name_their_limits_and_one_file_has_none() -> None:
    html = panels.corpus("en", CorpusState())
    assert "up to 20 at once, 20 MB each" in words(html)
    assert (
        'accept=".atom,.csv,.docx,.eml,.epub,.htm,.html,.json,.jsonl,.markdown,.md,.mht,.mhtml,.pdf,.rss,.srt,.tsv,.txt,.vtt,.xlsx,.xml"'
        ' data-most="20" data-bytes="20971520"' in html
    )
    single = panels.corpus("zh", CorpusState(dated("2024"), single="all.jsonl"))
    assert "语料是单个文件 all.jsonl" in words(single)
    assert "<input" not in single
    assert "重建索引" in words(single)
    assert "remove" not in panels.corpus_content("en", CorpusState(dated("2024"), single="all.jsonl"))


def test_reasons_are_told_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(HARBOUR, encoding="utf-8")
    (tmp_path / "same.md").write_text(HARBOUR, encoding="utf-8")
    (tmp_path / "x.exe").write_text("x")
    (tmp_path / "noname").write_text("x")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    (tmp_path / "bin.txt").write_bytes(bytes(range(256)))
    (tmp_path / "out.md").symlink_to("/etc/hostname")
    (tmp_path / "folder").symlink_to(tmp_path.parent, target_is_directory=True)
    lines = [
        "{",
        "[]",
        "{}",
        '{"_id": "\\u202e", "text": "x"}',
        '{"_id": "1"}',
        '{"_id": "a.md", "text": "x"}',
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    os.mkfifo(tmp_path / "pipe.txt")
    _, skipped = read_articles(tmp_path)
    assert len(skipped) == 15
    for entry in skipped:
        assert words(panels.reason("en", entry.reason)) == entry.reason
        assert re.search("[一-鿿]", words(panels.reason("zh", entry.reason))), entry
    assert panels.reason("zh", "Permission <denied>") == '<span lang="en">Permission &lt;denied&gt;</span>'


def test_nothing_from_outside_becomes_markup() -> None:
    article = Article(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    held = CorpusState([article], [Skipped(HOSTILE, HOSTILE)], frozenset([HOSTILE, HOSTILE + ".jsonl"]), "")
    run = Run(HOSTILE, HOSTILE, HOSTILE, 1, HOSTILE, {"joint": Figure(0.5, 0.4, 0.6, 1)})
    bench = RunList(HOSTILE, False, HOSTILE, [run])
    for html in (
        panels.corpus("en", held),
        panels.corpus("en", CorpusState(single=HOSTILE)),
        panels.evaluation("en", bench),
        panels.evaluation("zh", RunList(HOSTILE, True, HOSTILE)),
    ):
        assert "<img" not in html
        assert set(re.findall(r'data-word(?:-label)?="([^"]+)"', html)) <= WORDS["en"].keys()


# --- evaluations -----------------------------------------------------------------------------


def kept(folder: Path, name: str, *, mode: str = "no-llm", age: int = 0) -> Path:
    home = folder / name
    home.mkdir(parents=True)
    records = [record("q1"), record("q2", None)]
    write_report(home, report_json({"gold": "gold.jsonl", "mode": mode}, records, seconds=1), records)
    os.utime(home / "report.json", (time.time() - age, time.time() - age))
    return home


def test_runs_are_listed_newest_first_and_what_is_none_is_passed_over(house: House, tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    kept(folder, "old", age=100_000)
    kept(folder, "new", mode="full")
    kept(tmp_path / "else", "outside")
    (folder / "link").symlink_to(tmp_path / "else" / "outside", target_is_directory=True)
    for name, text in {"torn": '{"metrics": {', "list": "[]", "other": '{"metrics": {}}', "none": ""}.items():
        (folder / name).mkdir()
        (folder / name / "report.json").write_text(text)
    (folder / "file").write_text("")
    found = run_store.run_list(house.settings.model_copy(update={"runs": folder}))
    assert [(run.name, run.mode, run.questions) for run in found.runs] == [
        ("new", "full", 2),
        ("old", "no-llm", 2),
    ]
    assert found.runs[0].figures["joint"].value == 0.5
    html = panels.evaluation_content("en", found)
    assert re.findall(r'href="([^"]+)"', html) == ["ragqa/runs/new/report.html", "ragqa/runs/old/report.html"]
    assert re.search(r"right or rightly refused\D*0\.50 0\.00 – 1\.00", words(html))


def test_a_missing_gold_set_is_told_with_what_to_do(house: House) -> None:
    found = run_store.run_list(house.settings)
    html = panels.evaluation("en", found)
    assert found.missing
    assert "There is no gold set at" in words(html)
    assert "ragqa gold review" in words(html)
    assert "quick" not in html
    assert f"ragqa evaluate {house.settings.gold} --corpus {house.settings.corpus}" in words(html)


# --- routes ----------------------------------------------------------------------------------


class Server:
    def __init__(self, house: House) -> None:
        self.house = house
        app = FastAPI()
        app.add_middleware(Guard, larger=admin.LARGE)
        admin.add_routes(app, Pipeline.open(house.settings, require_index=False))
        self.client = TestClient(app, base_url="http://127.0.0.1:7860", raise_server_exceptions=False)

    def add(self, name: str, text: str = "新的港口。", **headers: str) -> Any:
        return self.client.post(
            "/ragqa/corpus/file", params={"name": name}, content=text.encode(), headers=headers
        )

    def ends(self, job: str = "corpus") -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while True:
            status = self.client.get("/ragqa/work").json()[job]
            if status["state"] not in ("waiting", "running"):
                return dict(status)
            assert time.monotonic() < deadline, status
            time.sleep(0.02)

    def count(self) -> int:
        return int(self.client.get("/ragqa/panels").json()["corpus"]["count"])


@pytest.fixture
def server(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(admin, "_QUIET", 0.1)
    house.settings = house.settings.model_copy(
        update={"runs": house.folder / "runs", "chunk_size": 40, "generator": "none"}
    )
    made = Server(house)
    yield made
    made.ends()
    made.ends("evaluate")


def test_a_file_goes_in_and_out_and_the_index_follows(server: Server) -> None:
    assert server.count() == 3
    assert (server.add("new.md").status_code, server.add("two.md", "别的灯。").status_code) == (201, 201)
    assert server.ends()["state"] == "done"
    assert server.count() == 5
    contents = server.client.get("/ragqa/panels?ui=zh").json()
    assert "5 篇文章" in words(contents["facts"])
    assert 'data-file="new.md"' in contents["corpus"]["html"]
    assert server.client.delete("/ragqa/corpus/file?name=new.md").json() == {"name": "new.md"}
    assert server.ends()["state"] == "done"
    assert server.count() == 4


def test_a_file_is_replaced_when_the_request_says_so(server: Server) -> None:
    replaced = server.client.post("/ragqa/corpus/file?name=harbour.md&replace=true", content=b"x")
    assert (replaced.status_code, replaced.json()) == (201, {"name": "harbour.md"})
    assert (server.house.settings.corpus / "harbour.md").read_bytes() == b"x"


def test_refusals_are_words_with_their_status(server: Server) -> None:
    answer = server.add("harbour.md")
    assert (answer.status_code, answer.json()) == (
        409,
        {
            "word": "shelf.exists",
            "args": {"name": "harbour.md", "n": 250, "m": 15},
            "said": "harbour.md: a file of this name is there already, with other contents (250 bytes; the new one has 15)",
        },
    )
    assert server.add("a.exe").status_code == 415
    assert server.client.delete("/ragqa/corpus/file?name=gone.md").status_code == 404
    assert server.client.post("/ragqa/corpus/file", content=b"x").status_code == 422
    whole = server.client.post("/ragqa/corpus/file?name=a.exe", content=b"x" * 20 * 2**20)
    assert whole.status_code == 415
    large = server.client.post("/ragqa/corpus/file?name=a.md", content=b"x" * (20 * 2**20 + 1))
    assert large.status_code == 413
    assert sorted(path.name for path in server.house.settings.corpus.iterdir()) == [
        "harbour.md", "library.md", "lighthouse.md",
    ]  # fmt: skip
    assert server.client.get("/ragqa/work").json()["corpus"]["state"] == "idle"


TRAVERSALS = [
    "../x.md",
    "..%2fx.md",
    "%2e%2e%2fx.md",
    "/etc/x.md",
    "a%2fb.md",
    "..%5cx.md",
    "x%0a.md",
    "x%00.md",
]


@pytest.mark.parametrize("name", TRAVERSALS)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_no_name_leads_out_of_the_corpus(server: Server, name: str, method: str) -> None:
    (server.house.folder / "x.md").write_text("kept")
    response = server.client.request(method, f"/ragqa/corpus/file?name={name}", content=b"x")
    assert 400 <= response.status_code < 500
    assert (server.house.folder / "x.md").read_text() == "kept"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "corpus/file?name=a.md"), ("DELETE", "corpus/file?name=harbour.md"), ("POST", "corpus/index"), ("POST", "runs")],
)  # fmt: skip
@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:3000", "null"])
def test_other_sites_change_nothing(server: Server, method: str, path: str, origin: str) -> None:
    response = server.client.request(method, f"/ragqa/{path}", content=b"x", headers={"origin": origin})
    assert response.status_code == 403
    assert len(list(server.house.settings.corpus.iterdir())) == 3
    assert {job["state"] for job in server.client.get("/ragqa/work").json().values()} == {"idle"}


def test_no_more_than_twenty_files_wait(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragqa.corpus.uploads.MOST_FILES", 2)
    monkeypatch.setattr("ragqa.server.admin.rebuild_index", lambda settings, progress: time.sleep(0.2))
    assert server.add("harbour.md").status_code == 409
    codes = [server.add(f"{n}.md").status_code for n in range(3)]
    assert codes == [201, 201, 429]
    server.ends()
    assert server.add("later.md").status_code == 201


def test_the_first_index_is_built_from_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "_QUIET", 0)
    house = House(tmp_path, monkeypatch)
    server = Server(house)
    assert "data-none" in server.client.get("/ragqa/panels").json()["problem"]
    server.client.post("/ragqa/corpus/index")
    assert server.ends()["word"] == "corpus.empty"
    assert server.add("harbour.md", HARBOUR).status_code == 201
    assert server.ends()["state"] == "done"
    contents = server.client.get("/ragqa/panels").json()
    assert (contents["problem"], contents["corpus"]["count"]) == ("", 1)


def test_a_corpus_of_one_file_can_be_rebuilt_only(house: House) -> None:
    single = house.folder / "all.jsonl"
    single.write_text('{"_id": "r1", "title": "One", "text": "The harbour."}\n')
    house.settings = house.settings.model_copy(update={"corpus": single, "chunk_size": 40})
    server = Server(house)
    answers = (server.add("a.md"), server.client.delete("/ragqa/corpus/file?name=a.md"))
    assert [(a.status_code, a.json()["word"]) for a in answers] == [(409, "corpus.single")] * 2
    assert server.client.post("/ragqa/corpus/index").status_code == 202
    assert server.ends()["state"] == "done"
    assert server.count() == 1


def test_another_writer_is_told_in_words(server: Server) -> None:
    from ragqa.index.store import writing

    with writing(server.house.settings.index):
        server.client.post("/ragqa/corpus/index")
        assert "another process is writing" in server.ends()["said"]


def test_an_index_of_another_encoder_is_told_and_mended(server: Server) -> None:
    house = server.house
    house.encoder.fingerprint = "other weights"
    pipeline = Pipeline.open(house.settings, require_index=False)
    from ragqa.server import page_state

    index, problem = page_state.index_of("en", pipeline)
    assert index is None
    assert "other weights" in problem
    server.client.post("/ragqa/corpus/index")
    assert server.ends()["state"] == "done"
    assert page_state.index_of("en", pipeline)[0] is not None


# --- runs over HTTP --------------------------------------------------------------------------


def gold_set(house: House, *rows: dict[str, Any]) -> None:
    rows = rows or ({"id": "why", "question": WHY, "answers": [["罢工"]]},)
    house.settings.gold.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_a_quick_run_is_measured_listed_and_opened(server: Server) -> None:
    gold_set(server.house)
    assert server.client.post("/ragqa/runs").status_code == 202
    status = server.ends("evaluate")
    assert (status["state"], status["done"], status["said"]) == ("done", 0, "")
    contents = server.client.get("/ragqa/panels").json()["evaluate"]
    assert contents["count"] == 1
    link = re.findall(r'href="([^"]+)"', contents["html"])[0]
    report = server.client.get(f"/{link}")
    assert WHY in report.text
    assert report.headers["content-security-policy"] == (
        "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    )
    assert report.headers["x-content-type-options"] == "nosniff"
    folder = next(server.house.settings.runs.iterdir())
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["mode"] == "no-llm"
    assert re.fullmatch(r"gold\.no-llm\.[0-9a-f]{8}", folder.name)


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda house: None, "gold.jsonl"),
        (lambda house: house.settings.gold.write_text("{}\n"), "line 1"),
        (lambda house: beir(house.settings.gold), "brings its own corpus"),
    ],
)
def test_a_run_that_cannot_be_says_why(server: Server, prepare: Callable[[House], object], said: str) -> None:
    prepare(server.house)
    server.client.post("/ragqa/runs")
    status = server.ends("evaluate")
    assert status["state"] == "failed"
    assert said in status["said"]


def beir(folder: Path) -> None:
    (folder / "qrels").mkdir(parents=True)
    (folder / "queries.jsonl").write_text('{"_id": "q", "text": "who?"}\n')
    (folder / "corpus.jsonl").write_text('{"_id": "d", "text": "she"}\n')
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n")


PATHS = [
    "../secret",
    "..",
    ".",
    "%2e%2e",
    "..%2f..%2fsecret",
    "%2e%2e%5csecret",
    "%2fetc",
    "linked",
    "gone",
    ".hidden",
    "a%0ab",
]


@pytest.mark.parametrize("name", PATHS)
def test_only_reports_of_runs_are_served(server: Server, name: str) -> None:
    folder = server.house.settings.runs
    for path in (folder / ".hidden", server.house.folder / "secret", server.house.folder / "other"):
        path.mkdir(parents=True, exist_ok=True)
        (path / "report.html").write_text("secret")
    (folder / "linked").symlink_to(server.house.folder / "other", target_is_directory=True)
    (folder / "half").mkdir()
    (folder / "half" / "report.html").symlink_to(server.house.folder / "other" / "report.html")
    for tried in (name, "half"):
        response = server.client.get(f"/ragqa/runs/{tried}/report.html")
        assert 400 <= response.status_code < 500
        assert "secret" not in response.text


def test_a_name_with_odd_signs_is_found_again(server: Server) -> None:
    name = 'été #1 ?&"100%'
    kept(server.house.settings.runs, name)
    html = server.client.get("/ragqa/panels").json()["evaluate"]["html"]
    link = unescape(re.findall(r'href="([^"]+)"', html)[0])
    assert link == f"ragqa/runs/{quote(name, safe='')}/report.html"
    assert server.client.get(f"/{link}").status_code == 200

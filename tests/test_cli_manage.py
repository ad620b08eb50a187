"""The verbs around an answer: search, show, index, add, models, doctor."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from support.fakes import HARBOUR
from support.house import WHO, WHY, Line

from ragqa.index.index import Index
from ragqa.models import catalogue

# --- search ----------------------------------------------------------------------------------


def test_a_search_is_one_document(line: Line) -> None:
    document = line.json("search", WHO, "-k", "2")
    assert set(document) == {"schema", "id", "query", "language", "passages", "timings_ms"}
    assert (document["schema"], document["query"], document["language"]) == ("ragqa.search/1", WHO, "en")
    assert [(p["rank"], p["article_id"], p["cited"]) for p in document["passages"]] == [
        (1, "lighthouse.md", False),
        (2, "harbour.md", False),
    ]


@pytest.mark.parametrize(
    ("options", "translated"),
    [([], True), (["--no-llm"], False), (["--written-in", "en"], False), (["--written-in", "zh"], True)],
)
def test_a_search_translates_unless_told_not_to(line: Line, options: list[str], translated: bool) -> None:
    line.json("search", WHO, *options)
    assert line.house.encoder.queries[-1] == ("谁买了灯？" if translated else WHO)


@pytest.mark.parametrize(
    ("options", "articles"),
    [
        (["--since", "2024"], {"harbour.md"}),
        (["--until", "2023-11"], {"lighthouse.md"}),
        (["--written-in", "en"], {"library.md", "lighthouse.md"}),
        (["--source", "Example.org/L"], {"library.md"}),
        (["--written-in", "zh", "--until", "2023"], set()),
    ],
)
@pytest.mark.parametrize("verb", ["search", "ask"])
def test_filters_bound_what_is_found(line: Line, verb: str, options: list[str], articles: set[str]) -> None:
    found = line.json(verb, WHO, "--no-llm", *options)["passages"]
    assert {passage["article_id"] for passage in found} == articles


def test_a_score_is_explained_when_asked_for(line: Line) -> None:
    assert "signals" not in line.json("search", WHO)["passages"][0]
    for passage in line.json("search", WHO, "--explain")["passages"]:
        signals = passage["signals"]
        assert list(signals) == ["dense", "late", "lexical", "reader"]
        assert 0.5 + sum(signal["points"] for signal in signals.values()) == pytest.approx(
            passage["score"], abs=5e-4
        )
    code, out = line.run("search", WHO, "--explain", "-k", "1")
    assert code == 0
    assert out.splitlines()[-1].startswith("   why: 0.5 dense ")
    assert "why:" not in line.run("search", WHO)[1]


def test_a_batch_of_searches_can_be_explained(line: Line) -> None:
    (document,) = line.batch("search", json.dumps({"id": "q1", "text": WHO}), options=("--explain",))
    assert all(passage["signals"] for passage in document["passages"])


def test_a_copy_is_named_not_shown(line: Line, tmp_path: Path) -> None:
    file = tmp_path / "copy.md"
    file.write_text(HARBOUR.replace("已经坏了", "坏了"), encoding="utf-8")
    line.json("add", file)
    found = line.json("search", WHY)["passages"]
    copies = [(p["article_id"], p["also_in"]) for p in found if p["article_id"] in ("harbour.md", "copy.md")]
    assert copies == [("copy.md", ["harbour.md"])]
    assert "   also in: harbour.md\n" in line.run("search", WHY)[1]


def test_a_batch_of_searches_can_be_written_as_a_run(line: Line, tmp_path: Path) -> None:
    run = tmp_path / "out.trec"
    rows = [json.dumps({"id": "q1", "text": WHO}), "bad", json.dumps({"id": "q2", "text": "自行车"})]
    documents = line.batch("search", *rows, options=("--run", str(run)))
    assert [(d["id"], "error" in d) for d in documents] == [("q1", False), (None, True), ("q2", False)]
    lines = [row.split(" ") for row in run.read_text(encoding="utf-8").splitlines()]
    assert [(query, zero, article, rank, tag) for query, zero, article, rank, _, tag in lines] == [
        ("q1", "Q0", "lighthouse.md", "1", "ragqa"),
        ("q1", "Q0", "harbour.md", "2", "ragqa"),
        ("q1", "Q0", "library.md", "3", "ragqa"),
        ("q2", "Q0", "library.md", "1", "ragqa"),
        ("q2", "Q0", "lighthouse.md", "2", "ragqa"),
        ("q2", "Q0", "harbour.md", "3", "ragqa"),
    ]
    scores = [float(row[4]) for row in lines]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    assert "wrote 6 lines" in line.err


def test_k_bounds_the_articles_of_a_run(line: Line, tmp_path: Path) -> None:
    run = tmp_path / "out.trec"
    line.batch("search", json.dumps({"id": "q1", "text": WHO}), options=("--run", str(run), "-k", "1"))
    assert [row.split()[2] for row in run.read_text().splitlines()] == ["lighthouse.md"]


# --- show ------------------------------------------------------------------------------------


def test_show_gives_the_text_that_citations_point_into(line: Line) -> None:
    document = line.json("show", "harbour.md")
    assert (document["schema"], document["title"], document["published"]) == (
        "ragqa.article/1", "港口停航", "2024-05-02",
    )  # fmt: skip
    assert document["text"] == Index.open(line.house.settings.index).article("harbour.md").text
    assert document["characters"] == len(document["text"])


def test_show_is_readable(line: Line) -> None:
    code, out = line.run("show", "library.md")
    assert code == 0
    assert out.startswith(
        "More than books\nno date · https://example.org/library · en\n\nThe library now lends"
    )


# --- index and add ---------------------------------------------------------------------------


def test_an_index_that_is_up_to_date_is_told(line: Line) -> None:
    document = line.json("index")
    assert (document["schema"], document["articles"], document["chunks"]) == ("ragqa.index/1", 3, 6)
    assert [document[name] for name in ("added", "changed", "removed", "unchanged")] == [0, 0, 0, 3]


def test_a_dry_run_writes_nothing(line: Line) -> None:
    (line.house.settings.corpus / "library.md").unlink()
    before = Index.open(line.house.settings.index).manifest.version
    document = line.json("index", "--dry-run")
    assert [document[name] for name in ("added", "changed", "removed", "unchanged")] == [0, 0, 1, 2]
    assert Index.open(line.house.settings.index).manifest.version == before


def test_progress_goes_to_stderr_and_counts_to_stdout(line: Line) -> None:
    code, out = line.run("index", "--full")
    assert code == 0
    assert (
        out
        == f"{line.house.settings.index}/ holds 3 articles in 6 chunks: 3 added, 0 changed, 0 removed, 0 unchanged\n"
    )
    assert "encoding: 6 of 6 chunks" in line.err


def test_quiet_says_nothing_on_stderr(line: Line) -> None:
    assert line.run("index", "--full", "-q")[0] == 0
    assert line.err == ""


def test_skipped_files_are_counted_and_named_when_asked(line: Line) -> None:
    (line.house.settings.corpus / "x.exe").write_text("x")
    (line.house.settings.corpus / "library.md").unlink()
    line.run("index", "-v")
    assert "skipped x.exe: not a format that is read: .exe" in line.err
    document = line.json("index", "--full")
    assert document["skipped"] == [{"file": "x.exe", "reason": "not a format that is read: .exe"}]


def test_other_settings_than_the_index_exit_with_3(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_CHUNK_SIZE", "60")
    assert line.run("index") == (3, "")
    assert line.err.endswith("built with chunk size 40, not 60; run: ragqa index --full\n")


def test_an_article_that_is_added_can_be_asked_for(line: Line, tmp_path: Path) -> None:
    file = tmp_path / "strike.md"
    file.write_text(
        "---\ntitle: 罢工结束\n---\n昨天下午，拖船工人的罢工结束了，港口重新开放。\n", encoding="utf-8"
    )
    document = line.json("add", file)
    assert [document[name] for name in ("added", "changed", "removed", "unchanged")] == [1, 0, 0, 3]
    assert f"copied to {line.house.settings.corpus / 'strike.md'}" in line.err
    found = line.json("ask", WHY, "--no-llm")["passages"]
    assert "strike.md" in [passage["article_id"] for passage in found]


# --- models and doctor -----------------------------------------------------------------------


def test_the_catalogue_is_told_with_what_is_missing(line: Line) -> None:
    code, out = line.bare("models", "--json")
    document = json.loads(out)
    assert (code, document["schema"], document["home"]) == (
        0,
        "ragqa.models/1",
        str(line.house.settings.home),
    )
    assert [entry["id"] for entry in document["models"]] == [entry.id for entry in catalogue.catalogue()]
    assert [entry["id"] for entry in document["models"] if entry["present"]] == [catalogue.READER]
    code, out = line.bare("models")
    assert (code, out.count("missing")) == (0, len(catalogue.catalogue()) - 1)


def test_the_doctor_exits_with_4_without_an_encoder(line: Line) -> None:
    code, out = line.run("doctor", "--json")
    document = json.loads(out)
    assert (code, document["schema"], document["ok"]) == (4, "ragqa.doctor/1", False)
    checks = {check["name"]: check for check in document["checks"]}
    assert (checks["encoder"]["level"], checks["encoder"]["run"]) == ("fail", "ragqa models pull")
    assert checks["generator"]["level"] == "warn"


@pytest.fixture
def healthy(line: Line, monkeypatch: pytest.MonkeyPatch) -> Line:
    """An encoder that lies in a folder, and no generator by choice."""
    folder = line.house.folder / "encoder"
    folder.mkdir()
    monkeypatch.setenv("RAGQA_ENCODER", str(folder))
    monkeypatch.setenv("RAGQA_GENERATOR", "none")
    line.house.encoder.id = str(folder)
    assert line.run("index", "--full")[0] == 0
    return line


def levels(line: Line) -> tuple[int, dict[str, str]]:
    code, out = line.run("doctor", "--json")
    return code, {check["name"]: check["level"] for check in json.loads(out)["checks"]}


def test_the_doctor_is_content(healthy: Line) -> None:
    roles = ("encoder", "reader", "generator", "index", "corpus", "disk")
    assert levels(healthy) == (0, dict.fromkeys(roles, "ok"))
    code, out = healthy.run("doctor")
    assert (code, len(out.splitlines())) == (0, 6)


def test_the_doctor_sees_damage_and_a_corpus_that_moved_on(healthy: Line) -> None:
    (healthy.house.settings.corpus / "library.md").unlink()
    assert levels(healthy)[1]["corpus"] == "warn"
    folder = Index.open(healthy.house.settings.index).manifest.version
    path = healthy.house.settings.index / folder / "vectors.faiss"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    code, found = levels(healthy)
    assert (code, found["index"]) == (3, "fail")


def test_the_doctor_finds_no_index(healthy: Line) -> None:
    code, out = healthy.bare("doctor", "--json", "--index", "nowhere", "--corpus", "gone")
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert (code, checks["index"]["level"], checks["index"]["run"]) == (3, "fail", "ragqa index")
    assert checks["corpus"]["level"] == "warn"


def test_without_the_sdk_mcp_says_what_to_install(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    code, out = line.run("mcp")
    assert (code, out) == (1, "")
    assert line.err == (
        'ragqa: ragqa mcp needs the MCP SDK 2, which is not installed; run: pip install "ragqa[mcp]"\n'
    )


def test_an_address_for_mcp_needs_http(line: Line) -> None:
    code, _ = line.run("mcp", "--port", "8000")
    assert code == 2
    assert line.err.startswith("ragqa: --host and --port are for ragqa mcp --http")

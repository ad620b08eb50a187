"""One suite for every engine that keeps an index: files with FAISS, PostgreSQL with pgvector, Milvus.

The servers are real ones, started from wheels. What takes long, and Milvus, run in make reliability.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from support.fakes import CORPUS, ScriptedGenerator, TokenEncoder, write_corpus
from support.house import House
from support.places import Kept, edition, measured_once, parameter, prepared
from support.servers import Milvus, Postgres
from support.tally import Tally

from ragqa.__main__ import main
from ragqa.errors import (
    IndexBusyError,
    IndexMismatchError,
    IndexMissingError,
    IndexUnusableError,
    RagqaError,
    SettingsError,
    StoreError,
)
from ragqa.index.build import build_index
from ragqa.index.calibration import Calibration
from ragqa.index.index import Index
from ragqa.index.live import Current
from ragqa.index.opening import damage_at, manifest_at, require_folder, roll_back
from ragqa.index.searchable import SearchIndex
from ragqa.index.stores import generation, store_of
from ragqa.index.targets import writing
from ragqa.retrieval import Query, Question, retrieve
from ragqa.settings import Settings, StoreAddress
from ragqa.types import Filter, Passage

SLOW = pytest.mark.reliability
EVERY = [parameter("faiss"), parameter("postgresql"), parameter("milvus", SLOW)]
STORES = EVERY[1:]
QUESTIONS = ["港口为什么停航？", "Who bought the lamp?", "bicycle for 2 weeks", "“灯塔” 罢工", "一二三"]
FILTERS = [
    Filter(),
    Filter(since="2024"),
    Filter(until="2023"),
    Filter(since="2024-05-02", before="2024-05-03", language="zh"),
    Filter(phrases=("灯",)),
    Filter(without=("lamp", "strike")),
    Filter(source="EXAMPLE.org/h"),
    Filter(title=("Tower", "hands")),
    Filter(author="nobody'; --%"),
    Filter(source="%"),
    Filter(language="ja"),
]
_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """The server of an engine, started when it is first asked for."""
    started: dict[str, Any] = {}

    def server(engine: str) -> Any:
        if engine not in started:
            milvus = engine == "milvus"
            started[engine] = Milvus(tmp_path_factory.mktemp(engine)) if milvus else Postgres()
        return started[engine]

    yield server
    for each in started.values():
        each.stop()


@pytest.fixture
def place(servers: Callable[[str], Any], tmp_path: Path) -> Callable[[str], Kept]:
    """A corpus, and nothing yet where its index will be."""

    def placed(engine: str) -> Kept:
        if engine == "faiss":
            return Kept(tmp_path, tmp_path / "index")
        return Kept(tmp_path, StoreAddress.of(servers(engine).address(f"t{next(_NUMBERS)}")))

    return placed


@pytest.fixture(params=EVERY)
def kept(request: pytest.FixtureRequest, place: Callable[[str], Kept]) -> Kept:
    return place(request.param)


@pytest.fixture(params=STORES)
def stored(request: pytest.FixtureRequest, place: Callable[[str], Kept]) -> Kept:
    return place(request.param)


@pytest.fixture(autouse=True)
def _measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every build would measure the same encoder again, for two seconds."""
    monkeypatch.setattr(Calibration, "measure", lambda encoder: measured_once())


def version(followed: Current) -> str:
    index = followed.get()
    assert index is not None
    return index.manifest.version


def found(index: SearchIndex, question: str, filters: Filter = FILTERS[0]) -> tuple[Passage, ...]:
    return retrieve(
        Query.of(Question.of(question), encoder=TokenEncoder()), index=index, k=5, filters=filters
    ).passages


def test_a_search_finds_the_same_with_the_same_scores_as_in_files(
    kept: Kept, tmp_path: Path, tally: Tally
) -> None:
    kept.build(CORPUS)
    build_index(kept.corpus, tmp_path / "files", encoder=TokenEncoder, chunk_size=40)
    files, there = Index.open(tmp_path / "files"), kept.open()
    same = [
        found(files, question, filters) == found(there, question, filters)
        for question in QUESTIONS
        for filters in FILTERS
    ]
    tally("I4", "the fakes' questions under each filter: passages, scores and signals in a store as in files", sum(same), len(same))  # fmt: skip
    assert all(same)
    for filters in FILTERS:
        assert there.passing(filters) == files.passing(filters)
        assert there.languages_of(filters) == files.languages_of(filters)
        assert there.newest(filters, 2) == files.newest(filters, 2)
    assert list(there.articles) == list(files.articles) == [there.articles[row] for row in range(3)]
    assert [article.id for article in there.listing] == [article.id for article in files.articles]
    assert [there.place(row) for row in range(files.manifest.chunks)] == [
        files.place(row) for row in range(files.manifest.chunks)
    ]
    assert there.names.text == files.names.text


def test_a_large_index_is_searched_by_its_graph_and_finds_the_same(
    stored: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.build(CORPUS | edition(0))
    build_index(stored.corpus, tmp_path / "files", encoder=TokenEncoder, chunk_size=40)
    files = Index.open(tmp_path / "files")
    wanted = [found(files, question, filters) for question in QUESTIONS for filters in FILTERS[:3]]
    # As if there were more chunks than a search compares.
    monkeypatch.setattr("ragqa.index.vectors.COMPARED", 5)
    stored.build(full=True)
    there = stored.open()
    assert [found(there, question, filters) for question in QUESTIONS for filters in FILTERS[:3]] == wanted


def test_an_unchanged_corpus_is_not_encoded_again_and_a_changed_article_alone(kept: Kept) -> None:
    first = kept.build(CORPUS)
    encoder = TokenEncoder()
    again = kept.build(encoder=encoder)
    assert (again.version, again.changes.any, encoder.passages) == (first.version, False, [])
    changed = kept.build(
        {"library.md": CORPUS["library.md"].replace("two weeks", "a month")}, encoder=encoder
    )
    assert changed.changes.changed == ("library.md",)
    assert [text for text in encoder.passages if "month" not in text] == []
    assert len(encoder.passages) == 1
    assert "a month" in kept.open().article("library.md").text


def test_any_text_comes_back_as_it_was(kept: Kept) -> None:
    odd = {
        "quote'; drop table.md": "# It's 100% \\ \"odd\"\n\nA {chunks} of %s and 𠮷, on one lamp's $1 note."
    }
    kept.build(CORPUS | odd)
    article = kept.open().article("quote'; drop table.md")
    assert article.text.split("\n")[-1] == "A {chunks} of %s and 𠮷, on one lamp's $1 note."
    assert article.title == 'It\'s 100% \\ "odd"'
    assert [p.article.id for p in found(kept.open(), "lamp", Filter(title=('100% \\ "o',)))] == [article.id]


def test_a_published_version_answers_and_the_one_before_can_come_back(kept: Kept) -> None:
    with pytest.raises(IndexMissingError):
        manifest_at(kept.index)
    followed = Current(kept.index, lambda manifest: None)
    assert followed.get() is None
    first = kept.build(CORPUS).version
    assert version(followed) == first
    second = kept.build({"new.md": "# New\n\nA strike at the harbour."}).version
    assert version(followed) == second != first
    assert kept.versions() == {first, second}
    assert roll_back(kept.index) == (second, first)
    index = followed.get()
    assert index is not None
    assert (index.manifest.version, len(index.articles)) == (first, 3)
    with pytest.raises(RagqaError, match="there is no version before"):
        roll_back(kept.index)
    assert damage_at(kept.index) == []


def test_old_versions_are_dropped(kept: Kept) -> None:
    versions = [kept.build(CORPUS, full=True).version for _ in range(4)]
    assert kept.versions() == set(versions[2:])


def test_a_version_that_is_open_stays_until_it_is_let_go(stored: Kept) -> None:
    stored.build(CORPUS)
    held = stored.open()
    for _ in range(3):
        stored.build(full=True)
    # Milvus does not know who has a generation open.
    open_stays = engine_of(stored) == "postgresql"
    assert (held.manifest.version in stored.versions()) is open_stays
    if not open_stays:
        with pytest.raises(IndexUnusableError):
            found(held, "lamp")
        return
    assert found(held, "lamp")[0].article.id == "lighthouse.md"


def test_a_second_writer_is_refused(kept: Kept) -> None:
    kept.build(CORPUS)
    with (
        writing(kept.index, kept.folder / "home"),
        pytest.raises(IndexBusyError, match="another process is writing"),
    ):
        kept.build(full=True)
    kept.build(full=True)


def test_another_encoder_is_refused_naming_both(kept: Kept) -> None:
    kept.build(CORPUS)
    before = kept.current()
    other = TokenEncoder(id="other", fingerprint="x")
    with pytest.raises(IndexMismatchError, match="built with the encoder words, not with other"):
        kept.build({"new.md": "# New\n\nMore sand."}, encoder=other)
    with pytest.raises(IndexMismatchError, match="built with the encoder words, not with other"):
        Current(kept.index, lambda m: m.require(encoder="other", fingerprint="x")).get()
    assert kept.current() == before


def test_what_is_not_whole_is_not_published(stored: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stored.build(CORPUS).version
    same = generation._same
    monkeypatch.setattr(
        generation, "_same", lambda there, prepared, row: row != 3 and same(there, prepared, row)
    )
    with pytest.raises(IndexMismatchError, match="was not published: chunk 3 is not what was written"):
        stored.build(full=True)
    assert (stored.current(), stored.versions()) == (before, {before})


def test_the_same_rows_twice_are_there_once_and_the_last_ones_count(stored: Kept) -> None:
    stored.build(CORPUS)
    store = store_of(stored.index)  # type: ignore[arg-type]
    made = prepared("v-20260101T000000-abcdef")
    with store.writing() as writer:
        writer.begin(made.manifest)
        writer.write(made.manifest.version, replace(made, vectors=made.vectors[::-1].copy()))
        with pytest.raises(IndexMismatchError, match="chunk 0 is not what was written"):
            writer.seal(made.manifest, made)
        writer.write(made.manifest.version, made)
        writer.write(made.manifest.version, made)
        writer.seal(made.manifest, made)
        writer.publish(made.manifest.version)
    index = stored.open()
    assert (index.manifest, damage_at(stored.index)) == (made.manifest, [])
    assert np.array_equal(index.vectors(np.arange(2)), made.vectors)
    assert index.scope(Filter()).nearest(made.vectors[1], 2).tolist() == [1, 0]


def test_a_generation_that_is_not_sealed_is_not_published(stored: Kept) -> None:
    before = stored.build(CORPUS).version
    store, made = store_of(stored.index), prepared("v-20260101T000000-abcdef")  # type: ignore[arg-type]
    with store.writing() as writer:
        writer.begin(made.manifest)
        writer.write(made.manifest.version, made)
        with pytest.raises(RagqaError, match="is not sealed; the current one stays"):
            writer.publish(made.manifest.version)
        with pytest.raises(IndexMismatchError, match="is gone from"):
            store.open(made.manifest.version)
    assert (stored.current(), len(stored.versions())) == (before, 2)
    after = stored.build(full=True).version
    assert stored.versions() == {before, after}


def test_an_index_of_a_store_is_used_by_every_command(stored: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    house = House(stored.folder, monkeypatch)
    write_corpus(house.settings.corpus, CORPUS)
    assert isinstance(stored.index, StoreAddress)
    uri = stored.index.uri.get_secret_value() + (
        f"&schema={stored.index.name}" if stored.index.engine == "postgresql" else ""
    )
    monkeypatch.setenv("RAGQA_INDEX", uri)
    monkeypatch.setenv("RAGQA_HOME", str(stored.folder / "home"))
    house.script(ScriptedGenerator(["谁买了灯？"]))

    def run(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--corpus", str(house.settings.corpus)])
        return code, "".join(capsys.readouterr())

    code, out = run("search", "lamp")
    assert (code, "there is no index at" in out) == (3, True)
    code, out = run("index", "--quiet")
    assert (code, f"{stored.index} holds 3 articles in 3 chunks: 3 added" in out) == (0, True), out
    code, out = run("search", "Who bought the lamp?", "--json", "--quiet")
    assert (code, json.loads(out)["passages"][0]["article_id"]) == (0, "lighthouse.md")
    code, out = run("ask", "Who bought the lamp?", "--json", "--no-llm", "--quiet")
    assert (code, json.loads(out)["citations"][0]["quote"]) == (0, "The old lighthouse went to a new owner on Monday.")  # fmt: skip
    code, out = run("show", "library.md")
    assert (code, "The library now lends" in out) == (0, True)
    code, out = run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(out)["checks"]}
    assert (checks["corpus"]["level"], "3 articles as indexed" in checks["corpus"]["detail"]) == ("ok", True)
    assert (
        "as its store counts" in checks["index"]["detail"] or "the settings say" in checks["index"]["detail"]
    )
    for option in ("--snapshot", "--restore"):
        code, out = run("index", option, str(stored.folder / "copy"))
        assert (code, f"{option} is for an index in a folder" in out) == (1, True)


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    address = StoreAddress.of("postgresql://me:s3cret@127.0.0.1:1/news")
    with pytest.raises(
        StoreError, match=r"PostgreSQL at postgresql://me:\*\*\*@127.0.0.1:1/news\?schema=ragqa refused"
    ) as error:
        manifest_at(address)
    assert "s3cret" not in f"{error.value}{error.value.__cause__}"
    assert error.value.exit_code == 3
    with pytest.raises(StoreError), writing(address, tmp_path):
        pytest.fail("it was written")


@pytest.mark.parametrize(
    "uri",
    [
        "mysql://me:s3cret@host/news",
        "postgresql://me:s3cret@host/news?schema=Drop--table",
        "postgres://me:s3cret@host/news?schema=x'y",
        "milvus://me:s3cret@host:19530/",
        "milvus://host:19530/no-hyphens?token=s3cret",
        "postgresql://me:s3/cr@et@host/news?password=s3cret&schema=1",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGQA_INDEX", uri)
    with pytest.raises(SettingsError, match=r"setting index = ") as error:
        Settings.load()
    assert error.value.exit_code == 2
    said = f"{error.value}{error.value.__cause__}{error.value.__context__ if not error.value.__suppress_context__ else ''}"
    assert "s3cret" not in said
    assert "s3/cr" not in said


def test_an_address_is_shown_without_its_password_wherever_it_is_printed() -> None:
    settings = Settings.load(index="postgres://me:s3cret@host:5432/news?schema=daily&sslmode=require")  # type: ignore[arg-type]
    index = settings.index
    assert isinstance(index, StoreAddress)
    assert str(index) == "postgresql://me:***@host:5432/news?sslmode=require&schema=daily"
    assert index.uri.get_secret_value() == "postgresql://me:s3cret@host:5432/news?sslmode=require"
    for said in (
        str(index),
        repr(index),
        repr(settings),
        settings.model_dump_json(),
        str(settings.model_dump()),
    ):
        assert "s3cret" not in said
    assert str(Settings.load(index="a/folder").index) == "a/folder"  # type: ignore[arg-type]
    with pytest.raises(RagqaError, match="--snapshot is for an index in a folder"):
        require_folder(index, "--snapshot")


def killed_while_writing(
    kept: Kept, kill: Callable[[subprocess.Popen[str]], object]
) -> tuple[str | None, set[str]]:
    """What is current and what is kept after a writer, or its server, was killed while it wrote."""
    writer = publishing(kept, 1, 1)
    before, until = kept.versions(), time.monotonic() + 60
    while kept.versions() == before:
        assert writer.poll() is None, writer.communicate()
        assert time.monotonic() < until
        time.sleep(0.01)
    kill(writer)
    writer.wait(60)
    writer.communicate()
    return kept.current(), kept.versions()


T = TypeVar("T")


def once_it_can(work: Callable[[], T], waits_for: type[RagqaError]) -> T:
    """What some work gives, tried again for as long as a killed writer's lease lasts or a server starts."""
    until = time.monotonic() + 90
    while True:
        try:
            return work()
        except waits_for:
            assert time.monotonic() < until
            time.sleep(1)


def publishing(kept: Kept, first: int, last: int, pause: float = 0) -> subprocess.Popen[str]:
    """A process that builds editions, each anew."""
    uri = str(kept.index)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "support.places", uri, str(kept.folder), str(first), str(last), str(pause)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@SLOW
def test_a_killed_writer_leaves_the_published_generation_and_its_leftovers_go(
    stored: Kept, tally: Tally
) -> None:
    before, whole = stored.build(edition(0)).version, 0
    for _ in range(3):
        current, kept = killed_while_writing(stored, lambda writer: writer.kill())
        assert current == before or len(kept) == 2
        whole += len(stored.open().articles) == 20
        before = once_it_can(lambda: stored.build(edition(0), full=True), IndexBusyError).version
        assert before in stored.versions()
        assert len(stored.versions()) <= 2
    tally("I2", f"writers to {engine_of(stored)} killed in mid-write: the published generation whole, leftovers gone after the next build", whole, 3)  # fmt: skip
    assert whole == 3


@SLOW
def test_a_server_killed_in_mid_write_has_the_published_generation_again(
    stored: Kept, servers: Callable[[str], Any], tally: Tally
) -> None:
    server, whole = servers(engine_of(stored)), 0
    before = stored.build(edition(0)).version
    followed = Current(stored.index, lambda manifest: None)
    assert followed.get()
    for _ in range(3):
        writer = publishing(stored, 1, 1)
        known, until = stored.versions(), time.monotonic() + 60
        while stored.versions() == known:
            assert time.monotonic() < until
            time.sleep(0.01)
        server.kill()
        output = writer.communicate(timeout=120)
        assert writer.returncode, output
        with pytest.raises(StoreError):
            followed.get()
        server.start()
        index = once_it_can(followed.get, StoreError)
        assert index is not None
        whole += (
            index.manifest.version == before
            and len(found(index, "lamp")) == 5
            and damage_at(stored.index) == []
        )
        before = once_it_can(lambda: stored.build(edition(0), full=True), IndexBusyError).version
        assert len(stored.versions()) <= 3
    tally("I5", f"{engine_of(stored)} killed in mid-write and started again: the published generation answers as before", whole, 3)  # fmt: skip
    assert whole == 3


@SLOW
def test_no_search_sees_two_generations_while_ten_are_published(kept: Kept, tally: Tally) -> None:
    kept.build(edition(0))
    followed = Current(kept.index, lambda manifest: None)
    writer = publishing(kept, 1, 10)
    mixed = failed = searches = 0
    editions = set()
    while searches < 200 or writer.poll() is None:
        searches += 1
        try:
            index = followed.get()
            assert index is not None
            texts = " ".join(
                p.article.text for p in found(index, "Was the lamp bought, and the harbour closed?")
            )
        except RagqaError as error:
            print(error)
            failed += 1
            continue
        seen = set(re.findall(r"[Ee]dition (\d+)", texts))
        mixed += len(seen) != 1
        editions |= seen
    assert writer.returncode == 0, writer.communicate()
    tally("I7", f"searches of {engine_of(kept)} while ten generations were published: of one generation alone", searches - mixed - failed, searches)  # fmt: skip
    assert (mixed, failed) == (0, 0)
    assert len(editions) >= 3


def engine_of(kept: Kept) -> str:
    return kept.index.engine if isinstance(kept.index, StoreAddress) else "faiss"

"""Files put into the corpus and taken out by name, and work in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import HARBOUR, LIBRARY, WordEncoder, failing, write_corpus
from support.house import House

from ragqa.corpus import uploads
from ragqa.errors import CorpusError, RagqaError, UploadError
from ragqa.index.index import Index
from ragqa.server import admin
from ragqa.server.jobs import Job, Status
from ragqa.types import Article, Skipped


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "corpus", {"harbour.md": HARBOUR})
    write_corpus(tmp_path / "corpus" / "old", {"library.md": LIBRARY})
    return tmp_path / "corpus"


def all_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def refused(deed: Callable[[], object]) -> tuple[str, int]:
    with pytest.raises(UploadError) as error:
        deed()
    return error.value.word, error.value.status


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("note.md", "note.md"),
        (" 港口 停航.TXT ", "港口 停航.TXT"),
        ("why? a:b.html", "why_ a_b.html"),
        ("e\u0301.md", "é.md"),
        ("md.txt.md", "md.txt.md"),
        ("%2e%2e%2fx.md", "%2e%2e%2fx.md"),
    ],
)
def test_a_name_becomes_a_safe_one(given: str, name: str) -> None:
    assert uploads.safe_name(given) == name


NOT_NAMES = [
    "../x.md", "/etc/x.md", "a/b.md", "a\\b.md", "..\\x.md", "C:\\x.md", "x\n.md", "x\0.md", "\u202ex.md",
    "\ud800.md", ".x.md", "..md", "", "   ", "长" * 70 + ".md",
]  # fmt: skip


@pytest.mark.parametrize("given", NOT_NAMES)
def test_what_is_no_plain_name_is_refused(corpus: Path, given: str) -> None:
    before = all_files(corpus.parent)
    assert refused(lambda: uploads.add(corpus, given, b"x"))[1] in (400, 415)
    assert all_files(corpus.parent) == before


@pytest.mark.parametrize("given", ["a.exe", "a", "a.md.exe", "a.svg"])
def test_other_kinds_are_refused(corpus: Path, given: str) -> None:
    assert refused(lambda: uploads.add(corpus, given, b"x")) == ("shelf.kind", 415)


# --- in --------------------------------------------------------------------------------------


def test_a_file_is_added_whole_and_nothing_is_left_beside_it(corpus: Path) -> None:
    assert uploads.add(corpus, "新.md", "新。".encode()) == "新.md"
    assert (corpus / "新.md").read_text(encoding="utf-8") == "新。"
    assert all_files(corpus) == ["harbour.md", "old/library.md", "新.md"]


def test_the_corpus_is_made_when_there_is_none(tmp_path: Path) -> None:
    uploads.add(tmp_path / "made" / "here", "a.txt", b"a")
    assert all_files(tmp_path) == ["made/here/a.txt"]


@pytest.mark.parametrize("link", [False, True])
def test_a_name_that_is_taken_is_refused_and_what_has_it_stays(corpus: Path, link: bool) -> None:
    outside = corpus.parent / "outside.md"
    outside.write_text("outside")
    if link:
        (corpus / "harbour.md").unlink()
        (corpus / "harbour.md").symlink_to(outside)
    told = ("shelf.link", 403) if link else ("shelf.exists", 409)
    assert refused(lambda: uploads.add(corpus, "harbour.md", b"other")) == told
    assert (corpus / "harbour.md").read_text(encoding="utf-8") == ("outside" if link else HARBOUR)
    assert all_files(corpus) == ["harbour.md", "old/library.md"]


def test_a_namesake_with_the_same_contents_is_no_conflict(corpus: Path) -> None:
    assert uploads.add(corpus, "harbour.md", HARBOUR.encode()) == "harbour.md"


def test_a_namesake_is_replaced_when_that_is_asked_for(corpus: Path) -> None:
    assert uploads.add(corpus, "harbour.md", b"other", replace=True) == "harbour.md"
    assert (corpus / "harbour.md").read_text(encoding="utf-8") == "other"
    assert all_files(corpus) == ["harbour.md", "old/library.md"]


def test_a_dangling_link_is_not_written_through(corpus: Path) -> None:
    (corpus / "new.md").symlink_to(corpus.parent / "elsewhere.md")
    assert refused(lambda: uploads.add(corpus, "new.md", b"x", replace=True)) == ("shelf.link", 403)
    assert not (corpus.parent / "elsewhere.md").exists()


def test_what_is_too_large_is_refused(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 3)
    assert uploads.add(corpus, "three.txt", b"123") == "three.txt"
    assert refused(lambda: uploads.add(corpus, "four.txt", b"1234")) == ("shelf.large", 413)


def test_a_full_disk_leaves_nothing_behind(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = failing(OSError(28, "No space left on device"))
    monkeypatch.setattr("ragqa.corpus.uploads.os.fsync", full)
    with pytest.raises(CorpusError, match=r"new\.md could not be written: No space left on device"):
        uploads.add(corpus, "new.md", b"x")
    assert all_files(corpus) == ["harbour.md", "old/library.md"]


# --- out -------------------------------------------------------------------------------------


def test_a_file_is_removed_in_folders_too(corpus: Path) -> None:
    uploads.remove(corpus, "old/library.md")
    assert all_files(corpus) == ["harbour.md"]


@pytest.mark.parametrize(
    ("name", "word", "status"),
    [
        ("../outside.md", "shelf.name", 400),
        ("old/../harbour.md", "shelf.name", 400),
        ("old//library.md", "shelf.name", 400),
        ("./harbour.md", "shelf.name", 400),
        ("old\\library.md", "shelf.name", 400),
        ("harbour.md\n", "shelf.name", 400),
        (".hidden.md", "shelf.name", 400),
        ("", "shelf.name", 400),
        ("notes.exe", "shelf.kind", 415),
        ("gone.md", "shelf.gone", 404),
        ("old.md", "shelf.gone", 404),
        ("link.md", "shelf.link", 403),
        ("linked/outside.md", "shelf.link", 403),
    ],
)
def test_nothing_else_can_be_removed(corpus: Path, name: str, word: str, status: int) -> None:
    for path in (corpus.parent / "outside.md", corpus / ".hidden.md", corpus / "notes.exe"):
        path.write_text("kept")
    (corpus / "old.md").mkdir()
    (corpus / "link.md").symlink_to(corpus / "harbour.md")
    (corpus / "linked").symlink_to(corpus.parent, target_is_directory=True)
    before = all_files(corpus.parent)
    assert refused(lambda: uploads.remove(corpus, name)) == (word, status)
    assert refused(lambda: uploads.remove(corpus, str(corpus.parent / "outside.md"))) == ("shelf.name", 400)
    assert all_files(corpus.parent) == before


@pytest.mark.parametrize("exists", [True, False])
def test_a_corpus_of_one_file_is_left_alone(tmp_path: Path, exists: bool) -> None:
    single = tmp_path / "all.jsonl"
    if exists:
        single.write_text("{}")
    for deed in (lambda: uploads.add(single, "a.md", b"x"), lambda: uploads.remove(single, "a.md")):
        assert refused(deed) == ("corpus.single", 409)
    assert uploads.corpus_state(single, (), ()) == uploads.CorpusState(single=str(single))


# --- what lies there -------------------------------------------------------------------------


def test_what_lies_there_is_told_apart(corpus: Path) -> None:
    for name in ("many.jsonl", "new.md", "bad.pdf", ".hidden.md", "x.exe", "old/.git/a.md"):
        (corpus / name).parent.mkdir(exist_ok=True)
        (corpus / name).write_text("x")
    (corpus / "link.md").symlink_to(corpus / "harbour.md")
    articles = [Article(id, id, "x") for id in ("harbour.md", "old/library.md", "r1")]
    held = uploads.corpus_state(corpus, articles, [Skipped("bad.pdf", "damaged")])
    assert held.files == {"harbour.md", "old/library.md", "many.jsonl", "new.md", "bad.pdf"}
    assert held.collections == ["many.jsonl"]
    rows = [Article(f"new.md#{n}", "new", "x") for n in (1, 2)]
    assert uploads.corpus_state(corpus, rows, []).collections == ["many.jsonl", "new.md"]
    assert held.waiting == 1


def test_a_rebuild_follows_the_folder_and_an_index_of_another_kind_is_built_anew(house: House) -> None:
    # The house's index was cut at another size than its settings say.
    assert Index.open(house.settings.index).manifest.chunk_size != house.settings.chunk_size
    seen: list[tuple[int, int]] = []
    admin.rebuild_index(house.settings, lambda done, total, rate: seen.append((done, total)))
    assert Index.open(house.settings.index).manifest.chunk_size == house.settings.chunk_size
    assert seen[-1][0] == seen[-1][1] > 0
    uploads.remove(house.settings.corpus, "library.md")
    admin.rebuild_index(house.settings, lambda *told: None)
    assert {a.id for a in Index.open(house.settings.index).articles} == {"harbour.md", "lighthouse.md"}


def test_an_emptied_corpus_leaves_the_index_as_it_is(house: House) -> None:
    for path in house.settings.corpus.iterdir():
        path.unlink()
    assert refused(lambda: admin.rebuild_index(house.settings, lambda *told: None))[0] == "corpus.empty"
    assert len(Index.open(house.settings.index).articles) == 3


def test_the_encoder_of_a_rebuild_is_not_the_one_that_answers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = WordEncoder()
    monkeypatch.setattr("ragqa.models.loading.load_encoder", lambda settings: fresh)
    admin.rebuild_index(house.settings, lambda *told: None)
    assert fresh.passages
    assert fresh is not house.encoder


# --- work in the background ------------------------------------------------------------------


def wait(job: Job) -> Status:
    deadline = time.monotonic() + 5
    while job.busy:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return job.status


def test_a_job_tells_its_progress_and_its_end() -> None:
    gate, told = threading.Event(), threading.Event()

    def work(progress: Callable[[int, int], None]) -> None:
        progress(3, 7)
        told.set()
        gate.wait(5)

    job = Job(work, threading.Lock())
    assert job.status == Status("idle")
    job.start()
    told.wait(5)
    assert (job.busy, job.status) == (True, Status("running", 3, 7))
    gate.set()
    assert wait(job) == Status("done")


def test_twenty_wishes_make_one_round_and_a_wish_meanwhile_one_more() -> None:
    rounds: list[int] = []
    gate = threading.Event()

    def work(progress: Callable[[int, int], None]) -> None:
        rounds.append(1)
        gate.wait(5)

    job = Job(work, threading.Lock(), quiet=0.05)
    for _ in range(20):
        job.start()
    deadline = time.monotonic() + 5
    while not rounds and time.monotonic() < deadline:
        time.sleep(0.005)
    for _ in range(20):
        job.start()
    gate.set()
    assert wait(job) == Status("done")
    assert len(rounds) == 2


def test_jobs_that_share_a_turn_wait_for_each_other() -> None:
    turn, together, most = threading.Lock(), [0], [0]

    def work(progress: Callable[[int, int], None]) -> None:
        together[0] += 1
        most[0] = max(most[0], together[0])
        time.sleep(0.03)
        together[0] -= 1

    jobs = [Job(work, turn) for _ in range(3)]
    for job in jobs:
        job.start()
    assert [wait(job) for job in jobs] == [Status("done")] * 3
    assert most == [1]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UploadError("corpus.empty", 409), Status("failed", word="corpus.empty")),
        (RagqaError("no room; make some"), Status("failed", said="no room; make some")),
        (ZeroDivisionError("a secret path"), Status("failed", word="panel.error")),
    ],
)
def test_what_goes_wrong_is_told_in_words(error: Exception, status: Status) -> None:
    job = Job(failing(error), threading.Lock())
    job.start()
    assert wait(job) == status
    job.start()
    assert wait(job) == status

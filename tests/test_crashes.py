"""A build that is cut off anywhere leaves the old index or the new one, and what it had encoded."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from support.fakes import CORPUS, HARBOUR, write_corpus
from support.faults import Told, build, counted, fail_with, files
from support.nursery import Nursery
from support.tally import Tally

from ragqa.corpus.articles import read_articles
from ragqa.errors import RagqaError
from ragqa.index.build import digest
from ragqa.index.calibration import FILE, parallel
from ragqa.index.checkpoint import FOLDER, Encoded
from ragqa.index.index import Index

NEW = {"harbour.md": HARBOUR.replace("正在罢工", "不再罢工"), "new.txt": "新的文章。\n这里有一句话。"}
MEASURED = frozenset(passage for row in parallel()[:2] for passage in row[2:])
PLACES = ["anew", "update"]
WRITERS = 20


class Scene:
    """A corpus that moved on, with an index of what it was or none, and what a build must come to."""

    def __init__(self, folder: Path, *, old: bool) -> None:
        self.corpus = write_corpus(folder / "corpus")
        self._start, self._folder, self._copies = folder / "start", folder, 0
        self._start.mkdir()
        if old:
            build(self.corpus, self._start, Told())
        write_corpus(self.corpus, NEW)
        (self.corpus / "library.md").unlink()
        self.digest = digest(read_articles(self.corpus)[0])
        self.old = files(self._start)
        undisturbed = self.index()
        with counted(undisturbed, -1, lambda: None) as counter:
            encoder = Told()
            build(self.corpus, undisturbed, encoder)
        self.new, self.calls, self.encoded = files(undisturbed), len(counter.calls), self.given(encoder)

    def index(self) -> Path:
        """A fresh copy of the index as it was."""
        self._copies += 1
        return shutil.copytree(self._start, self._folder / f"index-{self._copies}")

    @staticmethod
    def given(encoder: Told) -> list[str]:
        """What an encoder was given of the corpus."""
        return [text for text in encoder.passages if text not in MEASURED]

    def require_whole(self, index: Path) -> bool:
        """Whether the new version answers; else it must be the old one, to the byte."""
        found = files(index)
        assert found in (self.old, self.new)
        return found == self.new

    def require_recovery(self, index: Path) -> int:
        """The next build comes to the same bytes and leaves no litter; how many texts it encoded."""
        encoder = Told()
        build(self.corpus, index, encoder)
        assert files(index) == self.new
        assert Index.open(index).manifest.corpus == self.digest
        others = sorted(path.name for path in index.iterdir() if not path.name.startswith("v-"))
        assert others == [".lock", "current"]
        assert 1 <= len(list(index.glob("v-*"))) <= 2
        return len(self.given(encoder))


@pytest.fixture(autouse=True)
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sync costs milliseconds, and only a lost current would tell that it was not made."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="module", params=PLACES)
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return Scene(tmp_path_factory.mktemp(request.param), old=request.param == "update")


def kept(index: Path) -> int:
    return len(Encoded(index, Told()).records)  # type: ignore[arg-type]


def test_every_call_that_fails_leaves_the_old_index_or_the_new(scene: Scene, tally: Tally) -> None:
    number = errno.EIO if scene.old else errno.ENOSPC
    told, whole = [], 0
    for at in range(1, scene.calls + 1):
        index = scene.index()
        with counted(index, at, fail_with(number)) as counter:
            try:
                build(scene.corpus, index, Told())
            except RagqaError as error:
                told.append(str(error).replace(str(index), "INDEX"))
        assert len(counter.calls) >= at
        whole += scene.require_whole(index) or files(index) == scene.old
        scene.require_recovery(index)
        shutil.rmtree(index)
    what = "an update fails with EIO" if scene.old else "a first build fails with ENOSPC"
    tally("A2", f"{what} at a write (halfway), open, fsync, rename, mkdir or unlink: old or new, whole; the next build mends all", whole, scene.calls)  # fmt: skip
    assert whole == scene.calls
    # What is not told is litter that could not be deleted; the next build deletes it.
    assert len(told) >= scene.calls - 12
    assert all(f"could not be written to INDEX: [Errno {number}]" in message for message in told)


@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.reliability)])
def test_a_kill_at_every_call_leaves_a_whole_index_and_what_was_encoded(
    scene: Scene, step: int, nursery: Nursery, tally: Tally
) -> None:
    good = saved = 0
    points = range(1, scene.calls + 1, step)
    for at in points:
        index = scene.index()
        died = nursery.run(what="build", corpus=str(scene.corpus), index=str(index), at=at)
        assert died["signal"] == signal.SIGKILL
        switched = scene.require_whole(index)
        survived = kept(index)
        again = scene.require_recovery(index)
        good += again == (0 if switched else len(scene.encoded) - survived)
        saved += bool(survived)
        shutil.rmtree(index)
    what = "an update is killed" if scene.old else "a first build is killed"
    tally("A1", f"{what} at {'any' if step == 1 else 'every third'} call that changes the disk (SIGKILL): old or new, whole; the next build encodes only the rest", good, len(points))  # fmt: skip
    assert good == len(points)
    # The publication alone is more than half of all calls, and comes after the last batch.
    assert saved > len(points) / 2


def test_a_build_that_lives_on_makes_the_calls_that_were_swept(scene: Scene, nursery: Nursery) -> None:
    done = nursery.run(what="build", corpus=str(scene.corpus), index=str(scene.index()), at=-1)
    assert (done["signal"], done["code"], done["calls"]) == (0, 0, scene.calls)


# --- what was encoded -------------------------------------------------------------------------


class Stopped(BaseException):
    """Ends a build as a kill would: nothing of ours catches it."""


def stop_after(batches: int) -> Callable[[int], None]:
    """Stop when the batch after so many comes back: that one is lost, the others are not."""
    sizes: list[int] = []

    def tell(size: int) -> None:
        sizes.extend([size] * (size == 1))
        if len(sizes) > batches:
            raise Stopped

    return tell


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus", CORPUS)


@pytest.mark.parametrize("batches", range(6))
def test_only_what_was_not_finished_is_encoded_again(
    corpus: Path, tmp_path: Path, batches: int, tally: Tally
) -> None:
    index = tmp_path / "index"
    with pytest.raises(Stopped):
        build(corpus, index, Told(stop_after(batches)))
    assert kept(index) == batches
    encoder = Told()
    build(corpus, index, encoder)
    build(corpus, tmp_path / "undisturbed", Told())
    rest = len(Scene.given(encoder)) == 6 - batches
    tally("A4", "a build stops after 0 to 5 of 6 batches: the next one encodes just the others", rest, 1)
    assert rest
    assert files(index) == files(tmp_path / "undisturbed")
    assert not (index / FOLDER).exists()


def interrupted(corpus: Path, index: Path) -> list[Path]:
    """The shard files of a build that had encoded four chunks."""
    with suppress(Stopped):
        build(corpus, index, Told(stop_after(4)))
    return sorted(path for path in (index / FOLDER).glob("*/*") if path.name != FILE)


def test_a_torn_shard_is_not_used_and_the_others_are(corpus: Path, tmp_path: Path, tally: Tally) -> None:
    index = tmp_path / "index"
    torn, *others = interrupted(corpus, index)
    whole, good = torn.read_bytes(), 0
    for cut in range(len(whole)):
        torn.write_bytes(whole[:cut])
        good += kept(index) == len(others) == 3
    tally("A6", "a shard's file of a build that was killed is cut, at every length: the other shards are used, this one is not", good, len(whole))  # fmt: skip
    assert good == len(whole)
    assert build(corpus, index, encoder := Told()).chunks == 6
    assert len(Scene.given(encoder)) == 3


def test_a_flipped_bit_costs_its_shard(corpus: Path, tmp_path: Path, tally: Tally) -> None:
    index = tmp_path / "index"
    damaged, *others = interrupted(corpus, index)
    whole = damaged.read_bytes()
    flips, good = range(len(whole)), 0
    for at in flips:
        bits = bytearray(whole)
        bits[at] ^= 1 << at % 8
        damaged.write_bytes(bits)
        good += kept(index) == len(others) == 3
    tally("A5", "a bit of each byte of a shard's file is flipped: the other shards are used, this one is not", good, len(flips))  # fmt: skip
    assert good == len(flips)
    build(corpus, index, Told())
    build(corpus, tmp_path / "undisturbed", Told())
    assert files(index) == files(tmp_path / "undisturbed")


def test_a_shard_under_the_name_of_another_is_not_used(corpus: Path, tmp_path: Path) -> None:
    one, other, *_ = interrupted(corpus, tmp_path / "index")
    one.write_bytes(other.read_bytes())
    assert kept(tmp_path / "index") == 3


@pytest.mark.parametrize("facts", [{"id": "other"}, {"fingerprint": "other weights"}])
def test_another_encoder_uses_nothing_of_it(corpus: Path, tmp_path: Path, facts: dict[str, str]) -> None:
    interrupted(corpus, tmp_path / "index")
    encoder = Told()
    vars(encoder).update(facts)
    build(corpus, tmp_path / "index", encoder)
    assert len(Scene.given(encoder)) == 6


def test_a_damaged_calibration_uses_nothing_of_it(corpus: Path, tmp_path: Path) -> None:
    shard, *_ = interrupted(corpus, tmp_path / "index")
    os.truncate(shard.with_name(FILE), 100)
    build(corpus, tmp_path / "index", encoder := Told())
    assert len(Scene.given(encoder)) == 6


def test_progress_counts_what_is_left(corpus: Path, tmp_path: Path) -> None:
    interrupted(corpus, tmp_path / "index")
    told: list[tuple[int, int]] = []
    build(corpus, tmp_path / "index", Told(), progress=lambda done, total, rate: told.append((done, total)))
    assert list(dict.fromkeys(told)) == [(1, 2), (2, 2)]


# --- a full disk, and who holds the lock ------------------------------------------------------

WRITTEN = [
    "articles.jsonl", "chunks.jsonl", "vectors.faiss", "calibration.npz", "lexical.terms.npy",
    "lexical.offsets.npy", "lexical.rows.npy", "lexical.weights.npy", "tokens.bits.npy", "tokens.starts.npy",
    "tokens.offsets.npy", "names.txt",
]  # fmt: skip


@pytest.fixture
def fills(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """The kernel's own full device takes the place of a file of the next version."""

    def fill(name: str) -> None:
        made = Path.mkdir

        def mkdir(self: Path, *rest: int, **named: bool) -> None:
            made(self, *rest, **named)
            if self.name.startswith(".tmp-"):
                (self / name).symlink_to("/dev/full")

        monkeypatch.setattr(Path, "mkdir", mkdir)

    return fill


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("name", WRITTEN)
def test_a_disk_that_is_full_at_any_file_leaves_the_old_index(
    corpus: Path,
    tmp_path: Path,
    name: str,
    fills: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    tally: Tally,
) -> None:
    index = tmp_path / "index"
    build(corpus, index, Told())
    before = files(index)
    assert set(before) == set(WRITTEN)
    (corpus / "library.md").unlink()
    fills(name)
    with pytest.raises(RagqaError, match="could not be written"):
        build(corpus, index, Told())
    unharmed = files(index) == before
    tally("A3", "the kernel's full device (/dev/full) in the place of a file of the next version: told, the old one unharmed", unharmed, 1)  # fmt: skip
    assert unharmed
    monkeypatch.undo()
    assert build(corpus, index, Told()).articles == 2


def test_too_little_room_is_told_before_anything_is_encoded(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tally: Tally
) -> None:
    index = tmp_path / "index"
    build(corpus, index, Told())
    write_corpus(corpus, {"long.txt": "港口停航了很久。" * 100_000})
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=3 * 2**20))
    encoder = Told()
    with pytest.raises(RagqaError, match=r"about \d+ MB needed, 3 MB free; the old one is unharmed"):
        build(corpus, index, encoder)
    unharmed = encoder.passages == [] and Index.open(index).manifest.articles == 3
    tally("A3", "too little room for what is to be built: told, with the megabytes needed and free, before anything is encoded", unharmed, 1)  # fmt: skip
    assert unharmed


def test_the_lock_of_a_killed_writer_is_free(
    corpus: Path, tmp_path: Path, nursery: Nursery, tally: Tally
) -> None:
    index, good = tmp_path / "index", 0
    for _ in range(WRITERS):
        died = nursery.run(what="hold", corpus=str(corpus), index=str(index), at=-1)
        assert died["signal"] == signal.SIGKILL
        assert (index / ".lock").exists()
        good += build(corpus, index, Told(), full=True).articles == 3
    tally("B3", "a builder is killed while it holds the lock: the next one goes on", good, WRITERS)
    assert good == WRITERS


def test_a_second_writer_is_turned_away_wherever_the_first_one_is(
    scene: Scene, nursery: Nursery, tally: Tally
) -> None:
    good = 0
    # Call 1 of a first build makes the folder that the lock lies in.
    points = [2 + number * (scene.calls - 2) // WRITERS for number in range(WRITERS)]
    for at in points:
        index = scene.index()
        second: list[dict[str, int]] = []

        def start(index: Path = index, second: list[dict[str, int]] = second) -> None:
            second.append(nursery.run(what="build", corpus=str(scene.corpus), index=str(index), at=-1))

        with counted(index, at, start):
            build(scene.corpus, index, Told())
        good += [one["code"] for one in second] == [1] and files(index) == scene.new
        shutil.rmtree(index)
    what = "an update" if scene.old else "a first build"
    tally("B2", f"a second builder is started during {what}: it ends with code 1 (IndexBusyError) while the first one stands still, which is unharmed", good, WRITERS)  # fmt: skip
    assert good == WRITERS

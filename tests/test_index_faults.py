"""A disk that is really full, files of another version, headers that lie, other formats, other clocks."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fakes import CORPUS, TokenEncoder, write_corpus
from support.faults import build, files
from support.mounts import full_at, grow
from support.nursery import Nursery
from support.tally import Tally

from ragqa.errors import IndexMismatchError, RagqaError
from ragqa.index import bm25, late_interaction, snapshots
from ragqa.index.calibration import FILE as CALIBRATION
from ragqa.index.index import Index
from ragqa.index.store import current, read_manifest, verify

Edit = Callable[[dict[str, Any]], object]
REBUILD = "run: ragqa index --full"
GIANT = 2**36


@pytest.fixture
def index(whole: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return shutil.copytree(whole / "index", tmp_path / "index")


def home(index: Path) -> Path:
    return index / str(current(index))


def edited(index: Path, edit: Edit, *, sealed: bool) -> None:
    """Change the manifest; ``sealed`` puts right the hash that it has of itself."""
    path = home(index) / "manifest.json"
    raw = json.loads(path.read_text("utf-8"))
    edit(raw)
    if sealed:
        raw.pop("seal", None)
        raw["seal"] = hashlib.sha256(json.dumps(raw, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(raw, ensure_ascii=False), "utf-8")


def refusal(index: Path) -> str:
    """What opening says of an index that it refuses, if it says what to run; empty when it opens."""
    try:
        Index.open(index)
    except IndexMismatchError as error:
        return str(error) if REBUILD in str(error) else ""
    return ""


# --- a full disk ------------------------------------------------------------------------------


def used(folder: Path) -> int:
    """Bytes of the pages that the files below a folder take."""
    return sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.rglob("*") if path.is_file())


def needed(corpus: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> dict[bool, int]:
    """Room that a build takes at its height, and (True) that it asks for before it begins."""
    before, asked = used(index), []
    with monkeypatch.context() as patch:
        patch.setattr("ragqa.index.durable.require_room", lambda folder, room: asked.append(room))
        patch.setattr("ragqa.index.build.discard", lambda folder: None)
        build(corpus, index, TokenEncoder())
    return {False: used(index) - before, True: asked[0]}


def attempt(corpus: Path, index: Path) -> str:
    """What a build says that fails; empty when it does not."""
    try:
        build(corpus, index, TokenEncoder())
    except RagqaError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("checked", [True, False], ids=["room is checked", "room is not checked"])
@pytest.mark.parametrize("old", [True, False], ids=["update", "anew"])
def test_a_disk_that_is_too_small_holds_the_old_index_or_the_new(
    tmp_path: Path, old: bool, checked: bool, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, start, disk = write_corpus(tmp_path / "corpus"), tmp_path / "start", tmp_path / "disk"
    start.mkdir()
    disk.mkdir()
    if old:
        build(corpus, start, TokenEncoder())
    long = {f"long{n}.txt": "".join(f"港口第{n}年第{m}天停航了。\n" for m in range(60)) for n in range(3)}
    write_corpus(corpus, long)
    undisturbed = shutil.copytree(start, tmp_path / "undisturbed")
    room = needed(corpus, undisturbed, monkeypatch)[checked]
    reason = "too little room" if checked else "could not be written"
    if not checked:
        monkeypatch.setattr("ragqa.index.durable.require_room", lambda folder, room: None)
    good, told = 0, 0
    for tenth in range(1, 11):
        with full_at(disk, used(start) + room * tenth // 10):
            index = shutil.copytree(start, disk / "index")
            message = attempt(corpus, index)
            told += reason in message
            whole = files(index) == (files(start) if message else files(undisturbed))
            left = {path.name for path in index.iterdir() if not path.name.startswith("v-")}
            grow(disk, 2**26)
            build(corpus, index, TokenEncoder())
            mended = files(index) == files(undisturbed)
            good += whole and mended and left <= {"current", ".lock", ".encoded"}
    kind = "an update" if old else "a first build"
    how = "asks for" if checked else "takes, and does not ask for beforehand"
    tally("A3", f"{kind} on a disk (tmpfs) of 0.1 to 1.0 of the room that it {how}: told, the old index unharmed and no litter, or a whole new one", good, 10)  # fmt: skip
    assert good == 10
    # A page more than the files themselves is taken for a moment.
    assert told in (9, 10)


# --- files of another version, and edited manifests -------------------------------------------


@pytest.mark.parametrize("word", ["garden", "old garden of 1998"])
def test_a_file_of_another_version_is_told(index: Path, tmp_path: Path, word: str, tally: Tally) -> None:
    other = write_corpus(tmp_path / "corpus")
    write_corpus(other, {"library.md": CORPUS["library.md"].replace("cellar", word)})
    build(other, tmp_path / "other", TokenEncoder())
    ways = {
        True: "a file is swapped with that of another version: opening names it",
        False: "the same where sizes are equal, so that only hashes tell: `ragqa doctor` names it",
    }
    for path in sorted(home(tmp_path / "other").iterdir()):
        ours = home(index) / path.name
        data = ours.read_bytes()
        if data != path.read_bytes():
            shutil.copyfile(path, ours)
            at_opening = refusal(index)
            found = at_opening or "; ".join(verify(index))
            # With the other's manifest it is the files that are wrong.
            told = path.name in found or (path.name == "manifest.json" and f"{home(index)}/" in found)
            tally("A7", ways[bool(at_opening)], told, 1)
            assert told, path.name
            ours.write_bytes(data)


EDITS: list[Edit] = [
    lambda raw: raw.update(version="v-other"),
    lambda raw: raw.update(created="1999-01-01T00:00:00+00:00"),
    lambda raw: raw.update(encoder="other"),
    lambda raw: raw.update(encoder_fingerprint="other"),
    lambda raw: raw.update(dimension=raw["dimension"] + 1),
    lambda raw: raw.update(chunk_size=300),
    lambda raw: raw.update(corpus="0" * 64),
    lambda raw: raw.update(articles=4),
    lambda raw: raw.update(chunks=raw["chunks"] - 1),
    lambda raw: raw.update(skipped=[{"file": "x", "reason": "y"}]),
    lambda raw: raw.update(after="v-other"),
    lambda raw: raw["files"]["vectors.faiss"].update(sha256="0" * 64),
    lambda raw: raw["files"].pop("tokens.bits.npy"),
    lambda raw: raw.update(seal="0" * 64),
]


def test_an_edited_manifest_is_told_at_opening(whole: Path, tmp_path: Path, tally: Tally) -> None:
    told = 0
    for number, edit in enumerate(EDITS):
        index = shutil.copytree(whole / "index", tmp_path / str(number))
        edited(index, edit, sealed=False)
        told += "manifest" in refusal(index)
    tally("A7", "a field of the manifest is edited by hand: told at opening", told, len(EDITS))
    assert told == len(EDITS)


# --- headers that lie, with hashes that are right ---------------------------------------------

Hostile = tuple[str, bytes]
# Where the header of an IndexFlatIP has its dimension, its number of vectors, and how many floats follow.
FIELDS = {"d": (4, "<i"), "ntotal": (8, "<q"), "size": (37, "<Q")}
KINDS = "IxF2 IxFl IwFl IwPQ IwSq IHNf IHNs IHNp IxPQ IxSQ IxPT IxMp IxM2 IBxF".split()


def put(data: bytes, **fields: int) -> bytes:
    header = bytearray(data)
    for field, value in fields.items():
        at, kind = FIELDS[field]
        struct.pack_into(kind, header, at, value)
    return bytes(header)


def lying_vectors(home: Path) -> list[Hostile]:
    name = "vectors.faiss"
    data = (home / name).read_bytes()
    single = {
        "ntotal": [GIANT, 2**40, 2**62, 2**63 - 1, -1, -GIANT],
        "d": [2**31 - 1, 2**30, 2**24, 0, -1],
        # 2^61 more floats than there are is 2^63 bytes: a product of 64 bits comes out right.
        "size": [GIANT, 2**40, 2**62, 2**63, 2**64 - 1, 2**61 + (len(data) - 45) // 4],
    }
    lies = [put(data, **{field: value}) for field, values in single.items() for value in values]
    for d, ntotal in product((2**16, 2**24, 2**30), (2**20, GIANT, 2**62)):
        lies.append(put(data, d=d, ntotal=ntotal, size=d * ntotal % 2**64))
    lies += [kind.encode() + put(data, ntotal=GIANT)[4:] for kind in KINDS]
    return [(name, lie) for lie in lies]


def array_of(kind: str, shape: tuple[int, ...], body: bytes = b"") -> bytes:
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


def lying_arrays(home: Path) -> list[Hostile]:
    lies = []
    for name in (*bm25.FILES, *late_interaction.FILES):
        array = np.load(home / name)
        kind, body = array.dtype.str, array.tobytes()
        for shape in ((GIANT,), (2**62,), (2**64,), (-GIANT,), (2**32, 2**32)):
            lies.append((name, array_of(kind, shape, body)))
        lies += [(name, array_of(other, array.shape, body)) for other in ("|V1000000000", "|O", "|S1")]
    return lies


def lying_calibrations(home: Path) -> list[Hostile]:
    with zipfile.ZipFile(home / CALIBRATION) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}

    def packed(how: int, **other: bytes) -> bytes:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", how) as archive:
            for name, data in parts.items():
                archive.writestr(name, other.get(name.removesuffix(".npy"), data))
        return made.getvalue()

    shapes = [(GIANT,), (2**62,), (2**40, 2**40)]
    lies = [
        packed(zipfile.ZIP_STORED, **{name.removesuffix(".npy"): array_of("<f4", shape, bytes(64))})
        for name in parts
        for shape in shapes
    ]
    bomb = array_of("<f4", (2, 2**25), bytes(2**28))
    return [(CALIBRATION, lie) for lie in [*lies, packed(zipfile.ZIP_DEFLATED, passages=bomb)]]


@pytest.mark.parametrize(
    ("lying", "what"),
    [
        (lying_vectors, "vectors.faiss says 2^36 vectors and the like, or is of another kind"),
        (lying_arrays, "an array (.npy) says 2^36 rows and the like, or is of another kind"),
        (lying_calibrations, "the calibration (.npz) says 2^36 numbers and the like, or unpacks to 256 MB"),
    ],
)
def test_a_header_that_lies_is_refused_and_takes_no_memory(
    index: Path, lying: Callable[[Path], list[Hostile]], what: str, nursery: Nursery, tally: Tally
) -> None:
    normal = nursery.run(what="open", index=str(index))
    assert (normal["signal"], normal["code"]) == (0, 0)
    lies, refused = lying(home(index)), 0
    for name, data in lies:
        path = home(index) / name
        whole = path.read_bytes()
        path.write_bytes(data)
        facts = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        edited(index, lambda raw, name=name, facts=facts: raw["files"].update({name: facts}), sealed=True)  # type: ignore[misc]
        assert verify(index) == []
        ended = nursery.run(what="open", index=str(index))
        refused += (ended["signal"], ended["code"]) == (0, 3) and ended["peak"] < normal["peak"] + 32
        path.write_bytes(whole)
        facts = {"bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest()}
        edited(index, lambda raw, name=name, facts=facts: raw["files"].update({name: facts}), sealed=True)  # type: ignore[misc]
    tally("A8", f"{what}, with hashes that are right: refused within 4 GB of addresses and 5 s, less than 32 MB above a normal opening", refused, len(lies))  # fmt: skip
    assert refused == len(lies)


OUTSIDE = ["../taken", "/taken", "a/../../taken", "./../taken"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_snapshot_writes_nothing_outside_its_folder(
    index: Path, tmp_path: Path, name: str, tally: Tally
) -> None:
    taken = home(index) / name if name[0] != "/" else tmp_path / "taken"
    (home(index) / "a").mkdir()
    taken.write_text("x")
    facts = {"bytes": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    told = str(taken) if name[0] == "/" else name
    edited(index, lambda raw: raw["files"].update({told: facts}), sealed=True)
    with pytest.raises(IndexMismatchError, match="is no file of a version"):
        snapshots.restore(index, tmp_path / "restored")
    outside = not (tmp_path / "restored").exists()
    tally("A8", "a snapshot whose manifest, with a right hash, names a file outside its folder: `--restore` refuses it and writes nothing", outside, 1)  # fmt: skip
    assert outside


# --- other formats ----------------------------------------------------------------------------

FORMATS: dict[str, list[Edit]] = {
    "an older or no format (1, 0, -1, null, a text, a list, none at all)": [
        *(lambda raw, other=other: raw.update(format=other) for other in (1, 0, -1, None, "2", [2])),  # type: ignore[misc]
        lambda raw: raw.pop("format"),
    ],
    "a format of the future (3, 99, 2.5)": [
        lambda raw, other=other: raw.update(format=other)  # type: ignore[misc]
        for other in (3, 99, 2.5)
    ],
}


@pytest.mark.parametrize("what", FORMATS)
def test_another_format_is_refused_and_built_anew(
    whole: Path, tmp_path: Path, what: str, tally: Tally
) -> None:
    good = 0
    for number, edit in enumerate(FORMATS[what]):
        index = shutil.copytree(whole / "index", tmp_path / str(number))
        edited(index, edit, sealed=True)
        refused = "format" in refusal(index)
        build(whole / "corpus", index, TokenEncoder())
        good += refused and files(index) == files(whole / "index")
    tally("A10", f"{what}: refused, with what to run; the next `ragqa index` builds anew", good, len(FORMATS[what]))  # fmt: skip
    assert good == len(FORMATS[what])


# --- other clocks -----------------------------------------------------------------------------

YEARS = {"stands in 1970": (1970, 0), "stands in 2040": (2040, 0), "stands in 9999": (9999, 0)}
CLOCKS = {**YEARS, "goes back a day at every look": (2026, -1), "goes on a year at every look": (2026, 365)}


class Clock:
    """A clock that stands in a year and moves by so many days whenever someone looks."""

    def __init__(self, year: int, step: int) -> None:
        self._now, self._step = datetime(year, 7, 1, tzinfo=UTC), timedelta(days=step)

    def now(self, zone: object = None) -> datetime:
        self._now += self._step
        return self._now

    def time(self) -> float:
        return self.now().timestamp()


@pytest.mark.parametrize("how", CLOCKS)
def test_no_clock_decides_what_an_index_holds_or_which_is_current(
    whole: Path, tmp_path: Path, how: str, tally: Tally, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, index, undisturbed = write_corpus(tmp_path / "corpus"), tmp_path / "index", tmp_path / "right"
    build(corpus, index, TokenEncoder())
    write_corpus(corpus, {"b.txt": "港口又停航了。"})
    build(corpus, undisturbed, TokenEncoder())
    clock = Clock(*CLOCKS[how])
    with monkeypatch.context() as patch:
        for module in ("build", "store"):
            patch.setattr(f"ragqa.index.{module}.datetime", clock)
        patch.setattr("time.time", clock.time)
        second = build(corpus, index, TokenEncoder()).version
        good = current(index) == second and files(index) == files(undisturbed)
        write_corpus(corpus, {"c.txt": "灯塔的灯坏了。"})
        third = build(corpus, index, TokenEncoder()).version
        good &= current(index) == third and snapshots.roll_back(index) == (third, second)
    good &= files(index) == files(undisturbed) and read_manifest(index)[1].version == second
    tally("A11", "the clock stands in 1970, 2040 or 9999, goes back or leaps during builds: same bytes, the right version current, `--rollback` goes to the one before", good, 1)  # fmt: skip
    assert good

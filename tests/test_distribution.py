"""The wheel: the package and nothing else, and installed by pipx or uv it answers far from any checkout."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.distribution import ANSWER, LAMP, QUESTION, build_wheel, clean, constraints, files_of_git, tool
from support.real import ROOT, needs_models
from support.tally import Tally

from ragqa import __version__

MOST_BYTES = 25_000_000
SLOW = [*needs_models, pytest.mark.reliability]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def members(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return message_from_bytes(archive.read(f"ragqa-{__version__}.dist-info/METADATA"))


def test_the_wheel_holds_every_file_of_the_package_and_no_other(members: set[str]) -> None:
    package = {name.removeprefix("src/") for name in files_of_git("src")}
    assert {
        "ragqa/models/reader.safetensors",
        "ragqa/server/assets/page.js",
        "ragqa/index/parallel.tsv",
    } < package
    assert {name for name in members if ".dist-info/" not in name} == package


def test_the_wheel_holds_no_article_no_question_and_no_test(members: set[str]) -> None:
    assert {name.split("/")[0] for name in members} == {"ragqa", f"ragqa-{__version__}.dist-info"}
    assert [name for name in members if name.endswith((".md", ".jsonl", ".gguf"))] == []


def test_the_wheel_is_small_enough_to_send(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES


def test_the_wheel_says_both_licences_and_brings_the_text_of_its_own(
    members: set[str], metadata: Message
) -> None:
    assert metadata["License-Expression"] == "Apache-2.0 AND CC-BY-SA-4.0"
    assert f"ragqa-{__version__}.dist-info/licenses/LICENSE" in members


def test_the_wheel_brings_the_command(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        points = archive.read(f"ragqa-{__version__}.dist-info/entry_points.txt").decode()
    assert "ragqa = ragqa.__main__:run" in points


def test_pip_comes_with_the_wheel_since_pulling_runs_it(metadata: Message) -> None:
    assert "pip" in {Requirement(each).name for each in metadata.get_all("Requires-Dist", [])}


def test_what_is_pinned_for_a_checkout_is_allowed_to_the_wheel(metadata: Message) -> None:
    asked = {
        canonicalize_name(found.name): found
        for found in map(Requirement, metadata.get_all("Requires-Dist", []))
        if not found.marker
    }
    pinned = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert len(pinned) > 10
    assert [
        each for each in pinned if not asked[canonicalize_name(each[0])].specifier.contains(each[1])
    ] == []


def test_extras_of_users_are_in_the_requirements_of_a_checkout() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (extras,) = re.findall(r"^-e \.\[(.*)\]$", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


def by_uv(wheel: Path, folder: Path) -> Path:
    """Install as ``uv tool install`` does; the command."""
    environment = clean(UV_TOOL_DIR=str(folder / "tools"), UV_TOOL_BIN_DIR=str(folder / "bin"))
    # uv reads no settings of pip: where these name a folder of wheels, it is told.
    links = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.find-links"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    options = [option for link in links for option in ("--find-links", link)]
    run(
        [tool("uv"), "tool", "install", "--python", sys.executable, "--constraints", str(constraints(folder)), *options,
         str(wheel)],
        environment,
    )  # fmt: skip
    return folder / "bin" / "ragqa"


def by_pipx(wheel: Path, folder: Path) -> Path:
    """Install as ``pipx install`` does; the command."""
    environment = clean(PIPX_HOME=str(folder / "home"), PIPX_BIN_DIR=str(folder / "bin"))
    pins = f"--constraint={constraints(folder)}"
    run([tool("pipx"), "install", "--python", sys.executable, f"--pip-args={pins}", str(wheel)], environment)
    return folder / "bin" / "ragqa"


def run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


class TestInstalled:
    """With the real models, in an environment of its own (2 GB, some minutes)."""

    pytestmark = SLOW

    @pytest.mark.parametrize("install", [by_uv, by_pipx])
    def test_an_installed_wheel_answers_where_no_checkout_is(
        self, install: Callable[[Path, Path], Path], wheel: Path, tmp_path: Path, tally: Tally
    ) -> None:
        command = install(wheel, tmp_path)
        (place := tmp_path / "elsewhere" / "articles").mkdir(parents=True)
        (place / "lamp.md").write_text(LAMP, encoding="utf-8")

        def ragqa(*words: str) -> tuple[int, str]:
            done = subprocess.run(
                [str(command), *words],
                cwd=place.parent,
                env=clean(),
                capture_output=True,
                text=True,
                check=False,
            )
            return done.returncode, done.stdout + done.stderr

        told = {
            "help": ragqa("--help"),
            "models": ragqa("models"),
            "doctor before": ragqa("doctor"),
            "index without a corpus": ragqa("index"),
            "index": ragqa("index", "--corpus", "articles"),
            "ask": ragqa("ask", QUESTION, "--no-llm"),
            "doctor": ragqa("doctor", "--corpus", "articles"),
            "pip": ragqa_pip(command),
        }
        expected = {"doctor before": (3, "run: ragqa index"), "index without a corpus": (1, "--corpus"),
                    "ask": (0, ANSWER), "models": (0, "verified"), "index": (0, "1 articles")}  # fmt: skip
        right = [
            code == expected.get(name, (0, ""))[0] and expected.get(name, (0, ""))[1] in text
            for name, (code, text) in told.items()
        ]
        assert all(right), told
        what = "commands of the wheel installed by uv and by pipx, outside any checkout: as they should be"
        tally("I1", what, sum(right), len(right))


def ragqa_pip(command: Path) -> tuple[int, str]:
    """Whether the pip that pulls models runs in the environment of a command."""
    python = command.resolve().with_name("python")
    done = subprocess.run(
        [str(python), "-m", "pip", "--version"], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr

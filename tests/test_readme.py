"""Every command of the README works as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.real import ROOT, needs_models, project_copy, ragqa

README = (ROOT / "README.md").read_text("utf-8")
LINES = [
    line for block in re.findall(r"```sh\n(.*?)```", README, re.S) for line in block.splitlines() if line
]
COMMANDS = [line for line in LINES if line.startswith("ragqa ")]
WITH_MODELS = [*needs_models, pytest.mark.alone]
TARGETS = [line.split()[1] for line in LINES if line.startswith("make ")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project_copy(tmp_path_factory.mktemp("readme"))
    assert ragqa("index", "-q", cwd=folder).returncode == 0
    return folder


def test_the_readme_shows_the_two_commands_and_the_three_uses() -> None:
    assert TARGETS == ["run", "test"]
    verbs = "index ask search show add models doctor evaluate feedback gold".split()
    assert {line.split()[1] for line in COMMANDS} == set(verbs)


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_the_targets_of_the_readme(target: str) -> None:
    assert subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_nothing_else_is_asked_of_a_reader() -> None:
    others = [line for line in LINES if not line.startswith(("ragqa ", "make "))]
    assert others == [". .venv/bin/activate"]


class TestCommands:
    """With the real models."""

    pytestmark = WITH_MODELS

    @pytest.mark.parametrize("command", COMMANDS)
    def test_a_command_of_the_readme_succeeds(self, project: Path, command: str) -> None:
        words = shlex.split(command)[1:]
        target = project / words[words.index(">") + 1] if ">" in words else None
        run = ragqa(*words[: words.index(">")] if target else words, cwd=project)
        assert run.returncode == 0, run.stderr
        assert (run.stdout + run.stderr).strip()
        if target:
            target.write_text(run.stdout, encoding="utf-8")

    def test_the_program_of_the_readme_prints_an_answer_with_citations(self, project: Path) -> None:
        (program,) = re.findall(r"```python\n(.*?)```", README, re.S)
        run = subprocess.run(
            [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        first, *citations = run.stdout.splitlines()
        assert first.split()[0] in ("answered", "possible")
        assert any(line.startswith("brundage") for line in citations)


def test_links_and_pictures_of_the_readme_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target

"""The wheel of this checkout, and what a tool's installed command line says far from it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.real import ROOT

LAMP = """---
title: The lighthouse of Aldmoor gets a new lamp
date: 2024-05-02
---
The lighthouse of Aldmoor has a new lamp since Tuesday. Keeper Ruth Ellery paid 4,300 pounds for it, out of a fund that
fishermen had collected for two years. The old lamp from 1911 goes to the town museum.
"""
QUESTION, ANSWER = "How much did the new lamp cost?", "4,300 pounds"


def files_of_git(*below: str) -> list[str]:
    """Files of the checkout that git keeps, or would if they were added."""
    command = ["git", "ls-files", "-co", "--exclude-standard", *below]
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("needs git, and a checkout made by it")
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy, without a network."""
    if not importlib.util.find_spec("setuptools"):
        pytest.skip("needs setuptools: pip install --editable '.[dev]'")
    for name in files_of_git("src", "pyproject.toml", "README.md", "LICENSE"):
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / "source" / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    done = subprocess.run(
        [*command, str(folder / "wheels"), str(folder / "source")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (folder / "wheels").iterdir()
    return wheel


def constraints(folder: Path) -> Path:
    """The versions of requirements.txt, as docs/deploy.md gives them to an installer."""
    pinned = [line for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines() if "==" in line]
    (path := folder / "constraints.txt").write_text("\n".join(pinned) + "\n", encoding="utf-8")
    return path


def tool(name: str) -> str:
    """A tool of the environment that runs the tests; skips where it is missing."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        pytest.skip(f"needs {name}: pip install --editable '.[dev]'")
    return found


def clean(**more: str) -> dict[str, str]:
    """This environment without its Python path, and with ``more``."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more

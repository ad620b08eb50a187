"""The real models, for tests that need them; where they are missing the tests say what to run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"


def missing_models() -> str:
    """Why no test with real models can run here; empty when they can."""
    from ragqa.models import catalogue
    from ragqa.settings import Settings

    home = Settings.load().home
    absent = [s.entry.id for s in catalogue.status(home=home) if s.entry.default and not s.present]
    return f"the models {', '.join(absent)} are not in {home}; run: make setup" if absent else ""


needs_models = [
    pytest.mark.model,
    pytest.mark.skipif(bool(missing_models()), reason=missing_models() or "models are here"),
]


def ragqa(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, in a process of its own."""
    command = [sys.executable, "-m", "ragqa", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


def can_cut_the_network() -> bool:
    """Whether a process can be started in a network namespace without a route."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    return subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode == 0


def project_copy(folder: Path) -> Path:
    """A folder with the project's corpus and every sixth gold question (make gate asks them all), to write in."""
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    shutil.copytree(ROOT / "gold", folder / "gold")
    questions = folder / "gold" / "questions.jsonl"
    questions.write_text("".join(questions.read_text("utf-8").splitlines(keepends=True)[::6]), "utf-8")
    return folder


def benchmark(name: str) -> ModuleType:
    """A file of benchmarks/ as a module."""
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_benchmark", path)
    assert spec
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # its dataclasses look there
    spec.loader.exec_module(module)
    return module

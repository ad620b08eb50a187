"""A command that answers without a language model starts without the large libraries that it does not use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.real import needs_models, project_copy, ragqa

pytestmark = needs_models
UNUSED = frozenset(["torch", "gradio", "matplotlib", "transformers", "sentence_transformers"])
COMMANDS = (["search"], ["ask", "--no-llm"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's corpus, indexed."""
    folder = project_copy(tmp_path_factory.mktemp("project"))
    built = ragqa("index", cwd=folder)
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_cold_question_imports_only_what_it_uses(project: Path, command: list[str]) -> None:
    program = (
        "import sys, ragqa.__main__\n"
        f"assert ragqa.__main__.main({[*command, 'why did Brundage leave?']!r}) == 0\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules} | {n for n in sys.modules if n.startswith('ragqa.')}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, env={**os.environ, "RAGQA_GENERATOR": "none"},
        capture_output=True, text=True, encoding="utf-8", check=True,
    )  # fmt: skip
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "openvino" in loaded
    assert loaded & UNUSED == set()
    assert not {name for name in loaded if name.startswith("ragqa.corpus") or name == "ragqa.index.build"}

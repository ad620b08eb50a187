"""Gradio is imported without the work that it does for editors, and works as ever."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from pathlib import Path


def test_no_stub_file_is_written_or_read() -> None:
    program = (
        "import ragqa.server.gradio_import as quick\n"
        "from gradio import component_meta\n"
        "import gradio.components.html as one\n"
        "read = []\n"
        "component_meta.extract_class_source_code = lambda *given: read.append(given) or (None, None)\n"
        "with quick._without_sources():\n"
        "    component_meta.create_or_modify_pyi(one.HTML, 'HTML', [])\n"
        "print(len(read))\n"
        "try: component_meta.create_or_modify_pyi(one.HTML, 'HTML', [])\n"
        "except ValueError: print(len(read))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.split() == ["0", "1"]


def test_sources_are_found_again_afterwards() -> None:
    from ragqa.server.gradio_import import gr

    assert Path(inspect.getfile(gr.HTML)).name == "html.py"


def test_nothing_is_reported_to_its_makers() -> None:
    import ragqa.server.gradio_import  # noqa: F401

    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"


def test_the_protocol_of_assistants_is_not_imported_with_it() -> None:
    program = (
        "import sys, ragqa.server.gradio_import\n"
        "print('mcp' in sys.modules)\n"
        "import mcp.types\n"
        "print('mcp' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]

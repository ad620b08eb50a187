"""The arrows between modules, read off the code: rooms do not know each other, imports are light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1] / "src" / "ragqa"
MODULES = sorted(path.stem for path in HOME.glob("*.py") if path.stem != "__init__")
HEAVY = frozenset(
    [
        "torch", "sentence_transformers", "transformers", "faiss", "xllamacpp", "gradio",
        "langchain_text_splitters", "rjieba", "opencc", "tokenizers", "safetensors", "sentencepiece",
        "trafilatura", "pypdf", "mammoth", "matplotlib", "scipy", "ir_measures", "jinja2",
    ]
)  # fmt: skip

# What every module may import: types, errors, and facts about text.
SHARED = {"records", "errors", "text"}
# Rooms, and the few arrows between them.
ROOMS: dict[str, set[str]] = {
    "settings": set(),
    "models": {"e5pack"},
    "e5pack": set(),
    "corpus": {"cleaning", "confined", "decoding", "facts", "folders", "formats"},
    "folders": set(),
    "confined": {"formats"},
    "formats": {"decoding", "facts"},
    "cleaning": {"facts", "furniture"},
    "furniture": {"facts"},
    "facts": set(),
    "decoding": set(),
    "chunking": set(),
    "encoder": set(),
    "lexicon": set(),
    "lexical": {"lexicon"},
    "late": set(),
    "calibration": {"late"},
    "disk": set(),
    "versions": {"disk"},
    "index": {"calibration", "late", "lexical", "versions"},
    "current": {"index", "versions"},
    "snapshots": {"disk", "versions"},
    "watching": set(),
    "resuming": {"calibration", "disk", "index", "late"},
    "encoding": {"calibration", "encoder", "index", "late", "resuming"},
    "question": {"lexicon"},
    "reader_model": set(),
    "reader": {"reader_model"},
    "outcome": {"reader"},
    "quoting": {"lexicon", "reader"},
    "selection": {"index", "lexicon"},
    "retrieval": {"index", "late", "outcome", "question", "quoting", "reader", "selection"},
    "checking": {"lexicon", "reader"},
    "naming": {"lexicon", "transliteration"},
    "transliteration": {"lexicon"},
    "prompting": set(),
    "remembering": set(),
    "translating": {"lexicon", "prompting", "remembering"},
    "glossing": {"lexicon", "naming", "prompting"},
    "generator": set(),
    "timing": set(),
    "wording": set(),
    "examples": {"lexicon"},
    "terminal": {"wording"},
    "gold": set(),
    "candidates": {"gold"},
    "measures": {"lexicon"},
    "resampling": set(),
    "citation_judge": {"checking", "reader"},
    "gold_record": {"citation_judge", "measures"},
    "sentinels": {"gold_record", "measures", "resampling"},
    "evaluation": {"citation_judge", "gold_record", "measures", "resampling"},
    "paired": {"evaluation", "gold_record", "resampling"},
    "gates": {"evaluation"},
    "charts": {"evaluation", "gold_record", "resampling"},
}
# The page: its own rooms, which know of a pipeline only what asking.py says of one; what runs in the
# background opens models of its own (shelf, and trial among what is put together).
PAGE: dict[str, set[str]] = {
    "interface": set(),
    "markup": {"interface"},
    "frame": {"interface", "markup"},
    "reply": {"interface", "markup"},
    "exporting": {"markup", "wording"},
    "running": set(),
    "wishes": {"index"},
    "asking": {"frame", "index", "markup", "remembering", "reply", "running", "settings", "wishes"},
    "answer_routes": {"asking", "candidates", "exporting", "schema"},
    "shelf": {"corpus", "formats", "indexing", "settings"},
    "jobs": set(),
    "runs": {"resampling", "settings"},
    "panels": {"corpus", "formats", "frame", "interface", "markup", "resampling", "runs", "shelf"},
    "holdings": {"asking", "frame", "markup", "panels", "runs", "shelf"},
    "panel_routes": {
        "asking", "formats", "holdings", "interface", "jobs", "runs", "settings", "shelf", "trial",
    },
    "access": set(),
    "guard": {"access"},
    "api": {"asking", "running", "schema", "timing", "wishes"},
    "web": {"access"},
    "page": {
        "access",
        "answer_routes",
        "api",
        "asking",
        "frame",
        "guard",
        "holdings",
        "interface",
        "markup",
        "panel_routes",
        "panels",
        "pipeline",
        "runs",
        "settings",
        "terminal",
        "web",
    },
}  # fmt: skip
# Where rooms are put together.
COMPOSITION: dict[str, set[str]] = {
    "building": {
        "calibration", "chunking", "corpus", "disk", "encoder", "encoding", "index", "resuming", "versions",
    },
    "answering": {"lexicon", "outcome", "question", "quoting", "retrieval", "wording"},
    "writing": {"checking", "prompting", "reader", "wording"},
    "loading": {"encoder", "generator", "models", "reader", "settings"},
    "pipeline": {
        "answering", "current", "encoder", "examples", "generator", "glossing", "index", "loading", "question", "reader",
        "remembering", "retrieval", "settings", "timing", "translating", "versions", "wording", "writing",
    },
    "doctor": {"building", "corpus", "index", "models", "settings", "versions"},
    "schema": {"building"},
    "options": {"index", "settings", "terminal"},
    "questions": {"options", "pipeline", "schema", "settings", "terminal", "timing"},
    "keeping": {
        "building", "doctor", "index", "indexing", "models", "options", "page", "schema", "settings", "snapshots", "terminal",
        "watching",
    },
    "indexing": {"building", "loading", "settings"},
    "measuring": {"citation_judge", "gold", "gold_record", "pipeline", "prompting", "reader", "schema"},
    "report": {
        "charts", "citation_judge", "evaluation", "gold_record", "measuring", "paired", "resampling", "sentinels",
    },
    "trial": {"gold", "gold_record", "measuring", "pipeline", "report", "settings"},
    "grading": {
        "candidates", "gates", "gold", "gold_record", "index", "indexing", "measuring", "options", "paired",
        "pipeline", "report", "settings", "terminal", "trial",
    },
    "__main__": {"grading", "keeping", "options", "questions", "terminal"},
}  # fmt: skip
ALLOWED = {**ROOMS, **PAGE, **COMPOSITION}


def tree(module: str) -> ast.Module:
    return ast.parse((HOME / f"{module}.py").read_text(encoding="utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Full names that an import statement brings in: of "from ragqa import frame", ragqa.frame."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        if node.module == "ragqa":
            yield from (f"ragqa.{alias.name}" for alias in node.names)
        elif node.module:
            yield node.module


def ours(module: str) -> set[str]:
    names = {name for node in ast.walk(tree(module)) for name in imported(node)}
    return {name.split(".")[1] for name in names if name.startswith("ragqa.")} & set(MODULES)


def at_module_level(module: str) -> set[str]:
    """What is imported as soon as the module is, by its full name; TYPE_CHECKING blocks left out."""

    def running(body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            yield node
            typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            if isinstance(node, ast.If | ast.Try | ast.With) and not typing_only:
                yield from running(node.body)

    return {name for node in running(tree(module).body) for name in imported(node)}


def tops(names: set[str]) -> set[str]:
    """The packages that modules belong to."""
    return {name.split(".")[0] for name in names}


def test_every_module_has_its_place_in_the_tables() -> None:
    assert set(MODULES) == SHARED | set(ALLOWED)
    assert len(ALLOWED) == len(ROOMS) + len(PAGE) + len(COMPOSITION)


def test_the_shared_modules_import_nothing_of_ours_but_types() -> None:
    assert {module: ours(module) for module in sorted(SHARED)} == {
        "errors": set(),
        "records": set(),
        "text": {"records"},
    }


@pytest.mark.parametrize("module", sorted(ALLOWED))
def test_a_module_imports_only_what_its_table_allows(module: str) -> None:
    assert ours(module) - SHARED <= ALLOWED[module]


def test_no_arrow_leads_from_a_room_to_the_page_or_to_composition() -> None:
    for module, allowed in ROOMS.items():
        assert allowed <= set(ROOMS), module


def test_arrows_make_no_circle() -> None:
    left = {module: ours(module) for module in MODULES}
    while left:
        free = {module for module, needs in left.items() if not needs & set(left)}
        assert free, f"a circle among {sorted(left)}"
        left = {module: needs for module, needs in left.items() if module not in free}


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_are_imported_when_first_needed(module: str) -> None:
    at_once = {"page": {"gradio"}, "reader_model": {"torch"}}
    assert tops(at_module_level(module)) & HEAVY == at_once.get(module, set())


def test_the_network_is_imported_by_the_reader_alone_when_it_loads() -> None:
    assert {module for module in MODULES if "reader_model" in ours(module)} == {"reader"}
    assert "ragqa.reader_model" not in at_module_level("reader")


def test_each_heavy_library_is_at_home_in_one_room() -> None:
    homes: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            for name in imported(node):
                if (top := name.split(".")[0]) in HEAVY:
                    homes.setdefault(top, set()).add(module)
    assert homes == {
        "torch": {"encoder", "generator", "reader", "reader_model"},
        "transformers": {"encoder", "generator", "reader_model"},
        "sentence_transformers": {"encoder", "reader"},
        "faiss": {"index"},
        "xllamacpp": {"generator"},
        "gradio": {"page"},
        "langchain_text_splitters": {"chunking"},
        "rjieba": {"lexicon"},
        "opencc": {"lexicon"},
        "tokenizers": {"e5pack", "reader"},
        "safetensors": {"e5pack", "reader_model"},
        "sentencepiece": {"e5pack"},
        "matplotlib": {"charts"},
        "scipy": {"resampling"},
        "ir_measures": {"measures"},
        "jinja2": {"report"},
    }


def test_only_the_command_line_and_the_page_print() -> None:
    printing = {
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"__main__", "grading", "keeping", "questions", "terminal", "page", "web"}


def test_nothing_is_pickled_or_evaluated() -> None:
    for module in MODULES:
        names = {name.split(".")[0] for node in ast.walk(tree(module)) for name in imported(node)}
        assert names & {"pickle", "marshal", "shelve", "joblib", "dill"} == set(), module
        calls = {node.func.id for node in ast.walk(tree(module)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
        assert calls & {"eval", "exec", "compile"} == set(), module


@pytest.mark.parametrize(
    "arguments", [["--help"], ["ask", "--help"], ["index", "--help"], ["evaluate", "--help"]]
)
def test_help_loads_no_heavy_library(arguments: list[str]) -> None:
    program = (
        "import sys, ragqa.__main__\n"
        f"assert ragqa.__main__.main({arguments!r}) == 0\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8", check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "ragqa" in loaded
    assert loaded & (HEAVY | {"numpy", "httpx", "fastapi", "uvicorn"}) == set()

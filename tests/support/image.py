"""The steps of the Dockerfile on a machine without a container engine.

Each stage is a folder, in which a step runs as after chroot: its own /opt, /data, /etc; of this machine's files it sees
/usr, the interpreter and pip's local folders, none of which it can change. In place of the base image stands this
machine's Python 3.11, so apt-get is not run.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from dockerfile_parse import DockerfileParser

from support.distribution import files_of_git
from support.real import ROOT

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ETC = ("passwd", "group", "shadow", "gshadow", "login.defs", "nsswitch.conf", "hosts", "resolv.conf", "ld.so.cache",
        "ssl", "pip.conf", "xdg/pip", "alternatives")  # fmt: skip


@dataclass
class Stage:
    """A stage of the build: its folder, and what the instructions so far have set."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "0"
    health: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def at(self, path: str) -> Path:
        """Where a path of the stage lies on this machine."""
        return self.root / os.path.normpath(os.path.join(self.workdir, path)).lstrip("/")


def instructions() -> list[dict[str, Any]]:
    """The Dockerfile's instructions without comments, in order."""
    with (ROOT / "Dockerfile").open("rb") as file:
        return [step for step in DockerfileParser(fileobj=file).structure if step["instruction"] != "COMMENT"]


def admitted(path: str) -> bool:
    """Whether a file of the checkout is sent to the build; .dockerignore excludes all and names exceptions."""
    lines = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] not in ("", "#")
    ]
    assert lines[0] == "*"
    kept = any(path == line[1:] or path.startswith(f"{line[1:]}/") for line in lines if line.startswith("!"))
    parts = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    return kept and not any(Path(piece).match(part) for piece in path.split("/") for part in parts)


def context(folder: Path) -> Path:
    """A copy of what a build is sent: of the files that git knows, those that .dockerignore admits."""
    for name in files_of_git():
        if admitted(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


class Builder:
    """Runs the stages below a folder; ``skipped`` are the steps that were not run, ``ran`` those that were."""

    def __init__(self, folder: Path, context: Path) -> None:
        self._folder, self._context = folder, context
        self.stages: dict[str, Stage] = {}
        self.ran: list[str] = []
        self.skipped: list[str] = []
        self.stage = Stage(folder)

    def build(self) -> Stage:
        """Run every instruction; the last stage."""
        for step in instructions():
            getattr(self, f"_{step['instruction'].lower()}")(step["value"])
        return self.stage

    def _from(self, value: str) -> None:
        base, *name = value.split()
        known = self.stages.get(base)
        root = self._folder / (name[1] if name else "last")
        if known:
            # Large files are shared with the stage before: what replaces one writes it anew.
            subprocess.run(["cp", "-al", str(known.root), str(root)], check=True)
            self.stage = Stage(root, dict(known.env), {}, known.workdir, known.user)
        else:
            assert base == "python:3.11-slim-bookworm"
            self.stage = Stage(_bare(root), {"PATH": f"{sys.base_prefix}/bin:{_PATH}"})
        self.stages[name[1] if name else "last"] = self.stage

    def _arg(self, value: str) -> None:
        name, _, given = value.partition("=")
        self.stage.arguments[name] = given

    def _env(self, value: str) -> None:
        for pair in shlex.split(value):
            name, _, given = pair.partition("=")
            # The interpreter of this machine lies elsewhere than the image's.
            self.stage.env[name] = given.replace("/usr/local/bin", f"{sys.base_prefix}/bin:/usr/local/bin")

    def _workdir(self, value: str) -> None:
        self.stage.workdir = value
        self.stage.at(".").mkdir(parents=True, exist_ok=True)

    def _copy(self, value: str) -> None:
        options = dict(one[2:].split("=", 1) for one in value.split() if one.startswith("--"))
        *sources, target = [one for one in value.split() if not one.startswith("--")]
        home = self.stages[options["from"]].root if "from" in options else self._context
        for source in sources:
            there = home / source.lstrip("/")
            to = self.stage.at(target)
            if there.is_dir():
                # A folder's contents are copied, not the folder.
                to.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-al", f"{there}/.", str(to)], check=True)
            else:
                to = to / there.name if target.endswith("/") else to
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(there, to)
        if owner := options.get("chown"):
            subprocess.run(["chown", "-R", owner, str(self.stage.at(target))], check=True)

    def _run(self, value: str) -> None:
        if "apt-get" in value:
            self.skipped.append(f"RUN {value}")
            return
        environment = self.stage.env | self.stage.arguments
        for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_CERT", "SSL_CERT_FILE"):
            if name in os.environ:
                environment[name] = os.environ[name]
        done = inside(self.stage, value, environment)
        assert done.returncode == 0, f"RUN {value}\n{done.stdout}{done.stderr}"
        self.ran.append(f"RUN {value}")

    def _user(self, value: str) -> None:
        self.stage.user = value

    def _healthcheck(self, value: str) -> None:
        self.stage.health = _words(value.partition("CMD")[2])

    def _cmd(self, value: str) -> None:
        self.stage.command = _words(value)

    def _label(self, value: str) -> None:
        assert all("=" in pair for pair in shlex.split(value))

    def _volume(self, value: str) -> None:
        assert _words(value)

    def _expose(self, value: str) -> None:
        assert value.isdecimal()


def inside(
    stage: Stage, script: str, environment: Mapping[str, str], *, timeout: float = 1500
) -> subprocess.CompletedProcess[str]:
    """Run a script as root in a stage, whose files it may change."""
    command = chrooted(stage, ["/bin/sh", "-c", script], user="0:0", read_only=False)
    return subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, timeout=timeout, check=False
    )


def chrooted(
    stage: Stage,
    command: Iterable[str],
    *,
    user: str,
    read_only: bool,
    volumes: Mapping[str, Path] | None = None,
) -> list[str]:
    """The command line that runs a command in a stage, in mounts of its own that end with it.

    Read-only as ``docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges``.
    """
    root = shlex.quote(str(stage.root))
    lines = ["set -eu", f"mount --bind {root} {root}"]
    lines += [
        f"mount --bind {source} {root}{source}; mount -o remount,bind,ro {root}{source}"
        for source in _shared()
    ]
    lines += [f"mount --rbind /{name} {root}/{name}" for name in ("dev", "proc", "sys")]
    if read_only:
        lines += [
            f"mount -o remount,bind,ro {root}",
            f"mount -t tmpfs -o size=512m,mode=1777 tmpfs {root}/tmp",
        ]
    for target, source in (volumes or {}).items():
        lines.append(f"mount --bind {shlex.quote(str(source))} {root}{target}")
    uid, _, gid = user.partition(":")
    drop = ["--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"] if read_only else []
    lines.append(
        shlex.join(["exec", "/usr/sbin/chroot", str(stage.root), "/usr/bin/setpriv", f"--reuid={uid}", f"--regid={gid}",
                    "--clear-groups", *drop, "/bin/sh", "-c", f'cd {stage.workdir} && exec "$@"', "sh", *command])
    )  # fmt: skip
    return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", "\n".join(lines)]


@cache
def why_not() -> str:
    """Why no stage can be made here; empty when one can."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("setpriv"):
        return "needs root, unshare and setpriv"
    done = subprocess.run(
        ["unshare", "--mount", "mount", "--bind", "/tmp", "/tmp"], capture_output=True, check=False
    )
    return done.stderr.decode().strip() and "needs the right to mount"


needs_mounts = pytest.mark.skipif(bool(why_not()), reason=why_not() or "mounts are allowed")


def _bare(root: Path) -> Path:
    """A folder with what a base image has; /usr and the interpreter are mounted when something runs."""
    for name in ("dev", "proc", "sys", "tmp", "run", "etc", "opt", "var/tmp", "root"):
        (root / name).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    for source in _shared():
        (root / source.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for name in _ETC:
        if (Path("/etc") / name).exists():
            (root / "etc" / name).parent.mkdir(parents=True, exist_ok=True)
            # A file that is a link is followed; links in a folder lead into /usr, which is there.
            how = "-a" if (Path("/etc") / name).is_dir() else "-aL"
            subprocess.run(["cp", how, f"/etc/{name}", str(root / "etc" / name)], check=True)
    return root


@cache
def _shared() -> list[str]:
    """Folders of this machine that a stage sees: programs and libraries, Python, local folders of packages."""
    found = ["/usr", sys.base_prefix] if not Path(sys.base_prefix).is_relative_to("/usr") else ["/usr"]
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    for word in shlex.split(asked.stdout.replace("'", " ")):
        path = Path(word.partition("=")[2] or word) if "=" in word else Path(word.removeprefix("file://"))
        if path.is_dir() and path.is_absolute() and not path.is_relative_to("/etc"):
            found.append(str(path if path.name != "simple" else path.parent))
    return list(dict.fromkeys(found))


def _words(value: str) -> list[str]:
    """The words of an instruction in its exec form."""
    import json

    words = json.loads(value)
    assert all(isinstance(word, str) for word in words)
    return list(words)

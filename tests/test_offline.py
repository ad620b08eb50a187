"""Nothing leaves the machine: a day's work in a network without a route, and every connection counted.

The day (four_commands.py) is index, ask with the language model, evaluate, and a question asked in the page.
It is worked once, watched by an audit hook in each of its Python processes, among pickles that somebody put
beside the index and the encoder; ``make reliability`` works it once more under strace, which sees what
libraries written in C do, too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from support.bombs import plant
from support.four_commands import QUESTION
from support.real import can_cut_the_network, needs_models, project_copy
from support.tally import Tally
from test_formats import _docx, _pdf

from ragqa.settings import Settings

pytestmark = [*needs_models, pytest.mark.alone]
HERE = Path(__file__).parent
ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
BOMBS = ["index.pkl", "pytorch_model.bin", "training_args.bin", "optimizer.pt"]


class Day(NamedTuple):
    """What came of a day's work, and what was seen meanwhile."""

    told: dict[str, Any]
    audit: list[list[str]]
    folder: Path
    bombs: list[Path]


def own_home(folder: Path) -> Path:
    """A home whose files are the real models'."""
    real = Settings.load().home / "models"
    for path in real.rglob("*"):
        if path.is_file() and path.suffix != ".lock":
            own = folder / "models" / path.relative_to(real)
            own.parent.mkdir(parents=True, exist_ok=True)
            own.symlink_to(path)
    return folder


def laid_out(folder: Path) -> list[Path]:
    """A project of every format with three gold questions, and bombs wherever one could be taken for data."""
    project_copy(folder)
    (folder / "corpus" / "lamp.pdf").write_bytes(_pdf("The lamp shines for the boats."))
    (folder / "corpus" / "tower.docx").write_bytes(_docx("The tower was bought by a painter."))
    sentences = "<p>The library lends bicycles to its readers, and has done so for many years.</p>" * 6
    page = f"<html><body><article><h1>Bicycles</h1>{sentences}</article></body></html>"
    (folder / "corpus" / "library.html").write_text(page, encoding="utf-8")
    questions = (folder / "gold" / "questions.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    (folder / "gold" / "three.jsonl").write_text("\n".join(questions), encoding="utf-8")
    encoder = own_home(folder / "home") / "models" / Settings.load().encoder
    homes = [folder / "corpus", folder / "index", folder / "bombs", encoder, encoder.parent]
    return [path for home in homes for path in plant(home, folder / "gone-off", BOMBS)]


def work(folder: Path, prefix: Sequence[str] = ()) -> Day:
    """Work a day in a folder; the network is cut where that can be done."""
    bombs = laid_out(folder)
    watched = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE / "audit"), os.environ.get("PYTHONPATH")])),
        "RAGQA_AUDIT": str(folder / "audit.jsonl"),
        "RAGQA_HOME": str(folder / "home"),
        "RAGQA_DEADLINE": "600",  # a busy machine is not what is tried here
    }
    command = [*prefix, sys.executable, str(HERE / "support" / "four_commands.py"), str(folder / "told.json")]
    if can_cut_the_network():
        command = ["unshare", "--net", *command]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **watched}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    return Day(
        json.loads((folder / "told.json").read_text("utf-8")), list(map(json.loads, lines)), folder, bombs
    )


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return work(tmp_path_factory.mktemp("day"))


def done_well(told: dict[str, Any]) -> dict[str, bool]:
    """Which of the four did what they are for."""
    final = told["answer"][-1]
    shown = "".join(part for part in final["output"].get("data", ()) if isinstance(part, str))
    return {
        "index": told["index"]["code"] == 0 and "chunks" in told["index"]["out"],
        "ask": bool(json.loads(told["ask"]["out"] or "{}").get("timings_ms", {}).get("translated")),
        "evaluate": json.loads(told["evaluate"]["out"] or "{}").get("questions") == 3,
        "page": 'id="root"' in told["page"] or "gradio" in told["page"],
        "answer in the page": 'class="statement' in shown and 'data-state="done"' in shown,
        "health": json.loads(told["health"]) == {"status": "ok", "index": True},
    }


@pytest.mark.skipif(not can_cut_the_network(), reason="needs root and unshare to cut the network")
def test_everything_works_with_the_network_cut(day: Day, tally: Tally) -> None:
    done = done_well(day.told)
    what = "a network namespace without a route: index, ask (language model), evaluate, page, its answer, its health"
    tally("E4", what, sum(done.values()), len(done))
    assert all(done.values()), (done, str(day.told)[-3000:])


def watched(day: Day, verb: str) -> bool:
    return any(event == "watched" and verb in arguments for _, event, *arguments in day.audit)


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def stays_here(host: str) -> bool:
    """Whether a connection goes to this machine: to a loopback address, or to llama.cpp's UNIX socket."""
    return is_loopback(host) or re.fullmatch(r"/.*/ragqa-\w+/llama\.sock", host) is not None


def test_no_connection_is_attempted_and_no_name_looked_up(day: Day, tally: Tally) -> None:
    assert all(watched(day, verb) for verb in ("index", "ask", "evaluate", "serve"))
    sockets = [entry for entry in day.audit if entry[1].startswith("socket.")]
    foreign = [entry for entry in sockets if not stays_here(entry[2])]
    told = f"{len(foreign)} (the test's own to the page, llama.cpp's own socket: {len(sockets) - len(foreign)} look-ups and connections)"
    tally.figure("E4", "the same: connections and look-ups beyond this machine, by audit hook", told)
    assert len(sockets) >= 10, "the hook does not even see the test ask the page"
    assert foreign == []


def test_no_pickle_is_opened_or_read(day: Day, tally: Tally) -> None:
    opened = [entry for entry in day.audit if entry[1] == "open" or entry[1].startswith("pickle.")]
    touched = {entry[2] for entry in opened if Path(entry[2]).name in BOMBS}
    what = "pickles put beside corpus, index, version and encoder, not opened by index, ask, evaluate, page"
    tally("A9", what, len(day.bombs) - len(touched), len(day.bombs))
    tally.figure("A9", "classes or functions that any library unpickled meanwhile", str(len(opened)))
    assert opened == []
    assert not (day.folder / "gone-off").exists()
    assert QUESTION in day.told["ask"]["out"]


def no_strace() -> str:
    """Why nothing can be traced here; empty when it can."""
    if not shutil.which("strace"):
        return "strace is not installed (apt-get install strace)"
    traced = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False, capture_output=True)
    return "strace may not trace here" if traced.returncode else ""


def foreign_calls(trace: str) -> list[str]:
    """The calls of a trace that reach for anything but loopback, or for a name server anywhere."""
    found = []
    for line in trace.splitlines():
        if "sa_family=AF_INET" not in line:
            continue
        address, port = ADDRESS.search(line), PORT.search(line)
        host = (address[1] or address[2]) if address else ""
        # A socket is "connected" to nothing to ask for the address that it would have.
        if not is_loopback(host) or (port and port[1] == "53"):
            found.append(line)
    return found


def test_what_reaches_out_is_told_from_a_trace() -> None:
    away = '7 connect(4, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("203.0.113.9")}, 16) = 0'
    name = '7 connect(4, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0'
    six = '7 sendto(4, ""..., 9, 0, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = 9'
    home = '7 connect(4, {sa_family=AF_INET, sin_port=htons(7899), sin_addr=inet_addr("127.0.0.1")}, 16) = 0'
    unix = '7 connect(4, {sa_family=AF_UNIX, sun_path="/run/x"}, 9) = -1 ENOENT'
    assert foreign_calls("\n".join([away, home, name, unix, six])) == [away, name, six]


@pytest.mark.reliability
@pytest.mark.skipif(bool(no_strace()), reason=no_strace() or "strace traces here")
def test_no_process_of_the_day_calls_out_under_strace(tmp_path: Path, tally: Tally) -> None:
    calls = "connect,sendto,sendmsg,sendmmsg"
    traced = work(
        tmp_path, ["strace", "--seccomp-bpf", "-f", "-qq", "-s", "0", "-o", "trace", "-e", f"trace={calls}"]
    )
    trace = (tmp_path / "trace").read_text(encoding="utf-8", errors="replace")
    made = sum("sa_family=AF_INET" in line for line in trace.splitlines())
    foreign = foreign_calls(trace)
    told = f"{len(foreign)} of {made} (the rest are the test's own, to the page)"
    tally.figure(
        "E4", "the same under strace: connects and sends to internet addresses beyond loopback", told
    )
    assert all(done_well(traced.told).values())
    assert made >= 5, "strace does not even see the test ask the page"
    assert foreign == []

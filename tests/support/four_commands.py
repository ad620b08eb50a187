"""What a user does in a day, in one process tree: index, ask, evaluate, and a question in the page.

``python four_commands.py REPORT`` runs it in the present folder and writes what came of it as JSON. In a
network namespace of its own not even loopback is there: it is brought up first. Nothing here is of ragqa,
so that only what ragqa does is counted.
"""

from __future__ import annotations

import http.client
import json
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

# Its answer is in Chinese, so the language model translates it.
QUESTION = "why did Brundage leave?"
PORT = 7899
_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x41


def main(report: Path) -> None:
    """Run the four commands."""
    raise_loopback()
    told: dict[str, Any] = {
        "index": run("index"),
    }
    # What somebody put there after the index was built.
    for path in Path("bombs").glob("*"):
        version = Path("index/current").read_text(encoding="utf-8").strip()
        Path("index", version, path.name).hardlink_to(path)
    told["ask"] = run("ask", QUESTION, "--json")
    told["evaluate"] = run("evaluate", "gold/three.jsonl", "--no-llm", "--json", "--out", "runs/offline")
    server = subprocess.Popen(
        [sys.executable, "-m", "ragqa", "serve", "--port", str(PORT)], stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr
        said = list(takewhile(lambda line: "ready" not in line, server.stderr))
        if server.poll() is not None:
            sys.exit("the page did not start: " + "".join(said))
        told["page"] = get("/")
        told["health"] = get("/healthz")
        told["answer"] = list(asked(json.loads(get("/config"))))
    finally:
        server.send_signal(signal.SIGINT)
        told["served"] = server.wait(timeout=60)
    report.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


def raise_loopback() -> None:
    """What ``ip link set lo up`` does; where it is up already, or is not ours, nothing."""
    import fcntl

    with suppress(OSError), socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))


def run(*arguments: str) -> dict[str, Any]:
    """A command's exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "ragqa", *arguments], capture_output=True, text=True, check=False, timeout=400
    )
    return {"code": done.returncode, "out": done.stdout, "err": done.stderr}


def request(method: str, path: str, body: object = None) -> http.client.HTTPResponse:
    """Ask the server of the page, by number: no name is looked up."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=180)
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {"Content-Type": "application/json"})
    return connection.getresponse()


def get(path: str) -> str:
    """A page's text."""
    return request("GET", path).read().decode()


def asked(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the page is sent for a question, asked as the browser does: join the queue, then read events."""
    button = next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "ask")
    event = next(each["id"] for each in config["dependencies"] if [button, "click"] in each["targets"])
    ours = {"fn_index": event, "session_hash": "offline", "trigger_id": button, "event_data": None}
    request("POST", "/gradio_api/queue/join", {"data": [QUESTION, '{"ui": "en"}'], **ours}).read()
    for line in request("GET", "/gradio_api/queue/data?session_hash=offline"):
        if line.startswith(b"data:"):
            message = json.loads(line[5:])
            yield message
            if message["msg"] in ("process_completed", "close_stream"):
                return


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Put on PYTHONPATH: every Python process then writes down, in $RAGQA_AUDIT, what it must not do.

That is: connections and look-ups of names, pickles that name a class or a function, and the opening of files
that are pickles by their names. A line a process says first that it is watched.
"""

import json
import os
import sys

_NETWORK = {
    "socket.connect",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
}
_PICKLES = (".pkl", ".pickle", ".joblib", ".bin", ".pt", ".pth", ".ckpt")


def _watch(path: str) -> None:
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def write(event: str, *what: object) -> None:
        line = json.dumps([os.getpid(), event, *map(str, what)])
        os.write(log, line.encode() + b"\n")

    def hook(event: str, given: tuple) -> None:
        if event in _NETWORK:
            # Of a connection the first is the socket itself; a UNIX socket's address is its path.
            address = given[1] if event in ("socket.connect", "socket.sendto") else given[:2]
            write(event, *([address] if isinstance(address, str | bytes) else address))
        elif event == "pickle.find_class":
            write(event, *given)
        elif event == "open" and str(given[0]).endswith(_PICKLES) and "site-packages" not in str(given[0]):
            write(event, given[0])

    write("watched", *sys.orig_argv[1:])
    sys.addaudithook(hook)


if "RAGQA_AUDIT" in os.environ:
    _watch(os.environ["RAGQA_AUDIT"])

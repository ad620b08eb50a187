"""A page to drive in a browser, for any pipeline: the scripted one or the real one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing() -> str:
    """Why no browser test can run here; empty when one can."""
    if not Path(CHROMIUM).exists():
        return f"{CHROMIUM} is not installed (apt-get install chromium fonts-noto-cjk, or set CHROMIUM)"
    try:
        import playwright  # noqa: F401
    except ModuleNotFoundError:
        return "playwright is not installed (pip install playwright)"
    return ""


@contextmanager
def page_url(pipeline: Any) -> Iterator[str]:
    """Serve ``pipeline``'s page on a free port of this machine."""
    from ragqa.server.app import launch

    app, url = launch(pipeline, host="127.0.0.1", port=0)
    try:
        yield url
    finally:
        app.state.stop()


# The name of an upload is taken: the page asks what to do, which is no fault.
TAKEN = 409


class Watch:
    """What a page did that it must not do: foreign requests, errors, dialogs."""

    def __init__(self, page: Any, url: str) -> None:
        self.faults: list[str] = []
        page.on("request", lambda request: self._request(request.url, url))
        page.on("response", lambda response: self._response(response))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("dialog", self._dialog)
        page.on("console", lambda message: self._console(message.type, message.text))

    def _request(self, asked: str, own: str) -> None:
        if not asked.startswith((own + "/", "data:", "blob:")):
            self.faults.append(f"request: {asked}")

    def _response(self, response: Any) -> None:
        if response.status >= 400 and response.status != TAKEN:
            self.faults.append(f"{response.status}: {response.url} {response.request.post_data or ''}")

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, kind: str, text: str) -> None:
        if kind == "error" and f"status of {TAKEN}" not in text:
            self.faults.append(f"console: {text}")


class Gate:
    """Holds the scripted pipeline before one step; holding before another lets it go on to there."""

    def __init__(self) -> None:
        self._at = ""
        self._changed = threading.Condition()

    def hold(self, at: str) -> None:
        with self._changed:
            self._at = at
            self._changed.notify_all()

    def release(self) -> None:
        self.hold("")

    def __call__(self, label: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: label != self._at, timeout=20)


def ask(page: Any, question: str, *, until: str | None = "done") -> None:
    page.fill("#question textarea", question)
    page.keyboard.press("Enter")
    if until:
        page.wait_for_selector(f"#status [data-state={until}]")


def texts(page: Any, selector: str) -> list[str]:
    return [str(text).strip() for text in page.locator(selector).all_inner_texts()]


def wait_for(condition: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)

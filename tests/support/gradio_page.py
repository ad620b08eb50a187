"""The page over plain HTTP: what a browser sends when somebody asks, without one."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import httpx


class GradioPage:
    """A page that is open in some browser."""

    def __init__(self, url: str, **options: Any) -> None:
        self.client = httpx.Client(base_url=url, timeout=60, **options)
        self.session = secrets.token_hex(6)
        config = self.client.get("/config").json()
        self.button = next(
            part["id"] for part in config["components"] if part["props"].get("elem_id") == "ask"
        )
        self.event = next(
            each["id"] for each in config["dependencies"] if [self.button, "click"] in each["targets"]
        )

    def join(self, *data: Any) -> httpx.Response:
        """Send a question and wishes; what the queue says."""
        body = {"data": list(data), "fn_index": self.event, "session_hash": self.session,
                "trigger_id": self.button, "event_data": None}  # fmt: skip
        return self.client.post("/gradio_api/queue/join", json=body)

    def messages(self) -> Iterator[dict[str, Any]]:
        """What comes back until the answer is whole."""
        with self.client.stream("GET", f"/gradio_api/queue/data?session_hash={self.session}") as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line[5:])
                    yield message
                    if message["msg"] in ("process_completed", "close_stream"):
                        return

    def ask(self, question: Any, wishes: Any = "") -> str:
        """All that the page is told of a question, as text."""
        joined = self.join(question, wishes)
        if joined.status_code != 200:
            return joined.text
        return json.dumps(list(self.messages()), ensure_ascii=False)

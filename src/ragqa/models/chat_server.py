"""A language model behind a server with OpenAI's API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ragqa.errors import ModelError
from ragqa.models.protocols import Message
from ragqa.models.streaming import pieces_of

_REQUEST_SECONDS = 120.0


class OpenAICompatible:
    """Any server with ``POST …/v1/chat/completions``; grammars are not part of that API."""

    def __init__(self, url: str, *, key: str = "", model: str = "default") -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._model = model
        self.id = f"{model} at {url}"

    def stream(
        self,
        messages: Sequence[Message],
        *,
        grammar: str | None = None,
        max_tokens: int = 256,
    ) -> Iterator[str]:
        """Yield the reply piece by piece. Raises ModelError naming the server."""
        import httpx

        body = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "stream": True,
            "temperature": 0.0,
            "max_tokens": max_tokens,
        }

        def run(emit: Callable[[str], bool]) -> None:
            try:
                with httpx.stream(
                    "POST",
                    f"{self._url}/chat/completions",
                    json=body,
                    headers=self._headers,
                    timeout=_REQUEST_SECONDS,
                ) as reply:
                    if reply.status_code >= 400:
                        detail = reply.read().decode("utf-8", "replace")[:200]
                        raise ModelError(f"{self._url} answered {reply.status_code}: {detail}")
                    for event in _events(reply.iter_lines()):
                        if emit(delta(event)):
                            return
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, LookupError, AttributeError) as error:
                raise ModelError(
                    f"{self._url} cannot be used: {error}; check the setting generator"
                ) from error

        return pieces_of(run)


def _events(lines: Iterator[str]) -> Iterator[Any]:
    """Server-sent events as JSON; ValueError for an error that they report, and when there are none."""
    none = True
    for line in lines:
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            none, event = False, json.loads(data)
            if isinstance(event, dict) and event.get("error"):
                raise ValueError(f"it reports {event['error']}")
            yield event
    if none:
        raise ValueError("its reply holds no events")


def delta(event: Any) -> str:
    """The text of one event of a streamed reply."""
    choices = event.get("choices") or [{}] if isinstance(event, dict) else [{}]
    content = (choices[0].get("delta") or {}).get("content")
    return content if isinstance(content, str) else ""

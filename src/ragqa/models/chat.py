"""Chat messages: neutralise control tokens in what goes in, remove unprintable characters from what comes out."""

from __future__ import annotations

import re

from ragqa.models.protocols import Message

# How chat templates and tokenizers of common models write a turn, a role or an end.
_CONTROLS = re.compile(
    r"(?<=<)(?=[|｜]|/?(?:s|bos|eos|think|tool_call|tool_response|start_of_turn|end_of_turn|<SYS>)>)"
    r"|(?<=\[)(?=/?INST\])"
)


def user_turn(content: str) -> Message:
    """A user turn with control tokens broken up, so that the text cannot act as the system."""
    return Message("user", _CONTROLS.sub(" ", content))


def readable(text: str) -> str:
    """Model output without unprintable characters: controls, lone surrogates, direction marks."""
    return "".join(" " if c.isspace() else c for c in text if c.isspace() or c.isprintable())

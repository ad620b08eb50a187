"""Read the metadata block that stands above a text: YAML, TOML, or lines of "name: value"."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml

from ragqa.corpus.fields import named

_BLOCKS = (
    re.compile(r"\ufeff?---[ \t]*\n(?P<facts>.{0,16000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL),
    re.compile(r"\ufeff?\+\+\+[ \t]*\n(?P<facts>.{0,16000}?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL),
)
_PAIR = re.compile(r"([^\s:：#\-][^:：\n]{0,30}?)[ \t]*[:：][ \t]*(\S[^\n]{0,2000})?")
# Labels without a fence: both must be there, since "Note: …" may begin any text.
_LABELLED = re.compile(r"(?P<facts>(?:[^\s:：\n]{1,20}[:：][^\n]{1,300}\n){2,8})\s*\n?")


# In C where PyYAML was built so: five times as fast.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _yaml(block: str) -> object:
    """Read YAML without aliases, which can expand to any size. Raises nearly anything where it is none."""
    if "*" in block and any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(block, _Loader)):
        raise yaml.YAMLError("an alias")
    loader = _Loader(block)
    try:
        found: object = loader.get_single_data()
    finally:
        loader.dispose()
    return found


def split_front_matter(text: str) -> tuple[dict[str, object], str]:
    """The facts of a block above a text, by their usual names, and the text without it.

    What YAML or TOML cannot read is read line by line; a block without a single "name: value" stays in the text.
    """
    for fence, pattern in zip("-+", _BLOCKS, strict=True):
        if found := pattern.match(text):
            block = _parsed(found["facts"], toml=fence == "+")
            return (named(block), text[found.end() :]) if block else ({}, text)
    if found := _LABELLED.match(text):
        facts = named(_pairs(found["facts"]))
        if "title" in facts and "published" in facts:
            return facts, text[found.end() :]
    return {}, text


def _parsed(block: str, *, toml: bool) -> dict[Any, Any]:
    facts: object
    try:
        facts = tomllib.loads(block) if toml else _yaml(block)
    except Exception:  # not only YAMLError: odd tags raise KeyError, deep nesting RecursionError
        facts = None
    return facts if isinstance(facts, dict) else _pairs(block)


def _pairs(block: str) -> dict[Any, Any]:
    """Lines of "name: value", quotes around the value aside."""
    found: dict[Any, Any] = {}
    for line in block.split("\n"):
        if match := _PAIR.fullmatch(line.rstrip()):
            found.setdefault(match[1], (match[2] or "").strip().strip("\"'"))
    return found

"""The verbs around an answer: search, show, index, add, models, doctor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakes import HARBOUR, ScriptedGenerator
from house import WHO, WHY
from test_cli import Line, line  # noqa: F401

from ragqa.index import Index

# --- search ----------------------------------------------------------------------------------


def test_a_search_is_one_document(line: Line) -> None:  # noqa: F811
    document = line.json("search", WHO, "-k", "2")
    assert set(document) == {"schema", "id", "query", "language", "passages", "timings_ms"}
    assert (document["schema"], document["query"], document["language"]) == ("ragqa.search/1", WHO, "en")
    assert [(p["rank"], p["article_id"]) for p in document["passages"]] == [(1, "lighthouse.md"), (2, "harbour.md")]

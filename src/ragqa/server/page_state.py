"""What the page shows of index, corpus and runs, at opening and after a change."""

from __future__ import annotations

from typing import Any

from ragqa.corpus import uploads
from ragqa.errors import RagqaError
from ragqa.evaluation import run_store
from ragqa.index import SearchIndex
from ragqa.pipeline import Pipeline
from ragqa.server import markup, page_html, panels
from ragqa.types import Language

_LANGUAGES: tuple[Language, ...] = ("en", "zh")


def index_of(ui: Language, pipeline: Pipeline) -> tuple[SearchIndex | None, str]:
    """The index that can be asked, or None and what to do about it."""
    try:
        index = pipeline.index
    except RagqaError as error:
        return None, markup.message(ui, str(error), verbatim=True)
    return index, "" if index else page_html.no_index(ui)


def held(pipeline: Pipeline) -> uploads.CorpusState:
    """The files of the corpus and which of them are indexed."""
    index, _ = index_of("en", pipeline)
    if index is None:
        return uploads.corpus_state(pipeline.settings.corpus, (), ())
    return uploads.corpus_state(pipeline.settings.corpus, index.listing, index.manifest.skipped)


def examples(ui: Language, pipeline: Pipeline) -> str:
    """Questions that this corpus can be asked."""
    if index_of(ui, pipeline)[0] is None:
        return ""
    return page_html.examples(
        ui, [(code, example) for code in _LANGUAGES for example in pipeline.examples(code)[:4]]
    )


def contents(ui: Language, pipeline: Pipeline) -> dict[str, Any]:
    """The parts of an open page that change with index and runs."""
    holding, bench = held(pipeline), run_store.run_list(pipeline.settings)
    return {
        "facts": page_html.facts(ui, holding.articles),
        "examples": examples(ui, pipeline),
        "problem": index_of(ui, pipeline)[1],
        "corpus": {"html": panels.corpus_content(ui, holding), "count": len(holding.articles)},
        "evaluate": {"html": panels.evaluation_content(ui, bench), "count": len(bench.runs)},
    }

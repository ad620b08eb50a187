"""Write prose above the quotes with the language model; keep only the sentences that are supported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from ragqa.answer.messages import word
from ragqa.answer.prompt import Excerpt, build_grammar, build_messages, parse_lines
from ragqa.answer.verify import judge
from ragqa.models import Generator, Reader
from ragqa.types import Answer, Citation, Statement

# Tokens of a written answer, at most.
_LONGEST = 200


def written(answer: Answer, generator: Generator, reader: Reader) -> Iterator[Answer]:
    """The answer with written sentences above its quotes, as they are written and checked.

    A sentence is shown when one of the quotes supports it: by the reader's judgement, by its names and
    numbers, and by its negation. Raises ModelError.
    """
    excerpts = [Excerpt(c.article, c.quote) for c in answer.citations]
    messages = build_messages(answer.question, excerpts, language=answer.language)
    grammar = build_grammar(len(excerpts), language=answer.language)
    said: list[Statement] = []
    with closing(generator.stream(messages, grammar=grammar, max_tokens=_LONGEST)) as pieces:  # type: ignore[type-var]
        for draft in parse_lines(pieces):
            if draft is not None and draft.refusal:
                break
            if draft is None or not (found := supported(draft.text, answer.citations, reader)):
                yield _with(answer, said)
                continue
            said.append(Statement(draft.text, tuple(c.marker for c in found), "supported", "written"))
            yield _with(answer, said)
    if not said:
        note = word("no_prose", answer.language)
        yield replace(answer, note=f"{answer.note} {note}".strip())


def supported(text: str, citations: tuple[Citation, ...], reader: Reader) -> list[Citation]:
    """The first citation whose quote supports a sentence; none when no quote does."""
    for citation in citations:
        around = f"{citation.article.title}\n{citation.article.published or ''}"
        if judge(text, citation.quote, reader=reader, around=around) == "supported":
            return [citation]
    return []


def _with(answer: Answer, said: list[Statement]) -> Answer:
    if not said:
        return answer
    return replace(answer, mode="written", statements=(*said, *answer.statements))

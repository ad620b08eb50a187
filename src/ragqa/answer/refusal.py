"""Decide between an answer, a possible answer and a refusal; word the refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragqa.answer.messages import word
from ragqa.retrieval import answerability
from ragqa.types import Answer, Status


def status_of(confidence: float, *, refuse_below: float | None = None) -> Status:
    """The outcome for a confidence; below ``refuse_below`` (by default the fitted threshold) it is a refusal."""
    least: float = answerability.fitted()["refuse_below"] if refuse_below is None else refuse_below
    if confidence < least:
        return "not_found"
    sure: float = answerability.fitted()["answered_from"]
    return "answered" if confidence >= sure else "possible"


def not_found_among(answer: Answer, passed: int, undated: int) -> Answer:
    """The same answer as a refusal under a filter that lets ``passed`` articles pass and leaves ``undated`` out."""
    left_out = word("undated", answer.language, n=str(undated)) if undated else ""
    key = "not_found_filtered" if passed else "nothing_passes"
    note = word(key, answer.language, question=answer.question, n=str(passed), undated=left_out)
    return replace(not_found(answer), note=note)


def not_found(answer: Answer, absent: Sequence[str] = ()) -> Answer:
    """The same answer as a refusal; ``absent`` are names of the question that no article of the index holds."""
    name = ("、" if answer.language == "zh" else ", ").join(absent)
    key = "not_found_name" if absent else "not_found"
    note = word(key, answer.language, question=answer.question, name=name)
    return replace(answer, status="not_found", statements=(), citations=(), answers=(), note=note)

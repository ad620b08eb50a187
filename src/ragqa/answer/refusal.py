"""Decide between an answer, a possible answer and a refusal; word the refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragqa.answer.messages import word
from ragqa.index import Index
from ragqa.retrieval import Question, answerability, as_written
from ragqa.types import EVERYTHING, Answer, Filter, Status


def status_of(confidence: float, *, refuse_below: float | None = None) -> Status:
    """The outcome for a confidence; below ``refuse_below`` (by default the fitted threshold) it is a refusal."""
    if confidence < least_for("possible", refuse_below):
        return "not_found"
    return "answered" if confidence >= least_for("answered", refuse_below) else "possible"


def least_for(status: Status, refuse_below: float | None = None) -> float:
    """The least confidence of an outcome; ``refuse_below`` stands for the fitted one of a possible answer."""
    if status == "possible" and refuse_below is not None:
        return refuse_below
    fitted = answerability.fitted()
    return float(fitted["answered_from"] if status == "answered" else fitted["refuse_below"])


def explained(answer: Answer, question: Question, index: Index, filters: Filter) -> Answer:
    """The same refusal, with the names that are nowhere, or with how many articles a filter lets pass."""
    if filters == EVERYTHING:
        return not_found(answer, [as_written(n, question.text) for n in index.absent(question.names)])
    return not_found_among(answer, *index.passing(filters))


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

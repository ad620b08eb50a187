"""Decide between an answer, a possible answer and a refusal; word the refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ragqa.answer.messages import word
from ragqa.answer.transliteration import whole_name
from ragqa.index import SearchIndex
from ragqa.retrieval import Question, Taken, answerability, as_written, suggested
from ragqa.types import EVERYTHING, Answer, Filter, Language, Status


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


def explained(
    answer: Answer, question: Question, index: SearchIndex, filters: Filter, taken: Sequence[Taken] = ()
) -> Answer:
    """The same answer with a note: of a refusal what was looked at, of any what words were taken for.

    Where it is no sure answer, and the whole index was asked, also which name may have been meant.
    """
    if answer.status == "not_found":
        answer = _refused(answer, question, index, filters)
    if answer.status != "answered" and filters == EVERYTHING and not taken:
        near = [name for _, name in suggested(index, question)]
        answer = noted(answer, "suggested", names=_joined(near, answer.language)) if near else answer
    for each in taken:
        answer = noted(answer, "taken", asked=each.asked, names=_joined(each.names, answer.language))
    return answer


def _refused(answer: Answer, question: Question, index: SearchIndex, filters: Filter) -> Answer:
    if filters != EVERYTHING:
        return not_found_among(answer, *index.passing(filters))
    absent = [as_written(name, question.text) for name in index.absent(question.names)]
    return not_found(answer, list(dict.fromkeys(whole_name(name, question.text) for name in absent)))


def noted(answer: Answer, key: str, **values: str) -> Answer:
    """The same answer with one more sentence in its note."""
    between = "" if answer.language == "zh" else " "
    return replace(answer, note=f"{answer.note}{between}{word(key, answer.language, **values)}".strip())


def _joined(names: Sequence[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(names)


def not_found_among(answer: Answer, passed: int, undated: int) -> Answer:
    """The same answer as a refusal under a filter that lets ``passed`` articles pass and leaves ``undated`` out."""
    left_out = word("undated", answer.language, n=str(undated)) if undated else ""
    key = "not_found_filtered" if passed else "nothing_passes"
    note = word(key, answer.language, question=answer.question, n=str(passed), undated=left_out)
    return replace(not_found(answer), note=note)


def not_found(answer: Answer, absent: Sequence[str] = ()) -> Answer:
    """The same answer as a refusal; ``absent`` are names of the question that no article of the index holds."""
    key = "not_found_name" if absent else "not_found"
    note = word(key, answer.language, question=answer.question, name=_joined(absent, answer.language))
    return replace(answer, status="not_found", statements=(), citations=(), answers=(), note=note)

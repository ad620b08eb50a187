"""Read gold questions: what is asked, what a right answer contains, where the evidence stands.

Two forms are read: JSON lines (one ``ragqa gold schema`` object each), and a BEIR folder (``queries.jsonl``
with ``qrels.tsv`` or ``qrels/*.tsv``, beside its ``corpus.jsonl``). Rows of a BEIR folder may say more:
``answers``, ``answers_by_lang``, ``answer_groups``, ``answerable``, ``group``, ``removed_doc``.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator

from ragqa.errors import GoldError
from ragqa.text import language_of
from ragqa.types import Language

_ID = AliasChoices("id", "_id")


class Evidence(BaseModel, frozen=True, extra="forbid"):
    """Words of an article that answer a question."""

    article_id: str = Field(min_length=1, description="id of the article, as `ragqa search` gives it")
    quote: str = Field(min_length=1, description="its exact words")


class GoldRow(BaseModel, frozen=True, extra="forbid"):
    """One line of a gold set."""

    id: str = Field(min_length=1, description="unique in its file")
    question: str = Field(min_length=1, max_length=2000)
    language: Language | None = Field(None, description="of the question; found by its letters if absent")
    answerable: bool = Field(True, description="whether the corpus holds an answer")
    answers: list[list[str]] = Field(
        default_factory=list,
        description="groups of alternatives: an answer is right when it holds one of every group",
    )
    evidence: list[Evidence] = Field(default_factory=list, description="where the answer stands")
    tags: list[str] = Field(default_factory=list, description="names of slices: why, number, two-articles …")
    group: str | None = Field(
        None, description="questions of one group are resampled together; the first article if absent"
    )

    @model_validator(mode="after")
    def _consistent(self) -> GoldRow:
        if not self.question.strip():
            raise ValueError("the question is empty")
        if not self.answerable and (self.answers or self.evidence):
            raise ValueError("an unanswerable question has neither answers nor evidence")
        if self.answerable and not self.answers and not self.evidence:
            raise ValueError('give answers, evidence, or "answerable": false')
        if any(not group or not all(alternative.strip() for alternative in group) for group in self.answers):
            raise ValueError("every group of answers holds at least one alternative, none of them empty")
        return self


class _Query(BaseModel):
    """One line of a BEIR folder's queries.jsonl; what is not named here is left alone.

    ``removed_doc`` is the article that would have answered, had it not been taken out.
    """

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str = Field(validation_alias=_ID)
    text: str = Field(min_length=1)
    answerable: bool | None = None
    answers: list[str] = []
    answers_by_lang: dict[str, list[str]] = {}
    answer_groups: list[list[str]] | None = None
    tags: list[str] = []
    group: str | None = None
    removed_doc: str | None = None

    def groups(self) -> list[list[str]]:
        """Groups of alternatives; what stands without groups is one, in whichever language."""
        alternatives = [*self.answers, *(a for answers in self.answers_by_lang.values() for a in answers)]
        return self.answer_groups or ([list(dict.fromkeys(alternatives))] if alternatives else [])


Row = TypeVar("Row", GoldRow, _Query)


@dataclass(frozen=True, slots=True)
class Gold:
    """A question with what is known of its answer; ``relevant`` are ids of articles that hold it."""

    id: str
    question: str
    language: Language
    answerable: bool
    answers: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    relevant: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    group: str = ""


@dataclass(frozen=True, slots=True)
class GoldSet:
    """The questions of one file or folder; ``corpus`` is the folder's own, if it has one."""

    path: Path
    digest: str
    questions: tuple[Gold, ...]
    corpus: Path | None = None


def read_gold(path: Path, *, cluster: str | None = None) -> GoldSet:
    """The gold set of a JSON lines file or a BEIR folder.

    ``cluster`` is a regular expression for ids of articles: questions whose first article (without any, whose
    group) gives the same match are resampled together. Raises GoldError with file, line and remedy.
    """
    if path.is_dir():
        questions = list(_folder(path))
        files = [path / "queries.jsonl", *_qrels(path)]
    else:
        questions = [_gold(row) for row in _rows(path, GoldRow)]
        files = [path]
    if not questions:
        raise GoldError(f"{path} holds no question")
    if cluster:
        try:
            questions = [_clustered(question, cluster) for question in questions]
        except re.error as error:
            raise GoldError(f"{cluster!r} is no pattern of article ids: {error}") from error
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()
    corpus = path / "corpus.jsonl"
    return GoldSet(path, digest, tuple(questions), corpus if path.is_dir() and corpus.is_file() else None)


def misquoted(gold: GoldSet, texts: Mapping[str, str]) -> Iterator[str]:
    """Evidence that does not stand in the articles, one sentence each."""
    for question in gold.questions:
        for evidence in question.evidence:
            if evidence.article_id not in texts:
                yield f"{gold.path}: {question.id}: no article has the id {evidence.article_id!r}"
            elif evidence.quote not in texts[evidence.article_id]:
                yield f"{gold.path}: {question.id}: {evidence.article_id} does not hold “{evidence.quote}”"


def gold_line(row: GoldRow) -> str:
    """A row as a line of a gold set."""
    return json.dumps(row.model_dump(exclude_none=True), ensure_ascii=False)


def _gold(row: GoldRow) -> Gold:
    relevant = tuple(dict.fromkeys(e.article_id for e in row.evidence))
    return Gold(
        row.id,
        row.question,
        row.language or language_of(row.question),
        row.answerable,
        tuple(map(tuple, row.answers)),
        tuple(row.evidence),
        relevant,
        tuple(row.tags),
        row.group or min(relevant, default=row.id),
    )


def _folder(folder: Path) -> Iterator[Gold]:
    relevant: dict[str, list[str]] = {}
    for path in _qrels(folder):
        for number, raw in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                columns = raw.decode("utf-8-sig").split()
                if not columns or (number == 1 and columns[0] == "query-id"):
                    continue
                # TREC's form has a column "0" before the document.
                query, *_, document, relevance = columns
                if len(columns) not in (3, 4):
                    raise ValueError
                if float(relevance) > 0:
                    relevant.setdefault(query, []).append(document)
            except ValueError as error:
                raise GoldError(f"{path}, line {number}: it is not “query document relevance”") from error
    for row in _rows(folder / "queries.jsonl", _Query):
        articles = tuple(relevant.get(row.id, ()))
        if row.answerable is None and not articles:
            continue  # a query of another split
        answerable = row.answerable is not False
        yield Gold(
            row.id,
            row.text,
            language_of(row.text),
            answerable,
            tuple(map(tuple, row.groups())) if answerable else (),
            (),
            articles,
            tuple(row.tags),
            row.group or min(articles, default=row.removed_doc or row.id),
        )


def _qrels(folder: Path) -> list[Path]:
    found = [p for p in [folder / "qrels.tsv", *sorted((folder / "qrels").glob("*.tsv"))] if p.is_file()]
    # Of several splits the one that is evaluated on.
    found = [p for p in found if p.stem in ("qrels", "test")] or found
    if not found or not (folder / "queries.jsonl").is_file():
        raise GoldError(
            f"{folder} is no BEIR folder: it needs queries.jsonl, and qrels.tsv or qrels/test.tsv"
        )
    return found


def _rows(path: Path, kind: type[Row]) -> Iterator[Row]:
    if not path.is_file():
        raise GoldError(f"the gold set {path} does not exist")
    seen: dict[str, int] = {}
    for number, raw in enumerate(path.read_bytes().splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            row = kind.model_validate_json(raw.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise GoldError(f"{path}, line {number}: it is not UTF-8; save it as UTF-8") from error
        except ValidationError as error:
            raise GoldError(f"{path}, line {number}: {_first(error)}; see: ragqa gold schema") from error
        if row.id in seen:
            raise GoldError(f"{path}, line {number}: line {seen[row.id]} has the id {row.id!r} already")
        seen[row.id] = number
        yield row


def _first(error: ValidationError) -> str:
    detail: Any = error.errors()[0]
    where = ".".join(map(str, detail["loc"]))
    return f"{where}: {detail['msg']}" if where else str(detail["msg"])


def _clustered(question: Gold, pattern: str) -> Gold:
    found = re.search(pattern, min(question.relevant, default=question.group))
    return replace(question, group=found.group()) if found else question

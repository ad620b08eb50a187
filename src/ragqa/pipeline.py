"""The second story: a question to an answer. With building.py the only place that joins the rooms."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator as Steps
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ragqa import loading
from ragqa.answering import Clock, absent_names, extracted, not_found
from ragqa.confidence import length_of
from ragqa.current import Current
from ragqa.encoder import SentenceEncoder
from ragqa.errors import IndexMissingError, ModelError, QuestionError
from ragqa.examples import example_questions
from ragqa.generating import generate
from ragqa.generator import Timed
from ragqa.index import Filter, Index
from ragqa.loading import LazyEncoder, LazyGenerator
from ragqa.reading import Evidence, Question
from ragqa.records import Answer, Article, Generator, Language, Passage
from ragqa.remembering import Remembered
from ragqa.retrieval import EVERYTHING, Query, holding, rank_articles, retrieve
from ragqa.settings import Settings
from ragqa.text import language_of
from ragqa.translating import Translator, stand_alone
from ragqa.versions import Manifest, read_manifest
from ragqa.wording import word

_log = logging.getLogger(__name__)
MOST_CHARACTERS = 2000
# Answers: some kilobytes each, beside articles that the index holds anyway.
_REMEMBERED = 200
# A translation takes about one.
_TRANSLATION_SECONDS = 15.0
# From here on a name that no passage writes as the question does is taken for another spelling.
_SURE = 0.75


class Pipeline:
    """An open index, its encoder, and a language model that loads when it is first needed."""

    def __init__(
        self,
        settings: Settings,
        *,
        encoder: SentenceEncoder | LazyEncoder,
        generator: LazyGenerator,
        verified: bool = False,
    ) -> None:
        self.settings = settings
        self._encoder = encoder
        self._generator = generator
        self._translator = Translator()
        self._answered: Remembered[Answer] = Remembered(_REMEMBERED)
        self._current = Current(settings.index, self._require_encoder, verified=verified)

    @classmethod
    def open(
        cls, settings: Settings, *, warm: bool = False, require_index: bool = True, verified: bool = False
    ) -> Pipeline:
        """Load the encoder and the index, and with ``warm`` the language model beside them.

        ``verified`` compares the files of every version with their SHA-256 before it answers.
        Raises ModelError, IndexMissingError, IndexMismatchError.
        """
        if require_index:
            read_manifest(settings.index)
        generator = LazyGenerator(settings)
        if warm:
            generator.load_in_background()
        pipeline = cls(
            settings, encoder=loading.load_encoder(settings), generator=generator, verified=verified
        )
        if require_index:
            pipeline._require_index()
        return pipeline

    @classmethod
    def for_server(cls, settings: Settings) -> Pipeline:
        """One that is there at once: its index is opened, and its models are loaded, by ``warm``.

        Every version of the index is compared with its SHA-256 before it answers. Raises ModelMissingError.
        """
        return cls(settings, encoder=LazyEncoder(settings), generator=LazyGenerator(settings), verified=True)

    @property
    def index(self) -> Index | None:
        """The current version; a rebuild is picked up at the next question."""
        return self._current.get()

    @property
    def opening(self) -> bool:
        """Whether the index or the encoder is still being opened."""
        loads = isinstance(self._encoder, LazyEncoder) and not self._encoder.loaded
        return loads or self._current.opening

    @property
    def problem(self) -> str:
        """Why the newest version of the index does not answer, but the one before; "" when it does."""
        return self._current.problem

    @property
    def loading(self) -> bool:
        """Whether the language model is being loaded."""
        return self._generator.loading

    @property
    def models(self) -> dict[str, str]:
        """Names of the models in use."""
        return {"encoder": self._encoder.id, "generator": self.settings.generator}

    @property
    def encoder(self) -> SentenceEncoder | LazyEncoder:
        """The encoder in use."""
        return self._encoder

    def require_generator(self) -> Generator:
        """The language model. Raises ModelError where it cannot be used."""
        generator = self._generator.get()
        if generator is None:
            raise self._generator.error or ModelError("there is no language model")
        return generator

    def describe(self) -> dict[str, str | int]:
        """Version and size of the index in use."""
        return _facts(self._require_index())

    def examples(self, language: Language) -> list[str]:
        """Up to four questions in a language that this corpus can be asked."""
        return example_questions(self._require_index().articles, gold=self.settings.gold, language=language)

    def warm(self) -> None:
        """Open the index and load the models in the background, so that the first question need not wait."""
        threading.Thread(target=self._warm, daemon=True, name="ragqa-load").start()

    def _warm(self) -> None:
        self._current.try_open()
        try:
            if isinstance(self._encoder, LazyEncoder):
                self._encoder.get()
        except ModelError as error:
            _log.error("no question can be answered: %s", error)
        self._generator.get()

    def article(self, article_id: str) -> Article:
        """The stored article of an id. Raises ArticleNotFoundError."""
        return self._require_index().article(article_id)

    def search(
        self,
        question: str,
        *,
        k: int | None = None,
        wanted: Filter = EVERYTHING,
        use_llm: bool = True,
        by_article: bool = False,
    ) -> list[Passage]:
        """The best passages for a question; ``by_article`` gives each article's best chunk instead.

        With ``use_llm`` the language model translates a question that may be answered in the other
        language: about a second, once a question. QuestionError as in ``stream``.
        """
        question, index = _checked(question), self._require_index()
        translation = None
        if use_llm and _crosses(question, index, wanted) and (generator := self._generator.get()):
            translation = self._translator.translate(question, Timed(generator, _TRANSLATION_SECONDS))
        query = Query.of(question, encoder=self._encoder, translation=translation)
        find = rank_articles if by_article else retrieve
        return find(query, index=index, k=k or self.settings.k, wanted=wanted)

    def answer(self, question: str, **options: Any) -> Answer:
        """The finished answer to a question; options as in ``stream``."""
        *_, last = self.stream(question, **options)
        return last

    def stream(
        self,
        question: str,
        *,
        k: int | None = None,
        language: Language | None = None,
        wanted: Filter = EVERYTHING,
        use_llm: bool = True,
        after: str | None = None,
    ) -> Iterator[Answer]:
        """Ever more complete answers: sources, then verbatim sentences, then verified statements.

        A question asked ``after`` another is first put so that it stands alone (about a second); the
        answers' ``question`` is then that one, ``asked`` the reader's words. Closing the iterator stops
        the language model. QuestionError when the question is empty or longer than 2,000 characters.
        """
        asked = question = _checked(question)
        clock, index = Clock(), self._require_index()
        if after and use_llm and (generator := self._generator.get()):
            limited = Timed(generator, _TRANSLATION_SECONDS)
            question = stand_alone(question, limited, after=_checked(after))[:MOST_CHARACTERS]
        key = (index.manifest.version, question, k, language, wanted, use_llm)
        if known := self._answered.get(key):
            yield clock.stamp(replace(known, cached=True, asked=asked, timings_ms={}))
            return
        answer = None
        for answer in self._answer(question, index, clock, k or self.settings.k, language, wanted, use_llm):
            answer = replace(answer, asked=asked)
            yield answer
        if answer is not None and (not use_llm or answer.mode == "generated"):
            self._answered.put(key, answer)

    def _answer(
        self,
        question: str,
        index: Index,
        clock: Clock,
        k: int,
        language: Language | None,
        wanted: Filter,
        use_llm: bool,
    ) -> Iterator[Answer]:
        def find(translation: str | None) -> tuple[Query, list[Passage]]:
            query = Query.of(question, encoder=self._encoder, translation=translation)
            return query, retrieve(query, index=index, k=k, wanted=wanted)

        crosses = use_llm and _crosses(question, index, wanted)
        long = length_of(articles=index.manifest.articles, chunks=index.manifest.chunks)
        base = Answer(
            question,
            language or language_of(question),
            "not_found",
            mode="sources",
            signs={"long": long},
            index=_facts(index),
        )
        known = self._translator.known(question) if crosses else None
        query, passages = find(known)
        answer, evidence = yield from self._look(base, query, passages, index, clock)
        generator = self._generator.get() if use_llm and answer.passages else None
        translation = None
        if generator and crosses and not known:
            translation = self._translator.translate(question, Timed(generator, _TRANSLATION_SECONDS))
        if translation:
            query, passages = find(translation)
            answer, evidence = yield from self._look(base, query, passages, index, clock)
        asked = Question.of(question, query.vector)
        absent = absent_names(question, answer.passages)
        if not answer.statements or evidence.lacks(asked) or (absent and answer.confidence < _SURE):
            yield clock.stamp(not_found(answer, absent))
        elif generator:
            limited = Timed(generator, self.settings.deadline)
            yield from generate(
                answer, asked, query, evidence, generator=limited, settings=self.settings, clock=clock
            )
        elif answer.confidence < self.settings.refuse_below:
            yield clock.stamp(not_found(answer, absent, confidence=answer.confidence))
        else:
            note = word("no_model", answer.language, reason=str(self._generator.error)) if use_llm else ""
            yield clock.stamp(replace(answer, note=note))

    def _look(
        self, base: Answer, query: Query, passages: list[Passage], index: Index, clock: Clock
    ) -> Steps[Answer, None, tuple[Answer, Evidence]]:
        """Show sources, then their best verbatim sentences; returns the answer so far and its evidence."""
        clock.mark("retrieve")
        answer = replace(base, passages=tuple(passages))
        yield clock.stamp(answer)
        evidence = Evidence.gather(passages, encoder=self._encoder, holding=holding(query, index))
        answer = extracted(answer, Question.of(base.question, query.vector), evidence)
        if answer.statements:
            clock.mark("first_statement")
            yield clock.stamp(answer)
        return answer, evidence

    def _require_encoder(self, manifest: Manifest) -> None:
        manifest.require(encoder=self._encoder.id, fingerprint=self._encoder.fingerprint)

    def _require_index(self) -> Index:
        index = self.index
        if index is None:
            raise IndexMissingError(f"there is no index in {self.settings.index}/; run: ragqa index")
        return index


def _facts(index: Index) -> dict[str, str | int]:
    manifest = index.manifest
    return {"version": manifest.version, "articles": manifest.articles, "chunks": manifest.chunks}


def _checked(question: str) -> str:
    """A question without what no model takes (lone surrogates), or QuestionError."""
    question = question.encode("utf-8", "ignore").decode().strip()
    if not question or len(question) > MOST_CHARACTERS:
        raise QuestionError(f"a question has 1 to {MOST_CHARACTERS} characters, not {len(question)}")
    return question


def _crosses(question: str, index: Index, wanted: Filter) -> bool:
    """Whether a question may be answered by articles in another language than its own."""
    return bool(index.languages_of(wanted) - {language_of(question)})

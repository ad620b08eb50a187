"""Composition root: from a question to its answer by retrieval, reader, quotes, translation and writing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ragqa.answer import (
    TRANSLATED,
    answered,
    digested,
    explained,
    foreign,
    glosses,
    translation_beginning,
    with_passages,
    word,
    written,
)
from ragqa.cache import Cache
from ragqa.errors import IndexMissingError, ModelError
from ragqa.index import Current, Manifest, SearchIndex, manifest_at
from ragqa.models import (
    Generator,
    LazyEncoder,
    LazyGenerator,
    LazyReader,
    Reader,
    TextEncoder,
    Timed,
    loading,
)
from ragqa.retrieval import (
    JUDGED,
    Query,
    Question,
    Translator,
    analysed,
    in_words_of,
    rank_articles,
    read_operators,
    retrieve,
)
from ragqa.settings import Settings, shown
from ragqa.text import TERMS
from ragqa.timing import Clock
from ragqa.types import EVERYTHING, Answer, Article, Filter, Language, Passage

_log = logging.getLogger(__name__)
_REMEMBERED = 200  # Answers: some kilobytes each, beside articles that the index holds anyway.
_TRANSLATION_SECONDS = 15.0  # A translation takes about one.
_TURN = 0.2  # Seconds for requests that waited: loading tokenizer or language model holds the interpreter for a second.


class Pipeline:
    """An open index, its encoder and reader, and a language model that loads when it is first needed."""

    def __init__(
        self,
        settings: Settings,
        *,
        encoder: TextEncoder | LazyEncoder,
        generator: LazyGenerator,
        reader: Reader | None = None,
        verified: bool = False,
    ) -> None:
        self.settings = settings
        self.encoder = encoder
        self.reader: Reader = reader or LazyReader(settings)
        self._generator = generator
        self._translator = Translator()
        self._answered: Cache[Answer] = Cache(_REMEMBERED)
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
            manifest_at(settings.index)
        generator = _generator(settings)
        if warm:
            generator.load_in_background()
        loading.require_address_space()
        loading.compile_ahead(settings)
        encoder = loading.load_encoder(settings)
        pipeline = cls(settings, encoder=encoder, generator=generator, verified=verified)
        if require_index:
            pipeline._require_index()
        return pipeline

    @classmethod
    def for_server(cls, settings: Settings) -> Pipeline:
        """One that is there at once: its models are compiled meanwhile, and loaded by ``warm``, as its index is.

        Every version of the index is compared with its SHA-256 before it answers. Raises ModelMissingError.
        """
        loading.require_address_space()
        loading.compile_ahead(settings)
        return cls(settings, encoder=LazyEncoder(settings), generator=_generator(settings), verified=True)

    @property
    def index(self) -> SearchIndex | None:
        """The current version; a rebuild is picked up at the next question."""
        return self._current.get()

    @property
    def opening(self) -> bool:
        """Whether the index or the encoder is still being opened."""
        return self._current.opening or (isinstance(self.encoder, LazyEncoder) and not self.encoder.loaded)

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
        return {"encoder": self.encoder.id, "reader": self.reader.id, "generator": self.settings.generator}

    def require_generator(self) -> Generator:
        """The language model. Raises ModelError where it cannot be used."""
        generator = self._generator.get()
        if generator is None:
            raise self._generator.error or ModelError("there is no language model")
        return generator

    def describe(self) -> dict[str, str | int]:
        """Version and size of the index in use."""
        return self._require_index().manifest.facts

    def examples(self, language: Language) -> list[str]:
        """Up to four questions in a language that this corpus can be asked."""
        from ragqa.corpus import example_questions

        return example_questions(self._require_index().listing, gold=self.settings.gold, language=language)

    def warm(self) -> None:
        """Open the index and load the models in the background, so that the first question need not wait."""
        threading.Thread(target=self._warm, daemon=True, name="ragqa-load").start()

    def _warm(self) -> None:
        time.sleep(_TURN)
        self._current.try_open()
        try:
            for model in (self.encoder, self.reader):
                if isinstance(model, LazyEncoder | LazyReader):
                    model.get()
        except ModelError as error:
            _log.error("no question can be answered: %s", error)
        time.sleep(_TURN)
        self._generator.get()

    def article(self, article_id: str) -> Article:
        """The stored article of an id. Raises ArticleNotFoundError."""
        return self._require_index().article(article_id)

    def search(
        self,
        question: str,
        *,
        k: int | None = None,
        filters: Filter = EVERYTHING,
        use_llm: bool = True,
        by_article: bool = False,
    ) -> list[Passage]:
        """The best passages for a question; ``by_article`` gives each article's best chunk instead.

        With ``use_llm`` the language model translates a question that may be answered in the other language: about a
        second, once a question. Operators ("phrase", -word, title:) narrow the filter. QuestionError as in ``stream``.
        """
        typed = read_operators(question, filters, only_phrases=True)
        asked, filters, index = Question.of(typed.words), typed.filters, self._require_index()
        translation = None
        others = (index.languages_of(filters) & TRANSLATED) - {asked.language}
        if use_llm and others and (generator := self._translating()):
            translation = self._translator.translate(asked.text, generator)
        query = Query.of(in_words_of(index, asked)[0], encoder=self.encoder, translation=translation)
        find = rank_articles if by_article else retrieve
        found = find(query, index=index, k=k or self.settings.k, filters=filters, reader=self.reader)
        return list(found.passages)

    def answer(self, question: str, **options: Any) -> Answer:
        """The finished answer to a question; options as in ``stream``."""
        return [*self.stream(question, **options)][-1]

    def stream(
        self,
        question: str,
        *,
        k: int | None = None,
        language: Language | None = None,
        filters: Filter = EVERYTHING,
        use_llm: bool = True,
        translate: bool = True,
        write: bool | None = None,
        after: str | None = None,
    ) -> Iterator[Answer]:
        """Ever more complete answers: sources, then quotes, then their translations, then what is written.

        Without ``use_llm`` there is neither translation nor writing, and follow-ups are resolved by their form.
        A question asked ``after`` another is first put so that it stands alone; the answers' ``question`` is
        then that one, ``asked`` the reader's words. Closing the iterator stops the language model.
        QuestionError when the question is empty or longer than 2,000 characters, or an operator in it is no date.
        """
        clock, index = Clock(), self._require_index()
        model = self._translating if use_llm else None
        asked, filters = analysed(question, after=after, filters=filters, model=model)
        write = use_llm and (self.settings.write if write is None else write)
        translate = use_llm and translate
        key = (index.manifest.version, asked.text, k, language, filters, use_llm, translate, write)
        if known := self._answered.get(key):
            yield clock.stamp(replace(known, cached=True, asked=asked.asked, timings_ms={}))
            return
        base = Answer(
            asked.text, language or asked.language, "not_found", asked=asked.asked, mode="sources",
            kind=asked.kind, index=self.describe(),
        )  # fmt: skip
        for answer in self._answer(base, asked, index, clock, k or self.settings.k, filters):
            yield answer
        translate = translate and any(foreign(answer))
        try:
            for more in self._with_language_model(answer, clock, translate=translate, write=write):
                answer = more
                yield answer
        except ModelError as error:
            left = translate and "translated" not in answer.timings_ms
            note = word("not_translated" if left else "not_written", answer.language, reason=str(error))
            yield clock.stamp(replace(answer, note=f"{answer.note} {note}".strip()))
            return
        self._answered.put(key, answer)

    def _translating(self) -> Generator | None:
        """The language model for what takes about a second; None where there is none."""
        generator = self._generator.get()
        return Timed(generator, _TRANSLATION_SECONDS) if generator else None

    def _answer(
        self, base: Answer, question: Question, index: SearchIndex, clock: Clock, k: int, filters: Filter
    ) -> Iterator[Answer]:
        """Sources, then the quotes that answer or a refusal."""
        examples, encoder = self.examples, self.encoder
        if digest := digested(base, question, index, encoder, k=k, filters=filters, examples=examples):
            yield clock.stamp(digest)
            return
        spelled, taken = in_words_of(index, question)
        query = Query.of(spelled, encoder=encoder)
        # An answer may quote all that is read, however many passages are shown.
        found = retrieve(query, index=index, k=max(k, JUDGED), filters=filters, reader=self.reader)
        clock.mark("retrieve")
        answer = replace(base, passages=found.passages)
        yield clock.stamp(answer)
        answer = answered(answer, question, found, refuse_below=self.settings.refuse_below)
        answer = with_passages(explained(answer, question, index, filters, taken), k)
        if answer.statements:
            clock.mark("first_statement")
        yield clock.stamp(answer)

    def _with_language_model(
        self, answer: Answer, clock: Clock, *, translate: bool, write: bool
    ) -> Iterator[Answer]:
        """The answer with its translations, and with a written one above it. Raises ModelError."""
        if not answer.statements or not (translate or write):
            return
        limited = Timed(self.require_generator(), self.settings.deadline)
        glossed = answer
        for glossed in glosses(answer, limited) if translate else ():
            yield clock.stamp(glossed)
        if translate:
            clock.mark("translated")
            yield clock.stamp(glossed)
        for prose in written(glossed, limited, self.reader) if write else ():
            yield clock.stamp(prose)

    def _require_encoder(self, manifest: Manifest) -> None:
        manifest.require(encoder=self.encoder.id, fingerprint=self.encoder.fingerprint, lexical=TERMS)

    def _require_index(self) -> SearchIndex:
        if (index := self.index) is None:
            raise IndexMissingError(f"there is no index in {shown(self.settings.index)}; run: ragqa index")
        return index


def _generator(settings: Settings) -> LazyGenerator:
    return LazyGenerator(settings, beginning=translation_beginning())

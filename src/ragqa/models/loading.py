"""Load the models that the settings name, at once or when first needed."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ragqa.errors import ModelError
from ragqa.models import catalogue, graph
from ragqa.models.encoder import SentenceEncoder, TextEncoder, fingerprint
from ragqa.models.generator import load as load_generator
from ragqa.models.openvino_encoder import OpenVinoEncoder
from ragqa.models.prompt_state import Beginning
from ragqa.models.protocols import Generator, Message, TokenSink
from ragqa.models.reader import FILE, CrossEncoderReader, Reader, Reading, TrainedReader
from ragqa.settings import Settings
from ragqa.types import Vectors

# Address space that the libraries of encoder and reader take; with 2,800 MB they load, with 2,700 they fail.
_ADDRESSES = 2_900 * 2**20


class LazyEncoder:
    """The encoder: id and fingerprint at once, the weights when first used or loaded ahead."""

    def __init__(self, settings: Settings) -> None:
        """Raises ModelMissingError when it is not on this machine."""
        location = catalogue.locate(settings.encoder, role="encoder", home=settings.home)
        self.id = settings.encoder
        self.fingerprint = fingerprint(location)
        self._settings = settings
        self._loading = threading.Lock()
        self._encoder: TextEncoder | None = None

    @property
    def loaded(self) -> bool:
        """Whether it can encode without being loaded first."""
        return self._encoder is not None

    @property
    def dimension(self) -> int:
        """Numbers a vector has."""
        return self.get().dimension

    def get(self) -> TextEncoder:
        """The loaded encoder. Raises ModelError."""
        with self._loading:
            if self._encoder is None:
                self._encoder = load_encoder(self._settings)
        return self._encoder

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As the encoder does."""
        return self.get().count_tokens(texts)

    def encode_query(self, texts: Sequence[str], *, each: TokenSink | None = None) -> Vectors:
        """As the encoder does."""
        return self.get().encode_query(texts, each=each)

    def encode_passages(
        self,
        texts: Sequence[str],
        *,
        progress: Callable[[int, int], None] | None = None,
        each: TokenSink | None = None,
    ) -> Vectors:
        """As the encoder does."""
        return self.get().encode_passages(texts, progress=progress, each=each)


class LazyReader:
    """The reader, loaded when first used."""

    def __init__(self, settings: Settings) -> None:
        self.id = settings.reader
        self._settings = settings
        self._loading = threading.Lock()
        self._reader: Reader | None = None

    def get(self) -> Reader:
        """The loaded reader. Raises ModelError."""
        with self._loading:
            if self._reader is None:
                self._reader = load_reader(self._settings)
        return self._reader

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """As a reader does."""
        return self.get().read(question, texts)

    def supports(self, statement: str, texts: Sequence[str]) -> list[float]:
        """As a reader does."""
        return self.get().supports(statement, texts)


class LazyGenerator:
    """The language model, loaded once, when first used or ahead in the background."""

    def __init__(self, settings: Settings, *, beginning: Sequence[Message] = ()) -> None:
        self._settings = settings
        self._beginning = beginning
        self._loading = threading.Lock()
        self._generator: Generator | None = None
        self.error: ModelError | None = None

    @property
    def loading(self) -> bool:
        """Whether it is being loaded now."""
        return self._loading.locked()

    def load_in_background(self) -> None:
        """Start loading in the background."""
        threading.Thread(target=self.get, daemon=True, name="ragqa-load").start()

    def get(self) -> Generator | None:
        """The loaded model; None, and ``error`` set, when it cannot be used."""
        with self._loading:
            if self._generator is None and self.error is None:
                try:
                    self._generator = open_generator(self._settings, beginning=self._beginning)
                except ModelError as error:
                    self.error = error
        return self._generator


def load_encoder(settings: Settings) -> TextEncoder:
    """The encoder of the settings, from this machine only."""
    location = catalogue.locate(settings.encoder, role="encoder", home=settings.home)
    if settings.encoder == catalogue.READER_BASE:
        return OpenVinoEncoder.load(location, id=settings.encoder)
    return SentenceEncoder.load(location, id=settings.encoder)


def require_address_space() -> None:
    """Raise MemoryError where encoder and reader have too little room: their libraries would end the process."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < _ADDRESSES:
        raise MemoryError


def compile_ahead(settings: Settings) -> None:
    """Begin to compile the bundled encoder and reader, where the settings name them."""
    with suppress(ModelError):
        folder = Path(catalogue.locate(catalogue.READER_BASE, role="encoder", home=settings.home))
        if settings.reader == catalogue.READER:
            graph.ahead(folder, reader=FILE)
        if settings.encoder == catalogue.READER_BASE:
            graph.ahead(folder)


def load_reader(settings: Settings) -> Reader:
    """The reader of the settings, from this machine only."""
    if settings.reader != catalogue.READER:
        location = catalogue.locate(settings.reader, role="reader", home=settings.home)
        return CrossEncoderReader.load(location, id=settings.reader)
    folder = Path(catalogue.locate(catalogue.READER_BASE, role="encoder", home=settings.home))
    return TrainedReader.load(folder, id=settings.reader)


def open_generator(settings: Settings, *, beginning: Sequence[Message] = ()) -> Generator:
    """The language model of the settings, from this machine or the server that they name.

    A local one has read how prompts begin, as ``beginning`` does; what it computed of that stays in home.
    """
    if settings.generator == "none":
        raise ModelError("the setting generator is none")
    return load_generator(
        catalogue.locate(settings.generator, role="generator", home=settings.home),
        id=settings.generator,
        key=settings.generator_key.get_secret_value(),
        model=settings.generator_model,
        threads=settings.threads,
        context=settings.context,
        beginning=Beginning(beginning, settings.home / "prompts") if beginning else None,
    )

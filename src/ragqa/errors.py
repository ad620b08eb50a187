"""The exceptions of ragqa.

RagqaError                    exit 1   something failed; the message names it and the remedy
├── SettingsError             exit 2   a setting or a flag has a value that cannot be used
├── QuestionError             exit 2   a question is empty or too long
├── CorpusError               exit 1   the corpus cannot be read, or holds nothing to index
│   └── UploadError           exit 1   a file cannot be put into the corpus, or taken out, from the page
├── GoldError                exit 2   a gold set, or a run of one, cannot be used
├── ArticleNotFoundError      exit 1   no article has this id
├── IndexUnusableError        exit 3   (family) the index cannot answer
│   ├── IndexMissingError     exit 3   there is no index in the folder
│   ├── IndexMismatchError    exit 3   the index was built differently, or is damaged
│   └── StoreError            exit 3   the store of the index cannot be reached or used
├── IndexBusyError            exit 1   another process is writing the index
├── BusyError                 exit 1   the server has more to do than it can
└── ModelError                exit 4   (family) a model cannot be used
    ├── ModelMissingError     exit 4   the model is not on this machine
    └── ModelDamagedError     exit 4   a model file is not what it should be

Bad arguments between packages stay ValueError: they are bugs, not situations.
"""


class RagqaError(Exception):
    """A failure that a user can act on; the message says how."""

    exit_code = 1


class SettingsError(RagqaError):
    """A setting or a flag has a value that cannot be used."""

    exit_code = 2


class QuestionError(RagqaError, ValueError):
    """A question is empty or too long."""

    exit_code = 2


class CorpusError(RagqaError):
    """The corpus cannot be read, or holds nothing to index."""


class UploadError(CorpusError):
    """A file cannot be put into the corpus, or taken out of it, from the page.

    ``word`` and ``values`` say it in words.json, ``status`` to HTTP.
    """

    def __init__(self, word: str, status: int, **values: str | int) -> None:
        super().__init__(", ".join([word, *map(str, values.values())]))
        self.word = word
        self.status = status
        self.values = values


class GoldError(RagqaError):
    """A gold set, or a run of one, cannot be used."""

    exit_code = 2


class ArticleNotFoundError(RagqaError):
    """No article has this id."""


class IndexUnusableError(RagqaError):
    """The index cannot answer."""

    exit_code = 3


class IndexMissingError(IndexUnusableError):
    """There is no index in the folder."""


class IndexMismatchError(IndexUnusableError):
    """The index was built with something else, or its files are damaged."""


class StoreError(IndexUnusableError):
    """The store of an index cannot be reached, or not be used as it is."""


class IndexBusyError(RagqaError):
    """Another process is writing the index."""


class BusyError(RagqaError):
    """The server has more to do than it can; ``waiting`` questions are before this one."""

    def __init__(self, message: str, waiting: int = 0) -> None:
        super().__init__(message)
        self.waiting = waiting


class ModelError(RagqaError):
    """A model cannot be used."""

    exit_code = 4


class ModelMissingError(ModelError):
    """The model is not on this machine."""


class ModelDamagedError(ModelError):
    """A model file is not what the catalogue says it should be."""

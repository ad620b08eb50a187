"""Every default of the project, in one frozen object.

Flags, then ``RAGQA_*`` variables, then files named as these in the folder ``RAGQA_SECRETS`` (passwords that
no list of processes or variables shows), then a TOML file (``--config``), then what stands here.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import platformdirs
from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from ragqa.errors import SettingsError

# Passages that may be shown for a question, at most.
MOST_PASSAGES = 100
ENGINES = ("postgresql", "milvus")
# Where passwords stand in a URI: before the last @ of its host, and in its options.
_PASSWORD = re.compile(r"(://[^\s:/@]*):[^\s]*@")
_OPTION = re.compile(r"((?:password|token)=)[^&\s]*", re.IGNORECASE)
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,30}")


def masked(text: str) -> str:
    """A text without the passwords of the URIs in it."""
    return _OPTION.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a store keeps an index: postgresql://user:password@host:port/database?schema=ragqa, milvus://host:port/name.

    ``name`` is the schema in PostgreSQL, what the collections begin with in Milvus. Printed, it has no password.
    """

    engine: str
    name: str
    uri: SecretStr = field(repr=False)

    @classmethod
    def of(cls, uri: str) -> StoreAddress:
        """The address that a URI names. Raises ValueError for any other."""
        parts = urlsplit(uri)
        engine = "postgresql" if parts.scheme == "postgres" else parts.scheme
        if engine not in ENGINES:
            raise ValueError(
                f"it is a folder, or the URI of a store: {', '.join(f'{e}://' for e in ENGINES)}"
            )
        options = dict(parse_qsl(parts.query))
        name = options.pop("schema", "ragqa") if engine == "postgresql" else unquote(parts.path).strip("/")
        if not _NAME.fullmatch(name):
            what = "the schema (?schema=)" if engine == "postgresql" else "the name behind the last /"
            raise ValueError(f"{what} is made of up to 31 of a-z, 0-9 and _, and begins with no digit")
        # Without the schema, which libpq does not know.
        query = urlencode(options, quote_via=quote)
        return cls(engine, name, SecretStr(urlunsplit((engine, parts.netloc, parts.path, query, ""))))

    def __str__(self) -> str:
        """The URI without its password."""
        shown = masked(self.uri.get_secret_value())
        return (
            shown if self.engine == "milvus" else f"{shown}{'&' if '?' in shown else '?'}schema={self.name}"
        )


def shown(index: Path | StoreAddress) -> str:
    """A folder or a store as messages name it."""
    return f"{index}/" if isinstance(index, Path) else str(index)


def _place(index: Any) -> Any:
    """Not a Path, since that takes one of two slashes away."""
    return StoreAddress.of(index) if isinstance(index, str) and "://" in index else index


class Settings(BaseSettings):
    """What can be set; see docs/settings in the README for the names as flags and variables."""

    model_config = SettingsConfigDict(env_prefix="RAGQA_", frozen=True, extra="forbid")

    corpus: Path = Field(Path("corpus"), description="folder of articles, or one .jsonl file")
    index: Annotated[Path | StoreAddress, BeforeValidator(_place)] = Field(
        Path("index"), description="folder of the index, or postgresql://… or milvus://…"
    )
    gold: Path = Field(Path("gold/questions.jsonl"), description="questions that the page offers as examples")
    runs: Path = Field(Path("runs"), description="folder of evaluations")
    candidates: Path = Field(
        Path("gold/candidates.jsonl"), description="answers that readers judged, to be made gold questions"
    )
    home: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("ragqa")), description="models and caches"
    )

    encoder: str = Field(
        "multilingual-e5-small-q4", description="catalogue id, local sentence-transformers folder, or hub id"
    )
    reader: str = Field(
        "ragqa-reader",
        description="ragqa-reader (in the package), or a sentence-transformers CrossEncoder folder or hub id",
    )
    generator: str = Field(
        "qwen2.5-coder-1.5b-instruct-q4_k_m",
        description="catalogue id, .gguf path, local folder or hub id (transformers), http(s)://…/v1, or none",
    )
    generator_key: SecretStr = Field(SecretStr(""), description="bearer token of an OpenAI-compatible server")
    generator_model: str = Field("default", description="model name asked of an OpenAI-compatible server")
    threads: int = Field(0, ge=0, description="threads of the language model; 0 uses every core")
    context: int = Field(4096, ge=1024, description="tokens of the language model's window")
    max_tokens: int = Field(256, ge=16, le=4096, description="longest generated answer, in tokens")

    chunk_size: int = Field(300, ge=40, le=2000, description="Chinese characters a chunk, about")
    engine: str = Field(
        "serial",
        pattern=r"^(serial|ray|ray://[^/\s]+)$",
        description="what encodes: serial (this process), ray (a cluster started here) or ray://host:port",
    )
    nice: int = Field(
        10,
        ge=0,
        le=19,
        description="how far ragqa index and add give way to other programs, such as a server",
    )
    keep: int = Field(2, ge=1, description="versions of the index that stay; 2 allows one rollback")
    k: int = Field(5, ge=1, le=MOST_PASSAGES, description="passages shown for a question")
    refuse_below: float | None = Field(
        None,
        ge=0,
        le=1,
        description="confidence below which a question is refused; 0 never refuses; the fitted one by default",
    )
    write: bool = Field(False, description="let the language model write an answer above the quotes")

    host: str = Field("127.0.0.1", description="address that the page listens on")
    port: int = Field(7860, ge=0, le=65535, description="port that the page listens on")
    mcp_port: int = Field(7870, ge=0, le=65535, description="port of ragqa mcp --http")
    password: SecretStr = Field(
        SecretStr(""), description="what the page asks for; needed beyond this machine"
    )
    hosts: str = Field(
        "", description="names that the page is reached by from elsewhere, with commas between"
    )
    certificate: Path | None = Field(None, description="TLS certificate (PEM) of the page")
    certificate_key: Path | None = Field(None, description="key of the TLS certificate (PEM)")
    keys: Path = Field(
        default_factory=lambda data: data.get("home", Path()) / "keys.json",
        description="file of the keys of programs (ragqa keys); keys.json in home by default",
    )
    key_rate: int = Field(
        120, ge=1, description="requests a minute of a key that is made without --per-minute"
    )
    rate: int = Field(200, ge=1, description="requests a second that one client may make, over ten seconds")
    waiting: int = Field(16, ge=0, le=100, description="questions that may wait while another is answered")
    deadline: float = Field(60, gt=0, description="seconds that the language model may write an answer")

    @classmethod
    def load(cls, config: Path | None = None, **flags: Any) -> Settings:
        """Read the settings once, at an edge; a flag that is None was not given.

        Raises SettingsError naming the setting, its value and what is allowed.
        """
        if config is not None and not config.is_file():
            raise SettingsError(f"the settings file {config} does not exist")
        secrets = os.environ.get("RAGQA_SECRETS")
        if secrets and not Path(secrets).is_dir():
            raise SettingsError(f"RAGQA_SECRETS: there is no folder {secrets}")

        class Configured(cls):  # type: ignore[valid-type, misc]
            model_config = SettingsConfigDict(toml_file=config, secrets_dir=secrets or None)

        try:
            settings: Settings = Configured(
                **{name: value for name, value in flags.items() if value is not None}
            )
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise SettingsError(masked(f"setting {name} = {first.get('input')!r}: {first['msg']}")) from None
        except SourceError as error:
            raise SettingsError(
                f"a file in {secrets} (RAGQA_SECRETS) cannot be read: {error.__cause__ or error}"
            ) from error
        except ValueError as error:
            raise SettingsError(masked(f"the settings file {config} cannot be read: {error}")) from None
        return settings

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags win over the environment, the environment over secret files, these over the settings file."""
        return init_settings, env_settings, file_secret_settings, TomlConfigSettingsSource(settings_cls)

"""The bodies of requests below /v1/, as OpenAI's clients send them; what would change an answer unseen is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from ragqa.errors import QuestionError
from ragqa.retrieval import MOST_CHARACTERS, read_operators
from ragqa.server.i18n import WORDS
from ragqa.server.params import Articles, complaint
from ragqa.server.schemas import CHAT_EXAMPLE, EMBEDDING_EXAMPLE
from ragqa.settings import MOST_PASSAGES
from ragqa.types import Language

# Texts to encode in one request, and characters of each: the encoder takes turns with the questions.
MOST_TEXTS, LONGEST_TEXT = 256, 20_000


class ChatMessage(BaseModel, frozen=True):
    """One message of a conversation; only those of the user are read."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Any = Field(None, description="a text, or a list of parts of the type text")

    @property
    def text(self) -> str:
        """Its text. Raises ValueError where a part is no text."""
        if isinstance(self.content, str):
            return self.content
        parts = self.content if isinstance(self.content, list) else [None]
        texts = [part.get("text") if isinstance(part, dict) else None for part in parts]
        kinds = {part.get("type") for part in parts if isinstance(part, dict)}
        if not kinds <= {"text"} or not all(isinstance(text, str) for text in texts):
            raise ValueError("the content of a user's message is a text or a list of parts of the type text")
        return "\n".join(map(str, texts))


def _askable(messages: list[ChatMessage]) -> list[ChatMessage]:
    """Require a question, and that it can be asked."""
    said = [message.text for message in messages if message.role == "user"]
    if not said:
        raise ValueError("a message of the role user is needed: the last one is the question")
    try:
        read_operators(said[-1])
    except QuestionError as error:
        raise ValueError(str(error)) from error
    return messages


def _only(allowed: tuple[object, ...], said: str) -> BeforeValidator:
    """Allow some values of a parameter that is not supported, since they ask for nothing."""

    def check(value: object) -> object:
        if value not in allowed or (isinstance(value, bool) and value):
            raise ValueError(said)
        return value

    return BeforeValidator(check)


class Wishes(Articles, frozen=True, extra="forbid"):
    """Our extension of a chat request: which articles may answer, how many passages, the language of the answer."""

    k: int | None = Field(default=None, ge=1, le=MOST_PASSAGES)
    language: Language | None = None


class StreamOptions(BaseModel, frozen=True):
    """Whether a last chunk with ``usage`` is sent."""

    include_usage: bool | None = False


class ChatRequest(BaseModel, frozen=True, json_schema_extra={"examples": [CHAT_EXAMPLE]}):
    """A chat completion: the last message of the user is the question, those before it what it follows up.

    Nothing is sampled, so that temperature, top_p, seed, max_tokens, stop and the like change nothing; n above 1,
    JSON formats, log probabilities and forced tools are refused.
    """

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1), AfterValidator(_askable)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    ragqa: Wishes | None = None
    n: Annotated[Any, _only((None, 1), "there is one answer to a question; leave n out, or give 1")] = None
    response_format: Annotated[
        Any, _only((None, {"type": "text"}), "answers are text; the fields are in the extension ragqa")
    ] = None
    logprobs: Annotated[Any, _only((None, False), "there are no log probabilities")] = None
    tool_choice: Annotated[Any, _only((None, "auto", "none"), "no tools are called")] = None
    modalities: Annotated[Any, _only((None, ["text"]), "answers are text")] = None

    @property
    def said(self) -> list[str]:
        """The texts of the user, the question last."""
        return [message.text for message in self.messages if message.role == "user"]


def _texts(value: object) -> object:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(
            "a text or a list of texts, not of tokens (LangChain: check_embedding_ctx_length=False)"
        )
    if not 0 < len(texts) <= MOST_TEXTS or not all(0 < len(text) <= LONGEST_TEXT for text in texts):
        raise ValueError(f"1 to {MOST_TEXTS} texts of 1 to {LONGEST_TEXT} characters")
    # JSON carries lone surrogates, which the tokenizer does not take.
    return [text.encode("utf-8", "ignore").decode() for text in texts]


class EmbeddingRequest(BaseModel, frozen=True, json_schema_extra={"examples": [EMBEDDING_EXAMPLE]}):
    """Texts to encode. E5 models encode questions and passages differently: our extension ``input_type`` says which."""

    model: str
    input: Annotated[list[str], BeforeValidator(_texts)] = Field(description="a text or a list of texts")
    encoding_format: Literal["float", "base64"] | None = "float"
    dimensions: int | None = None
    input_type: Literal["query", "passage"] = "passage"


def complaint_of(ui: Language, errors: Sequence[Any]) -> tuple[str, str | None]:
    """One sentence on the first error of pydantic, which does not repeat what was sent, and its parameter."""
    first = errors[0]
    named = [str(part) for part in first["loc"] if isinstance(part, str)]
    param = ".".join(named) or None
    if named[:1] == ["ragqa"] or first["type"] == "json_invalid" or not named:
        return complaint(ui, errors), param
    if named[0] == "messages" and first["type"] == "value_error" and "characters" in first["msg"]:
        return WORDS[ui]["wrong.question"].replace("{n}", str(MOST_CHARACTERS)), param
    return f"{param}: {first['msg'].removeprefix('Value error, ')}", param

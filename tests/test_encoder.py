"""The tokens that the real encoder tells: whose vectors they are, where they begin, what they weigh."""

from __future__ import annotations

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from support.real import needs_models
from tokenizers import Tokenizer

from ragqa.models import catalogue
from ragqa.models.encoder import SentenceEncoder, TextEncoder
from ragqa.models.openvino_encoder import OpenVinoEncoder
from ragqa.models.protocols import Tokens
from ragqa.settings import Settings
from ragqa.types import Vectors

pytestmark = needs_models

Role = Literal["query", "document"]
ROLES: tuple[Role, ...] = ("query", "document")
MIXED = "米莱斯·布伦戴奇（Miles Brundage）离开了OpenAI，花了 3 million dollars。 Why? GPT-4！"
TEXTS = [
    "Hi.",
    MIXED,
    "港口停航",
    "",
    "The old lighthouse went to a new owner on Monday. " * 3,
    "航道里的沙太多了。",
]


@pytest.fixture(scope="module")
def location() -> str:
    settings = Settings.load()
    return catalogue.locate(settings.encoder, role="encoder", home=settings.home)


@pytest.fixture(scope="module")
def reference(location: str) -> SentenceEncoder:
    return SentenceEncoder.load(location, id="reference")


@pytest.fixture(scope="module", params=["openvino", "sentence-transformers"])
def encoder(request: pytest.FixtureRequest, location: str) -> TextEncoder:
    """The bundled encoder as it is run, and as sentence-transformers runs any encoder."""
    if request.param == "openvino":
        return OpenVinoEncoder.load(location, id="bundled")
    found: TextEncoder = request.getfixturevalue("reference")
    return found


def read(encoder: TextEncoder, texts: list[str], role: Role) -> tuple[Vectors, list[Tokens]]:
    """Vectors and tokens of texts, by row; each row is told once."""
    told: list[tuple[int, Tokens]] = []
    encode = encoder.encode_query if role == "query" else encoder.encode_passages
    vectors = encode(texts, each=lambda row, tokens: told.append((row, tokens)))
    assert sorted(row for row, _ in told) == list(range(len(texts)))
    return vectors, [tokens for _, tokens in sorted(told, key=lambda pair: pair[0])]


def tokens_of(encoder: TextEncoder, text: str, role: Role = "document") -> Tokens:
    return read(encoder, [text], role)[1][0]


def pieces(text: str) -> list[str]:
    """The pieces of a text as the tokenizer names them, without special tokens."""
    settings = Settings.load()
    folder = Path(catalogue.locate(settings.encoder, role="encoder", home=settings.home))
    return list(
        Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text, add_special_tokens=False).tokens
    )


def weights(encoder: TextEncoder, text: str) -> dict[str, float]:
    found = tokens_of(encoder, text).weights.tolist()
    return dict(zip(pieces(text), found, strict=True))


def cosines(one: Vectors, other: Vectors) -> Vectors:
    norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / norms, dtype=np.float32)


@pytest.mark.parametrize("role", ROLES)
def test_tokens_have_one_vector_one_start_and_one_weight(encoder: TextEncoder, role: Role) -> None:
    tokens = tokens_of(encoder, MIXED, role)
    count = len(pieces(MIXED))
    assert tokens.vectors.shape == (count, encoder.dimension) == (count, 384)
    assert (tokens.starts.shape, tokens.weights.shape) == ((count,), (count,))
    assert (tokens.vectors.dtype, tokens.starts.dtype, tokens.weights.dtype) == (
        np.float32,
        np.int32,
        np.float32,
    )


@pytest.mark.parametrize("role", ROLES)
def test_starts_point_at_the_pieces_in_the_text(encoder: TextEncoder, role: Role) -> None:
    starts = tokens_of(encoder, MIXED, role).starts.tolist()
    assert starts == sorted(starts)
    assert starts[0] == 0
    # The tokenizer sees full-width signs as half-width ones; "▁" stands for the space before a word.
    for start, piece in zip(starts, pieces(MIXED), strict=True):
        assert unicodedata.normalize("NFKC", MIXED[start:]).startswith(piece.removeprefix("▁"))


def test_starts_move_with_the_text(encoder: TextEncoder) -> None:
    alone, below = tokens_of(encoder, MIXED).starts, tokens_of(encoder, f"港口\n{MIXED}").starts
    assert below[-20:].tolist() == (alone[-20:] + len("港口\n")).tolist()


@pytest.mark.parametrize("role", ROLES)
def test_neither_prompt_nor_special_tokens_are_among_them(
    encoder: TextEncoder, reference: SentenceEncoder, role: Role
) -> None:
    encode = reference._model.encode_query if role == "query" else reference._model.encode_document
    for text in (MIXED, "港口停航", "Hi."):
        own = tokens_of(encoder, text, role).vectors
        everything = encode([text], output_value="token_embeddings")[0].float().numpy()
        # <s>, at least two tokens of "query:" or "passage:", then the text's own, then </s>.
        assert len(everything) >= len(own) + 4
        assert cosines(own, everything[-len(own) - 1 : -1]).min() > 0.999


@pytest.mark.parametrize("role", ROLES)
def test_vectors_are_those_of_the_reference(
    encoder: TextEncoder, reference: SentenceEncoder, role: Role
) -> None:
    vectors, tokens = read(encoder, TEXTS, role)
    expected, known = read(reference, TEXTS, role)
    assert cosines(vectors, expected).min() > 0.9995
    for one, other in zip(tokens, known, strict=True):
        assert (one.starts.tolist(), one.weights.tolist()) == (other.starts.tolist(), other.weights.tolist())


def test_prompts_change_vectors_but_not_where_tokens_begin(encoder: TextEncoder) -> None:
    query, document = tokens_of(encoder, MIXED, "query"), tokens_of(encoder, MIXED, "document")
    assert query.starts.tolist() == document.starts.tolist()
    assert query.weights.tolist() == document.weights.tolist()
    assert cosines(query.vectors, document.vectors).max() < 0.9999


def test_an_empty_text_has_no_tokens(encoder: TextEncoder) -> None:
    tokens = tokens_of(encoder, "")
    assert (tokens.vectors.shape, tokens.starts.tolist(), tokens.weights.tolist()) == ((0, 384), [], [])


def test_a_text_longer_than_the_window_has_the_tokens_that_were_read(encoder: TextEncoder) -> None:
    text = "港" * 900
    tokens = tokens_of(encoder, text)
    assert 400 < len(tokens.starts) < 512
    assert tokens.vectors.shape == (len(tokens.starts), 384)


# --- weights ---------------------------------------------------------------------------------


def test_punctuation_weighs_nothing(encoder: TextEncoder) -> None:
    found = weights(encoder, MIXED)
    assert min(found.values()) == 0
    assert {piece for piece, weight in found.items() if not weight} == {"▁", *"·(),。?!"}
    assert not tokens_of(encoder, "？！……「」").weights.any()


@pytest.mark.parametrize(
    ("text", "common", "rare"),
    [
        ("the president", "▁the", "▁president"),
        ("it is Monday", "▁is", "▁Monday"),
        ("他和港口", "和", "港口"),
    ],
)
def test_a_rarer_piece_weighs_more(encoder: TextEncoder, text: str, common: str, rare: str) -> None:
    found = weights(encoder, text)
    assert found[rare] > found[common] > 0


def test_a_piece_weighs_the_same_wherever_it_stands(encoder: TextEncoder) -> None:
    one, other = weights(encoder, "the lamp is old"), weights(encoder, "an old tower")
    assert one["▁old"] == other["▁old"]


# --- with and without, alone and together ----------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_vectors_are_the_same_with_tokens_and_without(encoder: TextEncoder, role: Role) -> None:
    told, _ = read(encoder, TEXTS, role)
    plain = encoder.encode_query(TEXTS) if role == "query" else encoder.encode_passages(TEXTS)
    assert cosines(told, plain).min() > 0.9999
    assert np.linalg.norm(told, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_batches_tell_the_tokens_of_the_right_rows(
    encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [tokens_of(encoder, text) for text in TEXTS]
    # Small batches, filled by length: rows are told out of order and in several calls of the model.
    monkeypatch.setattr("ragqa.models.encoder._BATCH_TOKENS", 64)
    _, together = read(encoder, TEXTS * 2, "document")
    for tokens, expected in zip(together, alone * 2, strict=True):
        assert tokens.starts.tolist() == expected.starts.tolist()
        assert tokens.weights.tolist() == expected.weights.tolist()
        assert all(cosines(tokens.vectors, expected.vectors) > 0.99)


def test_no_texts_tell_no_tokens(encoder: TextEncoder) -> None:
    vectors, told = read(encoder, [], "query")
    assert (vectors.shape, told) == ((0, 384), [])


def test_threads_that_encode_at_one_time_get_what_each_would_get_alone(encoder: TextEncoder) -> None:
    """Its tokenizer keeps padding and truncation between calls; batches of unlike lengths would mix them up."""
    batches = [TEXTS[:n] for n in range(1, 7)]
    alone = [encoder.encode_passages(batch) for batch in batches]

    def work(first: int) -> list[int]:
        """Which of twenty batches come out otherwise than alone."""
        turns = [(first + turn) % len(batches) for turn in range(20)]
        found = [encoder.encode_passages(batches[at], each=lambda row, tokens: None) for at in turns]
        return [
            at for at, vectors in zip(turns, found, strict=True) if np.abs(vectors - alone[at]).max() > 0.01
        ]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [[]] * 4

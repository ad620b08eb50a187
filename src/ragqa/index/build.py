"""Build an index from articles; unchanged chunks are not encoded again."""

from __future__ import annotations

import filecmp
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ragqa.corpus import SUFFIXES, read_articles, uploads
from ragqa.errors import CorpusError
from ragqa.index import durable, ray_engine
from ragqa.index.calibration import Calibration
from ragqa.index.checkpoint import Encoded, discard
from ragqa.index.chunking import split
from ragqa.index.embed import encode, room
from ragqa.index.prepared import Prepared
from ragqa.index.searchable import SearchIndex
from ragqa.index.shards import Engine, Piece, one_by_one
from ragqa.index.store import Manifest, new_version
from ragqa.index.targets import present, writing
from ragqa.models import TextEncoder
from ragqa.settings import Settings, StoreAddress
from ragqa.text import TERMS, simplified
from ragqa.types import Article, Built, Changes, Chunk, Progress, Skipped


def build_index(
    corpus: Path,
    index: Path | StoreAddress,
    *,
    encoder: Callable[[], TextEncoder],
    chunk_size: int,
    encoder_id: str = "",
    full: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    keep: int = 2,
    home: Path | None = None,
    engine: Callable[[TextEncoder], Engine] = one_by_one,
) -> Built:
    """Update the index from the corpus; readers keep the old version meanwhile.

    What an interrupted build encoded is not encoded again (for a store it lies below ``home``); ``keep`` versions stay;
    any ``engine`` gives the same.

    The encoder is a function, since an unchanged corpus needs none; its ``encoder_id`` is enough to see that an index
    was built with another. Raises CorpusError when there is nothing to index, IndexBusyError when another process
    writes, IndexMismatchError for an index of another encoder or chunk size (``full`` rebuilds it).
    """
    started = time.monotonic()
    articles, skipped = read_articles(corpus)
    _require_articles(articles, skipped, corpus)
    if dry_run:
        changes, chunks = _foreseen(articles, None if full else present(index), chunk_size)
        return Built("", len(articles), chunks, changes, tuple(skipped), time.monotonic() - started, 0.0)
    with writing(index, home) as target:
        old = None if full else present(index)
        changes = compare(old.articles if old else (), articles)
        same = old and (old.manifest.chunk_size, old.manifest.lexical) == (chunk_size, TERMS)
        same = same and old and encoder_id in ("", old.manifest.encoder)
        model = None if same and not changes.any else encoder()
        if old and model is None:
            manifest, speed = old.manifest, 0.0
            target.tidy(keep=keep)
        else:
            assert model is not None
            if old:
                old.manifest.require(encoder=model.id, fingerprint=model.fingerprint, chunk_size=chunk_size)
            work = engine(model)
            made, speed = prepare(articles, model, work, old, target.side, chunk_size, skipped, progress)
            manifest = target.save(made, old, keep=keep)
        discard(target.side)
    return Built(
        manifest.version, manifest.articles, manifest.chunks, changes, tuple(skipped),
        time.monotonic() - started, speed,
    )  # fmt: skip


def _foreseen(articles: Sequence[Article], old: SearchIndex | None, chunk_size: int) -> tuple[Changes, int]:
    """What a build would change, and the chunks that it would have."""
    changes = compare(old.articles if old else (), articles)
    return changes, sum(len(split(article, size=chunk_size)) for article in articles)


def _require_articles(articles: Sequence[Article], skipped: Sequence[Skipped], corpus: Path) -> None:
    if not articles:
        reasons = "".join(f"\n  {entry.file}: {entry.reason}" for entry in skipped[:5])
        raise CorpusError(
            f"{corpus}/ holds no article to index; add .txt, .md, .html or .jsonl files{reasons}"
        )


def add_files(files: Sequence[Path], corpus: Path, *, replace: bool = False) -> list[Path]:
    """Copy files into a corpus folder; returns their paths. With ``replace`` a file of the same name is replaced.

    Raises CorpusError, before anything is copied, for a file that is missing, of a kind not read, or whose name a
    different file in the corpus has.
    """
    if corpus.is_file():
        raise CorpusError(f"{corpus} is one file; articles can be added to a folder only")
    if len({file.name for file in files}) < len(files):
        raise CorpusError("two of the files have the same name; add one, rename the other")
    if corpus.suffix.lower() in SUFFIXES and not corpus.exists():
        raise CorpusError(f"{corpus} does not exist, and would be one file; name a folder")
    for file in files:
        if not file.is_file():
            raise CorpusError(f"{file} does not exist")
        if file.suffix.lower() not in SUFFIXES:
            raise CorpusError(f"{file} is not of a kind that is read: {' '.join(sorted(SUFFIXES))}")
        if (
            not replace
            and (there := corpus / file.name).is_file()
            and not filecmp.cmp(file, there, shallow=False)
        ):
            raise CorpusError(
                f"{there} is there already, with other contents ({there.stat().st_size} bytes, {file} has"
                f" {file.stat().st_size}); give it another name, or replace it with --replace"
            )
    corpus.mkdir(parents=True, exist_ok=True)
    copied = []
    for file in files:
        target = corpus / file.name
        if not (target.exists() and target.samefile(file)):
            with file.open("rb") as source:
                uploads.write(corpus, file.name, source, replace=True)
        copied.append(target)
    return copied


def compare(old: Sequence[Article], new: Sequence[Article]) -> Changes:
    """Which articles of ``new`` are added, changed or unchanged, and which of ``old`` are gone."""
    before = {article.id: article for article in old}
    after = {article.id: article for article in new}
    common = [article_id for article_id in after if article_id in before]
    return Changes(
        added=tuple(article_id for article_id in after if article_id not in before),
        changed=tuple(article_id for article_id in common if before[article_id] != after[article_id]),
        removed=tuple(article_id for article_id in before if article_id not in after),
        unchanged=tuple(article_id for article_id in common if before[article_id] == after[article_id]),
    )


def embedded_text(article: Article, chunk: Chunk) -> str:
    """What is encoded for a chunk: its title and heading above it, unless it holds them itself.

    "第三" alone does not say who speaks. In simplified characters, as a question is: the encoder puts the same words
    in the two scripts far apart.
    """
    above = [part for part in (article.title, chunk.heading) if part and part not in chunk.text]
    return simplified("\n".join([*dict.fromkeys(above), chunk.text]))


def prepare(
    articles: Sequence[Article],
    encoder: TextEncoder,
    engine: Engine,
    old: SearchIndex | None,
    folder: Path,
    chunk_size: int,
    skipped: Sequence[Skipped],
    progress: Progress | None,
) -> tuple[Prepared, float]:
    """What a new version is made of, and tokens encoded a second; what ``old`` or ``folder`` holds is taken over."""
    cut = [(article, chunk) for article in articles for chunk in split(article, size=chunk_size)]
    pieces = [_piece(article, chunk) for article, chunk in cut]
    known = old.stored({piece.key for piece in pieces}) if old else {}
    side = Encoded(folder, encoder)
    durable.require_room(folder, room(pieces, known | side.records, encoder.dimension))
    score_offsets = old.score_offsets if old else side.score_offsets or Calibration.measure(encoder)
    stored, speed = encode(pieces, known, side, engine, score_offsets, progress)
    manifest = Manifest(
        version=new_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        encoder=encoder.id,
        encoder_fingerprint=encoder.fingerprint,
        dimension=encoder.dimension,
        chunk_size=chunk_size,
        corpus=digest(articles),
        articles=len(articles),
        chunks=len(pieces),
        skipped=tuple(skipped),
        lexical=TERMS,
    )
    signatures = [one.signature for one in stored if one.signature]
    prepared = Prepared(
        articles,
        [chunk for _, chunk in cut],
        keys=[piece.key for piece in pieces],
        texts=[piece.text for piece in pieces],
        vectors=np.array([one.vector for one in stored], dtype=np.float32),
        signatures=signatures if len(signatures) == len(stored) else None,
        score_offsets=score_offsets,
        manifest=manifest,
    )
    return prepared, speed


def _piece(article: Article, chunk: Chunk) -> Piece:
    text = embedded_text(article, chunk)
    return Piece.of(text, above=len(text) - len(chunk.text), language=article.language)


def digest(articles: Sequence[Article]) -> str:
    """SHA-256 of a corpus as it was read."""
    lines = sorted(json.dumps(asdict(article), ensure_ascii=False, sort_keys=True) for article in articles)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def update(
    settings: Settings,
    *,
    full: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Built:
    """Update the index of the settings from their corpus; raises what ``build_index`` raises."""
    from ragqa.models import loading

    def engine(encoder: TextEncoder) -> Engine:
        address = ray_engine.address_of(settings.engine)
        return one_by_one(encoder) if address is None else ray_engine.on_ray(encoder, settings, address)

    return build_index(
        settings.corpus,
        settings.index,
        encoder=lambda: loading.load_encoder(settings),
        encoder_id=settings.encoder,
        chunk_size=settings.chunk_size,
        full=full,
        dry_run=dry_run,
        keep=settings.keep,
        home=settings.home,
        progress=progress,
        engine=engine,
    )

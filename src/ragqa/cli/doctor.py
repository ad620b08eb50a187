"""Check the installation and name the command that repairs what is wrong."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from ragqa.corpus import read_articles
from ragqa.errors import IndexMismatchError, IndexMissingError, ModelError, RagqaError, StoreError
from ragqa.index import compare, damage_at, manifest_at, open_index
from ragqa.models import catalogue
from ragqa.settings import Settings, StoreAddress

Level = Literal["ok", "warn", "fail"]
_ROOM_FOR_AN_INDEX = 200 * 2**20


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its result; ``exit_code`` applies when it failed."""

    name: str
    level: Level
    detail: str
    run: str = ""
    exit_code: int = 0


def examine(settings: Settings) -> list[Check]:
    """All checks, in the order in which to act on them; hashes the index and the models."""
    return [*_check_models(settings), _check_index(settings), _check_corpus(settings), _check_disk(settings)]


def _check_models(settings: Settings) -> list[Check]:
    checks = []
    known = {status.entry.id: status for status in catalogue.status(home=settings.home, verify=True)}
    roles = (("encoder", settings.encoder), ("reader", settings.reader), ("generator", settings.generator))
    for role, name in roles:
        status = known.get(name)
        # Without a generator quotes are not translated: a warning, not a failure.
        missing: Level = "warn" if role == "generator" else "fail"
        if role == "generator" and name == "none":
            checks.append(Check(role, "ok", "none: quotes are not translated"))
        elif status is None:
            checks.append(_check_other_model(role, name, missing, settings))
        elif not status.present:
            checks.append(Check(role, missing, f"{name}: {status.detail}", "ragqa models pull", 4))
        elif status.verified is False:
            remedy = "" if role == "reader" else "ragqa models pull"
            checks.append(Check(role, "fail", f"{name}: {status.detail}", remedy, 4))
        else:
            checks.append(Check(role, "ok", f"{name} at {status.path}, SHA-256 as catalogued"))
    return checks


def _check_other_model(role: str, name: str, missing: Level, settings: Settings) -> Check:
    try:
        return Check(
            role, "ok", f"{catalogue.locate(name, role=role, home=settings.home)} (not in the catalogue)"
        )
    except ModelError as error:
        return Check(role, missing, str(error), "ragqa models", 4)


def _check_index(settings: Settings) -> Check:
    try:
        damage = damage_at(settings.index)
        manifest = manifest_at(settings.index)
    except IndexMissingError as error:
        return Check("index", "fail", str(error), "ragqa index", 3)
    except StoreError as error:
        return Check("index", "fail", str(error), exit_code=3)
    except IndexMismatchError as error:
        return Check("index", "fail", str(error), "ragqa index --full", 3)
    if damage:
        return Check("index", "fail", "; ".join(damage), "ragqa index --full", 3)
    if manifest.encoder != settings.encoder:
        detail = f"built with the encoder {manifest.encoder}, the settings say {settings.encoder}"
        return Check("index", "fail", detail, "ragqa index --full", 3)
    checked = (
        "as its store counts" if isinstance(settings.index, StoreAddress) else "every SHA-256 as written"
    )
    facts = f"{manifest.articles} articles, {manifest.chunks} chunks, {checked}"
    return Check("index", "ok", f"{manifest.version}: {facts}")


def _check_corpus(settings: Settings) -> Check:
    try:
        articles, skipped = read_articles(settings.corpus)
        changes = compare(list(open_index(settings.index).articles), articles)
    except RagqaError as error:
        return Check("corpus", "warn", str(error))
    if changes.any:
        counts = f"{len(changes.added)} added, {len(changes.changed)} changed, {len(changes.removed)} removed"
        return Check("corpus", "warn", f"the corpus has moved on: {counts}", "ragqa index")
    return Check("corpus", "ok", f"{len(articles)} articles as indexed, {len(skipped)} files skipped")


def _check_disk(settings: Settings) -> Check:
    # Of a store this machine keeps only what is being encoded.
    index = settings.home if isinstance(settings.index, StoreAddress) else settings.index
    folder = next(path for path in (index, *index.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    level: Level = "ok" if free > _ROOM_FOR_AN_INDEX else "warn"
    return Check("disk", level, f"{free / 2**30:.1f} GiB free for {index}/")

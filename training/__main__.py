"""From training data to the exported reader, in one command; stopped, it goes on where it was.

    python -m training --data ../shared/train --work build/reader

Three stages: public questions; our own stories; both again among what retrieval finds in other stories. Then:
``python -m training.calibrate``.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from pathlib import Path

from ragqa import models
from ragqa.loading import load_encoder
from ragqa.settings import Settings
from training import prepare, stories
from training.examples import Examples, tokenise
from training.export import export
from training.train import Recipe, train

STORIES = Path(__file__).with_name("data")
OUT = Path(__file__).parents[1] / "src" / "ragqa" / "reader.safetensors"
PUBLIC = Recipe("public", rate=2e-4, last=0.3, frozen=4, together=False, steps=1200)
OWN = Recipe("stories", rate=1.5e-4, last=0.02, frozen=4, together=False, seed=18, steps=400)
CORPUS = Recipe("corpus", rate=1.2e-4, last=0.02, frozen=4, together=False, seed=19)
# Share of the public pairs that the second stage repeats, of its own pairs that the third does, and of the
# questions that the third asks of other stories.
_REPEATED, _AGAIN, _DISTANT = 0.1, 0.55, 0.6


def main() -> None:
    """Prepare, train both stages, export."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="folder of the public training data")
    arguments.add_argument("--work", type=Path, default=Path("build/reader"), help="pairs and checkpoints")
    arguments.add_argument("--out", type=Path, default=OUT, help="the file to write")
    chosen = arguments.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    encoder = Path(models.locate(models.READER_BASE, role="encoder", home=Settings.load().home))
    public = _kept(chosen.work / "public.npz", lambda: _public(chosen.data, encoder))
    first = train(public, PUBLIC, encoder=encoder, work=chosen.work)
    own = _kept(chosen.work / "mixed.npz", lambda: _own(encoder, public))
    second = train(own, OWN, encoder=encoder, work=chosen.work, start=first)
    export(
        second, encoder=encoder, out=chosen.out, facts={"base": models.READER_BASE, "licence": "CC-BY-SA-4.0"}
    )
    print(f"wrote {chosen.out} ({chosen.out.stat().st_size / 1e6:.1f} MB)")


def _kept(path: Path, make: Callable[[], Examples]) -> Examples:
    """What was prepared before, or is now."""
    if not path.exists():
        make().save(path)
    return Examples.load(path)


def _public(data: Path, encoder: Path) -> Examples:
    rng = random.Random(1)
    rows = prepare.read_rows(data / "qa.jsonl.gz", rng)
    pairs = prepare.answer_pairs(rows, rng)
    pairs += prepare.support_pairs(data / "support.jsonl.gz", rng)
    pairs += prepare.parallel_pairs(data / "parallel.jsonl.gz", rng)
    return _tokenised(pairs, encoder)


def _own(encoder: Path, public: Examples) -> Examples:
    read = stories.read_stories(STORIES, held_out=False)
    pairs = stories.story_pairs(read, random.Random(2), first_group=10**6)
    return _tokenised(pairs, encoder).beside(public.sample(_REPEATED, 5))


def _wide(encoder: Path, own: Examples) -> Examples:
    read = stories.read_stories(STORIES, held_out=False)
    pairs = stories.distant_pairs(read, load_encoder(Settings.load()), random.Random(3), share=_DISTANT)
    return own.sample(_AGAIN, 6).beside(_tokenised(pairs, encoder))


def _tokenised(pairs: list[prepare.Pair], encoder: Path) -> Examples:
    from tokenizers import Tokenizer

    return tokenise(pairs, Tokenizer.from_file(str(encoder / "tokenizer.json")))


if __name__ == "__main__":
    main()

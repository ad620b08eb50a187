"""From training data to the exported reader, in one command; stopped, it goes on where it was.

    python -m training --data ../shared/train --work build/reader

Six stages in three rounds: public questions; our own stories; the stories among what retrieval finds in other
stories; then more public questions, and the stories among what retrieval finds; then the stories of lists, near
misses and long features, whose weights are averaged with those before. Then: ``python -m training.calibrate``.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ragqa.models import catalogue
from ragqa.models.loading import load_encoder
from ragqa.settings import Settings
from training import prepare, stories
from training.examples import Examples, tokenise
from training.export import export, mean_of
from training.train import Recipe, train

STORIES = Path(__file__).with_name("data")
OUT = Path(__file__).parents[1] / "src" / "ragqa" / "models" / "reader.safetensors"
STAGES = (
    Recipe("public", rate=2e-4, last=0.3, steps=1200),
    Recipe("stories", rate=1.5e-4, last=0.02, seed=18, steps=400),
    Recipe("corpus", rate=1.2e-4, last=0.02, seed=19),
    Recipe("more", rate=1.8e-4, last=0.3, seed=20),
    Recipe("again", rate=1.6e-4, last=0.1, seed=21),
    Recipe("lists", rate=1.2e-4, last=0.02, seed=22),
)
# Files of stories that a round adds.
_FIRST, _LISTS = range(1, 21), range(21, 26)
# Share of public pairs that the stages on stories repeat, of the second stage's pairs that the third does, of the
# questions that are also asked of other stories, and of the fifth stage's pairs that the sixth repeats.
_REPEATED, _AGAIN, _DISTANT, _REHEARSED = 0.1, 0.55, 0.6, 0.2


def main() -> None:
    """Prepare and train the stages one after the other, then export the last."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True, help="folder of the public training data")
    arguments.add_argument("--work", type=Path, default=Path("build/reader"), help="pairs and checkpoints")
    arguments.add_argument("--out", type=Path, default=OUT, help="the file to write")
    chosen = arguments.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    encoder = Path(catalogue.locate(catalogue.READER_BASE, role="encoder", home=Settings.load().home))
    prepared = Prepared(chosen.data, chosen.work, encoder)
    done: list[Path] = []
    for stage in STAGES:
        start = done[-1] if done else None
        done.append(train(prepared.of(stage.name), stage, encoder=encoder, work=chosen.work, start=start))
    facts = {"base": catalogue.READER_BASE, "licence": "CC-BY-SA-4.0"}
    export(mean_of(done[-2:], chosen.work / "mean.pt"), encoder=encoder, out=chosen.out, facts=facts)
    print(f"wrote {chosen.out} ({chosen.out.stat().st_size / 1e6:.1f} MB)")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The examples of each stage, made once and kept in ``work``."""

    data: Path
    work: Path
    encoder: Path

    def of(self, stage: str) -> Examples:
        """What was prepared before, or is now."""
        path = self.work / f"{stage}.npz"
        if not path.exists():
            self._make(stage).save(path)
        return Examples.load(path)

    def _make(self, stage: str) -> Examples:
        if stage == "public":
            return self._public(prepare.SOURCES, 1, both=0.2)
        if stage == "more":
            return self._public(prepare.MORE, 11, both=0.5)
        if stage == "stories":
            return self._own(2).beside(self.of("public").sample(_REPEATED, 5))
        if stage == "corpus":
            return self.of("stories").sample(_AGAIN, 6).beside(self._distant(3))
        if stage == "again":
            return self._own(12).beside(self._distant(13)).beside(self.of("more").sample(_REPEATED, 15))
        new = self._own(22, _LISTS).beside(self._own(23, _LISTS)).beside(self._distant(24, _LISTS))
        return new.beside(self.of("again").sample(_REHEARSED, 25))

    def _public(self, sources: Mapping[str, int], seed: int, *, both: float) -> Examples:
        rng = random.Random(seed)
        rows = prepare.read_rows(self.data / "qa.jsonl.gz", sources, rng)
        pairs = prepare.answer_pairs(rows, rng, both=both)
        pairs += prepare.support_pairs(self.data / "support.jsonl.gz", rng)
        pairs += prepare.parallel_pairs(self.data / "parallel.jsonl.gz", rng)
        return self._tokenised(pairs)

    def _own(self, seed: int, files: range = _FIRST) -> Examples:
        read = stories.read_stories(STORIES, held_out=False, files=files)
        return self._tokenised(stories.story_pairs(read, random.Random(seed), first_group=seed * 10**6))

    def _distant(self, seed: int, files: range = _FIRST) -> Examples:
        read = stories.read_stories(STORIES, held_out=False, files=files)
        encoder = load_encoder(Settings.load())
        return self._tokenised(stories.distant_pairs(read, encoder, random.Random(seed), share=_DISTANT))

    def _tokenised(self, pairs: list[prepare.Pair]) -> Examples:
        from tokenizers import Tokenizer

        return tokenise(pairs, Tokenizer.from_file(str(self.encoder / "tokenizer.json")))


if __name__ == "__main__":
    main()

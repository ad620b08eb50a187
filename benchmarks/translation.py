"""Measures translations of news sentences by the language model, and what answer/translate.py does to them.

Run: python benchmarks/translation.py --parallel PAIRS.jsonl.gz --pairs 200 --direction zh-en --variant a
where PAIRS has a line {"src": "ntrex", "zh": …, "en": …} for each sentence of NTREX-128. Prints one row of a
Markdown table. ``--references`` asks no model: it gives the references themselves, and references with one
number, negation or place made wrong, to what locks translations. ``--out`` keeps every translation.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragqa.answer.names import in_chinese, in_english, without_marks
from ragqa.answer.translate import build_gloss, locked
from ragqa.models.chat import user_turn
from ragqa.models.loading import open_generator
from ragqa.models.protocols import Generator, Message
from ragqa.settings import Settings
from ragqa.text.lexicon import denies
from ragqa.text.numbers import amounts, quantities, with_amounts
from ragqa.types import Language

HEAD = (
    "| direction | prompt | pairs | chrF | chrF shown | numbers kept | names kept | negation kept | shown"
    " | of these changed | refused | median s | p95 s |\n|" + "---|" * 13
)
INSTRUCTION = (
    "Translate each sentence of a {other} newspaper into {language}, exactly and briefly, names too."
)
UNSURE = (
    " Where you are not sure how a name is written in {language}, keep it in {other}, exactly as it stands."
)
EXAMPLES = (
    ("The bridge cost 400 million yuan.", "大桥耗资4亿元。"),
    ("Because a typhoon destroyed two piers of the bridge.", "因为台风毁坏了两座桥墩。"),
    ("Li Ming is the city's head of transport.", "李明是市里的交通局长。"),
)
LANGUAGES = {"zh": "Chinese", "en": "English"}
TOKENS = 400
# Another place, in the words of both languages.
ELSEWHERE = ("Portugal", "葡萄牙")


@dataclass(frozen=True)
class Outcome:
    """One quote, its reference, what was written, what is shown of it, and the seconds that it took."""

    quote: str
    reference: str
    put: str
    shown: str | None
    seconds: float = 0.0


def main() -> None:
    """Print the row."""
    wanted = arguments()
    pairs = sample(wanted.parallel, wanted.pairs, wanted.seed)
    source, to = wanted.direction.split("-")
    quotes = [(pair[source], pair[to]) for pair in pairs]
    if wanted.references:
        print_references(quotes, to)
        return
    generator = open_generator(Settings.load())
    # The first translation also loads and reads the instruction.
    outcome(generator, *quotes[0], to, wanted.variant)
    outcomes: list[Outcome] = []
    for quote, reference in quotes:
        outcomes.append(outcome(generator, quote, reference, to, wanted.variant))
        if wanted.out:
            with wanted.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(outcomes[-1]), ensure_ascii=False) + "\n")
    print(HEAD)
    print(row(outcomes, wanted.direction, wanted.variant))


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parallel", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--direction", choices=["zh-en", "en-zh"], default="zh-en")
    parser.add_argument(
        "--variant", choices=["product", "short", "examples", "a", "b", "c"], default="product"
    )
    parser.add_argument("--references", action="store_true")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def sample(path: Path, size: int, seed: int) -> list[dict[str, str]]:
    """Pairs of NTREX whose Chinese has 20 to 120 characters, always the same for a seed."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    fit = [r for r in rows if r["src"] == "ntrex" and 20 <= len(r["zh"]) <= 120]
    return random.Random(seed).sample(fit, min(size, len(fit)))  # noqa: S311


def prompt(quote: str, to: Language, variant: str) -> tuple[list[Message], str, dict[str, str]]:
    """The product's prompt; short and examples: the same without and with examples, whatever the product does.

    Without marks a: with examples, b: without, c: names may stay as they are.
    """
    shown: list[Message] = []
    for english, chinese in EXAMPLES:
        said, put = (english, chinese) if to == "zh" else (chinese, english)
        shown += [Message("user", said), Message("assistant", put)]
    if variant in ("product", "short", "examples"):
        turns, grammar, held = build_gloss(quote, to=to)
        between = {"product": turns[1:-1], "short": [], "examples": shown}[variant]
        return [turns[0], *between, turns[-1]], grammar, held
    other: Language = "en" if to == "zh" else "zh"
    told = INSTRUCTION + (UNSURE if variant == "c" else "")
    turns = [Message("system", told.format(language=LANGUAGES[to], other=LANGUAGES[other]))]
    turns += shown if variant != "b" else []
    letters = r"[^\n\u3400-\u9fff]+" if to == "en" and variant != "c" else r"[^\n]+"
    return [*turns, user_turn(with_amounts(quote, to))], f'root ::= {letters} "\\n"?', {}


def translated(generator: Generator, messages: Sequence[Message], grammar: str) -> str:
    """What the model writes."""
    return "".join(generator.stream(messages, grammar=grammar, max_tokens=TOKENS)).strip()


def outcome(generator: Generator, quote: str, reference: str, to: Language, variant: str) -> Outcome:
    """A translation, timed, and what is shown of it."""
    began = time.monotonic()
    messages, grammar, held = prompt(quote, to, variant)
    put = without_marks(translated(generator, messages, grammar), held)
    return Outcome(quote, reference, put, locked(put, quote), round(time.monotonic() - began, 2))


def row(outcomes: Sequence[Outcome], direction: str, variant: str) -> str:
    """The figures of one run."""
    shown = [each for each in outcomes if each.shown is not None]
    changed = [each for each in shown if each.shown != each.put]
    seconds = sorted(each.seconds for each in outcomes)
    cells = [
        direction,
        variant,
        len(outcomes),
        f"{chrf([o.put for o in outcomes], [o.reference for o in outcomes]):.1f}",
        f"{chrf([o.shown or '' for o in shown], [o.reference for o in shown]):.1f}",
        share(numbers_kept(o.put, o.quote) for o in outcomes),
        share(names_kept(o.put, o.quote, direction) for o in outcomes),
        share(denies(o.put) == denies(o.quote) for o in outcomes),
        share(o.shown is not None for o in outcomes),
        f"{len(changed) / max(1, len(shown)):.0%}",
        share(o.shown is None for o in outcomes),
        f"{statistics.median(seconds):.1f}",
        f"{seconds[math.ceil(0.95 * len(seconds)) - 1]:.1f}",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def share(truths: Iterator[bool] | Any) -> str:
    """How many of some truths hold."""
    found = list(truths)
    return f"{sum(found) / max(1, len(found)):.0%}"


def numbers_kept(put: str, quote: str) -> bool:
    """Whether a translation has no number but its quote's, and all of those from ten on that it has in digits."""
    kept = {value for _, _, value in amounts(quote) if value >= 10} <= quantities(put, generous=True)
    return kept and not quantities(put) - quantities(quote, generous=True)


def names_kept(put: str, quote: str, direction: str) -> bool:
    """Whether every name of a translation is accounted for as it stands; nothing is in one that lost a mark."""
    return bool(put) and (in_english if direction == "zh-en" else in_chinese)(put, quote) == put


def chrf(said: Sequence[str], references: Sequence[str], order: int = 6, beta: float = 2.0) -> float:
    """chrF2 over a corpus: by sacrebleu where it is installed, else the same formula here.

    Character n-grams of one to six, no white space; precision and recall are averaged over the orders, then
    F with recall counting twice.
    """
    try:
        from sacrebleu.metrics import CHRF
    except ImportError:
        return _own_chrf(said, references, order, beta)
    return float(CHRF().corpus_score(list(said), [list(references)]).score)


def _own_chrf(said: Sequence[str], references: Sequence[str], order: int, beta: float) -> float:
    precision = recall = 0.0
    orders = 0
    for n in range(1, order + 1):
        common = mine = theirs = 0
        for one, other in zip(said, references, strict=True):
            hypothesis, reference = _grams(one, n), _grams(other, n)
            common += (hypothesis & reference).total()
            mine += hypothesis.total()
            theirs += reference.total()
        if mine and theirs:
            orders += 1
            precision += common / mine
            recall += common / theirs
    if not precision or not recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return 100 * (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def _grams(text: str, n: int) -> Counter[str]:
    plain = re.sub(r"\s", "", text)
    return Counter(plain[at : at + n] for at in range(len(plain) - n + 1))


def print_references(quotes: Sequence[tuple[str, str]], to: Language) -> None:
    """Of references as they are and made wrong in one place, how many would be shown as they are."""
    print("| reference | n | shown as it is | put right or changed | refused |\n|---|---|---|---|---|")
    for what in ("as it is", "another number", "negation dropped", "another place"):
        found = [(made_wrong(reference, what, to), quote) for quote, reference in quotes]
        outcomes = [Outcome(quote, "", put, locked(put, quote)) for put, quote in found if put]
        cells = (
            share(o.shown == o.put for o in outcomes),
            share(o.shown not in (o.put, None) for o in outcomes),
            share(o.shown is None for o in outcomes),
        )
        print(f"| {what} | {len(outcomes)} | {' | '.join(cells)} |")


def made_wrong(reference: str, what: str, to: Language) -> str:
    """A reference with one thing wrong; "" where it has no such thing."""
    if what == "another number":
        spans = [span for span in amounts(reference) if span[2] >= 10]
        return reference[: spans[0][1]] + "7" + reference[spans[0][1] :] if spans else ""
    if what == "negation dropped":
        pattern = r" (?:not|never)\b|n't\b" if to == "en" else "没有|从未|不(?=[会能是愿再想应])"
        wrong = re.sub(pattern, "", reference)
        return wrong if wrong != reference else ""
    if what == "another place":
        here = (
            r"\b(?:China|France|Germany|Russia|Britain|Indonesia|Mexico|London|Scotland)\b"
            if to == "en"
            else ""
        )
        here = here or "中国|法国|德国|俄罗斯|英国|印度尼西亚|墨西哥|伦敦|苏格兰"
        wrong = re.sub(here, ELSEWHERE[to == "zh"], reference, count=1)
        return wrong if wrong != reference else ""
    return reference


if __name__ == "__main__":
    main()

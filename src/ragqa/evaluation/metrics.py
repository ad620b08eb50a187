"""Metrics of a run, computed from its records.

Definitions are those of docs/evaluation.md. A figure is a mean over questions (or over citations or statements,
where it says so), with a 95 % interval resampled by group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ragqa.evaluation.citation_judge import JUDGE_RATES, Judged, Rates, Way, usable
from ragqa.evaluation.record import Record
from ragqa.evaluation.statistics import Figure, aurc, brier, corrected, ece, mean, statistic
from ragqa.evaluation.text_metrics import exact, in_language, rank_figures, reference, token_f1

LOWER_IS_BETTER = frozenset({"false_refusal", "false_refusal_in_context", "possible", "possible_unanswerable",
                             "brier", "ece", "aurc", "length"})  # fmt: skip
HEADLINE = ("success@5", "containment", "joint", "answer_f1", "citation_hit", "citation_recall",
            "refusal_recall", "false_refusal", "language_match")  # fmt: skip
# Figures that the judge of citations makes.
JUDGED = frozenset({"citation_precision", "citation_recall", "written_support", "translation_support"})
TIMES = ("retrieve", "first_statement", "translated", "total")

# --- a question's part of each figure: (sum, count), None where the figure does not concern it -----

Part = tuple[float, float] | None
Of = Callable[[Record], Part]
Json = dict[str, Any]


def _ranking(name: str) -> Of:
    def part(record: Record) -> Part:
        if not record.relevant:
            return None
        return rank_figures(tuple(record.ranked), tuple(record.relevant))[name], 1

    return part


def _where(condition: Callable[[Record], bool], value: Callable[[Record], float]) -> Of:
    return lambda record: (float(value(record)), 1) if condition(record) else None


def _share(marks: Sequence[bool]) -> Part:
    return (sum(marks), len(marks)) if marks else None


def _asked(r: Record) -> bool:
    return r.answer is not None


def _gradable(r: Record) -> bool:
    return r.gradable


def _known(r: Record) -> bool:
    """Whether the right outcome is known: an answer's words, or a refusal."""
    return r.gradable or (_asked(r) and not r.answerable)


def _cites(r: Record) -> bool:
    return r.shown and r.answerable and bool(r.relevant)


def _is_relevant(r: Record) -> list[bool]:
    return [c["article_id"] in r.relevant for c in r.citations]


def _on_evidence(r: Record) -> bool:
    """Whether a citation overlaps a gold quote; places of quotes are kept by runner.py."""
    return any(
        c["article_id"] == e["article_id"] and c["start"] < e["end"] and e["start"] < c["end"]
        for c in r.citations
        for e in r.evidence
    )


def _marked(r: Record) -> list[tuple[Json, Judged]]:
    """The shown statements with their judgements."""
    return list(zip(r.statements, r.judged, strict=False)) if r.shown else []


def _supported(wanted: Callable[[Json], bool]) -> Of:
    return lambda r: _share([judged.holds for statement, judged in _marked(r) if wanted(statement)])


def _quotes_exact(r: Record) -> Part:
    valid = {(c["marker"], c["quote"]) for c in r.citations if c.get("valid", True)}
    return _share(
        [
            any((n, s["text"]) in valid for n in s["citations"])
            for s in r.statements
            if s["kind"] == "quote" and r.shown
        ]
    )


def _has_short(r: Record) -> bool:
    return _gradable(r) and r.status == "answered" and r.short is not None


def _short(r: Record) -> str:
    return " ".join(r.short or [])


def _brier(r: Record) -> float:
    return brier(*_arrays([_bet(r)]))


MEANS: dict[str, Of] = {
    **{name: _ranking(name) for name in
       ("success@1", "success@5", "success@10", "recall@5", "rr@10", "ndcg@10", "judged@10")},
    "answer_in_context": _where(_gradable, lambda r: r.in_context),
    "containment": _where(_gradable, lambda r: r.right),
    "answer_f1": _where(_has_short, lambda r: token_f1(_short(r), reference(_short(r), r.answers))),
    "answer_em": _where(_has_short, lambda r: exact(_short(r), reference(_short(r), r.answers))),
    "f1": _where(_gradable, lambda r: token_f1(r.text, reference(r.text, r.answers))),
    "em": _where(_gradable, lambda r: exact(r.text, reference(r.text, r.answers))),
    "joint": _where(_known, lambda r: r.done_right),
    "language_match": _where(lambda r: r.shown, lambda r: in_language(r.text, r.language)),
    "length": _where(lambda r: r.shown, lambda r: len(r.text)),
    "quote_exact": _quotes_exact,
    "citation_validity": lambda r: _share([bool(c.get("valid", True)) for c in r.citations]) if r.shown else None,
    "citation_coverage": lambda r: (sum(bool(s["citations"]) for s in r.statements) / len(r.statements), 1)
                         if r.shown and r.statements else None,
    "citation_first_hit": _where(lambda r: _cites(r) and bool(r.citations), lambda r: _is_relevant(r)[0]),
    "citation_hit": _where(_cites, lambda r: any(_is_relevant(r))),
    "citation_evidence_hit": _where(lambda r: _cites(r) and bool(r.evidence), _on_evidence),
    "citation_gold_precision": lambda r: _share(_is_relevant(r)) if _cites(r) else None,
    "citation_precision": lambda r: _share([mark for j in r.judged for mark in j.precise]) if r.shown else None,
    "citation_recall": _where(lambda r: r.shown and bool(r.judged),
                              lambda r: sum(j.holds for j in r.judged) / len(r.judged)),
    "written_support": _supported(lambda s: s["kind"] == "written"),
    "translation_support": _supported(lambda s: bool(s["translation"])),
    "refusal_precision": _where(lambda r: r.abstained, lambda r: not r.answerable),
    "refusal_recall": _where(lambda r: _asked(r) and not r.answerable, lambda r: r.abstained),
    "false_refusal": _where(lambda r: _asked(r) and r.answerable, lambda r: r.abstained),
    "false_refusal_in_context": _where(lambda r: _gradable(r) and r.in_context, lambda r: r.abstained),
    "possible": _where(_asked, lambda r: r.status == "possible"),
    "possible_right": _where(lambda r: _gradable(r) and r.status == "possible", lambda r: r.right),
    "possible_unanswerable": _where(lambda r: r.status == "possible", lambda r: not r.answerable),
    "brier": _where(_known, _brier),
}  # fmt: skip


def figures(records: Sequence[Record], rates: Rates = JUDGE_RATES) -> dict[str, Figure]:
    """Every figure that the records allow; ``rates`` are the error rates of their judge."""
    return means(records) | _corrected(records, rates) | curves(records) | times(records)


def means(records: Sequence[Record]) -> dict[str, Figure]:
    """Every mean that these records have part in."""
    return {name: figure for name in MEANS if (figure := average(records, name)) is not None}


def average(records: Sequence[Record], name: str) -> Figure | None:
    """One mean, None where no record has part in it."""
    parts = [(r.group, part) for r in records if (part := MEANS[name](r)) is not None]
    if not parts:
        return None
    return mean([s for _, (s, _) in parts], [g for g, _ in parts], counts=[c for _, (_, c) in parts])


def curves(records: Sequence[Record]) -> dict[str, Figure]:
    """Calibration figures of the confidence of shown answers."""
    graded = [r for r in records if r.shown and _known(r)]
    if not graded:
        return {}
    made, groups = [_bet(r) for r in graded], [r.group for r in graded]
    return {
        name: statistic(made, groups, lambda drawn, of=of: of(*_arrays(drawn)))  # type: ignore[misc]
        for name, of in (("ece", ece), ("aurc", aurc))
    }


def bets(records: Sequence[Record]) -> tuple[Any, Any]:
    """Confidence and rightness of what was shown, for curves."""
    made = [_bet(r) for r in records if r.shown and _known(r)]
    return _arrays(made) if made else (np.empty(0), np.empty(0))


def _bet(r: Record) -> tuple[float, float]:
    assert r.answer is not None
    return float(r.answer["confidence"]), float(r.right)


def _arrays(made: Sequence[tuple[float, float]]) -> tuple[Any, Any]:
    chance, truth = np.array(made).T
    return chance, truth


def _corrected(records: Sequence[Record], rates: Rates) -> dict[str, Figure]:
    """Citation figures corrected for the judge's errors, each way of languages by its own rates.

    What holds by construction is no matter of judgement. The figures are left out where nothing was judged, or
    the judge's rates are not known. The interval draws the records, not the pairs that the rates were measured on.
    """
    ways = {way for r in records for way, _ in _by_way(r) if way}
    if not ways or not all(usable(rates, way) for way in ways):
        return {}
    found: dict[str, Figure] = {}
    for name, marks in (
        ("citation_recall", lambda j: [j.holds]),
        ("citation_precision", lambda j: j.precise),
    ):
        rows = [r for r in records if any(marks(j) for _, j in _by_way(r))]
        if rows:
            found[f"{name}_corrected"] = statistic(
                rows,
                [r.group for r in rows],
                lambda drawn, marks=marks: _corrected_rate(drawn, marks, rates),  # type: ignore[misc]
            )
    return found


def _by_way(r: Record) -> list[tuple[Way | None, Judged]]:
    """Each judgement with its languages; without any where a quote holds by construction."""
    return [
        (None if s["kind"] == "quote" and not s["translation"] else judged.way, judged)
        for s, judged in _marked(r)
    ]


def _corrected_rate(records: Sequence[Record], marks: Callable[[Judged], list[bool]], rates: Rates) -> float:
    seen: dict[Way | None, list[bool]] = {}
    for record in records:
        for way, judged in _by_way(record):
            seen.setdefault(way, []).extend(marks(judged))
    total = 0.0
    for way, found in seen.items():
        known = usable(rates, way) if way else None
        share = sum(found) / len(found) if found else 0.0
        total += len(found) * (
            corrected(share, sensitivity=known[0], specificity=known[1]) if known else share
        )
    return total / (sum(map(len, seen.values())) or 1)


def times(records: Sequence[Record]) -> dict[str, Figure]:
    """Percentiles of what was timed."""
    columns: dict[str, list[tuple[str, float]]] = {}
    for r in records:
        timed = r.answer["timings_ms"] if r.answer is not None else {"retrieve": r.retrieve_ms}
        for name in TIMES:
            if (value := timed.get(name)) is not None:
                columns.setdefault(name, []).append((r.group, float(value)))
    return {
        f"{name}_ms_p{q}": statistic(
            [v for _, v in values],
            [g for g, _ in values],
            lambda drawn, q=q: float(np.percentile(drawn, q)),  # type: ignore[misc]
        )
        for name, values in columns.items()
        for q in (50, 95)
    }


def slices(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records by language of the question, direction, status and tag; only what is a part of the whole."""
    found: dict[str, list[Record]] = {}
    for r in records:
        named = {"language": r.language, "direction": r.direction, "status": r.status}
        for name in [
            *(f"{kind} {value}" for kind, value in named.items() if value),
            *(f"tag {t}" for t in r.tags),
        ]:
            found.setdefault(name, []).append(r)
    return {name: rows for name, rows in sorted(found.items()) if len(rows) < len(records)}

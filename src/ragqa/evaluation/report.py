"""Report a run as JSON, as text and as one static page without external resources."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ragqa.evaluation.baselines import baselines
from ragqa.evaluation.charts import charts
from ragqa.evaluation.citation_judge import rates_of
from ragqa.evaluation.compare import Contrast
from ragqa.evaluation.metrics import HEADLINE, curves, figures, means, slices
from ragqa.evaluation.record import Record, fate
from ragqa.evaluation.runner import trec_qrels, trec_run
from ragqa.evaluation.statistics import Figure

Json = dict[str, Any]


def report_json(run: Mapping[str, Any], records: Sequence[Record], *, seconds: float) -> Json:
    """``ragqa.report/1``: every figure with its interval, whole, by slice, and beside the baselines."""
    rates = rates_of(run.get("judge"))
    return {
        "schema": "ragqa.report/1",
        "gold": run["gold"],
        "questions": len(records),
        "mode": run["mode"],
        "k": run.get("k"),
        "index": run.get("index"),
        "models": run.get("models"),
        "judge": {
            "name": run.get("judge"),
            "rates": {f"{a}→{b}": {"sensitivity": s, "specificity": p} for (a, b), (s, p) in rates.items()},
        },
        "metrics": _figures(figures(records, rates)),
        "slices": {
            name: found
            for name, rows in slices(records).items()
            if (found := _figures(_of_slice(name, rows)))
        },
        "sentinels": {name: _figures(found) for name, found in baselines(records).items()},
        "fates": dict(Counter(fate(record) for record in records).most_common()),
        "seconds": round(seconds, 1),
    }


def report_text(document: Json) -> str:
    """The figures for a terminal: headline first, then what there is."""
    models = document["models"] or {}
    lines = [
        f"{document['gold']}: {document['questions']} questions, {document['mode']}, "
        f"{document['seconds']:.0f} s; {', '.join(models.values())}",
        "",
        *_rows(document["metrics"]),
        "",
        "where answers went: " + ", ".join(f"{n} {name}" for name, n in document["fates"].items()),
    ]
    for name, found in document["sentinels"].items():
        joint = found.get("joint")
        lines.append(
            f"sentinel {name.replace('_', ' ')}: joint {_short(joint)}" if joint else f"sentinel {name}"
        )
    for name, found in document["slices"].items():
        parts = [f"{m} {found[m]['value']:.2f}" for m in HEADLINE if m in found]
        counts = ("joint", "success@5", "refusal_recall", "false_refusal")
        n = max(found[m]["n"] for m in counts if m in found)
        lines.append(f"{name} (n {n}): {', '.join(parts)}")
    return "\n".join(lines)


def contrast_json(contrasts: Sequence[Contrast], first: Path, second: Path) -> Json:
    """``ragqa.contrast/1``: differences of two runs, with links into their reports."""

    def links(ids: Sequence[str]) -> list[Json]:
        pages = {"first": f"{first}/report.html#q-", "second": f"{second}/report.html#q-"}
        return [{"id": id, **{name: page + quote(id) for name, page in pages.items()}} for id in ids]

    return {
        "schema": "ragqa.contrast/1",
        "first": str(first),
        "second": str(second),
        "figures": [
            {
                "metric": c.name,
                "first": round(c.first, 4),
                "second": round(c.second, 4),
                "difference": _figure(c.difference.figure),
                "p": round(c.difference.p, 4),
                "p_holm": None if c.adjusted is None else round(c.adjusted, 4),
                "p_mcnemar": None if c.difference.mcnemar is None else round(c.difference.mcnemar, 4),
                "better": links(c.better),
                "worse": links(c.worse),
            }
            for c in contrasts
        ],
    }


def contrast_text(document: Json) -> str:
    """Differences for a terminal."""
    lines = [
        f"{'':26}{'first':>8}{'second':>8}  {'difference (95 %)':28}{'p':>7}{'Holm':>7}{'McNemar':>9}  better/worse"
    ]
    for row in document["figures"]:
        adjusted = "" if row["p_holm"] is None else f"{row['p_holm']:.3f}"
        mcnemar = "" if row["p_mcnemar"] is None else f"{row['p_mcnemar']:.3f}"
        lines.append(
            f"{row['metric']:26}{row['first']:8.3f}{row['second']:8.3f}  {_short(row['difference']):28}"
            f"{row['p']:7.3f}{adjusted:>7}{mcnemar:>9}  {len(row['better'])}/{len(row['worse'])}"
        )
    moved = next((row for row in document["figures"] if row["metric"] == "joint"), None)
    for side in ("better", "worse"):
        for link in moved[side] if moved else ():
            lines.append(f"{side} in the second: {link['id']}  {link['second']}")
    certain = [
        row["metric"] for row in document["figures"] if row["p_holm"] is not None and row["p_holm"] < 0.05
    ]
    lines.append(f"significant among the headline figures (Holm, .05): {', '.join(certain) or 'none'}")
    return "\n".join(lines)


def write_report(folder: Path, document: Json, records: Sequence[Record]) -> None:
    """Write report.json, report.html, and the ranking as TREC files beside the records."""
    (folder / "report.json").write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / "run.trec").write_text(trec_run(records), encoding="utf-8")
    (folder / "qrels.trec").write_text(trec_qrels(records), encoding="utf-8")
    (folder / "report.html").write_text(page(document, records), encoding="utf-8")


def page(document: Json, records: Sequence[Record]) -> str:
    """The report as HTML: no request leaves it, everything from the corpus is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8"))
    return template.render(
        report=document,
        headline=[(name, document["metrics"][name]) for name in HEADLINE if name in document["metrics"]],
        charts=charts(document, records),
        rows=[_row(record) for record in records],
    )


def _of_slice(name: str, rows: Sequence[Record]) -> dict[str, Figure]:
    """The means of a slice; of one status also how far its confidence can be trusted."""
    return means(rows) | (curves(rows) if name.startswith("status ") else {})


def _row(record: Record) -> Json:
    """What the page shows of a question: what was said beside the quotes, the quotes, their translations."""
    answer = record.answer or {}
    marks = [*record.judged, *[None] * (len(record.statements) - len(record.judged))]
    statements = list(zip(record.statements, marks, strict=True))
    return {
        "record": record,
        "answer": answer,
        "fate": fate(record),
        "good": record.done_right or fate(record) in ("right", "rightly refused"),
        "short": answer.get("answers", []),
        "statements": statements,
        "said": [(s, judged) for s, judged in statements if s["kind"] == "written"],
        "citations": [(c, *_around(c, answer["passages"])) for c in record.citations],
        "translations": [(s, judged) for s, judged in statements if s["translation"]],
    }


def _around(citation: Json, passages: Sequence[Json]) -> tuple[str, str]:
    """The words of the passage before and after a citation's quote."""
    for passage in passages:
        if (
            passage["article_id"] == citation["article_id"]
            and passage["start"] <= citation["start"]
            and citation["end"] <= passage["end"]
        ):
            at = citation["start"] - passage["start"]
            return passage["text"][:at], passage["text"][at + citation["end"] - citation["start"] :]
    return "", ""


def _rows(metrics: Json) -> list[str]:
    return [f"  {name:30}{_short(figure):28} n {figure['n']}" for name, figure in metrics.items()]


def _short(figure: Json) -> str:
    digits = 0 if abs(figure["value"]) >= 20 else 3
    return f"{figure['value']:.{digits}f} ({figure['low']:.{digits}f} to {figure['high']:.{digits}f})"


def _figures(found: Mapping[str, Figure]) -> Json:
    return {name: _figure(figure) for name, figure in found.items()}


def _figure(figure: Figure) -> Json:
    return {name: round(value, 4) for name, value in asdict(figure).items()}

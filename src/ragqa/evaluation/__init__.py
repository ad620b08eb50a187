"""Measure answers on a gold question set, and compare two runs."""

from ragqa.evaluation import feedback, run, run_store
from ragqa.evaluation.compare import compare, judged_alike, require_same
from ragqa.evaluation.feedback import accept, drop, keep, pending, shown
from ragqa.evaluation.gates import check, parse
from ragqa.evaluation.gold import GoldRow, GoldSet, misquoted, read_gold
from ragqa.evaluation.record import Record
from ragqa.evaluation.report import contrast_json, contrast_text, report_json, report_text, write_report
from ragqa.evaluation.run import prepare
from ragqa.evaluation.run_store import SHOWN, Run, RunList
from ragqa.evaluation.runner import Mode, measure, ranked_elsewhere, read_records, read_run, sample
from ragqa.evaluation.statistics import Figure

__all__ = [
    "SHOWN",
    "Figure",
    "GoldRow",
    "GoldSet",
    "Mode",
    "Record",
    "Run",
    "RunList",
    "accept",
    "check",
    "compare",
    "contrast_json",
    "contrast_text",
    "drop",
    "feedback",
    "judged_alike",
    "keep",
    "measure",
    "misquoted",
    "parse",
    "pending",
    "prepare",
    "ranked_elsewhere",
    "read_gold",
    "read_records",
    "read_run",
    "report_json",
    "report_text",
    "require_same",
    "run",
    "run_store",
    "sample",
    "shown",
    "write_report",
]

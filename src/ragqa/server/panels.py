"""The corpus and evaluation panels, as escaped HTML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import quote

from ragqa.corpus import MAX_BYTES, MEGABYTES, MOST_FILES, SUFFIXES, CorpusState
from ragqa.evaluation import SHOWN, Figure, Run, RunList
from ragqa.server.i18n import WORDS, Value
from ragqa.server.markup import words
from ragqa.server.page_html import disclosure, facts
from ragqa.text import NAMES
from ragqa.types import Article, Language, Skipped

_LISTED = 500
_MOST_MONTHS, _MOST_BARS = 48, 60
_KINDS = " ".join(sorted(SUFFIXES))
_YEAR, _MONTH = re.compile(r"[12]\d{3}"), re.compile(r"[12]\d{3}-(0[1-9]|1[0-2])")
# What a job tells, and what came of a deed.
_NEWS = (
    '<div class="news"><div class="work" hidden><progress data-word-label="status.label"></progress>'
    '<p class="at"></p></div><p class="said" role="status"></p></div>'
)


def corpus(ui: Language, holding: CorpusState) -> str:
    """The corpus panel; panels.js handles its events."""
    # The news stands below: above, it would move the list under the hand that removes.
    body = f'{_handles(ui, holding)}<div class="content">{corpus_content(ui, holding)}</div>{_NEWS}'
    return disclosure(ui, "corpus.label", f'<div class="panel">{body}</div>', count=len(holding.articles))


def corpus_content(ui: Language, holding: CorpusState) -> str:
    """The part that changes with the index: counts, chart, articles, skipped files."""
    more, waiting = len(holding.articles) - _LISTED, holding.waiting
    newest = sorted(holding.articles, key=lambda article: (article.published or "", article.id), reverse=True)
    # An article of a collection may have the id that a file bears.
    removable = holding.files - {entry.file for entry in holding.skipped}
    rows = "".join(_article(ui, article, removable=article.id in removable) for article in newest[:_LISTED])
    parts = [
        f'<p class="facts">{facts(ui, holding.articles)}</p>' if holding.articles else "",
        f'<p class="blank">{words(ui, "corpus.waiting", n=waiting)}</p>' if waiting else "",
        _chart(ui, holding.articles),
        f'<ol class="shelves">{rows}</ol>' if rows else "",
        f'<p class="blank">{words(ui, "corpus.more", n=more)}</p>' if more > 0 else "",
        _collections(ui, holding.collections),
        _skipped(ui, holding),
    ]
    return "".join(parts)


def evaluation(ui: Language, bench: RunList) -> str:
    """The evaluation panel; panels.js handles its events."""
    commands = bench.command
    if bench.missing:
        commands = f"ragqa gold review\nragqa gold schema\n{commands}"
        start = f"<p>{words(ui, 'evaluate.missing', path=bench.gold)}</p>"
    else:
        start = (
            f'<p class="handles"><button type="button" class="quick">{words(ui, "evaluate.quick")}</button></p>'
            f"{_NEWS}<p>{words(ui, 'evaluate.full')}</p>"
        )
    body = (
        f'<p>{words(ui, "evaluate.text")}</p>{start}<pre tabindex="0"><code>{escape(commands)}</code></pre>'
        f'<div class="content">{evaluation_content(ui, bench)}</div>'
    )
    return disclosure(ui, "evaluate.label", f'<div class="panel">{body}</div>', count=len(bench.runs))


def evaluation_content(ui: Language, bench: RunList) -> str:
    """What changes with every run: their list, newest first."""
    if not bench.runs:
        return f'<p class="blank">{words(ui, "evaluate.none")}</p>'
    rows = "".join(_run(ui, run) for run in bench.runs)
    return f'<h3 class="quiet">{words(ui, "evaluate.runs")}</h3><ol class="runs">{rows}</ol>'


def reason(ui: Language, text: str) -> str:
    """Why an entry was not indexed, in the reader's language where corpus/articles.py's words are known."""
    for key, pattern in _REASONS:
        if found := pattern.fullmatch(text):
            values: Mapping[str, Value] = found.groupdict()
            return words(ui, key, **values)
    return f'<span lang="en">{escape(text)}</span>'


def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The English reasons of words.json, each as a pattern that finds its values again."""
    return [
        (key, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text)), re.DOTALL))
        for key, text in WORDS["en"].items()
        if key.startswith("reason.")
    ]


_REASONS = _patterns()


# --- the corpus ------------------------------------------------------------------------------


def _handles(ui: Language, holding: CorpusState) -> str:
    """The actions: add files, rebuild."""
    build = f'<button type="button" class="build">{words(ui, "corpus.build")}</button>'
    if holding.single:
        single = words(ui, "corpus.single", file=holding.single)
        return f'<p class="hint">{single}</p><p class="handles">{build}</p>'
    hint = words(ui, "corpus.drop", kinds=_KINDS, n=MOST_FILES, m=MEGABYTES)
    return (
        f'<div class="handles"><label class="add"><input type="file" class="unseen" multiple'
        f' accept="{_KINDS.replace(" ", ",")}" data-most="{MOST_FILES}" data-bytes="{MAX_BYTES}">'
        f"<span>{words(ui, 'corpus.add')}</span></label>{build}</div>"
        f'<p class="hint">{hint}</p><ul class="refused" role="alert"></ul>'
        '<p class="asks unseen" role="status"></p>'
    )


def _article(ui: Language, article: Article, *, removable: bool) -> str:
    name, language = escape(article.title), article.language
    return (
        f'<li><button type="button" class="shelf" data-article="{escape(article.id)}">'
        f"<time>{escape(article.published or '—')}</time>"
        f'<span class="title" lang="{language}">{name}</span>'
        f'<span class="tongue" lang="{language}">{NAMES.get(language, escape(language))}</span></button>'
        f"{_remove(ui, article.id, article.title) if removable else ''}</li>"
    )


def _remove(ui: Language, file: str, name: str) -> str:
    return (
        f'<button type="button" class="remove" data-file="{escape(file)}">{words(ui, "corpus.remove")}'
        f'<span class="unseen"> {escape(name)}</span></button>'
    )


def _chart(ui: Language, articles: Sequence[Article]) -> str:
    """Bars of how many articles each month has, or each year; each bar is also text."""
    dated = [article.published for article in articles if article.published]
    months = [found[0] for date in dated if (found := _MONTH.match(date))]
    years = [found[0] for date in dated if (found := _YEAR.match(date))]
    by_month = len(months) == len(years) and len(_between(months)) <= _MOST_MONTHS
    counts = Counter(months if by_month else years)
    if len(counts) < 2:
        return ""
    names, top = _between(counts), max(counts.values())
    if len(names) > _MOST_BARS:
        names = sorted(counts)[-_MOST_BARS:]
    bars = "".join(
        f'<li style="--part:{counts[name] / top:.3f}" data-n="{counts[name] or ""}">'
        f'<span class="unseen">{name}: {counts[name]}</span></li>'
        for name in names
    )
    undated = len(articles) - len(years)
    rest = f"<span>{words(ui, 'corpus.undated', n=undated)}</span>" if undated else ""
    label = "corpus.months" if by_month else "corpus.years"
    return (
        f'<figure class="time" style="--bars:{len(names)}"><ol class="bars" data-word-label="{label}">{bars}'
        f"</ol><figcaption><span>{names[0]}</span>{rest}<span>{names[-1]}</span></figcaption></figure>"
    )


def _between(found: Sequence[str] | Counter[str]) -> list[str]:
    """Every month or year from the first to the last."""
    present = sorted(set(found))
    if not present:
        return []

    def number(name: str) -> int:
        year, _, month = name.partition("-")
        return int(year) * 12 + int(month) - 1 if month else int(year)

    def name(number: int) -> str:
        return f"{number // 12}-{number % 12 + 1:02}" if "-" in present[0] else str(number)

    first, last = number(present[0]), number(present[-1])
    return [name(at) for at in range(first, last + 1)]


def _collections(ui: Language, files: Sequence[str]) -> str:
    if not files:
        return ""
    rows = "".join(f"<li><span>{escape(file)}</span>{_remove(ui, file, file)}</li>" for file in files)
    return f'<h3 class="quiet">{words(ui, "corpus.collections")}</h3><ul class="left">{rows}</ul>'


def _skipped(ui: Language, holding: CorpusState) -> str:
    if not holding.skipped:
        return ""

    def row(entry: Skipped) -> str:
        remove = _remove(ui, entry.file, entry.file) if entry.file in holding.files else ""
        return f"<li><span>{escape(entry.file)} — {reason(ui, entry.reason)}</span>{remove}</li>"

    rows = "".join(map(row, holding.skipped[:_LISTED]))
    return (
        f'<details class="skipped"><summary>{words(ui, "corpus.skipped", n=len(holding.skipped))}</summary>'
        f'<ul class="left">{rows}</ul></details>'
    )


# --- evaluations -----------------------------------------------------------------------------


def _run(ui: Language, run: Run) -> str:
    mode = words(ui, f"mode.{run.mode}") if f"mode.{run.mode}" in WORDS["en"] else escape(run.mode)
    shown = "".join(
        f"<div><dt>{words(ui, f'figure.{name}')}</dt><dd>{_figure(run.figures[name])}</dd></div>"
        for name in SHOWN
        if name in run.figures
    )
    return (
        f'<li><a href="ragqa/runs/{quote(run.name, safe="")}/report.html" target="_blank" rel="noopener">'
        f"<time>{escape(run.when)}</time> <span>{escape(run.gold)}</span></a>"
        f'<p class="meta"><span>{words(ui, "evaluate.questions", n=run.questions)}</span>'
        f"<span>{mode}</span></p><dl>{shown}</dl></li>"
    )


def _figure(figure: Figure) -> str:
    return f"<b>{figure.value:.2f}</b> <small>{figure.low:.2f} – {figure.high:.2f}</small>"

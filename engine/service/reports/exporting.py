"""Exports reports: as HTML, as PDF, as a model card."""

from __future__ import annotations

from pathlib import Path

from engine.datasets.base import Progress
from engine.errors import DescentError
from engine.events.exporting import RunExported
from engine.files import atomic_write
from engine.runs.store import RunStore
from engine.service.reports.document import Document
from engine.service.reports.facts import RunFacts, facts_of
from engine.service.reports.html import html_of
from engine.service.reports.making import card_of, report_of
from engine.service.reports.markdown import markdown_of
from engine.service.reports.printing import print_document
from engine.service.reports.words import LANGUAGES
from engine.service.results.exporting.options import ReportOptions
from engine.service.results.exporting.target import checked_file
from engine.service.results.opened_run import OpenedRun


def export_report(
    run: OpenedRun, format: str, to: Path, progress: Progress, options: ReportOptions
) -> RunExported:
    """Writes a report as one HTML file; see `engine.service.results.exporting.ReportExport`.

    Raises:
        DescentError: Nothing can be written there.
        Cancelled: Someone asked to stop.
    """
    to = checked_file(to, (".html",))
    document, notes = _report(run, progress, options)
    atomic_write(to, html_of(document))
    return _exported(run, format, to, notes)


def export_pdf(
    run: OpenedRun, format: str, to: Path, progress: Progress, options: ReportOptions
) -> RunExported:
    """Writes the same report on pages; see `engine.service.results.exporting.ReportExport`.

    Raises:
        DescentError: Nothing can be written there, or there is nothing to print with.
        Cancelled: Someone asked to stop.
    """
    to = checked_file(to, (".pdf",))
    document, notes = _report(run, progress, options)
    progress("Printing", 0, 0)
    atomic_write(to, print_document(document))
    return _exported(run, format, to, notes)


def export_card(
    run: OpenedRun, format: str, to: Path, progress: Progress, options: ReportOptions
) -> RunExported:
    """Writes a model card; see `engine.service.results.exporting.ReportExport`.

    Raises:
        DescentError: Nothing can be written there.
        Cancelled: Someone asked to stop.
    """
    to = checked_file(to, (".md",))
    _check_language(options.language)
    facts = facts_of(run, progress, with_examples=False)
    atomic_write(to, markdown_of(card_of(facts, options.language)))
    return _exported(run, format, to, list(facts.problems))


def _report(
    run: OpenedRun, progress: Progress, options: ReportOptions
) -> tuple[Document, list[str]]:
    _check_language(options.language)
    runs: list[RunFacts] = []
    for opened in dict.fromkeys((run, *options.others)):
        runs.append(facts_of(opened, progress, options.with_examples))
    with RunStore(run.folder.parents[1]) as store:
        document = report_of(runs, store, options.language)
    return document, [problem for facts in runs for problem in facts.problems]


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise DescentError(
            f"There is no report in this language. Received: '{language}'.",
            f"Choose one of: {', '.join(LANGUAGES)}.",
        )


def _exported(run: OpenedRun, format: str, to: Path, notes: list[str]) -> RunExported:
    size = to.stat().st_size
    told = tuple(dict.fromkeys(notes))
    return RunExported(
        run.record.id, format, str(to), files=(to.name,), size_bytes=size, notes=told
    )

"""The command `export`: a run's result as a file that others read."""

from __future__ import annotations

from argparse import Namespace

from engine.cli.commands.output import Output, number, table
from engine.cli.commands.waiting import waiting
from engine.errors import DescentError
from engine.events.exporting import RunExported
from engine.runs.store import RunStore
from engine.service.results.exporting import FORMATS, format_named
from engine.service.results.exporting.options import ReportOptions
from engine.service.results.opened_run import OPENED
from engine.spec.formatting import bytes_text, percent_text


def export(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Writes a run's result; says the proof, or why nothing was handed over."""
    wanted = format_named(arguments.format)
    run = OPENED.get(arguments.run, store)
    others = tuple(OPENED.get(it, store) for it in arguments.others)
    if (others or arguments.language or arguments.no_examples) and not wanted.is_report:
        raise DescentError(
            "--with, --language and --no-examples are for reports. "
            f"Received: --format {wanted.name}.",
            f"Use one of: {', '.join(item.name for item in FORMATS if item.is_report)}.",
        )
    options = ReportOptions(arguments.language or "en", others, not arguments.no_examples)
    with waiting(output) as progress:
        done = wanted.export(run, arguments.to, progress, options)
    output.event("exported" if not done.reason else "export_refused", **done.to_dict())
    if done.reason:
        output.note(f"Not exported: {done.reason}")
        return 1
    output.lines(*export_lines(done))
    return 0


def export_lines(done: RunExported) -> list[str]:
    """What was handed over, for people."""
    lines = [f"Written: {done.path}  ({bytes_text(done.size_bytes)})"]
    if done.checked:
        lines.append(_proof(done))
    lines += done.notes
    if done.latencies:
        rows = [
            (str(it.threads), str(it.batch), number(it.median_ms), number(it.p95_ms))
            for it in done.latencies
        ]
        lines += ["", *table(("threads", "batch", "ms an example", "95 % within"), rows)]
    return lines


def _proof(done: RunExported) -> str:
    """The proof in a sentence."""
    parts = [f"Asked by its own runtime: {done.checked:,} examples"]
    if done.largest_difference is not None:
        parts.append(f"largest difference {done.largest_difference:.1g}")
    if done.same_class is not None:
        is_all = done.same_class == 1.0
        share = "all" if is_all else percent_text(done.same_class)
        parts.append(f"the same answer in {share}")
    for name, value in done.test_metrics.items():
        before = done.run_metrics.get(name)
        beside = "" if before is None else f" (the run: {number(before)})"
        parts.append(f"{name.replace('_', ' ')} {number(value)}{beside}")
    if done.latency_ms is not None:
        parts.append(f"{number(done.latency_ms)} ms an example here, 1 thread")
    return ", ".join(parts) + "."

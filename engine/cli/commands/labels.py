"""The command `labels`: labels of a run's data that look wrong, the worst first."""

from __future__ import annotations

import csv
import io
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.cli.commands.output import Output, number, table
from engine.cli.commands.waiting import waiting
from engine.devices.console.escaping import cell_text
from engine.errors import DatasetError
from engine.events.labelling import FindSuspects, Suspect
from engine.files import atomic_write
from engine.runs.store import RunStore

METHODS: Final = ("cross_validation", "network", "kept")
_SHOWN = 20
_COLUMNS = ("index", "name", "label", "suggested", "score")


def list_suspects(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Finds suspects, prints them, and writes them as a table where that is asked.

    Raises:
        DescentError: The run's data has no labels, is gone, or has changed.
    """
    path: Path | None = arguments.to
    if path is not None:
        _check_path(path)
    from engine.service.results.labelling import find_suspects
    from engine.service.results.opened_run import OPENED

    run = OPENED.get(arguments.run, store)
    command = FindSuspects(run.record.id, arguments.method, arguments.anew)
    with waiting(output) as progress:
        found = find_suspects(run, command, progress)
    if path is not None:
        atomic_write(path, _csv(found.suspects))
    for suspect in found.suspects:
        output.event("suspect", **_values(suspect))
    findings = [found.finding.to_dict()] if found.finding is not None else []
    output.event(
        "labels_checked",
        run=found.run,
        n_checked=found.n_checked,
        n_likely=found.n_likely,
        method=found.method,
        model=found.model,
        path=None if path is None else str(path),
        findings=findings,
    )
    output.lines(
        found.finding.text
        if found.finding is not None
        else f"{found.n_checked:,} labels were checked; no more look wrong than such data explains."
    )
    rows = [
        (str(it.row), it.name, it.label, it.suggested, number(it.score))
        for it in found.suspects[:_SHOWN]
    ]
    output.lines("", *table(_COLUMNS, rows))
    if path is not None:
        output.lines("", f"{len(found.suspects):,} suspects are in '{path}'.")
    return 0


def _check_path(path: Path) -> None:
    """Refuses before minutes are spent.

    Raises:
        DatasetError: There is no such folder, or a folder has this name.
    """
    if path.suffix.lower() != ".csv":
        raise DatasetError(
            f"Suspects are written as CSV. Received: '{path.name}'.",
            "Give a name that ends in .csv.",
        )
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise DatasetError(
            f"'{path}' cannot be written: there is "
            f"{'a folder of this name' if path.is_dir() else 'no such folder'}.",
            "Name a file in a folder that is there.",
        )


def _values(suspect: Suspect) -> dict[str, object]:
    return {
        "index": suspect.row,
        "name": suspect.name,
        "label": suspect.label,
        "suggested": suspect.suggested,
        "score": suspect.score,
        "part": suspect.part,
        "is_likely": suspect.is_likely,
    }


def _csv(suspects: Sequence[Suspect]) -> bytes:
    """Suspects as CSV, texts in such a way that no spreadsheet runs one as a formula."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(_COLUMNS)
    for it in suspects:
        texts = (cell_text(text) for text in (it.name, it.label, it.suggested))
        writer.writerow((it.row, *texts, f"{it.score:.6g}"))
    return stream.getvalue().encode()

"""Writes a run as one file that another Descent takes in. The data stays where it is."""

from __future__ import annotations

from pathlib import Path

from engine.datasets.base import Progress
from engine.errors import DescentError, WorkspaceError
from engine.events.exporting import RunExported
from engine.files import atomic_file
from engine.files.bounded import MAX_TEXT_BYTES
from engine.files.disk import cannot_read
from engine.inference.contract import Contract
from engine.inference.evaluation.evaluation import Evaluation
from engine.runs.store import RunStore
from engine.service.exchange.archive import CONTRACT, MODEL, SUFFIX, is_allowed, write_archive
from engine.service.exchange.kept import check_kept
from engine.service.exchange.recorded import recorded
from engine.service.results.exporting.target import checked_file
from engine.service.results.opened_run import OpenedRun

_TEXTS_NOTE = "Examples of the data are not in it, but for texts of the evaluation, at most 200."


def export_run(run: OpenedRun, format: str, to: Path, progress: Progress) -> RunExported:
    """Writes a run as one file; see `engine.service.results.exporting.Export`.

    Raises:
        WorkspaceError: The run has not ended, its model is damaged, or nothing can be written.
    """
    to = checked_file(to, (SUFFIX,))
    with RunStore(run.folder.parents[1]) as store:
        record = store.get(run.record.id)
        if record.state.is_active:
            raise WorkspaceError(
                f"The run '{record.name}' has not ended.", "Wait for it, or stop it first."
            )
        files: dict[str, Path | bytes] = dict(recorded(store, record))
    notes = _add_files(files, run)
    try:
        with atomic_file(to) as file:
            write_archive(file, record.id, files)
    except OSError as error:
        raise cannot_read(run.folder, error) from error
    size = to.stat().st_size
    return RunExported(
        record.id, format, str(to), files=(to.name,), size_bytes=size, notes=tuple(notes)
    )


def _add_files(files: dict[str, Path | bytes], run: OpenedRun) -> list[str]:
    """Adds what lies in the folder of a run; returns what people should know of it."""
    notes = []
    left_out = {CONTRACT, MODEL} if not (run.folder / CONTRACT).exists() else set()
    if left_out:
        notes.append("The run has no saved model.")
    else:
        Contract.load(run.folder)  # a damaged one is told, not handed on
        if not (run.folder / MODEL).is_file():
            raise WorkspaceError(
                f"The saved model '{MODEL}' of the run is missing.", "Train it again."
            )
    for path in sorted([*run.folder.iterdir(), *run.folder.glob("explanations/*")]):
        name = path.relative_to(run.folder).as_posix()
        if name in files or name in left_out or not is_allowed(name) or not path.is_file():
            continue
        problem = _problem(run.folder, name)
        if problem:
            notes.append(f"Without '{name}': {problem}")
        else:
            files[name] = path
    evaluation = Evaluation.load(run.folder) if "evaluation.json" in files else None
    if evaluation is not None and evaluation.sources:
        notes.append(_TEXTS_NOTE)
    return notes


def _problem(folder: Path, name: str) -> str:
    """Why a file of results is left out; empty: it is not."""
    if name.endswith(".json") and (folder / name).stat().st_size > MAX_TEXT_BYTES:
        return f"it is longer than {MAX_TEXT_BYTES:,} bytes."
    try:
        check_kept(folder, name)
    except DescentError as error:
        return error.message
    return ""

"""Brings a run in that another Descent exported: looked at from top to bottom, whole or not at all.

Runs in a worker process or that of the command line: a model is built to be sure of it.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.datasets.base import Progress, silent
from engine.devices.tensorflow import load_tensorflow
from engine.errors import DescentError, WorkspaceError
from engine.events.importing import ImportRun, RunImported
from engine.events.watch import Watch
from engine.files import scratch_directory
from engine.files.bounded import DAMAGED, reason_of
from engine.files.disk import DATABASE_ERRORS
from engine.inference.contract import Contract
from engine.runs.record import RunRecord
from engine.runs.run_file import append_history
from engine.runs.store import RunStore
from engine.service.exchange.archive import (
    CONTRACT,
    FLOW,
    HISTORY,
    MODEL,
    RUN,
    STEPS,
    Manifest,
    refused,
    unpack,
)
from engine.service.exchange.kept import check_kept, hand_over
from engine.service.exchange.recorded import Checked, check_unpacked, read_recorded

_SCRATCH: Final = "incoming"
_BACK: Final = "It was deleted, and is back in the list."


@dataclass(frozen=True)
class BroughtIn:
    """A run that was brought in.

    Attributes:
        record: The run.
        is_new: It was not here before.
        notes: What people should know of it.
    """

    record: RunRecord
    is_new: bool
    notes: tuple[str, ...] = ()


def import_run(path: Path, store: RunStore, progress: Progress = silent) -> BroughtIn:
    """Brings a run in, under its own id where that is free.

    One that is here already, of the same content, is not taken twice; where it was deleted, it is
    back in the list.

    Args:
        path: A file that `export_run` wrote, or that says so.
        store: Where to.
        progress: Told how far it is.

    Raises:
        WorkspaceError: The file is damaged or made to harm, or it cannot be written; then nothing
            is.
        Cancelled: Someone asked to stop; likewise.
    """
    store.check_writable()
    with scratch_directory(store.workspace / _SCRATCH) as scratch:
        progress("Unpacking", 0, 0)
        unpacked = scratch / "unpacked"
        unpacked.mkdir()
        manifest = unpack(path, unpacked)
        folder = unpacked.rename(scratch / manifest.run)  # digests are under the id of the run
        progress("Checking", 0, 0)
        checked = _checked(path, folder, manifest)
        there = _same(store, checked.record, folder)
        if there is not None:
            if there.deleted_at is None:
                return BroughtIn(there, False)
            store.restore(there.id)
            return BroughtIn(store.get(there.id), False, (_BACK,))
        for name in (RUN, HISTORY, STEPS, FLOW):
            (folder / name).unlink(missing_ok=True)  # the database has them
        incoming = checked.incoming
        run = _free_id(store, manifest.run)
        if run != manifest.run:
            folder = hand_over(folder, run)
            incoming = incoming.renamed(run)
        append_history([*incoming.epochs, *incoming.changes], folder)
        return BroughtIn(store.bring_in(incoming, folder), True, _notes(manifest, run))


def answer_import(command: ImportRun, workspace: Path, watch: Watch) -> RunImported:
    """Answers the command to bring a run in.

    Raises:
        WorkspaceError, Cancelled: As `import_run`.
    """
    with RunStore(workspace) as store:
        done = import_run(Path(command.file), store, watch)
    return RunImported(done.record.id, done.record.name, done.is_new, done.notes)


def _checked(path: Path, folder: Path, manifest: Manifest) -> Checked:
    try:
        checked = read_recorded(folder)
        for name in manifest.members:
            if name.endswith(".npz"):
                check_unpacked(folder / name)
            check_kept(folder, name)
        if MODEL in manifest.members:
            _check_model(folder)
    except WorkspaceError as error:
        words = error.message.removesuffix(".")
        raise refused(path, words[:1].lower() + words[1:]) from error
    except (*DAMAGED, *DATABASE_ERRORS) as error:
        raise refused(path, reason_of(error)) from error
    return checked


def _check_model(folder: Path) -> None:
    """Looks at a model as at one that nobody vouches for, and builds it.

    Its contract came by the same way, so that a digest in it proves nothing.
    """
    Contract.load(folder)
    load_tensorflow()
    from engine.inference.model_file import load_model
    from engine.inference.serving import ServedModel

    load_model(folder / MODEL, "")
    ServedModel.load(folder)


def _same(store: RunStore, record: RunRecord, folder: Path) -> RunRecord | None:
    """A run of the workspace that is this one, whatever its id."""
    mark = _mark(record, folder)
    for other in [*store.runs(), *store.runs(deleted=True)]:
        if other.created_at == record.created_at and _mark(other, store.folder(other.id)) == mark:
            return other
    return None


def _mark(record: RunRecord, folder: Path) -> tuple[object, ...]:
    """By what a run is known."""
    try:
        digest = Contract.load(folder).model_digest if (folder / CONTRACT).exists() else ""
    except DescentError:
        digest = ""
    metrics = json.dumps(record.metrics, sort_keys=True)
    return record.spec_json, record.epochs_done, metrics, digest


def _free_id(store: RunStore, run: str) -> str:
    """An id of the same time that no run has."""
    taken = {it.id for it in [*store.runs(), *store.runs(deleted=True)]}
    while run in taken or store.folder(run).exists():
        run = f"{run[:-4]}{secrets.token_hex(2)}"
    return run


def _notes(manifest: Manifest, run: str) -> tuple[str, ...]:
    notes = []
    if run != manifest.run:
        notes.append(f"Another run has its id {manifest.run} here; it is {run} now.")
    if MODEL not in manifest.members:
        notes.append("It has no saved model.")
    return tuple(notes)

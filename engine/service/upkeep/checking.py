"""Checking: what of a workspace is damaged, in words. Changes nothing, and makes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.errors import DatabaseDamaged, WorkspaceError
from engine.files.bounded import DAMAGED, open_archive, read_json, reason_of
from engine.files.disk import DATABASE_ERRORS
from engine.runs.copies import copies
from engine.runs.database import check_usable, in_words
from engine.runs.history import history_problems
from engine.runs.looking import Looker
from engine.runs.places import DATABASE
from engine.runs.record import record_from_row
from engine.runs.row_checks import BadRow
from engine.runs.run_folders import folders_of_runs, is_run_id, run_folder
from engine.runs.schema import REPAIR_HINT
from engine.service.upkeep.folder_run import MODEL_FILE, read_folder
from engine.training.checkpoint import SET_ASIDE, read_checkpoint

_JSON_FILES = ("spec.json", "data.json", "contract.json", "evaluation.json", "run.json")
_MAX_ARCHIVE_BYTES = 1 << 40


class ProblemKind(StrEnum):
    """What is damaged."""

    DATABASE = "database"
    RUN = "run"
    EPOCH = "epoch"
    NOT_LISTED = "run_not_listed"
    NO_FOLDER = "run_without_folder"
    FILE = "file"


@dataclass(frozen=True)
class UpkeepProblem:
    """One thing that is damaged.

    Attributes:
        kind: What it is.
        subject: The run, or the file.
        text: What is wrong, in a sentence.
        remedy: What repairing would do about it; empty: nothing can be done.
    """

    kind: ProblemKind
    subject: str
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    """What was found in a workspace.

    Attributes:
        workspace: The folder.
        n_runs: Runs that are listed.
        problems: What is damaged; empty: nothing.
        n_copies: Copies of the database that are kept.
    """

    workspace: Path
    n_runs: int
    problems: tuple[UpkeepProblem, ...]
    n_copies: int

    @property
    def is_database_whole(self) -> bool:
        """The database is there and can be read, whatever its rows say."""
        return not any(problem.kind is ProblemKind.DATABASE for problem in self.problems)

    @property
    def can_be_repaired(self) -> bool:
        """Something can be done about at least one of the problems."""
        return any(problem.remedy for problem in self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {
            "workspace": str(self.workspace),
            "is_sound": not self.problems,
            "runs": self.n_runs,
            "copies": self.n_copies,
            "problems": [asdict(problem) for problem in self.problems],
        }


def check_workspace(workspace: Path) -> Check:
    """Looks at the database and at every file of every run.

    Raises:
        WorkspaceError: There is no workspace, or a newer Descent wrote it.
    """
    if not workspace.is_dir():
        raise WorkspaceError(
            f"There is no workspace at '{workspace}'.",
            "Name another one with --workspace, or start a run: train --data iris",
        )
    listed: set[str] = set()
    problems: list[UpkeepProblem] = []
    try:
        check_usable(workspace / DATABASE)
        with open_to_check(workspace) as connection:
            listed = _check_rows(connection, workspace, problems)
    except DatabaseDamaged as error:
        remedy = "It is set aside, and a new one is made of the newest copy and the runs' folders."
        problems = [
            UpkeepProblem(ProblemKind.DATABASE, DATABASE, error.message, remedy),
            *problems,
        ]
    named = listed | {it.subject for it in problems if it.kind is ProblemKind.RUN}
    for folder in folders_of_runs(workspace):
        if folder.name not in named:
            problems.append(_not_listed(folder))
        problems.extend(_check_files(folder))
    n_runs = len(listed)
    return Check(workspace, n_runs, tuple(problems), len(copies(workspace)))


@contextmanager
def open_to_check(workspace: Path) -> Iterator[sqlite3.Connection]:
    """Opens a workspace's database and leaves it, and what lies beside it, as it is.

    Raises:
        DatabaseDamaged: It cannot be read.
        WorkspaceError: A newer Descent wrote it.
    """
    path = workspace / DATABASE
    with closing(Looker(path, leaves_alone=True)) as looker:
        try:
            with closing(looker.connect()) as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(1)")]
                if found != ["ok"]:
                    raise DatabaseDamaged(
                        f"The run database '{path}' is damaged. Received: {found[0]}.", REPAIR_HINT
                    )
                yield connection
        except DATABASE_ERRORS as error:
            raise in_words(error, path) from error


def _check_rows(
    connection: sqlite3.Connection, workspace: Path, problems: list[UpkeepProblem]
) -> set[str]:
    """Looks at every run and epoch; returns the ids of the runs that are whole."""
    listed: set[str] = set()
    for row in connection.execute("SELECT * FROM runs ORDER BY created_at").fetchall():
        try:
            run = record_from_row(row).id
        except BadRow as error:
            problems.append(_bad_row(workspace, error))
            continue
        listed.add(run)
        for text in history_problems(connection, run):
            remedy = "It is taken from the run's folder, where that has it; else it goes."
            problems.append(UpkeepProblem(ProblemKind.EPOCH, run, text, remedy))
        if not run_folder(workspace, run).is_dir():
            text = "Its folder is gone: what was recorded can be shown, its model is lost."
            problems.append(UpkeepProblem(ProblemKind.NO_FOLDER, run, text))
    return listed


def _bad_row(workspace: Path, error: BadRow) -> UpkeepProblem:
    has_folder = is_run_id(error.run) and run_folder(workspace, error.run).is_dir()
    if has_folder and read_folder(run_folder(workspace, error.run)) is not None:
        remedy = "It is written again from the run's folder."
    else:
        remedy = "It is left out; the database as it is now is set aside."
    return UpkeepProblem(ProblemKind.RUN, error.run, error.message, remedy)


def _not_listed(folder: Path) -> UpkeepProblem:
    found = read_folder(folder)
    text = "Its folder is there, and the database does not know it."
    if found is None:
        text = f"{text} What it is cannot be read from its files."
        return UpkeepProblem(ProblemKind.NOT_LISTED, folder.name, text)
    how = "as it was" if found.is_exact else "as far as its files tell"
    remedy = f"It is listed again, {how}, with {len(found.epochs)} epochs."
    return UpkeepProblem(ProblemKind.NOT_LISTED, folder.name, text, remedy)


def _check_files(folder: Path) -> Iterator[UpkeepProblem]:
    """Looks at the files of a run, as far as one can tell whether they are whole."""
    for name in _JSON_FILES:
        reason = _json_problem(folder / name)
        if reason:
            yield _damaged_file(folder / name, reason)
    reason = _zip_problem(folder / MODEL_FILE)
    if reason:
        yield _damaged_file(folder / MODEL_FILE, reason)
    for path in sorted((folder / "checkpoints").glob("*-*")):
        if path.name.startswith((".", SET_ASIDE)):
            continue
        try:
            read_checkpoint(path)
        except WorkspaceError as error:
            yield _damaged_file(path, error.message)


def _damaged_file(path: Path, reason: str) -> UpkeepProblem:
    subject = f"{path.parent.name}/{path.name}"
    return UpkeepProblem(ProblemKind.FILE, subject, f"'{path}' is damaged. {reason}")


def _json_problem(path: Path) -> str:
    try:
        read_json(path)
    except FileNotFoundError:
        return ""
    except DAMAGED as error:
        return f"Received: {reason_of(error)}."
    return ""


def _zip_problem(path: Path) -> str:
    try:
        with open_archive(path, _MAX_ARCHIVE_BYTES) as archive:
            bad = archive.testzip()
    except FileNotFoundError:
        return ""
    except DAMAGED as error:
        return f"Received: {reason_of(error)}."
    return f"'{bad}' in it does not match its checksum." if bad else ""

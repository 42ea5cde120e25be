"""Workspaces with damaged files: they open, harm no other run, and show no wrong number.

A small workspace with two tiny trained runs is made once. A mutant is it with one file damaged, or
one of its runs' folders in several places, in a way that its kind and number tell, so that one that
was found can be made again.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sqlite3
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.training.data_changes import KIND as DATA_CHANGED
from tests.mutants import MOST_BYTES, Outcome, Wanted, mutated, peak_bytes, reset_peak, watched
from tests.workspace_files import ask, files_of, train_two, write_table

ROW: Final = "3,4,red"
SETTINGS: Final = "settings.ini"
FOLDER: Final = "run folder"
"""The kind of mutants of which several files of a run are damaged, or are no files."""
_RUN: Final = "run/"
_MODEL_FILES: Final = ("model.keras", "contract.json", "data.json")
_MODEL: Final = """{"schema_version": 1, "title": "Mine", "layers": [
 {"name": "input", "type": "Input", "inputs": [], "parameters": {}},
 {"name": "output", "type": "Dense", "inputs": ["input"], "parameters": {"units": 2}}]}"""
_REMOVAL: Final = '{"looked_at": "2026-01-01T00:00:00+00:00", "time_is_over": []}'
_INI: Final = "[General]\nschema_version=1\ndraft={}\n[train]\nsmoothing=0.5\n"


@dataclass
class Sample:
    """The workspace that is damaged, and what is true of it.

    Attributes:
        folder: Holds it, its data and what tells of it.
        runs: The damaged run and the other one.
        truth: What commands say of each run while all is whole.
    """

    folder: Path
    runs: tuple[str, str]
    truth: dict[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> Path:
        return self.folder / "whole"

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every file that may be damaged; those of a run begin with ``run/``."""
        mine = f"runs/{self.runs[0]}/"
        names = [
            path.relative_to(self.whole).as_posix()
            for path in sorted(self.whole.rglob("*"))
            if path.is_file() and not path.name.endswith(("-shm", ".lock"))
        ]
        of_run = [_RUN + name.removeprefix(mine) for name in names if name.startswith(mine)]
        return (*of_run, *(name for name in names if not name.startswith("runs/")))

    def path(self, kind: str, root: Path, run: int = 0) -> Path:
        """Where a file is; of the other run, whose best epoch may be another, the one like it."""
        if not kind.startswith(_RUN):
            return root / kind
        folder, name = root / "runs" / self.runs[run], kind.removeprefix(_RUN)
        same = folder / name
        if not run or same.exists():
            return same
        return next(iter(sorted(folder.glob(re.sub(r"-\d{6}/", "-*/", name)))), same)


def make_sample(folder: Path) -> Sample:
    """Trains the two runs, and asks what is true of them."""
    workspace = folder / "made"
    runs = train_two(workspace, write_table(folder / "data" / "answers.csv"))
    (workspace / "models").mkdir()
    (workspace / "models" / "Mine.json").write_text(_MODEL)
    (workspace / "removal.json").write_text(_REMOVAL)
    (workspace / SETTINGS).write_text(_INI)
    connection = sqlite3.connect(workspace / "runs.sqlite")
    try:  # its last change waits beside it, as after a crash
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE runs SET note = 'kept'")
        connection.commit()
        shutil.copytree(workspace, folder / "whole")
    finally:
        connection.close()
    sample = Sample(folder, runs)
    shutil.copytree(sample.whole, sample.workspace)
    sample.truth = look(sample.workspace, runs, with_model=True)
    assert all(sample.truth[run]["metrics"] for run in runs), sample.truth
    assert not any(sample.truth[run]["told"] for run in runs), sample.truth
    return sample


# ---- what is shown


def look(workspace: Path, runs: tuple[str, ...], with_model: bool) -> dict[str, Any]:
    """What the commands say of each run: numbers, or why there are none.

    Returns:
        By run: ``listed``, ``metrics``, ``epochs``, ``evaluated`` and ``probabilities`` where they
        were shown as right; ``told``, whether something was said to be wrong.
    """
    listed = ask("runs", "list", workspace=workspace)
    found: dict[str, Any] = {run: {"told": listed.code == 2} for run in runs}
    for item in listed.last["runs"] if listed.code == 0 else ():
        if item["id"] in found and not item.get("findings"):
            found[item["id"]]["listed"] = {
                name: value for name, value in item["metrics"].items() if name.startswith("test_")
            }
    for run in runs:
        shown = ask("runs", "show", run, workspace=workspace)
        said = found[run]
        if shown.code or shown.last["findings"]:
            said["told"] = True
        else:
            said["metrics"] = shown.last["metrics"]
            said["epochs"] = [epoch["metrics"] for epoch in shown.last["epochs"]]
        if with_model:
            _look_at_model(workspace, run, said)
    return found


def _look_at_model(workspace: Path, run: str, said: dict[str, Any]) -> None:
    answer = ask("predict", run, ROW, workspace=workspace)
    said["told"] |= bool(answer.code)
    for event in answer.events if not answer.code else ():
        said["told"] |= bool(event["findings"])
        said["probabilities"] = event["probabilities"]
    answer = ask("evaluate", run, workspace=workspace)
    said["told"] |= bool(answer.code)
    if not answer.code:
        kinds = {finding["kind"] for finding in answer.last["findings"]}
        said["told"] |= DATA_CHANGED in kinds  # the others judge the model
        said["evaluated"] = answer.last["metrics"]


# ---- how it is damaged


def damaged(content: bytes, other: bytes, random: np.random.Generator) -> bytes | None:
    """A damaged copy; None: the file is gone."""
    match int(random.integers(10)):
        case 0:
            return other
        case 1:
            return None
        case 2:
            return content[: int(random.integers(len(content) + 1))]
        case 3 if content:
            start = int(random.integers(len(content)))
            length = int(random.integers(1, len(content) - start + 1))
            return content[:start] + bytes(length) + content[start + length :]
        case 4 if content:  # another's bytes in their midst
            start = int(random.integers(len(content)))
            length = int(random.integers(1, min(4096, len(content) - start) + 1))
            return content[:start] + other[start : start + length] + content[start + length :]
        case 5:
            return _with_another_digit(content, random)
        case _:
            return mutated(content, random)


def _with_another_digit(content: bytes, random: np.random.Generator) -> bytes:
    """One digit is another: what is read well, and is wrong."""
    places = [place for place, sign in enumerate(content) if 48 <= sign <= 57]
    if not places:
        return content[:-1]
    place = int(random.choice(places))
    digit = 48 + (content[place] - 48 + int(random.integers(1, 10))) % 10
    return content[:place] + bytes([digit]) + content[place + 1 :]


def write_mutant(sample: Sample, kind: str, number: int) -> list[str]:
    """Makes the workspace whole, but for what a mutant is; returns the files that it damaged."""
    _make_whole(sample)
    random = np.random.default_rng([number, *kind.encode()])
    if kind != FOLDER:
        _damage_file(sample, kind, random)
        return [kind]
    names = [name for name in sample.kinds if name.startswith(_RUN)]
    chosen = random.choice(names, int(random.integers(1, 5)), replace=False).tolist()
    for name in chosen:
        path = sample.path(name, sample.workspace)
        if path.is_file():  # its folder may be gone by now
            random.choice(_FOLDER_FAULTS)(sample, name, random)
    return [str(name) for name in chosen]


def _make_whole(sample: Sample) -> None:
    shutil.rmtree(sample.workspace)
    shutil.copytree(sample.whole, sample.workspace)


def _damage_file(sample: Sample, name: str, random: np.random.Generator) -> None:
    path = sample.path(name, sample.workspace)
    other = sample.path(name, sample.whole, run=1)
    content = damaged(path.read_bytes(), other.read_bytes(), random)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


def _swap(sample: Sample, name: str, random: np.random.Generator) -> None:
    """Another file of the same run stands in a file's place."""
    names = [kind for kind in sample.kinds if kind.startswith(_RUN) and kind != name]
    other = sample.path(str(random.choice(names)), sample.whole)
    shutil.copy(other, sample.path(name, sample.workspace))


def _put_special(sample: Sample, name: str, random: np.random.Generator) -> None:
    """A folder, a pipe, or a link to nothing, to a device or to another run's file."""
    path = sample.path(name, sample.workspace)
    other = sample.path(name, sample.workspace, run=1)
    path.unlink()
    match int(random.integers(5)):
        case 0:
            path.mkdir()
        case 1:
            os.mkfifo(path)
        case 2:
            path.symlink_to(path.with_name("nothing"))
        case 3:
            path.symlink_to("/dev/zero")
        case _:
            path.symlink_to(other)


def _remove_folder(sample: Sample, name: str, random: np.random.Generator) -> None:
    """The folder that a file is in is gone, or is a file."""
    folder = sample.path(name, sample.workspace).parent
    shutil.rmtree(folder)
    if random.random() < 0.5:
        folder.write_bytes(random.bytes(20))


_FOLDER_FAULTS: Final[list[Callable[[Sample, str, np.random.Generator], None]]] = [
    _damage_file,
    _damage_file,
    _damage_file,
    _swap,
    _put_special,
    _remove_folder,
]


# ---- what becomes of it


def try_mutant(sample: Sample, kind: str, number: int) -> Outcome:
    """Opens a damaged workspace as people do, and compares what is shown with what is true."""
    names = write_mutant(sample, kind, number)
    other = sample.workspace / "runs" / sample.runs[1]
    files = files_of(other)
    reset_peak()
    held = peak_bytes()  # here of what other tests have loaded, too
    before, details = time.perf_counter(), ""
    try:
        what, details = _judged(sample, names)
    except BaseException:
        what, details = "crashed", traceback.format_exc()
    seconds = time.perf_counter() - before
    if what in ("read", "refused"):
        if files_of(other) != files:
            what, details = "harmed another run", str(names)
        elif peak_bytes() - held > MOST_BYTES:  # TensorFlow's own are half of that
            what = "too much memory"
    return Outcome(kind, number, what, seconds, details)


def _judged(sample: Sample, names: list[str]) -> tuple[str, str]:
    mine, other = sample.runs
    if names == [SETTINGS]:
        return _open_settings(sample.workspace / SETTINGS), ""
    is_run = names[0].startswith(_RUN)
    is_model = any(name.endswith(_MODEL_FILES) for name in names)
    found = look(sample.workspace, (mine,), with_model=is_model)
    found |= look(sample.workspace, (other,), with_model=False)
    if is_run:
        told = [_checkpoint_is_told(sample, name) for name in names]
        found[mine]["told"] |= any(told)
    else:
        ask("models", "list", workspace=sample.workspace)
    for run in sample.runs:
        for key, value in found[run].items():
            if key != "told" and not _same(value, sample.truth[run][key]):
                return "shown wrong", f"{run} {key}: {value!r} {sample.truth[run][key]!r}"
    if is_run and (found[other]["told"] or "metrics" not in found[other]):
        return "harmed another run", "it is not shown as it is"
    return ("refused" if found[mine]["told"] else "read"), ""


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return math.isclose(first, second, rel_tol=1e-5, abs_tol=1e-6)
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(_same(first[k], second[k]) for k in first)
    if isinstance(first, list) and isinstance(second, list):
        return len(first) == len(second) and all(map(_same, first, second))
    return bool(first == second)


def _checkpoint_is_told(sample: Sample, name: str) -> bool:
    """Whether a damaged checkpoint is passed over; what is read of it is what was written."""
    from engine.errors import WorkspaceError
    from engine.training.checkpoint import read_checkpoint

    if "checkpoints/" not in name:
        return False
    path = sample.path(name, sample.workspace).parent
    try:
        found = read_checkpoint(path)
    except WorkspaceError:
        return True
    whole = read_checkpoint(sample.path(name, sample.whole).parent)
    assert json.dumps(found.progress) == json.dumps(whole.progress)
    assert found.variables.keys() == whole.variables.keys()
    for key, value in whole.variables.items():
        np.testing.assert_array_equal(found.variables[key], value)
    return False


def _open_settings(path: Path) -> str:
    from PySide6.QtCore import QSettings

    from gui.state.draft import Draft
    from gui.state.settings import Settings

    settings = Settings(QSettings(str(path), QSettings.Format.IniFormat))
    Draft.from_values(settings.get("draft", dict[str, object]()))
    assert isinstance(settings.get("train/smoothing", 0.0), float)
    return "read"


# ---- many


def workspaces_tried(
    folder: Path, n_workspaces: int, n_folders: int, first: int = 0
) -> Iterator[Outcome]:
    """Tries mutants of every kind, in a process of their own, which is ended where one hangs.

    Args:
        folder: Where the workspace is made; empty.
        n_workspaces: So many at least with one damaged file, evenly of each.
        n_folders: So many with a damaged folder of a run.
        first: The first one's number.
    """
    sample = make_sample(folder)
    each = -(-n_workspaces // len(sample.kinds))
    wanted = [(kind, number) for number in range(first, first + each) for kind in sample.kinds]
    wanted += [(FOLDER, number) for number in range(first, first + n_folders)]
    return watched(wanted, partial(try_all, sample))


def try_all(sample: Sample, wanted: Wanted, answers: Connection) -> None:
    """Tries mutants, and sends what became of each."""
    _make_whole(sample)
    look(sample.workspace, sample.runs, with_model=True)  # what is slow the first time is over
    for kind, number in wanted:
        answers.send(try_mutant(sample, kind, number))
    answers.close()

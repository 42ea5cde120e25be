"""Workspaces with one damaged file: they open, harm no other run, and show no wrong number.

A small workspace with two tiny trained runs is made once. A mutant is one file of it, damaged in a
way that its number tells, so that one that was found can be made again.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import sqlite3
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.mutants import Outcome, mutated
from tests.workspace_files import ask, files_of, train_two, write_table

ROW: Final = "3,4,red"
SETTINGS: Final = "settings.ini"
_MODEL: Final = """{"schema_version": 1, "title": "Mine", "layers": [
 {"name": "input", "type": "Input", "inputs": [], "parameters": {}},
 {"name": "output", "type": "Dense", "inputs": ["input"], "parameters": {"units": 2}}]}"""


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
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every file that may be damaged, relative to the workspace."""
        mine = f"runs/{self.runs[0]}/"
        names = [name for name in self._names() if name.startswith(mine) or "runs/" not in name]
        return tuple(name for name in names if not name.endswith(".lock"))

    def other(self, name: str) -> Path:
        """The same file of the other run; the file itself where there is none."""
        whole = self.folder / "whole"
        path = whole / name.replace(self.runs[0], self.runs[1])
        return path if path.exists() else whole / name

    def _names(self) -> list[str]:
        whole = self.folder / "whole"
        return [
            path.relative_to(whole).as_posix()
            for path in sorted(whole.rglob("*"))
            if path.is_file() and not path.name.endswith("-shm")
        ]


def make_sample(folder: Path) -> Sample:
    """Trains the two runs, and asks what is true of them."""
    os.environ["DESCENT_CACHE"] = str(folder / "cache")
    workspace = folder / "made"
    runs = train_two(workspace, write_table(folder / "data" / "answers.csv"))
    (workspace / "models").mkdir()
    (workspace / "models" / "Mine.json").write_text(_MODEL)
    (workspace / "removal.json").write_text(
        '{"looked_at": "2026-01-01T00:00:00+00:00", "time_is_over": []}'
    )
    (workspace / SETTINGS).write_text(
        "[General]\nschema_version=1\ndraft={}\n[train]\nsmoothing=0.5\n"
    )
    connection = sqlite3.connect(workspace / "runs.sqlite")
    try:  # its last change waits beside it, as after a crash
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE runs SET note = 'kept'")
        connection.commit()
        shutil.copytree(workspace, folder / "whole")
    finally:
        connection.close()
    sample = Sample(folder, runs)
    shutil.copytree(folder / "whole", sample.workspace)
    sample.truth = look(sample.workspace, runs, with_model=True)
    assert all(sample.truth[run]["metrics"] for run in runs), sample.truth
    return sample


def look(workspace: Path, runs: tuple[str, ...], with_model: bool) -> dict[str, Any]:
    """What the commands say of each run: numbers, or why there are none.

    Returns:
        By run: ``metrics``, ``epochs``, ``evaluated``, ``class`` and ``probabilities`` where they
        were shown as right; ``told`` where something was said to be wrong.
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
        said["probabilities"] = event["probabilities"]
    answer = ask("evaluate", run, workspace=workspace)
    said["told"] |= bool(answer.code)
    if not answer.code:
        said["evaluated"] = answer.last["metrics"]


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


def write_mutant(sample: Sample, name: str, number: int) -> None:
    """Makes the workspace whole, but for one file."""
    shutil.rmtree(sample.workspace)
    shutil.copytree(sample.folder / "whole", sample.workspace)
    path = sample.workspace / name
    random = np.random.default_rng([number, *name.encode()])
    content = damaged(path.read_bytes(), sample.other(name).read_bytes(), random)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)


def try_mutant(sample: Sample, name: str, number: int) -> Outcome:
    """Opens a damaged workspace as people do, and compares what is shown with what is true."""
    write_mutant(sample, name, number)
    before, details = time.perf_counter(), ""
    other = sample.workspace / "runs" / sample.runs[1]
    files = files_of(other)
    try:
        what, details = _judged(sample, name)
    except BaseException:
        what, details = "crashed", traceback.format_exc()
    if what in ("read", "refused") and files_of(other) != files:
        what, details = "harmed another run", name
    return Outcome(name, number, what, time.perf_counter() - before, details)


def _judged(sample: Sample, name: str) -> tuple[str, str]:
    mine, other = sample.runs
    if name == SETTINGS:
        return _open_settings(sample.workspace / name), ""
    is_models = name.endswith(("model.keras", "contract.json", "data.json"))
    found = look(sample.workspace, (mine,), with_model=is_models)
    if "runs/" in name:
        found |= look(sample.workspace, (other,), with_model=False)
        found[mine]["told"] |= _checkpoint_is_told(sample, name)
    else:
        found |= look(sample.workspace, (other,), with_model=False)
        ask("models", "list", workspace=sample.workspace)
    for run in sample.runs:
        for key, value in found[run].items():
            if key != "told" and not _same(value, sample.truth[run][key]):
                return "shown wrong", f"{run} {key}: {value!r} {sample.truth[run][key]!r}"
    if "runs/" in name and "metrics" not in found[other]:
        return "harmed another run", "it is not shown"
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
    path = (sample.workspace / name).parent
    try:
        found = read_checkpoint(path)
    except WorkspaceError:
        return True
    whole = read_checkpoint(sample.folder / "whole" / path.relative_to(sample.workspace))
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


def try_all(
    folder: Path, numbers: range, limit_bytes: int = 0, leave_out: str = "-"
) -> Iterator[Outcome]:
    """Tries mutants of every file one after the other, in this process.

    Args:
        folder: Where the workspace is made; empty.
        numbers: Of the mutants of each file.
        limit_bytes: Of memory that this process may have; 0: no limit.
        leave_out: Files whose names begin so are not damaged.
    """
    sample = make_sample(folder)
    if limit_bytes:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    for number in numbers:
        for name in sample.kinds:
            if not name.startswith(leave_out):
                yield try_mutant(sample, name, number)

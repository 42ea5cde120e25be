"""What the folder of a run says of it, so that the run is found again where its database is lost.

``run.json`` holds the run's row of the database and is written whole when something of it changes.
``history.jsonl`` is a line for each epoch and change, appended while the run is trained, without
waiting for the disk: the database has them already. Each line and file bears its checksum.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.events.messages import Event
from engine.events.run_events import EpochEnded, SettingChanged
from engine.files import atomic_write
from engine.files.bounded import DAMAGED, parse_object, read_object, read_whole
from engine.files.disk import cannot_write
from engine.runs.run_folders import RUN_FILE

HISTORY_FILE = "history.jsonl"
SCHEMA_VERSION = 1
_MAX_HISTORY_BYTES = 1 << 30


@dataclass
class RunHistory:
    """What was recorded of a run, as its folder says.

    Attributes:
        epochs: By number; of one recorded twice the later counts.
        changes: What was changed while it was trained, in order.
        n_damaged: Lines that cannot be read.
    """

    epochs: dict[int, EpochEnded] = field(default_factory=dict)
    changes: list[SettingChanged] = field(default_factory=list)
    n_damaged: int = 0

    def cut(self, step: int, epoch: int) -> None:
        """Forgets what came after a checkpoint."""
        self.epochs = {number: it for number, it in self.epochs.items() if number <= epoch}
        self.changes = [it for it in self.changes if it.step <= step]


def save_run_file(values: Mapping[str, Any], folder: Path) -> None:
    """Writes the row of a run into its folder.

    Raises:
        WorkspaceError: It cannot be written.
    """
    row = {name: value for name, value in values.items() if not isinstance(value, bytes)}
    content = {"schema_version": SCHEMA_VERSION, "crc32": _mark(_text(row)), "run": row}
    atomic_write(folder / RUN_FILE, json.dumps(content, ensure_ascii=False))


def read_run_file(folder: Path) -> dict[str, Any] | None:
    """Reads the row of a run from its folder; None: it is not there, or is damaged."""
    try:
        content = read_object(folder / RUN_FILE)
        row = content["run"]
        is_whole = content["schema_version"] == SCHEMA_VERSION
        is_whole = is_whole and content["crc32"] == _mark(_text(row)) and isinstance(row, dict)
    except DAMAGED:
        return None
    return row if is_whole and row.get("id") == folder.name else None


def append_history(events: Iterable[Event], folder: Path) -> None:
    """Appends the epochs and changes among events of one run.

    Raises:
        WorkspaceError: They cannot be written.
    """
    lines = [_line(event) for event in events if isinstance(event, EpochEnded | SettingChanged)]
    _append(lines, folder)


def append_cut(step: int, epoch: int, folder: Path) -> None:
    """Appends that everything after a checkpoint is forgotten, as `cut_run` does it.

    Raises:
        WorkspaceError: It cannot be written.
    """
    _append([_signed({"cut": {"step": step, "epoch": epoch}})], folder)


def flush_history(folder: Path) -> None:
    """Waits until everything appended is on the disk; does nothing where nothing was.

    Raises:
        WorkspaceError: It cannot be written.
    """
    path = folder / HISTORY_FILE
    try:
        if path.exists():
            with path.open("r+b") as file:
                os.fsync(file.fileno())
    except OSError as error:
        raise cannot_write(path, error) from error


def read_history(run: str, folder: Path) -> RunHistory:
    """Reads what was appended; lines that are torn or changed are left out and counted."""
    found = RunHistory()
    try:
        lines = read_whole(folder / HISTORY_FILE, _MAX_HISTORY_BYTES).splitlines()
    except (OSError, ValueError):
        return found
    for line in filter(None, lines):
        try:
            _replay(run, _checked(line), found)
        except DAMAGED:
            found.n_damaged += 1
    return found


def _replay(run: str, values: dict[str, Any], found: RunHistory) -> None:
    match values:
        case {"epoch": dict(epoch)}:
            event = EpochEnded(run, **epoch)
            found.epochs[event.epoch] = event
        case {"change": dict(change)}:
            told = SettingChanged(run, **change)
            if told not in found.changes:  # once more after a resume
                found.changes.append(told)
        case {"cut": {"step": int(step), "epoch": int(epoch)}}:
            found.cut(step, epoch)
        case _:
            raise ValueError("It is of another version.")


def _line(event: EpochEnded | SettingChanged) -> str:
    values = asdict(event)
    del values["run"]
    if isinstance(event, EpochEnded):
        del values["patience"]  # of no use once it is over
        values["metrics"] = {name: float(value) for name, value in event.metrics.items()}
        values["is_best"] = bool(event.is_best)
        return _signed({"epoch": values})
    return _signed({"change": values})


def _append(lines: list[str], folder: Path) -> None:
    if not lines:
        return
    path = folder / HISTORY_FILE
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            # What a power cut left of a line before ends here.
            file.write("".join(f"\n{line}" for line in lines) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error


def _signed(values: dict[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, default=float)
    return f"{_mark(text)} {text}"


def _checked(line: bytes) -> dict[str, Any]:
    mark, _, text = line.decode("utf-8").partition(" ")
    if mark != _mark(text):
        raise ValueError("The line does not match its checksum.")
    return parse_object(text)


def _text(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, sort_keys=True)


def _mark(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8', errors='surrogatepass')):08x}"

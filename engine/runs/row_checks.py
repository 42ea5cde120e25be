"""Whether a row of the database is as it should be: a bad one hides itself, never the others."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from engine.errors import WorkspaceError
from engine.events.run_events import RunState
from engine.files.bounded import parse_json
from engine.runs.checksums import epoch_checksum, metrics_checksum
from engine.runs.run_folders import is_run_id
from engine.runs.schema import REPAIR_HINT
from engine.spec.formatting import shorten

_YEARS: Final = range(1970, 9000)
"""Others cannot be told in every time zone; a clock that was never set says 1970."""
_MAX_COUNT: Final = 2**53
_MAX_SECONDS: Final = 1e12
_NAME_LENGTH: Final = 80
_MAX_PID: Final = 2**31


class BadRow(WorkspaceError):
    """What is stored of a run, or of one of its epochs, is damaged.

    Attributes:
        run: Id of the run.
    """

    def __init__(self, run: str, problem: str) -> None:
        self.run, self.problem = run, problem
        super().__init__(
            f"The run '{run}' is not shown: what is stored of it is damaged. {problem}",
            REPAIR_HINT,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.run, self.problem))


def check_row(row: sqlite3.Row) -> None:
    """Makes sure that a row of the table `runs` can be read.

    Raises:
        BadRow: It cannot; says which of its values is wrong, and what was received.
    """
    wrong = _first_wrong(row, _CHECKS)
    if wrong:
        raise BadRow(_name_of(row), f"Its {wrong}")
    if row["metrics_crc"] not in (None, metrics_checksum(row["metrics"])):
        received = shorten(row["metrics"])
        raise BadRow(
            _name_of(row), f"Its metrics do not match their checksum. Received: {received}."
        )


def doubtful_rows(rows: Sequence[sqlite3.Row]) -> set[int]:
    """Positions of the rows that `check_row` may refuse; it is sure to pass each of the others.

    Looked at by column, each different value once: thousands of runs share most of theirs.
    """
    if not rows:
        return set()
    columns = dict(zip(rows[0].keys(), zip(*rows, strict=True), strict=True))
    doubtful: set[int] = set()
    for name, check in _CHECKS.items():
        values = columns[name]
        kinds = tuple(map(type, values))
        if check is _text and set(kinds) == {str}:
            continue
        wrong = {pair for pair in set(zip(kinds, values, strict=True)) if check(pair[1])}
        if wrong:
            pairs = zip(kinds, values, strict=True)  # by type, too: 1 and 1.0 are one value
            doubtful.update(position for position, pair in enumerate(pairs) if pair in wrong)
    checksums = enumerate(zip(columns["metrics_crc"], columns["metrics"], strict=True))
    doubtful.update(
        position
        for position, (checksum, metrics) in checksums
        if checksum is not None
        and position not in doubtful
        and checksum != metrics_checksum(metrics)
    )
    return doubtful


def epoch_problem(row: sqlite3.Row) -> str:
    """What is wrong with a row of the table `epochs`, in words; empty: nothing."""
    wrong = _first_wrong(row, _EPOCH_CHECKS)
    if wrong:
        return f"Epoch {shorten(row['epoch'])} is not shown: its {wrong}"
    if row["crc"] not in (None, epoch_checksum(row)):
        return (
            f"Epoch {row['epoch']} is not shown: it does not match its checksum. "
            f"Received: {shorten(row['metrics'])}."
        )
    return ""


def change_problem(row: sqlite3.Row) -> str:
    """What is wrong with a row of the table `changes`, in words; empty: nothing."""
    wrong = _first_wrong(row, _CHANGE_CHECKS)
    return f"A change of a setting is not shown: its {wrong}" if wrong else ""


def _first_wrong(row: sqlite3.Row, checks: Mapping[str, Check]) -> str:
    """The first column that is not what it should be, and what was received; empty: none."""
    for column, check in checks.items():
        wanted = check(row[column])
        if wanted:
            return f"{column} is no {wanted}. Received: {shorten(row[column])}."
    return ""


def _name_of(row: sqlite3.Row) -> str:
    return (str(row["id"]) or str(row["name"]))[:_NAME_LENGTH]


# ---- what a value should be: each says what is wanted where it is not that


Check = Callable[[Any], str]


def _text(value: Any) -> str:
    return "" if isinstance(value, str) else "text"


def _run_id(value: Any) -> str:
    return "" if isinstance(value, str) and is_run_id(value) else "run's id"


def _origin(value: Any) -> str:
    return "" if value == "" or not _run_id(value) else "run's id"


def _state(value: Any) -> str:
    return "" if isinstance(value, str) and value in set(RunState) else "state of a run"


def _time(value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return "date with a time"
    is_one = moment.tzinfo is not None and moment.year in _YEARS
    return "" if is_one else "date with a time and its zone"


def _time_or_none(value: Any) -> str:
    return "" if value is None or value == "" else _time(value)


def _count(value: Any) -> str:
    return "" if isinstance(value, int) and 0 <= value < _MAX_COUNT else "count"


def _count_or_none(value: Any) -> str:
    return "" if value is None else _count(value)


def _pid(value: Any) -> str:
    return "" if isinstance(value, int) and 0 <= value < _MAX_PID else "process"


def _number(value: Any) -> str:
    return "" if isinstance(value, int | float) and math.isfinite(value) else "number"


def _seconds(value: Any) -> str:
    return "" if not _number(value) and 0 <= value < _MAX_SECONDS else "number of seconds"


def _number_or_none(value: Any) -> str:
    return "" if value is None else _number(value)


def _metrics(value: Any) -> str:
    return "list of metrics" if not isinstance(value, str) or metrics_of(value) is None else ""


@lru_cache(maxsize=8192)
def metrics_of(text: str) -> Mapping[str, float] | None:
    """The metrics that a JSON text holds, which are not to be changed; None where it holds none.

    Kept, as a list of runs is checked first and made after that, and read again at each change.
    """
    found = _json(text)
    return found if isinstance(found, dict) and _are_numbers(found.values()) else None


def _object(value: Any) -> str:
    return "" if isinstance(value, str) and _is_object(value) else "JSON object"


@lru_cache(maxsize=256)
def _is_object(text: str) -> bool:
    """Thousands of runs have one of a few plans."""
    return isinstance(_json(text), dict)


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(isinstance(item, int | float) and not isinstance(item, bool) for item in values)


def _json(value: Any) -> Any:
    """What a JSON text says; None where it is none."""
    try:
        return parse_json(value) if isinstance(value, str) else None
    except ValueError:
        return None


_CHECKS: Mapping[str, Check] = {
    "id": _run_id,
    "name": _text,
    "note": _text,
    "state": _state,
    "reason": _text,
    "hint": _text,
    "details": _text,
    "created_at": _time,
    "ended_at": _time_or_none,
    "deleted_at": _time_or_none,
    "spec": _text,
    "dataset_title": _text,
    "model_title": _text,
    "epochs_planned": _count,
    "epochs_done": _count,
    "best_epoch": _count_or_none,
    "duration_s": _seconds,
    "metrics": _metrics,
    "plan": _object,
    "owner_pid": _pid,
    "owner_started_s": _seconds,
    "origin": _origin,
}

_CHANGE_CHECKS: Mapping[str, Check] = {
    "epoch": _count,
    "step": _count,
    "setting": _text,
    "before": _number,
    "after": _number,
    "reason": _text,
}

_EPOCH_CHECKS: Mapping[str, Check] = {
    "epoch": _count,
    "step": _count,
    "metrics": _metrics,
    "duration_s": _seconds,
    "elapsed_s": _seconds,
    "samples_per_s": _number,
    "is_best": _count,
    "learning_rate": _number_or_none,
}

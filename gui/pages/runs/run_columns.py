"""The columns of the list of runs: those that are always there, and the settings that differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from engine.spec.formatting import NOTHING, duration_text
from gui.formatting.numbers import count_text, counted, rate_text, value_text
from gui.formatting.run_rule_words import setting_label
from gui.formatting.run_words import (
    main_metric,
    metric_text,
    metric_title,
    moment_text,
    state_text,
)
from gui.formatting.translation import translate

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

KEPT_FOR = "kept_for"
"""Name of the column that only deleted runs have."""

MOST_LOOKED_AT: Final = 300
"""Of more runs, the latest decide which settings are shown."""
_KNOWN_OTHERWISE: Final = frozenset({"schema_version", "data.source", "model.name", "data.format"})
_FIRST: Final = ("training.learning_rate", "training.batch_size", "training.optimizer")


@dataclass(frozen=True)
class Column:
    """One column of the list.

    Attributes:
        name: By which it is remembered.
        title: What people read.
        text: What a run's cell says.
        key: By what runs are sorted; the text where None.
        is_number: Aligned to the right.
        tip: What the cell's tooltip says, if not its text.
    """

    name: str
    title: str
    text: Callable[[RunRecord], str]
    key: Callable[[RunRecord], Any] | None = None
    is_number: bool = False
    tip: Callable[[RunRecord], str] | None = None


def columns() -> tuple[Column, ...]:
    """Returns the columns from left to right, in the language of the window."""
    return (
        Column("name", translate("Name"), lambda r: r.name, lambda r: r.name.casefold()),
        Column("state", translate("State"), lambda r: state_text(r.state), tip=_state_tip),
        Column(KEPT_FOR, translate("Kept for"), _kept_text, _kept_until, tip=_kept_tip),
        Column("data", translate("Data"), lambda r: r.dataset_title),
        Column("model", translate("Model"), lambda r: r.model_title),
        _metric_column("validation", translate("Validation"), "val_"),
        _metric_column("test", translate("Test"), "test_"),
        Column("epochs", translate("Epochs"), _epochs_text, lambda r: r.epochs_done, True),
        Column(
            "duration",
            translate("Training time"),
            lambda r: duration_text(r.duration_s) if r.epochs_done else NOTHING,
            lambda r: r.duration_s,
            True,
        ),
        Column(
            "started",
            translate("Started"),
            lambda r: moment_text(r.created_at),
            lambda r: r.created_at,
        ),
        Column("note", translate("Note"), lambda r: r.note.replace("\n", " ")),
    )


def _metric_column(name: str, title: str, prefix: str) -> Column:
    def find(record: RunRecord) -> tuple[str, float] | None:
        # Texts are measured whole, and only at the end.
        for metric in (main_metric(record.metrics), "exact_match", "character_error_rate"):
            if (value := record.metrics.get(prefix + metric)) is not None:
                return metric, value
        return None

    def text(record: RunRecord) -> str:
        found = find(record)
        return metric_text(*found) if found else NOTHING

    def tip(record: RunRecord) -> str:
        found = find(record)
        if found is None:
            return ""
        told = f"{metric_title(prefix + found[0])}: {text(record)}"
        when = translate("{told}, in the last epoch")
        return when.format(told=told) if prefix == "val_" else told

    # Runs without a value come first, then by metric: an error is not compared with a share.
    return Column(name, title, text, lambda r: find(r) or ("", 0.0), True, tip)


def _epochs_text(record: RunRecord) -> str:
    done = count_text(record.epochs_done)
    if record.epochs_done == record.epochs_planned or not record.epochs_planned:
        return done
    return translate("{done} of {all}").format(done=done, all=count_text(record.epochs_planned))


def _kept_until(record: RunRecord) -> datetime:
    return record.kept_until or record.created_at


def _kept_text(record: RunRecord) -> str:
    days = math.ceil((_kept_until(record) - datetime.now(UTC)) / timedelta(days=1))
    if days <= 1:
        return translate("Less than a day")
    return counted(days, translate("{n} day"), translate("{n} days"))


def _kept_tip(record: RunRecord) -> str:
    moment = record.deleted_at or record.created_at
    return translate("Deleted: {moment}").format(moment=moment_text(moment))


def _state_tip(record: RunRecord) -> str:
    return " ".join(part for part in (record.reason, record.hint) if part)


# ---- the settings in which runs differ


def differing(records: Sequence[RunRecord]) -> tuple[Column, ...]:
    """Returns a column for each setting in which the runs differ, those people try most first.

    A setting of which fewer than half of the runs have a value belongs to some of their models
    only, and tells little beside the others.
    """
    looked_at = sorted(records, key=lambda record: record.created_at)[-MOST_LOOKED_AT:]
    counts: dict[str, Counter[str]] = {}
    for group, values, n_runs in _groups(looked_at):
        for path, value in _leaves(group, values):
            if _is_told(path, value):
                counts.setdefault(path, Counter())[repr(value)] += n_runs
    found = [
        path
        for path, values in counts.items()
        if len(values) > 1 and 2 * values.total() >= len(looked_at)
    ]
    found.sort(key=lambda path: _FIRST.index(path) if path in _FIRST else len(_FIRST))
    return tuple(_setting_column(path) for path in found)


def _setting_column(path: str) -> Column:
    return Column(path, setting_label(path), partial(_setting_text, path), partial(_order, path))


def _groups(records: Sequence[RunRecord]) -> Iterator[tuple[str, Any, int]]:
    """The different groups of settings, and how many runs have each: most share most of them."""
    found: dict[tuple[str, str], Any] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for record in records:
        for group, values in record.settings.items():
            key = group, repr(values)
            found.setdefault(key, values)
            counts[key] += 1
    return ((group, found[group, text], n_runs) for (group, text), n_runs in counts.items())


def _is_told(path: str, value: Any) -> bool:
    """It says something, and has no column of its own."""
    is_layers = ".graph" in path  # a page would not hold them
    return value is not None and path not in _KNOWN_OTHERWISE and not is_layers


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else name, inner)
    else:
        yield path, value


def _value(path: str, record: RunRecord) -> Any:
    place: Any = record.settings
    for name in path.split("."):
        place = place.get(name) if isinstance(place, dict) else None
    return place


def _setting_text(path: str, record: RunRecord) -> str:
    value = _value(path, record)
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return translate("yes") if value else translate("no")
    if isinstance(value, float):
        return rate_text(value) if path.endswith("_rate") else value_text(value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _order(path: str, record: RunRecord) -> tuple[int, float, str]:
    """Nothing first, then numbers, then words."""
    value = _value(path, record)
    if value is None:
        return 0, 0.0, ""
    is_number = isinstance(value, int | float) and math.isfinite(value)
    return (1, float(value), "") if is_number else (2, 0.0, str(value))

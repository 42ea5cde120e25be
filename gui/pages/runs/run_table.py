"""The model of the list of runs: sortable, filtered, searchable, edited in place."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor

from engine.devices.console.escaping import escaped
from engine.events.run_events import (
    EpochEnded,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunStarted,
    RunState,
    SettingChanged,
)
from gui.formatting.plain_text import plain_tip
from gui.formatting.run_words import (
    state_role,
    state_text,
)
from gui.pages.runs.run_columns import Column, columns
from gui.style.icons import icon
from gui.style.theme import current_theme

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
ID_ROLE = Role.UserRole


BEFORE_SETTINGS = "model"
"""Name of the column behind which settings stand."""

_ICONS = {
    RunState.FINISHED: "success",
    RunState.STOPPED: "stop",
    RunState.FAILED: "error",
    RunState.INTERRUPTED: "warning",
    RunState.PAUSED: "pause",
}


class RunsModel(QAbstractTableModel):
    """The runs of the workspace, one a row.

    Signals:
        rename_asked(run, name): A name was edited in place.
        note_asked(run, note): A note was edited in place.
    """

    rename_asked = Signal(str, str)
    note_asked = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = self._fixed = columns()
        self._records: list[RunRecord] = []
        self._sorted_by = self.columns[0], False
        self._live_run = ""
        self._live: dict[str, Any] = {}

    def position(self, name: str) -> int:
        """Returns the position of a column; of the first where there is none of that name."""
        names = [column.name for column in self.columns]
        return names.index(name) if name in names else 0

    def set_settings(self, settings: Sequence[Column]) -> None:
        """Shows columns of settings behind the model's, in place of those before."""
        first = self.position(BEFORE_SETTINGS) + 1
        if n_before := len(self.columns) - len(self._fixed):
            self.beginRemoveColumns(QModelIndex(), first, first + n_before - 1)
            self.columns = self._fixed
            self.endRemoveColumns()
        if settings:
            self.beginInsertColumns(QModelIndex(), first, first + len(settings) - 1)
            self.columns = (*self._fixed[:first], *settings, *self._fixed[first:])
            self.endInsertColumns()

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """Every run in the list."""
        return tuple(self._records)

    def record(self, run: str) -> RunRecord | None:
        """Returns a run's record as shown, if it is in the list."""
        return next((record for record in self._records if record.id == run), None)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sorts the rows, now and as they change, by what the cells of a column mean."""
        self._sorted_by = self.columns[column], order is Qt.SortOrder.DescendingOrder
        self._sort_rows()

    def _in_order(self, records: Iterable[RunRecord]) -> list[RunRecord]:
        column, is_descending = self._sorted_by
        key = column.key or (lambda record: column.text(record).casefold())
        by = lambda record: (key(record), record.created_at)  # noqa: E731
        return sorted(records, key=by, reverse=is_descending)

    def _sort_rows(self) -> None:
        """Puts every row in its place; what is selected and edited moves with it."""
        wanted = self._in_order(self._records)
        if wanted == self._records:
            return
        self.layoutAboutToBeChanged.emit()
        places = {record.id: row for row, record in enumerate(wanted)}
        moved = [places[record.id] for record in self._records]
        before = self.persistentIndexList()
        self._records = wanted
        after = [self.index(moved[index.row()], index.column()) for index in before]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def set_records(self, records: Sequence[RunRecord]) -> None:
        """Replaces the rows; those that stay keep selection, focus and scroll position."""
        wanted = {record.id: self._brought_up(record) for record in records}
        for row in reversed(range(len(self._records))):
            if self._records[row].id not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._records[row]
                self.endRemoveRows()
        for row, old in enumerate(self._records):
            if old != wanted[old.id]:
                self._put(row, wanted[old.id])
        known = {record.id for record in self._records}
        added = self._in_order(record for record in wanted.values() if record.id not in known)
        if added:
            first = len(self._records)
            self.beginInsertRows(QModelIndex(), first, first + len(added) - 1)
            self._records += added
            self.endInsertRows()
        self._sort_rows()

    def follow(self, events: Sequence[RunEvent]) -> None:
        """Brings the row of the run under way up to date."""
        for event in events:
            self._begin(event.run)
            self._live |= _changes(event, self._live.get("metrics", {}))
        self._show_live()

    def set_state(self, run: str, state: RunState) -> None:
        """Shows another state of the run under way, before it is written anywhere."""
        self._begin(run)
        self._live["state"] = state
        self._show_live()

    def _begin(self, run: str) -> None:
        if run != self._live_run:
            self._live_run, self._live = run, {}

    def _brought_up(self, record: RunRecord) -> RunRecord:
        """What was read of the run under way may be older than what was heard of it."""
        if record.id != self._live_run:
            return record
        return dataclasses.replace(record, **self._live)

    def _show_live(self) -> None:
        for row, record in enumerate(self._records):
            newest = self._brought_up(record)
            if newest != record:
                self._replace(row, newest)

    def recolor(self) -> None:
        """Repaints in the colours of another theme."""
        if self._records:
            corner = self.index(len(self._records) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), corner)

    def _replace(self, row: int, record: RunRecord) -> None:
        self._put(row, record)
        self._sort_rows()

    def _put(self, row: int, record: RunRecord) -> None:
        self._records[row] = record
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    # ---- Qt's side

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._records)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical:
            return None
        if role == Role.DisplayRole:
            return self.columns[section].title
        if role == Role.TextAlignmentRole:
            return _alignment(self.columns[section])
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.isValid() and self.columns[index.column()].name in ("name", "note"):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column, record = self.columns[index.column()], self._records[index.row()]
        if role == Role.DisplayRole:
            return escaped(column.text(record))
        if role == Role.EditRole:
            return record.note if column.name == "note" else column.text(record)
        if role == Role.ToolTipRole:
            return plain_tip((column.tip or column.text)(record) or "") or None
        if role == Role.TextAlignmentRole:
            return _alignment(column)
        if role == ID_ROLE:
            return record.id
        if column.name == "state":
            return _state_look(record, role)
        return None

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        record, text = self._records[index.row()], str(value).strip()
        name = self.columns[index.column()].name
        if role != Role.EditRole or text == getattr(record, name, None):
            return False
        if name == "note":
            self._replace(index.row(), dataclasses.replace(record, note=text))
            self.note_asked.emit(record.id, text)
        elif name == "name" and text:
            self._replace(index.row(), dataclasses.replace(record, name=text))
            self.rename_asked.emit(record.id, text)
        else:
            return False
        return True


class RunsProxy(QSortFilterProxyModel):
    """Keeps the runs in wanted states that hold every word; the model itself sorts them.

    Sorted by Qt, cell by cell, five thousand runs would take a quarter of a second.
    """

    def __init__(self, model: RunsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = model
        self._words: list[str] = []
        self._states: Collection[RunState] = frozenset(RunState)
        self.setSourceModel(model)
        self.setDynamicSortFilter(True)

    def search(self, text: str) -> None:
        """Keeps the runs in which every word of the text occurs."""
        self.beginFilterChange()
        self._words = text.casefold().split()
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def keep_states(self, states: Collection[RunState]) -> None:
        """Keeps the runs in these states."""
        self.beginFilterChange()
        self._states = states
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        record = self._runs._records[source_row]
        if record.state not in self._states:
            return False
        if not self._words:
            return True
        parts = (record.name, record.note, record.dataset_title, record.model_title, record.id)
        haystack = " ".join((*parts, state_text(record.state))).casefold()
        return all(word in haystack for word in self._words)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._runs.sort(column, order)


def _changes(event: RunEvent, metrics: dict[str, float]) -> dict[str, Any]:
    """The fields of a record that an event changes."""
    if isinstance(event, RunStarted):
        return {
            "epochs_planned": event.epochs,
            "epochs_done": event.epochs_done,
            "reason": "",
            "hint": "",
        }
    if isinstance(event, SettingChanged) and event.setting == "training.epochs":
        return {"epochs_planned": round(event.after)}
    if isinstance(event, PlanChosen):
        plan = dataclasses.asdict(event)
        del plan["run"]
        return {"plan": plan}
    if isinstance(event, EpochEnded):
        changes: dict[str, Any] = {
            "epochs_done": event.epoch,
            "duration_s": event.elapsed_s,
            "metrics": {**metrics, **event.metrics},
        }
        return {**changes, "best_epoch": event.epoch} if event.is_best else changes
    if isinstance(event, RunEnded):
        return {
            "state": event.state,
            "reason": event.reason,
            "hint": event.hint,
            "metrics": {**metrics, **event.metrics},
        }
    return {}


def _state_look(record: RunRecord, role: int) -> Any:
    if role == Role.ForegroundRole:
        return QColor(getattr(current_theme().palette, state_role(record.state)))
    if role == Role.DecorationRole:
        return icon(_ICONS.get(record.state, "train"), state_role(record.state))
    return None


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter

"""ColumnTable: every column of a table, what it holds and lacks, and how it is to be read."""

from __future__ import annotations

from typing import Any, Final, get_args

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QWidget

from engine.devices.console.escaping import escaped
from engine.events.findings import Trouble
from engine.events.profile import ColumnProfile, Profile
from engine.spec.formatting import percent_text
from engine.spec.run_spec import ColumnType, GapStrategy
from gui.formatting.numbers import count_text, value_text
from gui.formatting.plain_text import plain_tip
from gui.formatting.translation import translate
from gui.pages.data.column_delegates import (
    CHOICES_ROLE,
    CONSTANT,
    HISTOGRAM_ROLE,
    VALUES_ROLE,
    ChoiceDelegate,
    DistributionDelegate,
)
from gui.state.draft import Draft
from gui.style.icons import icon
from gui.style.theme import SPACING, current_theme
from gui.widgets.tables import Index, Table, TableModel

NAME, TYPE, DISTRIBUTION, MISSING, GAPS, DISTINCT, DECIMAL, MINIMUM = range(8)
_SETTINGS: Final = {TYPE: "type", GAPS: "gaps", DECIMAL: "decimal"}
"""The columns in which something is chosen, by the names of `ColumnSpec`."""
_SUSPICIOUS: Final = frozenset(
    {Trouble.LEAK, Trouble.CONSTANT, Trouble.MISSING, Trouble.DUPLICATE, Trouble.LEFT_OUT}
)


def type_text(name: str) -> str:
    """What a type of column is called."""
    return {
        "auto": translate("automatic"),
        "number": translate("number"),
        "category": translate("category"),
        "boolean": translate("yes or no"),
        "date": translate("date"),
        "text": translate("text"),
        "identifier": translate("identifier"),
        "ignore": translate("left out"),
    }.get(name, name)


def gaps_text(name: str) -> str:
    """What stands in for a missing value."""
    return {
        "auto": translate("automatic"),
        "zero": translate("zero"),
        "constant": translate("constant"),
        "mean": translate("mean"),
        "median": translate("median"),
        "most_frequent": translate("most frequent"),
        "own_category": translate("own category"),
        "indicator": translate("filled and marked"),
        "drop_rows": translate("leave rows out"),
        "drop_column": translate("leave column out"),
    }.get(name, name)


def decimal_text(name: str) -> str:
    """What a decimal sign is called; empty: there is none."""
    return {
        "auto": translate("automatic"),
        "point": translate("point"),
        "comma": translate("comma"),
    }.get(name, name)


def number_or_text(value: str) -> float | str:
    """Returns what was typed as a constant: a number, with a point or a comma, or a text."""
    try:
        return float(value.replace(",", "."))
    except ValueError:
        return value


class ColumnModel(TableModel):
    """One row for each column.

    Signals:
        column_changed(str, str, str): The person chose, for the column of that name, a value of
            ``type``, ``decimal``, ``gaps`` or ``constant``, what gaps become.
    """

    column_changed = Signal(str, str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns: tuple[ColumnProfile, ...] = ()
        self._n_samples = 0
        self._target = ""
        self._suspicions: dict[str, str] = {}
        self._draft = Draft()
        self.can_edit = False
        self.headings = (
            self.tr("Column"),
            self.tr("Type"),
            self.tr("Distribution"),
            self.tr("Missing"),
            self.tr("Gaps become"),
            self.tr("Distinct"),
            self.tr("Decimal sign"),
            self.tr("Minimum"),
            self.tr("Maximum"),
            self.tr("Mean"),
            self.tr("Deviation"),
        )

    def set_profile(self, profile: Profile, draft: Draft) -> None:
        """Shows the columns of a table, with what the draft says of them."""
        self.beginResetModel()
        self._columns = profile.columns
        self._n_samples = profile.n_samples
        self._target = profile.target_name
        self._draft = draft
        # The columns of a dataset in the box are what they are.
        self.can_edit = bool(profile.format)
        self._suspicions = {}
        for finding in profile.findings:
            if finding.trouble in _SUSPICIOUS and finding.subject:
                before = self._suspicions.get(finding.subject)
                text = finding.text
                self._suspicions[finding.subject] = f"{before}\n{text}" if before else text
        self.n_rows = len(self._columns)
        self.endResetModel()

    def text_at(self, row: int, column: int) -> str:
        item = self._columns[row]
        match column:
            case _ if column == NAME:
                is_target = item.name == self._target and row == self.n_rows - 1
                return self.tr("{name} (target)").format(name=item.name) if is_target else item.name
            case _ if column == TYPE:
                return type_text(item.type if item.is_used else "ignore")
            case _ if column == MISSING:
                return self._missing(item)
            case _ if column == GAPS:
                is_filled = self._is_feature(item) and item.gaps != "auto"
                return self._gaps(item) if item.n_missing or is_filled else ""
            case _ if column == DISTINCT:
                return count_text(item.n_distinct) if item.n_distinct else ""
            case _ if column == DISTRIBUTION:
                return ""
            case _ if column == DECIMAL:
                return decimal_text(item.decimal)
            case _:
                if not len(item.histogram):
                    return ""
                values = (item.minimum, item.maximum, item.mean, item.deviation)
                return value_text(values[column - MINIMUM])

    def _gaps(self, item: ColumnProfile) -> str:
        constant = self._draft.columns.get(item.name, {}).get("constant")
        text = gaps_text(item.gaps)
        return f"{text} {constant}" if item.gaps == "constant" and constant is not None else text

    def _missing(self, item: ColumnProfile) -> str:
        if not item.n_missing:
            return "0"
        share = item.n_missing / max(1, item.n_rows or self._n_samples, item.n_missing)
        percent = percent_text(share, 1) if share >= 0.001 else f"< {percent_text(0.001, 1)}"
        return f"{count_text(item.n_missing)} ({percent})"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        item, column = self._columns[index.row()], index.column()
        match role:
            case _ if role == HISTOGRAM_ROLE:
                return item.histogram if column == DISTRIBUTION else None
            case _ if role == VALUES_ROLE:
                return item.values if column == DISTRIBUTION else None
            case _ if role == CHOICES_ROLE:
                return self._choices(item, column)
            case Qt.ItemDataRole.EditRole:
                return self._chosen(item, column)
            case Qt.ItemDataRole.DecorationRole if column == NAME:
                return icon("warning", "warning") if item.name in self._suspicions else None
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(item, column)
            case Qt.ItemDataRole.ForegroundRole if not item.is_used:
                return QColor(current_theme().palette.muted)
        return super().data(index, role)

    def _tip(self, item: ColumnProfile, column: int) -> str | None:
        if column == NAME:
            return plain_tip(self._suspicions.get(item.name, "")) or None
        if column == DISTRIBUTION and item.values:
            lines = (f"{escaped(value)}: {count_text(count)}" for value, count in item.values)
            return plain_tip("\n".join(lines))
        return None

    def _choices(self, item: ColumnProfile, column: int) -> tuple[tuple[str, str], ...]:
        """What can be chosen in a cell: what people read, and its name."""
        if not self.can_edit:
            return ()
        if column == TYPE:
            return tuple((type_text(name), name) for name in get_args(ColumnType))
        if column == DECIMAL and item.decimal:
            return tuple((decimal_text(name), name) for name in ("auto", "point", "comma"))
        if column == GAPS and self._is_feature(item):
            names = [name for name in get_args(GapStrategy) if _fits(name, item)]
            asked = self.tr("a value…")
            return tuple((asked if n == CONSTANT else gaps_text(n), n) for n in names)
        return ()

    def _is_feature(self, item: ColumnProfile) -> bool:
        """The model sees it: also where nothing is missing now, a value may be in prediction."""
        return item.is_used and item.name != self._target

    def _chosen(self, item: ColumnProfile, column: int) -> str:
        settings = self._draft.columns.get(item.name, {})
        return str(settings.get(_SETTINGS.get(column, "gaps"), "auto"))

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if self.data(index, CHOICES_ROLE):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or value == self.data(index, role):
            return False
        name = self._columns[index.row()].name
        known = {choice for _, choice in self.data(index, CHOICES_ROLE)}
        setting = _SETTINGS[index.column()]
        self.column_changed.emit(name, setting if value in known else "constant", str(value))
        return True

    def is_text(self, column: int) -> bool:
        return column in (NAME, TYPE, GAPS, DISTRIBUTION, DECIMAL)


def _fits(strategy: str, column: ColumnProfile) -> bool:
    """Whether a strategy says something of a column."""
    column_type = column.type
    if strategy in ("drop_rows", "drop_column"):
        return column.n_missing > 0
    if column_type == "text":
        return strategy in ("auto", "zero", "indicator")
    if strategy in ("mean", "median", "zero"):
        return column_type not in ("category", "boolean")
    if strategy == "own_category":
        return column_type in ("category", "boolean")
    return True


class ColumnTable(Table):
    """The columns of a table; types, decimal signs and what becomes of gaps are chosen in place.

    Signals:
        column_changed(str, str, str): As of `ColumnModel`.
    """

    column_changed = Signal(str, str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ColumnModel(self)
        self._model.column_changed.connect(self.column_changed)
        self.setModel(self._model)
        # What can be chosen comes first: a narrow window shows it without scrolling.
        header = self.horizontalHeader()
        header.moveSection(DISTRIBUTION, GAPS)
        header.moveSection(header.visualIndex(DECIMAL), header.visualIndex(TYPE) + 1)
        self.setItemDelegateForColumn(DISTRIBUTION, DistributionDelegate(self))
        for column in _SETTINGS:
            self.setItemDelegateForColumn(column, ChoiceDelegate(column == GAPS, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.SelectedClicked
            | QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.AnyKeyPressed
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        self.clicked.connect(self._on_clicked)
        self.verticalHeader().hide()
        self.setAccessibleName(self.tr("Columns of the table"))

    def set_profile(self, profile: Profile, draft: Draft) -> None:
        """Shows the columns of a table, with what the draft says of them."""
        place = self.verticalScrollBar().value()
        self._model.set_profile(profile, draft)
        self.fit_columns(25 * SPACING)
        for column in _SETTINGS:
            self.setColumnWidth(column, self.columnWidth(column) + SPACING)
        self.setColumnWidth(DISTRIBUTION, 14 * SPACING)
        shows_sign = self._model.can_edit and any(column.decimal for column in profile.columns)
        self.setColumnHidden(DECIMAL, not shows_sign)
        self.setColumnHidden(GAPS, not self._model.can_edit)
        self.setColumnHidden(DISTINCT, not any(column.n_distinct for column in profile.columns))
        self.verticalScrollBar().setValue(place)

    @Slot("QModelIndex")
    def _on_clicked(self, index: Index) -> None:
        """One click opens the choices; two would be one too many."""
        if index.data(CHOICES_ROLE) and self.state() is not self.State.EditingState:
            self.scrollTo(index)  # first, or the list opens where the cell was
            self.edit(index)

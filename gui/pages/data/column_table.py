"""ColumnTable: every column of a table, what it holds and lacks, and how it is to be read."""

from __future__ import annotations

from typing import Any, Final, get_args

from PySide6.QtCore import QAbstractItemModel, QObject, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.escaping import escaped
from engine.events.findings import Trouble
from engine.events.profile import ColumnProfile, Profile
from engine.spec.formatting import percent_text
from engine.spec.run_spec import ColumnType, GapStrategy
from gui.formatting.numbers import count_text, value_text
from gui.formatting.plain_text import plain_tip
from gui.formatting.translation import translate
from gui.state.draft import Draft
from gui.style.icons import icon
from gui.style.theme import SPACING, TEXT_SMALL, blend, current_theme, text_font
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.tables import Index, Table, TableModel

HISTOGRAM_ROLE: Final = Qt.ItemDataRole.UserRole + 1
CHOICES_ROLE: Final = Qt.ItemDataRole.UserRole + 2
VALUES_ROLE: Final = Qt.ItemDataRole.UserRole + 3

NAME, TYPE, DISTRIBUTION, MISSING, GAPS, DISTINCT, MINIMUM = range(7)
_SUSPICIOUS: Final = frozenset(
    {Trouble.LEAK, Trouble.CONSTANT, Trouble.MISSING, Trouble.DUPLICATE, Trouble.LEFT_OUT}
)
CONSTANT: Final = "constant"
_ARROW: Final = 2 * SPACING
_EDITOR_WIDTH: Final = 16 * SPACING
_MOST_VALUES: Final = 6


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
            ``type``, ``gaps`` or ``constant``, what gaps become.
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
        share = item.n_missing / max(1, self._n_samples, item.n_missing)
        percent = percent_text(share) if share >= 0.01 else f"< {percent_text(0.01)}"
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
        return str(settings.get("type" if column == TYPE else "gaps", "auto"))

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
        setting = "type" if index.column() == TYPE else "gaps"
        self.column_changed.emit(name, setting if value in known else "constant", str(value))
        return True

    def is_text(self, column: int) -> bool:
        return column in (NAME, TYPE, GAPS, DISTRIBUTION)


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
    """The columns of a table; types and what becomes of gaps can be chosen in place.

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
        self.horizontalHeader().moveSection(DISTRIBUTION, GAPS)
        self.setItemDelegateForColumn(DISTRIBUTION, _DistributionDelegate(self))
        for column in (TYPE, GAPS):
            self.setItemDelegateForColumn(column, _ChoiceDelegate(self))
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
        for column in (TYPE, GAPS):
            self.setColumnWidth(column, self.columnWidth(column) + SPACING)
        self.setColumnWidth(DISTRIBUTION, 14 * SPACING)
        self.setColumnHidden(GAPS, not self._model.can_edit)
        self.setColumnHidden(DISTINCT, not any(column.n_distinct for column in profile.columns))
        self.verticalScrollBar().setValue(place)

    @Slot("QModelIndex")
    def _on_clicked(self, index: Index) -> None:
        """One click opens the choices; two would be one too many."""
        if index.data(CHOICES_ROLE) and self.state() is not self.State.EditingState:
            self.scrollTo(index)  # first, or the list opens where the cell was
            self.edit(index)


class _ChoiceDelegate(QStyledItemDelegate):
    """Shows a cell with choices as such, and offers them."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if not index.data(CHOICES_ROLE):
            super().paint(painter, option, index)
            return
        inner = QStyleOptionViewItem(option)
        inner.rect = option.rect.adjusted(0, 0, -_ARROW, 0)
        super().paint(painter, inner, index)
        edge = SPACING + 4
        area = option.rect
        icon("down", "muted").paint(
            painter, area.right() - edge - 4, area.center().y() - edge // 2, edge, edge
        )

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        box = ChoiceBox(parent)
        for text, name in index.data(CHOICES_ROLE):
            box.addItem(text, name)
        if index.column() == GAPS:  # what is typed instead is a constant
            box.setEditable(True)
            box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.activated.connect(self._on_activated)
        return box

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        area = QRect(option.rect)
        area.setWidth(max(area.width(), _EDITOR_WIDTH))
        editor.setGeometry(area)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(0, editor.findData(index.data(Qt.ItemDataRole.EditRole))))
            editor.showPopup()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QComboBox):
            text = editor.currentText().strip()
            place = editor.findText(text)
            chosen = editor.itemData(place) if place >= 0 else text
            if chosen and chosen != CONSTANT:
                model.setData(index, chosen)

    @Slot()
    def _on_activated(self) -> None:
        editor = self.sender()
        if not isinstance(editor, QComboBox):
            return
        line = editor.lineEdit()
        if line is not None and editor.currentData() == CONSTANT:
            line.clear()  # the value is typed next; Return or another cell takes it
            line.setPlaceholderText(self.tr("value"))
            line.setFocus()
            return
        self.commitData.emit(editor)
        self.closeEditor.emit(editor)


class _DistributionDelegate(QStyledItemDelegate):
    """Paints a histogram, or the most frequent values as shares of a bar."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        counts = index.data(HISTOGRAM_ROLE)
        values = index.data(VALUES_ROLE)
        area = QRectF(option.rect).adjusted(SPACING, 4, -SPACING, -4)
        painter.save()
        if values:
            self._paint_values(painter, area, values)
        elif counts is not None and len(counts) and counts.max() > 0:
            self._paint_histogram(painter, area, counts.tolist())
        painter.restore()

    def _paint_histogram(self, painter: QPainter, area: QRectF, counts: list[int]) -> None:
        palette = current_theme().palette
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(blend(palette.surface, palette.series[0], 0.75)))
        width = area.width() / len(counts)
        for bin_number, count in enumerate(counts):
            height = area.height() * count / max(counts)
            left = area.left() + bin_number * width
            painter.drawRect(QRectF(left, area.bottom() - height, max(width - 1, 1), height))

    def _paint_values(
        self, painter: QPainter, area: QRectF, values: tuple[tuple[str, int], ...]
    ) -> None:
        """Each value has a part of the bar as long as its share, with its name where it fits."""
        palette = current_theme().palette
        total = max(1, sum(count for _, count in values))
        painter.setFont(text_font(TEXT_SMALL))
        left = area.left()
        for place, (name, count) in enumerate(values[:_MOST_VALUES]):
            width = area.width() * count / total
            part = QRectF(left, area.top(), max(width - 1, 1), area.height())
            ground = blend(palette.surface, palette.series[0], 0.45 - 0.06 * place)
            painter.fillRect(part, QColor(ground))
            painter.setPen(QColor(palette.text))
            shown = painter.fontMetrics().elidedText(
                escaped(name), Qt.TextElideMode.ElideRight, int(part.width()) - 6
            )
            if len(shown) > 1:
                inside = part.adjusted(3, 0, -3, 0)
                painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, shown)
            left += width

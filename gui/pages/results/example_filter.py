"""ExampleFilter: which of the examples are listed: by class, right or wrong, a column."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLineEdit, QPushButton, QWidget

from engine.inference.evaluation.scored import ScoredExamples
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.shown_result import Places
from gui.style.theme import SPACING
from gui.widgets.choice_box import ChoiceBox

ANY: Final = -1


class ExampleFilter(QFrame):
    """A sheet that opens over the page; what is chosen applies at once.

    Signals:
        changed(): Other examples are to be listed.
        part_asked(str): The examples of another part are to be listed: ``test``, ``validation``
            or ``train``.

    Args:
        columns: Reads columns of the data.
    """

    changed = Signal()
    part_asked = Signal(str)

    def __init__(self, columns: ColumnReader, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self._columns = columns
        self._scored: ScoredExamples | None = None
        self.part = self._box(self.tr("Part of the data"))
        self.right = self._box(self.tr("Right or wrong"))
        self.truth = self._box(self.tr("True class"))
        self.said = self._box(self.tr("Predicted class"))
        self.column = self._box(self.tr("Column"))
        self.category = self._box(self.tr("Value of the column"))
        self.low, self.high = QLineEdit(self), QLineEdit(self)
        self.clear_button = QPushButton(self.tr("Show all again"), self)
        self._form = QFormLayout(self)
        self._fill()
        self._connect()

    def _box(self, name: str) -> ChoiceBox:
        box = ChoiceBox(self)
        box.setAccessibleName(name)
        box.setMinimumWidth(22 * SPACING)
        return box

    def _fill(self) -> None:
        self.setFrameShape(QFrame.Shape.StyledPanel)
        form = self._form
        form.setContentsMargins(2 * SPACING, 2 * SPACING, 2 * SPACING, 2 * SPACING)
        form.setSpacing(SPACING)
        for text, box in (
            (self.tr("Part"), self.part),
            (self.tr("Right or wrong"), self.right),
            (self.tr("True"), self.truth),
            (self.tr("Predicted"), self.said),
            (self.tr("Column"), self.column),
            (self.tr("Value"), self.category),
        ):
            form.addRow(text, box)
        self._range = QWidget(self)
        row = QHBoxLayout(self._range)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        ends = (self.low, self.tr("from")), (self.high, self.tr("to"))
        for field, text in ends:
            field.setPlaceholderText(text)
            field.setAccessibleName(self.tr("Value of the column, {end}").format(end=text))
            row.addWidget(field)
        form.addRow(self.tr("Range"), self._range)
        form.addRow(self.clear_button)
        for name, text in (
            ("test", self.tr("Test")),
            ("validation", self.tr("Validation")),
            ("train", self.tr("Training")),
        ):
            self.part.addItem(text, name)

    def _connect(self) -> None:
        for box in (self.right, self.truth, self.said, self.category):
            box.currentIndexChanged.connect(self.changed)
        self.part.activated.connect(self._on_part)
        self.column.currentIndexChanged.connect(self._on_column)
        for field in (self.low, self.high):
            field.textChanged.connect(self.changed)
        self.clear_button.clicked.connect(self.clear)
        self._columns.names_read.connect(self._fill_columns)
        self._columns.column_read.connect(self._on_column_read)

    # ---- what there is to choose from

    def set_examples(self, scored: ScoredExamples | None) -> None:
        """Begins with other examples: nothing is chosen."""
        self._scored = scored
        found = None if scored is None else scored.predictions
        with QSignalBlocker(self):
            self._set_choices(self.right, self.tr("All"), (self.tr("Right"), self.tr("Wrong")))
            names = () if found is None or found.is_anomaly else found.class_names
            for box in (self.truth, self.said):
                self._set_choices(box, self.tr("Any"), names)
            self._set_choices(self.column, self.tr("None"), ())
            self._set_choices(self.category, self.tr("Any"), ())
            self.low.clear()
            self.high.clear()
            if found is not None:
                self.part.setCurrentIndex(self.part.findData(found.part))
        self._form.setRowVisible(self.right, scored is not None and scored.is_right is not None)
        has_classes = found is not None and not found.is_anomaly
        for box in (self.truth, self.said):
            self._form.setRowVisible(box, has_classes and bool(names))
        self._show_column_fields()

    def open_at(self, button: QWidget) -> None:
        """Opens under a button."""
        self._columns.read_names()
        self.adjustSize()
        place = button.mapToGlobal(button.rect().bottomRight())
        self.move(place.x() - self.width(), place.y())
        self.show()
        self.right.setFocus()

    def _set_choices(self, box: ChoiceBox, anything: str, names: tuple[str, ...]) -> None:
        with QSignalBlocker(box):
            box.clear()
            box.addItem(anything, ANY)
            for place, name in enumerate(names):
                box.addItem(name, place)

    @Slot()
    def _fill_columns(self) -> None:
        names = self._columns.names or ()
        if self.column.count() == 1 + len(names):
            return
        self._set_choices(self.column, self.tr("None"), names)
        self._show_column_fields()
        self.adjustSize()

    def _show_column_fields(self) -> None:
        values = self._columns.get(self._column)
        self._form.setRowVisible(self.column, self.column.count() > 1)
        self._form.setRowVisible(self.category, values is not None and bool(values.categories))
        self._form.setRowVisible(self._range, values is not None and not values.categories)

    @property
    def _column(self) -> str:
        return self.column.currentText() if (self.column.currentData() or 0) >= 0 else ""

    @Slot()
    def _on_column(self) -> None:
        with QSignalBlocker(self):
            self.low.clear()
            self.high.clear()
        self._show_column_fields()
        if self._column and self.column.currentData() != ANY:
            self._columns.read(self._column)
        else:
            self.changed.emit()

    @Slot(str)
    def _on_column_read(self, column: str) -> None:
        values = self._columns.get(column)
        if column != self._column or values is None:
            return
        self._set_choices(self.category, self.tr("Any"), values.categories)
        self._show_column_fields()
        self.adjustSize()
        self.changed.emit()

    @Slot(int)
    def _on_part(self, _index: int) -> None:
        self.part_asked.emit(self.part.currentData())

    # ---- choosing

    @property
    def n_active(self) -> int:
        """How many things are chosen."""
        boxes = (self.right, self.truth, self.said, self.category)
        chosen = sum(box.currentData() not in (None, ANY) for box in boxes)
        return chosen + bool(self.low.text().strip() or self.high.text().strip())

    @Slot()
    def clear(self) -> None:
        """Chooses nothing any more."""
        with QSignalBlocker(self):
            for box in (self.right, self.truth, self.said, self.column, self.category):
                box.setCurrentIndex(0)
            self.low.clear()
            self.high.clear()
        self._show_column_fields()
        self.changed.emit()

    def chosen(self, places: Places) -> Places:
        """Those of some places that are to be listed."""
        scored = self._scored
        if scored is None or not len(places):
            return places
        keep = np.ones(len(places), bool)
        if scored.is_right is not None and self.right.currentData() != ANY:
            keep &= scored.is_right[places] == (self.right.currentData() == 0)
        found = scored.predictions
        for box, values in ((self.truth, found.truth), (self.said, scored.predicted)):
            index = box.currentData()
            if index in (None, ANY) or not found.class_names:
                continue
            is_of = values[places, index] > 0 if values.ndim == 2 else values[places] == index
            keep &= np.asarray(is_of, bool)
        return np.asarray(places[keep & self._by_column(places)], np.int64)

    def _by_column(self, places: Places) -> np.ndarray:
        values = self._columns.get(self._column) if self._column else None
        if values is None:
            return np.ones(len(places), bool)
        numbers = values.numbers[places]
        if values.categories:
            index = self.category.currentData()
            return np.ones(len(places), bool) if index in (None, ANY) else numbers == index
        low, high = _number(self.low.text(), -math.inf), _number(self.high.text(), math.inf)
        if math.isinf(low) and math.isinf(high):
            return np.ones(len(places), bool)
        return np.asarray((numbers >= low) & (numbers <= high))


def _number(text: str, otherwise: float) -> float:
    """What was typed; while it is no number, there is no limit."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return otherwise
    return value if math.isfinite(value) else otherwise

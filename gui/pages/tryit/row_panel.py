"""RowPanel: a row of a table to fill in, with sliders, and what would change the answer."""

from __future__ import annotations

import math
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLineEdit,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.events.messages import DataProgress
from engine.events.trying import ChangeFound, ExampleTaken, FormField, Given, ModelLookedAt
from engine.spec.signature import Output, Task
from gui.formatting.numbers import number_text, value_text
from gui.pages.tryit.change_finder import ChangeFinder
from gui.pages.tryit.input_panel import InputPanel
from gui.style.theme import SPACING
from gui.style.wheel import wheel_needs_focus
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.elided_label import ElidedLabel

_STEPS = 400


class RowField:
    """The editors of one column, which say and take the same.

    Args:
        field: The column.
        panel: Told of every change, by `RowPanel.change`.
    """

    def __init__(self, field: FormField, panel: RowPanel) -> None:
        self.field = field
        self.name = ElidedLabel()
        self.name.show_text(field.name)
        self.choice: ChoiceBox | None = None
        self.line = QLineEdit()
        self.slider: QSlider | None = None
        if field.values:
            self.choice = ChoiceBox()
            self.choice.addItem(panel.tr("(gap)"), "")
            for value in field.values:
                self.choice.addItem(value, value)
            self._n_known = self.choice.count()
            self.choice.setAccessibleName(field.name)
            self.choice.currentIndexChanged.connect(panel.change)
            return
        self.line.setAccessibleName(field.name)
        self.line.setPlaceholderText(panel.tr("gap"))
        self.line.textChanged.connect(partial(panel.on_typed, self))
        if field.type == "number" and field.low < field.high:
            self.slider = QSlider(Qt.Orientation.Horizontal)
            self.slider.setRange(0, _STEPS)
            self.slider.setAccessibleName(
                panel.tr("{name}, from {low} to {high}").format(
                    name=field.name, low=value_text(field.low), high=value_text(field.high)
                )
            )
            self.slider.setToolTip(
                panel.tr("In training from {low} to {high}").format(
                    low=number_text(field.low), high=number_text(field.high)
                )
            )
            wheel_needs_focus(self.slider)
            self.slider.valueChanged.connect(partial(panel.on_slid, self))

    @property
    def text(self) -> str:
        """What stands in it, as it is given; empty: a gap."""
        if self.choice is not None:
            return str(self.choice.currentData())
        text = self.line.text().strip()
        if self.field.type == "number" and "," in text and "." not in text:
            return text.replace(",", ".")
        return text

    def set_text(self, text: str) -> None:
        """Shows a value, also a category that was not seen in training; tells nobody."""
        if self.choice is not None:
            self.choice.blockSignals(True)
            while self.choice.count() > self._n_known:
                self.choice.removeItem(self._n_known)
            if self.choice.findData(text) < 0:
                self.choice.addItem(text, text)
            self.choice.setCurrentIndex(self.choice.findData(text))
            self.choice.blockSignals(False)
        else:
            self.line.blockSignals(True)
            self.line.setText(text)
            self.line.setCursorPosition(0)
            self.line.blockSignals(False)
            self.move_slider()

    def move_slider(self) -> None:
        """Brings the slider where the number is; tells nobody."""
        if self.slider is None:
            return
        try:
            value = float(self.text)
        except ValueError:
            return
        if math.isfinite(value):
            low, high = self.field.low, self.field.high
            share = min(1.0, max(0.0, (value - low) / (high - low)))
            self.slider.blockSignals(True)
            self.slider.setValue(round(share * _STEPS))
            self.slider.blockSignals(False)

    def take_slider(self) -> None:
        """Writes the number that the slider is at; tells nobody."""
        assert self.slider is not None
        low, high = self.field.low, self.field.high
        value = low + (high - low) * self.slider.value() / _STEPS
        if float(low).is_integer() and float(high).is_integer() and high - low > 5:
            value = round(value)
        self.line.blockSignals(True)
        self.line.setText(f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}")
        self.line.blockSignals(False)


class RowPanel(InputPanel):
    """A form with a line a column; the prediction moves with each slider.

    Signals:
        change_wanted(cells, wanted): What would make the model say something else?
        change_dropped(): Nobody wants to know any more.
    """

    change_wanted = Signal(object, str)
    change_dropped = Signal()
    begins_with_example = True  # that can be moved

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.fields = {field.name: RowField(field, self) for field in look.fields}
        self.finder = ChangeFinder(look, self)
        self.finder.wanted_asked.connect(self._on_wanted)
        self.finder.dropped.connect(self.change_dropped)
        self.finder.used.connect(self._on_used)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._form(), 1)
        if look.output == Output.CLASSES.value or look.task == Task.ANOMALY.value:
            column.addWidget(self.finder)
        else:
            self.finder.hide()

    @property
    def title(self) -> str:
        return self.tr("A row")

    @property
    def empty_text(self) -> str:
        return self.tr("Fill in a row, or take an example; what is left empty is a gap.")

    @property
    def cells(self) -> tuple[tuple[str, str], ...]:
        """What stands in each column."""
        return tuple((name, field.text) for name, field in self.fields.items())

    # ---- building

    def _form(self) -> QScrollArea:
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, SPACING, 0)
        grid.setHorizontalSpacing(2 * SPACING)
        grid.setVerticalSpacing(SPACING // 2)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(2, 5)
        for row, field in enumerate(self.fields.values()):
            grid.addWidget(field.name, row, 0)
            if field.slider is not None:
                grid.addWidget(field.line, row, 1)
                grid.addWidget(field.slider, row, 2)
            else:
                grid.addWidget(field.choice or field.line, row, 1, 1, 2)
        grid.setRowStretch(len(self.fields), 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(inner)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return area

    # ---- changes

    @Slot()
    @Slot(int)
    def change(self, _index: int = 0) -> None:
        """Gives the row as it stands; where nothing stands in it, there is none."""
        self.finder.forget()
        cells = self.cells
        is_empty = not any(text for _, text in cells)
        self.given.emit(None if is_empty else Given(cells=cells))

    def on_typed(self, field: RowField, _text: str) -> None:
        """A cell was typed."""
        field.move_slider()
        self.change()

    def on_slid(self, field: RowField, _value: int) -> None:
        """A slider was moved."""
        field.take_slider()
        self.change()

    def show_example(self, taken: ExampleTaken) -> None:
        example = taken.example
        cells = dict(example.cells)
        if not cells and all(field.type == "number" for field in self.look.fields):
            values = [float(value) for value in example.content]
            cells = {
                name: value_text(value)
                for name, value in zip(self.fields, values, strict=False)
                if math.isfinite(value)
            }
        self.set_cells({name: cells.get(name, "") for name in self.fields})

    def set_cells(self, cells: dict[str, str]) -> None:
        """Fills these cells in, leaves the others as they are, and gives the row."""
        for name, field in self.fields.items():
            if name in cells:
                field.set_text(cells[name])
        self.change()

    # ---- what would change the answer

    @Slot(str)
    def _on_wanted(self, wanted: str) -> None:
        self.change_wanted.emit(self.cells, wanted)

    @Slot(object)
    def _on_used(self, changes: tuple[tuple[str, str, str], ...]) -> None:
        self.set_cells({name: after for name, _, after in changes})

    def show_change(self, found: ChangeFound) -> None:
        """Shows the nearest row that was found."""
        self.finder.show_change(found)

    def show_change_progress(self, progress: DataProgress) -> None:
        """Shows how far the search is."""
        self.finder.show_progress(progress)

    def show_no_change(self, text: str) -> None:
        """Says why none can be looked for; empty: it is not looked for any more."""
        if text:
            self.finder.show_problem(text)
        else:
            self.finder.forget()

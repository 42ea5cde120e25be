"""DataScatterPlot: sample rows of a table, any column against any other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from engine.devices.console.escaping import escaped
from engine.events.profile import Profile
from gui.plots.extents import finite_extent
from gui.plots.plot import Plot
from gui.plots.points import ClassPoints
from gui.plots.saving import Columns
from gui.style.box_delegate import BoxDelegate
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme
from gui.style.wheel import wheel_needs_focus

Floats = npt.NDArray[np.float64]


class DataScatterPlot(QWidget):
    """Points of a table, coloured and shaped by class, with a choice of both axes.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns: dict[str, Floats] = {}
        self._classes: npt.NDArray[np.int64] | None = None
        self._class_names: tuple[str, ...] = ()
        self._categories: Mapping[str, tuple[str, ...]] = {}
        self.plot = _PointsPlot(self)
        self.horizontal = QComboBox()
        self.vertical = QComboBox()
        self._choices = QWidget()
        row = QHBoxLayout(self._choices)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        for letter, text, box in (
            ("x", self.tr("Horizontal axis"), self.horizontal),
            ("y", self.tr("Vertical axis"), self.vertical),
        ):
            label = Label(letter)
            label.setToolTip(text)
            label.setProperty("role", "muted")
            label.setBuddy(box)
            box.setAccessibleName(text)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(8)
            box.setItemDelegate(BoxDelegate(box))
            wheel_needs_focus(box)
            box.currentIndexChanged.connect(self._show_axes)
            row.addWidget(label)
            row.addWidget(box, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self._choices)
        layout.addWidget(self.plot, 1)
        self.set_empty_text(self.tr("Columns of a table appear here."))
        self.clear()

    def show_profile(self, profile: Profile) -> None:
        """Shows the sample rows of a table.

        The columns to choose from are the features and, for a regression, the target.
        """
        self.clear()
        x = np.asarray(profile.sample_x)
        if x.ndim != 2:
            return
        names = profile.feature_names
        self._columns = {name: x[:, index].astype(np.float64) for index, name in enumerate(names)}
        self._categories = profile.categories
        y = np.asarray(profile.sample_y)
        if profile.class_names:
            self._classes = y.astype(np.int64)
            self._class_names = profile.class_names
        else:
            self._classes = None
            self._columns[profile.target_name] = y.astype(np.float64)
        self._fill_choices()

    def axes(self) -> tuple[str, str]:
        """Returns the names of the columns shown, horizontal first."""
        return self.horizontal.currentData() or "", self.vertical.currentData() or ""

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""
        self.plot.set_empty_text(text)

    def clear(self) -> None:
        """Forgets the points."""
        self._columns = {}
        self._classes = None
        self._class_names = ()
        self._categories = {}
        self._fill_choices()

    def _fill_choices(self) -> None:
        names = list(self._columns)
        for box, index in zip((self.horizontal, self.vertical), self._first_axes(), strict=True):
            with QSignalBlocker(box):
                box.clear()
                for name in names:
                    box.addItem(escaped(name), name)
                box.setCurrentIndex(min(index, len(names) - 1))
        self._choices.setVisible(len(names) > 1)
        self._show_axes()

    def _first_axes(self) -> tuple[int, int]:
        """Measurements first: a category spread over columns of 0 and 1 shows next to nothing."""
        columns = list(self._columns.values())
        informative = [
            index
            for index, (name, column) in enumerate(self._columns.items())
            if name not in self._categories and _is_measured(column)
        ]
        order = informative + [index for index in range(len(columns)) if index not in informative]
        if self._classes is None:
            # A regression first shows its target.
            features = [index for index in order if index != len(columns) - 1]
            return (features or [0])[0], len(columns) - 1
        return (order[0], order[min(1, len(order) - 1)]) if order else (0, 0)

    @Slot()
    def _show_axes(self) -> None:
        if not self._columns:
            self.plot.set_points(np.empty(0), np.empty(0), None, (), "", "")
            return
        horizontal, vertical = self.axes()
        x, y = self._columns[horizontal], self._columns[vertical]
        if len(self._columns) == 1:
            # One feature with classes: a line for each class instead of a second column.
            assert self._classes is not None
            y, vertical = self._classes.astype(np.float64), ""
        self.plot.axis_x.set_names(self._categories.get(horizontal, ()))
        self.plot.axis_y.set_names(self._categories.get(vertical, ()))
        self.plot.set_points(x, y, self._classes, self._class_names, horizontal, vertical)


def _is_measured(column: Floats) -> bool:
    """More than two values."""
    return len(np.unique(column)) > 2


class _PointsPlot(Plot):
    """Points with both axes named."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._x = self._y = np.empty(0)
        super().__init__("", parent)

    def _build(self) -> None:
        super()._build()
        self.points = ClassPoints(self.area)

    def set_points(
        self,
        x: Floats,
        y: Floats,
        classes: npt.NDArray[np.int64] | None,
        class_names: tuple[str, ...],
        horizontal: str,
        vertical: str,
    ) -> None:
        """Shows points; see `ClassPoints.set_points`."""
        self._x, self._y = x, y
        self.points.set_points(x, y, classes, class_names)
        self.axis_x.set_text(horizontal)
        self.axis_y.set_text(vertical)
        self._recolor_items()
        self.reset_view()

    def columns(self) -> Columns:
        return {self.axis_x.text or "x": self._x, self.axis_y.text or "y": self._y}

    def _is_empty(self) -> bool:
        return not len(self._x)

    def _draw(self) -> None:
        self.fit_x(*finite_extent(self._x))
        self.fit_y(*finite_extent(self._y))

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        self.points.recolor(colors)
        self.legend.set_entries(self.points.entries(colors))

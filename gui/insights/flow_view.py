"""FlowView: what reaches each layer over time, what it is now, and what that means."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QWidget

from engine.events.insights import GradientFlow, Insight
from gui.formatting.numbers import count_text
from gui.insights.flow_words import SIGNS, findings
from gui.insights.insight_view import InsightView, set_choices
from gui.plots.flow_data import FlowHistory, Quantity
from gui.plots.flow_map import FlowMap, epoch_text, quantity_text
from gui.style.label import Label
from gui.style.theme import SPACING, set_role


class FlowView(InsightView):
    """A heat map of one quantity at a time, a line for the cell at the cursor, and a note.

    The map is drawn at most ten times a second, and only when something was measured.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history = FlowHistory()
        self._off = ""
        self.quantity = self.add_choice(self.tr("What the colours show"))
        set_choices(
            self.quantity,
            [
                self.tr("Gradient"),
                self.tr("Update ÷ weights"),
                self.tr("Weights"),
                self.tr("Dead units"),
            ],
        )
        self.quantity.setToolTip(
            self.tr(
                "Gradient: its L2 norm. Update ÷ weights: how much of a layer's weights a step "
                "changes; about 0.001 is healthy. Dead units: ReLUs that answered 0 to a whole "
                "batch."
            )
        )
        self.map = FlowMap()
        self.map.pointed.connect(self._on_pointed)
        self.pointed = Label()
        self.pointed.setTextFormat(Qt.TextFormat.PlainText)
        self.pointed.setWordWrap(True)
        # Room for two lines, so that the map does not move under the mouse.
        self.pointed.setMinimumHeight(4 * SPACING)
        self.pointed.setAlignment(Qt.AlignmentFlag.AlignTop)
        set_role(self.pointed, "small")
        self.column.addWidget(self.map, 1)
        self.column.addWidget(self.note)
        self.column.addWidget(self.pointed)
        self._show_names()

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, GradientFlow):
            self._off = insight.off
            self.history.add(insight)
            self.throttle.follow()

    def show_all(self, measurements: Sequence[GradientFlow]) -> None:
        """Shows what was measured in a run, in place of what was shown."""
        self.history.clear()
        self._off = ""
        for measurement in measurements:
            self.history.add(measurement)
        self.map.cursor_place = None
        self.throttle.request()

    def show_before(self, measurements: Sequence[GradientFlow]) -> None:
        """Shows what a run that goes on was before, ahead of what is shown."""
        self.history.put_before(measurements)
        self.throttle.request()

    @property
    def shown_quantity(self) -> Quantity:
        """What the colours show."""
        return list(Quantity)[max(0, self.quantity.currentIndex())]

    @Slot()
    def refresh(self) -> None:
        found = findings(self.history)
        quantity = self.shown_quantity
        signs = {place: SIGNS[mark] for place, mark in found.marks.items()}
        self.map.show_history(self.history, quantity, signs)
        has_any = len(self.history) > 0
        self.map.setVisible(has_any)
        self.pointed.setVisible(has_any)
        self.set_note("\n".join(text for text in (self._off, found.text) if text))
        self._show_names()
        self._on_pointed(*(self.map.cursor_place or (-1, -1)))

    def _show_names(self) -> None:
        name = self.tr("{quantity} of each layer over time").format(
            quantity=self.quantity.currentText()
        )
        self.map.setAccessibleName(name)

    @Slot(int, int)
    def _on_pointed(self, row: int, column: int) -> None:
        """Says everything that is known of a layer at one time."""
        if row < 0 or not len(self.history):
            text = self.tr("Point at a cell, or press an arrow key, for its numbers.")
            if self.map.is_hatched:
                text = f"{text} {self._hatched}"
        else:
            text = self._text_of(row, column)
        self.pointed.setText(text)
        self.map.setAccessibleDescription(text)

    @property
    def _hatched(self) -> str:
        if self.shown_quantity is Quantity.DEAD:
            return self.tr("Hatched: units that cannot die.")
        return self.tr("Hatched: nothing at all.")

    def _text_of(self, row: int, column: int) -> str:
        values = {
            quantity: quantity_text(quantity, float(self.history.values(quantity)[row, column]))
            for quantity in Quantity
        }
        text = self.tr(
            "{layer}, epoch {epoch} (step {step}): gradient {gradient}, update ÷ weights "
            "{update}, weights {weight}, dead {dead}"
        )
        return text.format(
            layer=self.history.layers[row],
            epoch=epoch_text(float(self.history.epochs[column])),
            step=count_text(self.history.step(column)),
            gradient=values[Quantity.GRADIENT],
            update=values[Quantity.UPDATE],
            weight=values[Quantity.WEIGHT],
            dead=values[Quantity.DEAD],
        )

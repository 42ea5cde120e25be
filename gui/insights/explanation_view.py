"""ExplanationView: why a model says what it says of an example, for every kind of data."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from engine.events.explaining import Explained, Explanation
from engine.spec.signature import Kind
from gui.formatting.explanation_words import (
    contribution_text,
    headline,
    spoken_parts,
    sum_text,
)
from gui.insights.insight_view import set_choices
from gui.insights.marked_text import MarkedText
from gui.insights.overlay_view import OverlayView
from gui.plots.marked_series_plot import MarkedSeriesPlot, StepBarsPlot
from gui.plots.signed_bars import SignedBar, SignedBars
from gui.style.label import Label
from gui.style.theme import SPACING, blend, current_theme, set_role
from gui.widgets.choice_box import ChoiceBox

_MOST_BARS = 24


class ExplanationView(QWidget):
    """Shows an `Explained` in the way of its kind; class and method are chosen above it.

    Signals:
        asked(str, str): Someone chose another target or method: explain the example again for
            these.
    """

    asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: Explanation | None = None
        self._wanted = ("", "")
        self._is_same_example = False
        self.setAccessibleName(self.tr("Why"))
        self.target = self._choice(self.tr("What to explain"))
        self.method = self._choice(self.tr("How to explain it"))
        self.title = Label()
        set_role(self.title, "heading")
        self.key = Label()
        self.key.setTextFormat(Qt.TextFormat.RichText)
        self.waiting = Label()
        self.waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.waiting.setWordWrap(True)
        set_role(self.waiting, "muted")
        self.overlay = OverlayView()
        self.bars = SignedBars()
        self.text = MarkedText()
        self.channel = ChoiceBox()
        self.channel.setAccessibleName(self.tr("Channel"))
        self.channel.currentIndexChanged.connect(self._draw_series)
        self.series, self.steps = MarkedSeriesPlot(), StepBarsPlot()
        self.pages = QStackedWidget()
        self._bars_page, self._series_page = _scrolled(self.bars), self._both_series()
        for page in (self.waiting, self.overlay, self._bars_page, self.text, self._series_page):
            self.pages.addWidget(page)
        self.sum_note, self.sanity_note = _note(), _note()
        self._arrange()
        current_theme().changed.connect(self._color_key)
        self.clear()

    def _choice(self, name: str) -> ChoiceBox:
        box = ChoiceBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.activated.connect(self._ask)
        return box

    def _both_series(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.channel)
        column.addWidget(self.series, 3)
        column.addWidget(self.steps, 2)
        return page

    def _arrange(self) -> None:
        choices = QHBoxLayout()
        choices.setSpacing(SPACING)
        choices.addWidget(self.target, 1)
        choices.addWidget(self.method, 1)
        head = QHBoxLayout()
        head.setSpacing(SPACING)
        head.addWidget(self.title, 1)
        head.addWidget(self.key)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(choices)
        column.addLayout(head)
        column.addWidget(self.pages, 1)
        column.addWidget(self.sum_note)
        column.addWidget(self.sanity_note)

    # ---- what callers use

    def show_explained(self, answer: Explained) -> None:
        """Shows an explanation."""
        found = self._found = answer.explanation
        self._wanted = (found.target, found.method.name)
        self.pages.setEnabled(True)
        set_choices(self.target, list(found.targets))
        set_choices(self.method, [it.title for it in found.methods])
        self.target.setCurrentIndex(found.targets.index(found.target))
        names = [it.name for it in found.methods]
        self.method.setCurrentIndex(names.index(found.method.name))
        self.method.setToolTip(found.method.summary)
        self.title.setText(headline(found))
        self._color_key()
        self.sum_note.setText(sum_text(found))
        self.sanity_note.setText(found.sanity.text)
        set_role(self.sanity_note, "warning" if found.sanity.is_passed is False else "small")
        self.setAccessibleDescription(spoken_parts(found))
        self._show_kind(found)

    def show_waiting(self, text: str = "") -> None:
        """Says that an explanation is under way.

        An older one stays, greyed, where the same example is explained in another way. The boxes
        that were chosen in keep the keyboard.
        """
        if self._found is not None and self._is_same_example:
            self.pages.setEnabled(False)
            return
        self.clear()
        self.waiting.setText(text or self.tr("Explaining…"))

    def show_problem(self, text: str) -> None:
        """Says why there is none."""
        self.clear()
        self.waiting.setText(text)

    @Slot()
    def clear(self) -> None:
        """Forgets the explanation."""
        self._found = None
        self.pages.setEnabled(True)
        for box in (self.target, self.method):
            box.clear()
            box.hide()
        for label in (self.title, self.key, self.sum_note, self.sanity_note):
            label.setText("")
        self.waiting.setText(self.tr("Choose an example to see why the model says what it says."))
        self.pages.setCurrentWidget(self.waiting)

    # ---- inside

    @Slot()
    def _ask(self) -> None:
        found = self._found
        if found is None:
            return
        target = found.targets[max(0, self.target.currentIndex())]
        method = found.methods[max(0, self.method.currentIndex())].name
        if (target, method) != self._wanted:
            self._wanted = (target, method)
            self._is_same_example = True  # for who answers the signal by `show_waiting`
            self.asked.emit(target, method)
            self._is_same_example = False

    def _show_kind(self, found: Explanation) -> None:
        match Kind(found.kind):
            case Kind.TABLE:
                self.bars.set_bars(_bars_of(found, self.tr("{n} other columns")))
                self.pages.setCurrentWidget(self._bars_page)
            case Kind.TEXT:
                self.text.set_tokens(found.parts, found.values, _tips(found), str(found.content))
                self.pages.setCurrentWidget(self.text)
            case Kind.SERIES:
                set_choices(self.channel, list(found.parts))
                strongest = int(np.abs(found.values).sum(axis=0).argmax())
                self.channel.setCurrentIndex(strongest)
                self._draw_series()
                self.pages.setCurrentWidget(self._series_page)
            case _:
                self.overlay.show_explanation(found)
                self.pages.setCurrentWidget(self.overlay)

    @Slot()
    def _draw_series(self) -> None:
        found = self._found
        if found is None or found.kind != Kind.SERIES.value:
            return
        place = max(0, min(self.channel.currentIndex(), len(found.parts) - 1))
        values = np.asarray(found.content, np.float64)[:, place]
        marks = found.values[:, place]
        name = found.parts[place]
        self.series.set_marks(values, marks, name)
        self.steps.set_marks(values, marks, self.tr("adds"))

    @Slot()
    def _color_key(self) -> None:
        """Says what the colours mean, in them."""
        if self._found is None:
            return
        colors = current_theme().palette
        parts = (
            (colors.series[1], self.tr("speaks for it")),
            (colors.series[0], self.tr("against it")),
        )
        if self._found.unit != "probability":
            parts = (
                (colors.series[1], self.tr("makes it larger")),
                (colors.series[0], self.tr("smaller")),
            )
        shown = (
            f'<span style="color:{tone}">■</span> '
            f'<span style="color:{blend(colors.muted, colors.text, 0.2)}">{words}</span>'
            for tone, words in parts
        )
        self.key.setText("&nbsp;&nbsp;".join(shown))


def _bars_of(found: Explanation, others: str) -> list[SignedBar]:
    """The strongest columns as bars, the others together."""
    order = np.argsort(-np.abs(found.values), kind="stable")
    bars = []
    for place in order[:_MOST_BARS].tolist():
        value = float(found.values[place])
        cell = found.cells[place] if found.cells else ""
        name = f"{found.parts[place]} = {cell}" if cell else found.parts[place]
        error = 1.96 * float(found.errors[place]) if found.errors.size else float("nan")
        text = contribution_text(value, found.unit)
        bars.append(SignedBar(name, value, text, value - error, value + error))
    rest = order[_MOST_BARS:]
    if len(rest):
        value = float(found.values[rest].sum())
        name = others.format(n=len(rest))
        bars.append(SignedBar(name, value, contribution_text(value, found.unit)))
    return bars


def _tips(found: Explanation) -> list[str]:
    pairs = zip(found.parts, found.values.tolist(), strict=True)
    return [f"{part.strip()}: {contribution_text(value, found.unit)}" for part, value in pairs]


def _note() -> Label:
    label = Label()
    label.setWordWrap(True)
    set_role(label, "small")
    return label


def _scrolled(inner: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.viewport().setAutoFillBackground(False)
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, SPACING, 0)
    column.addWidget(inner)
    column.addStretch(1)
    area.setWidget(page)
    return area

"""Overview: what was found in the data: facts, examples per class, distributions, notes."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from engine.events.profile import Distribution, Profile
from engine.spec.signature import Output
from gui.plots.bars import ClassCountBars, ColumnHistogram
from gui.style.label import Label
from gui.style.theme import SPACING, set_role

HISTOGRAM_HEIGHT: Final = 12 * SPACING


class Overview(QScrollArea):
    """Everything about the whole of the data, one below another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts: dict[str, str] = {}
        self.notes: tuple[str, ...] = ()
        self.class_bars: ClassCountBars | None = None
        self.histograms: list[ColumnHistogram] = []
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    def set_profile(self, profile: Profile) -> None:
        """Shows a profile; forgets the one before."""
        self.facts, self.notes = dict(profile.facts), profile.notes
        self.class_bars, self.histograms = None, []
        content = QWidget()
        content.setAutoFillBackground(False)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 2 * SPACING, SPACING, SPACING)
        column.setSpacing(SPACING)
        if profile.notes:
            column.addWidget(_words("\n\n".join(profile.notes), content))
            column.addSpacing(SPACING)
        if profile.facts:
            column.addLayout(_fact_grid(profile.facts, content))
            column.addSpacing(SPACING)
        if profile.signature.output in (Output.CLASSES, Output.LABELS) and profile.class_names:
            is_several = profile.signature.output is Output.LABELS
            title = self.tr("Examples per label") if is_several else self.tr("Examples per class")
            column.addWidget(_heading(title, content))
            self.class_bars = ClassCountBars(content)
            self.class_bars.set_counts(profile.class_names, profile.class_counts)
            column.addWidget(self.class_bars)
            column.addSpacing(SPACING)
        for one in profile.distributions:
            histogram = self._histogram(one, content)
            column.addWidget(_heading(histogram.accessibleName(), content))
            column.addWidget(histogram)
            column.addSpacing(SPACING)
        column.addStretch(1)
        self.setWidget(content)  # the one before is deleted

    def _histogram(self, distribution: Distribution, parent: QWidget) -> ColumnHistogram:
        histogram = ColumnHistogram(parent)
        histogram.setFixedHeight(HISTOGRAM_HEIGHT)
        unit = f" ({distribution.unit})" if distribution.unit else ""
        ends = float(distribution.edges[0]), float(distribution.edges[-1])
        histogram.set_counts(distribution.counts, *ends, f"{distribution.name}{unit}")
        self.histograms.append(histogram)
        return histogram


def _fact_grid(facts: tuple[tuple[str, str], ...], parent: QWidget) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(3 * SPACING)
    grid.setVerticalSpacing(SPACING)
    grid.setColumnStretch(1, 1)
    for row, (name, value) in enumerate(facts):
        label = _words(name, parent)
        label.setWordWrap(False)
        set_role(label, "muted")
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(_words(value, parent), row, 1)
    return grid


def _words(text: str, parent: QWidget) -> Label:
    label = Label(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _heading(text: str, parent: QWidget) -> Label:
    label = Label(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_role(label, "heading")
    return label

"""ModelExplanationView: what a model looks at as a whole: important columns, and what they do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from engine.events.explaining import ModelExplained, ModelExplanation
from gui.formatting.numbers import MINUS, count_text, number_text
from gui.insights.insight_view import set_choices
from gui.plots.dependence_plot import DependencePlot
from gui.plots.signed_bars import SignedBar, SignedBars
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox


class ModelExplanationView(QWidget):
    """Bars with intervals at the left, partial dependence of a chosen column at the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found: ModelExplanation | None = None
        self.setAccessibleName(self.tr("What the model looks at"))
        self.title = Label()
        self.title.setWordWrap(True)
        set_role(self.title, "small")
        self.bars = SignedBars()
        self.bars.setAccessibleName(self.tr("Importance of each column"))
        self.column = self._choice(self.tr("Column"))
        self.output = self._choice(self.tr("What is predicted"))
        self.plot = DependencePlot()
        self.nothing = Label(self.tr("There is no column that could be moved by itself."))
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.hide()
        set_role(self.nothing, "muted")
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.viewport().setAutoFillBackground(False)
        inner = QWidget()
        inside = QVBoxLayout(inner)
        inside.setContentsMargins(0, 0, SPACING, 0)
        inside.addWidget(self.bars)
        inside.addStretch(1)
        area.setWidget(inner)
        left = QVBoxLayout()
        left.setSpacing(SPACING)
        left.addWidget(self.title)
        left.addWidget(area, 1)
        choices = QHBoxLayout()
        choices.setSpacing(SPACING)
        choices.addWidget(self.column, 1)
        choices.addWidget(self.output, 1)
        right = QVBoxLayout()
        right.setSpacing(SPACING)
        right.addLayout(choices)
        right.addWidget(self.plot, 1)
        right.addWidget(self.nothing, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * SPACING)
        row.addLayout(left, 1)
        row.addLayout(right, 1)

    def _choice(self, name: str) -> ChoiceBox:
        box = ChoiceBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.currentIndexChanged.connect(self._draw)
        return box

    def show_explained(self, answer: ModelExplained) -> None:
        """Shows what a model looks at."""
        found = self._found = answer.explanation
        words = (
            self.tr("What {metric} ({score}) grows by where a column is shuffled among {n} "
                    "examples of the {part} part; the lines hold 95 %.")
            if found.is_error
            else self.tr("What {metric} ({score}) loses where a column is shuffled among {n} "
                         "examples of the {part} part; the lines hold 95 %.")
        )  # fmt: skip
        self.title.setText(
            words.format(
                metric=found.metric.replace("_", " "),
                score=number_text(found.score),
                n=count_text(found.n_samples),
                part=found.part,
            )
        )
        self.bars.set_bars(
            [
                SignedBar(item.column, item.value, _signed(item.value), *item.interval)
                for item in found.importance
            ]
        )
        self._set_choices(found)
        self._draw()

    def _set_choices(self, found: ModelExplanation) -> None:
        """Offers the columns and outputs of a model, silently: the old ones fit no new curve."""
        curves = found.dependence
        outputs = list(curves[0].outputs) if curves else []
        for box in (self.output, self.column):
            box.blockSignals(True)
        set_choices(self.output, outputs)
        set_choices(self.column, [curve.column for curve in curves])
        self.column.setCurrentIndex(0 if curves else -1)
        for box in (self.output, self.column):
            box.blockSignals(False)
        self.plot.setVisible(bool(curves))
        self.nothing.setVisible(not curves)

    @Slot()
    def _draw(self) -> None:
        found = self._found
        if found is None or not found.dependence:
            return
        curve = found.dependence[max(0, self.column.currentIndex())]
        output = max(0, self.output.currentIndex())
        name = curve.outputs[output]
        if name != found.target_name and len(curve.outputs) > 1:
            name = f"{found.target_name}: {name}"
        self.plot.show_curve(curve, output, name)


def _signed(value: float) -> str:
    text = number_text(abs(value), 3)
    return f"+{text}" if value >= 0 else f"{MINUS}{text}"

"""ExampleDetail: one example, large, with truth, prediction, probabilities and its file."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.events.results import ShownExample
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.formatting import percent_text
from engine.spec.signature import Output
from gui.formatting.differences import marked
from gui.formatting.numbers import count_text, number_text
from gui.formatting.translation import translate
from gui.pages.results.example_list import forecast_of
from gui.pages.shared.example_view import ExampleView
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.flexible import Flexible
from gui.widgets.path_row import show_in_file_manager
from gui.widgets.probability_bars import ProbabilityBars
from gui.widgets.steady_scroll import SteadyScrollArea

MOST_CLASSES: Final = 5
CONTENT_HEIGHT: Final = 17 * SPACING


class ExampleDetail(SteadyScrollArea):
    """The chosen example.

    Signals:
        similar_asked(): Those nearest to it are to be listed first.
        why_asked(int, str): Why the model says so of the example of that row and name.
    """

    similar_asked = Signal()
    why_asked = Signal(int, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._path: Path | None = None
        self.row = -1
        """Which example of the data is shown; -1: none is."""
        self.name = ElidedLabel()
        self.truth, self.said, self.facts = Label(), Label(), Label()
        self.view = ExampleView()
        self.bars = ProbabilityBars()
        self.why = QPushButton(self.tr("Why?"))
        self.open = QPushButton(self.tr("Open the file"))
        self.folder = QPushButton(self.tr("Show in folder"))
        self.similar = QPushButton(self.tr("Similar"))
        self.action_row = QHBoxLayout()
        """Buttons under the example; what else can be done with it has its place at the end."""
        self._build()

    def _build(self) -> None:
        set_role(self.name, "heading")
        set_role(self.facts, "small")
        self.facts.setWordWrap(True)
        for label in (self.truth, self.said):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        room = Flexible()
        room.setMinimumHeight(CONTENT_HEIGHT)
        inner = QVBoxLayout(room)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.view)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.name)
        column.addLayout(self._pairs())
        column.addWidget(room, 1)
        column.addWidget(self.bars)
        column.addWidget(self.facts)
        files = self._fill_rows()
        column.addLayout(self.action_row)
        column.addLayout(files)
        self.setWidget(content)
        self.show_nothing("")

    def _pairs(self) -> QGridLayout:
        pairs = QGridLayout()
        pairs.setHorizontalSpacing(2 * SPACING)
        pairs.setVerticalSpacing(0)
        for line, (title, value) in enumerate(
            ((self.tr("True"), self.truth), (self.tr("Predicted"), self.said))
        ):
            name = Label(title)
            set_role(name, "muted")
            pairs.addWidget(name, line, 0, Qt.AlignmentFlag.AlignTop)
            pairs.addWidget(value, line, 1)
        pairs.setColumnStretch(1, 1)
        return pairs

    def _fill_rows(self) -> QHBoxLayout:
        """Fills the row of buttons; returns a second one, for the example's own file."""
        files = QHBoxLayout()
        for button, slot, tip, row in (
            (
                self.why,
                self._on_why,
                self.tr("What in the example the prediction rests on"),
                self.action_row,
            ),
            (
                self.similar,
                self.similar_asked,
                self.tr("List those whose outputs are nearest to this one's"),
                self.action_row,
            ),
            (self.open, self._on_open, self.tr("Open the example's own file"), files),
            (self.folder, self._on_folder, self.tr("Show the file in the file manager"), files),
        ):
            button.clicked.connect(slot)
            button.setToolTip(tip)
            row.addWidget(button)
        for row in (self.action_row, files):
            row.setSpacing(SPACING)
            row.addStretch(1)
        return files

    def show_nothing(self, words: str) -> None:
        """Says something in place of an example."""
        self.row = -1
        self.name.show_text("")
        for label in (self.truth, self.said, self.facts):
            label.setText("")
        self.bars.set_shares(())
        self._set_path("")
        self.similar.hide()
        self.why.hide()
        self.view.show_words(words)

    def show_scored(self, scored: ScoredExamples, place: int) -> None:
        """Shows what is said of an example; itself comes with `show_content`."""
        found = scored.predictions
        row = int(found.rows[place])
        is_other, self.row = row != self.row, row
        self.name.show_text(found.name_of(place))
        truth, said = scored.truth_text(place), scored.predicted_text(place)
        self._show_pair(truth, said, found.output is Output.TOKENS)
        shares = scored.probabilities(place, MOST_CLASSES)
        self.bars.set_shares(shares, truth)
        self.similar.setVisible("similarity" in scored.orders)
        self.why.show()
        self.facts.setText(_facts(scored, place))
        self._set_path("")
        if is_other:
            self.view.show_words(self.tr("Reading…"))

    def _show_pair(self, truth: str, said: str, is_text: bool) -> None:
        colors = current_theme().palette
        form = Qt.TextFormat.RichText if is_text else Qt.TextFormat.PlainText
        for label in (self.truth, self.said):
            label.setTextFormat(form)
        if is_text:
            truth, said = marked(truth, said, colors.danger)
        self.truth.setText(truth or self.tr("not known"))
        self.said.setText(said)

    def show_content(
        self,
        example: ShownExample,
        kind: str,
        rate: float,
        columns: tuple[str, ...],
        scored: ScoredExamples,
        place: int,
    ) -> None:
        """Shows the example itself, as it is in the data."""
        after, said = forecast_of(scored, place)
        self.view.show_example(example, kind, rate, columns, after, said)
        self._set_path(example.path)

    def _set_path(self, path: str) -> None:
        self._path = Path(path) if path else None
        for button in (self.open, self.folder):
            button.setVisible(bool(path))

    @Slot()
    def _on_why(self) -> None:
        self.why_asked.emit(self.row, self.name.text())

    @Slot()
    def _on_open(self) -> None:
        if self._path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path)))

    @Slot()
    def _on_folder(self) -> None:
        if self._path is not None:
            show_in_file_manager(self._path)


def _facts(scored: ScoredExamples, place: int) -> str:
    """Row, loss and confidence, in a line."""
    found = scored.predictions
    tr = translate
    parts = [tr("row {n}").format(n=count_text(found.rows[place] + 1))]
    if found.is_anomaly:
        score, limit = float(found.outputs[place]), float(found.thresholds[0])
        text = tr("score {score}, threshold {limit}")
        parts.append(text.format(score=number_text(score), limit=number_text(limit)))
    else:
        parts.append(tr("loss {loss}").format(loss=number_text(float(scored.losses[place]))))
        if scored.has_confidence:
            share = percent_text(float(scored.confidence[place]), 1)
            parts.append(tr("confidence {share}").format(share=share))
    return " · ".join(parts)

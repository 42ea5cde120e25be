"""ConfusionTab: which class was taken for which, and the pairs confused most."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QHeaderView, QVBoxLayout, QWidget

from engine.spec.formatting import percent_text
from gui.formatting.numbers import count_text
from gui.pages.results.shown_result import Places, ResultTab, Selection, ShownResult
from gui.plots.confusion_plot import ConfusionPlot
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.tables import Table
from gui.widgets.text_table import TextModel

MOST_PAIRS: Final = 50
PAIRS_WIDTH: Final = 44 * SPACING


class ConfusionTab(ResultTab):
    """The matrix beside a list of the commonest mistakes; every cell and line opens."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ShownResult | None = None
        self._pairs: list[tuple[int, int]] = []
        self._put_together = ""
        """The run whose classes were put together unasked: once, for someone may not want it."""
        self.plot = ConfusionPlot()
        self.mode = ChoiceBox()
        self.together = QCheckBox(self.tr("Confused classes together"))
        self.pairs = Table()
        self.model = TextModel(self)
        self._build()

    def _build(self) -> None:
        self.mode.setAccessibleName(self.tr("What the cells show"))
        self.mode.setMinimumContentsLength(18)
        for text, mode in (
            (self.tr("Share of the true class"), "rows"),
            (self.tr("Share of the predicted class"), "columns"),
            (self.tr("Counts"), "counts"),
        ):
            self.mode.addItem(text, mode)
        tools = QHBoxLayout()
        tools.setSpacing(2 * SPACING)
        tools.addWidget(self.mode)
        tools.addWidget(self.together)
        tools.addStretch(1)
        left = QVBoxLayout()
        left.setSpacing(SPACING)
        left.addLayout(tools)
        left.addWidget(self.plot, 1)
        caption = Label(self.tr("Most common mistakes"))
        set_role(caption, "heading")
        self.pairs.setModel(self.model)
        self.pairs.setAccessibleName(caption.text())
        self.pairs.verticalHeader().hide()
        header = self.pairs.horizontalHeader()
        header.setMinimumSectionSize(5 * SPACING)
        self.pairs.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        right = QVBoxLayout()
        right.setSpacing(SPACING)
        right.addWidget(caption)
        right.addWidget(self.pairs, 1)
        side = QWidget()
        side.setLayout(right)
        right.setContentsMargins(0, 0, 0, 0)
        side.setMinimumWidth(24 * SPACING)
        side.setMaximumWidth(PAIRS_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, SPACING, 0, 0)
        row.setSpacing(2 * SPACING)
        row.addLayout(left, 3)
        row.addWidget(side, 1)
        self.mode.currentIndexChanged.connect(self._on_mode)
        self.together.toggled.connect(self._on_together)
        self.plot.cell_clicked.connect(self._ask)
        self.pairs.clicked.connect(self._on_pair)
        self.pairs.activated.connect(self._on_pair)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the matrix of a run."""
        self._shown = shown
        evaluation = shown.evaluation
        assert evaluation is not None
        self.plot.set_matrix(evaluation.confusion, evaluation.class_names)
        order = self._order()
        self.together.setEnabled(order is not None)
        self.together.setVisible(order is not None)
        is_new = self._put_together != shown.record.id
        if order is not None and len(evaluation.class_names) > 12 and is_new:
            self._put_together = shown.record.id
            with QSignalBlocker(self.together):
                self.together.setChecked(True)  # few find a pair among so many otherwise
        self._on_together()
        self._show_pairs(evaluation.confusion, evaluation.class_names)

    def _order(self) -> list[int] | None:
        analysis = self._shown.analysis if self._shown is not None else None
        found = analysis.extra.get("class_order") if analysis is not None else None
        evaluation = self._shown.evaluation if self._shown is not None else None
        n = len(evaluation.class_names) if evaluation is not None else 0
        is_order = isinstance(found, list) and sorted(found) == list(range(n))
        return found if is_order else None

    @Slot()
    def _on_mode(self) -> None:
        self.plot.set_mode(self.mode.currentData())

    @Slot()
    def _on_together(self) -> None:
        order = self._order() if self.together.isChecked() else None
        names = self._shown.evaluation.class_names if self._shown and self._shown.evaluation else ()
        self.plot.set_order(order if order is not None else np.arange(len(names)))

    def _show_pairs(self, confusion: Places, names: tuple[str, ...]) -> None:
        wrong = np.array(confusion, np.int64)
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_PAIRS]
        pairs = [divmod(int(flat), len(names)) for flat in order]
        self._pairs = [pair for pair in pairs if wrong[pair]]
        sums = np.maximum(1, confusion.sum(axis=1))
        rows = [
            (
                f"{names[true]} → {names[said]}",
                count_text(wrong[true, said]),
                percent_text(wrong[true, said] / sums[true]),
            )
            for true, said in self._pairs
        ]
        headings = (self.tr("Mistake"), self.tr("Count"), self.tr("Share"))
        self.model.set_rows(headings, rows, 1)
        header = self.pairs.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.pairs.setColumnWidth(column, 8 * SPACING)

    @Slot(QModelIndex)
    def _on_pair(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self._pairs):
            self._ask(*self._pairs[index.row()])

    @Slot(int, int)
    def _ask(self, true: int, said: int) -> None:
        shown = self._shown
        if shown is None or shown.scored is None:
            return
        names = shown.scored.predictions.class_names
        title = self.tr("True {true}, predicted {said}")
        text = title.format(true=names[true], said=names[said])
        self.examples_asked.emit(Selection(text, shown.scored.cell(true, said)))

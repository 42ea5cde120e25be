"""PluginPlots: what the plots of other packages show of a stored run, each folded away at first."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.errors import PluginError
from engine.spec.plugins.plots import PLOTS, Chart, Plot, RunData
from engine.spec.signature import Output
from gui.formatting.plain_text import plain_tip
from gui.plots.chart_plot import ChartPlot
from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.threads.drawing import Drawing
from gui.widgets.fold import Fold

if TYPE_CHECKING:
    from engine.events.messages import Rejected
    from engine.runs.store import RunStore

HEIGHT = 36 * SPACING


class PluginPlots(QWidget):
    """A fold for each plot; it takes no room where no package brings one.

    What a plot takes to think about it, it takes in a thread of its own, and only once its fold is
    open. What it does wrong stands in its place, and in a message with the details.
    """

    def __init__(
        self, controller: Controller, messages: Messages, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._messages = messages
        self._run = ""
        self._data: RunData | None = None
        self._is_asked = False
        self._tickets: dict[int, PlotFold] = {}
        self._drawing = Drawing(self)
        self._drawing.answered.connect(self._on_answer)
        self.folds: dict[str, PlotFold] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        self._offer()
        controller.plugins.changed.connect(self._offer)

    def show_run(self, run: str) -> None:
        """Shows a run; empty: none."""
        self._run, self._data, self._is_asked = run, None, False
        self._tickets.clear()
        for fold in self.folds.values():
            fold.clear()
        self._show()
        self._draw_open()

    @Slot()
    def _offer(self) -> None:
        for plot in PLOTS:
            if plot.name not in self.folds:
                fold = self.folds[plot.name] = PlotFold(plot)
                fold.fold.header.toggled.connect(self._draw_open)
                self._column.addWidget(fold)
        self._show()

    def _show(self) -> None:
        self.setVisible(bool(self._run and self.folds))

    @Slot()
    def _draw_open(self) -> None:
        """Asks for what is looked at and not drawn yet."""
        waiting = [fold for fold in self.folds.values() if fold.fold.is_open and fold.is_unasked]
        if not waiting or not self._run:
            return
        if self._data is not None:
            for fold in waiting:
                fold.is_unasked = False
                self._tickets[self._drawing.ask(fold.plot, self._data)] = fold
        elif not self._is_asked:
            self._is_asked = True
            run = self._run
            self._controller.repository.submit(
                partial(run_data, run=run),
                partial(self._on_data, run),
                self._on_unread,
                key="plots",
            )

    def _on_data(self, run: str, data: RunData) -> None:
        if run == self._run:
            self._data = data
            self._draw_open()

    def _on_unread(self, problem: Rejected) -> None:
        self._messages.show_error(problem.message, problem.hint, problem.details)

    @Slot(object, object)
    def _on_answer(self, ticket: int, answer: Chart | PluginError | None) -> None:
        fold = self._tickets.pop(ticket, None)
        if fold is None:  # of a run that is not shown any more
            return
        if isinstance(answer, PluginError):
            fold.show_words(str(answer))
            self._messages.show_error(answer.message, answer.hint, answer.details)
        else:
            fold.show_chart(answer)


class PlotFold(QWidget):
    """One plot of another package under its heading.

    Args:
        plot: The plot.
    """

    def __init__(self, plot: Plot, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = plot
        self.is_unasked = True
        self.view: ChartPlot | None = None
        self.words = Label()
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self.words, "muted")
        content = QWidget()
        self._inner = QVBoxLayout(content)
        self._inner.setContentsMargins(0, 0, 0, 0)
        self._inner.setSpacing(SPACING)
        self._inner.addWidget(self.words)
        self.fold = Fold(plot.title, content)
        self.fold.header.setToolTip(plain_tip(plot.help))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        self.clear()

    def clear(self) -> None:
        """Waits for another run."""
        self.is_unasked = True
        self.show_words(self.plot.help)

    def show_words(self, text: str) -> None:
        """Says something in place of the plot."""
        self.words.setText(text)
        if self.view is not None:
            self.view.hide()

    def show_chart(self, chart: Chart | None) -> None:
        """Draws; None: there is nothing to draw of this run."""
        if self.view is None:
            self.view = ChartPlot()
            self.view.setFixedHeight(HEIGHT)
            self.view.setAccessibleName(self.plot.title)
            self._inner.addWidget(self.view)
        self.view.set_chart(chart)
        self.view.show()
        note = chart.note if chart is not None else ""
        self.words.setText(" ".join(part for part in (self.plot.help, note) if part))


def run_data(store: RunStore, run: str) -> RunData:
    """Reads what a plot is given of a run; in the thread of the store."""
    from engine.inference.evaluation.evaluation import Evaluation

    record = store.get(run)
    epochs = store.epochs(record.id)
    names = dict.fromkeys(name for epoch in epochs for name in epoch.metrics)
    evaluation = Evaluation.load(store.folder(record.id))
    data = RunData(
        record.name,
        record.dataset_title,
        record.model_title,
        record.spec.to_dict(),
        np.array([epoch.epoch for epoch in epochs], np.int64),
        {
            name: np.array([epoch.metrics.get(name, np.nan) for epoch in epochs], np.float64)
            for name in names
        },
        dict(store.steps(record.id)),
    )
    if evaluation is None:
        return data
    return replace(
        data,
        class_names=evaluation.class_names if evaluation.output is Output.CLASSES else (),
        confusion=evaluation.confusion,
        y_true=evaluation.y_true,
        y_pred=evaluation.y_pred,
    )

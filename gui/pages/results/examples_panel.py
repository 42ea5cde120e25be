"""ExamplesPanel: the examples behind what was clicked, to be sorted, chosen from and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from engine.events.messages import DataProgress, Rejected
from engine.events.results import EvaluateRun, ResultCommand, RunEvaluated
from engine.inference.evaluation.scored import ScoredExamples
from gui.formatting.numbers import counted, shown_of
from gui.formatting.run_words import progress_text
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.example_detail import ExampleDetail
from gui.pages.results.example_fetcher import ExampleFetcher
from gui.pages.results.example_filter import ExampleFilter
from gui.pages.results.example_list import ExampleList
from gui.pages.results.shown_result import Places, Selection, ShownResult
from gui.state.controller import Controller
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.elided_label import ElidedLabel

if TYPE_CHECKING:
    from engine.runs.store import RunStore

WIDTH = 41 * SPACING
NARROWEST = 34 * SPACING


class ExamplesPanel(QFrame):
    """One for the whole page; its room is always kept, so that nothing moves when it fills.

    Signals:
        part_shown(str): The examples of that part are listed.

    Args:
        controller: Answers, and reads.
        columns: Reads columns of the data, of the part that is listed.
    """

    part_shown = Signal(str)

    def __init__(
        self, controller: Controller, columns: ColumnReader, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._shown: ShownResult | None = None
        self.scored: ScoredExamples | None = None
        self._places: Places = np.zeros(0, np.int64)
        self._like: int | None = None
        self._making: EvaluateRun | None = None
        self.fetcher = ExampleFetcher(controller.results, self)
        self.title = ElidedLabel()
        self.count = Label()
        self.order = ChoiceBox()
        self.filter_button = QPushButton(self.tr("Filter"))
        self.filter = ExampleFilter(columns, self)
        self.columns = columns
        self.list = ExampleList(self.fetcher)
        self.detail = ExampleDetail()
        self._build()
        self._connect()

    def _build(self) -> None:
        set_role(self.title, "heading")
        set_role(self.count, "muted")
        self.order.setAccessibleName(self.tr("Sort by"))
        self.setAccessibleName(self.tr("Examples"))
        line = QHBoxLayout()
        line.addWidget(self.title, 1)
        line.addWidget(self.count)
        tools = QHBoxLayout()
        tools.setSpacing(SPACING)
        tools.addWidget(self.order, 1)
        tools.addWidget(self.filter_button)
        self.list.setMinimumHeight(10 * SPACING)
        self.detail.setMinimumHeight(10 * SPACING)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(self.detail)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([30 * SPACING, 40 * SPACING])
        self.splitter.setHandleWidth(SPACING)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACING, 2 * SPACING, 2 * SPACING, SPACING)
        column.setSpacing(SPACING)
        column.addLayout(line)
        column.addLayout(tools)
        column.addWidget(self.splitter, 1)
        self.setMinimumWidth(NARROWEST)

    def _connect(self) -> None:
        self.order.currentIndexChanged.connect(self._relist)
        self.filter_button.clicked.connect(self._on_filter)
        self.filter.changed.connect(self._relist)
        self.filter.part_asked.connect(self._on_part)
        self.list.current_changed.connect(self._on_current)
        self.detail.similar_asked.connect(self._on_similar)
        self.fetcher.arrived.connect(self._on_arrived)
        self.fetcher.failed.connect(self._on_failed)
        self.columns.failed.connect(self._on_column_failed)
        results = self._controller.results
        results.answered.connect(self._on_answered)
        results.progressed.connect(self._on_progressed)
        results.refused.connect(self._on_refused)

    # ---- what is listed

    def show_result(self, shown: ShownResult) -> None:
        """Lists what is most wrong of a run."""
        self._shown = shown
        self.fetcher.set_run(shown.record.id)
        self._making = None
        self._use(shown.scored)
        if shown.scored is not None:
            self.show_selection(self.worst(shown.scored))
        elif shown.is_waiting:
            self._list_nothing(self.tr("Reading what was said of every example…"))
        else:
            self._list_nothing(self.tr("The examples were not kept with this run."))

    def worst(self, scored: ScoredExamples) -> Selection:
        """What a run is looked at for first."""
        if scored.predictions.is_anomaly:
            return Selection(self.tr("The most unusual"), scored.everything, "confidence")
        if scored.is_right is None:
            return Selection(self.tr("The largest errors"), scored.everything, "loss")
        wrong = scored.wrong()
        if not len(wrong):
            return Selection(self.tr("All are right"), scored.everything, "loss")
        return Selection(self.tr("The worst errors"), wrong, "loss")

    def show_selection(self, selection: Selection) -> None:
        """Lists the examples behind a mark."""
        is_of_page = self._shown is None or self.scored is self._shown.scored
        if self._shown is not None and (self._making is not None or not is_of_page):
            self._making = None  # whoever turns to a mark waits for no other part any more
            self._use(self._shown.scored)
        self._like = None
        self.title.show_text(selection.title)
        self._places = selection.places
        self._choose_order(selection.order)
        self._relist()

    def _use(self, scored: ScoredExamples | None) -> None:
        """Turns to the examples of a part."""
        self.scored, self._like = scored, None
        run = self._shown.record.id if self._shown is not None else ""
        self.columns.set_examples(run, scored)
        self.filter.set_examples(scored)
        self._fill_orders(scored)
        for widget in (self.order, self.filter_button):
            widget.setEnabled(scored is not None)

    def _fill_orders(self, scored: ScoredExamples | None) -> None:
        titles = {
            "loss": self.tr("Worst first"),
            "confidence": self.tr("Surest first"),
            "doubt": self.tr("Least sure first"),
            "row": self.tr("As in the data"),
            "similarity": self.tr("Nearest to the chosen one"),
        }
        if scored is not None and scored.predictions.is_anomaly:
            titles["confidence"] = self.tr("Most unusual first")
            titles["doubt"] = self.tr("Most usual first")
        before = self.order.currentData()
        with QSignalBlocker(self.order):
            self.order.clear()
            for name in scored.orders if scored is not None else ():
                self.order.addItem(titles[name], name)
            self.order.setCurrentIndex(max(0, self.order.findData(before)))

    def _choose_order(self, name: str) -> None:
        if self.order.currentData() == "similarity" and not name:
            name = "loss"
        place = self.order.findData(name) if name else -1
        if place >= 0:
            with QSignalBlocker(self.order):
                self.order.setCurrentIndex(place)

    @Slot()
    def _relist(self) -> None:
        """Chooses and sorts anew; at once, on what is in memory."""
        scored = self.scored
        if scored is None or self._shown is None or self._making is not None:
            return
        places = self.filter.chosen(self._places)
        order = self.order.currentData() or "loss"
        if order == "similarity" and self._like is None:
            self._like = self._current_place()
        if order != "similarity":
            self._like = None
        places = scored.ordered(places, order, self._like)
        n = self.filter.n_active
        self.filter_button.setText(self.tr("Filter ({n})").format(n=n) if n else self.tr("Filter"))
        one, many = self.tr("{n} example"), self.tr("{n} examples")
        text = counted(len(places), one, many)
        if len(places) < len(self._places):
            text = shown_of(len(places), len(self._places))
        self.count.setText(text)
        self.list.show_places(scored, self._shown.kind or self.fetcher.kind, places)
        if not len(places):
            self.detail.show_nothing(self._why_none(n))

    def _why_none(self, n_filters: int) -> str:
        if n_filters and len(self._places):
            return self.tr("None of them fits the filter.")
        return self.tr("There is no such example.")

    def _list_nothing(self, words: str) -> None:
        self._places = np.zeros(0, np.int64)
        self.title.show_text(self.tr("Examples"))
        self.count.setText("")
        self.list.show_places(None, "", self._places)
        self.detail.show_nothing(words)

    def _current_place(self) -> int | None:
        index = self.list.currentIndex()
        return self.list.examples.place_at(index.row()) if index.isValid() else None

    @Slot()
    def _on_similar(self) -> None:
        """Lists all of the part, what is nearest to the chosen one first."""
        place = self._current_place()
        if self.scored is None or place is None:
            return
        self._like = place
        name = self.scored.predictions.name_of(place)
        self.title.show_text(self.tr("Similar to {name}").format(name=name))
        self._places = self.scored.everything
        self._choose_order("similarity")
        self._relist()

    @Slot()
    def _on_filter(self) -> None:
        self.filter.open_at(self.filter_button)

    # ---- the chosen one

    @Slot(int)
    def _on_current(self, index: int) -> None:
        if self.scored is None or index < 0:
            return
        place, row = self.list.examples.place_at(index), self.list.examples.row_at(index)
        self.detail.show_scored(self.scored, place)
        self.fetcher.want_first(row)
        self._show_content(place, row)

    def _show_content(self, place: int, row: int) -> None:
        example, scored = self.fetcher.get(row), self.scored
        if example is not None and scored is not None:
            kind, rate, names = self.fetcher.kind, self.fetcher.rate, self.fetcher.columns
            self.detail.show_content(example, kind, rate, names, scored, place)
        elif self.fetcher.is_unreadable(row):
            self.detail.view.show_words(self.tr("It cannot be read any more."))
        elif self.fetcher.problem is not None:
            self._on_failed(self.fetcher.problem)

    @Slot(object)
    def _on_arrived(self, rows: tuple[int, ...]) -> None:
        if self._shown is not None and not self._shown.kind and self.list.examples.kind == "":
            self._relist()
        place = self._current_place()
        if place is not None and (self.detail.row in rows or not rows):
            self._show_content(place, self.detail.row)

    @Slot(object)
    def _on_failed(self, problem: Rejected) -> None:
        still = self.tr("Numbers, curves and tables still hold: they were kept with the run.")
        words = " ".join(part for part in (problem.message, problem.hint, still) if part)
        self.detail.view.show_words(words)

    @Slot(str, object)
    def _on_column_failed(self, column: str, problem: Rejected) -> None:
        """Says why nothing is chosen by the column that was asked for."""
        if column:
            self._on_failed(problem)

    # ---- other parts of the data

    @Slot(str)
    def _on_part(self, part: str) -> None:
        if self._shown is None:
            return
        run = self._shown.record.id

        def read(store: RunStore) -> ScoredExamples | None:
            from gui.state.result_reading import read_scored

            return read_scored(Path(store.folder(run)), part)

        def done(scored: ScoredExamples | None) -> None:
            if self._shown is None or self._shown.record.id != run:
                return
            if scored is not None:
                self._show_part(scored)
            else:
                self._making = EvaluateRun(run, part)
                self._controller.results.ask(self._making, "results/part")
                self._list_nothing(self.tr("Asking the model about this part…"))

        self._controller.repository.submit(read, done, self._on_failed, key="results/part")

    def _show_part(self, scored: ScoredExamples) -> None:
        if self._shown is not None and scored.predictions.part == self._part_of_page:
            scored = self._shown.scored or scored
        self._use(scored)
        selection = self.worst(scored)
        self.title.show_text(selection.title)
        self._places = selection.places
        self._choose_order(selection.order)
        self._relist()
        self.part_shown.emit(scored.predictions.part)

    @property
    def _part_of_page(self) -> str:
        scored = self._shown.scored if self._shown is not None else None
        return scored.predictions.part if scored is not None else ""

    @Slot(object)
    def _on_answered(self, answer: object) -> None:
        making = self._making
        if isinstance(answer, RunEvaluated) and making is not None and answer.run == making.run:
            self._making = None
            self._on_part(answer.part)

    @Slot(object, object)
    def _on_progressed(self, command: ResultCommand, progress: DataProgress) -> None:
        if command is self._making:
            text = self.tr("Asking the model about this part… {how_far}")
            self.detail.view.show_words(text.format(how_far=progress_text(progress)))

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if command is self._making:
            self._making = None
            self._on_failed(problem)

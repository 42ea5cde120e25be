"""GroupsTab: where the model is worse than elsewhere, named, with how sure that is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.inference.evaluation.analysis import Group
from gui.formatting.numbers import count_text, number_text
from gui.formatting.run_words import metric_text
from gui.pages.results.result_words import main_name, range_text, title_of
from gui.pages.results.shown_result import ResultTab, Selection, ShownResult
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.tables import Table
from gui.widgets.text_table import TextModel


class GroupsTab(ResultTab):
    """A line for each group; a line opens its examples."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ShownResult | None = None
        self._groups: tuple[Group, ...] = ()
        self.words = Label()
        self.table = Table()
        self.model = TextModel(self)
        set_role(self.words, "muted")
        self.words.setWordWrap(True)
        self.table.setModel(self.model)
        self.table.setAccessibleName(self.tr("Groups in which the model is worse"))
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.clicked.connect(self._on_row)
        self.table.activated.connect(self._on_row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.words)
        column.addWidget(self.table, 1)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the groups of a run."""
        self._shown = shown
        analysis = shown.analysis
        found = None if analysis is None else analysis.groups
        self._groups = found or ()
        n = 0 if analysis is None else analysis.n_tried
        if found is None:
            text = self.tr("Groups are looked for in the background; they appear here.")
        elif found:
            text = self.tr(
                "Of {n} groups that were looked at, the model is surely worse in these; that so "
                "many were tried is taken into account."
            ).format(n=count_text(n))
        else:
            text = self.tr(
                "In none of {n} groups that were looked at is the model surely worse than "
                "elsewhere."
            ).format(n=count_text(n))
        self.words.setText(text)
        name = main_name(shown)
        rows = [self._cells(group, name) for group in self._groups]
        headings = (
            self.tr("Where"),
            self.tr("Examples"),
            title_of(name, shown) if name else "",
            self.tr("95 % interval"),
            self.tr("Elsewhere"),
            self.tr("p"),
        )
        self.model.set_rows(headings, rows, 1)
        self.table.setVisible(bool(rows))
        self.table.fit_columns(32 * SPACING)

    def _cells(self, group: Group, name: str) -> tuple[str, ...]:
        interval = group.intervals.get(name)
        return (
            group.where,
            count_text(group.n),
            metric_text(name, group.metrics.get(name)),
            range_text(name, interval) if interval is not None else "",
            metric_text(name, group.elsewhere),
            number_text(group.p_value, 2),
        )

    @Slot(QModelIndex)
    def _on_row(self, index: QModelIndex) -> None:
        scored = self._shown.scored if self._shown is not None else None
        if scored is not None and 0 <= index.row() < len(self._groups):
            group = self._groups[index.row()]
            places = scored.places_of(group.rows)
            self.examples_asked.emit(Selection(group.where, places, "loss"))

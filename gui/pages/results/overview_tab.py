"""OverviewTab: all numbers, and the one picture that says most of such a result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from engine.spec.signature import Output
from gui.formatting.numbers import count_text
from gui.formatting.run_words import metric_text, reading_order
from gui.formatting.translation import translate
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.metric_grid import MetricGrid
from gui.pages.results.result_words import doubt_text, range_text, title_of
from gui.pages.results.run_scores import RunScores
from gui.pages.results.run_summary import kept_text, part_text
from gui.pages.results.score_view import ScoreView
from gui.pages.results.shown_result import Places, ResultTab, Selection, ShownResult
from gui.pages.results.values_part import ValuesPart
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.flexible import Flexible
from gui.widgets.text_table import TextTable

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

MOST_METRICS: Final = 12
BODY_HEIGHT: Final = 34 * SPACING


class OverviewTab(ResultTab):
    """Numbers over a table of classes, points, scores or texts.

    Args:
        columns: Reads columns of the data.
    """

    def __init__(self, columns: ColumnReader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self._shown: ShownResult | None = None
        self.caption = Label()
        self.metrics = MetricGrid()
        self.scores: RunScores | None = None
        self.values: ValuesPart | None = None
        self.anomalies: ScoreView | None = None
        self.texts: TextTable | None = None
        self._rooms: dict[QWidget, Flexible] = {}
        set_role(self.caption, "heading")
        self.caption.setWordWrap(True)
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        self._column.addWidget(self.caption)
        self._column.addWidget(self.metrics)
        self._column.addStretch(0)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what it holds leads through it
        area.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.addWidget(area)

    def show_result(self, shown: ShownResult) -> None:
        """Shows a run; one that was not measured afterwards, by what was last measured."""
        self._shown = shown
        self._show_metrics(shown)
        body = self._body(shown)
        for other, room in self._rooms.items():
            room.setVisible(other is body)
        # Without a body, what there is stands at the top.
        self._column.setStretch(2, 1 if body is None else 0)

    def _show_metrics(self, shown: ShownResult) -> None:
        metrics = shown.metrics if shown.evaluation is not None else shown.record.metrics
        self.caption.setText(_caption(shown))
        self.caption.setVisible(bool(metrics))
        self.metrics.setVisible(bool(metrics))
        names = reading_order(metrics)[:MOST_METRICS]
        self.metrics.set_values([(name, *_fact(name, metrics[name], shown)) for name in names])

    # ---- what says most

    def _body(self, shown: ShownResult) -> QWidget | None:
        evaluation = shown.evaluation
        match shown.output:
            case None:
                return None
            case Output.CLASSES | Output.LABELS:
                assert evaluation is not None
                if self.scores is None:
                    self.scores = self._added(RunScores())
                    self.scores.class_asked.connect(self._ask_class)
                self.scores.show_scores(evaluation.per_class, evaluation.thresholds)
                return self.scores
            case Output.TOKENS:
                if self.texts is None:
                    words = self.tr("True texts and the predictions for them")
                    self.texts = self._added(TextTable(words))
                self._show_texts(shown)
                return self.texts
            case Output.NUMBERS if shown.is_anomaly:
                assert evaluation is not None
                if self.anomalies is None:
                    self.anomalies = self._added(ScoreView())
                    self.anomalies.examples_asked.connect(self.examples_asked)
                self.anomalies.show_result(shown)
                return self.anomalies
            case Output.NUMBERS:
                if self.values is None:
                    self.values = self._added(ValuesPart(self._columns))
                    self.values.examples_asked.connect(self.examples_asked)
                self.values.show_result(shown)
                return self.values

    def _added(self, body: Any) -> Any:
        room = Flexible()
        room.setMinimumHeight(BODY_HEIGHT)
        inner = QVBoxLayout(room)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(body)
        self._column.addWidget(room, 1)
        self._rooms[body] = room
        return body

    def _show_texts(self, shown: ShownResult) -> None:
        evaluation = shown.evaluation
        assert evaluation is not None
        assert self.texts is not None
        headings: tuple[str, ...] = (self.tr("True"), self.tr("Predicted"))
        rows: tuple[tuple[str, ...], ...] = evaluation.texts
        if evaluation.sources:
            headings = (self.tr("Given"), *headings)
            pairs = zip(evaluation.sources, evaluation.texts, strict=True)
            rows = tuple((source, *pair) for source, pair in pairs)
        self.texts.set_rows(headings, rows)

    @Slot(int)
    def _ask_class(self, index: int) -> None:
        """Opens a class: its examples; of a label, those that have it or of which it is said."""
        scored = self._shown.scored if self._shown is not None else None
        if scored is None:
            return
        found = scored.predictions
        places = class_places(found.truth, scored.predicted, index)
        title = self.tr("{name}: true or predicted") if found.truth.ndim == 2 else "{name}"
        text = title.format(name=found.class_names[index])
        self.examples_asked.emit(Selection(text, places, "loss"))


def class_places(truth: Places, said: Places, index: int) -> Places:
    """The places of a class's examples, or of those that have a label or are said to."""
    if truth.ndim == 2:
        return np.flatnonzero((truth[:, index] > 0) | (said[:, index] > 0))
    return np.flatnonzero(truth == index)


def _fact(name: str, value: float, shown: ShownResult) -> tuple[str, str, str]:
    """Caption, value and tooltip of a number."""
    text, tip = metric_text(name, value), ""
    analysis = shown.analysis if shown.evaluation is not None else None
    interval = analysis.intervals.get(name) if analysis is not None else None
    if interval is not None and all(map(math.isfinite, interval)):
        text = f"{text} {doubt_text(name, interval)}"
        tip = translate("95 % interval: {range}").format(range=range_text(name, interval))
    return title_of(name, shown), text, tip


def _caption(shown: ShownResult) -> str:
    record: RunRecord = shown.record
    evaluation = shown.evaluation
    if evaluation is None:
        text = translate("Last measured while training, in epoch {n}")
        return text.format(n=count_text(record.epochs_done))
    text = translate("On the {part} part, {n} examples").format(
        part=part_text(evaluation.part), n=count_text(evaluation.n_samples)
    )
    kept = kept_text(record)
    return f"{text} · {kept}" if kept else text

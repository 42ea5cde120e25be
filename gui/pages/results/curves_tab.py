"""CurvesTab: how well classes are told apart, how honest probabilities are, what mistakes cost."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from engine.inference.evaluation.analysis import Curve
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.formatting import percent_text
from gui.formatting.numbers import number_text
from gui.pages.results.shown_result import Places, ResultTab, Selection, ShownResult
from gui.pages.results.threshold_part import ThresholdPart
from gui.plots.curve_plot import CurvePlot, Line
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox

THRESHOLD: Final = "threshold"
FEW: Final = 6
"""So many curves are drawn together; of more, the mean and one class by choice."""
NEAR: Final = 0.05
"""Probabilities this far from a point of a curve stand behind it."""


class CurvesTab(ResultTab):
    """One family of curves at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ShownResult | None = None
        self._drawn: list[Curve] = []
        self.family = ChoiceBox()
        self.subject = ChoiceBox()
        self.note = Label()
        self.plot = CurvePlot()
        self.threshold = ThresholdPart()
        self._stack = QStackedWidget()
        self._build()

    def _build(self) -> None:
        self.family.setAccessibleName(self.tr("Which curves"))
        self.subject.setAccessibleName(self.tr("Of which class"))
        set_role(self.note, "muted")
        self.note.setWordWrap(True)
        tools = QHBoxLayout()
        tools.setSpacing(SPACING)
        for box in (self.family, self.subject):
            box.setMinimumContentsLength(16)
            tools.addWidget(box)
        tools.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what it holds leads through it
        area.setWidget(self.threshold)
        self._stack.addWidget(self.plot)
        self._stack.addWidget(area)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(tools)
        column.addWidget(self.note)
        column.addWidget(self._stack, 1)
        self.family.currentIndexChanged.connect(self._on_family)
        self.subject.currentIndexChanged.connect(self._draw)
        self.plot.point_clicked.connect(self._on_point)
        self.threshold.count_clicked.connect(self._on_count)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the curves of a run."""
        self._shown = shown
        titles = {
            "roc": self.tr("ROC"),
            "precision_recall": self.tr("Precision and recall"),
            "calibration": self.tr("Calibration"),
            THRESHOLD: self.tr("Threshold and costs"),
            "top_k": self.tr("Among the k likeliest"),
            "horizon": self.tr("Error by step ahead"),
        }
        before = self.family.currentData()
        with QSignalBlocker(self.family):
            self.family.clear()
            for name in families(shown):
                self.family.addItem(titles[name], name)
            self.family.setCurrentIndex(max(0, self.family.findData(before)))
        self._on_family()

    # ---- choosing

    @Slot()
    def _on_family(self) -> None:
        if self._shown is None:
            return
        name = self.family.currentData()
        if name == THRESHOLD:
            subjects = list(self._tables())
        else:
            subjects = [curve.name for curve in self._shown.curves(name or "")]
        before = self.subject.currentData()
        with QSignalBlocker(self.subject):
            self.subject.clear()
            if name != THRESHOLD and len(subjects) > 1:
                text = self.tr("All") if len(subjects) <= FEW else self.tr("Mean of the classes")
                self.subject.addItem(text, None)
            for subject in subjects:
                if subject:
                    self.subject.addItem(subject, subject)
            self.subject.setCurrentIndex(max(0, self.subject.findData(before)))
        self.subject.setVisible(self.subject.count() > 1)
        self._draw()

    def _tables(self) -> dict[str, list[list[float]]]:
        analysis = self._shown.analysis if self._shown is not None else None
        found = analysis.extra.get("thresholds", {}) if analysis is not None else {}
        return found if isinstance(found, dict) else {}

    @Slot()
    def _draw(self) -> None:
        name = self.family.currentData()
        if self._shown is None or name is None:
            return
        self.note.setText(self._words(name))
        if name == THRESHOLD:
            tables = self._tables()
            subject = self.subject.currentData() or next(iter(tables), "")
            self.threshold.set_table(tables.get(subject, []), self._own_threshold(subject))
            self._stack.setCurrentIndex(1)
            return
        self._stack.setCurrentIndex(0)
        curves = list(self._shown.curves(name))
        subject = self.subject.currentData()
        if subject is not None:
            curves = [curve for curve in curves if curve.name == subject]
        elif len(curves) > FEW:
            curves = [curve for curve in curves if not curve.name] or curves[:FEW]
        self._drawn = curves
        lines = [self._line(name, curve) for curve in curves]
        x_text, y_text = self._axes(name)
        is_unit = name not in ("top_k", "horizon")
        self.plot.set_lines(lines, x_text, y_text, self._reference(name), is_unit)

    def _own_threshold(self, subject: str) -> float | None:
        scored = self._shown.scored if self._shown is not None else None
        if scored is None or not len(scored.predictions.thresholds):
            return None
        found = scored.predictions
        place = found.class_names.index(subject) if subject in found.class_names else 0
        return float(found.thresholds[min(place, len(found.thresholds) - 1)])

    def _line(self, name: str, curve: Curve) -> Line:
        text = curve.name or (self.tr("Mean") if len(self._drawn) > 1 else self.tr("Model"))
        value = ""
        if name in ("roc", "precision_recall") and math.isfinite(curve.area):
            value = number_text(curve.area)
        has_points = name in ("calibration", "top_k", "horizon")
        return Line(text, curve.x, curve.y, value, has_points)

    def _axes(self, name: str) -> tuple[str, str]:
        return {
            "roc": (self.tr("False alarms"), self.tr("Found")),
            "precision_recall": (self.tr("Recall"), self.tr("Precision")),
            "calibration": (self.tr("Confidence"), self.tr("Share that is right")),
            "top_k": (self.tr("k"), self.tr("Share with the truth among them")),
            "horizon": (self.tr("Steps ahead"), self.tr("Mean absolute error")),
        }[name]

    def _reference(self, name: str) -> tuple[np.ndarray, np.ndarray, str] | None:
        ends = np.array([0.0, 1.0])
        if name == "roc":
            return ends, ends, self.tr("By chance")
        if name == "calibration":
            return ends, ends, self.tr("Honest")
        return None

    def _words(self, name: str) -> str:
        metrics = self._shown.metrics if self._shown is not None else {}
        words = {
            "roc": self.tr("Of each threshold: how many are found, and how many falsely."),
            "precision_recall": self.tr("Of each threshold: how many are found, how many rightly."),
            "calibration": self.tr("Whether what is said with 80 % is right in 80 of 100 cases."),
            THRESHOLD: self.tr("Above the threshold it is said; say what mistakes cost."),
            "top_k": self.tr("How often the truth is among the k likeliest classes."),
            "horizon": self.tr("How the error grows with the steps ahead."),
        }[name]
        error = metrics.get("expected_calibration_error")
        if name == "calibration" and error is not None and math.isfinite(error):
            text = self.tr("Expected calibration error {share}.")
            words = f"{words} {text.format(share=percent_text(error, 1))}"
        return words

    # ---- opening

    @Slot(int, int)
    def _on_point(self, line: int, point: int) -> None:
        scored = self._shown.scored if self._shown is not None else None
        if scored is None or line >= len(self._drawn):
            return
        name, curve = self.family.currentData(), self._drawn[line]
        if name == "calibration":
            self._ask_bin(scored, curve, point)
        elif name == "top_k":
            self._ask_rank(scored, int(curve.x[point]))
        elif name in ("roc", "precision_recall") and point < len(curve.values):
            self._ask_near(scored, curve.name, float(curve.values[point]))

    def _ask_bin(self, scored: ScoredExamples, curve: Curve, point: int) -> None:
        """Bins are of equal mass: their sizes say where each begins in the order of confidence."""
        if scored.predictions.truth.ndim == 2 or len(curve.values) != len(curve.x):
            return
        order = np.argsort(scored.confidence, kind="stable")
        ends = np.cumsum(curve.values).astype(np.int64)
        first = int(ends[point - 1]) if point else 0
        share = percent_text(float(curve.x[point]))
        title = self.tr("Said with about {share}").format(share=share)
        self.examples_asked.emit(Selection(title, order[first : int(ends[point])]))

    def _ask_rank(self, scored: ScoredExamples, k: int) -> None:
        """Those whose truth is not even among the k likeliest."""
        found = scored.predictions
        own = found.outputs[np.arange(len(scored)), found.truth]
        ranks = np.zeros(len(scored), np.int64)
        for start in range(0, len(scored), 10_000):
            stop = start + 10_000
            part = found.outputs[start:stop]
            ranks[start:stop] = (part > own[start:stop, np.newaxis]).sum(axis=1)
        title = self.tr("Truth not among the {k} likeliest").format(k=k)
        self.examples_asked.emit(Selection(title, np.flatnonzero(ranks >= k), "loss"))

    def _ask_near(self, scored: ScoredExamples, subject: str, cut: float) -> None:
        scores = column_of(scored, subject)
        if scores is None or not math.isfinite(cut):
            return
        reach = NEAR * (1.0 if not scored.predictions.is_anomaly else float(np.ptp(scores)) or 1.0)
        places = np.flatnonzero(np.abs(scores - cut) <= reach)
        what = subject or self.tr("score")
        title = self.tr("{what}: near {value}").format(what=what, value=number_text(cut))
        self.examples_asked.emit(Selection(title, places))

    @Slot(str, float)
    def _on_count(self, kind: str, cut: float) -> None:
        scored = self._shown.scored if self._shown is not None else None
        tables = self._tables()
        subject = self.subject.currentData() or next(iter(tables), "")
        if scored is None:
            return
        places = split_at(scored, subject, cut, kind)
        titles = {
            "hits": self.tr("Found"),
            "alarms": self.tr("False alarms"),
            "misses": self.tr("Missed"),
            "rest": self.tr("Rightly left"),
        }
        title = titles[kind] if not subject else f"{subject}: {titles[kind]}"
        self.examples_asked.emit(Selection(title, places))


def families(shown: ShownResult) -> list[str]:
    """Names of the curves that a run has, in their order."""
    analysis = shown.analysis
    if analysis is None:
        return []
    kinds = {curve.kind for curve in analysis.curves}
    if analysis.extra.get("thresholds"):
        kinds.add(THRESHOLD)
    order = ("roc", "precision_recall", "calibration", THRESHOLD, "top_k", "horizon")
    return [name for name in order if name in kinds]


def column_of(scored: ScoredExamples, subject: str) -> np.ndarray | None:
    """The scores that a threshold is put on, (n,): of a class, a label, or of anomaly."""
    found = scored.predictions
    if found.is_anomaly:
        return np.asarray(found.outputs)
    if subject not in found.class_names:
        return None
    return np.asarray(found.outputs[:, found.class_names.index(subject)])


def split_at(scored: ScoredExamples, subject: str, cut: float, kind: str) -> Places:
    """The places of hits, false alarms, misses or the rest of a threshold."""
    scores, found = column_of(scored, subject), scored.predictions
    if scores is None:
        return np.zeros(0, np.int64)
    if found.is_anomaly:
        is_it = found.truth == 1
    else:
        index = found.class_names.index(subject)
        is_it = found.truth[:, index] > 0 if found.truth.ndim == 2 else found.truth == index
    above = scores > cut
    chosen = {
        "hits": above & is_it,
        "alarms": above & ~is_it,
        "misses": ~above & is_it,
        "rest": ~above & ~is_it,
    }
    return np.flatnonzero(chosen[kind])

"""ResultHead: which run it is, how it ended, what it is worth, and beside what."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.formatting.run_words import metric_text, moment_text, state_role, state_text
from gui.formatting.translation import translate
from gui.pages.results.result_words import (
    doubt_text,
    fitted,
    main_interval,
    main_name,
    range_text,
    title_of,
    verdict,
)
from gui.pages.results.shown_result import ShownResult
from gui.plots.baseline_bars import Bar, BaselineBars
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.notice import Notice

NUMBER_WIDTH = 24 * SPACING


class ResultHead(QWidget):
    """What is read first; its rooms keep their height whatever is said in them.

    Attributes:
        action_row: Where the buttons for the run stand, at the right of its name.

    Signals:
        try_asked(): The model is to be tried.
        labels_asked(): Labels that look wrong are to be looked at.
        export_asked(): The result is to be taken away.
    """

    try_asked = Signal()
    labels_asked = Signal()
    export_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ElidedLabel()
        self.state = Label()
        self.subtitle = ElidedLabel()
        self.notice = Notice()
        self.verdict = Notice()
        self.caption, self.number, self.doubt = Label(), Label(), Label()
        self.bars = BaselineBars()
        self.try_it = QPushButton(self.tr("Try it"))
        self.labels = QPushButton(self.tr("Labels…"))
        self.labels.setToolTip(self.tr("Review labels that look wrong"))
        self.export = QPushButton(self.tr("Export…"))
        self.export.setToolTip(self.tr("Take the model away, with proof, and what goes with it"))
        self.action_row = QHBoxLayout()
        self._measured = QWidget()
        self._build()

    def _build(self) -> None:
        roles = (self.title, "title"), (self.subtitle, "muted"), (self.caption, "small")
        for label, role in (*roles, (self.number, "title"), (self.doubt, "muted")):
            set_role(label, role)
        for button, signal in (
            (self.try_it, self.try_asked),
            (self.labels, self.labels_asked),
            (self.export, self.export_asked),
        ):
            button.clicked.connect(signal)
            button.hide()  # until there is somewhere to go to
        line = QHBoxLayout()
        line.setSpacing(2 * SPACING)
        line.addWidget(self.title, 100)  # as much as it needs, so that the state stands beside it
        line.addWidget(self.state)
        line.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addLayout(line)
        words.addWidget(self.subtitle)
        self.action_row.setSpacing(SPACING)
        self.action_row.addWidget(self.labels)
        self.action_row.addWidget(self.export)
        self.action_row.addWidget(self.try_it)
        top = QHBoxLayout()
        top.addLayout(words, 1)
        top.addLayout(self.action_row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(top)
        column.addWidget(self.notice)
        column.addWidget(self.verdict)
        column.addWidget(self._number_row())

    def _number_row(self) -> QWidget:
        value = QHBoxLayout()
        value.setSpacing(SPACING)
        value.addWidget(self.number, 0, Qt.AlignmentFlag.AlignBaseline)
        value.addWidget(self.doubt, 0, Qt.AlignmentFlag.AlignBaseline)
        value.addStretch(1)
        block = QWidget()
        block.setMinimumWidth(NUMBER_WIDTH)
        column = QVBoxLayout(block)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addStretch(1)
        column.addWidget(self.caption)
        column.addLayout(value)
        column.addStretch(1)
        row = QHBoxLayout(self._measured)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * SPACING)
        row.addWidget(block)
        row.addWidget(self.bars, 1)
        return self._measured

    # ---- showing

    def offer(self, is_tried: bool, has_labels: bool) -> None:
        """Shows what can be done with the run: try its model, look at labels."""
        self.try_it.setVisible(is_tried)
        self.export.setVisible(is_tried)
        self.labels.setVisible(has_labels)

    def show_title(self, title: str) -> None:
        """Names the run; a long name ends where room ends."""
        self.title.show_text(title)
        self.title.setMaximumWidth(self.title.sizeHint().width() + 1)

    def show_words(self, title: str, subtitle: str) -> None:
        """Shows that there is no run yet."""
        self.show_title(title)
        self.subtitle.show_text(subtitle)
        for widget in (self.state, self.verdict, self._measured):
            widget.hide()

    def show_result(self, shown: ShownResult) -> None:
        """Shows a run; what is wrong with it is said by `notice`, in place of the verdict."""
        record = shown.record
        self.show_title(record.name)
        parts = (record.dataset_title, record.model_title, moment_text(record.created_at))
        self.subtitle.show_text(" · ".join(part for part in parts if part))
        self.state.setText(state_text(record.state))
        set_role(self.state, state_role(record.state).replace("accent", "muted"))
        self.state.show()
        name = main_name(shown) if shown.evaluation is not None else ""
        self._measured.setVisible(bool(name))
        self.verdict.setVisible(bool(name))
        if name:
            self._show_number(shown, name)
            self._show_bars(shown, name)
        self.show_verdict(shown)

    def show_verdict(self, shown: ShownResult) -> None:
        """Says what the result is worth, unless something else is to be said first."""
        text, role = verdict(shown)
        if text and self.notice.isHidden():
            self.verdict.show_text(text, role)
        else:
            self.verdict.hide()

    def _show_number(self, shown: ShownResult, name: str) -> None:
        self.caption.setText(title_of(name, shown))
        self.number.setText(metric_text(name, shown.metrics[name]))
        interval = main_interval(shown)
        self.doubt.setText(doubt_text(name, interval) if interval is not None else "")
        tip = ""
        if interval is not None:
            how = shown.analysis.methods.get(name, "") if shown.analysis is not None else ""
            text = self.tr("95 % interval: {range}. Made by: {how}.")
            tip = text.format(range=range_text(name, interval), how=how.replace("_", " "))
        self.doubt.setToolTip(tip)

    def _show_bars(self, shown: ShownResult, name: str) -> None:
        value, interval = shown.metrics[name], main_interval(shown)
        own = Bar(self.tr("This model"), value, _value(name, value, interval), interval, True)
        scores = fitted(shown)
        bars = [
            Bar(
                score.title,
                score.metrics[name],
                _value(name, score.metrics[name], score.intervals.get(name)),
                score.intervals.get(name),
            )
            for score in scores
        ]
        words = ""
        if shown.analysis is None or shown.analysis.baselines is None:
            words = self.tr("Simple models are fitted for comparison in the background.")
            if shown.scored is None:
                words = ""
        self.bars.set_bars([own, *bars] if bars else [], words)


def _value(name: str, value: float, interval: tuple[float, float] | None) -> str:
    text = metric_text(name, value)
    return (
        text
        if interval is None
        else translate("{value} {doubt}").format(value=text, doubt=doubt_text(name, interval))
    )

"""RunProgress: how far the run under way is, how fast, and when it will be done."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.events.run_events import (
    EpochEnded,
    PartTested,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunStarted,
    SettingChanged,
    StepsDone,
)
from engine.spec.formatting import NOTHING, duration_text, percent_text
from gui.formatting.numbers import count_text
from gui.pages.shared.run_facts import RunFacts
from gui.plots.pace import FOLLOWING
from gui.state.run_controller import EPOCHS
from gui.style.theme import SPACING
from gui.widgets.progress_bar import ProgressBar

RECENT_EPOCHS = 3
RESOLUTION = 10_000


class RunProgress(QWidget):
    """A progress bar over a row of facts; drawn at most four times a second.

    Signals:
        refreshed(): What is shown changed.
    """

    refreshed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = ProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(SPACING)
        self.bar.setAccessibleName(self.tr("Progress of training"))
        self.facts = RunFacts(
            {
                "epoch": self.tr("Epoch"),
                "step": self.tr("Step"),
                "elapsed": self.tr("Training time"),
                "remaining": self.tr("Time left"),
                "speed": self.tr("Examples per second"),
                "device": self.tr("Runs on"),
            },
            expendable=("device", "speed", "elapsed"),
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.bar)
        self._row = QHBoxLayout()
        self._row.setSpacing(2 * SPACING)
        self._row.addWidget(self.facts, 1, Qt.AlignmentFlag.AlignVCenter)
        column.addLayout(self._row)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        self.clear()

    def add_at_right(self, widget: QWidget) -> None:
        """Puts something beside the facts."""
        self._row.addWidget(widget)

    def clear(self) -> None:
        """Forgets the run before."""
        self._epochs = self._steps_per_epoch = self._n_train = 0
        self._epoch = self._step = 0
        self._known = (0, 0)  # a complete epoch, and the steps that were done at its end
        self._tested: PartTested | None = None
        self._elapsed_s = 0.0
        self._first: tuple[int, float] | None = None
        self._recent: deque[float] = deque(maxlen=RECENT_EPOCHS)
        self._samples_per_s: float | None = None
        self._device = self._device_tip = ""
        self._is_over = False
        self._refresh()

    def set_waiting(self, is_waiting: bool) -> None:
        """Shows that something is under way whose length is unknown."""
        self.bar.setRange(0, 0 if is_waiting else RESOLUTION)

    def add(self, event: RunEvent) -> None:
        """Takes an event of the run."""
        if isinstance(event, RunStarted):
            self._epochs = event.epochs
            self._steps_per_epoch = event.steps_per_epoch
            self._n_train = event.n_train
            self._start_at(event)
        elif isinstance(event, SettingChanged):
            if event.setting != EPOCHS:
                return
            self._epochs = round(event.after)
        elif isinstance(event, PartTested):
            self._tested = event if event.done < event.total else None
        elif isinstance(event, PlanChosen):
            self._device, self._device_tip = event.device, event.reason
        elif isinstance(event, StepsDone):
            self._add_steps(event)
        elif isinstance(event, EpochEnded):
            self._epoch, self._step, self._elapsed_s = event.epoch, event.step, event.elapsed_s
            self._samples_per_s = event.samples_per_s
            self._known = (event.epoch, event.step)
            self._tested = None
            self._recent.append(event.duration_s)
        elif isinstance(event, RunEnded):
            self._is_over, self._tested = True, None
            self._timer.stop()
            self._refresh()  # nothing follows that it could wait for
            return
        else:
            return
        if not self._timer.isActive():
            self._timer.start(FOLLOWING.interval_ms)

    @property
    def epochs(self) -> int:
        """Epochs planned; 0 before it is known."""
        return self._epochs

    @property
    def epoch(self) -> int:
        """The epoch under way, from 1; 0 before the first."""
        return self._epoch

    @property
    def remaining_s(self) -> float | None:
        """Estimated seconds of training left: from the last epochs, or the steps so far."""
        steps_left = max(0, self._total - self._step)
        if not self._steps_per_epoch or self._is_over:
            return None
        if self._recent:
            mean_s = sum(self._recent) / len(self._recent)
            return steps_left / self._steps_per_epoch * mean_s
        if self._first is None or self._step <= self._first[0]:
            return None
        return steps_left * self._seconds_per_step(self._first)

    @property
    def testing(self) -> tuple[str, int] | None:
        """A validation or test under way and its percentage; None while there is none."""
        if self._tested is None:
            return None
        return self._tested.part, int(100 * self._tested.done / max(1, self._tested.total))

    @property
    def _total(self) -> int:
        """Steps in all, from the last complete epoch on; a smaller batch makes more of them."""
        epoch, step = self._known
        return step + (self._epochs - epoch) * self._steps_per_epoch

    def _start_at(self, event: RunStarted) -> None:
        """Begins behind what a run that goes on has done already."""
        self._step, self._epoch = event.step, event.epochs_done
        if self._known[0] != event.epochs_done:
            whole = event.epochs_done * event.steps_per_epoch
            is_usual = whole <= event.step < whole + max(1, event.steps_per_epoch)
            self._known = (event.epochs_done, whole if is_usual else event.step)
        self._first = None
        self._recent.clear()

    def _seconds_per_step(self, first: tuple[int, float]) -> float:
        return (self._elapsed_s - first[1]) / (self._step - first[0])

    def _add_steps(self, event: StepsDone) -> None:
        self._tested = None
        self._epoch = event.epoch
        self._step = event.first_step + event.n_steps
        self._elapsed_s = event.elapsed_s
        if self._first is None:  # the first chunk holds the compilation, which comes only once
            self._first = (self._step, self._elapsed_s)
        elif not self._recent and self._steps_per_epoch and self._step > self._first[0]:
            seconds = self._seconds_per_step(self._first)
            if seconds > 0:
                self._samples_per_s = self._n_train / self._steps_per_epoch / seconds

    @Slot()
    def _refresh(self) -> None:
        total = self._total
        if self.bar.maximum() and total:
            self.bar.setValue(round(RESOLUTION * min(1.0, self._step / total)))
        elif self.bar.maximum():
            self.bar.setValue(0)
        of = self.tr("{done} of {all}")
        epoch = of.format(done=count_text(self._epoch), all=count_text(self._epochs))
        step = of.format(done=count_text(self._step), all=count_text(total))
        remaining = self.remaining_s
        speed = self._samples_per_s
        if self.testing is not None:
            part, percent = self.testing
            text = self.tr("Validating {n}") if part == "validation" else self.tr("Testing {n}")
            epoch = text.format(n=percent_text(percent / 100))
        self.facts.set_value("epoch", epoch if total else NOTHING)
        self.facts.set_value("step", step if total else NOTHING)
        self.facts.set_value("elapsed", duration_text(self._elapsed_s) if total else NOTHING)
        self.facts.set_value("remaining", duration_text(remaining))
        self.facts.set_value("speed", NOTHING if speed is None else count_text(speed))
        self.facts.set_value("device", self._device or NOTHING, self._device_tip)
        self.refreshed.emit()

"""RunProgress: how far the run under way is, how fast, and when it will be done."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from engine.run_events import (
    EpochEnded,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunStarted,
    StepsDone,
)
from gui.theme import SPACING
from gui.widgets.run_facts import RunFacts
from gui.widgets.run_words import count_text, duration_text

REFRESH_MS = 100
RECENT_EPOCHS = 3
RESOLUTION = 10_000


class RunProgress(QWidget):
    """A progress bar over a row of facts; drawn at most ten times a second.

    Signals:
        refreshed(): What is shown changed.
    """

    refreshed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(SPACING)
        self.bar.setAccessibleName(self.tr("Progress of training"))
        self.facts = RunFacts(
            {
                "epoch": self.tr("Epoch"),
                "step": self.tr("Step"),
                "elapsed": self.tr("Training time"),
                "remaining": self.tr("Time left"),
                "speed": self.tr("Samples per second"),
                "device": self.tr("Runs on"),
            }
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.bar)
        column.addWidget(self.facts)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)
        self.clear()

    def clear(self) -> None:
        """Forgets the run before."""
        self._epochs = self._steps_per_epoch = self._n_train = 0
        self._epoch = self._step = 0
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
        elif isinstance(event, PlanChosen):
            self._device, self._device_tip = event.device, event.reason
        elif isinstance(event, StepsDone):
            self._add_steps(event)
        elif isinstance(event, EpochEnded):
            self._epoch, self._step, self._elapsed_s = event.epoch, event.step, event.elapsed_s
            self._samples_per_s = event.samples_per_s
            self._recent.append(event.duration_s)
        elif isinstance(event, RunEnded):
            self._is_over = True
        else:
            return
        if not self._timer.isActive():
            self._timer.start()

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
        steps_left = self._epochs * self._steps_per_epoch - self._step
        if not self._steps_per_epoch or self._is_over:
            return None
        if self._recent:
            mean_s = sum(self._recent) / len(self._recent)
            return steps_left / self._steps_per_epoch * mean_s
        if self._first is None or self._step <= self._first[0]:
            return None
        return steps_left * self._seconds_per_step(self._first)

    def _seconds_per_step(self, first: tuple[int, float]) -> float:
        return (self._elapsed_s - first[1]) / (self._step - first[0])

    def _add_steps(self, event: StepsDone) -> None:
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
        total = self._epochs * self._steps_per_epoch
        if self.bar.maximum() and total:
            self.bar.setValue(round(RESOLUTION * min(1.0, self._step / total)))
        elif self.bar.maximum():
            self.bar.setValue(0)
        of = self.tr("{done} of {all}")
        epoch = of.format(done=count_text(self._epoch), all=count_text(self._epochs))
        step = of.format(done=count_text(self._step), all=count_text(total))
        remaining = self.remaining_s
        speed = self._samples_per_s
        self.facts.set_value("epoch", epoch if total else "–")
        self.facts.set_value("step", step if total else "–")
        self.facts.set_value("elapsed", duration_text(self._elapsed_s) if total else "–")
        self.facts.set_value("remaining", "–" if remaining is None else duration_text(remaining))
        self.facts.set_value("speed", "–" if speed is None else count_text(speed))
        self.facts.set_value("device", self._device or "–", self._device_tip)
        self.refreshed.emit()

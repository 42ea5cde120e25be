"""PoleView: the policy balances the pole, an episode after each epoch."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from engine.events.insights import EpisodePlayed, Insight
from gui.insights.insight_view import InsightView
from gui.plots.pole_plot import PolePlot
from gui.style.label import Label
from gui.style.theme import set_role, text_font


class PoleView(InsightView):
    """A small animation over what came of the episode."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: EpisodePlayed | None = None
        self.counter = Label()
        self.counter.setFont(text_font())
        set_role(self.counter, "heading")
        self.plot = PolePlot()
        self.plot.moved.connect(self._on_moved)
        self.column.addWidget(self.counter)
        self.column.addWidget(self.plot, 1)
        self.column.addWidget(self.note)

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, EpisodePlayed):
            self._newest = insight
            self.plot.show_episode(insight)
            self.throttle.follow()

    def refresh(self) -> None:
        newest = self._newest
        if newest is None:
            return
        if newest.n_steps >= newest.max_steps:
            text = self.tr("After epoch {epoch}: balanced for all {steps} steps.")
        else:
            text = self.tr("After epoch {epoch}: over after {steps} of {most} steps.")
        self.set_note(text.format(epoch=newest.epoch, steps=newest.n_steps, most=newest.max_steps))

    @Slot()
    def _on_moved(self) -> None:
        episode = self.plot.episode
        if episode is None:
            return
        text = self.tr("Epoch {epoch} · step {step} of {most} · {seconds} s")
        seconds = f"{self.plot.step * episode.step_s:.1f}"
        self.counter.setText(
            text.format(
                epoch=episode.epoch, step=self.plot.step, most=episode.max_steps, seconds=seconds
            )
        )

"""PolicyPanel: the policy balances the pole, as often as one likes."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.events.insights import EpisodePlayed
from engine.events.trying import ModelLookedAt
from gui.pages.tryit.input_panel import InputPanel
from gui.plots.pole_plot import PolePlot
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.shortcut_button import ICON_SIZE


class PolicyPanel(InputPanel):
    """A small animation with a button that begins another episode.

    Signals:
        drive_wanted(int): Let the policy drive, from a beginning told by this number.
    """

    drive_wanted = Signal(object)

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self._seed = 0
        self.button = QPushButton(icon("start"), self.tr("Let it drive"))
        self.button.setIconSize(ICON_SIZE)
        self.button.setAccessibleName(self.button.text())
        self.words = Label(self.empty_text)
        set_role(self.words, "muted")
        self.plot = PolePlot()
        self.button.clicked.connect(self._on_button)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACING)
        row.addWidget(self.button)
        row.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.plot, 1)

    @property
    def title(self) -> str:
        return self.tr("Drive")

    @property
    def empty_text(self) -> str:
        return self.tr("Let the policy balance the pole, each time from another beginning.")

    def show_episode(self, episode: EpisodePlayed) -> None:
        """Plays an episode."""
        self.plot.show_episode(episode)
        text = self.tr("Balanced for {n} of {most} steps, {seconds} s.")
        self.words.setText(
            text.format(
                n=f"{episode.n_steps:,}",
                most=f"{episode.max_steps:,}",
                seconds=f"{episode.n_steps * episode.step_s:.1f}",
            )
        )

    @Slot()
    def _on_button(self) -> None:
        self._seed += 1
        self.drive_wanted.emit(self._seed)

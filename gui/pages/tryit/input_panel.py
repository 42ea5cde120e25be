"""InputPanel: what every way to give an input has in common."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from engine.events.insights import EpisodePlayed
from engine.events.messages import DataProgress
from engine.events.trying import ChangeFound, ExampleTaken, InputTried, ModelLookedAt


class InputPanel(QWidget):
    """One way to give an input.

    Signals:
        given(Given | None): The input is this now; None: there is none.

    Args:
        look: What the model takes.
    """

    given = Signal(object)
    shows_what_is_seen = False
    """It shows what the model receives."""

    begins_with_example = False
    """It is of more use with an example in it."""

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look

    @property
    def title(self) -> str:
        """What it is called where there are several."""
        raise NotImplementedError

    @property
    def empty_text(self) -> str:
        """What to do first."""
        raise NotImplementedError

    def show_example(self, taken: ExampleTaken) -> None:
        """Shows an example that was taken from the data, and gives it."""

    def show_answer(self, answer: InputTried) -> None:
        """Shows what of the answer belongs to the input."""

    def show_change(self, found: ChangeFound) -> None:
        """Shows what would make the model say something else."""

    def show_change_progress(self, progress: DataProgress) -> None:
        """Shows how far the search for that is."""

    def show_no_change(self, text: str) -> None:
        """Says why that cannot be looked for; empty: it is not looked for any more."""

    def show_episode(self, episode: EpisodePlayed) -> None:
        """Plays an episode."""

    def clear(self) -> None:
        """Takes away what was given, as another panel gives something."""

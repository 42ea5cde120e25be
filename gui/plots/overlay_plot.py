"""RunsOverlayPlot: one metric of several runs in one plot."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from engine.events import EpochEnded


class RunsOverlayPlot(QWidget):
    """Curves of several runs, one colour each: validation as a line, training dashed.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def set_run(self, run: str, label: str, epochs: Sequence[EpochEnded]) -> None:
        """Adds a run or replaces it; its colour stays as long as it is shown.

        Args:
            run: Its id.
            label: What people read.
            epochs: Its epochs.
        """

    def remove_run(self, run: str) -> None:
        """Removes a run; nothing happens where it is not shown."""

    def runs(self) -> tuple[str, ...]:
        """Returns the ids shown, in the order they came."""
        return ()

    def color_of(self, run: str) -> str:
        """Returns the colour of a run as ``#rrggbb``, for a swatch in a list.

        Raises:
            KeyError: It is not shown.
        """
        return ""

    def metrics(self) -> tuple[str, ...]:
        """Returns the metrics that any shown run has, without those of validation."""
        return ()

    def set_metric(self, metric: str) -> None:
        """Chooses the metric by Keras's name; ``loss`` at first."""

    def set_x_axis(self, axis: str) -> None:
        """``step``, ``epoch`` or ``time``; see `CurvesPlot.set_x_axis`."""

    def set_log_y(self, on: bool) -> None:
        """Makes the vertical axis logarithmic."""

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""

    def clear(self) -> None:
        """Removes all runs."""

    def reset_view(self) -> None:
        """Shows everything again after zooming."""

"""DataScatterPlot: sample rows of a table, any column against any other."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from engine.datasets.profile import Profile


class DataScatterPlot(QWidget):
    """Points of a table, coloured and shaped by class, with a choice of both axes.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def show_profile(self, profile: Profile) -> None:
        """Shows the sample rows of a table.

        The columns to choose from are the features and, for a regression, the target.
        """

    def set_axes(self, horizontal: str, vertical: str) -> None:
        """Chooses the columns by name.

        Raises:
            ValueError: There is no such column.
        """

    def axes(self) -> tuple[str, str]:
        """Returns the names of the columns shown, horizontal first."""
        return "", ""

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""

    def clear(self) -> None:
        """Forgets the points."""

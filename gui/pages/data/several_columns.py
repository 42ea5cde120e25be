"""SeveralColumns: a list in which several columns are ticked that are predicted together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.events.profile import ColumnProfile, Profile
from engine.spec.signature import Kind, Task
from gui.style.label import Label
from gui.style.theme import SPACING, set_role

WIDTH: Final = 36 * SPACING
HEIGHT: Final = 40 * SPACING
FEWEST: Final = 2
_KINDS: Final = (Kind.TABLE, Kind.TEXT, Kind.IMAGE, Kind.AUDIO)
_TASKS: Final = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)


class SeveralColumns(QFrame):
    """Columns with a box to tick each; closes with Escape or a click beside it, and nothing is so.

    Signals:
        chosen(str): The person ticked these, joined with commas as the target is.

    Args:
        columns: Those that are offered.
        ticked: Those of them that are predicted now.
    """

    chosen = Signal(str)

    def __init__(self, columns: Sequence[str], ticked: Collection[str], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("card", True)
        title = Label(self.tr("Predict several columns together"), self)
        set_role(title, "heading")
        hint = Label(
            self.tr("Each says with 0 and 1, or yes and no, whether a row has a label."), self
        )
        set_role(hint, "muted")
        hint.setWordWrap(True)
        self.setAccessibleName(title.text())
        self.list = QListWidget(self)
        self.list.setAccessibleName(self.tr("Columns"))
        for name in columns:
            item = QListWidgetItem(name, self.list)
            item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled)
            is_ticked = name in ticked
            item.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
        self.button = QPushButton(self)
        set_role(self.button, "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(*(2 * SPACING,) * 4)
        column.setSpacing(SPACING)
        for widget in (title, hint, self.list, self.button):
            column.addWidget(widget)
        self.list.itemChanged.connect(self._describe)
        self.button.clicked.connect(self._on_taken)
        self._describe()

    @property
    def ticked(self) -> tuple[str, ...]:
        """The columns that are ticked, in their order."""
        items = (self.list.item(row) for row in range(self.list.count()))
        return tuple(it.text() for it in items if it.checkState() is Qt.CheckState.Checked)

    def open_below(self, anchor: QWidget) -> None:
        """Opens below a widget, within its screen."""
        rows = self.list.sizeHintForRow(0) * self.list.count() if self.list.count() else 0
        height = min(HEIGHT, rows + 22 * SPACING)
        self.resize(WIDTH, height)
        room = anchor.screen().availableGeometry()
        place = anchor.mapToGlobal(QPoint(0, anchor.height()))
        left = min(max(place.x(), room.left()), room.right() - WIDTH)
        top = min(place.y(), room.bottom() - height)
        self.move(left, max(top, room.top()))
        self.show()
        self.list.setFocus(Qt.FocusReason.PopupFocusReason)
        if self.list.count():
            self.list.setCurrentRow(0)

    @Slot()
    def _describe(self) -> None:
        n_ticked = len(self.ticked)
        is_enough = n_ticked >= FEWEST
        self.button.setEnabled(is_enough)
        text = self.tr("Predict these {n}").format(n=n_ticked)
        self.button.setText(text if is_enough else self.tr("Tick two or more"))

    @Slot()
    def _on_taken(self) -> None:
        names = ",".join(self.ticked)
        self.close()
        self.chosen.emit(names)


def label_candidates(profile: Profile) -> tuple[str, ...]:
    """The columns that could be labels together: those of 0 and 1, or yes and no; else all.

    A name with a comma cannot be told from two names. Empty: such data cannot have several.
    """
    signature = profile.signature
    if signature.kind not in _KINDS or signature.task not in _TASKS:
        return ()
    plain = tuple(name for name in profile.source_columns if "," not in name)
    switches = {column.name for column in profile.columns if _is_switch(column)}
    found = tuple(name for name in plain if name in switches)
    return found if profile.columns else plain


def _is_switch(column: ColumnProfile) -> bool:
    if column.type == "boolean":
        return True
    is_bit = column.minimum >= 0 and column.maximum <= 1
    return column.type == "number" and is_bit and column.n_distinct <= FEWEST + 1


def labels_of(target: str | None, columns: Collection[str]) -> tuple[str, ...]:
    """The columns that a target names together; empty: it names one, or none."""
    if target is None or target in columns:
        return ()
    parts = tuple(part.strip() for part in target.split(","))
    return parts if len(parts) >= FEWEST and set(parts) <= set(columns) else ()

"""DataMending: what people change in their data on the Data page, each said and undoable."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Slot

from engine.events.findings import Remedy
from gui.pages.data.column_table import decimal_text, gaps_text, number_or_text, type_text
from gui.state.draft_changes import Path, added, undoing
from gui.state.draft_controller import DraftController
from gui.state.messages import Messages


class DataMending(QObject):
    """Changes how the data of the draft is read.

    Args:
        drafts: The draft.
        messages: Says what was changed, and takes it back.
    """

    def __init__(
        self, drafts: DraftController, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._messages = messages

    @Slot(object)
    def apply(self, remedy: Remedy) -> None:
        """Applies a remedy at once."""
        draft = self._drafts.draft
        spec = draft.to_spec()
        changes = added(spec, remedy.changes)
        self._drafts.set_draft(draft.with_changes(changes))
        text = self.tr("Applied: {remedy}.").format(remedy=remedy.label.rstrip("."))
        self._messages.show_done(text, self._undo(spec, changes))

    @Slot()
    def make_automatic(self) -> None:
        """Takes back what was chosen for the data."""
        before = self._drafts.draft
        self._drafts.make_automatic()
        text = self.tr("Everything about this data is automatic again.")
        self._messages.show_done(text, partial(self._drafts.set_draft, before))

    @Slot(str, str, str)
    def choose_for_column(self, name: str, setting: str, value: str) -> None:
        """Reads a column in another way, as `ColumnModel.column_changed` says."""
        draft = self._drafts.draft
        settings: dict[str, Any] = {setting: value}
        if setting == "constant":
            settings = {"gaps": setting, "constant": number_or_text(value)}
        changed = draft.with_column(name, **settings)
        if changed == draft:
            return
        self._drafts.set_draft(changed)
        path: Path = ("data", "columns", name)
        text = self._told(setting, name, value)
        self._messages.show_done(text, self._undo(draft.to_spec(), {path: None}))

    def _undo(self, spec: dict[str, Any], changes: dict[Path, Any]) -> partial[None]:
        return partial(self._drafts.change, self._drafts.draft.source, undoing(spec, changes))

    def _told(self, setting: str, name: str, value: str) -> str:
        """What was chosen for a column, in words."""
        text, shown = {
            "type": (self.tr("Type of '{name}': {value}."), type_text(value)),
            "decimal": (self.tr("Decimal sign of '{name}': {value}."), decimal_text(value)),
            "gaps": (self.tr("Gaps of '{name}': {value}."), gaps_text(value)),
        }.get(setting, (self.tr("Gaps of '{name}' become {value}."), value))
        return text.format(name=name, value=shown)
